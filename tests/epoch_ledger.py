"""A ledger as clients see it, whose members change: real finalizations, hand-offs and checkpoints of each epoch.

ledger = EpochLedger()
ledger.rekey("bcb")                      # T43 of a member: its block is the last of the epoch
trust = ledger.trust
trust.follow(ledger.handoffs[0])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accord_client.epochs import witness_name
from accord_ledger.block import Certificate, vote_message
from accord_ledger.checkpoint import Checkpoint, cosign, portable_note
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.execute import Executed
from accord_ledger.handoff import Handoff, make_handoff
from accord_ledger.keys import SigningKey
from accord_ledger.merkle.tree import root
from accord_ledger.note import NoteSigner
from client_ledger import ISSUE_TIME, ORIGIN, ClientLedger
from domain_alliance import SEATS, key_of
from epoch_world import other_node

Keys = dict[str, dict[str, SigningKey]]
"""Party to use to node key."""


class EpochLedger(ClientLedger):
    """Its members can get new keys, one in an epoch."""

    def __init__(self) -> None:
        super().__init__()
        first: Keys = {party: {use: key_of(party, f"node {use}") for use in _USES} for party in SEATS}
        self.keys: list[Keys] = [first]
        """By epoch."""
        self.sizes: list[int] = []
        """Entries at the end of each epoch that has ended."""
        self.handoffs: list[Handoff] = []

    def rekey(self, party: str, name: str = "new") -> Executed:
        """New node keys of a member, and the end of the epoch."""
        body: NodeKeysSet = other_node(party, name, network=self.network)
        self.do("node_keys_set", body, party)
        done = self.seal()
        self.keys.append(self.keys[-1] | {party: {use: key_of(party, f"{name} {use}") for use in _USES}})
        self.sizes.append(len(self.entries))
        state = self.view()
        epoch = state.get(EPOCHS, done.version.members.epoch)
        assert epoch is not None
        self.handoffs.append(make_handoff(done.sealed, self.final(done), done.version.map, epoch))
        return done

    def final(self, done: Executed, parties: Sequence[str] = SEATS[:5]) -> Certificate:
        """The finalization of a block by the members of its epoch."""
        seal = done.sealed.seal
        message = vote_message(self.network, "finalize", seal.epoch, seal.view, done.sealed.hash)
        keys = self.keys[seal.epoch]
        votes = tuple((party, keys[party]["vote"].sign(message)) for party in sorted(parties))
        return Certificate(
            kind="finalize", epoch=seal.epoch, view=seal.view, seal=done.sealed.hash, votes=votes
        )

    def epoch_at(self, size: int) -> int:
        """Epoch of the last of so many entries."""
        return sum(size > end for end in self.sizes)

    def note(self, size: int | None = None, **options: Any) -> bytes:
        """The checkpoint of the first ``size`` entries, cosigned by members of its epoch (or ``epoch``)."""
        size = len(self.entries) if size is None else size
        checkpoint = Checkpoint(ORIGIN, size, options.get("root") or root(self.leaves[:size]))
        keys = self.keys[options.get("epoch", self.epoch_at(size))]
        text = checkpoint.text()
        signatures = [
            cosign(text, keys[party]["witness"], witness_name(ORIGIN, party), ISSUE_TIME)
            for party in options.get("cosigners", SEATS[:5])
        ]
        log = NoteSigner(ORIGIN, keys[options.get("log", "uu")]["log"])
        return portable_note(checkpoint, log.sign(text), signatures)


_USES = ("link", "vote", "log", "witness")
