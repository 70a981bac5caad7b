"""The running epoch, and what a record makes of the next one (DESIGN.md section 4, *Epoch change*).

A record that changes members, a member's node keys or the version in force opens the next epoch at the
next height; further ones of the same block change that next epoch again. The running epoch, whose members
vote on the block itself and sign for such changes, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from accord_ledger.block import MAX_MEMBERS, Member, Members
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.epoch import EPOCHS, MIN_SEATS, Epoch
from accord_ledger.domain.model.party import NODES, SEATS, Node, Seats
from accord_ledger.domain.signing import Need, Signer, k_of
from accord_ledger.domain.standing import active_first
from accord_ledger.errors import FatalError, Rejection
from accord_ledger.state import View


def newest(state: View) -> Epoch:
    """The epoch that votes on the block after this state; raises ``FatalError`` ``EPOCH_UNKNOWN``."""
    seats = state.get(SEATS)
    found = None if seats is None else state.get(EPOCHS, seats.epoch)
    if found is None:
        raise FatalError("EPOCH_UNKNOWN", "expected a state whose genesis gave seats")
    return found


def voters(state: View, number: int) -> Members | None:
    """Who votes in this epoch, or voted in it; None if it has not been decided."""
    found = state.get(EPOCHS, number)
    return None if found is None else found.members


def following(ctx: Context) -> Epoch:
    """The epoch of the next block, as far as the records before this one decide."""
    return newest(ctx.state)


def running(ctx: Context) -> Epoch:
    """The epoch of the block being executed: its members vote on it."""
    found = newest(ctx.state)
    if found.first <= ctx.height:
        return found
    return ctx.known(EPOCHS, found.members.epoch - 1, path="epoch")


def members_quorum(ctx: Context) -> Need:
    """N - f of the members of the running epoch, each with its ``governance`` key."""
    members = running(ctx).members
    parties = active_first(ctx, (member.party for member in members.members))
    return k_of(members.quorum, (Signer(party, "governance") for party in parties))


def with_seats(ctx: Context, parties: Iterable[str]) -> Epoch:
    """The next epoch with these seats and the node keys now registered (``E_STATE`` if it may not be).

    At least four members remain, at most 100 are there, and the members of the running epoch that stay
    with their keys are a quorum of the next one by themselves: newcomers and new keys that turn out not
    to work cannot stop the network.
    """
    names = sorted(parties)
    nodes = {name: ctx.known(NODES, name, path="body.party") for name in names}
    return _checked(ctx, nodes)


def with_node(ctx: Context, party: str, node: Node) -> Epoch | None:
    """The next epoch with new keys of this party's node; None if it has no seat there."""
    members = following(ctx).members
    names = [member.party for member in members.members]
    if party not in names:
        return None
    nodes = {name: ctx.known(NODES, name, path="body.party") for name in names}
    return _checked(ctx, nodes | {party: node})


def with_version(ctx: Context, version: int) -> Epoch:
    """The next epoch with another protocol version in force."""
    now = following(ctx)
    number, first = _number(ctx)
    return Epoch(
        members=Members(epoch=number, members=now.members.members),
        version=version,
        first=first,
        logs=now.logs,
    )


def write_epoch(ctx: Context, epoch: Epoch) -> None:
    """Let this be the next epoch: the block that is executed is the last of the running one."""
    parties = tuple(member.party for member in epoch.members.members)
    ctx.state.put(SEATS, Seats(parties=parties, epoch=epoch.members.epoch))
    ctx.state.put(EPOCHS, epoch, epoch.members.epoch)


def founding(ctx: Context, parties: Iterable[str]) -> Epoch:
    """The first epoch with these seats: genesis gives one after another, and their least number is judged at its end.

    It is epoch 0 from height 1 on, but in a network that carries another one on: there numbers, heights and
    the protocol in force continue.
    """
    parties = tuple(parties)
    if len(parties) > MAX_MEMBERS:
        raise Rejection("E_STATE", f"expected at most {MAX_MEMBERS} seats", path="body.party")
    nodes = {name: ctx.known(NODES, name, path="body.party") for name in sorted(parties)}
    number = (ctx.state.get(SEATS) or Seats(parties=())).epoch
    before = ctx.state.get(EPOCHS, number - 1) if number else None
    return Epoch(
        members=_members(number, nodes),
        version=1 if before is None else before.version,
        first=ctx.height + 1,
        logs=tuple(node.log for node in nodes.values()),
    )


def _members(number: int, nodes: dict[str, Node]) -> Members:
    rows = (Member(party=name, vote=node.vote, witness=node.witness) for name, node in nodes.items())
    return Members(epoch=number, members=tuple(rows))


def _number(ctx: Context) -> tuple[int, int]:
    """Number and first height of the next epoch."""
    return running(ctx).members.epoch + 1, ctx.height + 1


def _checked(ctx: Context, nodes: dict[str, Node]) -> Epoch:
    if not MIN_SEATS <= len(nodes) <= MAX_MEMBERS:
        raise Rejection(
            "E_STATE", f"expected {MIN_SEATS} to {MAX_MEMBERS} seats, got {len(nodes)}", path="body.party"
        )
    number, first = _number(ctx)
    members = _members(number, nodes)
    staying = set(members.members).intersection(running(ctx).members.members)
    if len(staying) < members.quorum:
        raise Rejection(
            "E_STATE",
            f"expected {members.quorum} of {members.size} members to stay with their keys, got {len(staying)}",
            path="body.party",
        )
    return Epoch(
        members=members,
        version=following(ctx).version,
        first=first,
        logs=tuple(node.log for node in nodes.values()),
    )
