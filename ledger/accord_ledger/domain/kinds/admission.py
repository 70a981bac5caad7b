"""T29 admission_attest: credentials open the way into an award and stay unspent (row M5; DOMAIN.md 2.5).

The receiver is the author; who signs and what is checked of the items is as in T27, but what was spent
does not matter.
"""

from __future__ import annotations

from fractions import Fraction

from accord_ledger import rational
from accord_ledger.conversion.caps import check_threshold, threshold
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import TransactionKind, transaction_kind
from accord_ledger.domain.model.framework import FRAMEWORKS, Framework
from accord_ledger.domain.model.use import ADMISSIONS, Admission, ShownItem
from accord_ledger.domain.presentation import (
    Examined,
    UseBody,
    check_use_values,
    examine,
    use_signers,
)
from accord_ledger.domain.rules import Admission as AdmissionRule
from accord_ledger.domain.scope import use_consent
from accord_ledger.domain.signing import Need
from accord_ledger.errors import Rejection
from accord_ledger.fields import ObjectId


class AdmissionBody(UseBody):
    """T29."""

    admission: ObjectId


@transaction_kind
class AdmissionAttest(TransactionKind[AdmissionBody, Admission]):
    """T29."""

    name = "admission_attest"
    row = "T29"
    body = AdmissionBody
    errors = (
        "E_BUNDLE_DUPLICATE", "E_UNKNOWN_REF", "E_STATE", "E_NO_AGREEMENT", "E_AGREEMENT_NOT_ACTIVE",
        "E_AGREEMENT_ENDED", "E_PROOF", "E_HOLDER_SIG", "E_ERASED", "E_REVOKED", "E_SUSPENDED",
        "E_CREDENTIAL_EXPIRED", "E_UNCONFIRMED", "E_SCOPE", "E_CATEGORY_SCOPE", "E_LEVEL_SCOPE", "E_NONCREDIT",
        "E_NOT_ENDORSED", "E_NOT_TRUSTED_CROSS_BORDER", "E_LANG_MISSING", "E_CONSENT_MISSING", "E_DUPLICATE",
        "E_PROGRAMME_WITHDRAWN", "E_OVERLAP", "E_ATTESTATION_MISSING", "E_AMOUNT", "E_ADMISSION_SHORT",
    )  # fmt: skip

    def values(self, body: AdmissionBody) -> None:
        """The claimed number, attestations about items there are."""
        check_use_values(body)

    def holders(self, body: AdmissionBody) -> tuple[bytes, ...]:
        """The holder of every item."""
        return tuple(item.holder_key for item in body.items)

    def weight(self, ctx: Context, body: AdmissionBody) -> int:
        """DOMAIN.md 2.12."""
        return 16 + 12 * len(body.items)

    def signers(self, ctx: Context, body: AdmissionBody) -> Need:
        """The receiver's registrar and the registrars of the rule's cosigners."""
        return use_signers(ctx, body)

    def unused(self, ctx: Context, body: AdmissionBody) -> None:
        """Admission ids are used once."""
        ctx.unused(ADMISSIONS, body.admission, path="body.admission")

    def check(self, ctx: Context, body: AdmissionBody) -> Admission:
        """Stages 1 to 8 of T27 without spent, then kinds and framework, sum, share."""
        examined = examine(ctx, body, (), ("admission",))
        rule = examined.deal.rule
        if not isinstance(rule, AdmissionRule):
            # deal_of lets no other rule through; this tells the type checker so.
            raise Rejection("E_NO_AGREEMENT", "expected a rule of kind admission", path="body.rule")
        own = ctx.known(FRAMEWORKS, *examined.award.framework, path="body.enrolment")
        total = _countable_total(examined, rule, own)
        presented = rule.exact([item.credits for item in examined.items])
        _check_claimed(presented, body.claimed_credits)
        minimum = threshold(total, rational.parse(rule.share), rational.parse(own.terms.quantum))
        check_threshold("E_ADMISSION_SHORT", presented, minimum, "body.items")
        return Admission(
            receiver=ctx.author,
            enrolment=body.enrolment,
            agreement=body.agreement,
            rule=body.rule,
            items=tuple(ShownItem(batch_id=item.batch_id, index=item.index) for item in body.items),
            credits=rational.format(presented),
            minimum=rational.format(minimum),
            at=ctx.time,
            height=ctx.height,
        )

    def apply(self, ctx: Context, body: AdmissionBody, plan: Admission) -> None:
        """Keep the entitlement; the consent is used, the items are not."""
        ctx.state.put(ADMISSIONS, plan, body.admission)
        use_consent(ctx, body.consent, body.admission)
        ctx.result.update(credits=plan.credits, minimum=plan.minimum)


def _countable_total(examined: Examined, rule: AdmissionRule, own: Framework) -> Fraction:
    """The award's countable credits; items that do not count towards them are out of scope: ``E_SCOPE``."""
    total = examined.award.countable_total
    if total is None:
        raise Rejection("E_SCOPE", "expected an award that says what is countable", path="body.enrolment")
    for place, item in enumerate(examined.items):
        form = item.programme.terms.form
        if form not in rule.countable:
            detail = f"expected {' or '.join(rule.countable)}, got {form}"
            raise Rejection("E_SCOPE", detail, path=f"body.items[{place}]")
        if item.framework.root[0] != own.root[0]:
            detail = f"expected credits of {own.root[0]}, got {item.framework.root[0]}"
            raise Rejection("E_SCOPE", detail, path=f"body.items[{place}]")
    return rational.parse(total)


def _check_claimed(presented: Fraction, claimed: str) -> None:
    if rational.parse(claimed) != presented:
        detail = f"expected {rational.shown(presented)}, got {claimed}"
        raise Rejection("E_AMOUNT", detail, path="body.claimed_credits")
