"""Many private files of one folder, written together: as durable as one by one, and many times as fast.

They are synced together (``syncfs``), where the system can do that; it waits for everything that is on its way to
that disk, which is a tenth of what one after the other takes. Where a file may be seen only as a whole it is written
under a fresh name first (:func:`publish`), so that after a crash at any moment there is nothing, or all of it.
"""

from __future__ import annotations

import ctypes
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from accord_genesis.keyfiles import KeyFileError

TOGETHER: Final = 1024
"""Files written before they are synced."""

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW

SYNCFS: Final[Callable[[int], int] | None] = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
"""Syncs the file system that a descriptor is of (Linux); None where there is no such call."""

File = tuple[Path, bytes]
"""Where it stands, and what is in it."""


def write_private_together(folder: Path, files: Iterable[File]) -> None:
    """Write files of mode 0600 that are not there yet; all are on disk when this returns.

    Args:
        folder: where all of them stand.
        files: taken a few hundred at a time, so that they need not be in memory together.

    Raises:
        KeyFileError: ``KEYFILE_EXISTS`` or ``KEYFILE_IO``; some of the files may have been written.
    """
    for some in _slices(files):
        _written(folder, some)
    sync_file(folder)


def publish(folder: Path, fresh: Sequence[str], named: Sequence[str], token: str) -> None:
    """Put new files of one folder on disk, and only then let some of them have their names.

    Args:
        folder: where all of them stand.
        fresh: names of files that were just written (:func:`write_new`).
        named: names that stand in ``fresh`` as :func:`fresh_name`; a file that has such a name gives way.
        token: of those.

    Raises:
        KeyFileError: ``KEYFILE_IO``; some of the files may have their names.
    """
    try:
        _sync_files(folder, [folder / name for name in fresh] if SYNCFS is None else [])
        _renamed(folder, named, token)
    except OSError as error:
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(folder)) from error
    sync_file(folder)


def fresh_token() -> str:
    """Keeps the fresh names of one run apart from those of others."""
    return secrets.token_hex(8)


def fresh_name(name: str, token: str) -> str:
    """The name under which a file is written that is not to be seen before it is whole."""
    return f".{name}.{token}"


def is_left_over(name: str) -> bool:
    """Whether a name is one of those under which files are first written."""
    stem, _, token = name.rpartition(".")
    return stem.startswith(".") and len(token) == 16 and not token.strip("0123456789abcdef")


def _slices(files: Iterable[File]) -> Iterator[list[File]]:
    rest = iter(files)
    while some := list(islice(rest, TOGETHER)):
        yield some


def write_new(path: str, data: bytes, folder: int | None = None) -> None:
    """Write a file of mode 0600 that is not there yet; it is not synced.

    Args:
        path: its name, in the folder if one is given.
        data: all of it.
        folder: an open descriptor.

    Raises:
        OSError: a part may have been written.
    """
    descriptor = os.open(path, _FLAGS, 0o600, dir_fd=folder)
    try:
        os.fchmod(descriptor, 0o600)  # whatever the umask
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, memoryview(data)[written:])
    finally:
        os.close(descriptor)


def _renamed(folder: Path, names: Sequence[str], token: str) -> None:
    """Give fresh files their names."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            os.replace(fresh_name(name, token), name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _written(folder: Path, files: list[File]) -> None:
    """Write all, then sync all."""
    where = folder
    try:
        for where, data in files:
            write_new(str(where), data)
        where = folder
        _sync_files(folder, [path for path, _ in files])
    except FileExistsError as error:
        raise KeyFileError("KEYFILE_EXISTS", "expected no such file yet", path=str(where)) from error
    except OSError as error:
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(where)) from error


def _sync_files(folder: Path, paths: list[Path]) -> None:
    if SYNCFS is None:
        for path in paths:
            sync_file(path)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if SYNCFS(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Put a file on disk, or the names of a folder.

    Raises:
        KeyFileError: ``KEYFILE_IO``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(path)) from error
