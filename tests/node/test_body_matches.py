"""A body is the one its seal commits to, or nobody's."""

from __future__ import annotations

import pytest

from accord_ledger.block import SealedBytes, body_hash
from accord_node.bodies import body_matches
from accord_node.hearing import _names_match
from accord_node.records import entry_hash
from consensus_script import block

ENTRIES = [b"one", b"two", b"three"]
NAMES = tuple(entry_hash(entry) for entry in ENTRIES)
SEALED = block(1, count=len(ENTRIES), body_hash=body_hash(NAMES))


def test_the_entries_a_seal_commits_to() -> None:
    assert body_matches(SEALED, ENTRIES)


@pytest.mark.parametrize(
    "entries", [ENTRIES[:2], [*ENTRIES, b"four"], ENTRIES[::-1], [b"one", b"two", b"threE"], []]
)
def test_any_other_entries(entries: list[bytes]) -> None:
    assert not body_matches(SEALED, entries)


def matches(names: tuple[bytes, ...], sealed: SealedBytes = SEALED) -> bool:
    return _names_match(sealed, b"".join(names), names)


def test_the_names_a_seal_commits_to_and_no_others() -> None:
    assert matches(NAMES)
    assert not matches(NAMES[::-1])
    assert not matches(NAMES[:2])
    assert not matches((*NAMES[:2], bytes(32)))


def test_as_many_names_as_the_seal_counts() -> None:
    assert not matches(NAMES, block(1, count=2, body_hash=body_hash(NAMES)))
