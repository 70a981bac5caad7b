"""Conferred awards: what they hold, what they are worth, and what rests on what (I1, I8, I9; DOMAIN.md 2.6).

Own components and the recognitions an award rests on are gathered from the rows; whether an award still
holds its components is worked out from statuses and live spends, as DOMAIN.md 2.6 says it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from accord_client.audit.invariants.amounts import credits_of_batch
from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS
from accord_ledger.domain.model.award import AWARDS, MAX_DEPTH, Award
from accord_ledger.domain.model.credential import (
    BATCHES,
    CREDENTIALS,
    PAGE,
    STANDING_PAGES,
    Standing,
)
from accord_ledger.domain.model.programme import PROGRAMMES

Credential = tuple[bytes, int]
"""(batch id, index)."""

STANDINGS: Final = {
    "conferred": {"valid", "suspended"},  # an issuer may have suspended the credential for its own reasons
    "suspended": {"suspended"},
    "revoked": {"revoked"},
}


class Awards:
    """Keeps what awards are made of, and the recognitions they rest on."""

    tables = (AWARDS, RECOGNITIONS, CREDENTIALS, STANDING_PAGES, ENROLMENTS)

    def __init__(self) -> None:
        self._parts: dict[bytes, tuple[Credential, ...]] = {}
        self._holders: dict[bytes, dict[int, set[bytes]]] = defaultdict(dict)
        """Batch id, index, awards that name the credential, revoked ones included."""
        self._resting: dict[bytes, dict[bytes, Fraction]] = defaultdict(dict)
        """Award to the live recognitions it rests on, with their amounts."""
        self._on: dict[bytes, bytes] = {}
        """Recognition to the award that rests on it."""
        self._of_account: dict[bytes, set[bytes]] = defaultdict(set)
        """Enrolment to the awards ever conferred on it."""

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Judge every award that a block's rows bear upon, and every component of it."""
        awards = self._follow_recognitions(rows) | self._follow_awards(rows)
        credentials = {part for award in awards for part in self._parts.get(award, ())}
        for key, _ in rows.of(CREDENTIALS):
            name = (key[:16], int.from_bytes(key[16:], "big"))
            if self._naming(name):
                credentials.add(name)
        for key, _ in rows.of(STANDING_PAGES):
            awards |= self._holding_on(key[:16], int.from_bytes(key[16:], "big"))
            if key[:16] in self._parts:
                awards.add(key[:16])
        for key, _ in rows.of(ENROLMENTS):
            awards |= self._of_account.get(key, set())
        for award_id in sorted(awards):
            award = rows.get(AWARDS, award_id)
            if award is not None:
                yield from self._award(rows, award_id, award)
        for credential in sorted(credentials):
            yield from self._i1(rows, credential)

    def _follow_recognitions(self, rows: Rows) -> set[bytes]:
        touched = set()
        for name, row in rows.of(RECOGNITIONS):
            before = self._on.pop(name, None)
            if before is not None:
                self._resting[before].pop(name, None)
                touched.add(before)
            if row is not None and row.status == "live" and row.stacked_into is not None:
                self._on[name] = row.stacked_into
                self._resting[row.stacked_into][name] = Fraction(row.awarded)
                touched.add(row.stacked_into)
        return touched

    def _follow_awards(self, rows: Rows) -> set[bytes]:
        touched = set()
        for award_id, award in rows.of(AWARDS):
            for part in self._parts.pop(award_id, ()):
                self._naming(part).discard(award_id)
            if award is not None:
                self._parts[award_id] = tuple((one.batch_id, one.index) for one in award.components)
                for batch_id, index in self._parts[award_id]:
                    self._holders[batch_id].setdefault(index, set()).add(award_id)
                self._of_account[award.enrolment].add(award_id)
            touched.add(award_id)
        return touched

    def _naming(self, credential: Credential) -> set[bytes]:
        """Awards that name a credential as their component."""
        return self._holders.get(credential[0], {}).get(credential[1], set())

    def _holding_on(self, batch_id: bytes, page: int) -> set[bytes]:
        """Awards with a component on a page of statuses."""
        found = self._holders.get(batch_id, {}).items()
        return {award for index, awards in found if index // PAGE == page for award in awards}

    def _i1(self, rows: Rows, credential: Credential) -> Iterator[Finding]:
        """A component is in one award that holds it, and in no account."""
        where = f"credential {credential[0].hex()}/{credential[1]}"
        holding = sorted(one for one in self._naming(credential) if _holds(rows, one))
        row = rows.get(CREDENTIALS, *credential)
        spends = [spend.recognition.hex() for spend in row.spends] if row is not None else []
        if len(holding) + bool(spends) > 1:
            got = ", ".join([*(one.hex() for one in holding), *spends])
            yield rows.broken("I1", f"one live use of {where}, an award's component", got)
        noted = row.stacked_into if row is not None else None
        if holding and noted not in holding:
            got = noted.hex() if noted is not None else "nothing"
            yield rows.broken("I1", f"{where} noted as part of {holding[0].hex()}", got)

    def _award(self, rows: Rows, award_id: bytes, award: Award) -> Iterator[Finding]:
        where = f"of award {award_id.hex()}"
        own = sum((Fraction(one.credits) for one in award.components), Fraction(0))
        if Fraction(award.redeemable) != own:
            yield rows.broken("I9", f"{own} redeemable credits {where}", award.redeemable)
        if award.status == "revoked":
            yield from self._standing(rows, award_id, award)
            return
        for one in award.components:
            each = credits_of_batch(rows, one.batch_id)
            if each != Fraction(one.credits):
                yield rows.broken(
                    "I9", f"{each} credits of component {one.batch_id.hex()} {where}", one.credits
                )
            below = rows.get(AWARDS, one.batch_id)
            if below is not None and not below.depth < award.depth <= MAX_DEPTH:
                yield rows.broken("awards", f"a depth above {below.depth} {where}", str(award.depth))
            standing = _standing(rows, one.batch_id, one.index)
            reverse = standing.status == "revoked" and standing.effect == "reverse"
            if award.status == "conferred" and reverse:
                part = f"{one.batch_id.hex()}/{one.index}"
                yield rows.broken("I8", f"no component revoked with reverse {where}", part)
        yield from self._standing(rows, award_id, award)
        yield from self._account(rows, award_id, award)

    def _standing(self, rows: Rows, award_id: bytes, award: Award) -> Iterator[Finding]:
        """The batch is of one, and its credential has the standing of the award."""
        batch = rows.get(BATCHES, award_id)
        if batch is None or batch.count != 1:
            got = "none" if batch is None else str(batch.count)
            yield rows.broken("awards", f"a batch of one credential of award {award_id.hex()}", got)
        standing = _standing(rows, award_id, 0).status
        if standing not in STANDINGS[award.status]:
            yield rows.broken("awards", f"a {award.status} credential of award {award_id.hex()}", standing)

    def _account(self, rows: Rows, award_id: bytes, award: Award) -> Iterator[Finding]:
        """An award that stands: its enrolment names it, and while it is conferred what it rests on is enough."""
        where = f"of award {award_id.hex()}"
        enrolment = rows.get(ENROLMENTS, award.enrolment)
        programme = rows.get(PROGRAMMES, *enrolment.award) if enrolment is not None else None
        if enrolment is None or programme is None or enrolment.conferred != award_id:
            yield rows.broken("awards", f"the enrolment {where} to name it", award.enrolment.hex())
            return
        if award.status == "suspended":
            return
        if enrolment.status != "closed":
            yield rows.broken("awards", f"a closed enrolment {where}", enrolment.status)
        rests = sum(self._resting.get(award_id, {}).values(), Fraction(0))
        if Fraction(award.recognised) != rests:
            yield rows.broken("awards", f"{rests} recognised credits {where}", award.recognised)
        terms, own = programme.terms, Fraction(award.redeemable)
        if own + rests < Fraction(terms.credits):
            yield rows.broken("awards", f"at least {terms.credits} credits {where}", str(own + rests))
        if own < Fraction(terms.credits) * Fraction(terms.residency or "0/1"):
            yield rows.broken("awards", f"a share of {terms.residency} own credits {where}", str(own))


def _standing(rows: Rows, batch_id: bytes, index: int) -> Standing:
    page = rows.get(STANDING_PAGES, batch_id, index // PAGE)
    for span in page.spans if page is not None else ():
        if span.start <= index < span.end:
            return span.standing
    return Standing()


def _holds(rows: Rows, award_id: bytes) -> bool:
    """Whether an award holds its components: it stands, or was spent before it was revoked and still is."""
    award = rows.get(AWARDS, award_id)
    if award is None or award.status != "revoked":
        return True
    row = rows.get(CREDENTIALS, award_id, 0)
    if row is None:
        return False
    return bool(row.spends) or (row.stacked_into is not None and _holds(rows, row.stacked_into))
