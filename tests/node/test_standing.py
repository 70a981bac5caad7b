"""Who believes to be far behind: only when one honest member at least says so."""

from __future__ import annotations

from pathlib import Path

from accord_ledger import codec
from accord_ledger.errors import FatalError
from accord_node.messages import Status
from accord_node.workshop import FAR_BLOCKS
from node_network import Network, make_alliance
from waiting import until


def said(height: int) -> bytes:
    return codec.encode(Status(epoch=0, height=height, view=1, cosigned=0))


async def test_far_behind_is_what_more_than_f_members_say(tmp_path: Path) -> None:
    alliance = make_alliance(4)
    network = Network(alliance, tmp_path, {"heartbeat_seconds": 60})
    async with network:
        standing = network.nodes["p0"].standing
        await until(lambda: len(standing._heights) == 3, "all have said where they stand")
        base = network.nodes["p0"].chain.base.height
        standing.on_status("p1", said(base + 1000))
        standing.on_status("somebody", said(base + 1000))
        assert not standing.behind
        standing.on_status("p2", said(base + FAR_BLOCKS))
        assert not standing.behind
        standing.on_status("p2", said(base + FAR_BLOCKS + 1))
        assert standing.behind
        assert "somebody" not in standing._heights


async def test_ready_means_that_blocks_come(tmp_path: Path) -> None:
    """With all links up, too: waiting work that does not become final, or no heartbeat, is said."""
    network = Network(make_alliance(4), tmp_path, {"heartbeat_seconds": 60})
    async with network:
        node = network.nodes["p0"]
        await until(lambda: node.readiness() == (True, ""), "ready")
        standing, patience = node.standing, 5.0
        last, now = standing.last_final, node.clock.monotonic()
        standing.busy_since = standing.last_final = now - patience - 1
        assert "work waits and nothing became final for 6 s" in node.readiness()[1]
        standing.last_final = now  # a block came, and the work goes on
        assert node.readiness()[0]
        standing.busy_since = None
        standing.last_final = now - 2 * 60 - patience - 1
        assert node.readiness() == (False, "no block for 126 s, expected one every 60 s")
        standing.last_final = last
        assert node.readiness()[0]
        node.catch_up.target = 9
        assert "catching up: 0, behind 9" in node.readiness()[1]
        node.catch_up.target = None


async def test_who_stops_is_not_ready(tmp_path: Path) -> None:
    network = Network(make_alliance(4), tmp_path, {"heartbeat_seconds": 60})
    async with network:
        node = network.nodes["p0"]
        await until(lambda: node.readiness()[0], "ready")
        node.stop_for(FatalError("STATE_DIVERGED", "expected another root"))
        ready, reason = node.readiness()
        assert (ready, "STATE_DIVERGED" in reason) == (False, True)
