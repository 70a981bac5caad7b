"""Who votes in which epoch, as the durable ledger says, and whether a quorum of them signed.

Certificates are judged by the members of their own epoch, whichever epoch is running: the first seal of an
epoch carries the finalization that ended the one before, and a node that was away meets old ones.
"""

from __future__ import annotations

from typing import Final

from accord_ledger.block import NO_SEAL, Certificate, Members, vote_message
from accord_ledger.domain.epochs import voters
from accord_ledger.execute import Version
from accord_ledger.state import View
from accord_node.chain import Chain
from accord_node.signatures import SignatureCache

MAX_REMEMBERED: Final = 16
"""Past epochs whose members are kept in memory."""


class Electorates:
    """The members of every epoch up to the one that votes on the next durable block."""

    def __init__(self, chain: Chain, cache: SignatureCache) -> None:
        self._chain = chain
        self._cache = cache
        self._past: dict[int, Members] = {}

    def members(self, epoch: int) -> Members | None:
        """Who votes, or voted, in this epoch; None if the durable ledger does not say."""
        base = self._chain.base
        if epoch == base.members.epoch:
            return base.members
        if epoch > base.members.epoch:
            return None
        found = self._past.get(epoch) or voters(View(base.state), epoch)
        if found is not None:
            self._past[epoch] = found
            if len(self._past) > MAX_REMEMBERED:
                del self._past[next(iter(self._past))]
        return found

    def sealed(self, version: Version) -> Members:
        """Who voted on the block that this durable version ends in, and so cosigns its checkpoint."""
        if not version.ends_epoch:
            return version.members
        found = self.members(version.members.epoch - 1)
        if found is None:
            raise ValueError(f"expected epoch {version.members.epoch - 1} to be known")
        return found

    def check(self, certificate: Certificate) -> bool:
        """N - f members of its epoch signed it; signatures seen before are not checked again."""
        members = self.members(certificate.epoch)
        parties = [party for party, _ in certificate.votes]
        if (
            members is None
            or (certificate.kind == "nullify") != (certificate.seal == NO_SEAL)
            or parties != sorted(set(parties))
            or len(parties) < members.quorum
        ):
            return False
        message = vote_message(
            self._chain.network, certificate.kind, certificate.epoch, certificate.view, certificate.seal
        )
        for party, signature in certificate.votes:
            public = members.vote_key(party)
            if public is None or not self._cache(public, message, signature):
                return False
        return True
