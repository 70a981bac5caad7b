"""Checkpoints that a quorum cosigned: each member cosigns every final seal, in order.

A cosigner never goes back: it signs only what is durable here, in order of size, after its own
execution gave the same root (FORMATS.md section 1). Because what is signed is exactly the durable
floor, a restart signs the same sizes with the same roots again. A size is cosigned by the members of the
epoch whose block ends there; the last block of an epoch still by those who leave.

Nothing counts before it was verified against a root of our own. What comes for sizes our own log has not
reached is kept, a bounded amount for each peer that sent it. Cosignatures of one moment travel together,
and one by one what was verified is passed on to peers its member is not linked to.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from accord_ledger import codec
from accord_ledger.block import Members
from accord_ledger.checkpoint import Checkpoint, cosign, portable_note
from accord_ledger.execute import Version
from accord_ledger.keys import SigningKey
from accord_ledger.note import COSIGNATURE, NoteSigner, Signature, VerifierKey
from accord_node.messages import Cosignature, Cosignatures
from accord_node.peer import Outcome, PeerNetwork, Topic
from accord_node.seams import Clock

log = structlog.get_logger("cosigning")

MAX_OPEN = 512
"""Log sizes whose cosignatures are being gathered; beyond, the smallest are given up."""
MAX_EARLY = 512
"""Cosignatures ahead of our log that are kept of one peer, newest first."""
MAX_EARLY_PEERS = 128
SAY_SECONDS = 0.03
"""Own cosignatures gather so long and go as one message: nothing waits for them but the checkpoint."""
MAX_SAID = 64
"""Of those that gathered, the newest so many are said; a quorum on an older size is of no use any more."""


def cosigner_name(origin: str, party: str) -> str:
    """Key name of a member's witness key."""
    return f"{origin}/{party}"


@dataclass(frozen=True, slots=True)
class Ours:
    """A checkpoint that this node knows to be right, and who cosigns it."""

    checkpoint: Checkpoint
    members: Members
    """Of the epoch of its last block."""
    keys: dict[str, VerifierKey]
    """Their witness keys, by party."""


class Cosigners:
    """Signs, gathers and publishes checkpoints."""

    def __init__(
        self,
        *,
        party: str,
        origin: str,
        witnesses: tuple[SigningKey, ...],
        log_key: SigningKey,
        network: PeerNetwork,
        clock: Clock,
        on_published: Callable[[Checkpoint, bytes], None],
    ) -> None:
        """Wire it.

        Args:
            party: ours.
            origin: of the log.
            witnesses: keys we hold for cosigning; each epoch names one, none for an observer.
            log_key: signs the note.
            network: the peers.
            clock: time of day, in every cosignature.
            on_published: called with every newer checkpoint that has its quorum, and its note.
        """
        self._party = party
        self._origin = origin
        self._witnesses = {key.public: key for key in witnesses}
        self._log = NoteSigner(origin, log_key)
        self._network = network
        self._clock = clock
        self._on_published = on_published
        self._open: dict[int, dict[str, Signature]] = {}
        self._ours: dict[int, Ours] = {}
        """By size."""
        self.newest: Checkpoint | None = None
        """Newest checkpoint with a quorum."""
        self.note: bytes = b""
        self._quorum: list[Cosignature] = []
        """The cosignatures in that note."""
        self._early: dict[str, OrderedDict[tuple[int, str], Cosignature]] = {}
        """Not verified, by the peer that sent them, then size and member."""
        self._tip: Ours | None = None
        """The newest size here, cosigned last."""
        self._said = 0
        """When (UTC seconds)."""
        self._repeated = 0
        """When everything was last said again (UTC seconds)."""
        self._stopped = False
        self._unsaid: list[Cosignature] = []
        self._saying: asyncio.TimerHandle | None = None

    def advanced(self, version: Version, members: Members) -> None:
        """A block became durable here: cosign the checkpoint that ends in its seal.

        Args:
            version: after the block.
            members: of the block's epoch.
        """
        checkpoint = Checkpoint(self._origin, version.log.size, version.log.root())
        ours = Ours(checkpoint, members, self._keys_of(members))
        self._ours[checkpoint.size] = self._tip = ours
        self._sign(ours)
        self._take_early(ours)
        self._try(checkpoint.size)
        self._trim()

    def _keys_of(self, members: Members) -> dict[str, VerifierKey]:
        if self._tip is not None and self._tip.members is members:
            return self._tip.keys
        return {
            member.party: VerifierKey(cosigner_name(self._origin, member.party), COSIGNATURE, member.witness)
            for member in members.members
        }

    def stop(self) -> None:
        """From now on nothing is signed."""
        self._stopped = True
        if self._saying is not None:
            self._saying.cancel()

    def _sign(self, ours: Ours) -> None:
        key = ours.keys.get(self._party)
        witness = None if key is None else self._witnesses.get(key.public)
        if key is None or witness is None or self._stopped:
            return
        checkpoint = ours.checkpoint
        self._said = self._clock.now()
        signature = cosign(checkpoint.text(), witness, key.name, self._said)
        self._keep(self._party, checkpoint.size, signature)
        self._unsaid.append(_message(self._party, checkpoint.size, signature))
        if self._saying is None:
            self._saying = asyncio.get_running_loop().call_later(SAY_SECONDS, self._say)

    def _say(self) -> None:
        self._saying = None
        said, self._unsaid = self._unsaid[-MAX_SAID:], []
        message = codec.encode(Cosignatures(items=tuple(said)))
        self._network.gossip.publish(Topic.COSIGNATURE, message, again=True)

    def _pass_on(self, message: Cosignature, sender: str) -> None:
        payload = codec.encode(Cosignatures(items=(message,)))
        self._network.gossip.pass_on(Topic.COSIGNATURE, payload, origin=message.party, sender=sender)

    def on_cosignatures(self, _: Topic, payload: bytes, sender: str) -> Outcome:
        """Gossiped cosignatures; those ahead of our own log wait until it gets there.

        The newest is looked at first: once it makes the quorum, the older ones need no look.
        """
        items = codec.decode(payload, Cosignatures).items
        if len(items) == 1:
            return self._hear(items[0], sender)
        for message in reversed(items):
            outcome = self._hear(message, sender)
            if outcome is Outcome.BAD:
                return outcome
            if outcome is Outcome.ACCEPT:
                self._pass_on(message, sender)
        return Outcome.IGNORE  # what is worth relaying was passed on by itself

    def _hear(self, message: Cosignature, sender: str) -> Outcome:
        if message.party == self._party:
            return Outcome.IGNORE
        if self.newest is not None and message.size <= self.newest.size:
            return Outcome.IGNORE
        ours = self._ours.get(message.size)
        if ours is None:
            self._keep_early(sender, message)
            return Outcome.IGNORE
        key = ours.keys.get(message.party)
        if key is None:
            return Outcome.IGNORE
        if not _fits(key, message, ours.checkpoint):
            log.warning("a cosignature that does not fit our log", member=message.party, size=message.size)
            return Outcome.BAD
        self._keep(message.party, message.size, _signature(key, message))
        self._try(message.size)
        return Outcome.ACCEPT

    def _keep(self, party: str, size: int, signature: Signature) -> None:
        self._open.setdefault(size, {})[party] = signature
        if len(self._open) > MAX_OPEN:
            del self._open[min(self._open)]

    def _keep_early(self, sender: str, message: Cosignature) -> None:
        if self._tip is not None and message.size <= self._tip.checkpoint.size:
            return  # no size that a block of ours ends in, or one given up
        if sender not in self._early and len(self._early) >= MAX_EARLY_PEERS:
            return
        held = self._early.setdefault(sender, OrderedDict())
        held[message.size, message.party] = message
        if len(held) > MAX_EARLY:
            held.popitem(last=False)

    def _take_early(self, ours: Ours) -> None:
        """Verify what came before our own log got here; what is good is relayed now."""
        checkpoint = ours.checkpoint
        for sender, held in list(self._early.items()):
            for place in [place for place in held if place[0] <= checkpoint.size]:
                message = held.pop(place)
                key = ours.keys.get(message.party)
                if key is None or message.size != checkpoint.size:
                    continue
                if message.party in self._open.get(message.size, {}):
                    continue
                if _fits(key, message, checkpoint):
                    self._keep(message.party, message.size, _signature(key, message))
                    self._pass_on(message, sender)
                else:
                    log.warning("a cosignature that does not fit our log", sender=sender, size=message.size)
            if not held:
                del self._early[sender]

    def _try(self, size: int) -> None:
        gathered, ours = self._open.get(size, {}), self._ours.get(size)
        if (
            ours is None
            or len(gathered) < ours.members.quorum
            or (self.newest is not None and size <= self.newest.size)
        ):
            return
        checkpoint = ours.checkpoint
        cosignatures = [gathered[party] for party in sorted(gathered)]
        self._quorum = [_message(party, size, gathered[party]) for party in sorted(gathered)]
        self.newest = checkpoint
        self.note = portable_note(checkpoint, self._log.sign(checkpoint.text()), cosignatures)
        self._on_published(checkpoint, self.note)
        self._trim()

    def _trim(self) -> None:
        """Forget sizes at or below the newest published one, and bound what waits."""
        floor = self.newest.size if self.newest is not None else -1
        self._open = {size: item for size, item in self._open.items() if size > floor}
        self._ours = {size: item for size, item in self._ours.items() if size > floor}
        while len(self._ours) > MAX_OPEN:
            self._ours.pop(min(self._ours))

    def repeat(self) -> None:
        """Cosign our newest size anew, and say the newest quorum: a peer is behind, something was lost.

        At most once per second, however many ask; with the time of day in it, it is not taken for the
        item that was seen (and perhaps dropped) before.
        """
        if self._tip is None or self._stopped or self._repeated == self._clock.now():
            return
        self._repeated = self._clock.now()
        for start in range(0, len(self._quorum), MAX_SAID):
            message = Cosignatures(items=tuple(self._quorum[start : start + MAX_SAID]))
            self._network.gossip.publish(Topic.COSIGNATURE, codec.encode(message), again=True)
        if self._said != self._repeated:
            self._sign(self._tip)
            self._try(self._tip.checkpoint.size)


def _fits(key: VerifierKey, message: Cosignature, checkpoint: Checkpoint) -> bool:
    """Whether a reader of the note will count it: the key's own id, and a signature that verifies."""
    signature = _signature(key, message)
    return signature.key_id == key.key_id and key.verifies(checkpoint.text(), signature.blob)


def _message(party: str, size: int, signature: Signature) -> Cosignature:
    return Cosignature(party=party, size=size, blob=signature.key_id + signature.blob)


def _signature(key: VerifierKey, message: Cosignature) -> Signature:
    return Signature(key.name, message.blob[:4], message.blob[4:])
