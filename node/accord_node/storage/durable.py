"""Writing files so that they survive a power cut, and never appear half-written."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Final

from accord_ledger.errors import AccordError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE_FAILED: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
)


class DiskError(AccordError):
    """The disk did not take or give what it was asked for; what it held before may be sound."""


def disk_error(error: BaseException) -> DiskError | None:
    """``DISK_FULL`` or ``DISK_FAILED`` if that is what an exception of the system or of SQLite says."""
    if isinstance(error, OSError):
        name = "" if error.filename is None else f" of {os.fsdecode(error.filename)}"
        code = "DISK_FULL" if error.errno in _FULL else "DISK_FAILED"
        return DiskError(code, f"expected reading or writing{name} to succeed: {error.strerror or error}")
    if isinstance(error, sqlite3.Error):
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says which operation it was
        if primary == sqlite3.SQLITE_FULL:
            return DiskError("DISK_FULL", f"expected the database to have room: {error}")
        if primary in _SQLITE_FAILED:
            return DiskError("DISK_FAILED", f"expected to read and write the database: {error}")
    return None


def sync_directory(path: Path) -> None:
    """Make renames and new names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put ``data`` under ``path`` in one step: readers see the old content or the new one.

    Args:
        durable: sync the content before and the directory after the rename.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fdatasync(file.fileno())
    temporary.replace(path)
    if durable:
        sync_directory(path.parent)
