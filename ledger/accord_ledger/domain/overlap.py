"""Overlap: no credit for a course and for an item cut from it in one account (row M4).

An item recognised towards its own parent course is part of that course and not beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from accord_ledger import rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.items import Presented
from accord_ledger.domain.model.account import Enrolment
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.errors import Rejection


def parent_in(award: ProgrammeTerms, presented: Presented, targets: Sequence[str]) -> tuple[str, str] | None:
    """Course of this award the item was cut from, and its overlap; None if it goes to that course itself.

    Only what is decoupled has a parent course (T07, rows M2 and M3).
    """
    programme = presented.programme.terms
    parent = programme.parent_course
    if parent is None or parent[0] != award.programme_id or parent[1] in targets:
        return None
    return parent[1], programme.overlap or "0/1"


def check_overlap(
    ctx: Context,
    enrolment: Enrolment,
    parents: Sequence[tuple[str, str] | None],
    targets: Sequence[str],
) -> None:
    """``E_OVERLAP`` from ``overlap_block`` on, ``W_OVERLAP`` for less.

    Args:
        ctx: the record's view.
        enrolment: the account.
        parents: :func:`parent_in` of every item.
        targets: courses this recognition counts.
    """
    block = rational.parse(ctx.parameters.overlap_block)
    met = [
        (f"body.items[{place}]", parent[1])
        for place, parent in enumerate(parents)
        if parent is not None and parent[0] in enrolment.courses
    ]
    for place, course in enumerate(targets):
        met += [(f"body.targets[{place}]", overlap) for overlap in enrolment.parents.get(course, ())]
    for path, overlap in met:
        share = rational.parse(overlap)
        if share >= block:
            raise Rejection("E_OVERLAP", f"expected an overlap below {block}, got {share}", path=path)
        if share > 0 and "W_OVERLAP" not in ctx.warnings:
            ctx.warnings.append("W_OVERLAP")
