"""The long campaign: many seeds of every scenario, recorded block by block, resumable, on several processes.

``python -m accord_node.simulate.campaign --seeds 0:200 --drawn 0:5000 --jobs 2 --out FILE``. A campaign that
was stopped goes on where it was. Its digest is over all transcripts of all runs, so two machines can compare a
campaign by one line; ``--check 5`` plays five blocks of a record again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final, Protocol

import msgspec

from accord_node.simulate import nodes
from accord_node.simulate.nodes.scenarios import SCENARIOS as NODES
from accord_node.simulate.record import Block, drop_torn_tail, gaps, of_run, program, read, summary, total
from accord_node.simulate.run import run
from accord_node.simulate.scenarios import DRAWN, SCENARIOS, scenario_of

Task = tuple[str, range]
"""A scenario and the seeds to play."""


class Outcome(Protocol):
    """What the record keeps of a run, of cores or of whole nodes."""

    @property
    def seed(self) -> int:
        """That decided it."""

    @property
    def violations(self) -> tuple[str, ...]:
        """What was violated."""

    @property
    def digest(self) -> str:
        """Of the transcript."""

    @property
    def height(self) -> int:
        """Final blocks."""

    @property
    def messages(self) -> int:
        """Sent in all."""

    @property
    def deaths(self) -> int:
        """Crashes in all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which seeds of which scenario.

    Attributes:
        names: of scenarios of which ``seeds`` are played.
        seeds: for each of them.
        drawn: seeds that draw their own scenario.
    """

    names: tuple[str, ...]
    seeds: range
    drawn: range = range(0)

    def tasks(self, done: Iterable[Block]) -> list[Task]:
        """What is left to do, low seeds first, so that a stop leaves something of everything."""
        held = list(done)
        wanted = [*((name, self.seeds) for name in self.names), (DRAWN, self.drawn)]
        found = [
            (name, part)
            for name, seeds in wanted
            for part in gaps(seeds, [block.span for block in held if block.scenario == name])
        ]
        return sorted(found, key=lambda task: (task[1].start, task[0]))


def play_one(name: str, seed: int) -> Outcome:
    """One run: of whole nodes if that is what the name stands for, else of consensus cores on small ledgers."""
    whole = NODES.get(name)
    return run(seed, scenario_of(name, seed)) if whole is None else nodes.run(seed, whole)


def play_block(task: Task, play: Callable[[str, int], Outcome] = play_one) -> Block:
    """Play the seeds of one block."""
    name, seeds = task
    reports = [play(name, seed) for seed in seeds]
    return Block(
        program=program(whole=name in NODES),
        scenario=name,
        first=seeds.start,
        seeds=len(seeds),
        digest=total(of_run(name, report.seed, report.digest, report.violations) for report in reports),
        height=sum(report.height for report in reports),
        messages=sum(report.messages for report in reports),
        deaths=sum(report.deaths for report in reports),
        violated={str(report.seed): report.violations for report in reports if report.violations},
    )


def _played(tasks: list[Task], jobs: int) -> Iterator[Block]:
    """The blocks in the order in which they are done; one process plays them here."""
    if jobs == 1:
        yield from map(play_block, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running: list[Future[Block]] = [pool.submit(play_block, task) for task in tasks]
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def play(path: Path, plan: Plan, jobs: int = 1) -> Generator[Block, None, None]:
    """Do what is not done yet, writing each block's line before the next is handed out."""
    tasks = plan.tasks(read(path))
    drop_torn_tail(path)
    with path.open("ab") as out:
        for block in _played(tasks, jobs):
            out.write(msgspec.json.encode(block) + b"\n")
            out.flush()
            yield block


def check(blocks: list[Block], count: int) -> list[Block]:
    """Play blocks of a record again, evenly chosen; those that come out otherwise now."""
    chosen = blocks[:: max(1, len(blocks) // count)][:count] if blocks else []
    return [block for block in chosen if play_block((block.scenario, block.span)).digest != block.digest]


def _seeds(text: str) -> range:
    first, colon, last = text.partition(":")
    return range(int(first), int(last)) if colon else range(int(first))


_PARSER: Final = argparse.ArgumentParser(prog="python -m accord_node.simulate.campaign", description=__doc__)
_KIND: Final = _PARSER.add_mutually_exclusive_group()
_KIND.add_argument("--core", action="store_true", help="consensus cores on small ledgers (the default)")
_KIND.add_argument("--nodes", action="store_true", help="whole nodes")
_PARSER.add_argument("--seeds", type=_seeds, default=range(20), help="of each scenario: how many, or FROM:TO")
_PARSER.add_argument("--drawn", type=_seeds, help="seeds that draw their own scenario (default: as --seeds)")
_PARSER.add_argument(
    "--scenarios",
    nargs="*",
    choices=sorted({**SCENARIOS, **NODES}),
    metavar="NAME",
    help="which (default: all)",
)
_PARSER.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
_PARSER.add_argument(
    "--check", type=int, default=0, metavar="N", help="only play N blocks of the record again"
)
_PARSER.add_argument("--out", type=Path, required=True, help="the record: one line of JSON for each block")


def _say(block: Block) -> None:
    for seed, violations in block.violated.items():
        sys.stdout.write(f"{block.scenario} seed {seed}: {'; '.join(violations[:3])}\n")
        sys.stdout.write(f"  accord-node simulate --scenario {block.scenario} --seed {seed}\n")
    sys.stdout.flush()


def _check(path: Path, count: int) -> int:
    different = check(read(path), count)
    for block in different:
        which = (
            "this program"
            if block.program == (ours := program(whole=block.scenario in NODES))
            else f"program {block.program}, this is {ours}"
        )
        sys.stdout.write(f"{block.scenario} {block.first}: another digest than in the record of {which}\n")
    sys.stdout.write(f"{len(different)} blocks differ\n")
    return 1 if different else 0


def main(arguments: list[str] | None = None) -> int:
    """Play, then say what came of it; 1 if anything was violated."""
    options = _PARSER.parse_args(arguments)
    if options.check:
        return _check(options.out, options.check)
    core_only = options.scenarios or options.nodes  # whole nodes are not drawn
    drawn = options.drawn if options.drawn is not None else range(0) if core_only else options.seeds
    names = options.scenarios or sorted(NODES if options.nodes else SCENARIOS)
    for block in play(options.out, Plan(tuple(names), options.seeds, drawn), options.jobs):
        _say(block)
    found = summary(read(options.out))
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in found.items()))
    return 1 if found["violated"] else 0


if __name__ == "__main__":
    sys.exit(main())
