"""The judge: watches what honest members send and finish, and says what must never be seen.

Shares no code with the core: it counts, compares and walks parents by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from accord_ledger import codec
from accord_ledger.block import Certificate, Members, SealedBytes, Vote
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.consensus.journal import Body, Voted
from accord_node.simulate.ledger import seats_after, transactions_of


class Oracle:
    """Judge of one run.

    Args:
        network: where every chain begins.
        members: who votes in the first epoch.
        honest: members that keep the rules, whatever crashes.
        note: takes a line for the transcript.
    """

    def __init__(
        self, network: bytes, members: Members, honest: Iterable[str], note: Callable[[str, str], None]
    ) -> None:
        self._network = network
        self.honest = frozenset(honest)
        self._note = note
        self.violations: list[str] = []
        self.accused: set[str] = set()
        self._said: dict[tuple[str, int, int], dict[str, bytes]] = {}
        self._notarized: dict[tuple[int, int], bytes] = {}
        self._outcomes: dict[tuple[int, int], set[str]] = {}
        self._committed: dict[str, int] = {}
        self._epoch: dict[str, int] = {}
        """Newest epoch an honest member voted in."""
        self.epochs: dict[int, Members] = {members.epoch: members}
        """Who votes, as the final chain says."""
        self._seals: dict[bytes, tuple[SealedBytes, bytes]] = {}
        self._final: dict[int, bytes] = {}
        self._heights: dict[bytes, int] = {network: 0}

    def _violated(self, what: str) -> None:
        self.violations.append(what)
        self._note("oracle", f"VIOLATION: {what}")

    def sees_block(self, sealed: SealedBytes, body: bytes) -> None:
        """A block was built by anyone; what others say of it later changes nothing."""
        self._seals.setdefault(sealed.hash, (sealed, body))

    def sends_vote(self, member: str, vote: Vote, durable: bytes) -> None:
        """An honest member is about to send a vote of its own; ``durable`` is what its disk would keep."""
        if member not in self.honest:
            return
        self._votes_in_its_epoch(member, vote)
        said = self._said.setdefault((member, vote.epoch, vote.view), {})
        if said.setdefault(vote.kind, vote.seal) != vote.seal:
            self._violated(f"{member} said two {vote.kind} in view {vote.view}")
        if {"nullify", "finalize"} <= said.keys():
            self._violated(f"{member} said nullify and finalize in view {vote.view}")
        record = Voted(epoch=vote.epoch, view=vote.view, kind=vote.kind, seal=vote.seal)
        self._must_be_durable(member, vote, codec.encode(record), "itself", durable)
        if vote.kind == "notarize":
            self._notarize_rests_on(member, vote, durable)
        if vote.kind == "finalize":
            self._must_be_durable(member, vote, _notarization_prefix(vote), "its notarization", durable)

    def _votes_in_its_epoch(self, member: str, vote: Vote) -> None:
        """Only members vote, and never in an epoch they have left behind."""
        members = self.epochs.get(vote.epoch)
        if members is None or members.vote_key(member) is None:
            self._violated(f"{member} voted in epoch {vote.epoch}, where it has no seat")
        if vote.epoch < self._epoch.setdefault(member, vote.epoch):
            self._violated(f"{member} voted in epoch {vote.epoch} after {self._epoch[member]}")
        self._epoch[member] = max(self._epoch[member], vote.epoch)

    def _notarize_rests_on(self, member: str, vote: Vote, durable: bytes) -> None:
        if vote.seal not in self._seals:
            self._violated(f"{member} notarized an unknown block in view {vote.view}")
            return
        sealed, body = self._seals[vote.seal]
        record = Body(epoch=vote.epoch, view=vote.view, seal=vote.seal, body=body)
        self._must_be_durable(member, vote, codec.encode(record), "its body", durable)
        self._must_be_durable(member, vote, sealed.entry, "its seal", durable)

    def _must_be_durable(self, member: str, vote: Vote, needle: bytes, what: str, durable: bytes) -> None:
        if needle not in durable:
            self._violated(f"{member} sent {vote.kind} of view {vote.view} before {what} was durable")

    def sends_certificate(self, member: str, certificate: Certificate) -> None:
        """An honest member sends a certificate: it has honest votes only if they were said, and one outcome."""
        if member not in self.honest:
            return
        place = (certificate.epoch, certificate.view)
        for party, _ in certificate.votes:
            said = self._said.get((party, *place), {})
            if party in self.honest and said.get(certificate.kind) != certificate.seal:
                self._violated(f"{party} never said the {certificate.kind} certified in view {place[1]}")
        outcomes = self._outcomes.setdefault(place, set())
        outcomes.add(certificate.kind)
        if {"nullify", "finalize"} <= outcomes:
            self._violated(f"view {place[1]} is both final and nullified")
        if certificate.kind != "nullify" and certificate.seal != self._notarized.setdefault(
            place, certificate.seal
        ):
            self._violated(f"two seals certified in view {place[1]}")

    def finalised(self, member: str, seal: bytes) -> None:
        """An honest member holds a block, and so its ancestors, to be final."""
        if member not in self.honest:
            return
        path: list[bytes] = []
        while seal not in self._heights:
            if seal not in self._seals:
                self._violated(f"{member} finalised a block nobody proposed")
                return
            path.append(seal)
            seal = self._seals[seal][0].seal.parent
        base = self._heights[seal]
        for height, step in enumerate(reversed(path), base + 1):
            self._heights[step] = height
            if self._seals[step][0].seal.height != height:
                self._violated(f"final block with height {self._seals[step][0].seal.height} at {height}")
            if self._final.setdefault(height, step) != step:
                self._violated(f"two final blocks at height {height}, the second by {member}")
            self._follow_epoch(step)

    def _follow_epoch(self, step: bytes) -> None:
        """A change ends its epoch: what comes next is voted on by those whom it leaves."""
        sealed, body = self._seals[step]
        newest = max(self.epochs)
        if sealed.seal.epoch != newest:
            self._violated(f"final block {sealed.seal.height} of epoch {sealed.seal.epoch}, not {newest}")
        after = seats_after(self.epochs[newest], transactions_of(body))
        self.epochs[after.epoch] = after

    def commits(self, member: str, height: int, seal: bytes, state: bytes) -> None:
        """An honest member writes finality down, with the state it came to by itself."""
        if member not in self.honest:
            return
        if self._final.get(height) != seal:
            self._violated(f"{member} committed another block at {height} than is final")
        elif self._seals[seal][0].seal.state_root != state:
            self._violated(f"{member} came to another state at {height}")
        if height < self._committed.get(member, 0):
            self._violated(f"{member} went back from {self._committed[member]} to {height}")
        self._committed[member] = height

    def accuses(self, member: str, evidence: Evidence) -> None:
        """An honest member accuses someone."""
        if member not in self.honest:
            return
        self.accused.add(evidence.member)
        if evidence.member in self.honest:
            self._violated(f"{member} accused {evidence.member}, who is honest")

    def must_not(self, member: str, what: str) -> None:
        """An honest member did what none may do in a network with at most f liars."""
        if member in self.honest:
            self._violated(f"{member} {what}")

    @property
    def height(self) -> int:
        """Height of finality."""
        return max(self._final, default=0)

    def final_transactions(self) -> list[int]:
        """All transactions that are final, in order."""
        return [
            number
            for height in sorted(self._final)
            for number in transactions_of(self._seals[self._final[height]][1])
        ]

    def notarized(self, view: int, epoch: int = 0) -> bool:
        """Whether a seal was seen certified in the view."""
        return (epoch, view) in self._notarized


def _notarization_prefix(vote: Vote) -> bytes:
    """First bytes of any journaled notarization that this finalize may rest on, up to its signatures."""
    whole = codec.encode({"epoch": vote.epoch, "kind": "notarize", "seal": vote.seal, "view": vote.view})
    return b"\xabcertificate\x85" + whole[1:] + b"\xa5votes"
