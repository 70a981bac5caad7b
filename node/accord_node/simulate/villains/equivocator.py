"""Equivocator: shows each half of the network another truth, as leader and as voter.

As leader it signs two blocks and gives each to half of the members. As voter it notarizes and finalizes
every block it is shown, and signs nullify beside finalize and sends each to one half.
"""

from __future__ import annotations

from typing import Final

from accord_ledger.block import NO_SEAL, SealedBytes, VoteKind
from accord_ledger.consensus import effects as do
from accord_node.simulate.ledger import encode_body, transactions_of
from accord_node.simulate.member import Member
from accord_node.simulate.net import Message, ProposalMessage

KINDS: Final[tuple[VoteKind, ...]] = ("notarize", "finalize")


class Equivocator(Member):
    """A member that signs whatever contradicts itself most."""

    def _halves(self) -> tuple[list[str], list[str]]:
        others = self.world.network.others(self.party)
        self.world.loop.random.shuffle(others)
        return others[::2], others[1::2]

    def send_proposal(self, view: int, sealed: SealedBytes) -> None:
        """Propose one block to some and another to the rest."""
        seal = sealed.seal
        first = self.ledger.blocks[sealed.hash][1]
        second = encode_body((*transactions_of(first), 1_000_000 + view))
        twin = self.ledger.build(seal.view, self.party, seal.parent, seal.parent_certificate, second)
        if twin is None:
            super().send_proposal(view, sealed)
            return
        self.ledger.store(twin, second)
        self.world.oracle.sees_block(twin, second)
        self.note(f"equivocates in {view}: {sealed.hash.hex()[:8]} and {twin.hash.hex()[:8]}")
        for half, (block, body) in zip(self._halves(), ((sealed, first), (twin, second)), strict=True):
            vote = self.signed("notarize", view, block.hash)
            for target in half:
                self.send(target, ProposalMessage(block, vote, body))
            if self.world.loop.random.random() < 0.5:
                self.broadcast(vote)

    def _on_message(self, source: str, message: Message) -> None:
        """Vote for whatever is proposed."""
        if isinstance(message, ProposalMessage):
            for kind in KINDS:
                self.broadcast(self.signed(kind, message.vote.view, message.sealed.hash))
        super()._on_message(source, message)

    def send_vote(self, kind: VoteKind, view: int, seal: bytes) -> None:
        """Finalize to some, nullify to others."""
        if kind != "finalize":
            super().send_vote(kind, view, seal)
            return
        for half, vote in zip(
            self._halves(),
            (self.signed("finalize", view, seal), self.signed("nullify", view, NO_SEAL)),
            strict=True,
        ):
            for target in half:
                self.send(target, vote)

    def _carry_out(self, effect: do.Effect) -> None:
        if isinstance(effect, do.SendCertificate) and self.world.loop.random.random() < 0.5:
            return  # keeps certificates to itself now and then
        super()._carry_out(effect)
