"""Options that several commands of ``accord genesis`` share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from accord_genesis.keyfiles import find_passphrase
from accord_genesis.terminal import warn

FILE: Final = click.Path(dir_okay=False, path_type=Path)
FOLDER: Final = click.Path(file_okay=False, path_type=Path)
GENESIS_FILE: Final = "genesis.accord"
"""Where the genesis file is looked for; a node's configuration has the same default."""
PASSPHRASE_VARIABLE: Final = "ACCORD_PASSPHRASE"  # noqa: S105 - its name, not a secret

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Where the passphrase of the institution's keys comes from; asked for only when it is needed."""

    file: Path | None
    none: bool

    def get(self, *, confirm: bool) -> bytes | None:
        """The passphrase, or None if the keys are to be left open.

        Args:
            confirm: it is new, so a typed one is asked for twice.

        Raises:
            KeyFileError: as ``keyfiles.find_passphrase``.
        """
        if self.none:
            if confirm:
                warn("institution keys are written without a passphrase: whoever reads the files can sign")
            return None
        found = find_passphrase(variable=PASSPHRASE_VARIABLE if self.file is None else None, file=self.file)
        if found is not None:
            return found
        typed: str = click.prompt(
            "Passphrase of the institution's keys", hide_input=True, confirmation_prompt=confirm, err=True
        )
        return typed.encode()


def passphrase_options(command: F) -> F:
    """Options that say where the passphrase comes from; the command gets a :class:`Passphrase`."""

    @click.option(
        "--passphrase-file",
        type=FILE,
        help="Private file whose first line is the passphrase of the institution's keys. "
        f"Else the variable {PASSPHRASE_VARIABLE}, else a hidden prompt.",
    )
    @click.option("--no-passphrase", is_flag=True, help="Keys without encryption: for trials only.")
    @wraps(command)
    def with_passphrase(*args: Any, passphrase_file: Path | None, no_passphrase: bool, **options: Any) -> Any:
        if passphrase_file is not None and no_passphrase:
            raise click.UsageError("--passphrase-file and --no-passphrase exclude each other")
        return command(*args, passphrase=Passphrase(passphrase_file, no_passphrase), **options)

    return with_passphrase  # type: ignore[return-value]  # click's decorators keep no signature


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """``NAME=VALUE`` options as a map; each name once."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value or name in found:
            raise click.BadParameter(f"expected NAME=VALUE, each name once, got {text!r}", param_hint=option)
        found[name] = value
    return found


def hexadecimal(text: str, length: int, option: str) -> bytes:
    """``length`` bytes in hexadecimal."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != length:
        raise click.BadParameter(f"expected {length} bytes in hexadecimal", param_hint=option)
    return data


def instant(text: str) -> int:
    """UTC seconds of ``2026-03-01T00:00:00Z`` or of a plain number of seconds."""
    if text.isascii() and text.isdigit():
        return int(text[:20])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f"expected a time such as 2026-03-01T00:00:00Z, got {text!r}", param_hint="--created"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())
