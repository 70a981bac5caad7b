"""Conflicting records and the observer, on real processes."""

from __future__ import annotations

import asyncio

import pytest

from accord_ledger.merkle.tiles import TILE_WIDTH, Bundle, Tile
from process_alliance import EVERYONE, MEMBERS, OBSERVER, ProcessAlliance
from process_load import Background, Receipts, nothing_lost, submit_to

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

PAIRS, AT_ONCE = 20, 4


async def pair(alliance: ProcessAlliance, place: int, first: str, second: str) -> tuple[str, str]:
    """Two issuances to one place of the status list, sent to two nodes at once; what became of them."""
    (one,), (other,) = await asyncio.gather(
        alliance.submit(first, [alliance.issuance("pairs", place)], final=True),
        alliance.submit(second, [alliance.issuance("pairs", place)], final=True),
    )
    assert sorted((one.status, other.status)) == ["final", "rejected"], (one, other)
    won, lost = (one, other) if one.status == "final" else (other, one)
    assert lost.code.startswith("E_"), lost
    assert lost.rejection is not None
    return won.tx_id, lost.tx_id


async def test_of_two_conflicting_records_exactly_one_is_final(alliance: ProcessAlliance) -> None:
    nodes = [(MEMBERS[n % 4], MEMBERS[(n + 1 + n // 4 % 3) % 4]) for n in range(PAIRS)]
    async with Background() as background:
        background.run(submit_to(alliance, "bcb", Receipts()))
        found: list[tuple[str, str]] = []
        for start in range(0, PAIRS, AT_ONCE):
            wave = range(start, start + AT_ONCE)
            found += await asyncio.gather(*(pair(alliance, n, *nodes[n]) for n in wave))
    await alliance.all_equal()
    for party in EVERYONE:
        final = await alliance.final_ids(party)
        assert [(won in final, lost in final) for won, lost in found] == [(True, False)] * PAIRS, party


async def test_what_is_sent_to_the_observer_becomes_final(alliance: ProcessAlliance) -> None:
    status = await alliance.status(OBSERVER)
    assert not status.voting
    assert status.ready
    receipts = Receipts()
    entries = alliance.issuances(20)
    for entry, result in zip(entries, await alliance.submit(OBSERVER, entries, final=True), strict=True):
        assert result.status == "final", result
        receipts.note(entry, result)
    await nothing_lost(alliance, receipts)


async def test_the_observer_serves_what_the_members_serve(alliance: ProcessAlliance) -> None:
    receipts = Receipts()
    async with Background() as background:
        background.run(*(submit_to(alliance, party, receipts) for party in EVERYONE))

        async def more_than_a_bundle() -> bool:
            size = (await alliance.status(OBSERVER)).log_size
            return size > TILE_WIDTH + 20 and len(receipts.final) > 40

        await alliance.until(more_than_a_bundle, "a full bundle on the observer")
    await nothing_lost(alliance, receipts)
    texts = await one_checkpoint(alliance)
    size = int(texts.split(b"\n")[1])
    places: list[Bundle | Tile] = [
        Bundle(0, TILE_WIDTH),
        Tile(0, 0, TILE_WIDTH),
        Bundle(1, size % TILE_WIDTH),
        Tile(1, 0, 1),
    ]
    for address in ("/genesis", "/policy", *(f"/{place.path}" for place in places)):
        answers = [await alliance.get(party, address) for party in EVERYONE]
        assert {answer[0] for answer in answers} == {200}, address
        assert len({answer[1] for answer in answers}) == 1, address


async def one_checkpoint(alliance: ProcessAlliance) -> bytes:
    """Wait until all serve a checkpoint of one size; its text, which must be the same everywhere."""
    texts: set[bytes] = set()

    async def same_size() -> bool:
        answers = [await alliance.get(party, "/checkpoint") for party in EVERYONE]
        texts.clear()
        texts.update(note.partition(b"\n\n")[0] for code, note in answers if code == 200)
        return len({text.split(b"\n")[1] for text in texts}) == 1 and all(code == 200 for code, _ in answers)

    await alliance.until(same_size, "checkpoints of one size")
    assert len(texts) == 1, "two roots for one size"
    return texts.pop()


async def test_a_second_process_on_the_same_data_is_refused(alliance: ProcessAlliance) -> None:
    for command in ("run", "check"):
        done = await asyncio.to_thread(alliance.run_offline, command, alliance.config("bcb"))
        assert done.stderr.startswith("accord-node: DATA_IN_USE: "), done
        assert (done.returncode, done.stderr.count("\n"), done.stdout) == (1, 1, "")
    assert (await alliance.status("bcb")).ready
