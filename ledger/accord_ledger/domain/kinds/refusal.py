"""T28a, a receiver refuses to recognise: counted by agreement, rule and reason, of whom is never said."""

from __future__ import annotations

from typing import Final

from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.enrolment import receiver
from accord_ledger.domain.lists import listed
from accord_ledger.domain.model.agreement import AGREEMENT_MEMBERS, AGREEMENT_TERMS, Members
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.rule_lookup import find_rule
from accord_ledger.domain.signing import Need
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, Count, Slug, Version
from accord_ledger.state import Table

REASON_LIST: Final = "refusal-reasons"
"""List (T40) whose codes are reasons; a country may keep its own."""


class Refusals(Wire):
    """How often it happened."""

    count: Count


REFUSALS: Table[Refusals] = Table("refusal", Refusals)
"""By receiver, agreement id, rule and reason, over all versions of the agreement."""


class RefuseBody(Body):
    """T28a; the author is the receiver."""

    agreement: tuple[Slug, Version]
    rule: Slug
    reason: Code


@transaction_kind
class RecogniseRefuse(TransactionKind[RefuseBody, Refusals]):
    """One more refusal of this receiver under this rule for this reason."""

    name = "recognise_refuse"
    row = "T28a"
    body = RefuseBody
    errors = ("E_UNKNOWN_REF", "E_REASON")

    def weight(self, ctx: Context, body: RefuseBody) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: RefuseBody) -> Need:
        """The receiver's registrar."""
        del body
        return receiver(ctx)

    def check(self, ctx: Context, body: RefuseBody) -> Refusals:
        """A rule under which this party receives, and a reason of the list that counts in its country."""
        terms = ctx.known(AGREEMENT_TERMS, *body.agreement, path="body.agreement")
        joined = ctx.state.get(AGREEMENT_MEMBERS, *body.agreement) or Members()
        if ctx.author not in (*terms.receivers, *joined.receivers):
            detail = f"expected an agreement under which {ctx.author} receives"
            raise Rejection("E_UNKNOWN_REF", detail, path="body.agreement")
        if find_rule(ctx.state, terms, body.rule) is None:
            raise Rejection("E_UNKNOWN_REF", f"expected a rule of it, got {body.rule}", path="body.rule")
        country = ctx.known(PARTIES, ctx.author, path="author").country
        if not listed(ctx, REASON_LIST, country, body.reason):
            detail = f"expected a code of the list {REASON_LIST}, got {body.reason}"
            raise Rejection("E_REASON", detail, path="body.reason")
        known = ctx.state.get(REFUSALS, ctx.author, body.agreement[0], body.rule, body.reason)
        return Refusals(count=known.count + 1 if known is not None else 1)

    def apply(self, ctx: Context, body: RefuseBody, plan: Refusals) -> None:
        """Count it."""
        ctx.state.put(REFUSALS, plan, ctx.author, body.agreement[0], body.rule, body.reason)
