"""T32 benefit_rule and T33 benefit_claim: what employers pay for a credential (rows C10, M8).

A claim marks the credential for this employer body and does not spend it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Annotated, Final

from msgspec import Meta

from accord_ledger.domain.authority import ALLIANCE
from accord_ledger.domain.context import Context
from accord_ledger.domain.items import Item, Presented, present
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.lists import entry_of, newest_list
from accord_ledger.domain.model.credential import Batch, Credential
from accord_ledger.domain.model.framework import ListTerms
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMME_HEADS
from accord_ledger.domain.model.use import (
    BENEFIT_CLAIMS,
    BENEFIT_RULES,
    MAX_BENEFIT_PROGRAMMES,
    BenefitClaim,
    BenefitKind,
    BenefitRule,
    Currency,
)
from accord_ledger.domain.rules.base import check_ascending
from accord_ledger.domain.scope import check_consent, use_consent
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.errors import Rejection
from accord_ledger.fields import Count, Digest, ObjectId, Slug

EMPLOYER: Final = frozenset({"employer_body"})
_AMOUNT: Final = re.compile(r"0|[1-9][0-9]{0,11}")


class BenefitRuleBody(Body):
    """T32."""

    rule: ObjectId
    programmes: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=MAX_BENEFIT_PROGRAMMES)]
    kind: BenefitKind
    amount_minor: Count
    """In minor units of the currency: 60000 for 600 USD."""
    currency: Currency
    list_id: Slug
    """List of the alliance that says which amounts are usual in this currency."""


@transaction_kind
class BenefitRuleDefine(TransactionKind[BenefitRuleBody, BenefitRule]):
    """T32."""

    name = "benefit_rule"
    row = "T32"
    body = BenefitRuleBody
    errors = ("E_UNKNOWN_REF", "E_RANGE")

    def values(self, body: BenefitRuleBody) -> None:
        """Programmes in order, each once."""
        check_ascending(body.programmes, "body.programmes")

    def weight(self, ctx: Context, body: BenefitRuleBody) -> int:
        """DOMAIN.md 2.12."""
        return 8 + len(body.programmes)

    def signers(self, ctx: Context, body: BenefitRuleBody) -> Need:
        """The employer body that will pay."""
        return Signer(ctx.author, "institution", EMPLOYER)

    def unused(self, ctx: Context, body: BenefitRuleBody) -> None:
        """Rule ids are used once."""
        ctx.unused(BENEFIT_RULES, body.rule, path="body.rule")

    def check(self, ctx: Context, body: BenefitRuleBody) -> BenefitRule:
        """Known programmes, a list of the alliance, an amount inside its range."""
        for place, programme in enumerate(body.programmes):
            ctx.known(PROGRAMME_HEADS, programme, path=f"body.programmes[{place}]")
        terms = newest_list(ctx, body.list_id)
        if terms is None or terms.owner != ALLIANCE:
            detail = f"expected a list of the alliance, got {body.list_id}"
            raise Rejection("E_UNKNOWN_REF", detail, path="body.list_id")
        low, high = _range(terms, body.currency)
        if not low <= body.amount_minor <= high:
            detail = f"expected {low} to {high} {body.currency}, got {body.amount_minor}"
            raise Rejection("E_RANGE", detail, path="body.amount_minor")
        return BenefitRule(
            owner=ctx.author,
            programmes=body.programmes,
            kind=body.kind,
            amount_minor=body.amount_minor,
            currency=body.currency,
            range_list=(terms.list_id, terms.version),
            at=ctx.time,
        )

    def apply(self, ctx: Context, body: BenefitRuleBody, plan: BenefitRule) -> None:
        """Keep the rule."""
        ctx.state.put(BENEFIT_RULES, plan, body.rule)


def _range(terms: ListTerms, currency: str) -> tuple[int, int]:
    """Least and largest amount of a currency, in minor units: the two values of its entry (``E_RANGE``)."""
    entry = entry_of(terms, currency)
    values = entry.values if entry is not None else ()
    if len(values) != 2 or not all(_AMOUNT.fullmatch(value) for value in values):
        detail = f"expected a list with a range of {currency}, got {terms.list_id}@{terms.version}"
        raise Rejection("E_RANGE", detail, path="body.currency")
    return int(values[0]), int(values[1])


class BenefitClaimBody(Body):
    """T33."""

    rule: ObjectId
    item: Item
    consent: Digest | None = None
    """Needed where issuer and employer body are in different countries; used once."""


@transaction_kind
class BenefitClaimMake(TransactionKind[BenefitClaimBody, BenefitClaim]):
    """T33."""

    name = "benefit_claim"
    row = "T33"
    body = BenefitClaimBody
    errors = (
        "E_UNKNOWN_REF", "E_PROOF", "E_HOLDER_SIG", "E_ERASED", "E_REVOKED", "E_SUSPENDED",
        "E_CREDENTIAL_EXPIRED", "E_UNCONFIRMED", "E_BENEFIT_SCOPE", "E_CONSENT_MISSING", "E_DUPLICATE",
        "E_BENEFIT_CLAIMED",
    )  # fmt: skip

    def holders(self, body: BenefitClaimBody) -> tuple[bytes, ...]:
        """The holder."""
        return (body.item.holder_key,)

    def weight(self, ctx: Context, body: BenefitClaimBody) -> int:
        """DOMAIN.md 2.12."""
        return 24

    def signers(self, ctx: Context, body: BenefitClaimBody) -> Need:
        """The employer body whose rule it is; of an unknown rule the author, until :meth:`check` says so."""
        rule = ctx.state.get(BENEFIT_RULES, body.rule)
        return Signer(rule.owner if rule else ctx.author, "institution", EMPLOYER)

    def check(self, ctx: Context, body: BenefitClaimBody) -> BenefitClaim:
        """DOMAIN.md 2.5, Claim (T33)."""
        rule = ctx.known(BENEFIT_RULES, body.rule, path="body.rule")
        item = present(ctx, body.item, "body.item", in_time=_at_any_time, unspent=_spent_or_not)
        if not _names(rule, item.batch.programme[0]):
            detail = f"expected a programme of the rule, got {item.batch.programme[0]}"
            raise Rejection("E_BENEFIT_SCOPE", detail, path="body.item")
        check_consent(ctx, body.consent, needed=_abroad(ctx, item, rule))
        if ctx.state.exists(BENEFIT_CLAIMS, body.item.batch_id, body.item.index, rule.owner):
            raise Rejection("E_BENEFIT_CLAIMED", f"expected a first claim at {rule.owner}", path="body.item")
        return BenefitClaim(rule=body.rule, tx_id=ctx.tx_id, at=ctx.time, height=ctx.height)

    def apply(self, ctx: Context, body: BenefitClaimBody, plan: BenefitClaim) -> None:
        """Mark the credential for this employer body; the consent is used, the item is not."""
        rule = ctx.known(BENEFIT_RULES, body.rule, path="body.rule")
        ctx.state.put(BENEFIT_CLAIMS, plan, body.item.batch_id, body.item.index, rule.owner)
        use_consent(ctx, body.consent, body.rule)
        ctx.result.update(amount_minor=str(rule.amount_minor), currency=rule.currency)


def _at_any_time(batch: Batch, path: str) -> None:
    """A claim rests on no agreement, so there is no cut-off."""


def _spent_or_not(row: Credential, path: str) -> None:
    """Pay and credit do not exclude each other (DOMAIN.md 0.4)."""


def _names(rule: BenefitRule, programme: str) -> bool:
    place = bisect_left(rule.programmes, programme)
    return place < len(rule.programmes) and rule.programmes[place] == programme


def _abroad(ctx: Context, item: Presented, rule: BenefitRule) -> bool:
    """Whether no issuer that signed is in the employer body's country."""
    home = ctx.known(PARTIES, rule.owner, path="body.rule").country
    return all(ctx.known(PARTIES, name, path="body.item").country != home for name in item.batch.issuers)
