"""Replaying a log: every entry read, every block executed again, every difference a named finding.

    reader = BlockReader(first=0)
    replay = Replay(network, genesis_version)
    for entry in entries:                     # in log order
        block = reader.add(entry)
        if block is not None:
            replayed = replay.fold(block)

Nothing a log holds makes this raise: what is wrong is a :class:`Finding` that names the entry, the height
and what was expected and found. A finding ends as little as possible, so that what stands behind it is
still judged: a seal that says a wrong root is compared and left, a signature that fails is reported and its
record executed all the same. Only a record that is refused ends execution, because nobody can say what the
state is after it; hash chain, hashes and roots of the log are judged to the end, and certificates as long
as it is known who votes.

Memory: the records of one block, and the state. Reading and folding are apart, so that a caller can read
entries and check signatures elsewhere before a block is executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from accord_ledger.block import (
    NO_SEAL,
    Certificate,
    Members,
    Seal,
    body_hash,
    vote_message,
)
from accord_ledger.blockreader import Block, BlockReader, Malformed, leaf_hash
from accord_ledger.divergence import SEAL_FIELDS, SIGNATURE_CODES, Area, Finding
from accord_ledger.domain.epochs import voters
from accord_ledger.domain.pipeline import Prepared, SignatureChecker
from accord_ledger.errors import AccordError, FatalError, Rejection
from accord_ledger.execute import Executed, Execution, RecentTransactions, Version
from accord_ledger.keys import verifies
from accord_ledger.merkle.tree import Frontier
from accord_ledger.replayedstate import ReplayedState
from accord_ledger.state import View


@dataclass(frozen=True, slots=True)
class BlockReplayed:
    """What replay says about one block."""

    height: int
    """Its place in the chain, whatever its seal says."""
    first: int
    records: int
    time: int
    findings: tuple[Finding, ...]
    executed: Executed | None
    """None once an earlier or this block could not be executed."""


class Replay:
    """The ledger as the log says it became, from a version that is trusted.

    Args:
        network: hash of the genesis document.
        start: genesis, or any version believed before; neither it nor its state is changed.
        view: view of the seal ``start`` ends in, if known (0 at genesis).
    """

    def __init__(self, network: bytes, start: Version, *, view: int = 0) -> None:
        self.network = network
        self.state = ReplayedState(start.state)
        recent = RecentTransactions()
        layer: RecentTransactions | None = start.recent
        while layer is not None:
            layer.flatten_into(recent, start.time)
            layer = layer.parent
        self.version = replace(start, state=self.state, recent=recent)
        """The ledger after the newest folded block; its state is that of the last executed one."""
        self.halted: int | None = None
        """Height at which execution ended, if it did."""
        self.stopped: FatalError | None = None
        """Why this program cannot execute further, though the log may be right (``VERSION_UNKNOWN``)."""
        self.lost: int | None = None
        """Height from which on nobody can say who votes: an epoch that began after execution had ended."""
        self.sealed_by = start.members
        """Who voted on the newest folded seal, and cosigns the checkpoint that ends in it."""
        self.findings = 0
        """How many there were."""
        self._view = view
        """Newest view of this epoch."""
        self._parent_view = view
        """View of the newest folded seal, whatever its epoch."""
        if start.ends_epoch and (before := voters(View(start.state), start.members.epoch - 1)) is not None:
            self.sealed_by = before
            self._view = 0

    def feed(
        self, entries: Iterable[bytes], reader: BlockReader, checker: SignatureChecker = verifies
    ) -> Iterator[BlockReplayed]:
        """Read and fold one entry after another: the whole replay, for callers without other plans."""
        for entry in entries:
            block = reader.add(entry)
            if block is not None:
                yield self.fold(block, checker)

    def fold(self, block: Block, checker: SignatureChecker = verifies) -> BlockReplayed:
        """Judge the next block and move on to the version after it."""
        judged = _Judged(block, self.version.height + 1)
        self._judge_form(judged)
        executed = self._execute(judged, checker)
        if self._knows_voters(judged):
            self._judge_place(judged)
            self._judge_certificate(judged, checker)
        if executed is not None and executed.sealed.entry == block.sealed.entry:
            log = executed.version.log
        else:
            log = self._judge_fields(judged, executed)
        self._advance(block, log, executed)
        self.findings += len(judged.findings)
        return BlockReplayed(
            height=judged.height,
            first=block.first,
            records=len(block.records),
            time=block.sealed.seal.time,
            findings=tuple(sorted(judged.findings, key=lambda finding: finding.entry)),
            executed=executed,
        )

    def _judge_form(self, judged: _Judged) -> None:
        for place, item in enumerate(judged.block.records):
            if isinstance(item, Malformed):
                judged.add(
                    Area.FORM, item.code, judged.block.first + place, "a canonical record", item.detail
                )
                self._halt(judged.height)

    def _halt(self, height: int) -> None:
        if self.halted is None:
            self.halted = height

    def _knows_voters(self, judged: _Judged) -> bool:
        """Whether it is known who votes: an epoch can begin in a block whose state nobody can tell."""
        seal, members = judged.block.sealed.seal, self.version.members
        if self.lost is None and self.halted is not None and seal.epoch > members.epoch:
            self.lost = judged.height
        return self.lost is None

    def _execute(self, judged: _Judged, checker: SignatureChecker) -> Executed | None:
        """Every record by its rules; None from the first one on that is refused."""
        if self.halted is not None:
            return None
        seal = judged.block.sealed.seal
        place = len(judged.block.records)
        tolerant = _Tolerant(checker)
        try:
            execution = Execution(self.network, self.version, seal.time, tolerant)
            for place, item in enumerate(judged.block.records):
                if isinstance(item, Prepared):  # _judge_form has halted where one is not
                    self._add(judged, execution, place, item, tolerant)
        except FatalError as error:
            self.stopped = error
            self._halt(judged.height)
            return None
        except AccordError as error:
            area = Area.SIGNATURES if error.code in SIGNATURE_CODES else Area.RULES
            got = error.detail + (f" at {error.path}" if error.path else "")
            index = judged.block.first + place
            judged.add(area, error.code, index, "a record that every rule accepts", got)
            self._halt(judged.height)
            return None
        return execution.close(
            proposer=seal.proposer, view=seal.view, parent_certificate=seal.parent_certificate
        )

    def _add(
        self, judged: _Judged, execution: Execution, place: int, item: Prepared, tolerant: _Tolerant
    ) -> None:
        """Execute one record; where only a signature fails, report that and go on as if it were good."""
        try:
            execution.add(item)
        except Rejection as rejection:
            if rejection.code not in SIGNATURE_CODES:
                raise
            tolerant.forgives = True
            execution.add(item)
            tolerant.forgives = False
            index = judged.block.first + place
            judged.add(Area.SIGNATURES, rejection.code, index, "valid signatures", rejection.detail)

    def _judge_place(self, judged: _Judged) -> None:
        """Time, view and proposer: what a seal is free to say within bounds."""
        seal, parent = judged.block.sealed.seal, self.version
        index = judged.block.seal_index
        if seal.time < parent.time:
            judged.add(Area.TIME, "SEAL_TIME", index, f"a time of at least {parent.time}", str(seal.time))
        if seal.view <= self._view:
            judged.add(Area.CHAIN, "SEAL_VIEW", index, f"a view after {self._view}", str(seal.view))
        leader = parent.members.leader(seal.view)
        if seal.proposer != leader:
            judged.add(Area.CHAIN, "SEAL_PROPOSER", index, f"{leader}, leader of its view", seal.proposer)

    def _judge_certificate(self, judged: _Judged, checker: SignatureChecker) -> None:
        fault = self._certificate_fault(judged.block.sealed.seal, checker)
        if fault is not None:
            judged.add(Area.CERTIFICATES, fault[0], judged.block.seal_index, fault[1], fault[2])

    def _certificate_fault(self, seal: Seal, checker: SignatureChecker) -> tuple[str, str, str] | None:
        """Code, expected and got of the first thing wrong with the certificate of the parent."""
        parent, certificate = self.version, seal.parent_certificate
        if certificate is None or parent.begins:
            if certificate is None and parent.begins:
                return None
            return "CERTIFICATE_MISSING", "a certificate of every parent but genesis", "another case"
        if certificate.kind == "nullify" or certificate.seal == NO_SEAL:
            return "CERTIFICATE_KIND", "a notarization or finalization", certificate.kind
        if certificate.seal != parent.seal_hash:
            return "CERTIFICATE_SEAL", parent.seal_hash.hex(), certificate.seal.hex()
        epoch = self.sealed_by.epoch
        if certificate.epoch != epoch:
            return "CERTIFICATE_EPOCH", str(epoch), str(certificate.epoch)
        if parent.ends_epoch:
            if certificate.kind != "finalize":
                return "CERTIFICATE_KIND", f"the finalization that ended epoch {epoch}", certificate.kind
            if certificate.view < self._parent_view:
                return "CERTIFICATE_VIEW", f"{self._parent_view} or later", str(certificate.view)
        elif not self._view <= certificate.view < max(seal.view, self._view + 1):
            return "CERTIFICATE_VIEW", f"{self._view} to {seal.view - 1}", str(certificate.view)
        return self._votes_fault(certificate, self.sealed_by, checker)

    def _votes_fault(
        self, certificate: Certificate, members: Members, checker: SignatureChecker
    ) -> tuple[str, str, str] | None:
        parties = [party for party, _ in certificate.votes]
        if parties != sorted(set(parties)):
            return "CERTIFICATE_ORDER", "members in order, each once", ", ".join(parties)
        for party in parties:
            if members.vote_key(party) is None:
                return "CERTIFICATE_MEMBER", f"members of epoch {members.epoch}", party
        if len(parties) < members.quorum:
            return "CERTIFICATE_QUORUM", f"{members.quorum} members", str(len(parties))
        message = vote_message(
            self.network, certificate.kind, certificate.epoch, certificate.view, certificate.seal
        )
        for party, signature in certificate.votes:
            public = members.vote_key(party)
            if public is None or not checker(public, message, signature):
                return "CERTIFICATE_SIGNATURE", f"a valid {certificate.kind} of {party}", signature.hex()
        return None

    def _judge_fields(self, judged: _Judged, executed: Executed | None) -> Frontier:
        """Compare what follows from the log before the seal; the log with the seal."""
        block, parent = judged.block, self.version
        records = parent.log.extend([leaf_hash(item) for item in block.records])
        expected: dict[str, object] = {
            "network": self.network,
            "version": parent.protocol,
            "epoch": parent.members.epoch,
            "height": parent.height + 1,
            "parent": parent.seal_hash,
            "first": parent.log.size,
            "count": len(block.records),
            "members": parent.members.digest(),
            "body_hash": body_hash([_entry_hash(item) for item in block.records]),
            "log_root": records.root(),
        }
        if executed is not None:
            expected["state_root"] = executed.sealed.seal.state_root
        if self.lost is not None:
            for name in ("version", "epoch", "members"):
                del expected[name]
        for name, value in expected.items():
            got = getattr(block.sealed.seal, name)
            if got != value:
                code = f"SEAL_{name.upper()}"
                judged.add(SEAL_FIELDS[name], code, block.seal_index, _show(value), _show(got))
        return records.extend([block.sealed.leaf_hash])

    def _advance(self, block: Block, log: Frontier, executed: Executed | None) -> None:
        """Take the block as it stands in the log, and the state as it came out here."""
        parent, sealed = self.version, block.sealed
        self.sealed_by = parent.members
        self._view = self._parent_view = max(self._view, sealed.seal.view)
        if executed is not None:
            after = executed.version
            if after.ends_epoch:
                self._view = 0
            if isinstance(after.state, View):
                self.state.values.update(after.state.items())
            after.recent.flatten_into(parent.recent, sealed.seal.time)
        self.version = replace(
            parent if executed is None else executed.version,
            height=parent.height + 1,
            seal_hash=sealed.hash,
            time=sealed.seal.time,
            log=log,
            state=self.state,
            recent=parent.recent,
        )


class _Judged:
    """A block while it is judged."""

    def __init__(self, block: Block, height: int) -> None:
        self.block = block
        self.height = height
        self.findings: list[Finding] = []

    def add(self, area: Area, code: str, entry: int, expected: str, got: str) -> None:
        self.findings.append(Finding(area, code, entry, self.height, expected, got))


class _Tolerant:
    """The caller's checker; while it forgives, every signature counts as good.

    So a record whose only fault is a signature can be executed, and what stands behind it be judged.
    """

    __slots__ = ("_checker", "forgives")

    def __init__(self, checker: SignatureChecker) -> None:
        self._checker = checker
        self.forgives = False

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        return self.forgives or self._checker(public, message, signature)


def _entry_hash(item: Prepared | Malformed) -> bytes:
    return item.entry_hash if isinstance(item, Malformed) else item.record.entry_hash


def _show(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
