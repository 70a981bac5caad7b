"""One run of whole nodes from a seed to a report."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from accord_node.simulate.nodes.game import Game
from accord_node.simulate.nodes.loop import Scheduler, running
from accord_node.simulate.nodes.scenario import Scenario

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run.

    Attributes:
        seed: that decided it.
        violations: what the judge saw; empty in a good run.
        digest: of the transcript.
        height: of finality at the end.
        deaths: in all.
        places: passed by the first host, where it could have died.
        messages: sent in all.
        finished: virtual seconds.
        processor: seconds of it that the run cost; no part of the digest.
        transcript: who said what, when.
    """

    seed: int
    violations: tuple[str, ...]
    digest: str
    height: int
    deaths: int
    places: int
    messages: int
    finished: float
    processor: float
    accused: frozenset[str]
    transcript: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing was violated."""
        return not self.violations

    def explain(self) -> str:
        """The violations and the transcript, for people."""
        return "\n".join(
            [f"seed {self.seed}: {len(self.violations)} violations", *self.violations, *self.transcript]
        )


@contextmanager
def game(seed: int, scenario: Scenario) -> Iterator[Game]:
    """A run with a folder of its own; nothing is left of it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="accord-simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))
    before = structlog.get_config()
    made = None
    try:
        made = Game(seed, scenario, folder)
        structlog.configure(
            processors=[_Scribe(made.scheduler, str(folder))],
            wrapper_class=structlog.make_filtering_bound_logger(20),
            logger_factory=structlog.ReturnLoggerFactory(),
            cache_logger_on_first_use=False,
        )
        yield made
    finally:
        if made is not None:
            made.close()
        structlog.configure(**before)
        shutil.rmtree(folder, ignore_errors=True)


class _Scribe:
    """Writes what nodes log into the transcript."""

    def __init__(self, scheduler: Scheduler, folder: str) -> None:
        self._scheduler = scheduler
        self._folder = folder

    def __call__(self, _: object, method: str, event: MutableMapping[str, Any]) -> str:
        loop = running()
        if loop is not None and not loop.frozen:
            event.pop("exc_info", None)
            said = " ".join(f"{name}={value}" for name, value in event.items() if name != "event")
            line = f"[{method}] {event.get('event')} {said}".replace(self._folder, "")
            self._scheduler.note(loop.name, line)
        return ""


def run(seed: int, scenario: Scenario) -> Report:
    """Play a scenario with one seed."""
    begun = time.process_time()
    with game(seed, scenario) as played:
        played.play()
        scheduler = played.scheduler
        return Report(
            seed=seed,
            violations=tuple(played.oracle.violations),
            digest=scheduler.digest(),
            height=played.oracle.log.height,
            deaths=sum(host.deaths for host in played.hosts.values()),
            places=played.honest[0].passed,
            messages=played.network.sent,
            finished=scheduler.now,
            processor=time.process_time() - begun,
            accused=played.accused(),
            transcript=tuple(scheduler.transcript),
        )
