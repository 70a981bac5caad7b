"""The running epoch: what lives for one epoch only, and how the next one takes its place.

An epoch ends when the block that changed members, keys or version is durable here. Its instance of
consensus stops at once and for good; when its last task is gone a fresh one begins, with the members, the
key and the journal records of the new epoch. Nothing of one epoch reaches the instance of another
(DESIGN.md section 4, *Epoch change*).

    durable last block -> old driver stopped -> its tasks gone -> version known? -> new driver -> early items
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import structlog

from accord_ledger.block import Certificate, Members, check_version
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus import journal
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.consensus.core import Consensus
from accord_ledger.errors import AccordError, FatalError
from accord_ledger.execute import Executed, Version
from accord_node.doubt import BEGINNING, Doubt
from accord_node.driver import Driver
from accord_node.early import EarlyItems
from accord_node.messages import Status
from accord_node.nodekeys import NodeKeys
from accord_node.otherepochs import OtherEpochs
from accord_node.ownvotes import NOWHERE, OwnVotes, Place
from accord_node.peer import Outcome, Topic
from accord_node.services import Services

log = structlog.get_logger("epochs")


def for_members(config: CoreConfig, size: int) -> CoreConfig:
    """The timing of an epoch of so many members: who missed its turn gets no time in its next one.

    With the core's own bound of 20 views a stopped member of four would cost the others 2 delta in each of
    its five next turns. It is trusted again with the first vote that is heard of it, and who hears no
    quorum blames nobody (``Memory.silent``).
    """
    return replace(config, skip_after=min(config.skip_after, size))


class Epochs:
    """One node's place in epoch after epoch.

    Attributes:
        driver: of the running epoch's consensus; replaced when the epoch ends.
        members: who votes in the running epoch.
    """

    def __init__(
        self,
        services: Services,
        keys: NodeKeys,
        config: CoreConfig,
        *,
        others: OtherEpochs,
        tip: Callable[[], Certificate | None],
        reach: Callable[[Members], int],
        say_doubt: Callable[[bool], Coroutine[Any, Any, None]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """Make the first instance; nothing runs before :meth:`begin`.

        Args:
            services: what every instance stands on; members and vote key are put in for each.
            keys: our node's keys, of which each epoch names one to vote with.
            config: timing of consensus.
            others: tells and asks peers that live in another epoch.
            tip: the newest finalization that is durable.
            reach: how many of these members this node is to be linked to.
            say_doubt: notes durably whether the journal may not be the newest.
            spawn: runs a task; its failure stops the node.
        """
        self._votes = OwnVotes(services.journal)
        self._services = replace(services, journal=self._votes)
        self._keys = keys
        self._config = config
        self._others = others
        self._tip = tip
        self._reach = reach
        self._say_doubt = say_doubt
        self._spawn = spawn
        self._doubt: Doubt | None = None
        self._through: int | None = None
        """View through which the running instance abstains, once it is known."""
        self._renewing = False
        self._early = EarlyItems()
        self._records: tuple[journal.Record, ...] = ()
        """Out of the journal at the start; instances are given those of their epoch."""
        self._stopped = False
        self.driver = self._make()

    @property
    def members(self) -> Members:
        """Who votes in the running epoch."""
        return self.driver.services.members

    @property
    def voting(self) -> bool:
        """Whether this node has a vote in the running epoch."""
        return self.driver.services.vote_key is not None

    @property
    def doubtful(self) -> bool:
        """Whether the vote journal is not known to be the newest."""
        return self._doubt is not None

    @property
    def abstaining(self) -> str:
        """Why this node casts no vote although it has one; empty: it does, or has none."""
        if self._doubt is None or self.members.vote_key(self._services.party) is None:
            return ""
        if self._through is None:
            return (
                "abstaining: the vote journal is not known to be the newest; waiting for the members' views"
            )
        return f"abstaining until finality has passed view {self._through} of epoch {self.members.epoch}"

    def _make(self) -> Driver:
        """A fresh instance for the epoch that votes on the next durable block."""
        party, members = self._services.party, self._services.chain.base.members
        following = self._doubt is not None and self._through is None
        vote_key = None if following else self._keys.vote_in(members, party)
        core = Consensus(
            self._services.network_hash,
            members,
            None if vote_key is None else party,
            for_members(self._config, members.size),
        )
        services = replace(
            self._services,
            members=members,
            vote_key=vote_key,
            on_restored=self._on_restored,
            on_other_epoch=self._on_other_epoch,
        )
        return Driver(core, services)

    def begin(self, records: tuple[journal.Record, ...], doubt: Doubt | None, after: Place = NOWHERE) -> None:
        """Start the first instance from the journal.

        Args:
            records: everything the journal held.
            doubt: the journal may not be the newest; then this node follows until it knows how long to
                abstain.
            after: of votes up to this place the journal need not hold any.
        """
        self._records, self._doubt = records, doubt
        self._votes.restore(records, after)
        if doubt is None and self._unaccounted(self._tip()):
            self._suspect()
        if self._doubt is not None:
            self.driver = self._make()
        self._start()

    def _start(self) -> None:
        base, tip, epoch = self._services.chain.base, self._tip(), self.members.epoch
        view = tip.view if tip is not None and tip.epoch == epoch else 0
        records = tuple(record for record in self._records if record.epoch == epoch)
        through = -1 if self._through is None else self._through
        self.driver.start(
            records, on.Finality(base.height, base.seal_hash, view, tip), abstain_through=through
        )
        self.driver.work_changed()
        self._tell()

    def _tell(self) -> None:
        seat = self.members.vote_key(self._services.party) is not None
        if seat and not self.voting and self._doubt is None:
            log.error("the ledger names a vote key that is not among our files; following without a vote")
        if why := self.abstaining:
            log.warning(why)
        log.info("epoch", epoch=self.members.epoch, members=self.members.size, voting=self.voting)

    def on_final(self, block: Executed, certificate: Certificate | None, version: Version) -> None:
        """A block is durable; if it was the last of the running epoch, the instance is stopped."""
        if self._stopped:
            return
        seal = block.sealed.seal
        if self._doubt is None and self._unaccounted(seal.parent_certificate, certificate):
            self._on_restored()
        self._votes.forget_before((seal.epoch, seal.view))
        if version.members.epoch != self.members.epoch:
            self._through = None  # old votes in the next epoch are bounded anew
            self._renew()
        elif self._through is not None and certificate is not None and certificate.view >= self._through:
            log.info("finality has passed every vote we may have cast", view=certificate.view)
            self._votes.accounts_after((certificate.epoch, certificate.view))
            self._resolve()

    def _resolve(self) -> None:
        self._doubt = self._through = None
        self._spawn(self._say_doubt(False))  # noqa: FBT003 - a yes or no to be noted

    def reported(self, party: str, status: Status) -> None:
        """A peer says where it stands; in doubt that says how long to abstain."""
        if self._doubt is None or self._through is not None or self._stopped or self._renewing:
            return
        members = self.members
        self._doubt.note(party, status, members)
        bound = self._doubt.bound(members, self._services.party, self._reach(members))
        if bound == BEGINNING:
            self._resolve()
            self._renew()
        elif bound is not None:
            self._through = bound
            self._renew()

    def _on_restored(self) -> None:
        """A vote of ours that the journal does not hold: from now on nothing is signed before it is bounded."""
        self._suspect()
        self._renew()

    def _suspect(self) -> None:
        self._doubt, self._through = Doubt(fresh=False), None
        self._spawn(self._say_doubt(True))  # noqa: FBT003 - a yes or no to be noted

    def _unaccounted(self, *certificates: Certificate | None) -> bool:
        """Whether one of these durable certificates holds a vote by a key of ours that the journal does not."""
        party = self._services.party
        ours = [key.public for key in self._keys.held("vote")]
        for certificate in certificates:
            if certificate is None or not self._votes.lacks(certificate, party):
                continue
            members = self._services.electorates.members(certificate.epoch)
            if members is not None and members.vote_key(party) in ours:
                log.warning(
                    "a final block shows a vote of ours that is not in our journal",
                    view=certificate.view,
                    kind=certificate.kind,
                )
                return True
        return False

    def _renew(self) -> None:
        """Stop the instance; when its tasks are gone, the next one begins."""
        self.driver.stop()
        if not self._renewing:
            self._renewing = True
            self._spawn(self._change())

    async def _change(self) -> None:
        """The old instance's tasks first, then the new instance.

        Raises:
            FatalError: ``VERSION_UNKNOWN``: this program cannot execute what follows.
        """
        await self.driver.close()
        self._renewing = False
        base, before = self._services.chain.base, self.members.epoch
        check_version(base.protocol, base.epoch_first)
        if self._stopped:
            return
        if base.members.epoch != before:
            self._services.bodies.clear()
            self._others.forget()
        self.driver = self._make()
        self._start()
        for topic, payload, sender in self._early.take():
            self._replay(topic, payload, sender)

    def work_changed(self) -> None:
        """Tell the running instance whether transactions wait."""
        self.driver.work_changed()

    def stop(self) -> None:
        """From now on nothing is decided, signed or sent, and no epoch begins."""
        self._stopped = True
        self.driver.stop()

    async def close(self) -> None:
        """Stop, and wait for the tasks of the instance."""
        self.stop()
        await self.driver.close()

    # -- what peers say ----------------------------------------------------------------------------

    def on_vote(self, topic: Topic, payload: bytes, sender: str) -> Outcome:
        """A gossiped vote."""
        return self.driver.hearing.on_vote(topic, payload, sender)

    def on_certificate(self, topic: Topic, payload: bytes, sender: str) -> Outcome:
        """A gossiped certificate, or one that a peer handed to us."""
        return self.driver.hearing.on_certificate(topic, payload, sender)

    async def on_proposal(self, topic: Topic, payload: bytes, sender: str) -> Outcome:
        """A gossiped proposal."""
        return await self.driver.hearing.on_proposal(topic, payload, sender)

    def on_certificates_wanted(self, party: str, wanted: on.CertificatesRequested, epoch: int) -> None:
        """A peer lacks certificates of an epoch."""
        if epoch == self.members.epoch:
            self.driver.give(wanted)
        else:
            self.heard(party, epoch)

    def heard(self, party: str, epoch: int) -> None:
        """A peer lives in this epoch; if it is not ours, one of us two lacks the end of another."""
        self._others.heard(party, epoch, self.members.epoch)

    def _on_other_epoch(self, epoch: int, topic: Topic, payload: bytes, sender: str) -> None:
        """An item of another epoch than the one that heard it."""
        if epoch == self.members.epoch + 1:
            self._early.keep(topic, payload, sender)
        if epoch > self.members.epoch or topic is not Topic.CERTIFICATE:
            self.heard(sender, epoch)

    def _replay(self, topic: Topic, payload: bytes, sender: str) -> None:
        if topic is Topic.PROPOSAL:
            self._spawn(self._replay_proposal(payload, sender))
            return
        hear = self.on_vote if topic is Topic.VOTE else self.on_certificate
        self._judge(hear(topic, payload, sender), sender)

    async def _replay_proposal(self, payload: bytes, sender: str) -> None:
        try:
            outcome = await self.on_proposal(Topic.PROPOSAL, payload, sender)
        except FatalError:
            raise
        except AccordError:
            outcome = Outcome.BAD
        self._judge(outcome, sender)

    def _judge(self, outcome: Outcome, sender: str) -> None:
        if outcome is Outcome.BAD:
            self._services.network.punish(sender)
