"""One run: members, weather, transactions, and what must be true at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from accord_ledger.consensus.config import Config
from accord_ledger.tags import Tag
from accord_node.simulate.disk import Loss
from accord_node.simulate.ledger import member_set, seat_change
from accord_node.simulate.loop import Loop
from accord_node.simulate.member import Member, World
from accord_node.simulate.net import Network, Weather
from accord_node.simulate.oracle import Oracle
from accord_node.simulate.villains import CAST
from accord_node.simulate.villains.crash_restart import CrashRestart

QUIET = 120_000
"""Milliseconds a run goes on after everything is final; in the second half nobody should speak."""

CHANGE_PAUSE = 300
"""Milliseconds between two changes of seats, at least."""

GENESIS = Tag.NETWORK.digest(b"simulated")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens in a run. Members are ``m0``, ``m1`` ...; villains take the last places among them.

    Attributes:
        members: n.
        observers: honest nodes that begin without a seat, named after the members.
        changes: seats granted (place of a node) or revoked (its bitwise inverse), one after another.
        equivocators, detours, silent: how many liars of each kind; with ``villains`` at most f.
        villains: liars of other kinds, by their names in ``CAST``.
        restarters: how many (otherwise honest) members crash and restart.
        chance: of a restarter dying at a boundary, until healing.
        crash_at: one chosen boundary at which the first restarter dies.
        loss: what a crash does to unsynced writes; None for anything.
        weather: of the network until ``heal_at``.
        heal_at: milliseconds.
        latency: longest message delay after healing, milliseconds.
        fixed: every message takes exactly ``latency``, disks and commits no time.
        transactions: how many are submitted, each to every member.
        spread: milliseconds over which they are submitted.
        limit: milliseconds after healing by which everything must be final.
        views: views after healing by which everything must be final.
        config: of every core.
    """

    members: int = 4
    observers: int = 0
    changes: tuple[int, ...] = ()
    equivocators: int = 0
    detours: int = 0
    silent: int = 0
    villains: tuple[str, ...] = ()
    restarters: int = 0
    chance: float = 0.01
    crash_at: int = 0
    loss: Loss | None = None
    weather: Weather = field(default_factory=Weather)
    heal_at: int = 0
    latency: int = 50
    fixed: bool = False
    transactions: int = 5
    spread: int = 2000
    limit: int = 240_000
    views: int = 60
    config: Config = field(default_factory=lambda: Config(delta=100))


def liars_of(scenario: Scenario) -> tuple[str, ...]:
    """Names in ``CAST`` of the members in the last places."""
    return (
        *scenario.villains,
        *["equivocator"] * scenario.equivocators,
        *["detour"] * scenario.detours,
        *["silent"] * scenario.silent,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run.

    Attributes:
        seed: that decided it.
        violations: what the oracle saw; empty in a good run.
        digest: of the transcript.
        height: of finality at the end.
        accused: members some honest member holds evidence against.
        finished: virtual milliseconds.
        silent: whether the network fell silent by itself when nothing was left to do.
        boundaries: boundaries the first restarter passed.
        deaths: crashes in all.
        messages: messages sent in all.
        transcript: who said what, when.
    """

    seed: int
    violations: tuple[str, ...]
    digest: str
    height: int
    accused: frozenset[str]
    finished: int
    silent: bool
    boundaries: int
    deaths: int
    messages: int
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


class Game:
    """One run, open to tests that interfere."""

    def __init__(self, seed: int, scenario: Scenario) -> None:
        self.scenario = scenario
        self.loop = Loop(seed)
        names = [f"m{place}" for place in range(scenario.members)]
        watching = [f"m{scenario.members + place}" for place in range(scenario.observers)]
        members = member_set(sorted(names))
        self._liars = liars_of(scenario)
        honest = names[: len(names) - len(self._liars)]
        self.network = Network(self.loop, scenario.weather, scenario.latency, fixed=scenario.fixed)
        self.oracle = Oracle(GENESIS, members, [*honest, *watching], self.loop.note)
        slow = 0 if scenario.fixed else 1
        self.world = World(
            self.loop, self.network, self.oracle, members, GENESIS, scenario.config, 5 * slow, 300 * slow
        )
        self.restarters: list[CrashRestart] = []
        self.members = [self._member(index, name, len(honest)) for index, name in enumerate(names)]
        observers = [Member(self.world, name) for name in watching]
        self.honest = [*self.members[: len(honest)], *observers]
        self.members += observers
        self.silent = False
        self.changes = [
            seat_change(serial, ~place if place < 0 else place, revoke=place < 0)
            for serial, place in enumerate(scenario.changes)
        ]

    def _member(self, index: int, name: str, honest: int) -> Member:
        scenario = self.scenario
        if index >= honest:
            return CAST[self._liars[index - honest]](self.world, name)
        if index >= scenario.restarters:
            return Member(self.world, name)
        at = scenario.crash_at if index == 0 else 0
        chance = 0.0 if scenario.crash_at else scenario.chance
        member = CrashRestart(self.world, name, chance=chance, at=at, loss=scenario.loss)
        self.restarters.append(member)
        return member

    def _done(self) -> bool:
        wanted = {*range(self.scenario.transactions), *self.changes}
        return all(
            member.alive and wanted <= member.ledger.transactions(member.database.finalised.seal)
            for member in self.honest
        )

    def _change_seats(self, serial: int = 0) -> None:
        """Submit one change after another, each once the one before is final somewhere."""
        if serial > 0 and self.changes[serial - 1] not in self.oracle.final_transactions():
            self.loop.after(CHANGE_PAUSE, lambda: self._change_seats(serial))
        elif serial < len(self.changes):
            for member in self.members:
                member.submit(self.changes[serial])
            self.loop.after(CHANGE_PAUSE, lambda: self._change_seats(serial + 1))

    def plan(self) -> None:
        """Put everything that will happen from outside on the loop."""
        scenario, loop = self.scenario, self.loop
        for member in self.members:
            loop.after(0, member.start)
        for number in range(scenario.transactions):
            at = loop.random.randint(0, scenario.spread)
            for member in self.members:
                loop.after(at, lambda member=member, number=number: member.submit(number))  # type: ignore[misc]
        loop.after(CHANGE_PAUSE, self._change_seats)
        for _ in range(scenario.weather.partitions):
            loop.after(loop.random.randint(0, max(1, scenario.heal_at)), self.network.part)
        loop.after(scenario.heal_at, self._heal)

    def _heal(self) -> None:
        for member in self.restarters:
            member.healed = True
        self.network.heal()

    def play(self) -> None:
        """Bad weather, then good; then nobody has anything to do any more."""
        scenario, loop = self.scenario, self.loop
        self.plan()
        loop.run(scenario.heal_at)
        views = [member.core.view for member in self.honest if member.alive]
        loop.run(scenario.heal_at + scenario.limit, self._done)
        if not self._done():
            self.oracle.must_not(self.honest[0].party, "and others did not make everything final in time")
            return
        passed = max(member.core.view for member in self.honest) - max(views, default=0)
        if passed > scenario.views:
            self.oracle.must_not(self.honest[0].party, f"needed {passed} views after healing")
        ended = loop.now + QUIET
        loop.run(ended)
        self.silent = loop.idle or self.network.last_sent < ended - QUIET // 2
        final = self.oracle.final_transactions()
        if len(final) != len(set(final)):
            self.oracle.must_not(self.honest[0].party, "finalised a transaction twice")


def run(seed: int, scenario: Scenario) -> Report:
    """Play a scenario with one seed."""
    game = Game(seed, scenario)
    game.play()
    return Report(
        seed=seed,
        violations=tuple(game.oracle.violations),
        digest=game.loop.digest(),
        height=game.oracle.height,
        accused=frozenset(game.oracle.accused),
        finished=game.loop.now,
        silent=game.silent,
        boundaries=game.restarters[0].passed if game.restarters else 0,
        deaths=sum(member.deaths for member in game.restarters),
        messages=game.network.sent,
        transcript=tuple(game.loop.transcript),
    )
