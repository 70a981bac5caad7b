"""Closed lists (T40): the newest version of a list, and whether it holds a code.

A list may be kept for one country beside that of the alliance: for ``sectors`` and a programme of CN the
list ``sectors-cn`` of CN counts if there is one, else the list ``sectors`` of CN or of the alliance.
"""

from __future__ import annotations

from bisect import bisect_left

from accord_ledger.domain.authority import ALLIANCE
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.framework import LIST_HEADS, LISTS, ListEntry, ListTerms


def newest_list(ctx: Context, list_id: str) -> ListTerms | None:
    """The newest version of a list, or None."""
    head = ctx.state.get(LIST_HEADS, list_id)
    return ctx.state.get(LISTS, list_id, head.version) if head else None


def entry_of(terms: ListTerms, code: str) -> ListEntry | None:
    """The entry with this code, or None; entries are in order of their codes."""
    place = bisect_left(terms.entries, code, key=lambda entry: entry.code)
    found = terms.entries[place] if place < len(terms.entries) else None
    return found if found is not None and found.code == code else None


def list_for(ctx: Context, name: str, country: str) -> ListTerms | None:
    """The list of this name that counts in a country, or None."""
    own = newest_list(ctx, f"{name}-{country.lower()}")
    if own is not None and own.owner == country:
        return own
    common = newest_list(ctx, name)
    return common if common is not None and common.owner in (country, ALLIANCE) else None


def listed(ctx: Context, name: str, country: str, code: str) -> bool:
    """Whether the list that counts in a country holds the code."""
    terms = list_for(ctx, name, country)
    return terms is not None and entry_of(terms, code) is not None
