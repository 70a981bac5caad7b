"""Which durable versions a node keeps: many after small blocks, few after full ones, the cosigned one always."""

from hashlib import sha256

from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Member, Members
from accord_ledger.execute import RecentTransactions, Version
from accord_ledger.merkle.tree import Frontier
from accord_ledger.state import MemorySource
from accord_node.keptversions import ENTRIES, LEAST, MOST, KeptVersions

FULL = 1001
"""Entries of a full block: its records and its seal."""


def version(height: int, size: int) -> Version:
    members = Members(epoch=0, members=(Member(party="p0", vote=b"v" * 32, witness=b"w" * 32),))
    log = Frontier(size, ())
    return Version(
        height, sha256(b"%d" % height).digest(), 0, members, log, AuthMap.empty(), MemorySource(), RecentTransactions()
    )  # fmt: skip


def kept(entries: int, blocks: int, behind: int = 0) -> list[int]:
    """Heights kept after so many blocks of so many entries, when cosigning is so many blocks behind."""
    held = KeptVersions(version(0, 0))
    for height in range(1, blocks + 1):
        held.add(version(height, height * entries), max(0, height - behind) * entries)
    heights = [one.height for one in held]
    assert heights == [one.height for one in reversed(held)][::-1]
    return heights


def test_of_small_blocks_many_are_kept() -> None:
    assert kept(2, 200) == list(range(200 - MOST + 1, 201))


def test_of_full_blocks_few_are_kept() -> None:
    assert kept(FULL, 200) == list(range(200 - LEAST + 1, 201))


def test_between_them_as_many_as_their_records_allow() -> None:
    assert kept(200, 200) == list(range(200 - ENTRIES // 200, 201))


def test_the_newest_cosigned_one_is_kept_and_all_after_it() -> None:
    assert kept(FULL, 200, behind=20) == list(range(180, 201))


def test_also_where_cosigning_has_stopped_they_are_bounded() -> None:
    assert kept(FULL, 200, behind=200) == list(range(200 - MOST + 1, 201))
