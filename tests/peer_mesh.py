"""Real nodes on loopback for the peer network's tests: own keys, own certificates, real TLS."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import aiohttp

from accord_ledger.keys import SigningKey
from accord_node.peer import Outcome, PeerConfig, PeerError, PeerNetwork, TlsIdentity, Topic
from accord_node.peer.certificate import client_context
from accord_node.peer.handshake import (
    SUBPROTOCOL,
    ClientHandshake,
    Credentials,
    check_welcome,
    decode_message,
    encode_message,
)
from waiting import until

NETWORK = sha256(b"peer test network").digest()
FAST = {
    "dial_min_seconds": 0.02,
    "dial_max_seconds": 0.2,
    "entropy_seconds": 0.1,
    "entropy_max_seconds": 0.4,
    "fetch_seconds": 0.3,
    "ban_min_seconds": 0.3,
}
"""Short intervals, so that repair takes a moment and not seconds."""

PATIENCE = 20.0
DEGREE = 3


def link_key(party: str, generation: int = 0) -> SigningKey:
    return SigningKey.from_seed(sha256(f"{party}/{generation}".encode()).digest())


class Book:
    """A directory held in memory, shared by the nodes of a test."""

    def __init__(self, validators: Iterable[str], observers: Iterable[str] = ()) -> None:
        self._validators = list(validators)
        self.keys = {party: (link_key(party).public,) for party in [*self._validators, *observers]}
        self.endpoints: dict[str, str] = {}
        self._callbacks: list[Callable[[], None]] = []

    def link_keys(self, party: str) -> tuple[bytes, ...]:
        return self.keys.get(party, ())

    def endpoint(self, party: str) -> str:
        return self.endpoints.get(party, "")

    def validators(self) -> list[str]:
        return self._validators

    def parties(self) -> list[str]:
        return list(self.keys)

    def on_change(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def changed(self) -> None:
        for callback in self._callbacks:
            callback()


class Node:
    """One node that keeps what it was handed."""

    def __init__(self, party: str, network: PeerNetwork) -> None:
        self.party = party
        self.network = network
        self.received: Counter[tuple[Topic, bytes]] = Counter()
        self.senders: list[str] = []
        self.verdict: Callable[[bytes], Outcome | Awaitable[Outcome]] = lambda _: Outcome.ACCEPT
        for topic in Topic:
            network.gossip.on_item(topic, self._take)

    def _take(self, topic: Topic, payload: bytes, sender: str) -> Outcome | Awaitable[Outcome]:
        self.received[topic, payload] += 1
        self.senders.append(sender)
        return self.verdict(payload)

    @property
    def counters(self) -> Counter[str]:
        return self.network.counters

    def has(self, topic: Topic, payload: bytes) -> bool:
        return self.received[topic, payload] > 0


class Mesh:
    """Nodes with the given links (all to all if None); an async context manager."""

    def __init__(
        self,
        folder: Path,
        parties: Iterable[str],
        links: dict[str, tuple[str, ...]] | None = None,
        observers: Iterable[str] = (),
        **config: Any,
    ) -> None:
        self.folder = folder
        self.observers = list(observers)
        self.book = Book(parties, self.observers)
        self.nodes: dict[str, Node] = {}
        self._links = links
        self._config = {**FAST, **config}

    def make(
        self, party: str, *, key: SigningKey | None = None, network: bytes = NETWORK, **config: Any
    ) -> Node:
        links = None if self._links is None else self._links[party]
        made = PeerNetwork(
            party=party,
            network=network,
            key=key or link_key(party),
            directory=self.book,
            identity=TlsIdentity.load_or_create(self.folder / party),
            rng=random.Random(party),
            config=PeerConfig(**{"links": links, **self._config, **config}),
        )
        node = self.nodes[party] = Node(party, made)
        return node

    async def open(self, node: Node) -> None:
        port = await node.network.start("127.0.0.1", 0)
        self.book.endpoints[node.party] = f"wss://127.0.0.1:{port}/peer"

    async def __aenter__(self) -> Self:
        for party in self.book.parties():
            await self.open(self.make(party))
        self.book.changed()
        await self.linked()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(node.network.close() for node in self.nodes.values()))

    def expected_links(self, party: str) -> set[str]:
        if self._links is not None:
            return set(self._links[party])
        return set(self.book.validators()) - {party}

    async def linked(self) -> None:
        """Wait until every link is up and everyone knows everyone's neighbours."""
        for party, node in self.nodes.items():
            if party not in self.observers:
                await until(partial(self._is_linked, party), f"{party} linked")
            else:
                await until(node.network.linked, f"{party} linked")
        await until(self._introduced, "neighbours known")

    def _is_linked(self, party: str) -> bool:
        return self.nodes[party].network.linked() >= self.expected_links(party)

    def _introduced(self) -> bool:
        return all(
            set(node.network.gossip._neighbours.get(other, ())) == self.nodes[other].network.linked()
            for node in self.nodes.values()
            for other in node.network.linked()
        )

    async def spread(self, topic: Topic, payload: bytes, source: str) -> None:
        """Publish at ``source`` and wait until all others have it."""
        self.nodes[source].network.gossip.publish(topic, payload)
        for party, node in self.nodes.items():
            if party != source:
                await until(partial(node.has, topic, payload), f"{party} has it")

    def total(self, counter: str) -> int:
        return sum(node.counters[counter] for node in self.nodes.values())


def ring(parties: list[str]) -> dict[str, tuple[str, ...]]:
    count = len(parties)
    return {p: (parties[i - 1], parties[(i + 1) % count]) for i, p in enumerate(parties)}


def line(parties: list[str]) -> dict[str, tuple[str, ...]]:
    return {p: tuple(parties[max(0, i - 1) : i] + parties[i + 1 : i + 2]) for i, p in enumerate(parties)}


def star(parties: list[str]) -> dict[str, tuple[str, ...]]:
    hub, *leaves = parties
    return {hub: tuple(leaves), **dict.fromkeys(leaves, (hub,))}


def random_regular(parties: list[str], degree: int = DEGREE, seed: int = 1) -> dict[str, tuple[str, ...]]:
    """A connected graph in which every node has ``degree`` links, chosen by chance."""
    rng = random.Random(seed)
    while True:
        stubs = [party for party in parties for _ in range(degree)]
        rng.shuffle(stubs)
        pairs = {frozenset(pair) for pair in zip(stubs[::2], stubs[1::2], strict=True)}
        if len(pairs) == len(stubs) // 2 and all(len(pair) == 2 for pair in pairs):
            links = {p: tuple(o for pair in pairs if p in pair for o in pair - {p}) for p in parties}
            if _reached(links, parties[0]) == set(parties):
                return links


def _reached(links: dict[str, tuple[str, ...]], start: str) -> set[str]:
    seen, edge = {start}, [start]
    while edge:
        edge = [other for party in edge for other in links[party] if other not in seen]
        seen.update(edge)
    return seen


class Stranger:
    """A raw WebSocket to a node: says whatever the test wants. An async context manager."""

    def __init__(self, address: str, *, party: str = "anna", key: SigningKey | None = None) -> None:
        self._address = address
        self.own = Credentials(
            network=NETWORK, party=party, key=key or link_key(party), link_keys=link_keys_of
        )
        self.certificate = b""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        try:
            self.socket = await self._session.ws_connect(
                self._address, ssl=client_context(), protocols=(SUBPROTOCOL,), max_msg_size=0
            )
        except aiohttp.ClientError:
            await self._session.close()
            raise
        self.certificate = sha256(
            self.socket.get_extra_info("ssl_object").getpeercert(binary_form=True)
        ).digest()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self._session.close()

    async def say(self, data: bytes) -> None:
        await self.socket.send_bytes(data)

    async def hear(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.socket.receive_bytes()

    async def closed(self) -> None:
        """Wait until the node has hung up."""
        async with asyncio.timeout(PATIENCE):
            while (await self.socket.receive()).type is aiohttp.WSMsgType.BINARY:
                pass

    async def refusal(self) -> str:
        """The code the node hangs up with."""
        try:
            decode_message(await self.hear())
        except PeerError as error:
            return error.code
        raise AssertionError("not refused")

    async def enter(self, server: str) -> None:
        """A whole, correct handshake."""
        client = ClientHandshake(self.own, server, random.randbytes(32))
        await self.say(encode_message(client.hello()))
        proof, _ = client.proof(decode_message(await self.hear()), self.certificate)
        await self.say(encode_message(proof))
        check_welcome(decode_message(await self.hear()))


def link_keys_of(party: str) -> tuple[bytes, ...]:
    return (link_key(party).public,)
