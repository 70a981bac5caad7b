"""How ``accord`` speaks: results, failures with what to do next, progress.

Results go through :func:`emit` and come as text or, with ``--json``, as one JSON document on standard
output. Failures go to standard error, in the same two forms, and set the exit code: 1 for what was
refused, 2 for a wrong use of the command, 70 for a fault of the program itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from accord_client.codes.catalogue import Language, language_of_locale, text_of
from accord_genesis.terminal import (
    ADVICE,
    advise,
    clean,
    console,
    emit,
    facts,
    json_option,
    table,
    wants_json,
    warn,
)  # fmt: skip
from accord_ledger.errors import AccordError

__all__ = [
    "EXIT_FAULT", "EXIT_REFUSED", "advise", "clean", "console", "counting", "emit", "facts", "json_option", "language", "progress",
    "show_failure", "show_fault", "table", "wants_json", "warn",
]  # fmt: skip

EXIT_REFUSED: Final = 1
EXIT_FAULT: Final = 70
"""EX_SOFTWARE of sysexits.h."""

T = TypeVar("T")


def language() -> Language:
    """Of what is said about codes: that of the locale."""
    return language_of_locale(*(os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")))


def _next(code: str, chosen: Language) -> str:
    """What to do: the command's own word where there is one, else that of the catalogue."""
    text = text_of(code)
    said = ADVICE.get(code, "") if chosen == "en" or text is None else ""
    return said or (text.advice(chosen) if text is not None else "")


def show_failure(error: AccordError) -> None:
    """Code, what it means, what was expected and got, where, and what to do next."""
    text, chosen = text_of(error.code), language()
    meaning = text.meaning(chosen) if text is not None else ""
    advice = _next(error.code, chosen)
    if wants_json():
        fields = {
            "code": error.code,
            "meaning": meaning,
            "detail": error.detail,
            "path": error.path,
            "advice": advice,
        }
        click.echo(json.dumps({name: value for name, value in fields.items() if value}), err=True)
        return
    click.secho(f"error: {error.code}", fg="red", bold=True, err=True)
    for name, value in (("means", meaning), ("what", error.detail), ("where", error.path), ("next", advice)):
        if value:
            click.echo(f"  {name:5}  {clean(value)}", err=True)


def show_fault(error: BaseException) -> None:
    """A failure nobody foresaw: what it was, and how to report it."""
    kind = type(error).__name__
    show_failure(AccordError("INTERNAL", f"{kind}: {error}"))


@contextmanager
def progress(items: Iterable[T], what: str, *, total: int | None = None) -> Iterator[Iterable[T]]:
    """The items with a progress bar on standard error, if that is a terminal.

    Args:
        items: what is worked through.
        what: shown beside the bar.
        total: how many, if known.
    """
    if not _shown():
        yield items
        return
    with _bar() as bar:
        yield bar.track(items, total=total, description=what)


@contextmanager
def counting(what: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar for work that says by itself, from any thread, how many more are done."""
    if not _shown():
        yield lambda _: None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)


def _shown() -> bool:
    """Whether somebody watches. A bar that is only switched off still says some empty lines in older versions."""
    return sys.stderr.isatty() and not wants_json()


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )


advise(
    {
        "INTERNAL": "This is a fault of the program: run it again with ACCORD_DEBUG=1 and report what it prints.",
        "IO": "Check that the file or address exists and may be used.",
        "COMMAND_BROKEN": "A part of the installation cannot be loaded; install it again.",
    }
)
