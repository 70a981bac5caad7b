"""One run at a time in a folder that credentials are issued out of, and nothing left of a run that was killed.

A file of locks stands in the folder from the first run on. While a run holds it another is refused; the system
lets it go with the process, whatever ends that. A folder with this file and without a plan is one whose
preparation was interrupted: nothing of it was ever sent, so what was written is taken away and made anew. A
folder that somebody else filled has no such file and is left alone.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from accord_client.errors import RefusedError
from accord_client.private_files import is_left_over
from accord_genesis.keyfiles import KeyFileError

LOCK_FILE: Final = ".issuing"

_DRAFTS: Final = re.compile(r"[0-9]{4,6}\.(?:(?:accord|holder|body)\.json|drafts\.jsonl)", re.ASCII)
"""What is written before the plan, besides the list of people."""


@contextmanager
def held(folder: Path, *, plan: str, people: str) -> Iterator[None]:
    """Hold the folder, which is made if it is not there, and taken away again if nothing came to be in it.

    Args:
        folder: of one batch.
        plan: name of the file that is written last.
        people: name of the list of people.

    Raises:
        RefusedError: ``ISSUE_BUSY`` (another run holds it) or ``ISSUE_FOLDER`` (something else is in it).
        KeyFileError: ``KEYFILE_IO``.
    """
    lock = folder / LOCK_FILE
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / plan).exists() and not lock.exists() and any(folder.iterdir()):
            raise RefusedError("ISSUE_FOLDER", "expected an empty folder", path=str(folder))
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(lock)) from error
    try:
        _lock(descriptor, lock)
        _clear(folder, plan, people)
        try:
            yield
        finally:
            _leave(folder, lock, made=made)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, lock: Path) -> None:
    """Of this process alone: processes that are forked later do not hold it, and cannot keep it."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = os.path.samestat(os.fstat(descriptor), lock.lstat())
    except (BlockingIOError, PermissionError, FileNotFoundError):
        ours = False  # held by another run, or just taken away by one that ended
    if not ours:
        raise RefusedError("ISSUE_BUSY", "another run works in this folder", path=str(lock.parent))


def _leave(folder: Path, lock: Path, *, made: bool) -> None:
    """Of a run that came to nothing, nothing is left."""
    with suppress(OSError):  # somebody has put something there, or taken it away: theirs to deal with
        if {path.name for path in folder.iterdir()} == {LOCK_FILE}:
            lock.unlink()
            if made:
                folder.rmdir()


def _clear(folder: Path, plan: str, people: str) -> None:
    """Take away what an interrupted run left: half-written files, and all drafts that no plan speaks of."""
    names = {path.name for path in folder.iterdir()} - {LOCK_FILE}
    gone = {name for name in names if is_left_over(name)}
    if plan not in names:
        gone |= {name for name in names if name == people or _DRAFTS.fullmatch(name)}
        if names - gone:
            shown = ", ".join(sorted(names - gone)[:3])
            raise RefusedError("ISSUE_FOLDER", f"expected an empty folder, got {shown}", path=str(folder))
    try:
        for name in gone:
            (folder / name).unlink()
    except OSError as error:
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(folder)) from error
