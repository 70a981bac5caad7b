"""What peers say about consensus: votes, certificates and proposals, checked before the core sees them.

Nothing unsigned, of another epoch, or outside the window of views the core takes gets through; what one
member can say in one view is bounded.
"""

from __future__ import annotations

from collections.abc import Callable

from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes, Vote, body_hash, vote_message
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.consensus.core import Consensus
from accord_node.bodies import Body, body_matches
from accord_node.messages import INLINE_BODY_BYTES, Proposal
from accord_node.peer import Outcome, Topic
from accord_node.services import Services

BEHIND, AHEAD = CoreConfig().behind, CoreConfig().ahead
"""Views around the current one whose votes and proposals the core takes."""
MAX_SEALS_PER_VIEW = 2
"""Different seals one member may vote for, or a leader propose, in a view: two are evidence, more are noise."""
MAX_PROPOSAL_BYTES = 4 * 1024 * 1024
REPEAT_SECONDS = 0.1
"""A member that says again what it said, under another of the signatures a key can make, or speaks of a view
long past, is heard at most this often: help for who lags comes no more often either."""


class KnownCertificates:
    """Which certificates consensus has: one of each kind and view is enough, whoever signed it."""

    def __init__(self, capacity: int = 4096) -> None:
        self._seen: dict[tuple[str, int, int], None] = {}
        self._capacity = capacity

    def holds(self, certificate: Certificate) -> bool:
        """Whether one of this kind, epoch and view is known."""
        return (certificate.kind, certificate.epoch, certificate.view) in self._seen

    def add(self, certificate: Certificate) -> None:
        """Note one, forgetting the oldest beyond capacity."""
        self._seen[certificate.kind, certificate.epoch, certificate.view] = None
        if len(self._seen) > self._capacity:
            del self._seen[next(iter(self._seen))]


class Hearing:
    """The ears of one epoch's consensus."""

    def __init__(self, core: Consensus, services: Services, give: Callable[[on.Input], None]) -> None:
        """Args: the core whose position counts, the services, and what takes its inputs."""
        self._core = core
        self._on = services
        self._give = give
        self._known = KnownCertificates()
        self._heard: dict[int, dict[tuple[str, str], set[bytes]]] = {}
        """Seals voted for, by view, then kind and member."""
        self._proposed: dict[int, set[bytes]] = {}
        self._repeated: dict[str, float] = {}
        """When a member's repeated or old vote was last heard (monotonic seconds)."""
        self.final_view = 0
        """Newest view known to be final; certificates up to there are old news."""
        self.listening = False
        """Whether the core takes inputs. Before, nothing may count as heard: who says it again must find us new."""

    def made(self, certificate: Certificate) -> None:
        """We formed this certificate ourselves."""
        self._known.add(certificate)

    def forget_before(self, view: int) -> None:
        """Drop what was heard of views that no longer matter."""
        for heard in (self._heard, self._proposed):
            for old in [held for held in heard if held < view - BEHIND]:
                del heard[old]

    def _elsewhere(self, epoch: int, topic: Topic, payload: bytes, sender: str) -> bool:
        """Whether it is not for our core, or not yet; of another epoch those hear who know more than one."""
        if epoch == self._on.members.epoch:
            return not self.listening
        self._on.on_other_epoch(epoch, topic, payload, sender)
        return True

    def on_vote(self, topic: Topic, payload: bytes, sender: str) -> Outcome:
        """A gossiped vote."""
        vote = codec.decode(payload, Vote)
        if self._elsewhere(vote.epoch, topic, payload, sender) or vote.view > self._core.view + AHEAD:
            return Outcome.IGNORE
        old = vote.view < self._core.view - BEHIND
        if old and vote.kind != "nullify":
            return Outcome.IGNORE
        seals = self._heard.get(vote.view, {}).get((vote.kind, vote.member), set())
        if vote.seal not in seals and len(seals) >= MAX_SEALS_PER_VIEW:
            return Outcome.IGNORE
        again = old or vote.seal in seals
        now = self._on.clock.monotonic()
        if again and now - self._repeated.get(vote.member, float("-inf")) < REPEAT_SECONDS:
            return Outcome.IGNORE
        if not self._check_vote(vote):
            return Outcome.BAD
        if again:
            self._repeated[vote.member] = now
        else:
            heard = self._heard.setdefault(vote.view, {})
            heard.setdefault((vote.kind, vote.member), set()).add(vote.seal)
        self._give(on.VoteReceived(vote))
        return Outcome.IGNORE if again else Outcome.ACCEPT

    def _check_vote(self, vote: Vote) -> bool:
        public = self._on.members.vote_key(vote.member)
        if public is None or vote.epoch != self._on.members.epoch:
            return False
        message = vote_message(self._on.network_hash, vote.kind, vote.epoch, vote.view, vote.seal)
        return self._on.cache(public, message, vote.signature)

    def on_certificate(self, topic: Topic, payload: bytes, sender: str) -> Outcome:
        """A gossiped certificate."""
        certificate = codec.decode(payload, Certificate)
        if self._elsewhere(certificate.epoch, topic, payload, sender) or certificate.view <= self.final_view:
            return Outcome.IGNORE
        if self._known.holds(certificate):
            return Outcome.IGNORE
        if not self.check_certificate(certificate):
            return Outcome.BAD
        self._known.add(certificate)
        self._give(on.CertificateReceived(certificate))
        return Outcome.ACCEPT

    def check_certificate(self, certificate: Certificate) -> bool:
        """Whether n - f members of its own epoch signed it."""
        return self._on.electorates.check(certificate)

    async def on_proposal(self, topic: Topic, payload: bytes, sender: str) -> Outcome:
        """A gossiped proposal: the leader's signed notarize, the seal, and the names of its records."""
        proposal = codec.decode(payload, Proposal, limit=MAX_PROPOSAL_BYTES)
        sealed = SealedBytes.parse(proposal.seal)
        vote = proposal.vote
        if self._elsewhere(vote.epoch, topic, payload, sender) or vote.view <= self.final_view:
            return Outcome.IGNORE
        if vote.kind != "notarize" or vote.seal != sealed.hash:
            return Outcome.BAD
        if sealed.hash in self._proposed.get(vote.view, ()):
            return Outcome.IGNORE  # whatever signature it comes under now
        if vote.member != self._on.members.leader(vote.view) or not self._check_vote(vote):
            return Outcome.BAD
        certificate = sealed.seal.parent_certificate
        if certificate is not None:
            if not self._may_precede(certificate) or not self.check_certificate(certificate):
                return Outcome.BAD
            self._give(on.CertificateReceived(certificate))  # it may bring us to the proposal's view
        body = self._body_of(proposal, sealed, sender)
        if body is None:
            return Outcome.BAD
        if not self._expects(sealed, vote.view):
            self._give(on.VoteReceived(vote))
            return Outcome.IGNORE
        if proposal.entries and any(name not in self._on.mempool for name in body.hashes):
            body.records = await self._on.bodies.read(proposal.entries)
        self._on.bodies.add(body)
        self._give(on.ProposalReceived(sealed, vote))
        return Outcome.ACCEPT

    def _may_precede(self, certificate: Certificate) -> bool:
        """Whether a first look lets it stand in a seal of this epoch: it is of this one or the last."""
        return 0 <= self._on.members.epoch - certificate.epoch <= 1

    def _expects(self, sealed: SealedBytes, view: int) -> bool:
        """Whether a proposal is for a view around ours and not one of too many for it."""
        if not self._core.view - BEHIND <= view <= self._core.view + AHEAD:
            return False
        proposed = self._proposed.setdefault(view, set())
        if sealed.hash not in proposed and len(proposed) >= MAX_SEALS_PER_VIEW:
            return False
        proposed.add(sealed.hash)
        return True

    def _body_of(self, proposal: Proposal, sealed: SealedBytes, sender: str) -> Body | None:
        """The body a proposal names; None if names or records do not fit its seal."""
        hashes = tuple(proposal.hashes[i : i + 32] for i in range(0, len(proposal.hashes), 32))
        if not _names_match(sealed, proposal.hashes, hashes):
            return None
        if proposal.entries and (
            sum(map(len, proposal.entries)) > INLINE_BODY_BYTES or not body_matches(sealed, proposal.entries)
        ):
            return None
        return Body(sealed, hashes, [sender, proposal.vote.member], view=proposal.vote.view)


def _names_match(sealed: SealedBytes, joined: bytes, hashes: tuple[bytes, ...]) -> bool:
    return len(joined) == 32 * sealed.seal.count and body_hash(hashes) == sealed.seal.body_hash
