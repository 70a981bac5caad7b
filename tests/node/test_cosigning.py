"""Checkpoints reach their quorum whatever one peer or member sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.block import Member, Members
from accord_ledger.checkpoint import Checkpoint, cosign
from accord_ledger.execute import Version
from accord_ledger.note import parse_note
from accord_node import cosigning as cosigning_module
from accord_node.cosigning import MAX_EARLY, Cosigners, cosigner_name
from accord_node.messages import Cosignature, Cosignatures
from accord_node.peer import Outcome, Topic
from node_network import Alliance, key, make_alliance
from peer_mesh import Mesh
from spine import HandClock, Spine
from waiting import until

ORIGIN = "ledger.example/test"


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@dataclass
class Desk:
    """One cosigner, and what it published."""

    spine: Spine
    clock: HandClock
    mesh: Mesh
    published: list[Checkpoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cosigners = Cosigners(
            party="p0", origin=ORIGIN, witnesses=(key("p0", "witness"),), log_key=key("p0", "log"),
            network=self.spine.network, clock=self.clock,
            on_published=lambda checkpoint, _: self.published.append(checkpoint),
        )  # fmt: skip

    async def next(self) -> Version:
        await self.spine.grow([])
        return self.spine.chain.base

    def advanced(self, version: Version) -> None:
        self.cosigners.advanced(version, self.spine.alliance.genesis.members)

    def hear(self, payload: Cosignature, sender: str = "p1") -> Outcome:
        said = codec.encode(Cosignatures(items=(payload,)))
        return self.cosigners.on_cosignatures(Topic.COSIGNATURE, said, sender)


@pytest.fixture
async def desk(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Desk]:
    async with Mesh(tmp_path / "mesh", ["p0", "p1"]) as mesh:
        spine = await Spine.open(alliance, tmp_path, mesh, "p0")
        yield Desk(spine, HandClock(), mesh)
        await spine.close()


def cosignature(version: Version, party: str, time: int = 5) -> Cosignature:
    checkpoint = Checkpoint(ORIGIN, version.log.size, version.log.root())
    made = cosign(checkpoint.text(), key(party, "witness"), cosigner_name(ORIGIN, party), time)
    return Cosignature(party=party, size=checkpoint.size, blob=made.key_id + made.blob)


def junk(size: int, party: str = "p1") -> Cosignature:
    return Cosignature(party=party, size=size, blob=b"\x07" * 76)


async def test_a_quorum_publishes(desk: Desk) -> None:
    version = await desk.next()
    desk.advanced(version)
    assert desk.hear(cosignature(version, "p1")) is Outcome.ACCEPT
    assert not desk.published
    assert desk.hear(cosignature(version, "p2")) is Outcome.ACCEPT
    assert [item.size for item in desk.published] == [version.log.size]


async def test_cosignatures_ahead_of_our_log_count_once_it_gets_there_and_are_then_relayed(
    desk: Desk,
) -> None:
    version = await desk.next()
    early = [cosignature(version, party) for party in ("p2", "p3")]
    assert [desk.hear(item, sender=item.party) for item in early] == [Outcome.IGNORE, Outcome.IGNORE]
    desk.advanced(version)
    assert [item.size for item in desk.published] == [version.log.size]
    other = desk.mesh.nodes["p1"]
    await until(
        lambda: all(
            other.has(Topic.COSIGNATURE, codec.encode(Cosignatures(items=(item,)))) for item in early
        ),
        "relayed",
    )


async def test_a_flood_of_future_sizes_neither_grows_nor_displaces_the_good_ones(desk: Desk) -> None:
    version = await desk.next()
    for party in ("p2", "p3"):
        desk.hear(cosignature(version, party), sender=party)
    for size in range(2**40, 2**40 + 2 * MAX_EARLY):
        desk.hear(junk(size), sender="p1")
    desk.advanced(version)
    assert [item.size for item in desk.published] == [version.log.size]
    assert sum(map(len, desk.cosigners._early.values())) <= MAX_EARLY


async def test_junk_under_a_members_name_does_not_displace_its_real_cosignature(desk: Desk) -> None:
    version = await desk.next()
    for party in ("p2", "p3"):
        desk.hear(cosignature(version, party), sender=party)
        desk.hear(junk(version.log.size, party), sender="p1")
    desk.advanced(version)
    assert desk.published
    lines = parse_note(desk.cosigners.note).signatures
    assert all(line.blob != junk(0).blob[4:] for line in lines)
    assert len(lines) == 1 + 3


async def test_a_cosignature_under_another_key_id_is_bad(desk: Desk) -> None:
    version = await desk.next()
    desk.advanced(version)
    good = cosignature(version, "p1")
    wrong = Cosignature(party="p1", size=good.size, blob=b"\0\0\0\0" + good.blob[4:])
    assert desk.hear(wrong) is Outcome.BAD


async def test_checkpoints_resume_after_a_long_time_without_a_quorum(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cosigning_module, "MAX_OPEN", 3)
    for _ in range(6):
        desk.advanced(await desk.next())
    version = desk.spine.chain.base
    for party in ("p1", "p2"):
        desk.hear(cosignature(version, party))
    assert [item.size for item in desk.published] == [version.log.size]


async def test_said_again_it_is_a_new_item_but_at_most_once_a_second(desk: Desk) -> None:
    counters, other = desk.spine.network.counters, desk.mesh.nodes["p1"]

    def heard() -> int:
        return sum(topic is Topic.COSIGNATURE for topic, _ in other.received)

    desk.advanced(await desk.next())
    desk.cosigners.repeat()
    await until(lambda: heard() == 1, "heard")
    desk.clock.time += 1
    for _ in range(5):
        desk.cosigners.repeat()
    await until(lambda: heard() == 2, "heard anew")
    assert counters["published"] == 2
    assert len(codec.decode(list(other.received)[-1][1], Cosignatures).items) == 1


async def test_who_lacks_a_quorum_is_told_the_whole_of_it(desk: Desk) -> None:
    version = await desk.next()
    desk.advanced(version)
    for party in ("p2", "p3"):
        desk.hear(cosignature(version, party), sender=party)
    desk.clock.time += 1
    desk.cosigners.repeat()
    other = desk.mesh.nodes["p1"]

    def told() -> list[str]:
        said = [codec.decode(payload, Cosignatures).items for _, payload in other.received]
        return max(([item.party for item in items] for items in said), key=len, default=[])

    await until(lambda: told() == ["p0", "p2", "p3"], "the quorum")


async def test_the_last_block_of_an_epoch_is_cosigned_by_those_who_voted_on_it(desk: Desk) -> None:
    """p3 leaves with this block, and p9 comes: of these two only p3 counts for it."""
    version, members = await desk.next(), desk.spine.alliance.genesis.members
    others = tuple(member for member in members.members if member.party != "p3")
    newcomer = Member(party="p9", vote=key("p9", "vote").public, witness=key("p9", "witness").public)
    desk.hear(cosignature(version, "p9"), sender="p9")
    desk.hear(cosignature(version, "p3"), sender="p3")
    desk.advanced(version)
    assert not desk.published
    desk.hear(cosignature(version, "p1"))
    assert [item.size for item in desk.published] == [version.log.size]
    following = await desk.next()
    desk.cosigners.advanced(following, Members(epoch=1, members=(*others, newcomer)))
    for party in ("p3", "p1"):
        desk.hear(cosignature(following, party))
    assert desk.published[-1].size == version.log.size
    desk.hear(cosignature(following, "p9"))
    assert desk.published[-1].size == following.log.size


async def test_cosignatures_of_one_moment_travel_together(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cosigning_module, "SAY_SECONDS", 1.0)
    for _ in range(3):
        desk.advanced(await desk.next())
    other = desk.mesh.nodes["p1"]
    await until(lambda: len(other.received) == 1, "heard")
    sizes = [item.size for item in codec.decode(next(iter(other.received))[1], Cosignatures).items]
    assert sizes == sorted(sizes)
    assert sizes[-1] == desk.spine.chain.base.log.size
    assert len(sizes) == 3


async def test_a_stopped_node_signs_nothing(desk: Desk) -> None:
    desk.cosigners.stop()
    sent = desk.spine.network.counters["published"]
    desk.advanced(await desk.next())
    desk.cosigners.repeat()
    assert desk.spine.network.counters["published"] == sent


async def test_every_line_of_a_published_note_is_one_its_readers_count(desk: Desk) -> None:
    version = await desk.next()
    desk.advanced(version)
    for party in ("p1", "p2"):
        desk.hear(cosignature(version, party))
    lines = parse_note(desk.cosigners.note).signatures
    names = {line.name for line in lines}
    assert names == {ORIGIN, *(cosigner_name(ORIGIN, party) for party in ("p0", "p1", "p2"))}
