"""Catching up comes to its end whatever peers answer, as long as one of them is honest."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.domain.pipeline import prepare, signature_jobs
from accord_ledger.errors import FatalError
from accord_ledger.state import View
from accord_ledger.transaction import Record
from accord_node import fetching
from accord_node import sync as sync_module
from accord_node.messages import Block, Range, RangeWanted, Request
from accord_node.verifying import Verifiers
from node_network import Alliance, issue_entry, make_alliance, programme_entries
from peer_mesh import Mesh
from spine import Spine, finalization
from waiting import until

Answer = Callable[[int], Range]


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    async with Mesh(tmp_path / "mesh", ["p0", "p1", "p2"], ban_min_seconds=60.0) as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_module, "RETRY_SECONDS", 0.02)


@pytest.fixture
async def behind(alliance: Alliance, tmp_path: Path, mesh: Mesh) -> AsyncIterator[Spine]:
    made = await Spine.open(alliance, tmp_path, mesh, "p0")
    yield made
    await made.close()


class Donor:
    """A chain of ten blocks that somebody else holds."""

    def __init__(self, spine: Spine) -> None:
        self.spine = spine
        self.blocks: list[Block] = []
        self.seals: list[bytes] = []

    async def grow(self, alliance: Alliance, count: int = 10) -> Donor:
        entries = programme_entries(alliance, "p0", "prog")
        for number in range(count):
            sealed = await self.spine.grow(entries)
            self.blocks.append(Block(seal=sealed.entry, entries=tuple(entries)))
            self.seals.append(sealed.hash)
            entries = [issue_entry(alliance, "p0", "prog", number)]
        return self

    def target(self, height: int = 10) -> Certificate:
        return finalization(self.spine.alliance, self.seals[height - 1], height)

    def range(self, first: int, count: int = 3, *, certified: bool = True) -> Range:
        blocks = tuple(self.blocks[first - 1 : first - 1 + count])
        last = first - 1 + len(blocks)
        return Range(blocks=blocks, certificate=self.target(last) if blocks and certified else None)


@pytest.fixture
async def donor(alliance: Alliance, tmp_path: Path, mesh: Mesh) -> AsyncIterator[Donor]:
    spine = await Spine.open(alliance, tmp_path, mesh, "p2")
    yield await Donor(spine).grow(alliance)
    await spine.close()


def serve(mesh: Mesh, party: str, answer: Answer) -> list[int]:
    asked: list[int] = []

    async def handler(_: str, payload: bytes) -> bytes:
        asked.append(codec.decode(payload, RangeWanted).first)
        return codec.encode(answer(asked[-1]))

    mesh.nodes[party].network.serve(Request.RANGE, handler)
    return asked


async def caught_up(behind: Spine, donor: Donor) -> None:
    await asyncio.wait_for(behind.catch_up.run(donor.target(), donor.seals[-1]), 20)
    assert behind.chain.base.seal_hash == donor.seals[-1]
    assert behind.chain.base.map.root == donor.spine.chain.base.map.root
    assert behind.catch_up.target is None


async def test_range_after_range_up_to_the_target(behind: Spine, donor: Donor, mesh: Mesh) -> None:
    asked = serve(mesh, "p1", lambda first: donor.range(first))
    await caught_up(behind, donor)
    assert asked == [1, 4, 7, 10]


async def test_far_behind_signatures_are_checked_in_other_processes(
    behind: Spine, donor: Donor, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "FAR_BYTES", 1)
    behind.catch_up._processes = 1
    serve(mesh, "p1", lambda first: donor.range(first))
    await caught_up(behind, donor)
    # keys that came with genesis: every signature was known to be good before its block was executed
    assert behind.cache.checked == behind.cache.remembered == 0
    assert behind.catch_up._verifiers is None


async def test_the_interpreter_is_tuned_for_it_only_while_processes_read(
    behind: Spine, donor: Donor, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "FAR_BYTES", 1)
    behind.catch_up._processes = 1
    serve(mesh, "p1", lambda first: donor.range(first))
    seen: list[float] = []
    collected: set[tuple[int, int, int]] = set()
    behind.finaliser.listen(lambda *_: seen.append(sys.getswitchinterval()))
    behind.finaliser.listen(lambda *_: collected.add(gc.get_threshold()))
    before, threshold = sys.getswitchinterval(), gc.get_threshold()
    try:
        sys.setswitchinterval(0.004)
        await caught_up(behind, donor)
        assert sys.getswitchinterval() == pytest.approx(0.004)
    finally:
        sys.setswitchinterval(before)
    assert seen == pytest.approx([sync_module.HAND_OVER_SECONDS] * 10)
    assert collected == {tuple(map(max, threshold, sync_module.COLLECT_AFTER))}
    assert gc.get_threshold() == threshold


@pytest.mark.parametrize("processes", [0, 1])
async def test_a_bad_signature_under_a_finalization_is_a_contradiction(
    behind: Spine,
    donor: Donor,
    mesh: Mesh,
    alliance: Alliance,
    monkeypatch: pytest.MonkeyPatch,
    processes: int,
) -> None:
    monkeypatch.setattr(sync_module, "FAR_BYTES", 1)
    behind.catch_up._processes = processes
    good = prepare(issue_entry(alliance, "p0", "prog", 77))
    (signer, scope, _), *_ = good.record.signatures
    rows = ((signer, scope, b"\x01" * 64),)
    entry = codec.encode(Record(signatures=rows, tx=msgspec.Raw(codec.decode(good.record.entry, Record).tx)))
    for job in signature_jobs(prepare(entry), View(donor.spine.chain.base.state)):
        donor.spine.cache.remember(*job)  # a donor that believes it
    sealed = await donor.spine.grow([entry])
    donor.blocks.append(Block(seal=sealed.entry, entries=(entry,)))
    donor.seals.append(sealed.hash)
    serve(mesh, "p1", lambda first: donor.range(first))
    with pytest.raises(FatalError, match="STATE_DIVERGED"):
        await asyncio.wait_for(behind.catch_up.run(donor.target(11), donor.seals[-1]), 20)
    assert behind.chain.base.height == 10
    assert behind.catch_up._verifiers is None


async def test_processes_that_end_change_nothing_but_who_checks(
    behind: Spine, donor: Donor, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ended(count: int) -> Verifiers:
        made = await start(count)
        for process in made._processes:
            process.kill()
            await process.wait()
        return made

    start = Verifiers.start
    monkeypatch.setattr(Verifiers, "start", ended)
    monkeypatch.setattr(sync_module, "FAR_BYTES", 1)
    behind.catch_up._processes = 2
    serve(mesh, "p1", lambda first: donor.range(first))
    await caught_up(behind, donor)
    assert behind.catch_up._processes == 0


async def test_a_system_that_gives_no_process_is_no_obstacle(
    behind: Spine, donor: Donor, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(_: int) -> Verifiers:
        raise OSError("no more processes")

    monkeypatch.setattr(Verifiers, "start", refused)
    monkeypatch.setattr(sync_module, "FAR_BYTES", 1)
    behind.catch_up._processes = 1
    serve(mesh, "p1", lambda first: donor.range(first))
    await caught_up(behind, donor)
    assert behind.catch_up._processes == 0


async def test_blocks_no_finalization_covers_yet_are_held_until_one_does(
    behind: Spine, donor: Donor, mesh: Mesh
) -> None:
    serve(mesh, "p1", lambda first: donor.range(first, 2, certified=False))
    await caught_up(behind, donor)
    assert behind.network.linked() == {"p1", "p2"}


EMPTY = Range(blocks=(), certificate=None)


def _reordered(donor: Donor, first: int) -> Range:
    good = donor.range(first)
    return Range(blocks=good.blocks[::-1], certificate=good.certificate)


def _forged(donor: Donor, first: int) -> Range:
    good = donor.range(first)
    block = Block(seal=good.blocks[0].seal, entries=(*good.blocks[0].entries, b"more"))
    return Range(blocks=(block, *good.blocks[1:]), certificate=good.certificate)


def _from_elsewhere(donor: Donor, first: int) -> Range:
    return donor.range(first + 1)


LIES = {"empty": lambda _, __: EMPTY, "reordered": _reordered, "forged": _forged, "shifted": _from_elsewhere}


@pytest.mark.parametrize("lie", LIES)
async def test_a_liar_costs_one_answer_and_the_next_peer_serves(
    behind: Spine, donor: Donor, mesh: Mesh, lie: str
) -> None:
    asked = serve(mesh, "p1", lambda first: LIES[lie](donor, first))
    serve(mesh, "p2", lambda first: donor.range(first))
    await caught_up(behind, donor)
    assert len(asked) <= 2  # the range after it may be asked for before the first answer was judged
    assert ("p1" in behind.network.linked()) == (lie == "empty")


async def test_a_forged_certificate_covers_nothing_and_ends_the_link(
    behind: Spine, donor: Donor, mesh: Mesh
) -> None:
    def forged(first: int) -> Range:
        good = donor.range(first)
        assert good.certificate is not None
        votes = tuple((party, bytes(64)) for party, _ in good.certificate.votes)
        false = Certificate(kind="finalize", epoch=0, view=3, seal=good.certificate.seal, votes=votes)
        return Range(blocks=good.blocks, certificate=false)

    serve(mesh, "p1", forged)
    serve(mesh, "p2", lambda _: EMPTY)
    running = asyncio.create_task(behind.catch_up.run(donor.target(), donor.seals[-1]))
    await until(lambda: "p1" not in behind.network.linked(), "dropped")
    assert behind.chain.base.height == 0
    running.cancel()


async def test_who_gave_nothing_is_asked_last(behind: Spine, donor: Donor, mesh: Mesh) -> None:
    asked = serve(mesh, "p1", lambda _: EMPTY)
    serve(mesh, "p2", lambda first: donor.range(first) if first < 9 else EMPTY)
    first = donor.target(5), donor.seals[4]
    await behind.catch_up.run(*first)
    assert len(asked) == 1
    await behind.catch_up.run(donor.target(8), donor.seals[7])
    assert len(asked) == 1


async def test_a_peer_that_comes_later_serves(behind: Spine, donor: Donor, mesh: Mesh) -> None:
    asked = serve(mesh, "p1", lambda _: EMPTY)
    running = asyncio.create_task(behind.catch_up.run(donor.target(), donor.seals[-1]))
    await until(lambda: len(asked) > 2, "asked in vain")
    serve(mesh, "p2", lambda first: donor.range(first))
    await asyncio.wait_for(running, 20)
    assert behind.chain.base.height == 10


async def test_what_becomes_executable_here_needs_no_peer(behind: Spine, donor: Donor, mesh: Mesh) -> None:
    asked = [serve(mesh, party, lambda _: EMPTY) for party in ("p1", "p2")]
    running = asyncio.create_task(behind.catch_up.run(donor.target(1), donor.seals[0]))
    await until(lambda: sum(map(len, asked)) > 2, "asked in vain")
    await behind.execute(donor.spine.block([], parent=behind.chain.base))  # some other block changes nothing
    entries = donor.blocks[0].entries
    await behind.chain.execute(SealedBytes.parse(donor.blocks[0].seal), [prepare(entry) for entry in entries])
    await asyncio.wait_for(running, 20)
    assert behind.chain.base.height == 1


async def test_an_endless_chain_that_nothing_covers_is_given_up(
    behind: Spine, donor: Donor, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_FRUITLESS", 3)
    asked = serve(mesh, "p1", lambda first: donor.range(first, 1, certified=False))
    serve(mesh, "p2", lambda first: donor.range(first))
    await caught_up(behind, donor)
    assert asked == [1, 2, 3]
