"""Signatures are checked in other processes exactly as here, whatever becomes of those processes."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from accord_node.signatures import Job
from accord_node.verifying import AT_ONCE, HelperGone, Verifiers, serve, spare_cores
from node_network import key


def signed(number: int, *, good: bool = True) -> Job:
    signer, message = key("verifier", str(number % 3)), f"message {number}".encode()
    return signer.public, message, signer.sign(message if good else message + b"!")


@pytest.fixture
async def verifiers() -> AsyncIterator[Verifiers]:
    made = await Verifiers.start(2)
    yield made
    await made.close()


async def test_each_answer_belongs_to_its_signature(verifiers: Verifiers) -> None:
    expected = [number % 7 != 3 for number in range(2 * AT_ONCE + 5)]
    jobs = [signed(number, good=good) for number, good in enumerate(expected)]
    assert await verifiers.check(jobs) == expected
    assert await verifiers.check([]) == []


async def test_keys_and_signatures_of_a_wrong_length_are_a_plain_no(verifiers: Verifiers) -> None:
    public, message, signature = signed(1)
    jobs = [(public[:-1], message, signature), (public, message, signature + b"x"), (b"", b"", b"")]
    assert await verifiers.check([*jobs, signed(1)]) == [False, False, False, True]


async def test_who_stops_waiting_leaves_the_next_answer_in_place(verifiers: Verifiers) -> None:
    bad = [signed(number, good=False) for number in range(3 * AT_ONCE)]
    waiting = asyncio.ensure_future(verifiers.check(bad))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await verifiers.check([signed(number) for number in range(9)]) == [True] * 9


async def test_a_process_that_ends_is_named_and_nobody_waits_for_it(verifiers: Verifiers) -> None:
    for process in verifiers._processes:
        process.kill()
    with pytest.raises(HelperGone, match="to answer"):
        await verifiers.check([signed(number) for number in range(3 * AT_ONCE)])


async def test_no_process_outlives_close() -> None:
    made = await Verifiers.start(1)
    asked = asyncio.ensure_future(made.check([signed(number) for number in range(4 * AT_ONCE)]))
    await asyncio.sleep(0)
    await made.close()
    await asyncio.gather(asked, return_exceptions=True)
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


def test_a_question_that_was_cut_off_gets_no_answer() -> None:
    body = msgspec.msgpack.encode([signed(1), signed(2, good=False)])
    answers = io.BytesIO()
    serve(io.BytesIO(len(body).to_bytes(4, "big") + body + b"\0\0"), answers)
    assert answers.getvalue() == b"\1\0"


def test_one_core_is_left_to_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, expected in ((1, 0), (2, 1), (4, 3), (64, 7)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert spare_cores() == expected
