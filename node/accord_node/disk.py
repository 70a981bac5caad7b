"""The real :class:`~accord_node.seams.Disk`: one directory on a POSIX file system.

A name is durable only after the directory was synced, file content only after ``fdatasync``; both
promises of the seam are kept by exactly these calls. A failed ``fdatasync`` is never retried: the
kernel may have dropped the pages it could not write, and a second call would succeed without them.
"""

from __future__ import annotations

import os
from pathlib import Path

from accord_node.storage.durable import make_directory, sync_directory, sync_file


class DirectoryDisk:
    """Files of one directory. Not shared between threads without a lock.

    Args:
        directory: created durably, with mode 0700, if it does not exist.
    """

    def __init__(self, directory: Path) -> None:
        make_directory(directory, 0o700)
        self._directory = directory
        self._open: dict[str, int] = {}

    def _path(self, name: str) -> Path:
        if name in {"", ".."} or name != Path(name).name:
            raise ValueError(f"expected a plain file name, got {name!r}")
        return self._directory / name

    def _descriptor(self, name: str) -> int:
        held = self._open.get(name)
        if held is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            held = self._open[name] = os.open(self._path(name), flags, 0o600)
        return held

    def names(self) -> list[str]:
        """Names of all regular files, sorted."""
        return sorted(path.name for path in self._directory.iterdir() if path.is_file())

    def read(self, name: str) -> bytes:
        """The whole file."""
        return self._path(name).read_bytes()

    def append(self, name: str, data: bytes) -> None:
        """Write all of ``data`` at the end of the file."""
        descriptor = self._descriptor(name)
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]

    def truncate(self, name: str, size: int) -> None:
        """Cut the file to ``size`` bytes."""
        os.ftruncate(self._descriptor(name), size)

    def sync(self, name: str) -> None:
        """``fdatasync``: content and length."""
        sync_file(self._descriptor(name))

    def rename(self, old: str, new: str) -> None:
        """``rename(2)``."""
        self._close(new)
        self._path(old).rename(self._path(new))
        descriptor = self._open.pop(old, None)
        if descriptor is not None:
            self._open[new] = descriptor

    def remove(self, name: str) -> None:
        """``unlink(2)``."""
        self._close(name)
        self._path(name).unlink()

    def sync_directory(self) -> None:
        """``fsync`` of the directory."""
        sync_directory(self._directory)

    def _close(self, name: str) -> None:
        descriptor = self._open.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Close every file."""
        for name in list(self._open):
            self._close(name)
