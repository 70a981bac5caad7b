"""What every command of ``accord`` shares: two forms of output, and advice for error codes.

A command computes a value and hands it to :func:`emit` with a function that shows it to people; with
``--json`` the value itself is printed instead, one document, nothing else on standard output. Failures
are raised as ``AccordError`` and shown by the root command, which looks up here what to do next.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

F = TypeVar("F", bound=Callable[..., Any])

_JSON = "accord.json"
_WIDE = 200
"""Columns where no terminal says how many there are, so that hashes stay on one line."""

ADVICE: dict[str, str] = {}
"""Error code to what the user can do about it; filled by :func:`advise`."""


def advise(advice: dict[str, str]) -> None:
    """Add what to do next after these error codes."""
    ADVICE.update(advice)


def json_option(command: F) -> F:
    """The option ``--json`` of a command that calls :func:`emit`."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta[_JSON] = value

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Print one JSON document for programs instead of text for people.",
    )(command)


def wants_json() -> bool:
    """Whether the running command was asked for JSON."""
    ctx = click.get_current_context(silent=True)
    return bool(ctx is not None and ctx.meta.get(_JSON))


def emit(value: object, show: Callable[[Console], None]) -> None:
    """Print a result: as JSON if asked for, else by ``show``."""
    if wants_json():
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        show(console())


def console(*, stderr: bool = False) -> Console:
    """A console on the current standard output (or error); styled only on a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _WIDE, highlight=False, soft_wrap=False)


def facts(out: Console, rows: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(name, Text(clean(value)))
    out.print(grid)


def table(out: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under headings; long values fold, nothing is cut off."""
    shown = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*[Text(clean(cell)) for cell in row])
    out.print(shown)


def clean(text: str) -> str:
    """Text of others without the control and direction characters a terminal would act on."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def warn(message: str) -> None:
    """A warning on standard error."""
    click.secho(f"warning: {clean(message)}", fg="yellow", err=True)
