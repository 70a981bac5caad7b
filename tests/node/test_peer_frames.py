"""Frames: what is encoded comes back, and nothing else is accepted."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger import codec
from accord_node.peer import PeerError, Topic
from accord_node.peer.frames import (
    CHUNK_BYTES,
    MAX_FRAME_BYTES,
    Announce,
    Assembler,
    Bundle,
    Chunk,
    Frame,
    ItemFrame,
    Lane,
    Response,
    Want,
    decode_frame,
    encode_frame,
)

FRAMES: list[Frame] = [
    ItemFrame(origin="anna", payload=b"vote", topic=Topic.VOTE),
    Announce(names=(bytes(32),)),
    Want(names=(bytes(32), b"\x01" * 32)),
    Response(id=7, code="PEER_BUSY"),
    Bundle(frames=(b"\x04a", b"\x04b")),
]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_comes_back(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


@given(st.binary(max_size=200))
def test_garbage_is_a_named_error(data: bytes) -> None:
    with contextlib.suppress(PeerError):
        assert encode_frame(decode_frame(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\xff\x80",
        b"\x04" + codec.encode({"names": [bytes(31)]}),
        b"\x04" + codec.encode({"names": []}),
        b"\x04" + codec.encode({"names": [bytes(32)], "more": 1}),
        b"\x03" + codec.encode({"origin": "anna", "payload": b"", "topic": 99}),
        b"\x04\x81\xd9\x05names\x91\xc4\x20" + bytes(32),
        encode_frame(Announce(names=(bytes(32),) * 512)) + bytes(20_000),
    ],
)
def test_what_breaks_the_schema_is_refused(data: bytes) -> None:
    with pytest.raises(PeerError, match="PEER_FRAME"):
        decode_frame(data)


def _chunks(frame: bytes, lane: Lane = Lane.BULK) -> list[Chunk]:
    starts = range(0, len(frame), CHUNK_BYTES)
    pieces = [frame[start : start + CHUNK_BYTES] for start in starts]
    lefts = [len(frame) - min(start + CHUNK_BYTES, len(frame)) for start in starts]
    return [Chunk(data=data, lane=lane, left=left) for data, left in zip(pieces, lefts, strict=True)]


@settings(max_examples=20)
@given(st.integers(CHUNK_BYTES + 1, 5 * CHUNK_BYTES))
def test_chunks_come_together_lane_by_lane(size: int) -> None:
    one, two = b"\x03" + bytes(size - 1), b"\x09" + bytes(size - 1)
    assembler = Assembler()
    whole = []
    for first, second in zip(_chunks(one, Lane.BULK), _chunks(two, Lane.RESPONSE), strict=True):
        whole += [assembler.add(first), assembler.add(second)]
    assert whole[-2:] == [one, two]
    assert not any(whole[:-2])


@pytest.mark.parametrize(
    "chunks",
    [
        [Chunk(data=b"\x03" * CHUNK_BYTES, lane=Lane.BULK, left=MAX_FRAME_BYTES)],
        [Chunk(data=b"\x04" * CHUNK_BYTES, lane=Lane.BULK, left=1)],
        [Chunk(data=b"\x03", lane=Lane.BULK, left=0)],
        [Chunk(data=b"\x03", lane=Lane.BULK, left=CHUNK_BYTES)],
        [
            Chunk(data=b"\x03" * CHUNK_BYTES, lane=Lane.BULK, left=10),
            Chunk(data=b"\x03" * 11, lane=Lane.BULK, left=0),
        ],
    ],
)
def test_chunks_that_disagree_are_refused(chunks: list[Chunk]) -> None:
    assembler = Assembler()
    for chunk in chunks[:-1]:
        assembler.add(chunk)
    with pytest.raises(PeerError, match="PEER_FRAME"):
        assembler.add(chunks[-1])
