"""Stage 10 of T27: courses, classes and the award hold no more than they may (DOMAIN.md 2.3, I4).

A recognition over a cap is refused whole, never trimmed. Every cap in force for the account is looked at,
those that only this recognition's agreement brings included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from accord_ledger import rational
from accord_ledger.conversion.caps import award_cap, check_cap
from accord_ledger.domain.accounts import amount
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.account import Enrolment
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS, AgreementTerms
from accord_ledger.domain.model.framework import BANK_PROFILES, FRAMEWORKS, PROFILES
from accord_ledger.domain.model.party import Party
from accord_ledger.domain.model.programme import Course, ProgrammeTerms
from accord_ledger.errors import Rejection


def spread(
    awarded: Fraction, targets: Sequence[Course], enrolment: Enrolment
) -> tuple[tuple[str, Fraction], ...]:
    """How much of the amount goes to each target course: each is filled up in listed order.

    Raises:
        Rejection: ``E_CAP_COURSE``: the courses have less room than was awarded.
    """
    rest, parts = awarded, []
    for course in targets:
        room = rational.parse(course.credits) - amount(enrolment.courses, course.code)
        part = min(room, rest)
        rest -= part
        if part > 0:
            parts.append((course.code, part))
    if targets and rest > 0:
        detail = f"expected at most {rational.shown(awarded - rest)} credits, got {rational.shown(awarded)}"
        raise Rejection("E_CAP_COURSE", detail, path="body.targets")
    return tuple(parts)


def _bank_shares(ctx: Context, receiver: Party) -> Iterator[Fraction]:
    """Award caps of the receiver, if a credit bank, or of the banks it is a member of."""
    banks = (receiver.party_id,) if "credit_bank" in receiver.roles else receiver.member_of
    for bank in banks:
        named = ctx.state.get(BANK_PROFILES, bank)
        profile = ctx.state.get(PROFILES, *named.profile) if named else None
        if profile is not None and profile.award_cap is not None:
            yield rational.parse(profile.award_cap)


def check_caps(
    ctx: Context,
    enrolment: Enrolment,
    award: ProgrammeTerms,
    receiver: Party,
    *,
    terms: AgreementTerms,
    cap_class: str | None,
    awarded: Fraction,
) -> None:
    """``E_CAP_CLASS``, then ``E_CAP_AWARD``."""
    total = rational.parse(award.credits)
    quantum = rational.parse(ctx.known(FRAMEWORKS, *award.framework, path="body.enrolment").terms.quantum)
    binding = [terms, *_binding(ctx, enrolment)]
    class_shares: dict[str, list[Fraction]] = {}
    for one in binding:
        for name, share in one.caps.per_class.items():
            class_shares.setdefault(name, []).append(rational.parse(share))
    for name in sorted(class_shares):
        added = awarded if name == cap_class else Fraction(0)
        cap = award_cap(total, class_shares[name], quantum)
        check_cap("E_CAP_CLASS", amount(enrolment.by_class, name), added, cap, f"caps.per_class.{name}")
    held = rational.parse_state(enrolment.recognised)
    check_cap("E_CAP_AWARD", held, awarded, _cap(ctx, award, receiver, binding, quantum), "caps.award")


def account_cap(
    ctx: Context,
    enrolment: Enrolment | None,
    award: ProgrammeTerms,
    receiver: Party,
    terms: AgreementTerms | None = None,
) -> Fraction:
    """Most credits an account may hold by recognition, with one more agreement if one is given.

    Args:
        ctx: a view of the ledger.
        enrolment: the account; None: an empty one.
        award: the account's award.
        receiver: who runs the account.
        terms: of an agreement that a recognition would bring.
    """
    quantum = rational.parse(ctx.known(FRAMEWORKS, *award.framework, path="body.enrolment").terms.quantum)
    binding = [*([terms] if terms is not None else []), *(_binding(ctx, enrolment) if enrolment else [])]
    return _cap(ctx, award, receiver, binding, quantum)


def _binding(ctx: Context, enrolment: Enrolment) -> list[AgreementTerms]:
    """Terms of the agreements with a live recognition in the account."""
    return [ctx.known(AGREEMENT_TERMS, *live.agreement, path="agreement") for live in enrolment.agreements]


def _cap(
    ctx: Context, award: ProgrammeTerms, receiver: Party, binding: Sequence[AgreementTerms], quantum: Fraction
) -> Fraction:
    shares = [rational.parse(ctx.parameters.award_cap), *_bank_shares(ctx, receiver)]
    shares += [rational.parse(one.caps.per_award) for one in binding if one.caps.per_award is not None]
    return award_cap(rational.parse(award.credits), shares, quantum)
