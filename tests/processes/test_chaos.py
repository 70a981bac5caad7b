"""One short run of chaos; `make chaos` plays longer ones, with every fault and on network namespaces."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from chaos.alliance import ChaosAlliance
from chaos.faults import FAULTS
from chaos.game import Game

pytestmark = pytest.mark.processes

SEED = 7
SHORT = {"clock jump", "part one", "resets", "kill all"}
FEW_BLOCKS = 10


async def test_a_short_run_violates_nothing(tmp_path: Path) -> None:
    faults = [fault for fault in FAULTS if fault.name in SHORT]
    said: list[str] = []
    async with ChaosAlliance(tmp_path, random.Random(SEED)) as alliance:
        game = Game(alliance, random.Random(SEED), said.append)
        await game.run(faults, lambda: len(game.rounds) < len(faults))
        logs = "\n".join(alliance.last_lines(party) for party in alliance.nodes)
    judge = alliance.judge
    assert judge.violations == [], "\n".join([*said, *judge.violations, logs])
    assert {done.fault for done in game.rounds} == SHORT
    assert alliance.proxy is not None
    assert alliance.proxy.carried > 0, "peers did not go through the wires"
    assert len(judge.acknowledged) > 0
    assert len(judge.seals) > FEW_BLOCKS
    assert len(alliance.ballots.given) > FEW_BLOCKS
