"""A file beside a vote key that says: this key has never signed a vote.

    keys/vote.pem  ->  keys/vote.unused

Whoever makes a vote key leaves it; the node's first start takes it away for good before it signs anything. A
node without a vote journal, whose keys all still have theirs, is at its first start: it can contradict no vote
of its own. Without the file it may have lost its disk, and must wait (docs/adr/0018-first-start.md). So a lost
file costs time, and a copied one is dangerous: it goes where the key goes, and into no backup.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from accord_genesis.keyfiles import read_private, replace_private
from accord_ledger.keys import SigningKey

SUFFIX: Final = ".unused"
_LIMIT: Final = 256
"""Largest such file, in bytes."""


def unused_path(key_file: Path) -> Path:
    """Where the file of this key lies."""
    return key_file.with_suffix(SUFFIX)


def mark_unused(key_file: Path, key: SigningKey) -> Path:
    """Say durably of a vote key just made that it has never signed; returns the file.

    Called once the key file is there: without its key the mark of an older key might outlive it. One that
    was left by an older key of that name is replaced.

    Args:
        key_file: where the key was written.
        key: what was written there; nobody has signed a vote with it.

    Raises:
        KeyFileError: ``KEYFILE_IO``.
    """
    path = unused_path(key_file)
    replace_private(path, _text(key.public))
    return path


def says_unused(path: Path, public: bytes) -> bool:
    """Whether a file says of this very key that it has never signed.

    Raises:
        KeyFileError: as ``keyfiles.read_private``.
    """
    return read_private(path, limit=_LIMIT) == _text(public)


def _text(public: bytes) -> bytes:
    return f"This vote key has never signed a vote:\n{public.hex()}\n".encode()
