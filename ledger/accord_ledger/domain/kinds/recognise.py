"""T27 recognise: credentials become credit in an enrolment account (DOMAIN.md 2.5, stages 1 to 11).

The receiver is the author. Its registrar, the rule's cosigners and the holder of every item sign; the
amount is computed here and must be the one claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from msgspec import Meta

from accord_ledger import rational
from accord_ledger.conversion.grant import Grant, check_claimed, check_whole_courses, grant
from accord_ledger.domain.accounts import enter
from accord_ledger.domain.agreement_life import Span, span_of
from accord_ledger.domain.attestation import Attestation, check_attestations, check_places
from accord_ledger.domain.caps import check_caps, spread
from accord_ledger.domain.context import Context
from accord_ledger.domain.items import MAX_ITEMS, Item, Presented, check_distinct, present
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.enrolment import enrolment_of, receiver
from accord_ledger.domain.model.account import CONSENTS, RECOGNITIONS, ConsentUse, RecognisedItem, Recognition
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    AgreementTerms,
)
from accord_ledger.domain.model.credential import Batch, Credential
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMMES, Course, ProgrammeTerms
from accord_ledger.domain.overlap import check_overlap, parent_in
from accord_ledger.domain.rules import Rule
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


class RecogniseBody(Body):
    """T27."""

    recognition: ObjectId
    enrolment: ObjectId
    agreement: tuple[Slug, Version]
    rule: Slug
    items: Annotated[tuple[Item, ...], Meta(min_length=1, max_length=MAX_ITEMS)]
    targets: Annotated[tuple[Code, ...], Meta(max_length=60)] = ()
    """Courses of the award the credit is for; none: for the award as a whole."""
    claimed_credits: RationalText
    attestations: Annotated[tuple[Attestation, ...], Meta(max_length=2 * MAX_ITEMS)] = ()
    consent: Digest | None = None
    """Needed across a border; used once."""


@dataclass(frozen=True, slots=True)
class Deal:
    """The agreement as far as this recognition is concerned."""

    terms: AgreementTerms
    rule: Rule
    span: Span


@dataclass(frozen=True, slots=True)
class RecognisePlan:
    """What the checks computed."""

    recognition: Recognition
    terms: AgreementTerms


def _rule(terms: AgreementTerms | None, rule_id: str) -> Rule | None:
    return next((rule for rule in terms.rules if rule.rule_id == rule_id), None) if terms else None


@transaction_kind
class Recognise(TransactionKind[RecogniseBody, RecognisePlan]):
    """T27."""

    name = "recognise"
    row = "T27"
    body = RecogniseBody
    errors = (
        "E_BUNDLE_DUPLICATE",
        "E_BUNDLE_INCOMPLETE",
        "E_BUNDLE_MISMATCH",
        "E_BUNDLE_KIND", "E_UNKNOWN_REF", "E_STATE", "E_NO_AGREEMENT", "E_AGREEMENT_NOT_ACTIVE",
        "E_AGREEMENT_ENDED", "E_PROOF", "E_HOLDER_SIG", "E_ERASED", "E_REVOKED", "E_SUSPENDED",
        "E_CREDENTIAL_EXPIRED", "E_UNCONFIRMED", "E_LINEAGE_SPENT", "E_ALREADY_REDEEMED", "E_SCOPE",
        "E_CATEGORY_SCOPE", "E_LEVEL_SCOPE", "E_NONCREDIT", "E_NOT_ENDORSED", "E_NOT_TRUSTED_CROSS_BORDER",
        "E_LANG_MISSING", "E_CONSENT_MISSING", "E_DUPLICATE", "E_PROGRAMME_WITHDRAWN", "E_OVERLAP",
        "E_ATTESTATION_MISSING", "E_ZERO_CREDIT", "E_PARTIAL_COURSE", "E_AMOUNT", "E_CAP_COURSE",
        "E_CAP_CLASS", "E_CAP_AWARD",
    )  # fmt: skip

    def values(self, body: RecogniseBody) -> None:
        """The claimed number, targets each once, attestations about items there are."""
        rational.parse(body.claimed_credits, "body.claimed_credits")
        if len(set(body.targets)) != len(body.targets):
            raise Rejection("E_VALUE", "expected every course once", path="body.targets")
        check_places(body.attestations, body.items)

    def holders(self, body: RecogniseBody) -> tuple[bytes, ...]:
        """The holder of every item."""
        return tuple(item.holder_key for item in body.items)

    def weight(self, ctx: Context, body: RecogniseBody) -> int:
        """DOMAIN.md 2.12."""
        return 16 + 12 * len(body.items) + 2 * len(body.targets)

    def signers(self, ctx: Context, body: RecogniseBody) -> Need:
        """The receiver's registrar and the registrars of the rule's cosigners."""
        rule = _rule(ctx.state.get(AGREEMENT_TERMS, *body.agreement), body.rule)
        cosigners = rule.cosigners if rule else ()
        return all_of(
            receiver(ctx), *(Signer(party, "registrar") for party in cosigners if party != ctx.author)
        )

    def unused(self, ctx: Context, body: RecogniseBody) -> None:
        """Recognition ids are used once."""
        ctx.unused(RECOGNITIONS, body.recognition, path="body.recognition")

    def check(self, ctx: Context, body: RecogniseBody) -> RecognisePlan:
        """Stages 1 to 10 of DOMAIN.md 2.5, Recognise (T27)."""
        check_distinct(body.items)  # 1
        enrolment = enrolment_of(ctx, body.enrolment)  # 2
        award = ctx.known(PROGRAMMES, *enrolment.award, path="body.enrolment").terms
        deal = _deal(ctx, body)  # 3
        terms, rule = deal.terms, deal.rule
        presented = _present(ctx, body, deal)  # 4
        here = ctx.known(PARTIES, ctx.author, path="author")
        senders = []
        for place, item in enumerate(presented):  # 5
            path = f"body.items[{place}]"
            senders.append(eligible_senders(ctx, item, terms, ctx.author, path))
            check_scope(ctx, item, terms, rule, path)
        check_award(ctx, rule, award)
        check_border(ctx, presented, senders, terms=terms, receiver=here, consent=body.consent)  # 6
        check_withdrawal(ctx, presented, terms)  # 7
        rule.check_items(presented)  # 8
        courses = _courses(award, body.targets)
        parents = [parent_in(award, item, body.targets) for item in presented]
        check_overlap(ctx, enrolment, parents, body.targets)
        check_attestations(body.attestations, body.items, "grade" if rule.requires_grade else None)
        result = _grant(ctx, body, rule, presented, courses)  # 9
        parts = spread(result.awarded, courses, enrolment)  # 10
        kept = rule.cap_class
        check_caps(ctx, enrolment, award, here, terms=terms, cap_class=kept, awarded=result.awarded)
        recognition = _recognition(ctx, body, kept, presented, parents=parents, result=result, parts=parts)
        return RecognisePlan(recognition, terms)

    def apply(self, ctx: Context, body: RecogniseBody, plan: RecognisePlan) -> None:
        """Stage 11: items spent, account credited, consent used."""
        recognition = plan.recognition
        enter(ctx, body.recognition, recognition, plan.terms.exclusivity)
        if body.consent is not None:
            ctx.state.put(CONSENTS, ConsentUse(by=body.recognition), body.consent)
        ctx.result.update(exact=recognition.exact, awarded=recognition.awarded, dropped=recognition.dropped)


def _deal(ctx: Context, body: RecogniseBody) -> Deal:
    """Stage 3: an agreement with this receiver and rule, in force or in run-off."""
    agreement = ctx.state.get(AGREEMENTS, body.agreement[0])
    version = ctx.state.get(AGREEMENT_VERSIONS, *body.agreement)
    if agreement is None or version is None:
        raise Rejection(
            "E_NO_AGREEMENT", f"expected a known agreement, got {body.agreement[0]}", path="body.agreement"
        )
    terms = ctx.state.get(AGREEMENT_TERMS, *body.agreement)
    rule = _rule(terms, body.rule)
    if terms is not None and (ctx.author not in terms.receivers or rule is None):
        detail = f"expected {ctx.author} to receive by rule {body.rule}"
        raise Rejection("E_NO_AGREEMENT", detail, path="body.rule")
    if terms is None or rule is None or version.stage != "active":
        raise Rejection(
            "E_AGREEMENT_NOT_ACTIVE", f"expected it active, got {version.stage}", path="body.agreement"
        )
    span = span_of(agreement, version, terms)
    if ctx.time < span.begin:
        raise Rejection(
            "E_AGREEMENT_NOT_ACTIVE", f"expected use from {terms.valid_from} on", path="body.agreement"
        )
    if ctx.time >= span.run_off_end:
        raise Rejection(
            "E_AGREEMENT_ENDED", "expected an agreement whose run-off is not over", path="body.agreement"
        )
    return Deal(terms, rule, span)


def _present(ctx: Context, body: RecogniseBody, deal: Deal) -> list[Presented]:
    """Stage 4, item by item."""
    run_off = ctx.time >= deal.span.end

    def in_time(batch: Batch, path: str) -> None:
        if run_off and not deal.span.before_cut_off(batch):
            raise Rejection("E_AGREEMENT_ENDED", "expected a credential issued before the cut-off", path=path)

    def unspent(row: Credential, path: str) -> None:
        if not deal.rule.consumes:
            return
        if row.stacked_into is not None:
            raise Rejection("E_LINEAGE_SPENT", "expected a credential that is no part of an award", path=path)
        if row.spends and not (deal.terms.exclusivity == "receiver" and _free_for(row, ctx.author)):
            raise Rejection("E_ALREADY_REDEEMED", "expected a credential that was not recognised", path=path)

    return [
        present(ctx, item, f"body.items[{place}]", in_time=in_time, unspent=unspent)
        for place, item in enumerate(body.items)
    ]


def _free_for(row: Credential, receiver_id: str) -> bool:
    """Every live spend was under ``receiver`` exclusivity, and none of them here (DOMAIN.md 0.4)."""
    return all(spend.exclusivity == "receiver" and spend.receiver != receiver_id for spend in row.spends)


def _courses(award: ProgrammeTerms, targets: Sequence[str]) -> tuple[Course, ...]:
    """Stage 8, courses: the named courses of the award."""
    known = {course.code: course for course in award.courses}
    for place, code in enumerate(targets):
        if code not in known:
            raise Rejection(
                "E_UNKNOWN_REF", f"expected a course of the award, got {code}", path=f"body.targets[{place}]"
            )
    return tuple(known[code] for code in targets)


def _grant(
    ctx: Context, body: RecogniseBody, rule: Rule, presented: Sequence[Presented], courses: Sequence[Course]
) -> Grant:
    """Stage 9: the exact sum, rounded down once, and what the receiver claims."""
    quantum = rational.parse(ctx.known(FRAMEWORKS, *rule.target, path="body.rule").terms.quantum)
    result = grant(rule.exact([item.credits for item in presented]), quantum, "body.items")
    if rule.atomic:
        check_whole_courses(result, [rational.parse(course.credits) for course in courses], "body.targets")
    check_claimed(result, rational.parse(body.claimed_credits), "body.claimed_credits")
    return result


def _recognition(
    ctx: Context,
    body: RecogniseBody,
    cap_class: str | None,
    presented: Sequence[Presented],
    *,
    parents: Sequence[tuple[str, str] | None],
    result: Grant,
    parts: Sequence[tuple[str, Fraction]],
) -> Recognition:
    items = tuple(
        RecognisedItem(
            batch_id=item.item.batch_id,
            index=item.item.index,
            holder=item.holder,
            credits=rational.format(item.credits),
            parent=parent,
        )
        for item, parent in zip(presented, parents, strict=True)
    )
    return Recognition(
        receiver=ctx.author,
        enrolment=body.enrolment,
        agreement=body.agreement,
        rule=body.rule,
        items=items,
        targets=tuple((code, rational.format(part)) for code, part in parts),
        cap_class=cap_class,
        exact=rational.format(result.exact),
        awarded=rational.format(result.awarded),
        dropped=rational.format(result.dropped),
        at=ctx.time,
        height=ctx.height,
    )
