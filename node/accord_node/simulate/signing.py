"""Stand-in signatures: deterministic, quick, and not to be forged by a villain that plays by the rules.

A villain holds its own name only; ``sign`` takes the name for the key.
"""

from __future__ import annotations

from hashlib import sha256

from accord_ledger.block import Certificate, Members, Vote, VoteKind, vote_message


def _signature(party: str, message: bytes) -> bytes:
    return sha256(party.encode() + b"\x00" + message).digest() * 2


def sign(network: bytes, kind: VoteKind, place: tuple[int, int], seal: bytes, party: str) -> Vote:
    """A vote of ``party``, signed; ``place`` is (epoch, view)."""
    epoch, view = place
    signature = _signature(party, vote_message(network, kind, epoch, view, seal))
    return Vote(kind=kind, epoch=epoch, view=view, seal=seal, member=party, signature=signature)


def good_vote(network: bytes, vote: Vote) -> bool:
    """Whether the vote was signed by the member it names."""
    return vote == sign(network, vote.kind, (vote.epoch, vote.view), vote.seal, vote.member)


def good_certificate(network: bytes, members: Members, certificate: Certificate) -> bool:
    """Whether a quorum of distinct members signed it."""
    parties = [party for party, _ in certificate.votes]
    known = {member.party for member in members.members}
    if parties != sorted(set(parties)) or not known.issuperset(parties):
        return False
    most_faulty = (members.size - 1) // 3
    if len(parties) < members.size - most_faulty or certificate.epoch != members.epoch:
        return False
    message = vote_message(network, certificate.kind, certificate.epoch, certificate.view, certificate.seal)
    return all(_signature(party, message) == signature for party, signature in certificate.votes)
