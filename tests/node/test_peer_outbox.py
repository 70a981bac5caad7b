"""The outbox: urgent first, bounded, and overflow costs the least urgent."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from accord_node.peer.frames import (
    CHUNK_BYTES,
    MAX_MESSAGE_BYTES,
    Assembler,
    Bundle,
    Chunk,
    Lane,
    decode_frame,
)
from accord_node.peer.outbox import Outbox


def _drain(outbox: Outbox) -> list[bytes]:
    frames: list[bytes] = []
    assembler = Assembler()
    while outbox:
        message = outbox.take()
        assert len(message) <= MAX_MESSAGE_BYTES
        decoded = decode_frame(message) if message[0] in {1, 2} else None
        if isinstance(decoded, Bundle):
            frames += decoded.frames
        elif isinstance(decoded, Chunk):
            whole = assembler.add(decoded)
            frames += [] if whole is None else [whole]
        else:
            frames.append(message)
    return frames


def _frame(lane: Lane, number: int, size: int) -> bytes:
    return (b"\x03" + bytes([lane]) + number.to_bytes(4, "big")).ljust(size, b".")


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(list(Lane)), st.integers(6, 3 * CHUNK_BYTES)), max_size=30))
def test_everything_comes_out_once_and_in_order_within_its_lane(puts: list[tuple[Lane, int]]) -> None:
    outbox = Outbox(2**30)
    expected: dict[Lane, list[bytes]] = {lane: [] for lane in Lane}
    for number, (lane, size) in enumerate(puts):
        frame = _frame(lane, number, size)
        expected[lane].append(frame)
        outbox.put(lane, frame)
    got = _drain(outbox)
    assert outbox.size == 0
    for lane in Lane:
        assert [frame for frame in got if frame[1] == lane] == expected[lane]


def test_small_frames_of_one_moment_travel_together() -> None:
    outbox = Outbox(2**20)
    for number in range(100):
        outbox.put(Lane.URGENT, _frame(Lane.URGENT, number, 200))
    assert isinstance(decode_frame(outbox.take()), Bundle)
    assert not outbox


def test_a_vote_overtakes_a_large_frame_under_way() -> None:
    outbox = Outbox(2**24)
    outbox.put(Lane.TRANSACTIONS, _frame(Lane.TRANSACTIONS, 0, 10 * CHUNK_BYTES))
    first = decode_frame(outbox.take())
    vote = _frame(Lane.URGENT, 1, 300)
    outbox.put(Lane.URGENT, vote)
    assert isinstance(first, Chunk)
    assert outbox.take() == vote


def test_overflow_drops_the_oldest_of_the_least_urgent_lane() -> None:
    outbox = Outbox(1000)
    transactions = [_frame(Lane.TRANSACTIONS, number, 250) for number in range(4)]
    for frame in transactions:
        assert outbox.put(Lane.TRANSACTIONS, frame)
    votes = [_frame(Lane.URGENT, number, 250) for number in range(3)]
    for vote in votes:
        assert outbox.put(Lane.URGENT, vote)
    assert outbox.dropped == 3
    assert _drain(outbox) == [*votes, transactions[-1]]


def test_less_urgent_frames_never_push_out_votes() -> None:
    outbox = Outbox(1000)
    votes = [_frame(Lane.URGENT, number, 250) for number in range(4)]
    for vote in votes:
        outbox.put(Lane.URGENT, vote)
    assert not outbox.put(Lane.TRANSACTIONS, _frame(Lane.TRANSACTIONS, 0, 250))
    assert _drain(outbox) == votes


def test_a_replacing_link_takes_over_what_waits() -> None:
    old, new = Outbox(2**20), Outbox(2**20)
    frames = [_frame(lane, lane, 100) for lane in Lane]
    for lane, frame in zip(Lane, frames, strict=True):
        old.put(lane, frame)
    old.move_to(new)
    assert not old
    assert _drain(new) == frames
