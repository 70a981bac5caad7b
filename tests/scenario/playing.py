"""Playing the script, or its first steps, on a stage in memory."""

from __future__ import annotations

from scenario.memory_stage import MemoryStage
from scenario.parties import genesis
from scenario.script import SCRIPT
from scenario.stage import perform
from scenario.step import Step


async def play(stage: MemoryStage, *steps: Step) -> MemoryStage:
    """Steps on their own dates, one after another."""
    for one in steps:
        if one.time > stage.time:
            await stage.advance(one.time)
        for element in one.write():
            await perform(stage, element)
    return stage


def before(name: str) -> tuple[Step, ...]:
    """The steps that come before one."""
    names = [one.name for one in SCRIPT]
    return SCRIPT[: names.index(name)]


async def played_before(name: str) -> MemoryStage:
    """A stage on which everything up to a step was played."""
    return await play(MemoryStage(genesis()), *before(name))


def the_step(name: str) -> Step:
    """A step by name."""
    [found] = [one for one in SCRIPT if one.name == name]
    return found
