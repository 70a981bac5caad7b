"""Running nodes whose members, keys and versions change: records for that, and newcomers.

async with Changing(make_epoch_alliance(4, 3), tmp_path) as network:
    await network.grant("o0")               # T42 with the newcomer's own proof of readiness
    await network.rekey("p1", "vote")       # T43, with the new key already beside the old one
    await network.revoke("p2")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from accord_client.api import SubmitResult
from accord_genesis.document import Genesis
from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet
from accord_ledger.domain.kinds.party import NewKey, PartyRegister
from accord_ledger.domain.kinds.seat import SeatGrant, SeatRevoke
from accord_ledger.domain.kinds.version import VersionActivate
from accord_ledger.domain.readiness import Readiness
from accord_ledger.keys import SigningKey
from accord_node.config import Config, parse
from accord_node.http import HttpServer
from accord_node.membership import final_block
from accord_node.newcomer import prove_ready
from accord_node.node import Node, NodeKeys
from node_network import PURPOSES, USES, Alliance, Network, free_ports, key, make_alliance
from waiting import until

PATIENCE = 40.0


@dataclass
class EpochAlliance(Alliance):
    """An alliance whose nodes' keys come in generations, and which parties join later."""

    held: dict[tuple[str, str], list[SigningKey]] = field(default_factory=dict)
    """By party and use: the keys in a node's files, the newest last."""
    joined: list[str] = field(default_factory=list)
    """Parties that are not in genesis."""

    def files(self, party: str, use: str) -> list[SigningKey]:
        return self.held.setdefault((party, use), [key(party, use)])

    def node_keys(self, party: str, *, observer: bool = False) -> NodeKeys:
        del observer  # whether it votes is for the ledger to say
        link, vote, log, witness = (self.files(party, use)[0] for use in USES)
        coming = {use: keys[-1] for use in USES if len(keys := self.files(party, use)) > 1}
        return NodeKeys(link, log, vote, witness, coming=coming)

    def node_keys_set(self, party: str) -> NodeKeysSet:
        """T43 naming the newest keys; link keys overlap."""
        network = self.genesis.network

        def made(use: str, item: SigningKey) -> NodeKey:
            return NodeKey(public=item.public, proof=item.prove_possession(network, party, use))

        links = tuple(made("link", item) for item in self.files(party, "link")[-2:])
        vote, log, witness = (made(use, self.files(party, use)[-1]) for use in ("vote", "log", "witness"))
        return NodeKeysSet(
            party=party, endpoint=f"wss://127.0.0.1:{self.ports[party]}/peer", link=links,
            vote=vote, log=log, witness=witness,
        )  # fmt: skip

    def party_register(self, party: str) -> PartyRegister:
        """T01 of a university."""
        new = [
            NewKey(
                alg="ed25519", public=key(party, purpose).public, purposes=(purpose,),
                proof=key(party, purpose).prove_possession(self.genesis.network, party, "institution"),
            )
            for purpose in PURPOSES
        ]  # fmt: skip
        return PartyRegister(
            party_id=party, roles=("university",), legal_name={"en": party}, country="XA", region="XA-E",
            keys=tuple(sorted(new, key=lambda item: item.public)),
        )  # fmt: skip


def make_epoch_alliance(members: int = 4, observers: int = 0) -> EpochAlliance:
    made = make_alliance(members, observers)
    return EpochAlliance(made.genesis_file, made.genesis, made.parties, made.ports)


@dataclass
class Changing(Network):
    """Running nodes of an alliance that changes."""

    alliance: EpochAlliance

    def config(self, party: str, **peers: Any) -> Config:
        pin = self.alliance.genesis.network.hex() if party in self.alliance.joined else ""
        return parse(
            {
                "party": party,
                "pin": pin,
                "token": f"../{party}.token",
                "peers": {"port": self.alliance.ports[party], **peers},
                "http": {"port": 0},
                "consensus": {"delta_ms": 200, "heartbeat_seconds": 2, **self.overrides},
            }
        )

    @property
    def genesis(self) -> Genesis:
        return self.alliance.genesis

    def newest(self) -> Node:
        """The node that is furthest."""
        return max(self.nodes.values(), key=lambda node: node.chain.base.height)

    def members(self) -> tuple[str, ...]:
        return tuple(member.party for member in self.newest().chain.base.members.members)

    # -- records -----------------------------------------------------------------------------------

    def signed(self, kind: str, author: str, body: Any, signers: Sequence[tuple[str, str]]) -> bytes:
        """A record by several parties."""
        draft = self.alliance.draft(kind, author, body)
        for party, purpose in signers:
            draft.sign(key(party, purpose))
        return draft.entry()

    def by_members(self, kind: str, author: str, body: Any, *more: tuple[str, str]) -> bytes:
        """A record signed by a quorum of the members."""
        members = self.newest().chain.base.members
        quorum = [(member.party, "governance") for member in members.members][: members.quorum]
        own = [(author, "institution")] if author not in dict(quorum) else []
        return self.signed(kind, author, body, [*quorum, *own, *more])

    async def submit(self, entry: bytes, *, at: str = "p0") -> SubmitResult:
        """What becomes of a record."""
        (result,) = await self.nodes[at].submissions.submit([entry], wait=True, timeout=PATIENCE)
        return result

    async def final(self, entry: bytes, *, at: str = "p0") -> SubmitResult:
        result = await self.submit(entry, at=at)
        assert result.status == "final", result
        return result

    # -- changes -----------------------------------------------------------------------------------

    async def join(self, party: str) -> None:
        """A party that is not in genesis: T01, T43, and its node with an empty data folder."""
        self.alliance.joined.append(party)
        (self.alliance.ports[party],) = free_ports(1)
        await self.final(self.by_members("party_register", "p0", self.alliance.party_register(party)))
        await self.final(self.alliance.entry("node_keys_set", party, self.alliance.node_keys_set(party)))
        await self.start(party)

    async def grant_entry(self, party: str) -> bytes:
        """T42 with the newcomer's own proof."""
        newcomer = self.nodes[party]
        height = self.newest().chain.base.height
        await until(
            lambda: newcomer.chain.base.height >= height and not newcomer.epochs.doubtful,
            f"{party} caught up", PATIENCE,
        )  # fmt: skip
        body = SeatGrant(party=party, ready=await self.proof(party))
        return self.by_members("seat_grant", party, body)

    async def proof(self, party: str) -> Readiness:
        """What a node's operator hands to the members, out of the running node."""
        node, server = self.nodes[party], HttpServer(self.nodes[party])
        await server.start()
        try:
            found = await asyncio.to_thread(final_block, node.config, self.folder / party, server.url)
        finally:
            await server.close()
        return prove_ready(party, node.keys, found)

    async def grant(self, party: str, *, at: str = "p0") -> None:
        await self.changed(await self.grant_entry(party), at=at)

    async def revoke(self, party: str, *, at: str = "p0") -> None:
        await self.changed(self.by_members("seat_revoke", at, SeatRevoke(party=party)), at=at)

    async def rekey(self, party: str, *uses: str, at: str = "p0") -> None:
        """T43 with new keys, which lie in the node's files from now on."""
        for use in uses or USES:
            held = self.alliance.files(party, use)
            held.append(key(party, use, str(len(held))))
        if party in self.nodes:
            await self.stop(party)
            await self.start(party)
        await self.changed(
            self.alliance.entry("node_keys_set", party, self.alliance.node_keys_set(party)), at=at
        )

    def activate(self, version: int) -> bytes:
        return self.by_members("version_activate", "p0", VersionActivate(version=version))

    async def changed(self, entry: bytes, *, at: str = "p0") -> None:
        """Submit a record that ends the epoch, and wait until every node lives in the next one."""
        epoch = self.newest().chain.base.members.epoch
        await self.final(entry, at=at)
        await self.in_epoch(epoch + 1)

    async def in_epoch(self, epoch: int, *parties: str) -> None:
        nodes = [self.nodes[party] for party in parties or self.nodes]
        await until(
            lambda: all(node.members.epoch >= epoch for node in nodes), f"all in epoch {epoch}", PATIENCE
        )

    async def ready(self, *parties: str) -> None:
        """Wait until these nodes make progress."""
        nodes = [self.nodes[party] for party in parties or self.nodes]
        await until(lambda: all(node.readiness()[0] for node in nodes), "ready", PATIENCE)

    async def settled(self) -> None:
        """One height, one state, one log on all nodes, and a quorum's checkpoint of it."""
        nodes = list(self.nodes.values())

        def equal() -> bool:
            facts = {(node.chain.base.seal_hash, node.chain.base.log.root()) for node in nodes}
            newest = [node.cosigners.newest for node in nodes]
            sizes = {item.size for item in newest if item is not None}
            return len(facts) == 1 and None not in newest and sizes == {nodes[0].chain.base.log.size}

        await until(equal, "one ledger, cosigned", PATIENCE)


class Load:
    """Records submitted one after another at several nodes until told to stop; all must become final."""

    def __init__(self, network: Network, entry: Callable[[int], bytes], *parties: str) -> None:
        self._network = network
        self._entry = entry
        self._parties = parties
        self._stop = False
        self._next = 0
        self.results: list[SubmitResult] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._run(party)) for party in self._parties]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop = True
        await asyncio.gather(*self._tasks)

    async def _run(self, party: str) -> None:
        while not self._stop:
            self._next += 1
            entry = self._entry(self._next)
            node = self._network.nodes[party]
            self.results += await node.submissions.submit([entry], wait=True, timeout=PATIENCE)

    async def more(self, count: int) -> None:
        """Wait for so many further answers."""
        wanted = len(self.results) + count
        await until(lambda: len(self.results) >= wanted, f"{count} more answers", PATIENCE)

    def statuses(self) -> set[str]:
        return {result.status for result in self.results}
