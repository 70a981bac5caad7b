"""Reviews of recognitions and awards against what they are about (DOMAIN.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterator

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.account import RECOGNITIONS, REVIEWS
from accord_ledger.domain.model.award import AWARD_REVIEWS, AWARDS


class Reviews:
    """Looks at the reviews a block wrote, and at those of what it wrote."""

    tables = (REVIEWS, AWARD_REVIEWS, RECOGNITIONS, AWARDS)

    def check(self, rows: Rows) -> Iterator[Finding]:
        """An open review is of something live; a closed one says what became of it."""
        names = {key for key, _ in rows.of(REVIEWS)} | {key for key, _ in rows.of(RECOGNITIONS)}
        for name in sorted(names):
            yield from _recognition(rows, name)
        awards = {key for key, _ in rows.of(AWARD_REVIEWS)} | {key for key, _ in rows.of(AWARDS)}
        for name in sorted(awards):
            yield from _award(rows, name)


def _recognition(rows: Rows, name: bytes) -> Iterator[Finding]:
    review, row = rows.get(REVIEWS, name), rows.get(RECOGNITIONS, name)
    if review is None:
        return
    where = f"recognition {name.hex()} under a review {review.status}"
    status = row.status if row is not None else "unknown"
    allowed = {"open": {"live"}, "reversed": {"reversed"}, "upheld": {"live", "reversed"}}[review.status]
    if status not in allowed:
        yield rows.broken("reviews", f"{where} to be {' or '.join(sorted(allowed))}", status)
    yield from _dates(rows, where, review.opened_at, review.closed_at, open_=review.status == "open")


def _award(rows: Rows, name: bytes) -> Iterator[Finding]:
    review, row = rows.get(AWARD_REVIEWS, name), rows.get(AWARDS, name)
    status = row.status if row is not None else "unknown"
    if review is None:
        if status == "suspended":
            yield rows.broken("reviews", f"a review of the suspended award {name.hex()}", "none")
        return
    where = f"award {name.hex()} under a review {review.status}"
    if review.status == "open":
        expected = "suspended" if review.effect == "reverse" else "conferred"
        if status != expected:
            yield rows.broken("reviews", f"{where} ({review.effect}) to be {expected}", status)
    elif status == "suspended" or (review.status == "revoked" and status != "revoked"):
        yield rows.broken("reviews", f"{where} to be as was decided", status)
    yield from _dates(rows, where, review.opened_at, review.closed_at, open_=review.status == "open")


def _dates(rows: Rows, where: str, opened: int, closed: int | None, *, open_: bool) -> Iterator[Finding]:
    if open_ != (closed is None) or (closed is not None and closed < opened):
        yield rows.broken("reviews", f"{where} to close once, after it opened", f"{opened}, {closed}")
