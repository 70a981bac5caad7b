"""The first block of a later epoch rests on the seal that ended the last one, and on nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.core import Consensus
from consensus_script import NETWORK, block, members, only, said, vote

LAST = block(9, None, height=5, parent=b"\x05" * 32)
EARLIER = block(8, None, height=5, parent=b"\x04" * 32)


def ends(sealed: SealedBytes) -> Certificate:
    votes = tuple((f"m{at}", bytes(64)) for at in (1, 2, 3))
    return Certificate(kind="finalize", epoch=0, view=sealed.seal.view, seal=sealed.hash, votes=votes)


def first_of_epoch_one(**changed: Any) -> SealedBytes:
    fields: dict[str, Any] = {
        "epoch": 1,
        "height": 6,
        "members": members(4, 1).digest(),
        "parent": LAST.hash,
        "parent_certificate": ends(LAST),
    }
    return block(1, None, **(fields | changed))


def answer_to(sealed: SealedBytes) -> list[do.Effect]:
    core = Consensus(NETWORK, members(4, 1), "m0", Config())
    core.step(on.Start((), on.Finality(5, LAST.hash, 0, ends(LAST))))
    return core.step(on.ProposalReceived(sealed, vote("notarize", 1, sealed.hash, "m1", epoch=1)))


def test_it_extends_the_last_seal_with_its_finalization() -> None:
    sealed = first_of_epoch_one()
    assert only(answer_to(sealed), do.ExecuteBlock) == [do.ExecuteBlock(1, sealed)]


@pytest.mark.parametrize(
    "changed",
    [
        {"parent": EARLIER.hash, "parent_certificate": ends(EARLIER)},
        {"parent": NETWORK, "parent_certificate": None, "height": 1},
        {"parent_certificate": replace(ends(LAST), kind="notarize")},
        {"parent_certificate": ends(EARLIER)},
        {"epoch": 0},
        {"members": members(4, 0).digest()},
    ],
)
def test_anything_else_is_nullified(changed: dict[str, Any]) -> None:
    assert said(answer_to(first_of_epoch_one(**changed))) == [("nullify", 1)]


def test_the_leader_builds_on_it() -> None:
    core = Consensus(NETWORK, members(4, 1), "m1", Config())
    core.step(on.Start((), on.Finality(5, LAST.hash, 0, ends(LAST))))
    build = only(core.step(on.WorkChanged(pending=True)), do.BuildBlock)
    assert build == [do.BuildBlock(1, LAST.hash, ends(LAST), empty_only=False)]


def test_votes_and_certificates_of_the_last_epoch_are_nothing_to_it() -> None:
    core = Consensus(NETWORK, members(4, 1), "m0", Config())
    core.step(on.Start((), on.Finality(5, LAST.hash, 0, ends(LAST))))
    assert core.step(on.CertificateReceived(ends(EARLIER))) == []
    assert core.step(on.VoteReceived(vote("finalize", 1, LAST.hash, "m2"))) == []
