"""``accord audit``: check everything a node's log claims, from genesis to its newest checkpoint."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from accord_client.audit import run
from accord_client.audit.report import CHECKS, Finding, Report
from accord_client.audit.source import open_source
from accord_client.cli.connection import GENESIS_VARIABLE
from accord_client.cli.output import clean, console
from accord_genesis.document import MAX_FILE_BYTES, open_genesis
from accord_genesis.files import read_public

EXIT_FINDINGS: Final = 1
EXIT_INCOMPLETE: Final = 3

LINE_EVERY: Final = 20_000
"""Entries between two lines of progress where there is no terminal."""

SHOWN: Final = 20
"""Findings printed; ``--json`` has all."""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("audit")
@click.argument("source")
@click.option(
    "--genesis",
    required=True,
    type=_FILE,
    envvar=GENESIS_VARIABLE,
    help="Your own copy of the genesis file: where trust starts.",
)
@click.option("--network", help="Network hash (hex) the genesis document must have.")
@click.option(
    "--checkpoint", "checkpoints", multiple=True, type=_FILE,
    help="A checkpoint somebody kept; the log must continue it. May be given several times.",
)  # fmt: skip
@click.option(
    "--beside", "besides", multiple=True, type=_FILE,
    help="Genesis file of another network; found if both carry on the same one. May be given several times.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes to use (default: all cores).")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    source: str,
    genesis: Path,
    network: str | None,
    checkpoints: tuple[Path, ...],
    besides: tuple[Path, ...],
    jobs: int | None,
    *,
    as_json: bool,
) -> None:
    """Replay the log in SOURCE, a node's address or a folder, and report on every check.

    Nothing SOURCE says is believed: signatures, certificates, hashes and rules are all checked again.

    Exit codes: 0 clean, 1 something was found, 2 wrong use, 3 the audit could not be completed.
    """
    with _progress(quiet=as_json) as progress:
        report = asyncio.run(
            run.audit(
                open_source(source),
                genesis.read_bytes(),
                network=_network(network),
                others=[path.read_bytes() for path in checkpoints],
                beside=[open_genesis(read_public(path, limit=MAX_FILE_BYTES)) for path in besides],
                processes=jobs or os.cpu_count() or 1,
                progress=progress,
            )
        )
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2))
    else:
        _show(report)
    click.get_current_context().exit(_exit_code(report))


def _network(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        network = bytes.fromhex(text)
    except ValueError:
        network = b""
    if len(network) != 32:
        raise click.BadParameter("expected 64 hex digits", param_hint="--network")
    return network


def _exit_code(report: Report) -> int:
    if report.findings:
        return EXIT_FINDINGS
    return EXIT_INCOMPLETE if report.failure else 0


@contextmanager
def _progress(*, quiet: bool) -> Iterator[run.Progress]:
    """A bar on a terminal, a line now and then elsewhere; always on standard error."""
    if quiet or not sys.stderr.isatty():
        lines = _Lines(quiet=quiet)
        yield lines
        return
    bar = Progress(
        TextColumn("auditing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("entries"),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("audit", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """Progress as plain lines."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._next = LINE_EVERY

    def __call__(self, done: int, total: int) -> None:
        if not self._quiet and done >= self._next:
            self._next = done + LINE_EVERY
            click.echo(f"{done} of {total} entries", err=True)


def _show(report: Report) -> None:
    if report.test_network:
        click.echo("This is a test network with a scripted clock: nothing here happened in real time.")
    click.echo(f"network {report.network or 'unknown'}  {clean(report.origin)}")
    for check in report.checks:
        mark = {"pass": "ok", "fail": "FAILED"}.get(check.status.value, "--")
        click.echo(f"{mark:>6}  {check.name:<12} {CHECKS[check.name]}")
        if check.detail:
            click.echo(f"{'':>6}  {'':<12} ({clean(check.detail)})")
    for found in sorted(report.findings, key=Finding.place)[:SHOWN]:
        click.echo(f"  {clean(str(found))}")
    left = len(report.findings) + report.more_findings - SHOWN
    if left > 0:
        click.echo(f"  and {left} more")
    for item in report.contradictions[:SHOWN]:
        click.echo(
            f"{'note':>6}  {clean(item.member)} contradicted itself in view {item.view} of epoch {item.epoch}, "
            f"says a record of height {item.height}"
        )
    for note in report.notes:
        click.echo(f"{'note':>6}  {note}")
    click.echo(_verdict(report))


def _verdict(report: Report) -> str:
    done = f"{report.entries} entries, {report.height} blocks, {report.records} records"
    if report.first is not None:
        return f"First divergence: {clean(str(report.first))}"
    if report.failure:
        return f"Not completed after {done}: {clean(report.failure)}"
    return f"Clean: {done}; state root {report.state_root}; {report.seconds:.1f} s"
