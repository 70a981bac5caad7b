from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from accord_client import processes
from accord_client.processes import cores, start_context
from waiting import until


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1


def test_another_thread_means_a_fresh_process() -> None:
    held = threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    try:
        assert start_context().get_start_method() == "spawn"
    finally:
        held.set()
        thread.join()


@pytest.mark.parametrize(("threads", "method"), [(1, "fork"), (2, "spawn"), (None, "spawn")])
def test_a_process_with_one_thread_forks(
    threads: int | None, method: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path)) / "task"
    for number in range(threads or 0):
        (folder / str(number)).mkdir(parents=True)
    monkeypatch.setattr(processes, "_TASKS", folder)
    assert start_context().get_start_method() == method


def test_work_is_done_in_them() -> None:
    with ProcessPoolExecutor(2, start_context()) as pool:
        assert list(pool.map(abs, [-1, -2])) == [1, 2]


POOL = """
import os, signal, sys, threading
from concurrent.futures import ProcessPoolExecutor
from accord_client.processes import end_with_parent, start_context

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with it ignored
    pool = ProcessPoolExecutor(2, start_context(), end_with_parent)
    workers = {pool.submit(os.getpid).result() for _ in range(40)}
    print(*pool._processes, flush=True)
    threading.Event().wait()
"""


def started(script: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def runs(process: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look at other processes")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
async def test_they_end_with_the_process_that_began_them(tmp_path: Path, end: signal.Signals) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    parent = started(script)
    try:
        assert parent.stdout is not None
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert workers
        assert all(map(runs, workers))
        for process in (parent.pid, *workers) if end is signal.SIGINT else (parent.pid,):
            os.kill(process, end)
        _, said = parent.communicate(timeout=60)
        await until(lambda: not any(map(runs, workers)), "every worker ended")
    finally:
        parent.kill()
        parent.wait()
    assert said.count(b"Traceback") == (1 if end is signal.SIGINT else 0)  # of the parent alone
