"""The table of links: who may be linked, and which of two links to one party stays.

Two nodes may dial each other at the same time. Both keep the link dialled by the party with the smaller
id; between two links dialled by the same party the newer stays, since its dialler has lost the other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from accord_ledger.errors import AccordError, FatalError
from accord_node.peer.budget import Accounts
from accord_node.peer.config import PeerConfig
from accord_node.peer.directory import Directory
from accord_node.peer.errors import PeerError
from accord_node.peer.frames import Frame
from accord_node.peer.link import Link
from accord_node.peer.sockets import Socket


class LinkTable:
    """All links of a node, one per party at most."""

    def __init__(
        self,
        config: PeerConfig,
        directory: Directory,
        accounts: Accounts,
        counters: Counter[str],
        dispatch: Callable[[Link, Frame], None],
    ) -> None:
        self.links: dict[str, Link] = {}
        """Party -> its link; in order of coming up."""
        self.accounts = accounts
        self._config = config
        self._directory = directory
        self._counters = counters
        self._dispatch = dispatch
        self._absent: dict[str, asyncio.Event] = {}
        self._watchers: list[tuple[Callable[[Link], object], Callable[[Link, bool], object]]] = []

    def watch(self, up: Callable[[Link], object], down: Callable[[Link, bool], object]) -> None:
        """Call ``up(link)`` for each new link and ``down(link, replaced)`` when it is gone."""
        self._watchers.append((up, down))

    def check_welcome(self, party: str) -> None:
        """Raise ``PeerError`` ``PEER_UNWANTED``, ``PEER_BANNED`` or ``PEER_BUSY`` if it may not link."""
        if self._config.links is not None and party not in self._config.links:
            raise PeerError("PEER_UNWANTED", f"{party} is not among the configured links")
        wait = self.accounts.of(party).banned_for()
        if wait > 0:
            raise PeerError("PEER_BANNED", f"{party} has to wait {wait:.1f} s")
        full = len(self.links) >= self._config.max_links and party not in self.links
        if full and party not in self._directory.validators():  # whom nobody may crowd out; they are few
            raise PeerError("PEER_BUSY", f"expected fewer than {self._config.max_links} links")

    def enter(self, party: str, key: bytes, dialler: str, socket: Socket) -> Link:
        """Make and register the link of a proven party.

        Raises:
            PeerError: ``PEER_DUPLICATE`` if the link there is stays, or a code of :meth:`check_welcome`.
        """
        self.check_welcome(party)
        old = self.links.get(party)
        if old is not None and old.dialler < dialler:
            raise PeerError("PEER_DUPLICATE", f"the link dialled by {old.dialler} stays")
        account = self.accounts.of(party)
        link = Link(
            party,
            key,
            dialler,
            socket,
            account=account,
            config=self._config,
            counters=self._counters,
            deliver=self._deliver,
        )
        if old is not None:
            self._counters["links_replaced"] += 1
            old.outbox.move_to(link.outbox)
            self._remove(old, replaced=True)
            old.stop()
        self.links[party] = link
        self._counters["links_opened"] += 1
        self.absent(party).clear()
        for up, _ in self._watchers:
            up(link)
        return link

    async def serve(self, link: Link) -> None:
        """Run a link until it ends; what the party did wrong is charged to it, what we did is reported."""
        try:
            fault = await link.run()
            if isinstance(fault, PeerError):
                self._counters[f"link_{fault.code}"] += 1
                self.punish(link.party)
            elif fault is not None:
                self._counters["handler_errors"] += 1
                context = {"message": f"a frame handler failed for {link.party}", "exception": fault}
                asyncio.get_running_loop().call_exception_handler(context)
        finally:
            if self.links.get(link.party) is link:
                self._remove(link, replaced=False)

    def punish(self, party: str, points: float | None = None) -> None:
        """Charge an offence (by default a whole ban's worth); drop the party if that bans it."""
        self._counters["offences"] += 1
        if self.accounts.of(party).offend(self._config.offence_points if points is None else points):
            self._counters["bans"] += 1
            link = self.links.get(party)
            if link is not None:
                link.stop()

    def recheck(self) -> None:
        """Drop links whose key the ledger no longer knows."""
        for party, link in list(self.links.items()):
            if link.key not in self._directory.link_keys(party):
                self._counters["links_revoked"] += 1
                link.stop()

    def absent(self, party: str) -> asyncio.Event:
        """Set while there is no link to the party."""
        event = self._absent.get(party)
        if event is None:
            event = self._absent[party] = asyncio.Event()
            if party not in self.links:
                event.set()
        return event

    def _remove(self, link: Link, *, replaced: bool) -> None:
        del self.links[link.party]
        self._counters["links_closed"] += 1
        for _, down in self._watchers:
            down(link, replaced)
        self.absent(link.party).set()

    def _deliver(self, link: Link, frame: Frame) -> None:
        try:
            self._dispatch(link, frame)
        except (FatalError, PeerError):
            raise
        except AccordError as error:
            raise PeerError("PEER_FRAME", f"{error.code}: {error.detail}", path=error.path) from error
