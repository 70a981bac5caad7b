"""T34 audit_anchor: what auditors found, in order."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger import codec
from accord_ledger.domain.kinds.audit_anchor import ANCHOR_COUNTS, ANCHORS, Anchor, AuditAnchorBody
from domain_world import World, plain


@pytest.fixture
def world() -> World:
    world = World()
    world.at("2026-03-02")
    return world.at("2026-03-03")


def anchor(**changes: Any) -> AuditAnchorBody:
    values: dict[str, Any] = {
        "height": 2, "state_root": b"\x01" * 32, "findings_hash": b"\x02" * 32, "result": "clean",
    }  # fmt: skip
    return AuditAnchorBody(**values | changes)


def test_t34_audits_are_kept_one_after_the_other(world: World) -> None:
    world.do("audit_anchor", anchor(), "aud-1")
    world.do("audit_anchor", anchor(height=0, result="diverged"), "aud-1")
    world.do("audit_anchor", anchor(), "aud-1")
    assert world.get(ANCHOR_COUNTS, "aud-1").count == 3
    assert world.get(ANCHORS, "aud-1", 1) == Anchor(
        height=0, state_root=b"\x01" * 32, findings_hash=b"\x02" * 32, result="diverged", at=world.time
    )
    assert world.get(ANCHORS, "aud-1", 3) is None


def test_t34_by_an_auditor(world: World) -> None:
    for signer in ("uu", "nvao", "moe-cn"):
        world.refused("E_ROLE", "audit_anchor", anchor(), signer)
    world.refused("E_SIG_MISSING", "audit_anchor", anchor(), "uu", author="aud-1")


@pytest.mark.parametrize("height", [3, 4, 2**40])
def test_t34_of_blocks_there_are(world: World, height: int) -> None:
    assert world.version.height + 1 == 3
    world.refused("E_VALUE", "audit_anchor", anchor(height=height), "aud-1")


@pytest.mark.parametrize(
    ("field", "value"),
    [("result", "splendid"), ("state_root", b"\x01" * 31), ("findings_hash", "text"), ("height", -1)],
)
def test_t34_form(world: World, field: str, value: object) -> None:
    broken = codec.encode_plain(plain(anchor()) | {field: value})
    world.refused("E_SCHEMA", "audit_anchor", broken, "aud-1")


def test_t34_weighs_eight(world: World) -> None:
    before = world.execution.weight
    world.do("audit_anchor", anchor(), "aud-1")
    assert world.execution.weight - before == 10 + 8
