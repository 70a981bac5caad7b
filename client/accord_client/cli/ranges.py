"""Indexes of a batch as people write them: ``3,7-9``."""

from __future__ import annotations

import re
from typing import Any, Final

import click

MAX_INDEX: Final = 131_071

_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", re.ASCII)


class RangesType(click.ParamType[tuple[tuple[int, int], ...]]):
    """Half-open ranges, ascending and merged."""

    name = "indexes"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[tuple[int, int], ...]:
        """See ``click.ParamType``."""
        if isinstance(value, tuple):
            return value
        spans = []
        for part in str(value).split(","):
            found = _RANGE.fullmatch(part.strip())
            first = int(found[1]) if found else MAX_INDEX + 1
            last = int(found[2]) if found and found[2] else first
            if not first <= last <= MAX_INDEX:
                self.fail(f"expected indexes such as 3,7-9, got {part[:40]!r}", param, ctx)
            spans.append((first, last + 1))
        return merged(spans)


def merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The ranges in order; those that touch become one."""
    done: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if done and start <= done[-1][1]:
            done[-1] = (done[-1][0], max(done[-1][1], end))
        else:
            done.append((start, end))
    return tuple(done)


RANGES: Final = RangesType()
