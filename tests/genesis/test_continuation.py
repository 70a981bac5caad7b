"""A recovery's genesis file from anywhere: whatever is altered in it, it is refused by name or says the same."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_genesis.document import open_genesis
from accord_ledger.errors import AccordError
from recovery_world import lost, recovery, signed


@cache
def good() -> bytes:
    return signed(recovery(lost()[0]))


def network(data: bytes) -> bytes | None:
    """What the file names; None if it is refused. Anything but a named refusal is a fault."""
    try:
        return open_genesis(data).network
    except AccordError:
        return None


@cache
def named() -> bytes:
    """What the file names as it is."""
    found = network(good())
    assert found is not None
    return found


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_an_altered_byte_is_refused(place: float, change: int) -> None:
    data = bytearray(good())
    data[int(place * len(data))] ^= change
    assert network(bytes(data)) in (None, named())


@given(st.floats(0, 1, exclude_max=True))
@settings(max_examples=20, deadline=None)
def test_a_cut_file_is_refused(place: float) -> None:
    with pytest.raises(AccordError) as caught:
        open_genesis(good()[: int(place * len(good()))])
    assert caught.value.code.startswith("CODEC_")
