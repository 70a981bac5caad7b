"""Other processes to work in, one for each core.

Where this process has a single thread they are forked: they begin at once, with everything that is loaded
and remembered here. Otherwise, and where the system cannot fork, they are spawned: a lock that another
thread holds would stay locked in a fork for ever.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.context import BaseContext
from pathlib import Path

_TASKS = Path("/proc/self/task")
"""One entry for each thread of this process, those of libraries included (Linux)."""


def cores() -> int:
    """Cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_context() -> BaseContext:
    """How processes are begun from here, now."""
    alone = _TASKS.is_dir() and len(list(_TASKS.iterdir())) == 1
    return multiprocessing.get_context("fork" if alone else "spawn")


def end_with_parent() -> None:
    """In such a process: leave an interruption to the one that began it, and end when that one has ended.

    Otherwise each would die of a Ctrl-C with a traceback of its own, and would wait for work for ever after
    its parent was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), name="end-with-parent", daemon=True).start()


def _follow(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
