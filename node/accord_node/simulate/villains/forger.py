"""Forger: signs in other people's names, counts itself as a quorum, and hands out bodies that do not fit."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from accord_ledger.block import NO_SEAL, Certificate, Vote, VoteKind
from accord_node.simulate.ledger import encode_body
from accord_node.simulate.member import Member
from accord_node.simulate.net import BlockReply, BlockRequest, Message, ProposalMessage
from accord_node.simulate.world import World

KINDS: Final[tuple[VoteKind, ...]] = ("nullify", "finalize")


class Forger(Member):
    """A member whose word is worth nothing; none of it may have an effect."""

    def __init__(self, world: World, party: str) -> None:
        super().__init__(world, party)
        self._answered: set[Vote] = set()

    def _on_message(self, source: str, message: Message) -> None:
        """Everything genuine that it hears comes back forged, once: two forgers do not keep each other busy."""
        match message:
            case Vote() if self._is_news(message):
                self._forge_votes(message)
            case ProposalMessage(sealed, vote, body) if self._is_news(vote):
                wrong = encode_body((3_000_000 + vote.view,))
                self.broadcast(ProposalMessage(sealed, vote, wrong))
                root = replace(sealed.seal, state_root=bytes(32), proposer=self.party)
                self.broadcast(ProposalMessage(type(sealed).of(root), vote, body))
            case BlockRequest(seal) if seal in self.ledger.blocks:
                self.send(source, BlockReply(self.ledger.blocks[seal][0], encode_body((3_000_000,))))
                return
        super()._on_message(source, message)

    def _is_news(self, vote: Vote) -> bool:
        if vote in self._answered or not self.world.signatures.good_vote(vote):
            return False
        self._answered.add(vote)
        return True

    def _forge_votes(self, vote: Vote) -> None:
        own = self.signed("nullify", vote.view, NO_SEAL)
        others = self.world.network.others(self.party)
        for victim in others:
            self.broadcast(replace(own, member=victim))
            self.broadcast(replace(vote, member=victim))
        signature = own.signature
        for signers in ((self.party,) * len(others), tuple(sorted([self.party, *others]))):
            votes = tuple((signer, signature) for signer in signers)
            for kind in KINDS:
                seal = NO_SEAL if kind == "nullify" else vote.seal
                forged = Certificate(kind=kind, epoch=vote.epoch, view=vote.view, seal=seal, votes=votes)
                self.broadcast(forged)
