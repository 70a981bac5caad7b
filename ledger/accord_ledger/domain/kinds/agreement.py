"""T22 agreement_propose, T23 agreement_sign, T25 agreement_terminate (DOMAIN.md 2.4, 2.10).

A draft, of a new agreement or of an amendment (T24), is signed party by party; the last signature brings it
into force.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain import ratio_graph
from accord_ledger.domain.agreement_draft import check_base, needed_for, store_draft, terms_weight
from accord_ledger.domain.agreement_life import (
    AGREEMENT_ENDS,
    activate,
    agreement_of,
    check_inflation,
    check_notice,
)
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import schedule
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    Agreement,
    AgreementTerms,
    AgreementVersion,
    Notice,
    TermsSignature,
)
from accord_ledger.domain.rule_lookup import rule_count
from accord_ledger.domain.rules.base import check_ascending
from accord_ledger.domain.signing import Need, Signer, all_of, any_of
from accord_ledger.domain.terms import (
    check_terms,
    check_values,
    check_window,
    parties_of,
)
from accord_ledger.errors import Rejection
from accord_ledger.fields import DateText, Digest, Slug, Version


class ProposeBody(Body):
    """T22: a draft of version 1."""

    agreement_id: Slug
    terms: AgreementTerms


@transaction_kind
class AgreementPropose(TransactionKind[ProposeBody, None]):
    """T22: terms for everyone to sign."""

    name = "agreement_propose"
    row = "T22"
    body = ProposeBody
    errors = (
        "E_SIGN_BY_PASSED", "E_RANGE", "E_UNKNOWN_REF", "E_ROLE", "E_NO_HOURS", "E_PIN_OUTSIDE_FRAMEWORK",
        "E_HOUR_KIND", "E_NOTICE", "E_VALUE",
    )  # fmt: skip

    def values(self, body: ProposeBody) -> None:
        """See :func:`accord_ledger.domain.terms.check_values`."""
        check_values(body.terms, "body.terms")

    def weight(self, ctx: Context, body: ProposeBody) -> int:
        """DOMAIN.md 2.12."""
        return terms_weight(ctx, body.terms)

    def signers(self, ctx: Context, body: ProposeBody) -> Need:
        """Any party to it."""
        return any_of(*(Signer(party, "agreements") for party in parties_of(body.terms)))

    def unused(self, ctx: Context, body: ProposeBody) -> None:
        """An agreement id is used once, whatever became of its draft."""
        ctx.unused(AGREEMENTS, body.agreement_id, path="body.agreement_id")

    def check(self, ctx: Context, body: ProposeBody) -> None:
        """See :func:`accord_ledger.domain.terms.check_terms`."""
        check_window(ctx, body.terms, "body.terms.sign_by")
        check_terms(ctx, body.terms, "body.terms")

    def apply(self, ctx: Context, body: ProposeBody, plan: None) -> None:
        """Store the draft and queue its end."""
        ctx.state.put(AGREEMENTS, Agreement(status="draft", status_since=ctx.time), body.agreement_id)
        store_draft(ctx, (body.agreement_id, 1), body.terms, None)


class SignBody(Body):
    """T23: one or several parties sign the same terms."""

    agreement: tuple[Slug, Version]
    terms_hash: Digest
    parties: Annotated[tuple[Slug, ...], Meta(max_length=64)] = ()
    """Who signs by this record; empty: the author."""


@dataclass(frozen=True, slots=True)
class SignPlan:
    """The version with the new signatures."""

    version: AgreementVersion
    terms: AgreementTerms
    complete: bool


def _signing(ctx: Context, body: SignBody) -> tuple[str, ...]:
    return body.parties or (ctx.author,)


def _completes(version: AgreementVersion, needed: set[str], parties: tuple[str, ...]) -> bool:
    return needed.issubset({*(signature.party for signature in version.signatures), *parties})


@transaction_kind
class AgreementSign(TransactionKind[SignBody, SignPlan]):
    """T23: the last signature brings the agreement into force."""

    name = "agreement_sign"
    row = "T23"
    body = SignBody
    errors = ("E_UNKNOWN_REF", "E_ROLE", "E_STATE", "E_SIGN_BY_PASSED", "E_TERMS_HASH", "E_CYCLE_INFLATION")

    def values(self, body: SignBody) -> None:
        """Parties in order, each once."""
        check_ascending(body.parties, "body.parties")

    def weight(self, ctx: Context, body: SignBody) -> int:
        """16; with the last signature the rules and the whole ratio graph besides (DOMAIN.md 2.12)."""
        version = ctx.state.get(AGREEMENT_VERSIONS, *body.agreement)
        terms = ctx.state.get(AGREEMENT_TERMS, *body.agreement)
        if version is None or terms is None or version.stage != "draft":
            return 16
        if not _completes(version, needed_for(ctx, body.agreement[0], version, terms), _signing(ctx, body)):
            return 16
        entry = ratio_graph.entry_of(ctx, terms)
        return 16 + 2 * rule_count(ctx.state, terms) + ratio_graph.size_after(ctx, body.agreement, entry)

    def signers(self, ctx: Context, body: SignBody) -> Need:
        """Each party that signs by this record."""
        return all_of(*(Signer(party, "agreements") for party in _signing(ctx, body)))

    def check(self, ctx: Context, body: SignBody) -> SignPlan:
        """Draft of the next version, in time, the same terms, no inflation."""
        version = ctx.known(AGREEMENT_VERSIONS, *body.agreement, path="body.agreement")
        if version.stage == "lapsed":
            raise Rejection(
                "E_SIGN_BY_PASSED", "expected a draft, got one that lapsed", path="body.agreement"
            )
        terms = ctx.known(AGREEMENT_TERMS, *body.agreement, path="body.agreement")
        parties = _signing(ctx, body)
        needed = needed_for(ctx, body.agreement[0], version, terms)
        self._check_parties(version, needed, parties)
        if version.stage != "draft":
            raise Rejection("E_STATE", f"expected a draft, got {version.stage}", path="body.agreement")
        if version.base is not None:
            check_base(ctx, body.agreement[0], version.base, terms)
        if ctx.time >= terms.sign_by:
            raise Rejection("E_SIGN_BY_PASSED", f"expected block time before {terms.sign_by}, got {ctx.time}")
        if body.terms_hash != version.terms_hash:
            detail = f"expected {version.terms_hash.hex()}, got {body.terms_hash.hex()}"
            raise Rejection("E_TERMS_HASH", detail, path="body.terms_hash")
        complete = _completes(version, needed, parties)
        if complete:
            check_inflation(ctx, body.agreement, ratio_graph.entry_of(ctx, terms), "body.agreement")
        return SignPlan(self._signed(ctx, version, parties, complete=complete), terms, complete)

    def _check_parties(self, version: AgreementVersion, needed: set[str], parties: tuple[str, ...]) -> None:
        outsiders = [party for party in parties if party not in needed]
        if outsiders:
            raise Rejection(
                "E_ROLE", f"expected a party or cosigner, got {outsiders[0]}", path="body.parties"
            )
        for signature in version.signatures:
            if signature.party in parties:
                raise Rejection(
                    "E_STATE", f"expected a first signature of {signature.party}", path="body.parties"
                )

    def _signed(
        self, ctx: Context, version: AgreementVersion, parties: tuple[str, ...], *, complete: bool
    ) -> AgreementVersion:
        signatures = list(version.signatures)
        for party, _, key_id in ctx.signed:
            if party in parties:
                insort(
                    signatures,
                    TermsSignature(party=party, key_id=key_id, at=ctx.time),
                    key=lambda one: one.party,
                )
        if not complete:
            return replace(version, signatures=tuple(signatures))
        return replace(
            version,
            stage="active",
            signatures=tuple(signatures),
            activated_at=ctx.time,
            activated_height=ctx.height,
        )

    def apply(self, ctx: Context, body: SignBody, plan: SignPlan) -> None:
        """Keep the signatures; with the last one the agreement is active."""
        if plan.complete:
            activate(ctx, body.agreement, plan.version, plan.terms)
        else:
            ctx.state.put(AGREEMENT_VERSIONS, plan.version, *body.agreement)


class TerminateBody(Body):
    """T25 terminate: notice of one party, for all of the agreement."""

    agreement_id: Slug
    effective_date: DateText


@transaction_kind
class AgreementTerminate(TransactionKind[TerminateBody, Agreement]):
    """T25: everything works until the effective date; the notice is the cut-off of the run-off."""

    name = "agreement_terminate"
    row = "T25"
    body = TerminateBody
    errors = ("E_UNKNOWN_REF", "E_ROLE", "E_STATE", "E_NOTICE")

    def values(self, body: TerminateBody) -> None:
        """An existing date."""
        calendar.parse_date(body.effective_date, "body.effective_date")

    def weight(self, ctx: Context, body: TerminateBody) -> int:
        """DOMAIN.md 2.12."""
        return 16

    def signers(self, ctx: Context, body: TerminateBody) -> Need:
        """The party that submits it, alone."""
        return Signer(ctx.author, "agreements")

    def check(self, ctx: Context, body: TerminateBody) -> Agreement:
        """Known, a party to it, active, notice long enough."""
        agreement = agreement_of(ctx, body.agreement_id, "body.agreement_id")
        check_notice(ctx, body.agreement_id, agreement, body.effective_date)
        notice = Notice(party=ctx.author, at=ctx.time, height=ctx.height, effective=body.effective_date)
        return replace(agreement, status="terminating", status_since=ctx.time, notice=notice)

    def apply(self, ctx: Context, body: TerminateBody, plan: Agreement) -> None:
        """Note the notice and queue the effective date."""
        ctx.state.put(AGREEMENTS, plan, body.agreement_id)
        effective = calendar.midnight(calendar.parse_date(body.effective_date))
        schedule(ctx, effective, AGREEMENT_ENDS, body.agreement_id.encode())
