"""A first start told from a lost disk: the files that say of our vote keys that they never signed.

Whoever makes a vote key leaves such a file beside it (``accord_genesis.unusedkeys``). At every start, before
anything can be signed, all of ours are taken away for good. If none was missing, and the vote journal holds
nothing, our keys have never signed: whatever others report, there is no vote of ours to contradict, and no doubt
(:mod:`accord_node.doubt`). A death after that, and a file that cannot be read, names another key or cannot be
taken away, leave ordinary doubt. What nodes started with copies of one folder do, and what is done against it:
docs/adr/0018-first-start.md.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import structlog

from accord_genesis.keyfiles import KeyFileError
from accord_genesis.unusedkeys import says_unused, unused_path
from accord_ledger.keys import SigningKey
from accord_node.config import Keys
from accord_node.nodekeys import NodeKeys
from accord_node.storage.durable import sync_directory

log = structlog.get_logger("node")


def take_unused(config: Keys, folder: Path, keys: NodeKeys) -> bool:
    """Take away what says that our vote keys never signed; after this they may sign.

    Args:
        config: names the key files.
        folder: their paths are relative to it.
        keys: what was read from them.

    Returns:
        Whether every vote key we hold had its file, and all of these are gone for good. False without a
        vote key.
    """
    taken = [_take(file, key) for file, key in _vote_keys(config, folder, keys)]
    return bool(taken) and all(taken)


def _vote_keys(config: Keys, folder: Path, keys: NodeKeys) -> Iterator[tuple[Path | None, SigningKey]]:
    """Every vote key we hold and the file it came from, if the configuration names one."""
    held = ((config.vote, keys.vote), (config.coming.vote, keys.coming.get("vote")))
    return ((folder / name if name else None, key) for name, key in held if key is not None)


def _take(key_file: Path | None, key: SigningKey) -> bool:
    if key_file is None:
        return False
    path = unused_path(key_file)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False  # the ordinary case, but for one start in the life of a key
    except OSError as error:
        return _refused(path, error)
    flaw = _flaw(path, mode, key)
    try:
        path.unlink()  # of two that find it, one fails here
        sync_directory(path.parent)
    except OSError as error:
        return _refused(path, f"{error}; remove it")
    return flaw is None or _refused(path, flaw)


def _flaw(path: Path, mode: int, key: SigningKey) -> object:
    """Why a file says nothing of this key; None: it does."""
    if not stat.S_ISREG(mode):  # behind a link the file would stay where it is
        return "expected a regular file"
    try:
        return None if says_unused(path, key.public) else f"expected it to name vote key {key.public.hex()}"
    except KeyFileError as error:
        return error


def _refused(path: Path, why: object) -> bool:
    log.warning("a file about an unused vote key does not count", file=str(path), why=str(why))
    return False
