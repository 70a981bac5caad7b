"""Blocks: what a voter recomputes, what it refuses, and that nothing but content decides the bytes."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord_ledger import keys
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import NO_SEAL, Certificate, SealedBytes, body_hash
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.pipeline import prepare
from accord_ledger.execute import (
    Executed,
    Execution,
    InvalidBlock,
    RecentTransactions,
    Version,
    execute_block,
)
from accord_ledger.merkle.tree import root
from accord_ledger.state import MemorySource
from domain_alliance import TWO_THIRDS, genesis_state
from domain_world import NETWORK, World, first_version, notarization, terms


def second_block() -> tuple[Version, Executed]:
    """A parent of height 1 and a block of three records on it."""
    world = World()
    world.register(terms("first"))
    world.at("2026-03-02")
    parent = world.version
    world.launch(terms(), ("uu", "academic_committee"))
    world.register(terms("um-1", "um"))
    return parent, world.close()


def values_of(version: Version) -> dict[bytes, bytes]:
    """The whole state of a version that was closed by a :class:`World`."""
    assert isinstance(version.state, MemorySource)
    return version.state.values


def again(parent: Version, done: Executed, sealed: SealedBytes | None = None) -> Executed:
    """Another node's execution, from the bytes alone."""
    return execute_block(
        NETWORK, parent, sealed or done.sealed, [prepare(entry) for entry in done.entries], keys.verifies
    )


def test_a_voter_finds_the_same_bytes() -> None:
    parent, done = second_block()
    ours = again(parent, done)
    assert ours.sealed.entry == done.sealed.entry
    assert ours.changes == done.changes
    assert ours.version.map.root == done.sealed.seal.state_root
    assert ours.version.seal_hash == done.version.seal_hash


def test_the_seal_says_what_happened() -> None:
    parent, done = second_block()
    seal = done.sealed.seal
    hashes = [item.record.entry_hash for item in done.prepared]
    assert (seal.height, seal.first, seal.count) == (2, parent.log.size, 5)
    assert seal.body_hash == body_hash(hashes)
    assert seal.parent == parent.seal_hash
    assert done.version.log.size == parent.log.size + 6
    everything = values_of(parent) | done.changes
    assert (
        AuthMap.build([(key, value) for key, value in everything.items() if value is not None]).root
        == seal.state_root
    )


def test_the_log_holds_records_then_seals() -> None:
    world = World()
    world.register(terms("first"))
    leaves = []
    for _ in range(2):
        done = world.close()
        leaves += [item.record.leaf_hash for item in done.prepared]
        assert done.sealed.seal.log_root == root(leaves)
        leaves.append(done.sealed.leaf_hash)
        assert done.version.log.root() == root(leaves)
        world.open(done.version.time)


OTHER: dict[str, Any] = {
    "network": b"\x01" * 32,
    "version": 2,
    "epoch": 1,
    "height": 3,
    "parent": b"\x01" * 32,
    "first": 1,
    "members": b"\x01" * 32,
    "time": 1,
    "parent_certificate": None,
    "count": 4,
    "body_hash": b"\x01" * 32,
    "log_root": b"\x01" * 32,
    "state_root": b"\x01" * 32,
}


@pytest.mark.parametrize("name", OTHER)
def test_every_field_of_the_seal_is_checked(name: str) -> None:
    parent, done = second_block()
    seal = msgspec.structs.replace(done.sealed.seal, **{name: OTHER[name]})
    with pytest.raises(InvalidBlock) as caught:
        again(parent, done, SealedBytes.of(seal))
    assert caught.value.code == f"SEAL_{name.upper()}"
    assert caught.value.entry is None


def test_a_parent_certificate_of_the_parent() -> None:
    parent, done = second_block()
    votes = done.sealed.seal.parent_certificate.votes  # type: ignore[union-attr]
    for kind, seal_hash in (("notarize", b"\x01" * 32), ("nullify", NO_SEAL), ("nullify", parent.seal_hash)):
        certificate = Certificate(kind=kind, epoch=0, view=0, seal=seal_hash, votes=votes)  # type: ignore[arg-type]
        seal = msgspec.structs.replace(done.sealed.seal, parent_certificate=certificate)
        with pytest.raises(InvalidBlock, match="SEAL_PARENT_CERTIFICATE"):
            again(parent, done, SealedBytes.of(seal))


def test_the_first_block_has_no_parent_certificate() -> None:
    parent = first_version(genesis_state())
    done = Execution(NETWORK, parent, parent.time, keys.verifies).close(
        proposer="bcb",
        view=0,
        parent_certificate=Certificate(
            kind="notarize", epoch=0, view=0, seal=NETWORK, votes=(("bcb", bytes(64)),)
        ),
    )
    with pytest.raises(InvalidBlock, match="SEAL_PARENT_CERTIFICATE"):
        again(parent, done)


def test_another_encoding_of_the_seal() -> None:
    parent, done = second_block()
    with pytest.raises(InvalidBlock, match="SEAL_FORM"):
        again(parent, done, SealedBytes(done.sealed.entry + b"\x00", done.sealed.seal))


def test_records_of_another_block() -> None:
    parent, done = second_block()
    fewer = [prepare(entry) for entry in done.entries[:-1]]
    with pytest.raises(InvalidBlock, match="SEAL_COUNT"):
        execute_block(NETWORK, parent, done.sealed, fewer, keys.verifies)


def test_a_block_with_a_refused_record_is_invalid() -> None:
    world = World()
    one = world.entry("programme_register", ProgrammeRegister(terms=terms()), "uu")
    two = world.entry("programme_register", ProgrammeRegister(terms=terms()), "uu")
    world.add(one)
    world.refuses("E_VERSION", two)
    parent, done = world.version, world.close()
    with pytest.raises(InvalidBlock) as caught:
        execute_block(NETWORK, parent, done.sealed, [prepare(one), prepare(two)], keys.verifies)
    assert (caught.value.code, caught.value.entry) == ("E_VERSION", 1)


def test_of_two_that_conflict_whichever_comes_first_enters() -> None:
    for order in ((0, 1), (1, 0)):
        world = World()
        entries = [
            world.entry("programme_register", ProgrammeRegister(terms=terms(level=level)), "uu")
            for level in (5, 6)
        ]
        world.add(entries[order[0]])
        world.refuses("E_VERSION", entries[order[1]])


def test_a_caller_may_pause_between_records() -> None:
    parent, done = second_block()
    pauses: list[int] = []
    records = [prepare(entry) for entry in done.entries]
    execute_block(NETWORK, parent, done.sealed, records, keys.verifies, pause=lambda: pauses.append(1))
    assert len(pauses) == len(records)


def test_time_never_goes_back_but_may_stand_still() -> None:
    world = World()
    world.at("2026-03-02").at("2026-03-02")
    assert world.version.height == 2


def test_blocks_branch_without_touching_each_other() -> None:
    world = World()
    world.register(terms("first"))
    world.at("2026-03-02")
    parent = world.version
    roots = set()
    for issuer in ("uu", "um"):
        branch = Execution(NETWORK, parent, world.time, keys.verifies)
        branch.add(
            world.prepared("programme_register", ProgrammeRegister(terms=terms(issuer=issuer)), issuer)
        )
        roots.add(
            branch.close(proposer="bcb", view=1, parent_certificate=notarization(parent)).version.map.root
        )
    assert len(roots) == 2
    empty = Execution(NETWORK, parent, world.time, keys.verifies).close(
        proposer="bcb", view=1, parent_certificate=notarization(parent)
    )
    assert empty.sealed.seal.state_root == parent.map.root


def test_i14_order_of_the_source_does_not_matter() -> None:
    parent, done = second_block()
    values = values_of(parent)
    seals = set()
    for order in (sorted(values), sorted(values, reverse=True)):
        source = MemorySource({key: values[key] for key in order})
        other = Version(
            height=parent.height,
            seal_hash=parent.seal_hash,
            time=parent.time,
            members=parent.members,
            log=parent.log,
            map=AuthMap.build([(key, values[key]) for key in order]),
            state=source,
            recent=RecentTransactions(),
        )
        seals.add(again(other, done).sealed.entry)
    assert seals == {done.sealed.entry}


PROGRAM = "from test_execute import second_block; print(second_block()[1].version.seal_hash.hex())"


def test_i14_hash_seed_and_locale_do_not_matter() -> None:
    expected = second_block()[1].version.seal_hash.hex()
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    for seed, locale in (("0", "C"), ("1", "tr_TR.UTF-8")):
        environment = {"PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": path}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == expected


def test_transactions_are_remembered_across_layers_until_they_expire() -> None:
    base = RecentTransactions()
    first = RecentTransactions(base)
    first.add(b"a", 600)
    second = RecentTransactions(first)
    second.add(b"b", 1200)
    assert second.holds(b"a", 600)
    assert not first.holds(b"b", 1200)
    first.flatten_into(base, 599)
    assert base.holds(b"a", 600)
    second.flatten_into(base, 660)
    assert (base.holds(b"a", 600), base.holds(b"b", 1200)) == (False, True)


def test_the_garbage_collector_looks_at_no_remembered_transaction() -> None:
    base, layer = RecentTransactions(), RecentTransactions()
    for number in range(100):
        layer.add(b"%032d" % number, 60 * (number % 3))
    layer.flatten_into(base, 0)
    for held in (base, layer):
        (minutes,) = (one for one in gc.get_referents(held) if isinstance(one, dict))
        assert sorted(map(len, minutes.values())) == [33, 33, 34]
        assert not any(map(gc.is_tracked, minutes.values()))


def test_receipts_name_records_and_carry_warnings() -> None:
    world = World()
    receipt = world.register(terms(credits="6/1", total_hours="168/1"))
    done = world.close()
    assert done.receipts == (receipt,)
    assert receipt.warnings == ("W_HOURS_RANGE",)
    assert receipt.entry_hash == done.prepared[0].record.entry_hash


def test_a_refusal_leaves_weight_and_memory_as_they_were() -> None:
    world = World()
    before = world.execution.weight, world.execution.size, world.execution.count
    entry = world.entry("programme_register", ProgrammeRegister(terms=terms()), *TWO_THIRDS)
    world.refuses("E_SIG_MISSING", entry)
    world.refuses("E_SIG_MISSING", entry)
    assert (world.execution.weight, world.execution.size, world.execution.count) == before
