"""Titles of programmes: those a version was registered with, and what T15 added."""

from __future__ import annotations

from accord_ledger.domain.model.programme import TRANSLATIONS, ProgrammeTerms
from accord_ledger.state import View


def title_in(state: View, terms: ProgrammeTerms, language: str) -> str | None:
    """The title of a programme version in a language, or None."""
    own = terms.title.get(language)
    if own is not None:
        return own
    known = state.get(TRANSLATIONS, terms.programme_id, terms.version, language)
    return known.text if known is not None else None
