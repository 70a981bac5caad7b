"""T25 agreement_join and agreement_leave: who is in a multilateral agreement (DOMAIN.md 2.4, 2.10)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from msgspec.structs import replace

from accord_ledger import calendar, rational
from accord_ledger.domain import ratio_graph
from accord_ledger.domain.agreement_life import (
    agreement_of,
    check_in_force,
    check_inflation,
    check_notice,
    depart,
    list_receiver,
)
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.membership import current_parties, is_leaving, terms_of
from accord_ledger.domain.model.agreement import (
    AGREEMENT_MEMBERS,
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    DEPARTURES,
    MAX_PARTIES,
    RATIO_ENTRIES,
    Agreement,
    AgreementTerms,
    Departure,
    Members,
    Notice,
    RatioEntry,
)
from accord_ledger.domain.rule_lookup import rule_count
from accord_ledger.domain.signing import Need, Signer, all_of, k_of
from accord_ledger.domain.terms import RECEIVER_ROLES, parties_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import DateText, Slug, Version


class JoinBody(Body):
    """T25 join: a newcomer takes the terms as they are."""

    agreement: tuple[Slug, Version]
    """The version in force."""
    party: Slug
    """The newcomer."""
    sends: bool = False
    receives: bool = False
    self_pair: bool = False
    """It may also receive from itself."""


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """The version with its newcomer."""

    members: Members
    entry: RatioEntry | None


@transaction_kind
class AgreementJoin(TransactionKind[JoinBody, JoinPlan]):
    """T25: the newcomer and, by the accession rule of the terms, those who are in it.

    All sign one record; where more have to than one record can carry, the way in is an amendment (T24).
    """

    name = "agreement_join"
    row = "T25"
    body = JoinBody
    errors = ("E_UNKNOWN_REF", "E_ROLE", "E_STATE", "E_CYCLE_INFLATION")

    def values(self, body: JoinBody) -> None:
        """It sends, receives, or both; a pair with itself needs both."""
        if not (body.sends or body.receives):
            raise Rejection("E_VALUE", "expected a sender or a receiver", path="body")
        if body.self_pair and not (body.sends and body.receives):
            raise Rejection("E_VALUE", "expected a party that sends and receives", path="body.self_pair")

    def weight(self, ctx: Context, body: JoinBody) -> int:
        """16, the rules and the whole ratio graph with the newcomer (DOMAIN.md 2.12)."""
        terms = terms_of(ctx, body.agreement)
        if terms is None:
            return 16
        entry = _extended(ctx.state.get(RATIO_ENTRIES, *body.agreement), body)
        return 16 + 2 * rule_count(ctx.state, terms) + ratio_graph.size_after(ctx, body.agreement, entry)

    def signers(self, ctx: Context, body: JoinBody) -> Need:
        """The newcomer, and the share of the parties that the terms ask for."""
        roles = RECEIVER_ROLES if body.receives else frozenset[str]()
        newcomer = Signer(body.party, "agreements", roles)
        agreement = ctx.state.get(AGREEMENTS, body.agreement[0])
        terms = ctx.state.get(AGREEMENT_TERMS, *body.agreement)
        if agreement is None or terms is None:
            return newcomer
        inside = current_parties(ctx, body.agreement[0], agreement)
        members = [Signer(party, "agreements") for party in inside if party != body.party]
        count = ceil(rational.parse(terms.accession) * len(members))
        return all_of(newcomer, k_of(count, members)) if count else newcomer

    def check(self, ctx: Context, body: JoinBody) -> JoinPlan:
        """A version in force, a party that is not in it (and exists: it signed), room for it, no inflation."""
        agreement = agreement_of(ctx, body.agreement[0], "body.agreement")
        ctx.known(AGREEMENT_VERSIONS, *body.agreement, path="body.agreement")
        check_in_force(ctx, body.agreement[0], agreement, "body.agreement")
        if agreement.current != body.agreement[1]:
            detail = f"expected the version in force, {agreement.current}, got {body.agreement[1]}"
            raise Rejection("E_STATE", detail, path="body.agreement")
        terms = terms_of(ctx, body.agreement)
        _check_outside(ctx, agreement, terms, body)
        members = _joined(ctx, body)
        entry = _extended(ctx.state.get(RATIO_ENTRIES, *body.agreement), body)
        check_inflation(ctx, body.agreement, entry, "body.agreement")
        return JoinPlan(members, entry)

    def apply(self, ctx: Context, body: JoinBody, plan: JoinPlan) -> None:
        """Write the newcomer beside the terms and into the ratio graph."""
        version = ctx.known(AGREEMENT_VERSIONS, *body.agreement, path="body.agreement")
        ctx.state.put(AGREEMENT_VERSIONS, replace(version, joined=version.joined + 1), *body.agreement)
        ctx.state.put(AGREEMENT_MEMBERS, plan.members, *body.agreement)
        ratio_graph.put_entry(ctx, body.agreement, plan.entry)
        if body.receives:
            list_receiver(ctx, body.agreement[0], body.party)


def _check_outside(ctx: Context, agreement: Agreement, terms: AgreementTerms | None, body: JoinBody) -> None:
    """``E_STATE`` for a party that is in this version, left it, or is leaving, and where there is no room."""
    if terms is None or body.party in parties_of(terms):
        raise Rejection(
            "E_STATE", f"expected a party that was never in it, got {body.party}", path="body.party"
        )
    if is_leaving(ctx, agreement, body.agreement[0], body.party):
        raise Rejection("E_STATE", f"expected the run-off of {body.party} to be over", path="body.party")
    full = (body.sends and len(terms.senders) >= MAX_PARTIES) or (
        body.receives and len(terms.receivers) >= MAX_PARTIES
    )
    if full:
        raise Rejection("E_STATE", f"expected fewer than {MAX_PARTIES} parties on a side", path="body.party")


def _joined(ctx: Context, body: JoinBody) -> Members:
    before = ctx.state.get(AGREEMENT_MEMBERS, *body.agreement) or Members()
    name = body.party
    return Members(
        senders=_with(before.senders, name, body.sends),
        receivers=_with(before.receivers, name, body.receives),
        self_pairs=_with(before.self_pairs, name, body.self_pair),
    )


def _with(names: tuple[str, ...], name: str, wanted: object) -> tuple[str, ...]:
    return tuple(sorted({*names, name})) if wanted else names


def _extended(entry: RatioEntry | None, body: JoinBody) -> RatioEntry | None:
    if entry is None:
        return None
    return replace(
        entry,
        senders=_with(entry.senders, body.party, body.sends),
        receivers=_with(entry.receivers, body.party, body.receives),
        self_pairs=_with(entry.self_pairs, body.party, body.self_pair),
    )


class LeaveBody(Body):
    """T25 leave: notice of one party, for its own part."""

    agreement_id: Slug
    effective_date: DateText


@transaction_kind
class AgreementLeave(TransactionKind[LeaveBody, Departure]):
    """T25: the others go on; the party's edges have their notice, cut-off and run-off (DOMAIN.md 2.10)."""

    name = "agreement_leave"
    row = "T25"
    body = LeaveBody
    errors = ("E_UNKNOWN_REF", "E_ROLE", "E_STATE", "E_NOTICE")

    def values(self, body: LeaveBody) -> None:
        """An existing date."""
        calendar.parse_date(body.effective_date, "body.effective_date")

    def weight(self, ctx: Context, body: LeaveBody) -> int:
        """DOMAIN.md 2.12."""
        return 16

    def signers(self, ctx: Context, body: LeaveBody) -> Need:
        """The party that submits it, alone."""
        return Signer(ctx.author, "agreements")

    def check(self, ctx: Context, body: LeaveBody) -> Departure:
        """A party to an active agreement that gave no notice yet; others go on; notice long enough."""
        agreement = agreement_of(ctx, body.agreement_id, "body.agreement_id")
        check_notice(ctx, body.agreement_id, agreement, body.effective_date)
        if is_leaving(ctx, agreement, body.agreement_id, ctx.author):
            raise Rejection("E_STATE", f"expected a first notice of {ctx.author}", path="author")
        ref = (body.agreement_id, agreement.current or 1)
        self._check_others(ctx, agreement, ref)
        version = ctx.known(AGREEMENT_VERSIONS, *ref, path="body.agreement_id")
        before = ctx.state.get(DEPARTURES, body.agreement_id, ctx.author)
        effective = calendar.midnight(calendar.parse_date(body.effective_date))
        return Departure(
            notice=Notice(party=ctx.author, at=ctx.time, height=ctx.height, effective=body.effective_date),
            version=ref[1],
            run_off_until=effective + version.run_off_days * calendar.DAY,
            over=before.version if before is not None else None,
        )

    def _check_others(self, ctx: Context, agreement: Agreement, ref: tuple[str, int]) -> None:
        """Somebody still sends to somebody else; otherwise the agreement is to be terminated."""
        terms = terms_of(ctx, ref)
        staying = {
            party
            for party in current_parties(ctx, ref[0], agreement)
            if party != ctx.author and not is_leaving(ctx, agreement, ref[0], party)
        }
        pairs = terms is not None and any(
            sender != receiver or sender in terms.self_pairs
            for sender in staying.intersection(terms.senders)
            for receiver in staying.intersection(terms.receivers)
        )
        if not pairs:
            raise Rejection(
                "E_STATE", "expected others that go on; terminate the agreement", path="body.agreement_id"
            )

    def apply(self, ctx: Context, body: LeaveBody, plan: Departure) -> None:
        """Note the departure and queue what follows."""
        depart(ctx, body.agreement_id, plan)
