"""Ten members and an observer as real processes: finality with all of them, and with f of them dead."""

from __future__ import annotations

from pathlib import Path

import pytest

from process_alliance import MEMBERS, OBSERVER, ProcessAlliance

pytestmark = pytest.mark.processes

TEN = (*MEMBERS, *(f"member-{number}" for number in range(6)))
DEAD = TEN[-3:]
"""f of ten."""


async def final_through(alliance: ProcessAlliance, *parties: str) -> set[str]:
    """Records sent through each of these become final there; their ids."""
    results = [
        result
        for party in parties
        for result in await alliance.submit(party, alliance.issuances(2), final=True)
    ]
    assert {result.status for result in results} == {"final"}, results
    return {result.tx_id for result in results}


async def test_ten_processes_keep_finality_and_so_do_seven_of_them(tmp_path: Path) -> None:
    async with ProcessAlliance(tmp_path, members=TEN, delta_ms=500) as alliance:
        status = await alliance.status("uu")
        assert (len(status.members), status.quorum) == (10, 7)
        final = await final_through(alliance, *TEN[::3], OBSERVER)
        await alliance.all_equal()
        await alliance.kill(*DEAD)
        alive = [party for party in alliance.everyone if party not in DEAD]
        final |= await final_through(alliance, *alive[:3])
        await alliance.start(*DEAD)
        await alliance.all_equal()
        for party in (*DEAD, OBSERVER):
            assert final <= (await alliance.final_ids(party)).keys()
