"""The audit across epochs: every certificate by the members of its own epoch, to the end of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord_client.audit.report import Status
from accord_ledger.block import Certificate, SealedBytes, VoteKind, body_hash
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.kinds.version import VersionActivate
from accord_ledger.execute import Executed
from audit_world import Forger, assert_only, audited, folded, genesis_file
from domain_alliance import SEATS
from epoch_world import QUORUM, certificate

REMAIN = SEATS[:4]
"""A quorum of the five members after uu has left."""


class EpochForger(Forger):
    """A forger whose epochs end; a quorum of each signs whatever it likes."""

    ended_view = 0

    def certificate(self) -> Certificate | None:
        bend, self.certify = self.certify, lambda one: one
        ended = self.version.ends_epoch
        epoch = self.version.members.epoch - ended
        view = self.ended_view if ended else self.last_view
        return bend(self.made("finalize" if ended else "notarize", view, epoch))

    def made(
        self, kind: VoteKind, view: int, epoch: int, parties: tuple[str, ...] | None = None
    ) -> Certificate:
        quorum = parties or (SEATS[:5] if epoch == 0 else REMAIN)
        seal = self.version.seal_hash
        return certificate(kind, view, seal, epoch=epoch, parties=quorum, network=self.network)

    def close(self, **how: Any) -> Executed:
        done = super().close(**how)
        if done.version.ends_epoch:
            self.ended_view, self.last_view = self.last_view, 0
        return done

    def leave(self) -> None:
        """The block with which uu loses its seat."""
        self.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
        self.close()


def changed() -> EpochForger:
    """Two blocks of epoch 0 and two of epoch 1."""
    world = EpochForger()
    world.close()
    world.reopen()
    world.leave()
    world.more(2)
    return world


async def test_an_honest_log_of_two_epochs_is_clean(tmp_path: Path) -> None:
    report = await audited(changed().write(tmp_path))
    assert report.clean, [str(found) for found in report.findings]
    assert {one.name for one in report.checks if one.status is not Status.PASS} == {"consistency"}


async def test_the_last_block_of_an_epoch_is_cosigned_by_its_members(tmp_path: Path) -> None:
    world = EpochForger()
    world.leave()
    assert (await audited(world.write(tmp_path, cosigners=SEATS[:5]))).clean
    short = await audited(world.write(tmp_path, cosigners=REMAIN))
    assert_only(short, "finality", "CHECKPOINT_QUORUM", None, None)


async def test_the_end_of_the_log_is_cosigned_by_the_members_of_then(tmp_path: Path) -> None:
    assert (await audited(changed().write(tmp_path, cosigners=REMAIN))).clean
    with_uu = await audited(changed().write(tmp_path, cosigners=(*SEATS[:3], "uu")))
    assert_only(with_uu, "finality", "CHECKPOINT_QUORUM", None, None)


@pytest.mark.parametrize(
    ("code", "kind", "epoch", "parties"),
    [
        ("CERTIFICATE_KIND", "notarize", 0, SEATS[:5]),
        ("CERTIFICATE_EPOCH", "finalize", 1, REMAIN),
        ("CERTIFICATE_QUORUM", "finalize", 0, REMAIN),
    ],
)
async def test_the_certificate_that_ends_an_epoch(
    tmp_path: Path, code: str, kind: VoteKind, epoch: int, parties: tuple[str, ...]
) -> None:
    world = EpochForger()
    world.close()
    world.reopen()
    world.leave()
    world.certify = lambda one: world.made(kind, one.view, epoch, parties)
    world.more(2)
    report = await audited(world.write(tmp_path))
    assert_only(report, "certificates", code, world.heights[3], 3)


@pytest.mark.parametrize(
    ("code", "epoch", "parties"),
    [
        ("CERTIFICATE_MEMBER", 1, (*SEATS[:3], "uu")),
        ("CERTIFICATE_QUORUM", 1, SEATS[:3]),
        ("CERTIFICATE_EPOCH", 0, SEATS[:5]),
    ],
)
async def test_certificates_of_the_next_epoch(
    tmp_path: Path, code: str, epoch: int, parties: tuple[str, ...]
) -> None:
    world = changed()
    world.certify = lambda one: world.made("notarize", one.view, epoch, parties)
    world.more(2)
    report = await audited(world.write(tmp_path))
    assert_only(report, "certificates", code, world.heights[5], 5)


async def test_a_seal_that_keeps_the_old_members_is_found(tmp_path: Path) -> None:
    world = EpochForger()
    old = world.version.members.digest()
    world.leave()
    world.reopen()
    world.close(seal={"members": old})
    world.more(1)
    assert_only(await audited(world.write(tmp_path)), "members", "SEAL_MEMBERS", world.heights[2], 2)


async def test_a_version_the_auditor_does_not_know_is_no_finding(tmp_path: Path) -> None:
    """The log may be right; this program cannot tell, and says what it would need."""
    world = EpochForger()
    world.do("version_activate", VersionActivate(version=2), *QUORUM)
    done = world.close()
    parent = world.version
    seal = msgspec.structs.replace(
        done.sealed.seal, version=2, epoch=1, height=2, view=1, parent=parent.seal_hash, first=parent.log.size,
        count=0, proposer=parent.members.leader(1), members=parent.members.digest(),
        parent_certificate=world.certificate(), body_hash=body_hash([]), log_root=parent.log.root(),
    )  # fmt: skip
    world.log.append(SealedBytes.of(seal).entry)
    report = await audited(world.write(tmp_path), genesis=genesis_file())
    assert report.findings == []
    assert not report.clean
    assert report.failure.startswith("VERSION_UNKNOWN")
    assert report.check("rules").status is Status.NOT_CHECKED


def test_the_voters_of_every_epoch_are_known_ahead() -> None:
    """The finalization that ends an epoch is of the old members, what follows of the new ones."""
    for block, signers, asked in folded(changed()):
        listed = set(signers.signatures([*block.records, block.sealed]))
        assert asked() == listed
