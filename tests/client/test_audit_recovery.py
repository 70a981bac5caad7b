"""An audit over a network and the one that carries it on: one replay, and every tampering by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from accord_client.audit.pipeline import BY_BLOCKS
from accord_client.audit.report import Report, Status
from accord_client.audit.run import audit
from accord_client.audit.source import FolderSource
from accord_genesis.document import open_genesis
from accord_ledger.domain.model.account import ENROLMENTS
from audit_world import assert_only, checkpoint_note, genesis_file
from domain_alliance import SEATS, uid
from recovery_world import REMAIN, CarriedOn, altered, document, lost, recovered, recovery, signed


async def audited(world: CarriedOn, folder: Path, file: bytes | None = None, **how: Any) -> Report:
    """An audit by the genesis file of the new network alone."""
    return await audit(FolderSource(world.write(folder)), file or good(), **how)


def good() -> bytes:
    return signed(recovery(lost()[0]))


def codes(report: Report) -> list[tuple[str, str]]:
    return [(found.check, found.code) for found in report.findings]


async def test_both_networks_are_audited_as_one(tmp_path: Path) -> None:
    world, _ = recovered()
    report = await audited(world, tmp_path)
    assert report.clean, report.findings
    assert {check.name for check in report.checks if check.status is not Status.PASS} == {"consistency"}
    assert (report.height, report.entries) == (world.version.height, len(world.log))
    assert report.state_root == world.version.map.root.hex()
    assert report.network == open_genesis(good()).network.hex()


async def test_blame_has_its_place_in_the_log_of_both(tmp_path: Path) -> None:
    world, _ = recovered()
    world.reopen()
    world.close(seal={"state_root": b"\1" * 32})
    world.more(1)
    assert_only(await audited(world, tmp_path), "state_roots", "SEAL_STATE_ROOT", world.heights[7], 7)


async def test_the_old_part_is_judged_by_the_old_rules_of_who_votes(tmp_path: Path) -> None:
    before, _ = lost()
    before.certify = lambda certificate: msgspec.structs.replace(certificate, votes=certificate.votes[:4])
    before.reopen()
    before.close()
    world = CarriedOn(before, signed(recovery(before)))
    world.declare()
    world.close()
    report = await audit(FolderSource(world.write(tmp_path)), signed(recovery(before)))
    assert codes(report) == [("certificates", "CERTIFICATE_QUORUM")]


async def test_another_state_than_the_old_one_is_named(tmp_path: Path) -> None:
    """Somebody's account is fuller after the recovery than before it."""
    before, _ = lost()
    world = CarriedOn(before, good())
    account = world.account("n1")
    world.view.put(ENROLMENTS, msgspec.structs.replace(account, recognised="76/1"), uid("n1"))
    world.declare()
    world.close()
    report = await audited(world, tmp_path)
    assert ("state_roots", "SEAL_STATE_ROOT") in codes(report)


async def test_a_document_that_says_another_state_is_named(tmp_path: Path) -> None:
    world, _ = recovered()
    continues = document(good()).continues
    assert continues is not None
    file = altered(good(), continues=msgspec.structs.replace(continues, begins=b"\1" * 32))
    report = await audited(world, tmp_path, file)
    assert codes(report) == [("recovery", "RECOVERY_ROOT")]
    assert report.findings[0].entry == continues.entries
    assert {one.name for one in report.checks if one.status is Status.NOT_CHECKED} >= set(BY_BLOCKS)


async def test_a_log_that_goes_on_before_it_is_carried_on_is_named(tmp_path: Path) -> None:
    """Two more blocks of the old network stand where the new one is said to begin."""
    before, _ = lost()
    file = signed(recovery(before))
    before.more(2)
    world = CarriedOn(before, signed(recovery(before)))
    world.declare()
    world.close()
    report = await audited(world, tmp_path, file)
    assert ("chain", "SEAL_NETWORK") in codes(report)


async def test_a_log_without_its_end_is_named(tmp_path: Path) -> None:
    world, _ = recovered()
    del world.log[-6:]
    report = await audited(world, tmp_path)
    assert ("recovery", "RECOVERY_END") in codes(report)


async def test_a_network_that_does_not_say_what_it_continues_is_named(tmp_path: Path) -> None:
    before, batch = lost()
    world = CarriedOn(before, good())
    world.execution.parent = replace(world.version, carried=-1)  # as if it had records already
    world.do(*world.use("r3", "n1", "a1", [batch[1]], "2/1"))
    world.close()
    assert ("rules", "E_STATE") in codes(await audited(world, tmp_path))


async def test_what_was_left_behind_is_named(tmp_path: Path) -> None:
    """Somebody holds a checkpoint of the old network that counts a block the recovery does not have."""
    before, _ = lost()
    kept = checkpoint_note(before.log)
    world, _ = recovered()
    assert (await audited(world, tmp_path / "a", others=(kept,))).clean
    before.more(1)
    left = checkpoint_note(before.log)
    assert codes(await audited(world, tmp_path / "b", others=(left,))) == [
        ("recovery", "RECOVERY_LEFT_BEHIND")
    ]
    few = checkpoint_note(before.log, cosigners=SEATS[:4])
    assert codes(await audited(world, tmp_path / "c", others=(few,))) == [
        ("consistency", "CHECKPOINT_QUORUM")
    ]
    forked = checkpoint_note(lost()[0].log, root=b"\1" * 32)
    assert codes(await audited(world, tmp_path / "d", others=(forked,))) == [("recovery", "CHECKPOINT_FORK")]


async def test_a_competing_recovery_is_named(tmp_path: Path) -> None:
    world, _ = recovered()
    other = open_genesis(signed(recovery(lost()[0], origin="ledger.example/other")))
    report = await audited(world, tmp_path, beside=(other,))
    assert codes(report) == [("recovery", "RECOVERY_COMPETING")]
    assert ", ".join(REMAIN) in report.findings[0].got
    assert (await audited(world, tmp_path / "b", beside=(open_genesis(genesis_file()),))).clean
