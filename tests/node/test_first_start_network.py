"""A first start among running nodes: known by its key it votes at once, and lied to it notices."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord_genesis.unusedkeys import mark_unused, unused_path
from accord_node.config import Config, Keys
from accord_node.doubt import FLAG
from accord_node.storage.snapshot import SnapshotError
from accord_node.storage.snapshotting import back_up
from epoch_network import Changing, make_epoch_alliance
from node_network import issue_entry, key, programme_entries
from waiting import until

FILES = Keys(vote="keys/vote.pem")


class Marked(Changing):
    """Nodes whose configuration says where their vote keys lie; the file beside one is what counts here."""

    def config(self, party: str, **peers: Any) -> Config:
        return msgspec.structs.replace(super().config(party, **peers), keys=FILES)

    def mark(self, party: str) -> Path:
        """Say of a party's vote key that it never signed."""
        file = self.folder / party / FILES.vote
        file.parent.mkdir(parents=True, exist_ok=True)
        return mark_unused(file, key(party, "vote"))

    def marked(self, party: str) -> bool:
        return unused_path(self.folder / party / FILES.vote).exists()

    async def issue(self, number: int) -> None:
        await self.final(issue_entry(self.alliance, "p0", "prog", number))


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Marked]:
    """Three of four members, which made a programme; p3 has never started."""
    made = Marked(make_epoch_alliance(4), tmp_path)
    try:
        await made.start("p0", "p1", "p2")
        for entry in programme_entries(made.alliance, "p0", "prog"):
            await made.final(entry)
        yield made
    finally:
        await made.stop()


async def test_who_starts_late_votes_at_once_and_another_may_fall_silent(network: Marked) -> None:
    await network.stop("p2")
    network.mark("p3")
    await network.start("p3")
    assert not network.marked("p3")
    assert not network.nodes["p3"].epochs.doubtful
    await network.issue(1)
    assert not any(node.evidence for node in network.nodes.values())


async def test_without_the_file_it_abstains_and_nothing_is_final(network: Marked) -> None:
    await network.stop("p2")
    await network.start("p3")
    entry = issue_entry(network.alliance, "p0", "prog", 1)
    (waiting,) = await network.nodes["p0"].submissions.submit([entry], wait=True, timeout=3)
    assert waiting.status == "accepted"
    assert network.nodes["p3"].epochs.doubtful
    await network.start("p2")
    await until(lambda: not network.nodes["p3"].epochs.doubtful, "finality has passed")


async def test_after_a_first_start_the_journal_counts_before_any_vote(network: Marked) -> None:
    network.mark("p3")
    for _ in range(2):
        await network.start("p3")
        assert not network.nodes["p3"].epochs.doubtful
        await network.stop("p3")
    shutil.rmtree(network.folder / "p3" / "data")
    await network.start("p3")
    assert network.nodes["p3"].epochs.doubtful


async def test_where_the_journal_holds_votes_a_file_that_comes_back_is_taken_away(network: Marked) -> None:
    await network.stop("p0")
    network.mark("p0")
    await network.start("p0")
    assert not network.marked("p0")
    assert not network.nodes["p0"].epochs.doubtful
    await network.issue(1)


async def test_who_finds_its_vote_in_a_range_was_lied_to_by_the_file(network: Marked) -> None:
    """Only old certificates name p3, and its key folder is a copy made before it ever started."""
    await network.start("p3")
    await until(lambda: not network.nodes["p3"].epochs.doubtful, "p3 votes")
    await network.stop("p2")
    await network.issue(1)  # needs p3's vote
    await network.start("p2")
    await network.stop("p3")
    for number in range(2, 6):
        await network.issue(number)
    shutil.rmtree(network.folder / "p3" / "data")
    (network.folder / "p3.token").unlink()
    network.mark("p3")
    await network.start("p3")
    node = network.nodes["p3"]
    await until(lambda: node.epochs.doubtful, "it knows that it voted")
    assert await node.store.database.meta(FLAG) == b"\x01"
    await network.issue(6)
    await until(lambda: not node.epochs.doubtful, "finality has passed every vote")
    await network.stop("p2")
    await network.issue(7)
    assert not any(other.evidence for other in network.nodes.values())


async def test_a_backup_never_holds_the_file(network: Marked, tmp_path: Path) -> None:
    data = network.folder / "p0" / "data"
    mark_unused(data / "vote.pem", key("p0", "vote"))
    mark_unused(data / "log" / "vote.pem", key("p0", "vote"))

    def backed_up() -> bool:
        try:
            return back_up(data, tmp_path / "copy").height > 0
        except SnapshotError:  # the newest block may lack its own finalization at this moment
            return False

    await until(backed_up, "a backup")
    held = [path.name for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert len(held) > 1
    assert not [name for name in held if "unused" in name]


async def test_the_last_word_about_doubt_is_what_stays(network: Marked) -> None:
    node = network.nodes["p0"]
    await asyncio.gather(node._say_doubt(doubtful=False), node._say_doubt(doubtful=True))
    assert await node.store.database.meta(FLAG) == b"\x01"
    await node._say_doubt(doubtful=False)
