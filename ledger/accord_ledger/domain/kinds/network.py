"""T42 and T43 as genesis makes them: nodes of parties, and the seats that vote in the first epoch."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger import keys
from accord_ledger.block import MAX_MEMBERS
from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.party import check_key_unused
from accord_ledger.domain.model.party import KEYS, NODES, PARTIES, SEATS, KeyRecord, Node, Seats
from accord_ledger.domain.signing import Need, Signer, all_of, k_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import PublicKey, Signature, Slug

SEAT_ROLES: Final = frozenset({"credit_bank", "university", "regulator"})
"""Roles that may hold a seat (DOMAIN.md 2.1)."""


NodeUse = Literal["link", "vote", "log", "witness"]


class NodeKey(Wire):
    """A node's key with its proof of possession, for the use it stands under."""

    public: PublicKey
    proof: Signature


class NodeKeysSet(Body):
    """T43."""

    party: Slug
    endpoint: Annotated[str, Meta(max_length=300, pattern=r"^wss://[\x21-\x7e]+\Z")]
    link: Annotated[tuple[NodeKey, ...], Meta(min_length=1, max_length=4)]
    vote: NodeKey
    log: NodeKey
    witness: NodeKey


def _uses(body: NodeKeysSet) -> list[tuple[str, NodeUse, NodeKey]]:
    """(path, use, key) of every key in the body."""
    links: list[tuple[str, NodeUse, NodeKey]] = [
        (f"body.link[{place}]", "link", key) for place, key in enumerate(body.link)
    ]
    return [
        *links,
        ("body.vote", "vote", body.vote),
        ("body.log", "log", body.log),
        ("body.witness", "witness", body.witness),
    ]


@transaction_kind
class NodeKeysSetKind(TransactionKind[NodeKeysSet, None]):
    """The party's node: where it is reached and with which keys it speaks."""

    name = "node_keys_set"
    row = "T43"
    body = NodeKeysSet
    errors = ("E_DUPLICATE", "E_UNKNOWN_REF", "E_KEY_REUSE", "E_KEY_INVALID")
    in_genesis = True
    as_transaction = False

    def weight(self, ctx: Context, body: NodeKeysSet) -> int:
        """8 + 12 per new key."""
        del ctx
        return 8 + 12 * len(_uses(body))

    def signers(self, ctx: Context, body: NodeKeysSet) -> Need:
        """The party itself."""
        del ctx
        return Signer(body.party, "institution")

    def unused(self, ctx: Context, body: NodeKeysSet) -> None:
        """Genesis gives a party one node."""
        ctx.unused(NODES, body.party, path="body.party")

    def check(self, ctx: Context, body: NodeKeysSet) -> None:
        """Every key unused anywhere, admissible and possessed for its use."""
        ctx.known(PARTIES, body.party, path="body.party")
        seen: set[bytes] = set()
        for path, _, key in _uses(body):
            if key.public in seen:
                raise Rejection("E_KEY_REUSE", "expected a key of its own for every use", path=path)
            seen.add(key.public)
            check_key_unused(ctx, key.public, path)
        for path, use, key in _uses(body):
            keys.check_possession(ctx.network, body.party, use, key.public, key.proof, path)

    def apply(self, ctx: Context, body: NodeKeysSet, plan: None) -> None:
        """Write the node and its keys."""
        node = Node(
            endpoint=body.endpoint,
            link=tuple(key.public for key in body.link),
            vote=body.vote.public,
            log=body.log.public,
            witness=body.witness.public,
        )
        ctx.state.put(NODES, node, body.party)
        for record in (_record(ctx, body.party, use, key) for _, use, key in _uses(body)):
            ctx.state.put(KEYS, record, keys.key_id(record.public))


def _record(ctx: Context, party: str, use: NodeUse, key: NodeKey) -> KeyRecord:
    return KeyRecord(party=party, use=use, alg="ed25519", public=key.public, valid_from=ctx.time)


class SeatGrant(Body):
    """T42, a vote for a party."""

    party: Slug


@transaction_kind
class SeatGrantKind(TransactionKind[SeatGrant, Seats]):
    """A party votes from the first epoch on."""

    name = "seat_grant"
    row = "T42"
    body = SeatGrant
    errors = ("E_UNKNOWN_REF", "E_ROLE", "E_NOT_READY", "E_STATE")
    in_genesis = True
    as_transaction = False

    def weight(self, ctx: Context, body: SeatGrant) -> int:
        """8 + members."""
        del body
        return 8 + len((ctx.state.get(SEATS) or Seats(parties=())).parties)

    def signers(self, ctx: Context, body: SeatGrant) -> Need:
        """A quorum (n - f) of the current members, and the newcomer."""
        members = (ctx.state.get(SEATS) or Seats(parties=())).parties
        quorum = len(members) - (len(members) - 1) // 3
        consent = k_of(quorum, (Signer(member, "governance") for member in members))
        return all_of(consent, Signer(body.party, "institution"))

    def check(self, ctx: Context, body: SeatGrant) -> Seats:
        """The role may hold a seat, the node is there, and the party has none yet."""
        party = ctx.known(PARTIES, body.party, path="body.party")
        if not SEAT_ROLES.intersection(party.roles):
            raise Rejection("E_ROLE", f"expected {' or '.join(sorted(SEAT_ROLES))}", path="body.party")
        if not ctx.state.exists(NODES, body.party):
            raise Rejection("E_NOT_READY", f"expected node keys of {body.party}", path="body.party")
        seats = ctx.state.get(SEATS) or Seats(parties=())
        if body.party in seats.parties:
            raise Rejection("E_STATE", f"expected {body.party} without a seat", path="body.party")
        if len(seats.parties) >= MAX_MEMBERS:
            raise Rejection("E_STATE", f"expected at most {MAX_MEMBERS} seats", path="body.party")
        return Seats(parties=tuple(sorted((*seats.parties, body.party))), epoch=seats.epoch)

    def apply(self, ctx: Context, body: SeatGrant, plan: Seats) -> None:
        """Write the seats."""
        ctx.state.put(SEATS, plan)
