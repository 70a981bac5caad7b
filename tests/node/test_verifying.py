"""Ranges are read in other processes exactly as here, whatever becomes of those processes."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import pytest

from accord_ledger import codec
from accord_ledger.domain.model.party import KEYS
from accord_ledger.state import View
from accord_node import verifying
from accord_node.messages import Block, Range
from accord_node.ranges import BlockRead, check_range, read_range
from accord_node.verifying import (
    QUESTIONS,
    Answer,
    HelperGone,
    Question,
    Verifiers,
    serve,
    spare_cores,
)
from node_network import Alliance, issue_entry, programme_entries
from spine import Spine


@pytest.fixture
async def payloads(spine: Spine, alliance: Alliance) -> list[bytes]:
    """Ranges of one block each: a programme, then an issuance."""
    made = []
    entries = programme_entries(alliance, "p0", "prog")
    for number in range(6):
        sealed = await spine.grow(entries)
        block = Block(seal=sealed.entry, entries=tuple(entries))
        made.append(codec.encode(Range(blocks=(block,), certificate=None)))
        entries = [issue_entry(alliance, "p0", "prog", number)]
    return made


@pytest.fixture
async def verifiers() -> AsyncIterator[Verifiers]:
    made = await Verifiers.start(2)
    yield made
    await made.close()


def known(spine: Spine, asked: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    state = View(spine.chain.base.state)
    return [(key_id, key.public) for key_id in asked if (key := state.get(KEYS, key_id)) is not None]


def here(spine: Spine, payload: bytes) -> list[BlockRead]:
    read = read_range(payload)
    return check_range(read, dict(known(spine, read.signers)))


async def test_each_answer_belongs_to_its_range(
    verifiers: Verifiers, spine: Spine, payloads: list[bytes]
) -> None:
    found = await asyncio.gather(
        *(verifiers.read(payload, lambda ids: known(spine, ids)) for payload in payloads * 3)
    )
    expected = [here(spine, payload) for payload in payloads]
    assert found == expected * 3
    assert all(len(one.good) == one.formed > 0 for (one,) in expected)


async def test_a_key_is_asked_for_once_and_one_that_nobody_knows_again(
    spine: Spine, payloads: list[bytes]
) -> None:
    asked: list[list[bytes]] = []

    def keys(ids: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
        asked.append(list(ids))
        return known(spine, asked[-1]) if len(asked) > 1 else []

    made = await Verifiers.start(1)
    try:
        (unproven,) = await made.read(payloads[1], keys)
        (proven,) = await made.read(payloads[1], keys)
        await made.read(payloads[2], keys)
    finally:
        await made.close()
    assert (unproven.formed, unproven.good, len(proven.good)) == (1, [], 1)
    assert asked[0] == asked[1]
    assert len(asked) == 2


async def test_who_stops_waiting_leaves_the_next_answer_in_place(
    verifiers: Verifiers, spine: Spine, payloads: list[bytes]
) -> None:
    for payload in payloads[:3]:
        waiting = asyncio.ensure_future(verifiers.read(payload, lambda ids: known(spine, ids)))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await verifiers.read(payloads[4], lambda ids: known(spine, ids)) == here(spine, payloads[4])


async def test_a_process_that_ends_is_named_and_nobody_waits_for_it(
    verifiers: Verifiers, payloads: list[bytes]
) -> None:
    for process in verifiers._processes:
        process.kill()
    with pytest.raises(HelperGone, match="to answer"):
        await asyncio.gather(*(verifiers.read(payload, lambda _: []) for payload in payloads))


async def test_no_process_outlives_close(payloads: list[bytes]) -> None:
    made = await Verifiers.start(1)
    asked = [asyncio.ensure_future(made.read(payload, lambda _: [])) for payload in payloads]
    await asyncio.sleep(0)
    await made.close()
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(end) for end in ends} == {HelperGone}
    assert [process.returncode is not None for process in made._processes] == [True]


async def test_none_is_left_when_not_all_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[asyncio.subprocess.Process] = []
    execute = asyncio.create_subprocess_exec

    async def one_only(*command: str, **options: Any) -> asyncio.subprocess.Process:
        if started:
            raise BlockingIOError("no more processes")
        started.append(await execute(*command, **options))
        return started[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", one_only)
    with pytest.raises(OSError, match="no more"):
        await Verifiers.start(2)
    assert [process.returncode is not None for process in started] == [True]


def message(question: Question) -> bytes:
    body = msgspec.msgpack.encode(question)
    return len(body).to_bytes(4, "big") + body


def answers_to(*questions: bytes) -> list[Answer]:
    written = io.BytesIO()
    serve(io.BytesIO(b"".join(questions)), written)
    data, found = written.getvalue(), []
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        found.append(msgspec.msgpack.decode(data[4:end], type=Answer))
        data = data[end:]
    return found


async def test_a_question_that_was_cut_off_gets_no_answer(payloads: list[bytes]) -> None:
    whole = message(Question(payloads[0], None))
    assert len(answers_to(whole)) == 1
    assert len(answers_to(whole, whole[:-1])) == 1
    assert answers_to(whole[:3]) == []


class Watched(io.BytesIO):
    """Questions, and when the last of them has been read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.read_whole = threading.Event()

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer)
        if self.tell() == len(self.getbuffer()):
            self.read_whole.set()
        return count


class Patient(io.BytesIO):
    """Takes an answer when the questions after it were read, and not before."""

    def __init__(self, source: Watched) -> None:
        super().__init__()
        self._source = source
        self.in_time = True

    def write(self, data: Any, /) -> int:
        self.in_time = self.in_time and self._source.read_whole.wait(10)
        return super().write(data)


async def test_the_next_question_is_read_while_one_is_worked_at(payloads: list[bytes]) -> None:
    source = Watched(b"".join(message(Question(payload, [])) for payload in payloads[:2]))
    answers = Patient(source)
    serve(source, answers)
    assert answers.in_time


async def test_a_process_has_two_questions_at_a_time_and_no_more(spine: Spine, payloads: list[bytes]) -> None:
    made = await Verifiers.start(1)
    try:
        asked = [
            asyncio.ensure_future(made.read(payload, lambda ids: known(spine, ids)))
            for payload in payloads[:4]
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (made._free.qsize(), len(made._turns)) == (0, 1)
        assert await asyncio.gather(*asked) == [here(spine, payload) for payload in payloads[:4]]
        assert made._free.qsize() == QUESTIONS
    finally:
        await made.close()


async def test_keys_remembered_are_bounded(
    spine: Spine, payloads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = known(spine, read_range(payloads[0]).signers)
    questions = [message(Question(payloads[0], None)), message(Question(payloads[0], keys))] * 2
    assert [bool(answer.unknown) for answer in answers_to(*questions[:3])] == [True, False, False]
    monkeypatch.setattr(verifying, "MAX_KEYS", len(keys) - 1)
    assert [bool(answer.unknown) for answer in answers_to(*questions[:3])] == [True, False, True]


async def test_reading_ends_before_a_body_that_was_not_sealed(spine: Spine, payloads: list[bytes]) -> None:
    blocks = [codec.decode(payload, Range).blocks[0] for payload in payloads[:3]]
    swapped = Block(seal=blocks[1].seal, entries=blocks[2].entries)
    payload = codec.encode(Range(blocks=(blocks[0], swapped, blocks[2]), certificate=None))
    assert here(spine, payload) == here(spine, payloads[0])


def test_one_core_is_left_to_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, expected in ((1, 0), (2, 1), (4, 3), (64, 7)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert spare_cores() == expected
