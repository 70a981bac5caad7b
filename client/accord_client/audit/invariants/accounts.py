"""I1 to I4, I8 and I9: credentials spent, accounts summed, amounts rounded, caps kept.

Live recognitions are gathered here from their rows alone; what credentials and accounts say about themselves
is compared with that. What awards do to the same credentials stands in ``awards``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from accord_client.audit.invariants.amounts import check_rounding, credits_of_batch
from accord_client.audit.invariants.caps import over_cap
from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.account import (
    ACCOUNT_PAGE,
    ACCOUNT_PAGES,
    ENROLMENTS,
    RECOGNITIONS,
    Enrolment,
    Recognition,
)
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS
from accord_ledger.domain.model.credential import BATCHES, CREDENTIALS, PAGE, STANDING_PAGES
from accord_ledger.domain.model.framework import BANK_PROFILES

Credential = tuple[bytes, int]
"""(batch id, index)."""


class Accounts:
    """Keeps every live recognition, by account and by credential."""

    tables = (RECOGNITIONS, ENROLMENTS, ACCOUNT_PAGES, CREDENTIALS, STANDING_PAGES, BANK_PROFILES)

    def __init__(self) -> None:
        self._live: dict[bytes, Recognition] = {}
        self._in_account: dict[bytes, set[bytes]] = defaultdict(set)
        self._uses: dict[bytes, dict[int, set[bytes]]] = defaultdict(dict)
        """Batch id, index, live recognitions."""

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Judge everything that a block's rows bear upon."""
        entered, batches, accounts, credentials = self._take(rows)
        for name in entered:
            yield from check_rounding(rows, name, self._live[name])
        for name in accounts:
            enrolment = rows.get(ENROLMENTS, name)
            if enrolment is not None:
                live = {one: self._live[one] for one in sorted(self._in_account.get(name, ()))}
                yield from _i2(rows, name, enrolment, live)
        made = [self._live[one] for one in entered]
        for name in sorted({one.enrolment for one in made if one.height == rows.height}):
            enrolment = rows.get(ENROLMENTS, name)
            if enrolment is not None:
                yield from over_cap(rows, name, enrolment)
        for credential in sorted(credentials):
            yield from self._i1(rows, credential)
        for credential in sorted(credentials | self._on_pages(rows)):
            yield from self._i8(rows, credential)
        for batch_id in sorted(batches):
            yield from self._i9(rows, batch_id)

    def _take(self, rows: Rows) -> tuple[list[bytes], set[bytes], list[bytes], set[Credential]]:
        """Follow the recognitions; what was entered, and what has to be looked at again."""
        entered: list[bytes] = []
        batches: set[bytes] = set()
        accounts = {key for key, _ in rows.of(ENROLMENTS)} | {key[:16] for key, _ in rows.of(ACCOUNT_PAGES)}
        credentials = {(key[:16], int.from_bytes(key[16:], "big")) for key, _ in rows.of(CREDENTIALS)}
        for name, row in rows.of(RECOGNITIONS):
            before = self._live.pop(name, None)
            for known in (before, row):
                if known is not None:
                    accounts.add(known.enrolment)
                    batches.update(item.batch_id for item in known.items)
                    credentials.update((item.batch_id, item.index) for item in known.items)
            if before is not None:
                self._leave(name, before)
            if row is not None and row.status == "live":
                self._enter(name, row)
                entered.append(name)
        return entered, batches, sorted(accounts), credentials

    def _enter(self, name: bytes, row: Recognition) -> None:
        self._live[name] = row
        self._in_account[row.enrolment].add(name)
        for item in row.items:
            self._uses[item.batch_id].setdefault(item.index, set()).add(name)

    def _leave(self, name: bytes, row: Recognition) -> None:
        self._in_account[row.enrolment].discard(name)
        for item in row.items:
            self._uses[item.batch_id].get(item.index, set()).discard(name)

    def _on_pages(self, rows: Rows) -> set[Credential]:
        """Used credentials on the pages of statuses that a block wrote."""
        found = set()
        for key, _ in rows.of(STANDING_PAGES):
            batch_id, page = key[:16], int.from_bytes(key[16:], "big")
            found |= {(batch_id, index) for index in self._uses.get(batch_id, ()) if index // PAGE == page}
        return found

    def _i1(self, rows: Rows, credential: Credential) -> Iterator[Finding]:
        names = self._uses.get(credential[0], {}).get(credential[1], set())
        row = rows.get(CREDENTIALS, *credential)
        noted = {spend.recognition for spend in row.spends} if row is not None else set()
        where = f"credential {credential[0].hex()}/{credential[1]}"
        if noted != names:
            yield rows.broken("I1", f"{where} spent by {_ids(names)}", _ids(noted))
        if len(names) <= 1:
            return
        live = [self._live[name] for name in names]
        terms = [rows.get(AGREEMENT_TERMS, *one.agreement) for one in live]
        shared = all(term is not None and term.exclusivity == "receiver" for term in terms)
        if not shared or len({one.receiver for one in live}) != len(live):
            yield rows.broken("I1", f"one live spend of {where}", _ids(names))

    def _i8(self, rows: Rows, credential: Credential) -> Iterator[Finding]:
        names = self._uses.get(credential[0], {}).get(credential[1])
        if not names:
            return
        page = rows.get(STANDING_PAGES, credential[0], credential[1] // PAGE)
        for span in page.spans if page is not None else ():
            inside = span.start <= credential[1] < span.end
            if inside and span.standing.status == "revoked" and span.standing.effect == "reverse":
                where = f"credential {credential[0].hex()}/{credential[1]}"
                yield rows.broken("I8", f"no live use of {where}, revoked with reverse", _ids(names))

    def _i9(self, rows: Rows, batch_id: bytes) -> Iterator[Finding]:
        batch, each = rows.get(BATCHES, batch_id), credits_of_batch(rows, batch_id)
        if batch is None or each is None:
            yield rows.broken("I9", f"a known batch {batch_id.hex()}", "none")
            return
        consumed: dict[str, Fraction] = defaultdict(Fraction)
        for index, names in self._uses.get(batch_id, {}).items():
            for name in names:
                one = self._live[name]
                consumed[one.receiver] += sum(
                    (
                        Fraction(item.credits)
                        for item in one.items
                        if (item.batch_id, item.index) == (batch_id, index)
                    ),
                    Fraction(0),
                )
        most = batch.count * each
        for receiver, total in sorted(consumed.items()):
            if total > most:
                yield rows.broken(
                    "I9", f"at most {most} credits of batch {batch_id.hex()} at {receiver}", str(total)
                )


def _i2(rows: Rows, name: bytes, enrolment: Enrolment, live: dict[bytes, Recognition]) -> Iterator[Finding]:
    """An account is the sum of its live recognitions, and lists exactly them."""
    total = sum((Fraction(one.awarded) for one in live.values()), Fraction(0))
    classes: dict[str, Fraction] = defaultdict(Fraction)
    courses: dict[str, Fraction] = defaultdict(Fraction)
    agreements: dict[tuple[str, int], int] = defaultdict(int)
    for one in live.values():
        agreements[one.agreement] += 1
        if one.cap_class is not None:
            classes[one.cap_class] += Fraction(one.awarded)
        for code, part in one.targets:
            courses[code] += Fraction(part)
    where = f"in account {name.hex()}"
    if Fraction(enrolment.recognised) != total:
        yield rows.broken("I2", f"{total} {where}", enrolment.recognised)
    for what, kept, summed in (
        ("class", enrolment.by_class, classes),
        ("course", enrolment.courses, courses),
    ):
        for key in sorted(kept.keys() | summed.keys()):
            if Fraction(kept.get(key, "0/1")) != summed[key]:
                yield rows.broken("I2", f"{summed[key]} of {what} {key} {where}", kept.get(key, "0/1"))
    if (counted := {one.agreement: one.live for one in enrolment.agreements}) != agreements:
        yield rows.broken("I2", f"live recognitions by {_refs(agreements)} {where}", _refs(counted))
    pages = [rows.get(ACCOUNT_PAGES, name, page) for page in range(-(-len(live) // ACCOUNT_PAGE))]
    listed = [one for page in pages if page is not None for one in page.recognitions]
    if sorted(listed) != list(live):
        yield rows.broken("I2", f"{_ids(live)} listed {where}", _ids(listed))


def _refs(agreements: dict[tuple[str, int], int]) -> str:
    return (
        ", ".join(f"{name}@{number}: {live}" for (name, number), live in sorted(agreements.items())) or "none"
    )


def _ids(names: Iterable[bytes]) -> str:
    return ", ".join(sorted(name.hex() for name in names)) or "nothing"
