"""Members come and go while processes are killed in the middle of it: nothing is lost, nobody votes twice."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from accord_client.plain import body_from_json
from accord_ledger.codec import Wire
from accord_ledger.domain.kinds.seat import SeatRevoke
from process_alliance import (
    EVERYONE,
    MEMBERS,
    OBSERVER,
    ProcessAlliance,
    Votes,
    contradictions,
    read_votes,
)
from process_load import Background, Receipts, Watch, nothing_lost, submit_to

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

GOVERNANCE = tuple((party, "governance") for party in MEMBERS)


async def more_final(alliance: ProcessAlliance, receipts: Receipts, count: int) -> None:
    wanted = len(receipts.final) + count

    async def enough() -> bool:
        return len(receipts.final) >= wanted

    await alliance.until(enough, f"{count} more records final")


async def in_epoch(alliance: ProcessAlliance, party: str, epoch: int) -> None:
    async def there() -> bool:
        return (await alliance.status(party)).epoch >= epoch

    await alliance.until(there, f"{party} in epoch {epoch}")


async def wish(alliance: ProcessAlliance, tmp_path: Path) -> Wire:
    """What the newcomer's operator writes with `accord-node ready`."""
    file = tmp_path / "seat.json"
    file.unlink(missing_ok=True)
    config = alliance.config(OBSERVER)
    done = await asyncio.to_thread(alliance.run_offline, "ready", config, str(file))
    assert done.returncode == 0, done.stderr
    return body_from_json("seat_grant", file.read_bytes())


async def change(alliance: ProcessAlliance, kind: str, body: Wire, *more: tuple[str, str]) -> None:
    """A change of members, submitted and final."""
    entry = alliance.signed_by(kind, "uu", body, *GOVERNANCE, ("uu", "institution"), *more)
    (result,) = await alliance.submit("uu", [entry], final=True)
    assert result.status == "final", result


async def test_a_member_is_added_and_removed_and_others_are_killed_in_the_middle_of_it(
    alliance: ProcessAlliance, tmp_path: Path
) -> None:
    await alliance.nodes[OBSERVER].stop()
    alliance.seated.append(OBSERVER)
    alliance.write_config(OBSERVER, alliance.folder(OBSERVER))
    await alliance.start(OBSERVER)
    receipts, watch = Receipts(), Watch()
    async with Background() as background:
        background.run(*(submit_to(alliance, party, receipts) for party in ("uu", "hnrail")))
        background.run(*(watch.follow(alliance, party) for party in EVERYONE))
        await more_final(alliance, receipts, 8)
        await killed_as_it_is_submitted(alliance, tmp_path)
        await more_final(alliance, receipts, 8)
        await killed_as_the_first_enters_the_next_epoch(alliance)
        await more_final(alliance, receipts, 8)
    assert (await alliance.status("uu")).members == list(MEMBERS)
    await nothing_lost(alliance, receipts)
    assert watch.went_back == []
    assert contradictions(votes_of_all(alliance, tmp_path)) == []
    assert {party: await alliance.evidence(party) for party in EVERYONE} == {party: [] for party in EVERYONE}


async def killed_as_it_is_submitted(alliance: ProcessAlliance, tmp_path: Path) -> None:
    body = await wish(alliance, tmp_path)
    changing = asyncio.create_task(change(alliance, "seat_grant", body, (OBSERVER, "institution")))
    await alliance.kill("suny")
    await changing
    await in_epoch(alliance, OBSERVER, 1)
    assert (await alliance.status(OBSERVER)).voting
    await alliance.start("suny")
    await in_epoch(alliance, "suny", 1)


async def killed_as_the_first_enters_the_next_epoch(alliance: ProcessAlliance) -> None:
    changing = asyncio.create_task(change(alliance, "seat_revoke", SeatRevoke(party=OBSERVER)))
    await in_epoch(alliance, "uu", 2)
    await alliance.kill("bcb")
    await changing
    await alliance.start("bcb")
    await in_epoch(alliance, "bcb", 2)


def votes_of_all(alliance: ProcessAlliance, tmp_path: Path) -> Votes:
    votes = Votes()
    for party in EVERYONE:
        copy = tmp_path / f"journal-{party}"
        shutil.copytree(alliance.data(party) / "journal", copy)
        read_votes(party, copy, votes)
    assert {epoch for _, epoch, _ in votes} >= {0, 1, 2}
    return votes
