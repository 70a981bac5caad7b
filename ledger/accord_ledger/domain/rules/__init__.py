"""Conversion rules an agreement may hold: a closed union of rule structs, one file per kind."""

from __future__ import annotations

from accord_ledger.domain.rules.bundle import Bundle
from accord_ledger.domain.rules.fixed_ratio import FixedRatio
from accord_ledger.domain.rules.hours_ratio import HoursRatio

Rule = Bundle | FixedRatio | HoursRatio
"""Every rule kind; the field ``kind`` tells which."""

__all__ = ["Bundle", "FixedRatio", "HoursRatio", "Rule"]
