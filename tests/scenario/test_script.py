"""The reference scenario on the state machine: every verdict and balance of section 6, in its order and others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from accord_ledger import calendar
from accord_ledger.block import is_seal
from accord_ledger.domain.kinds.audit_anchor import ANCHORS, AuditAnchorBody
from audit_world import audited, write_log
from scenario.memory_stage import MemoryStage
from scenario.orders import Moment, balances, interleaved
from scenario.parties import genesis, genesis_file
from scenario.script import SCRIPT
from scenario.stage import Act, Fact, perform

BALANCED = 100
"""Rows compared between two orders; the script leaves a few more."""


async def played(moments: Iterable[Moment]) -> MemoryStage:
    """A stage on which all of it was played; the first verdict or balance that differs fails the test."""
    stage = MemoryStage(genesis())
    for time, step, element in moments:
        if time > stage.time:
            await stage.advance(time)
        try:
            await perform(stage, element)
        except AssertionError as error:
            pytest.fail(f"step {step.name} of {step.day}: {error}")
    return stage


def in_order() -> Iterable[Moment]:
    """The script on its own dates."""
    return ((one.time, one, element) for one in SCRIPT for element in one.write())


async def test_the_script_gives_every_verdict_and_balance() -> None:
    await played(in_order())


@pytest.fixture(scope="module")
def expected() -> dict[bytes, tuple[object, ...]]:
    """Every balance after the script in its order."""
    return balances(asyncio.run(played(in_order())))


@pytest.mark.parametrize("seed", range(5))
async def test_any_order_gives_the_same_verdicts_and_balances(
    seed: int, expected: dict[bytes, tuple[object, ...]]
) -> None:
    assert len(expected) > BALANCED
    moments = list(interleaved(SCRIPT, random.Random(seed).choice))
    assert [step.name for _, step, _ in moments] != [step.name for _, step, _ in in_order()]
    assert balances(await played(moments)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_other_orders_hold_every_act_once_and_no_step_before_what_it_needs(seed: int) -> None:
    moments = list(interleaved(SCRIPT, random.Random(seed).choice))
    acts = [(step.name, element) for _, step, element in moments if isinstance(element, Act)]
    assert len(acts) == sum(isinstance(element, Act) for one in SCRIPT for element in one.write())
    begun: dict[str, int] = {}
    ended: dict[str, int] = {}
    for place, (time, step, _) in enumerate(moments):
        begun.setdefault(step.name, place)
        ended[step.name] = place
        assert step.time <= time <= step.latest
    assert all(ended[name] < begun[one.name] for one in SCRIPT for name in one.needs)


async def test_an_auditor_replays_the_whole_script(tmp_path: Path) -> None:
    """Step 22: what an auditor who has nothing but the genesis file says about the log of all steps."""
    stage = await played(in_order())
    report = await audited(write_log(tmp_path, stage.log), genesis=genesis_file())
    assert not report.findings, [str(found) for found in report.findings]
    verdicts = {one.name: one.status.value for one in report.checks}
    assert verdicts.pop("consistency") == "not checked"
    assert set(verdicts.values()) == {"pass"}
    assert {f"I{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12)} <= set(verdicts)
    assert report.test_network
    assert (report.height, report.state_root) == (stage.version.height, stage.version.map.root.hex())
    await stage.advance(calendar.midnight(calendar.parse_date("2028-02-11")))
    anchor = AuditAnchorBody(
        height=report.height, state_root=bytes.fromhex(report.state_root), findings_hash=bytes(32), result="clean"
    )  # fmt: skip
    await perform(stage, Act("audit_anchor", anchor, ("aud-1",)))
    await perform(stage, Fact(ANCHORS, ("aud-1", 0), {"height": report.height, "result": "clean"}))


async def test_an_auditor_names_the_block_with_a_flipped_byte(tmp_path: Path) -> None:
    """Step 22: one byte of block 7 is another; the report names height 7."""
    stage = await played(in_order())
    seals = [place for place, entry in enumerate(stage.log) if is_seal(entry)]
    first = seals[5] + 1
    entry = bytearray(stage.log[first])
    entry[len(entry) // 2] ^= 1
    report = await audited(
        write_log(tmp_path, [*stage.log[:first], bytes(entry), *stage.log[first + 1 :]]), genesis=genesis_file()
    )  # fmt: skip
    assert report.first is not None
    assert (report.first.height, report.first.entry) == (7, first)


def test_there_is_a_step_for_every_row_of_section_6() -> None:
    rows = {one.name.split(" ")[0].rstrip(",") for one in SCRIPT}
    assert len(SCRIPT) == len({one.name for one in SCRIPT})
    assert rows >= {str(number) for number in range(1, 19)} | {"18a", "18c", "19a", "19b", "19", "20", "21"}
