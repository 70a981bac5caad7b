"""What says that a vote key never signed counts once, for the key it names, and is gone before a vote."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from accord_genesis.unusedkeys import mark_unused
from accord_node.config import Keys
from accord_node.firststart import take_unused
from accord_node.nodekeys import NodeKeys
from accord_node.simulate.disk import Loss
from accord_node.simulate.nodes.disk import HostDisk
from accord_node.storage import durable
from accord_node.storage.durable import SYNCS
from node_network import key

OWN = NodeKeys(key("p0", "link"), key("p0", "log"), key("p0", "vote"), key("p0", "witness"))
NEXT = key("p0", "vote", "next")
FILES = Keys(vote="keys/vote.pem")


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A folder with what lies beside our vote key."""
    folder = tmp_path / "host"
    (folder / "keys").mkdir(parents=True)
    mark_unused(folder / "keys" / "vote.pem", key("p0", "vote"))
    return folder


def mark(folder: Path) -> Path:
    return folder / "keys" / "vote.unused"


def test_it_counts_once(marked: Path) -> None:
    assert take_unused(FILES, marked, OWN)
    assert not mark(marked).exists()
    assert not take_unused(FILES, marked, OWN)


def test_an_observer_has_nothing_to_sign_with(marked: Path) -> None:
    assert not take_unused(Keys(), marked, NodeKeys(OWN.link, OWN.log))


def test_a_key_out_of_no_file_has_none(marked: Path) -> None:
    assert not take_unused(Keys(), marked, OWN)


def test_of_two_keys_both_must_have_one(marked: Path) -> None:
    keys = NodeKeys(OWN.link, OWN.log, OWN.vote, OWN.witness, coming={"vote": NEXT})
    files = Keys(vote="keys/vote.pem", coming=type(FILES.coming)(vote="keys/next.pem"))
    assert not take_unused(files, marked, keys)
    assert not mark(marked).exists()
    for file, held in (("vote.pem", key("p0", "vote")), ("next.pem", NEXT)):
        mark_unused(marked / "keys" / file, held)
    assert take_unused(files, marked, keys)
    assert list((marked / "keys").iterdir()) == []


def _of_another_key(path: Path) -> None:
    mark_unused(path, NEXT)


def _open_to_all(path: Path) -> None:
    path.chmod(0o666)


def _a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [_of_another_key, _open_to_all, _a_link, _empty])
def test_what_says_nothing_of_our_key_does_not_count_and_goes(
    marked: Path, harm: Callable[[Path], None]
) -> None:
    harm(mark(marked))
    assert not take_unused(FILES, marked, OWN)
    assert not mark(marked).exists()
    assert not mark(marked).is_symlink()


def test_what_cannot_be_taken_away_does_not_count(marked: Path) -> None:
    mark(marked).unlink()
    mark(marked).mkdir()  # nobody unlinks a folder, whatever their rights
    assert not take_unused(FILES, marked, OWN)
    assert mark(marked).exists()


def test_in_a_folder_that_cannot_be_written_it_does_not_count(
    marked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert not take_unused(FILES, marked, OWN)
    assert mark(marked).exists()


def test_what_may_come_back_after_a_power_cut_does_not_count(
    marked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        def directory(self, path: Path) -> None:
            raise OSError(errno.EIO, f"expected {path} to be synced")

    token = durable.SYNCS.set(Failing())  # type: ignore[arg-type]  # only directories are synced here
    assert not take_unused(FILES, marked, OWN)
    durable.SYNCS.reset(token)


@pytest.mark.parametrize("loss", Loss)
def test_it_is_gone_for_good(marked: Path, loss: Loss) -> None:
    host = HostDisk(marked, lambda _: None)
    token = SYNCS.set(host)
    assert take_unused(FILES, marked, OWN)
    SYNCS.reset(token)
    host.crash(marked.parent / "after", loss, Random(0))
    assert not mark(marked.parent / "after").exists()


def test_where_the_host_dies_before_it_is_gone_for_good_it_may_come_back(marked: Path) -> None:
    class DiedError(Exception):
        pass

    def die(_: str) -> None:
        raise DiedError

    host = HostDisk(marked, die)
    token = SYNCS.set(host)
    with pytest.raises(DiedError):
        take_unused(FILES, marked, OWN)
    SYNCS.reset(token)
    host.crash(marked.parent / "after", Loss.LOST, Random(0))
    assert mark(marked.parent / "after").exists()
