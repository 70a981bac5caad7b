"""Keeping up with the ledger: new members by hand-offs, newer checkpoints by proofs that the log only grew."""

from __future__ import annotations

from accord_client.api import ConsistencyProof
from accord_client.errors import ForkError, TrustError
from accord_client.proofs import hashes_of
from accord_client.sdk.transport import Transport
from accord_client.trust import Believed, Trust
from accord_ledger.errors import AccordError, FatalError
from accord_ledger.handoff import MAX_HANDOFF_BYTES, read_handoff


class Following:
    """What :class:`accord_client.sdk.AccordClient` does to stay up to date."""

    transport: Transport
    trust: Trust

    async def follow_members(self, url: str | None = None) -> int:
        """Follow every hand-off that a node (or any of ours) has; how many there were.

        Reads do this by themselves when an answer comes from members we do not know yet.

        Raises:
            ForkError: two ends of one epoch, or checkpoints beyond it.
            FatalError: ``VERSION_UNKNOWN``: a newer release is needed.
        """
        before = len(self.trust.epochs)
        for one in [url] if url is not None else self.transport.by_preference():
            await self._follow(one)
        return len(self.trust.epochs) - before

    async def _follow(self, url: str) -> None:
        """As far as this node leads; what it cannot give, or gives wrong, teaches nothing."""
        while (members := self.trust.members) is not None:
            try:
                data = await self.transport.fetch(url, f"/handoff/{members.epoch}", limit=MAX_HANDOFF_BYTES)
                self.trust.follow(read_handoff(data))
            except (ForkError, FatalError):
                raise
            except AccordError:
                return

    async def catch_up(self, url: str) -> bool:
        """Whether a node could show members that we did not know (see :class:`Transport`)."""
        return await self.follow_members(url) > 0

    async def follow_log(self) -> Believed:
        """The newest checkpoint, proved to continue the newest one believed; it is believed from then on.

        Raises:
            NodeError, ProofError: no node gave one that does.
            ForkError: two logs of one size.
            TrustError: ``TRUST_BACK``: every node is behind what we believed.
        """
        older = self.trust.newest
        size = 1 if older is None else older.checkpoint.size

        def accept(proof: ConsistencyProof) -> Believed:
            newer = self.trust.open(proof.checkpoint.encode())
            if proof.size != size:
                raise TrustError("LEDGER_PROOF_MISSING", f"expected a proof from {size}, got {proof.size}")
            if older is not None:
                self.trust.check_continues(older, newer, hashes_of(proof.path, "path"))
            return self.trust.believe(newer)

        params = {"size": str(size)}
        reply = await self.transport.call("GET", "/v1/consistency", ConsistencyProof, accept, params=params)
        return reply.value
