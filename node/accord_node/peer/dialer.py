"""The dialling side: whom to link to, the client's half of the handshake, and trying again.

One task per target party. The party with the smaller id dials first and the other gives it a moment,
which makes double dials rare; :mod:`accord_node.peer.links` resolves those that happen.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from hashlib import sha256
from typing import Final

import aiohttp

from accord_node.peer.acceptor import PATH, receive_message
from accord_node.peer.certificate import client_context
from accord_node.peer.config import PeerConfig
from accord_node.peer.directory import Directory
from accord_node.peer.errors import PeerError
from accord_node.peer.frames import MAX_MESSAGE_BYTES
from accord_node.peer.handshake import (
    NONCE_BYTES,
    SUBPROTOCOL,
    ClientHandshake,
    Credentials,
    check_welcome,
    encode_message,
)
from accord_node.peer.link import Link
from accord_node.peer.links import LinkTable
from accord_node.peer.sockets import Net, Socket

_CLOSE_SECONDS: Final = 1.0
_STEADY_SECONDS: Final = 2.0
"""A link that lasted this long resets the dialling delay."""

_FICKLE_FAILURES: Final = 3
"""Failures after which a target that was chosen at random is exchanged for another."""

_YIELD_FACTOR: Final = 3
"""How many times longer the party with the larger id waits before it dials."""


async def _no_redirect(*_: object) -> None:
    raise aiohttp.ClientError("expected a node, got a redirect")


class Dialer:
    """Keeps links to the parties this node should be linked to."""

    def __init__(
        self,
        *,
        own: Credentials,
        directory: Directory,
        table: LinkTable,
        config: PeerConfig,
        rng: random.Random,
        counters: Counter[str],
        net: Net | None = None,
    ) -> None:
        self._own = own
        self._net = net
        self._directory = directory
        self._table = table
        self._config = config
        self._rng = rng
        self._counters = counters
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._fickle: set[str] = set()
        self._started = False

    def start(self) -> None:
        """Begin to dial."""
        self._started = True
        if self._net is None:
            self._session = self._open_session()
        self.refresh()

    def _open_session(self) -> aiohttp.ClientSession:
        trace: aiohttp.TraceConfig = aiohttp.TraceConfig()
        trace.on_request_redirect.append(_no_redirect)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=client_context(), limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
        )

    def refresh(self) -> None:
        """Bring the dialling tasks in line with the directory."""
        if not self._started:
            return
        wanted = self._targets()
        for party in sorted(self._tasks.keys() - wanted):
            task = self._tasks.pop(party)
            if party not in self._table.links:
                task.cancel()  # a link that is up may stay; only the dialling ends
        for party in sorted(wanted - self._tasks.keys()):
            task = asyncio.get_running_loop().create_task(self._keep(party))
            self._tasks[party] = task
            self._ended.add(task)
            task.add_done_callback(self._done)

    async def close(self) -> None:
        """Stop dialling and end the links dialled from here."""
        for task in self._ended:
            task.cancel()
        await asyncio.gather(*self._ended, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._ended.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._counters["dialler_errors"] += 1
            context = {"message": "a dialling task failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _targets(self) -> set[str]:
        """Whom to dial now; what was chosen at random before stays chosen while it works."""
        me = self._own.party
        if self._config.links is not None:
            candidates, wanted = list(self._config.links), len(self._config.links)
        else:
            candidates = list(self._directory.validators())
            faults = (len(candidates) - 1) // 3
            mesh = max(self._config.full_mesh, faults + 1)
            wanted = mesh if me in candidates else self._config.observer_links
        able = sorted(party for party in set(candidates) - {me} if self._directory.endpoint(party))
        if len(able) <= wanted:
            return set(able)
        kept = {party for party in able if party in self._tasks and party not in self._fickle}
        others = [party for party in able if party not in kept and party not in self._fickle]
        self._rng.shuffle(others)
        spare = [party for party in able if party in self._fickle]
        self._fickle.clear()
        return kept | set((others + spare)[: max(0, wanted - len(kept))])

    async def _keep(self, party: str) -> None:
        """Dial whenever there is no link to the party, with growing delays."""
        loop = asyncio.get_running_loop()
        failures = 0
        patience = _YIELD_FACTOR if self._own.party > party else 0
        while self._tasks.get(party) is asyncio.current_task():
            await self._table.absent(party).wait()
            delay = min(
                self._config.dial_max_seconds, self._config.dial_min_seconds * 2.0 ** min(failures, 16)
            )
            delay = max(delay * self._rng.uniform(0.5, 1.5), self._table.accounts.of(party).banned_for())
            if failures or patience:
                await asyncio.sleep(delay * max(1, patience))
            if party in self._table.links:
                continue
            link = await self._dial(party)
            failures += 1
            if link is not None:
                up = loop.time()
                await self._table.serve(link)
                if loop.time() - up > _STEADY_SECONDS:
                    failures = 0
            elif failures == _FICKLE_FAILURES:
                self._exchange(party)

    def _exchange(self, party: str) -> None:
        self._fickle.add(party)
        self.refresh()

    async def _dial(self, party: str) -> Link | None:
        self._counters["dials"] += 1
        try:
            async with asyncio.timeout(self._config.handshake_seconds):
                return await self._connect(party)
        except PeerError as error:
            self._counters[f"dial_{error.code}"] += 1
        except TimeoutError:
            self._counters["dial_PEER_HANDSHAKE_TIMEOUT"] += 1
        except (aiohttp.ClientError, OSError, ValueError):  # ValueError: an address that is no URL
            self._counters["dial_failed"] += 1
        return None

    async def _connect(self, party: str) -> Link:
        self._table.check_welcome(party)
        address = self._directory.endpoint(party)
        if not (address.startswith("wss://") and address.endswith(PATH)):
            raise PeerError("PEER_UNKNOWN", f"expected wss://host:port{PATH} of {party}, got {address!r}")
        socket, certificate = await (self._net or self).connect(address)
        try:
            return await self._handshake(party, socket, certificate)
        except BaseException:
            await socket.close()
            raise

    async def connect(self, address: str) -> tuple[Socket, bytes]:
        """See :class:`Net`: a WebSocket over TLS; the certificate is empty if there is none."""
        if self._session is None:
            raise ConnectionError("expected an open session")
        socket = await self._session.ws_connect(
            address,
            protocols=(SUBPROTOCOL,),
            timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
            heartbeat=self._config.heartbeat_seconds,
            autoping=False,  # pings cost their sender, too: see Link
            max_msg_size=MAX_MESSAGE_BYTES,
        )
        tls = socket.get_extra_info("ssl_object")
        return socket, (None if tls is None else tls.getpeercert(binary_form=True)) or b""

    async def _handshake(self, party: str, socket: Socket, certificate: bytes) -> Link:
        if not certificate:
            raise PeerError("PEER_CERTIFICATE", f"expected a TLS certificate from {party}")
        client = ClientHandshake(self._own, party, self._rng.randbytes(NONCE_BYTES))
        await socket.send_bytes(encode_message(client.hello()))
        proof, key = client.proof(await receive_message(socket), sha256(certificate).digest())
        await socket.send_bytes(encode_message(proof))
        check_welcome(await receive_message(socket))
        return self._table.enter(party, key, self._own.party, socket)
