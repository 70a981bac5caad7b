"""T43, the node of a party: where it is reached and with which keys it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from accord_ledger import keys
from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.epochs import with_node, write_epoch
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.party import check_key_unused
from accord_ledger.domain.model.epoch import Epoch
from accord_ledger.domain.model.party import KEYS, NODES, PARTIES, KeyRecord, Node
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.errors import Rejection
from accord_ledger.fields import PublicKey, Signature, Slug

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

    def uses(self) -> list[tuple[str, NodeUse, NodeKey]]:
        """(path, use, key) of every key in the body."""
        links: list[tuple[str, NodeUse, NodeKey]] = [
            (f"body.link[{place}]", "link", key) for place, key in enumerate(self.link)
        ]
        return [
            *links,
            ("body.vote", "vote", self.vote),
            ("body.log", "log", self.log),
            ("body.witness", "witness", self.witness),
        ]

    def node(self) -> Node:
        """The node with these keys."""
        return Node(
            endpoint=self.endpoint,
            link=tuple(key.public for key in self.link),
            vote=self.vote.public,
            log=self.log.public,
            witness=self.witness.public,
        )


@dataclass(frozen=True, slots=True)
class NodePlan:
    """What a change of node keys does."""

    node: Node
    new: tuple[tuple[NodeUse, bytes], ...]
    """Keys to register."""
    retired: tuple[bytes, ...]
    """Public keys the node had and has no more."""
    epoch: Epoch | None
    """The next epoch, if the party has a seat."""


def _held(node: Node | None) -> frozenset[tuple[NodeUse, bytes]]:
    """(use, public key) of a node."""
    if node is None:
        return frozenset()
    links: set[tuple[NodeUse, bytes]] = {("link", public) for public in node.link}
    return frozenset({*links, ("vote", node.vote), ("log", node.log), ("witness", node.witness)})


@transaction_kind
class NodeKeysSetKind(TransactionKind[NodeKeysSet, NodePlan]):
    """All keys of the party's node at once; a seat's node keys change with the epoch.

    A key the node holds may stay in its use, so that link keys overlap while they are rotated; every
    other key must be unused by anyone for anything. What the node has no more is retired for ever.
    """

    name = "node_keys_set"
    row = "T43"
    body = NodeKeysSet
    errors = ("E_DUPLICATE", "E_UNKNOWN_REF", "E_KEY_REUSE", "E_KEY_INVALID", "E_STATE")
    in_genesis = True

    def weight(self, ctx: Context, body: NodeKeysSet) -> int:
        """8 + 12 per new key."""
        held = _held(ctx.state.get(NODES, body.party))
        return 8 + 12 * sum((use, key.public) not in held for _, use, key in body.uses())

    def signers(self, ctx: Context, body: NodeKeysSet) -> Need:
        """The party itself."""
        del ctx
        return Signer(body.party, "institution")

    def unused(self, ctx: Context, body: NodeKeysSet) -> None:
        """Genesis gives a party one node; one that carries another network on may give it other keys."""
        if ctx.genesis and not ctx.height:
            ctx.unused(NODES, body.party, path="body.party")

    def check(self, ctx: Context, body: NodeKeysSet) -> NodePlan:
        """Every key unused anywhere, admissible and possessed for its use; a quorum of members goes on."""
        ctx.known(PARTIES, body.party, path="body.party")
        known = ctx.state.get(NODES, body.party)
        held = _held(known)
        seen: set[bytes] = set()
        for path, use, key in body.uses():
            if key.public in seen:
                raise Rejection("E_KEY_REUSE", "expected a key of its own for every use", path=path)
            seen.add(key.public)
            if (use, key.public) not in held:
                check_key_unused(ctx, key.public, path)
        for path, use, key in body.uses():
            keys.check_possession(ctx.network, body.party, use, key.public, key.proof, path)
        node = body.node()
        epoch = None if ctx.genesis or node == known else with_node(ctx, body.party, node)
        new = tuple((use, key.public) for _, use, key in body.uses() if (use, key.public) not in held)
        retired = tuple(sorted(public for _, public in held if public not in seen))
        return NodePlan(node, new, retired, epoch)

    def apply(self, ctx: Context, body: NodeKeysSet, plan: NodePlan) -> None:
        """Write the node, its keys and, for a seat, the next epoch."""
        ctx.state.put(NODES, plan.node, body.party)
        for use, public in plan.new:
            record = KeyRecord(party=body.party, use=use, alg="ed25519", public=public, valid_from=ctx.time)
            ctx.state.put(KEYS, record, keys.key_id(public))
        for public in plan.retired:
            key_id = keys.key_id(public)
            record = ctx.known(KEYS, key_id, path="body.party")
            ctx.state.put(KEYS, msgspec.structs.replace(record, valid_to=ctx.time), key_id)
        if plan.epoch is not None:
            write_epoch(ctx, plan.epoch)
