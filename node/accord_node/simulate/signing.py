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


class Signatures:
    """Checks of one run, each made once: a message is one immutable object for all who hear it."""

    def __init__(self, network: bytes) -> None:
        self._network = network
        self._votes: dict[int, tuple[Vote, bool]] = {}
        self._certificates: dict[int, tuple[Certificate, Members, bool]] = {}

    def good_vote(self, vote: Vote) -> bool:
        """As the function of this name."""
        held = self._votes.get(id(vote))  # held, so the identity is not given to another
        if held is None:
            held = self._votes[id(vote)] = (vote, good_vote(self._network, vote))
        return held[1]

    def good_certificate(self, members: Members, certificate: Certificate) -> bool:
        """As the function of this name."""
        held = self._certificates.get(id(certificate))
        if held is None or not (held[1] is members or held[1] == members):
            good = good_certificate(self._network, members, certificate)
            held = self._certificates[id(certificate)] = (certificate, members, good)
        return held[2]
