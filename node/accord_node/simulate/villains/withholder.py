"""Withholder: shows its blocks to as few as it can, answers no requests and keeps certificates to itself."""

from __future__ import annotations

from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.consensus import effects as do
from accord_node.simulate.member import Member
from accord_node.simulate.net import BlockReply, Message, ProposalMessage


class Withholder(Member):
    """A member that helps a block to a notarization and then leaves the others without its body."""

    def send_proposal(self, view: int, sealed: SealedBytes) -> None:
        """The proposal to just as many as a notarization needs beside us."""
        vote = self.signed("notarize", view, sealed.hash)
        body = self.ledger.blocks[sealed.hash][1]
        others = self.world.network.others(self.party)
        self.world.loop.random.shuffle(others)
        needed = self.members.quorum - 1
        self.note(f"shows height {sealed.seal.height} to {' '.join(others[:needed])} only")
        for target in others[:needed]:
            self.send(target, ProposalMessage(sealed, vote, body))

    def send(self, target: str, message: Message) -> None:
        """Nothing that would help anyone."""
        if not isinstance(message, Certificate | BlockReply):
            super().send(target, message)

    def _carry_out(self, effect: do.Effect) -> None:
        if not isinstance(effect, do.SendCertificate):
            super()._carry_out(effect)
