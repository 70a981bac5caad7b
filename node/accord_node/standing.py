"""Where this node stands: what it tells its peers at intervals, what it makes of theirs, and readiness."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from accord_ledger import codec
from accord_ledger.consensus import inputs as on
from accord_ledger.errors import AccordError
from accord_node.chain import Chain
from accord_node.config import Consensus as Timing
from accord_node.cosigning import Cosigners
from accord_node.epochs import Epochs
from accord_node.messages import Request, Status, Tip
from accord_node.peer import PeerConfig, PeerNetwork
from accord_node.seams import Clock
from accord_node.sync import CatchUp
from accord_node.workshop import FAR_BLOCKS

log = structlog.get_logger("node")

STALL_FACTOR = 20
"""Waiting work without finality for this many message delays (and 5 s) means: not making progress."""


class Standing:
    """A node's position among its peers.

    Attributes:
        last_final: when a block last became durable here (monotonic seconds).
        busy_since: since when transactions wait without a pause; None while none wait.
    """

    def __init__(
        self,
        *,
        party: str,
        chain: Chain,
        epochs: Epochs,
        cosigners: Cosigners,
        catch_up: CatchUp,
        network: PeerNetwork,
        clock: Clock,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._party = party
        self._chain = chain
        self._epochs = epochs
        self._cosigners = cosigners
        self._catch_up = catch_up
        self._network = network
        self._clock = clock
        self._timing = timing
        self._spawn = spawn
        self._asking: set[str] = set()
        """Peers whose tip is being asked for: none of them can keep us from asking another."""
        self._heights: dict[str, int] = {}
        """Newest durable heights, as members say."""
        self.last_final = clock.monotonic()
        self.busy_since: float | None = None

    @property
    def behind(self) -> bool:
        """Whether f + 1 members say that they are many blocks ahead: one of them at least is honest."""
        members = self._epochs.members
        said = sorted((self._heights.get(member.party, 0) for member in members.members), reverse=True)
        return said[members.faults] > self._chain.base.height + FAR_BLOCKS

    def status(self) -> bytes:
        """What peers are told."""
        newest = self._cosigners.newest
        return codec.encode(
            Status(
                epoch=self._epochs.members.epoch,
                height=self._chain.base.height,
                view=self._epochs.driver.view,
                cosigned=newest.size if newest is not None else 0,
            )
        )

    def on_status(self, party: str, payload: bytes) -> None:
        """What a peer tells: one of us may lack something that the other has."""
        status, base = codec.decode(payload, Status), self._chain.base
        self._epochs.reported(party, status)
        if self._epochs.members.vote_key(party) is not None:
            self._heights[party] = status.height
        epoch, driver = self._epochs.members.epoch, self._epochs.driver
        if status.epoch > epoch:
            self._epochs.heard(party, status.epoch)
        elif status.height > base.height and party not in self._asking:
            self._asking.add(party)
            self._spawn(self._ask_tip(party))
        if status.epoch == epoch and status.view < driver.view:
            # It may have missed the certificate that ended its view; the core answers within its bounds.
            driver.give(on.CertificatesRequested(party, status.view, driver.view))
        if status.cosigned < base.log.size and status.height >= base.height:
            self._cosigners.repeat()

    async def _ask_tip(self, party: str) -> None:
        """A peer is ahead: its newest finalization brings us there."""
        try:
            answer = await self._network.request(party, Request.TIP, b"", timeout=2.0)
            certificate = codec.decode(answer, Tip).certificate
        except AccordError as error:
            log.debug("no tip from a peer", party=party, code=error.code)
            return
        finally:
            self._asking.discard(party)
        if certificate is None or certificate.kind != "finalize":
            return
        hearing = self._epochs.driver.hearing
        if certificate.epoch > self._epochs.members.epoch:
            self._epochs.heard(party, certificate.epoch)
        elif not hearing.check_certificate(certificate):
            self._network.punish(party)
        else:
            self._epochs.driver.give(on.CertificateReceived(certificate))

    def _links_needed(self, members: set[str]) -> int:
        """Members to be linked to, oneself included.

        Who has no vote gets everything through any of them; beyond a full mesh so does everyone, but
        keeps links to f + 1 (DESIGN.md section 5).
        """
        if self._party not in members:
            return 1
        voting = self._epochs.members
        return voting.quorum if len(members) <= PeerConfig().full_mesh else voting.faults + 1

    def readiness(self) -> tuple[bool, str]:
        """Whether this node makes progress, and if not, why."""
        epochs, heartbeat = self._epochs, self._timing.heartbeat_seconds
        members = {member.party for member in epochs.members.members}
        present = len(members & (self._network.linked() | {self._party}))
        if present < (needed := self._links_needed(members)):
            return False, f"linked to {present} of {len(members)} members, {needed} are needed"
        if epochs.abstaining:
            return False, epochs.abstaining
        if self._party in members and not epochs.voting:
            return (
                False,
                f"following without a vote: the vote key of epoch {epochs.members.epoch} is not here",
            )
        if self._catch_up.target is not None:
            return False, f"catching up: {self._chain.base.height}, behind {self._catch_up.target}"
        silent = self._clock.monotonic() - self.last_final
        patience = max(5.0, STALL_FACTOR * self._timing.delta_ms / 1000)
        if (
            self.busy_since is not None
            and self._clock.monotonic() - max(self.busy_since, self.last_final) > patience
        ):
            return False, f"work waits and nothing became final for {silent:.0f} s"
        if silent > 2 * heartbeat + patience:
            return False, f"no block for {silent:.0f} s, expected one every {heartbeat} s"
        return True, ""
