"""Writing files so that they survive a power cut, and never appear half-written."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from contextvars import ContextVar
from io import FileIO
from pathlib import Path
from typing import Final, Protocol

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


class Syncs(Protocol):
    """What makes writes durable: the kernel, or a simulated disk that knows what a crash would leave."""

    def file(self, descriptor: int) -> None:
        """Content and length of an open file."""

    def directory(self, path: Path) -> None:
        """Names in a directory."""


class _Kernel:
    """See :class:`Syncs`."""

    def file(self, descriptor: int) -> None:
        os.fdatasync(descriptor)

    def directory(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_NEW: Final = ".new"
"""Ends the name of a file that has not got its own yet."""
_OPEN: Final = 64
"""Files open at a time."""

_KERNEL: Final[Syncs] = _Kernel()
SYNCS: Final[ContextVar[Syncs]] = ContextVar("syncs", default=_KERNEL)
"""Who syncs. A context variable, so that each of several simulated hosts in one process has its own."""


def sync_file(descriptor: int) -> None:
    """Make content and length of an open file durable (``fdatasync``)."""
    SYNCS.get().file(descriptor)


def sync_directory(path: Path) -> None:
    """Make renames and new names in a directory durable (``fsync`` of the directory)."""
    SYNCS.get().directory(path)


def make_directory(path: Path, mode: int = 0o777) -> None:
    """Make a directory, and those above it that are missing, durably.

    One that is there may have been made by a process that died before it was durable: its name is synced
    in any case.
    """
    if not path.is_dir():
        if not path.parent.is_dir():
            make_directory(path.parent, mode)
        path.mkdir(mode=mode, exist_ok=True)
    sync_directory(path.parent)


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put ``data`` under ``path`` in one step: readers see the old content or the new one.

    Args:
        durable: sync the content before and the directory after the rename.
    """
    if not path.parent.is_dir():
        make_directory(path.parent)
    temporary = path.with_name(path.name + _NEW)
    with temporary.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            sync_file(file.fileno())
    temporary.replace(path)
    if durable:
        sync_directory(path.parent)


def replace_files(files: Sequence[tuple[Path, bytes]]) -> None:
    """:func:`replace_file` for several files, but for their folders, which the caller syncs once, after all of them.

    They are handed to the disk together and synced then, so that it works at all of them at a time: thirty files
    take it little longer than two, and half the processor time.
    """
    for at in range(0, len(files), _OPEN):
        _replace_some(files[at : at + _OPEN])


def _replace_some(files: Sequence[tuple[Path, bytes]]) -> None:
    temporary = [path.with_name(path.name + _NEW) for path, _ in files]
    for folder in {path.parent: None for path, _ in files}:
        if not folder.is_dir():
            make_directory(folder)
    with ExitStack() as stack:
        opened = [stack.enter_context(path.open("wb", buffering=0)) for path in temporary]
        for file, (_, data) in zip(opened, files, strict=True):
            _write_whole(file, data)
            _begin_writing(file.fileno())
        for file in opened:
            sync_file(file.fileno())
    for path, (final, _) in zip(temporary, files, strict=True):
        path.replace(final)


def _write_whole(file: FileIO, data: bytes) -> None:
    """Write all of it: one call may take less, on a disk that gets full."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _begin_writing(descriptor: int) -> None:
    """Let the disk begin with a file that is to be synced in a moment; where that is not possible the sync does all."""
    with suppress(OSError, AttributeError):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
