"""The peer network of one node: everything of this package, wired together."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from accord_ledger.keys import SigningKey
from accord_node.peer.acceptor import Acceptor
from accord_node.peer.budget import Accounts
from accord_node.peer.certificate import TlsIdentity
from accord_node.peer.config import PeerConfig
from accord_node.peer.dialer import Dialer
from accord_node.peer.directory import Directory
from accord_node.peer.errors import PeerError
from accord_node.peer.frames import (
    Announce,
    Frame,
    ItemFrame,
    Neighbours,
    Request,
    Response,
    StatusFrame,
    Want,
)
from accord_node.peer.gossip import Gossip
from accord_node.peer.handshake import Credentials
from accord_node.peer.link import Link
from accord_node.peer.links import LinkTable
from accord_node.peer.requests import Requests
from accord_node.peer.sockets import Net
from accord_node.peer.topics import RequestHandler

COSTS: Final = {StatusFrame: 50, Announce: 32, Request: 20}
"""What a frame that makes us look things up, or answer, counts against its sender's frames beyond itself. Honest
nodes say a few of them a second."""


class PeerNetwork:
    """Links, gossip and requests of one node. Make it inside the event loop that will run it."""

    def __init__(
        self,
        *,
        party: str,
        network: bytes,
        key: SigningKey,
        directory: Directory,
        identity: TlsIdentity,
        rng: random.Random,
        config: PeerConfig | None = None,
        net: Net | None = None,
    ) -> None:
        """Wire the parts; nothing is opened before :meth:`start`.

        Args:
            party: our party id.
            network: hash of the genesis document.
            key: our ``link`` key.
            directory: parties, keys and addresses as the ledger knows them.
            identity: our TLS certificate.
            rng: nonces, jitter and choice of targets; ``random.SystemRandom()`` in production, since
                targets and nonces must be unpredictable.
            config: limits and intervals.
            net: opens connections; None: WebSockets over TLS with ``identity``.
        """
        self._config = config = config or PeerConfig()
        self._loop = asyncio.get_running_loop()
        self._directory = directory
        self.counters: Counter[str] = Counter()
        """Events by name, for the metrics layer; only ever grow."""
        own = Credentials(network=network, party=party, key=key, link_keys=directory.link_keys)
        accounts = Accounts(config, self._loop.time)
        self._table = table = LinkTable(config, directory, accounts, self.counters, self._dispatch)
        self.gossip = Gossip(
            party=party,
            links=table.links,
            config=config,
            rng=rng,
            counters=self.counters,
            punish=self.punish,
        )
        """Publishing and handlers of items and status."""
        self._requests = Requests(config, self.counters, table.links.get)
        self._routes = self._hearers()
        self._acceptor = Acceptor(
            own=own, identity=identity, table=table, config=config, rng=rng, counters=self.counters, net=net
        )
        self._dialer = Dialer(
            own=own, directory=directory, table=table, config=config, rng=rng, counters=self.counters, net=net
        )
        self._on_links: list[Callable[[], None]] = []
        self._closed = False
        self._ending: set[asyncio.Task[None]] = set()
        table.watch(self._link_up, self._link_down)
        directory.on_change(self._directory_changed)

    def _hearers(self) -> dict[type[Frame], Callable[[Link, Any], None]]:
        """Who hears which frames."""
        return {
            ItemFrame: self.gossip.on_item_frame,
            Announce: self.gossip.on_announce,
            Want: self.gossip.on_want,
            Neighbours: self.gossip.on_neighbours,
            StatusFrame: self.gossip.entropy.heard,
            Request: self._requests.on_request,
            Response: self._requests.on_response,
        }

    async def start(self, host: str, port: int) -> int:
        """Listen and dial; returns the port really bound.

        Raises:
            OSError: the address cannot be bound.
        """
        bound = await self._acceptor.start(host, port)
        self._dialer.start()
        self.gossip.entropy.start()
        return bound

    async def close(self) -> None:
        """End every link and task of ours; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._acceptor.refuse_new()
        for link in list(self._table.links.values()):
            link.stop()
        await self._dialer.close()
        await self._acceptor.close()
        await self.gossip.close()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def linked(self) -> set[str]:
        """Parties we have a proven link to now."""
        return set(self._table.links)

    def on_links(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` whenever a link has come or gone."""
        self._on_links.append(callback)

    def serve(self, kind: int, handler: RequestHandler) -> None:
        """Answer requests of ``kind`` with ``await handler(party, payload)``; see :class:`Requests`."""
        self._requests.serve(kind, handler)

    async def request(self, party: str, kind: int, payload: bytes, timeout: float) -> bytes:
        """Ask a linked party (``PeerError``: ``PEER_GONE``, ``PEER_TIMEOUT``, ``PEER_REFUSED``)."""
        return await self._requests.request(party, kind, payload, timeout)

    def punish(self, party: str, points: float | None = None) -> None:
        """Charge a party for something found invalid; by default it is dropped and banned at once."""
        self._table.punish(party, points)

    def _directory_changed(self) -> None:
        if not self._closed:
            self._table.recheck()
            self._dialer.refresh()

    def _link_up(self, link: Link) -> None:
        self._requests.link_up(link)
        self.gossip.link_up(link)
        self._links_changed()

    def _link_down(self, link: Link, replaced: bool) -> None:
        for task in self._requests.link_down(link):
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        if not replaced:
            self.gossip.link_down(link)
            self._links_changed()

    def _links_changed(self) -> None:
        for callback in self._on_links:
            callback()

    def _dispatch(self, link: Link, frame: Frame) -> None:
        handler = self._routes.get(type(frame))
        if handler is None:
            raise PeerError("PEER_FRAME", f"expected no {type(frame).__name__} here")
        if (cost := COSTS.get(type(frame))) is not None:
            link.account.charge(0, cost)
        handler(link, frame)
