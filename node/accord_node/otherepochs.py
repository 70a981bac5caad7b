"""Peers that live in another epoch than we do: who is behind learns how its epoch ended, from whoever knows.

Who speaks of an epoch that is over gets the finalization that ended it. Who speaks of one that has not
begun here is asked for the finalization that ended ours. Certificates are never answered, or two nodes
would answer each other for ever; and no peer is answered or asked more often than once a second.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_ledger.errors import AccordError, FatalError
from accord_ledger.handoff import read_handoff
from accord_node.messages import CertificatesWanted, Request
from accord_node.peer import PeerNetwork
from accord_node.seams import Clock
from accord_node.storage.handoffs import Handoffs
from accord_node.workers import Executor

log = structlog.get_logger("epochs")

AGAIN_SECONDS: Final = 1.0
"""Least time between two messages of this kind to one peer."""
REQUEST_SECONDS: Final = 2.0
MAX_PEERS: Final = 256
"""Peers whose last message is remembered."""
MAX_ENDS: Final = 64
"""Finalizations kept in memory."""


class OtherEpochs:
    """Tells and asks how epochs ended."""

    def __init__(
        self,
        *,
        network: PeerNetwork,
        handoffs: Handoffs,
        executor: Executor,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """Wire it.

        Args:
            network: the peers.
            handoffs: of the epochs that have ended here.
            executor: reads their files.
            clock: for the pauses.
            spawn: runs a task; its failure stops the node.
        """
        self._network = network
        self._handoffs = handoffs
        self._executor = executor
        self._clock = clock
        self._spawn = spawn
        self._ends: dict[int, Certificate] = {}
        self._said: dict[tuple[str, bool], float] = {}
        """When a peer was last told (True) or asked (False), monotonic seconds."""

    def heard(self, party: str, epoch: int, ours: int) -> None:
        """A peer speaks of another epoch than ours."""
        if epoch == ours or not self._may(party, tell=epoch < ours):
            return
        self._spawn(self._tell(party, epoch) if epoch < ours else self._ask(party, ours))

    def _may(self, party: str, *, tell: bool) -> bool:
        now = self._clock.monotonic()
        last = self._said.pop((party, tell), None)
        if last is not None and now - last < AGAIN_SECONDS:
            self._said[party, tell] = last
            return False
        self._said[party, tell] = now
        if len(self._said) > MAX_PEERS:
            del self._said[next(iter(self._said))]
        return True

    def forget(self) -> None:
        """Our epoch has changed: whoever was asked may be asked again at once."""
        self._said = {key: at for key, at in self._said.items() if key[1]}

    async def _tell(self, party: str, epoch: int) -> None:
        certificate = await self._end(epoch)
        if certificate is not None:
            await self._request(party, Request.CERTIFICATE, codec.encode(certificate))

    async def _end(self, epoch: int) -> Certificate | None:
        """The finalization that ended an epoch."""
        if epoch not in self._ends:
            data = await self._executor.run(lambda: self._handoffs.read(epoch))
            if data is None:
                return None
            self._ends[epoch] = read_handoff(data).finalization
            if len(self._ends) > MAX_ENDS:
                del self._ends[next(iter(self._ends))]
        return self._ends[epoch]

    async def _ask(self, party: str, ours: int) -> None:
        wanted = CertificatesWanted(epoch=ours, from_view=1, to_view=1)
        await self._request(party, Request.CERTIFICATES, codec.encode(wanted))

    async def _request(self, party: str, kind: Request, payload: bytes) -> None:
        try:
            await self._network.request(party, kind, payload, timeout=REQUEST_SECONDS)
        except FatalError:
            raise
        except AccordError as error:
            log.debug("no word about an epoch's end", party=party, code=error.code)
