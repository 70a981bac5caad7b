"""T42, the seats: who votes from the next epoch on. Registering a party gives no vote."""

from __future__ import annotations

from typing import Final

from accord_ledger.domain.context import Context
from accord_ledger.domain.epochs import (
    following,
    founding,
    members_quorum,
    running,
    with_seats,
    write_epoch,
)
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.epoch import Epoch
from accord_ledger.domain.model.party import NODES, PARTIES, SEATS, Seats
from accord_ledger.domain.readiness import Readiness, check_readiness
from accord_ledger.domain.signing import Need, Signer, all_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import Slug

SEAT_ROLES: Final = frozenset({"credit_bank", "university", "regulator"})
"""Roles that may hold a seat (DOMAIN.md 2.1)."""


class SeatGrant(Body):
    """T42, a vote for a party."""

    party: Slug
    ready: Readiness | None = None
    """Proof that the newcomer's node follows; None in genesis only, where there is nothing to follow yet."""


@transaction_kind
class SeatGrantKind(TransactionKind[SeatGrant, Epoch]):
    """A party votes from the next epoch on."""

    name = "seat_grant"
    row = "T42"
    body = SeatGrant
    errors = ("E_UNKNOWN_REF", "E_ROLE", "E_NOT_READY", "E_STATE")
    in_genesis = True

    def weight(self, ctx: Context, body: SeatGrant) -> int:
        """8 + members."""
        del body
        return 8 + running(ctx).members.size

    def signers(self, ctx: Context, body: SeatGrant) -> Need:
        """N - f of the current members, and the newcomer."""
        return all_of(members_quorum(ctx), Signer(body.party, "institution"))

    def check(self, ctx: Context, body: SeatGrant) -> Epoch:
        """Role, node keys, proof that the node follows, no seat yet, and a quorum that goes on."""
        party = ctx.known(PARTIES, body.party, path="body.party")
        if not SEAT_ROLES.intersection(party.roles):
            raise Rejection("E_ROLE", f"expected {' or '.join(sorted(SEAT_ROLES))}", path="body.party")
        self._check_ready(ctx, body)
        parties = (ctx.state.get(SEATS) or Seats(parties=())).parties
        if body.party in parties:
            raise Rejection("E_STATE", f"expected {body.party} without a seat", path="body.party")
        return (founding if ctx.genesis else with_seats)(ctx, (*parties, body.party))

    def _check_ready(self, ctx: Context, body: SeatGrant) -> None:
        node = ctx.state.get(NODES, body.party)
        if node is None:
            raise Rejection("E_NOT_READY", f"expected node keys of {body.party}", path="body.party")
        if (body.ready is None) != ctx.genesis:
            raise Rejection(
                "E_NOT_READY", "expected a proof of readiness, and none in genesis", path="body.ready"
            )
        if body.ready is not None:
            check_readiness(ctx, body.party, node.vote, body.ready, "body.ready")

    def apply(self, ctx: Context, body: SeatGrant, plan: Epoch) -> None:
        """Write the next epoch."""
        del body
        write_epoch(ctx, plan)


class SeatRevoke(Body):
    """T42, the end of a party's vote."""

    party: Slug


@transaction_kind
class SeatRevokeKind(TransactionKind[SeatRevoke, Epoch]):
    """A party has no vote from the next epoch on; what it signed before stays."""

    name = "seat_revoke"
    row = "T42"
    body = SeatRevoke
    errors = ("E_UNKNOWN_REF", "E_STATE")

    def weight(self, ctx: Context, body: SeatRevoke) -> int:
        """8 + members."""
        del body
        return 8 + running(ctx).members.size

    def signers(self, ctx: Context, body: SeatRevoke) -> Need:
        """N - f of the current members."""
        del body
        return members_quorum(ctx)

    def check(self, ctx: Context, body: SeatRevoke) -> Epoch:
        """The party has a seat, at least four others remain, and a quorum goes on."""
        ctx.known(PARTIES, body.party, path="body.party")
        parties = [member.party for member in following(ctx).members.members]
        if body.party not in parties:
            raise Rejection("E_STATE", f"expected {body.party} to have a seat", path="body.party")
        return with_seats(ctx, (party for party in parties if party != body.party))

    def apply(self, ctx: Context, body: SeatRevoke, plan: Epoch) -> None:
        """Write the next epoch."""
        del body
        write_epoch(ctx, plan)
