"""The reading of vote journals that the crash tests rest on sees every contradiction there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_ledger.block import VoteKind
from accord_ledger.consensus.journal import Record, Voted
from accord_node.disk import DirectoryDisk
from accord_node.wal import Wal
from process_alliance import Votes, contradictions, read_votes

ONE, OTHER, NONE = b"1" * 32, b"2" * 32, bytes(32)


def vote(kind: VoteKind, seal: bytes) -> Record:
    return Voted(epoch=0, view=7, kind=kind, seal=seal)


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ([vote("notarize", ONE), vote("finalize", ONE)], 0),
        ([vote("notarize", ONE), vote("nullify", NONE)], 0),
        ([vote("notarize", ONE), vote("notarize", OTHER)], 1),
        ([vote("finalize", ONE), vote("finalize", OTHER)], 1),
        ([vote("finalize", ONE), vote("nullify", NONE)], 1),
    ],
)
def test_contradictions_are_found_across_journals(tmp_path: Path, said: list[Record], count: int) -> None:
    votes = Votes()
    for number, record in enumerate(said):
        folder = tmp_path / str(number)
        Wal(DirectoryDisk(folder), bytes(16)).append([record])
        assert read_votes("a", folder, votes) == 1
    assert len(contradictions(votes)) == count
