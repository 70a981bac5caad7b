"""Processes killed, stopped and frozen under load: the alliance goes on and forgets nothing it promised."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from process_alliance import EVERYONE, MEMBERS, OBSERVER, ProcessAlliance, Votes, contradictions, read_votes
from process_load import Background, Receipts, Watch, nothing_lost, submit_to

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

ROUNDS = 3
STOP_SECONDS = 8.0


async def more_final(alliance: ProcessAlliance, receipts: Receipts, count: int) -> None:
    """Wait until so many more records were answered as final."""
    wanted = len(receipts.final) + count

    async def enough() -> bool:
        return len(receipts.final) >= wanted

    await alliance.until(enough, f"{count} more records final")


async def nobody_contradicted_itself(alliance: ProcessAlliance) -> None:
    assert {party: await alliance.evidence(party) for party in EVERYONE} == {party: [] for party in EVERYONE}


async def test_one_node_is_killed_under_load_and_catches_up(alliance: ProcessAlliance) -> None:
    receipts = Receipts()
    async with Background() as background:
        background.run(*(submit_to(alliance, party, receipts) for party in MEMBERS))
        await more_final(alliance, receipts, 40)
        await alliance.kill("uu")
        await more_final(alliance, receipts, 40)
        await alliance.start("uu")
        await more_final(alliance, receipts, 40)
    await nothing_lost(alliance, receipts)
    await nobody_contradicted_itself(alliance)


async def test_all_members_are_killed_at_once_again_and_again(
    alliance: ProcessAlliance, tmp_path: Path
) -> None:
    receipts, watch, votes = Receipts(), Watch(), Votes()
    read = 0
    async with Background() as background:
        background.run(*(submit_to(alliance, party, receipts) for party in MEMBERS))
        background.run(*(watch.follow(alliance, party) for party in EVERYONE))
        for number in range(ROUNDS):
            await more_final(alliance, receipts, 24)
            await alliance.kill(*MEMBERS)
            for party in MEMBERS:
                copy = tmp_path / f"{party}-{number}"
                shutil.copytree(alliance.data(party) / "journal", copy)
                read += read_votes(party, copy, votes)
            await alliance.start(*MEMBERS)
        await more_final(alliance, receipts, 24)
    await nothing_lost(alliance, receipts)
    assert watch.went_back == []
    assert read > 4 * 24
    assert contradictions(votes) == []
    await nobody_contradicted_itself(alliance)


async def test_what_one_node_alone_accepted_outlives_it(alliance: ProcessAlliance) -> None:
    receipts = Receipts()
    others = [party for party in EVERYONE if party != "suny"]
    await alliance.kill(*others)
    for entry in alliance.issuances(5):
        (result,) = await alliance.submit("suny", [entry], final=False)
        assert result.status == "accepted"
        receipts.note(entry, result)
    await alliance.kill("suny")
    await alliance.start(*EVERYONE)
    await nothing_lost(alliance, receipts)


async def test_two_of_four_down_nothing_is_final_until_one_returns(alliance: ProcessAlliance) -> None:
    left, receipts = ("bcb", "hnrail"), Receipts()
    await alliance.kill("suny", "uu")

    async def not_ready() -> bool:
        answers = [await alliance.get(party, "/readyz") for party in left]
        return all(code == 503 and b"2 of 4 members, 3 are needed" in reason for code, reason in answers)

    await alliance.until(not_ready, "503 with its reason")
    before = [(await alliance.status(party)).position for party in left]
    for party in left:
        entries = alliance.issuances(5)
        results = await alliance.submit(party, entries, final=True, timeout=1.0)
        assert [result.status for result in results] == ["accepted"] * 5
        for entry, result in zip(entries, results, strict=True):
            receipts.note(entry, result)
    assert [(await alliance.status(party)).position for party in left] == before
    await alliance.start("suny")
    await nothing_lost(alliance, receipts, (*left, "suny", OBSERVER))
    await alliance.start("uu")
    await nothing_lost(alliance, receipts)


async def test_a_frozen_node_catches_up_when_it_goes_on(alliance: ProcessAlliance) -> None:
    receipts = Receipts()
    others = [party for party in MEMBERS if party != "hnrail"]
    frozen_at = (await alliance.status("hnrail")).position.height
    os.kill(alliance.nodes["hnrail"].pid, signal.SIGSTOP)
    try:
        async with Background() as background:
            background.run(*(submit_to(alliance, party, receipts) for party in others))
            await more_final(alliance, receipts, 60)
    finally:
        os.kill(alliance.nodes["hnrail"].pid, signal.SIGCONT)
    reached = max(result.height or 0 for result in receipts.final)
    assert reached > frozen_at + 3
    await alliance.all_equal(at_least=reached)
    await nothing_lost(alliance, receipts)
    await nobody_contradicted_itself(alliance)


def helpers_of(pid: int) -> set[int]:
    """Processes that a node has started."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if int(parent) == pid:
            found.add(int(stat.parent.name))
    return found


async def test_the_process_that_checks_signatures_is_killed_and_nothing_is_lost(
    alliance: ProcessAlliance,
) -> None:
    receipts, many = Receipts(), 40
    pid, said = alliance.nodes["uu"].pid, len(alliance.log("uu"))
    for _ in range(2):
        entries = alliance.issuances(many)
        for entry, result in zip(entries, await alliance.submit("uu", entries, final=True), strict=True):
            receipts.note(entry, result)
        for helper in helpers_of(pid):
            os.kill(helper, signal.SIGKILL)
    assert len(receipts.final) == 2 * many
    assert "signatures are checked here for a while" in alliance.log("uu")[said:]
    await nothing_lost(alliance, receipts)


async def test_asked_to_stop_under_load_nodes_end_cleanly_and_go_on(alliance: ProcessAlliance) -> None:
    receipts = Receipts()
    async with Background() as background:
        background.run(*(submit_to(alliance, party, receipts) for party in MEMBERS))
        await more_final(alliance, receipts, 20)
        started = time.monotonic()
        assert await alliance.nodes["suny"].stop() == 0
        assert time.monotonic() - started < STOP_SECONDS
        await more_final(alliance, receipts, 20)
        started = time.monotonic()
        ends = await asyncio.gather(*(alliance.nodes[party].stop() for party in EVERYONE))
        assert ends == [0] * len(EVERYONE)
        assert time.monotonic() - started < STOP_SECONDS
    written = {party: len(alliance.log(party)) for party in EVERYONE}
    await alliance.start(*EVERYONE)
    await nothing_lost(alliance, receipts)
    for party in EVERYONE:
        since = alliance.log(party)[written[party] :]
        assert '"event": "started"' in since
        assert "torn" not in since
        assert "Traceback" not in alliance.log(party)
