"""Signatures checked in other processes exactly as here, whatever becomes of those processes."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from accord_ledger.domain.pipeline import prepare
from accord_ledger.keys import SigningKey
from accord_node import signatureprocess
from accord_node.config import parse
from accord_node.node import Node
from accord_node.pipes import framed
from accord_node.records import Refusal
from accord_node.signatureprocess import (
    RETRY_SECONDS,
    ProcessGone,
    SignatureProcess,
    SignatureProcesses,
    serve,
)
from accord_node.signatures import MANY, Job, SignatureCache
from node_network import Alliance, WallClock, issue_entry
from waiting import until

KEY = SigningKey.from_seed(b"s" * 32)


def signed(number: int, *, good: bool = True) -> Job:
    message = number.to_bytes(4, "big")
    return KEY.public, message if good else message + b"!", KEY.sign(message)


GROUPS: list[list[Job]] = [
    [signed(1)],
    [signed(2, good=False)],
    [],
    [signed(3), signed(4)],
    [signed(5), signed(6, good=False), signed(7)],
]
VERDICTS = [True, False, True, True, False]


class Hand:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def processes(clock: Hand) -> Iterator[SignatureProcesses]:
    made = SignatureProcesses(1, clock)
    yield made
    made.close()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_each_group_is_good_if_all_of_it_is(processes: SignatureProcesses) -> None:
    assert processes.running == ()
    assert processes.check(GROUPS) == VERDICTS
    assert processes.check([]) == []
    assert processes.check(GROUPS[::-1]) == VERDICTS[::-1]
    assert len(processes.running) == 1


def test_of_a_group_nothing_is_checked_after_a_bad_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def counting(public: bytes, message: bytes, signature: bytes) -> bool:
        asked.append(message)
        return not message.endswith(b"!")

    monkeypatch.setattr(signatureprocess, "verifies", counting)
    written = io.BytesIO()
    serve(io.BytesIO(framed(msgspec.msgpack.encode(GROUPS))), written)
    assert written.getvalue() == bytes(VERDICTS)
    assert [message[3] for message in asked] == [1, 2, 3, 4, 5, 6]


def test_a_question_that_was_cut_off_gets_no_answer() -> None:
    written = io.BytesIO()
    serve(io.BytesIO(framed(msgspec.msgpack.encode(GROUPS))[:-1]), written)
    assert written.getvalue() == b""


def test_more_than_a_pipe_holds_goes_through(processes: SignatureProcesses) -> None:
    message = b"m" * 700_000
    groups = [[(KEY.public, message, KEY.sign(message))]] * 4
    assert processes.check(groups) == [True] * 4


def test_threads_have_a_process_each(clock: Hand) -> None:
    made = SignatureProcesses(2, clock)
    try:
        found: list[list[bool] | None] = []
        both = threading.Barrier(2)

        def ask() -> None:
            both.wait(20)
            found.extend(made.check(GROUPS) for _ in range(20))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == [VERDICTS] * 40
        assert 1 <= len(made.running) <= 2
    finally:
        made.close()


def test_one_that_ends_is_named_and_another_is_tried_after_a_while(
    processes: SignatureProcesses, clock: Hand
) -> None:
    processes.check(GROUPS)
    (first,) = processes.running
    os.kill(first.pid, signal.SIGKILL)
    with capture_logs() as logs:
        assert processes.check(GROUPS) is None
    assert [(entry["log_level"], str(first.pid) in entry["error"]) for entry in logs] == [("warning", True)]
    clock.now += RETRY_SECONDS - 0.1
    assert processes.check(GROUPS) is None
    assert processes.running == ()
    clock.now += 0.2
    assert processes.check(GROUPS) == VERDICTS
    assert gone(first.pid)


def test_one_that_does_not_answer_is_ended(
    processes: SignatureProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes.check(GROUPS)
    (first,) = processes.running
    os.kill(first.pid, signal.SIGSTOP)
    monkeypatch.setattr(signatureprocess, "ANSWER_SECONDS", 0.05)
    with capture_logs() as logs:
        assert processes.check(GROUPS) is None
    assert "within 0.05 s" in logs[0]["error"]
    assert gone(first.pid)


def test_where_none_can_be_started_the_node_checks_by_itself(
    processes: SignatureProcesses, clock: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refused() -> SignatureProcess:
        tried.append(clock.now)
        raise OSError("no more")

    monkeypatch.setattr(signatureprocess, "SignatureProcess", refused)
    with capture_logs() as logs:
        assert [processes.check(GROUPS) for _ in range(3)] == [None] * 3
    assert [entry["error"] for entry in logs] == ["no more"]
    assert len(tried) == 1


def test_none_outlives_close_and_none_is_started_after(processes: SignatureProcesses) -> None:
    processes.check(GROUPS)
    (first,) = processes.running
    processes.close()
    assert gone(first.pid)
    with capture_logs() as logs:
        assert [processes.check(GROUPS) for _ in range(2)] == [None, None]
    assert logs == []
    assert processes.running == ()


def test_one_whose_question_broke_off_is_ended_so_that_no_answer_is_taken_for_another(
    processes: SignatureProcesses, clock: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes.check(GROUPS)
    (first,) = processes.running

    def out_of_memory(_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(first, "check", out_of_memory)
    with capture_logs(), pytest.raises(MemoryError):
        processes.check(GROUPS)
    assert processes.running == ()
    assert gone(first.pid)
    clock.now += RETRY_SECONDS + 1
    assert processes.check(GROUPS) == VERDICTS


async def test_who_waits_at_the_close_is_told(processes: SignatureProcesses) -> None:
    processes.check(GROUPS)
    (first,) = processes.running
    os.kill(first.pid, signal.SIGSTOP)
    found: list[list[bool] | None] = []
    waiting = threading.Thread(target=lambda: found.append(processes.check(GROUPS)))
    waiting.start()
    await until(processes._idle.empty)
    processes.close()
    waiting.join(20)
    assert found == [None]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_the_node_is_left_to_the_node(number: signal.Signals) -> None:
    process = SignatureProcess()
    process.check(GROUPS)  # it has begun
    os.kill(process.pid, number)
    assert process.check(GROUPS) == bytes(VERDICTS)
    process.close()


def test_a_process_ends_with_the_pipe_it_reads_from() -> None:
    process = SignatureProcess()
    assert process.check(GROUPS) == bytes(VERDICTS)
    process._questions.close()
    assert process._process.wait(20) == 0
    with pytest.raises((ProcessGone, ValueError)):
        process.check(GROUPS)
    process.close()


async def test_a_node_has_one_beside_the_thread_that_reads_records(
    alliance: Alliance, tmp_path: Path
) -> None:
    node = await Node.open(
        parse({"party": "p0"}), tmp_path, alliance.genesis, alliance.node_keys("p0"), WallClock()
    )
    try:
        entries = [issue_entry(alliance, "p0", "prog", number) for number in range(MANY + 2)]
        signature = prepare(entries[3]).record.signatures[0][2]
        entries[3] = entries[3].replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
        assert node.checkers is not None
        for torn in (entries, [*entries[:-1], entries[-1][:-1]]):
            answers = await node.reader.read(torn)
            bad = [place for place, answer in enumerate(answers) if isinstance(answer, Refusal)]
            assert bad == ([3] if torn is entries else [3, len(entries) - 1])
        (process,) = node.checkers.running
    finally:
        await node.close()
    assert gone(process.pid)


# -- the memory of good signatures, with many checked elsewhere ------------------------------------------


def test_many_are_asked_for_elsewhere_and_the_good_ones_remembered() -> None:
    asked: list[list[list[Job]]] = []

    def elsewhere(groups: object) -> list[bool]:
        asked.append(groups)  # type: ignore[arg-type]  # lists of lists
        return [number != 2 for number in range(MANY)]

    cache = SignatureCache(elsewhere=elsewhere)
    cache.remember(*signed(99))
    groups = [[signed(number)] for number in range(MANY)]
    groups[4].append(signed(99))
    assert cache.check_groups(groups) == [number != 2 for number in range(MANY)]
    assert asked == [[[signed(number)] for number in range(MANY)]]
    assert (cache.checked, cache.remembered) == (MANY, 1)
    assert [cache.knows(*signed(number)) for number in range(4)] == [True, True, False, True]


@pytest.mark.parametrize("count", [MANY - 1, MANY])
def test_few_and_what_nobody_says_are_checked_here(count: int) -> None:
    asked = []
    cache = SignatureCache(elsewhere=lambda groups: asked.append(groups))
    groups = [[signed(number, good=number != 3)] for number in range(count)]
    assert cache.check_groups(groups) == [number != 3 for number in range(count)]
    assert len(asked) == (count == MANY)
    assert cache.checked == count
