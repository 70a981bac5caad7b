"""Credentials presented under an agreement: stages 1 to 8 of T27, which T29 shares (DOMAIN.md 2.5).

    1 distinct items   2 account   3 agreement and rule   4 every item, in order   5 scope
    6 border           7 withdrawn programmes             8 rule, courses, overlap, attestations

What differs between credit, admission and evidence follows from the rule's ``use``: only credit asks
whether something was spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from accord_ledger import rational
from accord_ledger.domain.attestation import (
    Attestation,
    attested,
    check_attestations,
    check_places,
)
from accord_ledger.domain.context import Context
from accord_ledger.domain.deal import Deal, deal_of, rule_named
from accord_ledger.domain.items import MAX_ITEMS, Item, Presented, check_distinct, present
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.enrolment import enrolment_of, receiver
from accord_ledger.domain.model.account import Enrolment
from accord_ledger.domain.model.credential import Credential
from accord_ledger.domain.model.party import PARTIES, Party
from accord_ledger.domain.model.programme import PROGRAMMES, Course, ProgrammeTerms
from accord_ledger.domain.overlap import check_overlap, parent_in
from accord_ledger.domain.rules.base import Replaced, Use
from accord_ledger.domain.scope import (
    check_award,
    check_border,
    check_scope,
    check_withdrawal,
    eligible_senders,
)
from accord_ledger.domain.signing import Need, Signer, all_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, Digest, ObjectId, RationalText, Slug, Version


class UseBody(Body):
    """What T27 and T29 have in common."""

    enrolment: ObjectId
    agreement: tuple[Slug, Version]
    rule: Slug
    items: Annotated[tuple[Item, ...], Meta(min_length=1, max_length=MAX_ITEMS)]
    claimed_credits: RationalText
    attestations: Annotated[tuple[Attestation, ...], Meta(max_length=3 * MAX_ITEMS)] = ()
    consent: Digest | None = None
    """Needed across a border; used once."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What passed stages 1 to 8."""

    deal: Deal
    enrolment: Enrolment
    award: ProgrammeTerms
    receiver: Party
    items: Sequence[Presented]
    courses: Sequence[Course]
    """The target courses."""
    replaced: Sequence[Replaced]
    """Under ``course_substitution``: each target course and the item that replaces it."""
    parents: Sequence[tuple[str, str] | None]
    """Of every item the parent course in this award and the overlap, if it was cut from one."""


def check_use_values(body: UseBody) -> None:
    """The claimed number, and attestations about items there are."""
    rational.parse(body.claimed_credits, "body.claimed_credits")
    check_places(body.attestations, body.items)


def use_signers(ctx: Context, body: UseBody) -> Need:
    """The receiver's registrar and the registrars of the rule's cosigners."""
    rule = rule_named(ctx, body.agreement, body.rule)
    cosigners = rule.cosigners if rule else ()
    return all_of(receiver(ctx), *(Signer(party, "registrar") for party in cosigners if party != ctx.author))


def examine(ctx: Context, body: UseBody, targets: Sequence[Code], uses: Sequence[Use]) -> Examined:
    """Stages 1 to 8, in order.

    Args:
        ctx: the record's view.
        body: the record.
        targets: courses of the award the credit is for.
        uses: what the record may use credentials for.
    """
    check_distinct(body.items)  # 1
    enrolment = enrolment_of(ctx, body.enrolment)  # 2
    award = ctx.known(PROGRAMMES, *enrolment.award, path="body.enrolment").terms
    deal = deal_of(ctx, body.agreement, body.rule, uses)  # 3
    presented = _present(ctx, body, deal)  # 4
    here = ctx.known(PARTIES, ctx.author, path="author")
    _check_coverage(ctx, body, deal, presented, award=award, here=here)  # 5, 6
    check_withdrawal(ctx, presented, deal.terms)  # 7
    deal.rule.check_items(presented)  # 8
    courses = _courses(award, targets)
    replaced = deal.rule.replaced(presented, courses, enrolment.courses)
    parents = [parent_in(award, item, targets) for item in presented]
    check_overlap(ctx, enrolment, parents, targets)
    check_attestations(body.attestations, body.items, deal.rule.facts())
    return Examined(deal, enrolment, award, here, presented, courses, replaced, parents)


def _present(ctx: Context, body: UseBody, deal: Deal) -> list[Presented]:
    """Stage 4, item by item."""

    def unspent(row: Credential, path: str) -> None:
        if deal.rule.use != "credit":
            return
        if row.stacked_into is not None:
            raise Rejection("E_LINEAGE_SPENT", "expected a credential that is no part of an award", path=path)
        if row.spends and not (deal.terms.exclusivity == "receiver" and _free_for(row, ctx.author)):
            raise Rejection("E_ALREADY_REDEEMED", "expected a credential that was not recognised", path=path)

    return [
        present(ctx, item, f"body.items[{place}]", in_time=deal.check_in_time, unspent=unspent)
        for place, item in enumerate(body.items)
    ]


def _free_for(row: Credential, receiver_id: str) -> bool:
    """Every live spend was under ``receiver`` exclusivity, and none of them here (DOMAIN.md 0.4)."""
    return all(spend.exclusivity == "receiver" and spend.receiver != receiver_id for spend in row.spends)


def _check_coverage(
    ctx: Context,
    body: UseBody,
    deal: Deal,
    presented: Sequence[Presented],
    *,
    award: ProgrammeTerms,
    here: Party,
) -> None:
    """Stages 5 and 6."""
    assessed = attested(body.attestations, "assessment")
    senders = []
    for place, item in enumerate(presented):
        path = f"body.items[{place}]"
        senders.append(eligible_senders(ctx, item, deal.terms_for(item.batch), ctx.author, path))
        check_scope(ctx, item, deal.terms, deal.rule, path, assessed=place in assessed)
    check_award(ctx, deal.rule, award)
    check_border(ctx, presented, senders, terms=deal.terms, receiver=here, consent=body.consent)


def _courses(award: ProgrammeTerms, targets: Sequence[str]) -> tuple[Course, ...]:
    """Stage 8, courses: the named courses of the award."""
    known = {course.code: course for course in award.courses}
    for place, code in enumerate(targets):
        if code not in known:
            raise Rejection(
                "E_UNKNOWN_REF", f"expected a course of the award, got {code}", path=f"body.targets[{place}]"
            )
    return tuple(known[code] for code in targets)
