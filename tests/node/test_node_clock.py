"""A genesis that declares a scripted clock is refused: running it on real time would be a silent lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_node.config import ConfigError, parse
from accord_node.node import Node, NodeKeys
from genesis_alliance import make_alliance
from node_network import WallClock


async def test_a_scripted_clock_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    alliance = make_alliance(tmp_path / "genesis", scripted_clock=True)
    keys = NodeKeys(alliance.node_key("a", "link"), alliance.node_key("a", "log"))
    with pytest.raises(ConfigError) as caught:
        await Node.open(parse({"party": "a"}), tmp_path / "node", alliance.genesis, keys, WallClock())
    assert caught.value.code == "CLOCK_SCRIPTED"
    assert not (tmp_path / "node").exists()
