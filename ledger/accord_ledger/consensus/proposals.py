"""Whether a proposal may be voted on, as far as views and certificates can say (rule 2).

What the block contains is for execution to judge; here stand only the checks that need no state.
"""

from __future__ import annotations

from accord_ledger.block import Members, Seal, SealedBytes
from accord_ledger.consensus.chain import Chain, Gap
from accord_ledger.consensus.inputs import Verdict


def well_formed(seal: Seal, network: bytes, members: Members, members_digest: bytes) -> bool:
    """Whether a seal is of this network and epoch, by the leader of its view, on a certified parent."""
    if (seal.network, seal.epoch, seal.members) != (network, members.epoch, members_digest):
        return False
    if seal.view < 1 or seal.height < 1 or seal.proposer != members.leader(seal.view):
        return False
    certificate = seal.parent_certificate
    if certificate is None:
        return seal.height == 1 and seal.parent == network
    if certificate.kind == "nullify" or certificate.seal != seal.parent or seal.height == 1:
        return False
    if certificate.epoch == members.epoch:
        return certificate.view < seal.view
    return certificate.epoch == members.epoch - 1 and certificate.kind == "finalize"


def _parent_view(sealed: SealedBytes, view: int, epoch: int, chain: Chain) -> tuple[bytes, int | None]:
    """The certified seal a proposal of ``view`` rests on, and the view that certified it (None: unknown)."""
    seal = sealed.seal
    if seal.view != view:  # the same seal proposed again: it rests on its own certificate
        return sealed.hash, chain.view_of(sealed.hash)
    certificate = seal.parent_certificate
    return seal.parent, certificate.view if certificate is not None and certificate.epoch == epoch else 0


def admissible(sealed: SealedBytes, view: int, epoch: int, chain: Chain) -> Verdict | Gap:
    """Whether ``view`` may extend the parent of this well-formed proposal, or what we lack to say."""
    parent, parent_view = _parent_view(sealed, view, epoch, chain)
    if sealed.seal.view > view:
        return Verdict.INVALID
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
