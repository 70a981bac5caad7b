"""Printing figures: name, value, bound, ratio, goal."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path


def machine() -> str:
    """What the figures were measured on."""
    model = "unknown processor"
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            model = next(
                (line.partition(":")[2].strip() for line in file if line.startswith("model name")), model
            )
    except OSError:
        pass
    return f"{len(os.sched_getaffinity(0))} cores of {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Smallest, median and largest of several runs."""
    return " / ".join(
        f"{value:,.{digits}f}" for value in (min(values), statistics.median(values), max(values))
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def heading(text: str) -> None:
    """A section."""
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def row(name: str, value: str, note: str = "") -> None:
    """One figure."""
    print(f"  {name:<58} {value:>24}  {note}", flush=True)


def goal(name: str, ratio: float, bar: float, *, at_most: bool = False) -> None:
    """A ratio beside its goal; says plainly when it falls short."""
    good = ratio <= bar if at_most else ratio >= bar
    sign = "<=" if at_most else ">="
    row(name, f"{ratio:.2f}", f"goal {sign} {bar:.2f}: {'reached' if good else 'NOT reached'}")
    sys.stdout.flush()
