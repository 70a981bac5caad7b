"""Contradictor: says nullify and finalize of every view, to everyone, in an order of its own."""

from __future__ import annotations

from accord_ledger.block import NO_SEAL
from accord_node.simulate.member import Member
from accord_node.simulate.net import Message, ProposalMessage


class Contradictor(Member):
    """A member that ends every view both ways at once."""

    def _on_message(self, source: str, message: Message) -> None:
        """Before anyone else can have a certificate, both outcomes have its vote."""
        if isinstance(message, ProposalMessage):
            view, seal = message.vote.view, message.sealed.hash
            votes = [self.signed("nullify", view, NO_SEAL), self.signed("finalize", view, seal)]
            self.world.loop.random.shuffle(votes)
            self.note(f"nullifies and finalizes {view}")
            for vote in votes:
                self.broadcast(vote)
        super()._on_message(source, message)
