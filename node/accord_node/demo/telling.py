"""How the demonstration speaks: chapters, lines of what happened, refusals, figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape


@dataclass
class Teller:
    """Prints a story and counts what it told."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    refusals: int = 0
    _begin: float = field(default_factory=time.perf_counter)

    def chapter(self, title: str) -> None:
        """A new part of the story, with the time since the beginning."""
        passed = time.perf_counter() - self._begin
        self.console.print(f"\n[bold]{escape(title)}[/bold]  [dim]{passed:.1f} s[/dim]")

    def say(self, text: str) -> None:
        """Something that happened."""
        self.console.print(f"  {escape(text)}")

    def refused(self, what: str, code: str, detail: str) -> None:
        """Something that the ledger refused, with its code."""
        self.refusals += 1
        self.console.print(f"  [yellow]refused[/yellow]  [bold]{escape(code):<22}[/bold] {escape(what)}")
        if detail:
            self.console.print(f"           [dim]{escape(detail)}[/dim]")

    @contextmanager
    def timed(self) -> Iterator[Timing]:
        """Measures what happens inside."""
        timing = Timing()
        begin = time.perf_counter()
        yield timing
        timing.seconds = time.perf_counter() - begin


@dataclass
class Timing:
    """How long something took."""

    seconds: float = 0.0

    def rate(self, count: int) -> str:
        """``count`` of something in that time, per second."""
        return f"{count / max(self.seconds, 1e-9):,.0f}/s"
