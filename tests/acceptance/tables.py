"""All tables, in the order of DOMAIN.md."""

from __future__ import annotations

from acceptance import (
    abuse_afterwards,
    abuse_of_authority,
    abuse_of_credit,
    australia,
    china,
    concept,
    europe,
    malaysia,
    scheme,
    united_states,
)
from acceptance.rows import ROW_IDS, by_id

TABLES = (
    concept,
    united_states,
    europe,
    australia,
    malaysia,
    china,
    scheme,
    abuse_of_credit,
    abuse_of_authority,
    abuse_afterwards,
)

_FOUND = by_id(one for table in TABLES for one in table.ROWS)

ROWS = {name: _FOUND[name] for name in ROW_IDS if name in _FOUND}
"""Row id to row."""
