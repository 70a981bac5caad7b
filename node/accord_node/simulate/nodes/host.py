"""One host of a run: a node of the real program on simulated clock, loop, network and disk; it dies and returns."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiosqlite

from accord_client.api import SubmitResult
from accord_genesis.unusedkeys import mark_unused
from accord_ledger.errors import AccordError
from accord_ledger.execute import Executed, Version
from accord_node.config import Config
from accord_node.machine import Machine
from accord_node.node import Node
from accord_node.simulate.disk import Loss
from accord_node.simulate.nodes.alliance import STARTED, Alliance
from accord_node.simulate.nodes.database import HostConnection
from accord_node.simulate.nodes.disk import HostDisk
from accord_node.simulate.nodes.loop import HostLoop, Scheduler, host_loop, running
from accord_node.simulate.nodes.net import HostNet, Network
from accord_node.storage.durable import SYNCS

CLOCK_ORIGIN = 1000.0
"""Seconds a host's steady clock shows when a run begins."""


class HostClock:
    """The clock of one host (``accord_node.seams.Clock``), wrong by so many seconds."""

    def __init__(self, scheduler: Scheduler, wrong: float) -> None:
        self._scheduler = scheduler
        self._wrong = wrong

    def now(self) -> int:
        """UTC seconds."""
        return int(STARTED + self._scheduler.now + self._wrong)

    def monotonic(self) -> float:
        """Virtual seconds from an origin of its own."""
        return CLOCK_ORIGIN + self._scheduler.now


class Witness(Protocol):
    """Who is told what becomes of a host: the judge."""

    def began(self, host: str, height: int) -> None:
        """A life begins with this height durable."""

    def final(self, host: str, block: Executed, version: Version) -> None:
        """A block is durable."""

    def answered(self, host: str, entry: bytes, result: SubmitResult, pending: bytes) -> None:
        """A client has its answer; ``pending`` is what the disk would keep of the pending log."""

    def failed(self, host: str, why: str) -> None:
        """A node stopped by itself."""


@dataclass
class Life:
    """One life of a host. What is left of it after its death knows nothing of the next."""

    loop: HostLoop
    disk: HostDisk
    node: Node | None = None
    connection: HostConnection | None = None

    def bury(self) -> None:
        """End its tasks and close its files."""
        self.loop.bury()
        if self.node is not None:
            self.node.release()
        if self.connection is not None:
            self.connection.release()
        shutil.rmtree(self.disk.root, ignore_errors=True)


class Host:
    """A host and its node.

    Attributes:
        name: unique; usually the party's id.
        alive: whether the node runs or starts.
        deaths: so far.
        passed: places passed where it could have died.
        dies: asked with a word at each such place; True: it dies there.
        comes_back: whether it starts again after dying.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        network: Network,
        alliance: Alliance,
        config: Config,
        folder: Path,
        witness: Witness,
        *,
        name: str,
        clock_wrong: float = 0.0,
    ) -> None:
        self.name = name
        self.party = config.party
        self.certificate = f"certificate of {name}".encode()
        self.alive = False
        self.deaths = self.passed = 0
        self.dies: Callable[[str], bool] = lambda _: False
        self.loss: Loss | None = None
        self.comes_back = True
        self._scheduler = scheduler
        self._network = network
        self._alliance = alliance
        self._config = config
        self._base = folder
        self._witness = witness
        self._clock = HostClock(scheduler, clock_wrong)
        self._lives = 0
        self._chance = scheduler.chance(name, "host")
        self._leave_unused(self._folder())
        self._life = Life(host_loop(scheduler, name, 0), HostDisk(self._folder(), self.boundary))

    @property
    def loop(self) -> HostLoop:
        """Of the running life."""
        return self._life.loop

    @property
    def disk(self) -> HostDisk:
        """As the running life has it."""
        return self._life.disk

    @property
    def node(self) -> Node | None:
        """Of the running life, once it is open."""
        return self._life.node if self.alive else None

    def _folder(self) -> Path:
        folder = self._base / f"{self.name}.{self._lives}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _leave_unused(self, folder: Path) -> None:
        """What whoever made the vote key leaves beside it."""
        key = self._alliance.node_keys(self.party).vote
        if key is not None and self._config.keys.vote:
            file = folder / self._config.keys.vote
            file.parent.mkdir(parents=True)
            mark_unused(file, key)

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Boot."""
        if self.alive:
            return
        self.alive = True
        self._scheduler.note(self.name, f"starts, life {self._lives}")
        life = self._life
        loop = life.loop = host_loop(self._scheduler, self.name, self._lives)
        loop.context.run(SYNCS.set, life.disk)
        loop.call_soon(lambda: loop.create_task(self._live(life), context=loop.context), context=loop.context)

    def _machine(self, life: Life) -> Machine:
        async def connect(path: Path) -> aiosqlite.Connection:
            life.connection = HostConnection(path, life.disk, life.loop)
            return await life.connection

        return Machine(
            chance=self._scheduler.chance(self.name, self._lives, "node"),
            net=HostNet(self._network, self, life.loop),
            connect=connect,
            certificate=self.certificate,
            near=self._scheduler.chance(self.name, self._lives, "disk").random() < 0.5,
        )

    async def _live(self, life: Life) -> None:
        try:
            node = life.node = await Node.open(
                self._config,
                life.disk.root,
                self._alliance.genesis,
                self._alliance.node_keys(self.party),
                self._clock,
                self._machine(life),
            )
            if life.loop.frozen:
                return
            node.on_final(lambda block, _, version: self._on_final(life, block, version))
            self._witness.began(self.name, node.chain.base.height)
            await node.start()
            error = await node.fatal
        except Exception as failure:  # noqa: BLE001 - whatever stops a node is told
            error = failure
        if not life.loop.frozen:
            said = str(error) if isinstance(error, AccordError) else repr(error)
            self._witness.failed(self.name, said.replace(str(self._base), ""))

    def _on_final(self, life: Life, block: Executed, version: Version) -> None:
        if not life.loop.frozen:
            self._witness.final(self.name, block, version)

    # -- clients -----------------------------------------------------------------------------------

    def submit(self, entry: bytes) -> bool:
        """A client hands in a record; False: nobody is there to take it."""
        node, loop = self.node, self.loop
        if node is None or not self.alive or node.fatal.done():
            return False
        life = self._life
        loop.call_soon(
            lambda: loop.create_task(self._submit(life, node, entry), context=loop.context),
            context=loop.context,
        )
        return True

    async def _submit(self, life: Life, node: Node, entry: bytes) -> None:
        (result,) = await node.submissions.submit([entry], wait=False, timeout=0)
        if not life.loop.frozen:
            self._witness.answered(self.name, entry, result, life.disk.durable("data/pending"))

    # -- death -------------------------------------------------------------------------------------

    def boundary(self, word: str) -> None:
        """A place where it may die; what is left of earlier lives passes none."""
        if self.alive and running() is self.loop and not self.loop.frozen:
            self.passed += 1
            if self.dies(word):
                self.die(word)

    def die(self, word: str = "") -> None:
        """The host loses power, or the program is killed; what is left of it is buried soon."""
        if not self.alive:
            return
        self.alive = False
        self.deaths += 1
        loss = self.loss or self._chance.choice(list(Loss))
        self._scheduler.note(self.name, f"DIES {word} (place {self.passed}, unsynced writes {loss.value})")
        ended = self._life
        ended.loop.freeze()
        self._network.died(self, self._chance)
        self._lives += 1
        ended.disk.crash(self._folder(), loss, self._chance)
        disk = ended.disk.after_crash(self._folder(), loss, self.boundary)
        self._life = Life(ended.loop, disk)
        self._scheduler.director.call_soon(ended.bury)

    def close(self) -> None:
        """End of the run."""
        if self.alive:
            self.alive = False
            self.loop.freeze()
            self._life.bury()
        shutil.rmtree(self.disk.root, ignore_errors=True)

    @property
    def height(self) -> int:
        """Of the newest durable block; 0 while it is down."""
        return 0 if self.node is None else self.node.chain.base.height

    @property
    def view(self) -> int:
        """Of consensus."""
        return 0 if self.node is None else self.node.driver.view
