"""Public files of the ceremony: read within a bound, written whole or not at all.

Statements, signatures and the genesis file hold no secret; secrets go through ``keyfiles``.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from accord_ledger.errors import AccordError

_PART: Final = 4096
"""Bytes asked for at a time where nobody knows how many there are (a pipe)."""


class CeremonyError(AccordError):
    """Something people brought to the ceremony that does not fit: a file, a choice, an act."""


def read_public(path: Path, *, limit: int) -> bytes:
    """The bytes of a file of at most ``limit`` bytes.

    Raises:
        CeremonyError: ``FILE_MISSING``, ``FILE_IO`` or ``FILE_TOO_LARGE``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # half the time of ``path.open``
        try:
            data = _read(descriptor, limit + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise CeremonyError("FILE_MISSING", "expected a file", path=str(path)) from error
    except OSError as error:
        raise CeremonyError("FILE_IO", str(error.strerror), path=str(path)) from error
    if len(data) > limit:
        raise CeremonyError("FILE_TOO_LARGE", f"expected at most {limit} bytes", path=str(path))
    return data


def _read(descriptor: int, most: int) -> bytes:
    """What is in a file, or its first ``most`` bytes; room is taken for as much as there is and not for the bound."""
    expected = min(os.fstat(descriptor).st_size + 1, most)
    parts: list[bytes] = []
    size = 0
    while size < most and (part := os.read(descriptor, min(max(expected - size, _PART), most - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def write_public(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write a file as a whole, durably; an existing one only with ``replace``.

    Raises:
        CeremonyError: ``FILE_EXISTS`` or ``FILE_IO``; what was there before is untouched.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with fresh.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            fresh.replace(path)
        else:
            path.hardlink_to(fresh)  # unlike a rename, fails if somebody else made the file meanwhile
            fresh.unlink()
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except FileExistsError as error:
        raise CeremonyError("FILE_EXISTS", "expected no such file yet", path=str(path)) from error
    except OSError as error:
        raise CeremonyError("FILE_IO", str(error.strerror), path=str(path)) from error
    finally:
        fresh.unlink(missing_ok=True)
