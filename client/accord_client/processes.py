"""Other processes to work in, one for each core.

Where this process has a single thread they are forked: they begin at once, with everything that is loaded
and remembered here. Otherwise, and where the system cannot fork, they are spawned: a lock that another
thread holds would stay locked in a fork for ever.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
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
