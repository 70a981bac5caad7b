"""T27 recognise: credentials become credit in an enrolment account (DOMAIN.md 2.5, stages 1 to 11).

The receiver is the author. Its registrar, the rule's cosigners and the holder of every item sign; the
amount is computed here and must be the one claimed. Under a rule ``evidence`` the record ends after stage
8: nothing is spent, no credit arises, and what is claimed is not looked at.
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
from accord_ledger.domain.caps import check_caps, spread
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import TransactionKind, transaction_kind
from accord_ledger.domain.model.account import RECOGNITIONS, RecognisedItem, Recognition
from accord_ledger.domain.model.agreement import Exclusivity
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.use import EVIDENCE, Evidence, ShownItem
from accord_ledger.domain.presentation import (
    Examined,
    UseBody,
    check_use_values,
    examine,
    use_signers,
)
from accord_ledger.domain.scope import use_consent
from accord_ledger.domain.signing import Need
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, ObjectId


class RecogniseBody(UseBody):
    """T27."""

    recognition: ObjectId
    targets: Annotated[tuple[Code, ...], Meta(max_length=60)] = ()
    """Courses of the award the credit is for; none: for the award as a whole."""


@dataclass(frozen=True, slots=True)
class RecognisePlan:
    """What the checks computed: a recognition, or no more than that something was shown."""

    outcome: Recognition | Evidence
    exclusivity: Exclusivity


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
        "E_LANG_MISSING", "E_CONSENT_MISSING", "E_DUPLICATE", "E_PROGRAMME_WITHDRAWN",
        "E_COURSE_ALREADY_SUBSTITUTED", "E_OVERLAP", "E_ATTESTATION_MISSING", "E_ZERO_CREDIT",
        "E_PARTIAL_COURSE", "E_AMOUNT", "E_CAP_CREDENTIAL", "E_CAP_COURSE", "E_CAP_CLASS", "E_CAP_AWARD",
    )  # fmt: skip

    def values(self, body: RecogniseBody) -> None:
        """The claimed number, targets each once, attestations about items there are."""
        check_use_values(body)
        if len(set(body.targets)) != len(body.targets):
            raise Rejection("E_VALUE", "expected every course once", path="body.targets")

    def holders(self, body: RecogniseBody) -> tuple[bytes, ...]:
        """The holder of every item."""
        return tuple(item.holder_key for item in body.items)

    def weight(self, ctx: Context, body: RecogniseBody) -> int:
        """DOMAIN.md 2.12."""
        return 16 + 12 * len(body.items) + 2 * len(body.targets)

    def signers(self, ctx: Context, body: RecogniseBody) -> Need:
        """The receiver's registrar and the registrars of the rule's cosigners."""
        return use_signers(ctx, body)

    def unused(self, ctx: Context, body: RecogniseBody) -> None:
        """Recognition ids are used once, for credit or for evidence."""
        ctx.unused(RECOGNITIONS, body.recognition, path="body.recognition")
        ctx.unused(EVIDENCE, body.recognition, path="body.recognition")

    def check(self, ctx: Context, body: RecogniseBody) -> RecognisePlan:
        """Stages 1 to 10 of DOMAIN.md 2.5, Recognise (T27)."""
        examined = examine(ctx, body, body.targets, ("credit", "evidence"))  # 1 to 8
        deal = examined.deal
        exclusivity = deal.terms.exclusivity
        if deal.rule.use == "evidence":
            return RecognisePlan(_evidence(ctx, body), exclusivity)
        result = _grant(ctx, body, examined)  # 9
        deal.rule.check_per_credential(examined.replaced)  # 10
        parts = spread(result.awarded, examined.courses, examined.enrolment)
        check_caps(
            ctx,
            examined.enrolment,
            examined.award,
            examined.receiver,
            terms=deal.terms,
            cap_class=deal.rule.cap_class,
            awarded=result.awarded,
        )
        return RecognisePlan(_recognition(ctx, body, examined, result, parts), exclusivity)

    def apply(self, ctx: Context, body: RecogniseBody, plan: RecognisePlan) -> None:
        """Stage 11: items spent, account credited, consent used."""
        outcome = plan.outcome
        if isinstance(outcome, Evidence):
            ctx.state.put(EVIDENCE, outcome, body.recognition)
        else:
            enter(ctx, body.recognition, outcome, plan.exclusivity)
            ctx.result.update(exact=outcome.exact, awarded=outcome.awarded, dropped=outcome.dropped)
        use_consent(ctx, body.consent, body.recognition)


def _grant(ctx: Context, body: RecogniseBody, examined: Examined) -> Grant:
    """Stage 9: the exact sum, rounded down once, whole courses, and what the receiver claims."""
    rule, replaced = examined.deal.rule, examined.replaced
    quantum = rational.parse(ctx.known(FRAMEWORKS, *rule.target, path="body.rule").terms.quantum)
    exact = rule.exact([item.credits for item in examined.items], replaced)
    result = grant(exact, quantum, "body.items")
    rule.check_whole(len(examined.items), replaced)
    if rule.atomic or replaced:
        own = [rational.parse(course.credits) for course in examined.courses]
        check_whole_courses(result, own, "body.targets")
    check_claimed(result, rational.parse(body.claimed_credits), "body.claimed_credits")
    return result


def _recognition(
    ctx: Context,
    body: RecogniseBody,
    examined: Examined,
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
        for item, parent in zip(examined.items, examined.parents, strict=True)
    )
    return Recognition(
        receiver=ctx.author,
        enrolment=body.enrolment,
        agreement=body.agreement,
        rule=body.rule,
        items=items,
        targets=tuple((code, rational.format(part)) for code, part in parts),
        cap_class=examined.deal.rule.cap_class,
        exact=rational.format(result.exact),
        awarded=rational.format(result.awarded),
        dropped=rational.format(result.dropped),
        at=ctx.time,
        height=ctx.height,
    )


def _evidence(ctx: Context, body: RecogniseBody) -> Evidence:
    return Evidence(
        receiver=ctx.author,
        enrolment=body.enrolment,
        agreement=body.agreement,
        rule=body.rule,
        items=tuple(ShownItem(batch_id=item.batch_id, index=item.index) for item in body.items),
        at=ctx.time,
        height=ctx.height,
    )
