"""Executing blocks: records one after another on a version of the ledger, giving the next version.

A :class:`Version` is the ledger after one block; versions share structure, so unfinalised blocks branch
cheaply and are dropped cheaply. The proposer builds with :meth:`Execution.add` and leaves out what is
refused; a voter adds the same records and any refusal makes the block invalid (DOMAIN.md 2.9).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import (
    PROTOCOL_VERSION,
    Certificate,
    Members,
    Seal,
    SealedBytes,
    body_hash,
    check_version,
)
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import work_off
from accord_ledger.domain.epochs import newest
from accord_ledger.domain.model.epoch import RECOVERY, RECOVERY_KIND
from accord_ledger.domain.model.party import SEATS
from accord_ledger.domain.pipeline import Prepared, SignatureChecker, run
from accord_ledger.errors import Rejection
from accord_ledger.merkle.tree import Frontier
from accord_ledger.state import Source, Table, View


class RecentTransactions:
    """Transactions of one block, over those of the blocks before: remembered until they expire.

    Derived from the tail of the log, never part of state (DESIGN.md section 2). Kept by minute of
    expiry, so that forgetting is dropping whole minutes.
    """

    __slots__ = ("_minutes", "parent")

    def __init__(self, parent: RecentTransactions | None = None) -> None:
        self.parent = parent
        self._minutes: dict[int, dict[bytes, None]] = {}
        """No sets: an hour is millions of ids, and the garbage collector looks at each member of a set."""

    def add(self, tx_id: bytes, expires: int) -> None:
        """Remember a transaction until ``expires`` (UTC seconds)."""
        self._minutes.setdefault(expires // 60, {})[tx_id] = None

    def holds(self, tx_id: bytes, expires: int) -> bool:
        """Whether this transaction is in this block or one before it."""
        layer: RecentTransactions | None = self
        minute = expires // 60
        while layer is not None:
            ids = layer._minutes.get(minute)
            if ids is not None and tx_id in ids:
                return True
            layer = layer.parent
        return False

    def flatten_into(self, base: RecentTransactions, time: int) -> None:
        """Move this layer into the durable base and forget what has expired by ``time``."""
        for minute, ids in self._minutes.items():
            base._minutes.setdefault(minute, {}).update(ids)
        for minute in [minute for minute in base._minutes if (minute + 1) * 60 <= time]:
            del base._minutes[minute]


@dataclass(frozen=True, slots=True)
class Version:
    """The ledger after one block (height 0: after genesis, before any block)."""

    height: int
    seal_hash: bytes
    """Hash of the seal; the network hash where the network begins."""
    time: int
    members: Members
    """The set that votes on the next block."""
    log: Frontier
    """The Merkle tree over all entries, this block's seal included."""
    map: AuthMap
    """Authenticated state; its root is the seal's ``state_root``."""
    state: Source
    recent: RecentTransactions
    protocol: int = PROTOCOL_VERSION
    """Protocol version in force in the next block (T44)."""
    epoch_first: int = 1
    """Height of the first block that ``members`` vote on."""
    begun: int = 0
    """Height this network began at: 0, or that of the block it carries on from (``accord_genesis.recovery``)."""
    carried: int = 0
    """Records that the log held when this network began."""

    @property
    def begins(self) -> bool:
        """Whether this is where the network begins: no block of it was made yet."""
        return self.height == self.begun

    @property
    def ends_epoch(self) -> bool:
        """Whether the next block is the first of an epoch: this one carried a change and was the last."""
        return not self.begins and self.epoch_first > self.height

    @property
    def awaits_first(self) -> bool:
        """Whether no record of this network stands in the log yet."""
        return self.log.size - self.height == self.carried


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What became of one record in one block."""

    tx_id: bytes
    entry_hash: bytes
    warnings: tuple[str, ...]
    result: dict[str, str]


@dataclass(frozen=True, slots=True)
class Executed:
    """A closed block and the version after it."""

    sealed: SealedBytes
    entries: tuple[bytes, ...]
    """Records of the block, in order, without the seal."""
    prepared: tuple[Prepared, ...]
    receipts: tuple[Receipt, ...]
    changes: dict[bytes, bytes | None]
    """Every state key the block wrote, in key order, with its canonical value or None where removed."""
    version: Version
    names: frozenset[bytes]
    """Entry hashes of the records."""
    size: int
    """Bytes of the records together."""

    def written(self, table: Table[Any]) -> Sequence[bytes]:
        """State keys of one table that the block wrote or removed; looks at no others."""
        keys = tuple(self.changes)
        begin = bisect_left(keys, table.prefix)
        end = bisect_left(keys, 1, begin, key=lambda key: int(not key.startswith(table.prefix)))
        return keys[begin:end]


def check_opening(state: View, kind: str) -> None:
    """``E_STATE`` where a network that continues another has not said so yet and this record does not (T46)."""
    if kind != RECOVERY_KIND and state.get(RECOVERY) is not None:
        raise Rejection("E_STATE", f"expected {RECOVERY_KIND} as the first record", path="kind")


class Execution:
    """One block being executed on a parent version.

    Raises:
        FatalError: ``VERSION_UNKNOWN``: the protocol in force is one this program does not know.
    """

    def __init__(self, network: bytes, parent: Version, time: int, checker: SignatureChecker) -> None:
        check_version(parent.protocol, parent.epoch_first)
        self.network = network
        self.parent = parent
        self.time = time
        self._checker = checker
        self._view = View(parent.state)
        self._recent = RecentTransactions(parent.recent)
        self._prepared: list[Prepared] = []
        self._receipts: list[Receipt] = []
        self._block = Context(state=self._view, network=network, height=parent.height + 1, time=time)
        self.weight_limit = self._block.parameters.block_weight_max
        self.weight = 0
        self.size = 0
        """Bytes of the records added so far."""
        self.due = work_off(self._block)

    @property
    def count(self) -> int:
        """Records added so far."""
        return len(self._prepared)

    def add(self, prepared: Prepared) -> Receipt:
        """Execute one record.

        Raises:
            Rejection: the record breaks a rule, or would push the block over its weight
                (``E_WEIGHT`` with path ``block``); nothing has changed.
        """
        record = prepared.record
        first = not self._prepared and self.parent.awaits_first
        if first:
            check_opening(self._view, record.tx.kind)
        view, ctx = self._view, self._block
        view.begin()
        try:
            ctx.for_record(record.tx.author, record.tx_id, first=first)
            weight = run(ctx, prepared, self._checker, self._recent.holds)
            if self.weight + weight > self.weight_limit:
                raise Rejection("E_WEIGHT", f"expected a block of at most {self.weight_limit}", path="block")
        except BaseException:
            view.undo()
            raise
        view.keep()
        self.weight += weight
        self.size += len(record.entry)
        self._recent.add(record.tx_id, record.tx.expires)
        receipt = Receipt(record.tx_id, record.entry_hash, tuple(ctx.warnings), ctx.result)
        self._prepared.append(prepared)
        self._receipts.append(receipt)
        return receipt

    def close(self, *, proposer: str, view: int, parent_certificate: Certificate | None) -> Executed:
        """Close the block: apply its changes to the map, extend the log, write the seal."""
        parent = self.parent
        changes = self._view.changes()
        state = parent.map.update(changes)
        records = parent.log.extend([item.record.leaf_hash for item in self._prepared])
        seal = Seal(
            network=self.network,
            version=parent.protocol,
            epoch=parent.members.epoch,
            height=parent.height + 1,
            view=view,
            time=self.time,
            proposer=proposer,
            parent=parent.seal_hash,
            parent_certificate=parent_certificate,
            first=parent.log.size,
            count=len(self._prepared),
            body_hash=body_hash([item.record.entry_hash for item in self._prepared]),
            log_root=records.root(),
            state_root=state.root,
            members=parent.members.digest(),
        )
        sealed = SealedBytes.of(seal)
        members, protocol, epoch_first = self._voting_next()
        version = Version(
            height=seal.height,
            seal_hash=sealed.hash,
            time=self.time,
            members=members,
            log=records.extend([sealed.leaf_hash]),
            map=state,
            state=self._view,
            recent=self._recent,
            protocol=protocol,
            epoch_first=epoch_first,
            begun=parent.begun,
            carried=parent.carried,
        )
        return Executed(
            sealed=sealed,
            entries=tuple(item.record.entry for item in self._prepared),
            prepared=tuple(self._prepared),
            receipts=tuple(self._receipts),
            changes=changes,
            version=version,
            names=frozenset([item.record.entry_hash for item in self._prepared]),
            size=self.size,
        )

    def _voting_next(self) -> tuple[Members, int, int]:
        """Who votes on the next block, by which protocol, and from which height: as the state now says."""
        parent, seats = self.parent, self._view.get(SEATS)
        if seats is None or seats.epoch == parent.members.epoch:
            return parent.members, parent.protocol, parent.epoch_first
        epoch = newest(self._view)
        return epoch.members, epoch.version, epoch.first


class InvalidBlock(Exception):  # noqa: N818 - a verdict on a peer's block, not a failure of ours
    """A proposed block that no honest member votes for; ``code`` says which rule it breaks."""

    def __init__(self, code: str, detail: str, *, entry: int | None = None) -> None:
        self.code = code
        self.detail = detail
        self.entry = entry
        """Place of the offending record in the block, if it is one record's fault."""
        super().__init__(f"{code}: {detail}")


def check_header(network: bytes, parent: Version, seal: Seal) -> None:
    """What a seal must say given its parent, besides the results of execution."""
    expected = {
        "network": network,
        "version": parent.protocol,
        "epoch": parent.members.epoch,
        "height": parent.height + 1,
        "parent": parent.seal_hash,
        "first": parent.log.size,
        "members": parent.members.digest(),
    }
    for name, value in expected.items():
        if getattr(seal, name) != value:
            raise InvalidBlock(
                f"SEAL_{name.upper()}", f"expected {_show(value)}, got {_show(getattr(seal, name))}"
            )
    if seal.time < parent.time:
        raise InvalidBlock("SEAL_TIME", f"expected a time of at least {parent.time}, got {seal.time}")
    certificate = seal.parent_certificate
    if (certificate is None) != parent.begins:
        raise InvalidBlock(
            "SEAL_PARENT_CERTIFICATE", "expected a parent certificate in every block but a network's first"
        )
    if certificate is not None:
        _check_place(parent, certificate)


def _check_place(parent: Version, certificate: Certificate) -> None:
    """A certificate of this parent, and in the first block of an epoch its finalization by the last one.

    Its signatures are checked by whoever received the seal; here stands what follows from the parent.
    """
    code = "SEAL_PARENT_CERTIFICATE"
    if certificate.seal != parent.seal_hash or certificate.kind == "nullify":
        raise InvalidBlock(code, "expected a notarization or finalization of the parent")
    epoch = parent.members.epoch - parent.ends_epoch
    if certificate.epoch != epoch:
        raise InvalidBlock(code, f"expected a certificate of epoch {epoch}, got {certificate.epoch}")
    if parent.ends_epoch and certificate.kind != "finalize":
        raise InvalidBlock(code, f"expected the finalization that ended epoch {epoch}")


def _show(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def execute_block(
    network: bytes,
    parent: Version,
    sealed: SealedBytes,
    records: Sequence[Prepared],
    checker: SignatureChecker,
    *,
    pause: Callable[[], None] | None = None,
) -> Executed:
    """Execute somebody else's block and compare everything its seal says.

    Args:
        pause: called between records, so that a caller can yield or give up.

    Raises:
        InvalidBlock: the seal or a record breaks a rule, or a root differs.
        FatalError: ``VERSION_UNKNOWN``.
    """
    seal = sealed.seal
    check_header(network, parent, seal)
    execution = Execution(network, parent, seal.time, checker)
    for place, prepared in enumerate(records):
        try:
            execution.add(prepared)
        except Rejection as rejection:
            raise InvalidBlock(rejection.code, rejection.detail, entry=place) from rejection
        if pause is not None:
            pause()
    done = execution.close(proposer=seal.proposer, view=seal.view, parent_certificate=seal.parent_certificate)
    for name in ("count", "body_hash", "log_root", "state_root"):
        ours, theirs = getattr(done.sealed.seal, name), getattr(seal, name)
        if ours != theirs:
            raise InvalidBlock(f"SEAL_{name.upper()}", f"expected {_show(ours)}, got {_show(theirs)}")
    if done.sealed.entry != sealed.entry:
        raise InvalidBlock("SEAL_FORM", "expected the one seal these records give")
    return done
