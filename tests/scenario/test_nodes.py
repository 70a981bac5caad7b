"""The reference scenario on six real nodes with a scripted clock: the same steps, the same verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import pytest

from accord_client.sdk import AccordClient
from accord_client.trust import Trust
from accord_ledger.domain.model.account import ENROLMENTS
from domain_alliance import uid
from scenario.agreements import A1, AGREEMENTS, agree, recognise
from scenario.memory_stage import LIFETIME
from scenario.node_stage import NodeStage, nodes
from scenario.programmes import held, issued
from scenario.script import SCRIPT
from scenario.stage import Act, entry_of, perform
from scenario.step import Step


async def play(stage: NodeStage, steps: Iterable[Step]) -> None:
    """Steps on their dates; those of one day at once, each after what it needs of them."""
    given = list(steps)
    done = {one.name: asyncio.Event() for one in given}

    async def one_step(one: Step) -> None:
        for name in done.keys() & set(one.needs):
            await done[name].wait()
        for element in one.write():
            try:
                await perform(stage, element)
            except AssertionError as error:
                pytest.fail(f"step {one.name} of {one.day}: {error}")
        done[one.name].set()

    for time, today in groupby(given, key=lambda one: one.time):
        if time > stage.time:
            await stage.advance(time)
        async with asyncio.TaskGroup() as group:
            for one in today:
                group.create_task(one_step(one))


def steps(*names: str) -> list[Step]:
    """Some steps of the script, in its order."""
    return [one for one in SCRIPT if one.name in names]


def roots(stage: NodeStage) -> set[bytes]:
    """State roots of all running nodes."""
    return {node.chain.base.map.root for node in stage.nodes.values()}


async def test_a_member_that_was_away_when_time_moved_learns_it_from_the_others(tmp_path: Path) -> None:
    async with nodes(tmp_path) as stage:
        await play(stage, steps("1", "2"))
        await stage.stop("um")
        await play(stage, steps("6", "18 (intake)"))
        await stage.start("um")
        await stage.ready()
        await stage.level()
        assert stage.nodes["um"].clock.now() >= stage.time
        assert len(roots(stage)) == 1


@pytest.mark.processes
async def test_the_script_on_real_nodes(tmp_path: Path) -> None:
    """The whole of section 6; a member is restarted on the way, and in the end all have one root."""
    before = [one for one in SCRIPT if one.day < "2026-05-01"]
    async with nodes(tmp_path) as stage:
        await play(stage, before)
        await stage.stop("suny")
        await stage.start("suny")
        await stage.ready()
        await play(stage, SCRIPT[len(before) :])
        await stage.level()
        assert len(roots(stage)) == 1
        await what_anybody_may_ask(stage)


async def what_anybody_may_ask(stage: NodeStage) -> None:
    """Steps 20 and 22 through a client that has the genesis file and no key (rows P19, P8, N2)."""
    async with AccordClient([stage.servers["uom"].url], Trust.from_genesis(stage.file)) as client:
        erased, paid = issued("uom-d1").batch_id, issued("suny-hi").batch_id
        genuine = await client.genuine(erased, 0)
        assert genuine.proved
        assert (genuine.value.status, genuine.value.erased) == ("valid", True)
        assert (await client.erasure(erased, 0)).value.still_recognised_at == ("uom",)
        assert (await client.claimed(uid("kettle rule"), paid, 0)).value.claimed
        covered = (await client.coverage(country="XA")).value
        assert (covered.active, covered.recognised, covered.ratio, covered.met) == (10, 8, "4/5", True)
        region = (await client.regions(country="XA", role="provider", group="east")).value
        assert (region.concentration, region.display) == ((266, 300), "88.7 %")


async def submit_to(client: AccordClient, stage: NodeStage, act: Act, nonce: int) -> str:
    """What one node says of a record: ``final`` or a code."""
    entry = entry_of(act, stage.genesis.network, stage.time + LIFETIME, nonce)
    [outcome] = await client.submit_many([entry])
    return getattr(outcome, "code", "final")


@pytest.mark.processes
async def test_two_schools_at_once_give_one_success(tmp_path: Path) -> None:
    """The recognitions of steps 7 and 8, sent at the same moment to two nodes."""
    both = Step("both", "2026-03-10", (), 0, lambda: [*agree("a1b", AGREEMENTS["a1b"]), *agree("a1", A1)])
    items = [held("uu-ds", 0)]
    first = recognise("r7", "N1", "a1", items, "2/1", abroad=True)
    second = recognise("r8a", "N3", "a1b", items, "3/1", rule="fixed", abroad=True)
    async with nodes(tmp_path) as stage:
        await play(stage, [*steps("awards", "enrolments", "2"), both, *steps("6")])
        said = await asyncio.gather(
            submit_to(stage.clients["bcb"], stage, first, 10_001),
            submit_to(stage.clients["hnrail"], stage, second, 10_002),
        )
        assert sorted(said) == ["E_ALREADY_REDEEMED", "final"]
        await stage.level()
        accounts = [await stage.query(ENROLMENTS, uid(name)) for name in ("N1", "N3")]
        assert [one.recognised for one in accounts] in (["2/1", "0/1"], ["0/1", "3/1"])
