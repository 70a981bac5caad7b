"""The log on disk: what was appended is there after any crash, and any damage is named."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord_ledger.errors import FatalError
from accord_ledger.merkle.tiles import Bundle, Tile, entries_path, tiles_for, unpack_entries
from accord_ledger.merkle.tree import leaf_hash, root_of
from accord_node.simulate.disk import Loss
from accord_node.simulate.nodes.disk import HostDisk
from accord_node.storage.durable import SYNCS
from accord_node.storage.logfiles import LogFiles


def entries(count: int, start: int = 0) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(start, start + count)]


_opened: list[LogFiles] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def files(path: Path) -> LogFiles:
    _opened.append(LogFiles(path))
    return _opened[-1]


def grown(path: Path, *sizes: int) -> LogFiles:
    log = files(path)
    log.open(0)
    for size in sizes:
        new = entries(size - log.size, log.size)
        log.append(new, [leaf_hash(entry) for entry in new])
    return log


@pytest.mark.parametrize("sizes", [(1,), (1, 2, 3), (255,), (256,), (257,), (100, 600), (256, 512, 1300)])
def test_what_was_appended_is_read_back_after_a_restart(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    grown(tmp_path, *sizes).close()
    log = files(tmp_path)
    frontier = log.open(sizes[-1])
    assert frontier.root() == root_of(entries(sizes[-1]))
    assert log.entries(0, sizes[-1]) == entries(sizes[-1])


@pytest.mark.parametrize("floor", [0, 1, 255, 256, 257, 511, 512, 700, 1299])
def test_what_stands_beyond_the_floor_is_cut_off(tmp_path: Path, floor: int) -> None:
    grown(tmp_path, 300, 1300).close()
    log = files(tmp_path)
    assert log.open(floor).root() == root_of(entries(floor))
    more = [f"other {number}".encode() for number in range(300)]
    log.append(more, [leaf_hash(entry) for entry in more])
    log.close()
    again = files(tmp_path)
    assert again.open(floor + 300).root() == root_of([*entries(floor), *more])


def test_a_torn_tail_beyond_the_floor_is_cut_off(tmp_path: Path) -> None:
    log = grown(tmp_path, 10)
    log.close()
    tail = tmp_path / "tail" / "0"
    tail.write_bytes(tail.read_bytes() + b"\x00\x50torn")
    again = files(tmp_path)
    assert again.open(10).root() == root_of(entries(10))
    assert b"torn" not in tail.read_bytes()


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[random.Random(7).randrange(2, len(data))] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("victim", ["tile/entries/000", "tile/0/000"])
def test_a_flipped_byte_in_a_full_tile_is_named(tmp_path: Path, victim: str) -> None:
    grown(tmp_path, 600).close()
    _flip(tmp_path / victim)
    with pytest.raises(FatalError, match="tile/") as caught:
        files(tmp_path).open(600)
    assert caught.value.code == "LOG_CORRUPT"


def test_a_flipped_byte_in_the_tail_changes_the_root(tmp_path: Path) -> None:
    """The store compares the root with the seal of the floor (test_store)."""
    grown(tmp_path, 600).close()
    _flip(tmp_path / "tail" / "2")
    assert files(tmp_path).open(600).root() != root_of(entries(600))


@pytest.mark.parametrize("victim", ["tile/entries/001", "tail/2"])
def test_a_missing_file_is_named(tmp_path: Path, victim: str) -> None:
    grown(tmp_path, 600).close()
    (tmp_path / victim).unlink()
    with pytest.raises(FatalError, match=victim) as caught:
        files(tmp_path).open(600)
    assert caught.value.code == "LOG_CORRUPT"


def test_every_tile_of_every_size_can_be_read(tmp_path: Path) -> None:
    log = grown(tmp_path, 700)
    for item in tiles_for(0, 700):
        if isinstance(item, Tile):
            assert len(log.read_tile(item)) == 32 * item.width
        else:
            found = unpack_entries(log.read_bundle(item), item.width)
            assert found == entries(item.width, item.index * 256)
    with pytest.raises(FileNotFoundError):
        log.read_bundle(Bundle(2, 200))
    with pytest.raises(FileNotFoundError):
        log.read_tile(Tile(0, 3, 1))


def test_published_partial_tiles_go_when_the_full_one_exists(tmp_path: Path) -> None:
    log = grown(tmp_path, 100)
    log.publish(100, b"note at 100")
    assert (tmp_path / entries_path(0, 100)).exists()
    assert (tmp_path / "checkpoint").read_bytes() == b"note at 100"
    new = entries(200, 100)
    log.append(new, [leaf_hash(entry) for entry in new])
    assert not (tmp_path / entries_path(0, 100)).exists()
    log.publish(300, b"note at 300")
    assert unpack_entries((tmp_path / entries_path(1, 44)).read_bytes(), 44) == entries(44, 256)


def test_a_damaged_partial_file_of_an_old_size_is_written_anew_and_named(tmp_path: Path) -> None:
    log = grown(tmp_path, 300)
    log.publish(300, b"checkpoint")
    for size in (310, 700):
        more = entries(size - log.size, log.size)
        log.append(more, [leaf_hash(entry) for entry in more])
        log.publish(size, b"checkpoint")
    log.close()
    old = [tmp_path / "tile" / "1" / "000.p" / "1", *tmp_path.glob("tile/*/002.p/188")]
    assert len(old) == 3  # beside those of newer sizes: of the row above, and at the edge
    sound = {path: path.read_bytes() for path in old}
    for path in old:
        _flip(path)
    again = files(tmp_path)
    assert again.open(700).root() == root_of(entries(700))
    again.mend()
    assert sorted(again.mended) == sorted(old)
    assert {path: path.read_bytes() for path in old} == sound
    once_more = files(tmp_path)
    once_more.open(700)
    once_more.mend()
    assert not once_more.mended


def test_what_is_no_partial_file_of_this_log_is_removed_and_named(tmp_path: Path) -> None:
    log = grown(tmp_path, 300)
    log.publish(300, b"checkpoint")
    log.close()
    strays = [
        tmp_path / "tile" / "entries" / "001.p" / name for name in ("45", "044", "0", "44.new", "notes")
    ]
    for path in strays:
        path.write_bytes(b"anything")
    again = files(tmp_path)
    again.open(300)
    again.mend()
    assert sorted(again.mended) == sorted(strays)
    assert not any(path.exists() for path in strays)
    assert (tmp_path / "tile" / "entries" / "001.p" / "44").exists()


class Died(BaseException):
    """The host, at one place."""


@pytest.mark.parametrize("loss", Loss)
@pytest.mark.parametrize("floor", [0, 100])
def test_a_death_at_any_place_of_a_long_append_loses_nothing_below_the_floor(
    tmp_path: Path, loss: Loss, floor: int
) -> None:
    left = 0

    def boundary(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Died

    def dies_at(place: int) -> bool:
        nonlocal left
        root = tmp_path / str(place)
        grown(root / "log", *([floor] if floor else [])).close()
        disk, log = HostDisk(root, boundary), files(root / "log")
        log.open(floor)
        token, left = SYNCS.set(disk), place
        try:
            new = entries(600, floor)
            log.append(new, [leaf_hash(entry) for entry in new])
        except Died:
            for seed in range(3 if loss is Loss.TORN else 1):
                after = tmp_path / f"{place}.{seed}"
                disk.crash(after, loss, random.Random(seed))
                assert files(after / "log").open(floor).root() == root_of(entries(floor))
            return True
        finally:
            SYNCS.reset(token)
        return False

    places = 0
    while dies_at(places + 1):
        places += 1
    assert places >= 14


class SlowDisk:
    """Syncs that last until they are let go (``accord_node.storage.durable.Syncs``)."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def file(self, _: int) -> None:
        self.begun.set()
        assert self.let_go.wait(30)

    def directory(self, _: Path) -> None:
        """At once."""


def test_a_checkpoint_is_not_written_while_another_thread_adds_a_block(tmp_path: Path) -> None:
    log, disk, published = grown(tmp_path, 100), SlowDisk(), threading.Event()

    def add() -> None:
        SYNCS.set(disk)
        new = entries(10, 100)
        log.append(new, [leaf_hash(entry) for entry in new])

    def publish() -> None:
        log.publish(100, b"note at 100")
        published.set()

    threads = [threading.Thread(target=work) for work in (add, publish)]
    threads[0].start()
    assert disk.begun.wait(30)
    threads[1].start()
    assert not published.wait(0.2)
    disk.let_go.set()
    assert published.wait(30)
    for thread in threads:
        thread.join()
    assert (log.size, (tmp_path / "checkpoint").read_bytes()) == (110, b"note at 100")
