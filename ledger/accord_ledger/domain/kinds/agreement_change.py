"""T24 agreement_amend: new terms for an agreement in force (DOMAIN.md 2.4, 2.10)."""

from __future__ import annotations

from msgspec.structs import replace

from accord_ledger.domain.agreement_draft import check_nobody_leaves, store_draft, terms_weight
from accord_ledger.domain.agreement_life import agreement_of, check_in_force
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.membership import current_parties
from accord_ledger.domain.model.agreement import AGREEMENTS, Agreement, AgreementTerms
from accord_ledger.domain.signing import Need, Signer, any_of
from accord_ledger.domain.terms import check_terms, check_values, check_window
from accord_ledger.errors import Rejection
from accord_ledger.fields import Slug, Version


class AmendBody(Body):
    """T24: a draft of the next version."""

    agreement_id: Slug
    base: Version
    """The version in force, which it is to replace."""
    terms: AgreementTerms
    """All of the new terms; they name everybody who is to be a party, also who joined the base."""


@transaction_kind
class AgreementAmend(TransactionKind[AmendBody, Agreement]):
    """T24: new terms for everyone to sign; the receipt's result says the ``version`` they are a draft of.

    There may be several drafts; the first to be signed by all wins, and the others no longer have the
    version in force as their base.
    """

    name = "agreement_amend"
    row = "T24"
    body = AmendBody
    errors = (
        "E_SIGN_BY_PASSED", "E_RANGE", "E_VERSION", "E_STATE", "E_UNKNOWN_REF", "E_ROLE", "E_NO_HOURS",
        "E_PIN_OUTSIDE_FRAMEWORK", "E_HOUR_KIND", "E_NOTICE", "E_VALUE",
    )  # fmt: skip

    def values(self, body: AmendBody) -> None:
        """See :func:`accord_ledger.domain.terms.check_values`."""
        check_values(body.terms, "body.terms")

    def weight(self, ctx: Context, body: AmendBody) -> int:
        """DOMAIN.md 2.12."""
        return terms_weight(ctx, body.terms)

    def signers(self, ctx: Context, body: AmendBody) -> Need:
        """Any party to the agreement as it is."""
        agreement = ctx.state.get(AGREEMENTS, body.agreement_id)
        parties = current_parties(ctx, body.agreement_id, agreement) if agreement else ()
        return any_of(*(Signer(party, "agreements") for party in parties or (ctx.author,)))

    def unused(self, ctx: Context, body: AmendBody) -> None:
        """The base is the version in force."""
        agreement = ctx.state.get(AGREEMENTS, body.agreement_id)
        if agreement is not None and agreement.current != body.base:
            detail = f"expected the version in force, {agreement.current or 'none'}, got {body.base}"
            raise Rejection("E_VERSION", detail, path="body.base")

    def check(self, ctx: Context, body: AmendBody) -> Agreement:
        """An agreement in force that nobody named is leaving, and terms as T22 wants them."""
        check_window(ctx, body.terms, "body.terms.sign_by")
        agreement = agreement_of(ctx, body.agreement_id, "body.agreement_id")
        check_in_force(ctx, body.agreement_id, agreement, "body.agreement_id")
        check_nobody_leaves(ctx, body.agreement_id, agreement, body.terms)
        check_terms(ctx, body.terms, "body.terms")
        return agreement

    def apply(self, ctx: Context, body: AmendBody, plan: Agreement) -> None:
        """Store the draft under the next number and queue its end."""
        number = plan.latest + 1
        ctx.state.put(AGREEMENTS, replace(plan, latest=number), body.agreement_id)
        store_draft(ctx, (body.agreement_id, number), body.terms, body.base)
        ctx.result["version"] = str(number)
