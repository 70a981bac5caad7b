"""Whether a proposal may be voted on, as far as views and certificates can say (rule 2).

What the block contains is for execution to judge; here stand only the checks that need no state.
"""

from __future__ import annotations

from accord_ledger.block import Members, Seal, SealedBytes
from accord_ledger.consensus.chain import Chain, Gap
from accord_ledger.consensus.inputs import Verdict


class Placing:
    """Places proposals of one network and epoch.

    Args:
        network: hash of the genesis document.
        members: who votes in this epoch.
    """

    def __init__(self, network: bytes, members: Members) -> None:
        self._network = network
        self._members = members
        self._digest = members.digest()

    def judge(self, sealed: SealedBytes, view: int, chain: Chain) -> Verdict | Gap:
        """Whether a proposal of ``view`` may extend its parent, or what we lack to say."""
        if not self._well_formed(sealed.seal) or sealed.seal.view > view:
            return Verdict.INVALID
        parent, parent_view = self._parent(sealed, view, chain)
        if parent_view is None:
            return Gap(max(sealed.seal.view, chain.final.view + 1), view - 1)
        if parent_view < chain.final.view:  # it would need a nullification of a final view
            return Verdict.INVALID
        certified = chain.certified(parent_view)
        if certified is None:
            return Gap(parent_view, parent_view)
        if certified != parent:
            return Verdict.INVALID
        return chain.missing(parent_view, view) or Verdict.VALID

    def _well_formed(self, seal: Seal) -> bool:
        """Whether a seal is of this network and epoch, by its view's leader, on a certified parent."""
        members = self._members
        if (seal.network, seal.epoch, seal.members) != (self._network, members.epoch, self._digest):
            return False
        if seal.view < 1 or seal.height < 1 or seal.proposer != members.leader(seal.view):
            return False
        certificate = seal.parent_certificate
        if certificate is None:
            return seal.parent == self._network
        if certificate.kind == "nullify" or certificate.seal != seal.parent or seal.parent == self._network:
            return False
        if certificate.epoch == members.epoch:
            return certificate.view < seal.view
        return certificate.epoch == members.epoch - 1 and certificate.kind == "finalize"

    def _parent(self, sealed: SealedBytes, view: int, chain: Chain) -> tuple[bytes, int | None]:
        """The certified seal a proposal of ``view`` rests on, and its view (None: not known to us)."""
        seal = sealed.seal
        if seal.view != view:  # the same seal proposed again: it rests on its own certificate
            return sealed.hash, chain.view_of(sealed.hash)
        certificate = seal.parent_certificate
        own_epoch = certificate is not None and certificate.epoch == self._members.epoch
        return seal.parent, certificate.view if certificate is not None and own_epoch else 0
