"""Writing files so that they survive a power cut, and never appear half-written."""

from __future__ import annotations

import os
from pathlib import Path


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
