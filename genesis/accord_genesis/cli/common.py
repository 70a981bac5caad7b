"""What several commands of ``accord genesis`` do: name files in errors, compare hashes, report."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from accord_genesis.cli.display import as_value, next_step, show_summary
from accord_genesis.cli.options import hexadecimal
from accord_genesis.document import Genesis
from accord_genesis.files import CeremonyError
from accord_genesis.summary import summarise, witness_policy
from accord_genesis.terminal import emit, warn
from accord_ledger.errors import AccordError, DecodeError, ProofError


def refuse_existing(path: Path) -> None:
    """Raise ``FILE_EXISTS`` before any work is done for a file that cannot be written."""
    if path.exists():
        raise CeremonyError("FILE_EXISTS", "expected no such file yet", path=str(path))


@contextmanager
def reading_options(code: str) -> Iterator[None]:
    """Values the user gave that have no place in the schema: ``code`` instead of a decoder's error."""
    try:
        yield
    except DecodeError as error:
        raise CeremonyError(code, error.detail, path=error.path) from error


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Errors inside name the file they are about."""
    try:
        yield
    except AccordError as error:
        place = error.path if error.path.startswith(str(path)) else f"{path} {error.path}".rstrip()
        raise type(error)(error.code, error.detail, path=place) from error


def check_network(opened: Genesis, expected: str | None) -> None:
    """Raise ``GENESIS_NETWORK`` unless this is the network hash the user gave."""
    if expected is not None and hexadecimal(expected, 32, "--network") != opened.network:
        raise ProofError("GENESIS_NETWORK", f"expected the network {expected}, got {opened.network.hex()}")


def report(opened: Genesis, title: str, steps: list[str], *, policy: bool = False) -> None:
    """Show a genesis in short, its warnings, and what comes next."""
    found = summarise(opened, now=int(time.time()))
    text = witness_policy(opened).format().decode() if policy else ""
    value = as_value(found, text if policy else None)
    for message in found.warnings:
        warn(message)

    def people(console: Console) -> None:
        console.print(title, style="bold")
        show_summary(console, found, warnings=False)
        if policy:
            console.print("\nPolicy of the first epoch (C2SP tlog-policy)", style="bold")
            console.print(text.rstrip(), markup=False, soft_wrap=True)
        next_step(console, *steps)

    emit(value, people)
