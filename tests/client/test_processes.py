from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

from accord_client import processes
from accord_client.processes import cores, start_context


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
