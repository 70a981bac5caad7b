"""I4: an account after a recognition, against every cap in force at that height (DOMAIN.md 2.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.account import Enrolment
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS, AgreementTerms
from accord_ledger.domain.model.framework import BANK_PROFILES, FRAMEWORKS, PROFILES
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMMES


def over_cap(rows: Rows, name: bytes, enrolment: Enrolment) -> Iterator[Finding]:
    """Every cap that an account exceeds after the block."""
    award = rows.get(PROGRAMMES, *enrolment.award)
    framework = rows.get(FRAMEWORKS, *award.terms.framework) if award is not None else None
    if award is None or framework is None:
        yield rows.broken("I4", f"the award of account {name.hex()}", "none")
        return
    total, quantum = Fraction(award.terms.credits), Fraction(framework.terms.quantum)
    agreements = [rows.get(AGREEMENT_TERMS, *entry.agreement) for entry in enrolment.agreements]
    binding = [terms for terms in agreements if terms is not None]

    def cap(share: Fraction) -> Fraction:
        return total * share // quantum * quantum

    where = f"in account {name.hex()}"
    for share in _award_shares(rows, enrolment, binding):
        if Fraction(enrolment.recognised) > cap(share):
            yield rows.broken("I4", f"at most {cap(share)} {where}", enrolment.recognised)
    for one, least in _class_shares(binding).items():
        held = Fraction(enrolment.by_class.get(one, "0/1"))
        if held > cap(least):
            yield rows.broken("I4", f"at most {cap(least)} of class {one} {where}", str(held))
    credits_of = {course.code: Fraction(course.credits) for course in award.terms.courses}
    for code, text in sorted(enrolment.courses.items()):
        if Fraction(text) > credits_of.get(code, Fraction(0)):
            yield rows.broken("I4", f"at most {credits_of.get(code, 0)} of course {code} {where}", text)


def _award_shares(rows: Rows, enrolment: Enrolment, binding: list[AgreementTerms]) -> Iterator[Fraction]:
    yield Fraction(rows.parameters().award_cap)
    receiver = rows.get(PARTIES, enrolment.owner)
    banks: tuple[str, ...] = ()
    if receiver is not None:
        banks = (enrolment.owner,) if "credit_bank" in receiver.roles else receiver.member_of
    changed = {key[:-1].decode() for key, _ in rows.of(BANK_PROFILES)}
    for bank in banks:
        if bank in changed:
            continue  # nobody can tell from the rows whether the cap was there before the recognition
        newest = rows.get(BANK_PROFILES, bank)
        profile = rows.get(PROFILES, *newest.profile) if newest is not None else None
        if profile is not None and profile.award_cap is not None:
            yield Fraction(profile.award_cap)
    for terms in binding:
        if terms.caps.per_award is not None:
            yield Fraction(terms.caps.per_award)


def _class_shares(binding: list[AgreementTerms]) -> dict[str, Fraction]:
    """The least share of each class."""
    shares: dict[str, list[Fraction]] = defaultdict(list)
    for terms in binding:
        for name, share in terms.caps.per_class.items():
            shares[name].append(Fraction(share))
    return {name: min(found) for name, found in sorted(shares.items())}
