"""Who believes to be far behind: only when one honest member at least says so."""

from __future__ import annotations

from pathlib import Path

from accord_ledger import codec
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
