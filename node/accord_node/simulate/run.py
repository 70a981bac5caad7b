"""One run: members, weather, transactions, and what must be true at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from accord_ledger.consensus.config import Config
from accord_ledger.tags import Tag
from accord_node.simulate.disk import Loss
from accord_node.simulate.ledger import member_set, seat_change
from accord_node.simulate.loop import Loop
from accord_node.simulate.member import Member
from accord_node.simulate.net import Network, Weather
from accord_node.simulate.oracle import Oracle
from accord_node.simulate.signing import Signatures
from accord_node.simulate.villains import CAST
from accord_node.simulate.villains.crash_restart import CrashRestart
from accord_node.simulate.world import World

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
        blackouts: how many times before healing all restarters die in one moment.
        crash_at: chosen boundaries at which the first restarter dies.
        loss: what a crash does to unsynced writes; None for anything.
        weather: of the network until ``heal_at``.
        heal_at: milliseconds.
        latency: longest message delay after healing, milliseconds.
        fixed: every message takes exactly ``latency``, disks and commits no time.
        transactions: how many are submitted, each to every member.
        spread: milliseconds over which they are submitted.
        limit: milliseconds after healing by which everything must be final.
        views: views after healing by which everything must be final.
        quiet: milliseconds a run goes on after that; in the last quarter nobody should speak.
        segment_bytes: size after which a journal begins a new file.
        eager: what is final does not wait for the journal, as in the node.
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
    blackouts: int = 0
    crash_at: tuple[int, ...] = ()
    loss: Loss | None = None
    weather: Weather = field(default_factory=Weather)
    heal_at: int = 0
    latency: int = 50
    fixed: bool = False
    transactions: int = 5
    spread: int = 2000
    limit: int = 240_000
    views: int = 60
    quiet: int = 120_000
    segment_bytes: int = 20_000
    eager: bool = False
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
            loop=self.loop,
            network=self.network,
            oracle=self.oracle,
            members=members,
            genesis=GENESIS,
            signatures=Signatures(GENESIS),
            config=scenario.config,
            persist_delay=5 * slow,
            commit_delay=300 * slow,
            segment_bytes=scenario.segment_bytes,
            eager=scenario.eager,
        )
        self.restarters: list[CrashRestart] = []
        self.members = [self._member(index, name, len(honest)) for index, name in enumerate(names)]
        observers = [Member(self.world, name) for name in watching]
        self.honest = [*self.members[: len(honest)], *observers]
        self.members += observers
        self.silent = False
        self._looked = -1
        self._all_final = False
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
        at = scenario.crash_at if index == 0 else ()
        chance = 0.0 if scenario.crash_at else scenario.chance
        member = CrashRestart(self.world, name, chance=chance, at=at, loss=scenario.loss)
        self.restarters.append(member)
        return member

    def _done(self) -> bool:
        """Whether everything is final everywhere; looked at again only when a member has moved."""
        if self._looked != self.world.stirred:
            self._looked = self.world.stirred
            self._all_final = self._is_all_final()
        return self._all_final

    def _is_all_final(self) -> bool:
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
                loop.after(at, partial(member.submit, number))
        loop.after(CHANGE_PAUSE, self._change_seats)
        for _ in range(scenario.weather.partitions):
            loop.after(loop.random.randint(0, max(1, scenario.heal_at)), self.network.part)
        for _ in range(scenario.blackouts):
            loop.after(loop.random.randint(0, max(1, scenario.heal_at)), self._black_out)
        loop.after(scenario.heal_at, self._heal)

    def _black_out(self) -> None:
        for member in self.restarters:
            member.die(member.loss_at_crash())

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
        self._rest()

    def _rest(self) -> None:
        """When nothing is left to do: who keeps the rules falls silent, and nothing that was final changes.

        A leader whose proposal was lost says nullify until there is work in its view: the next heartbeat ends that.
        """
        loop, first, quiet = self.loop, self.honest[0].party, self.scenario.quiet
        ended = loop.now + quiet
        loop.run(ended - quiet // 2)
        if not self._silent_since(ended - 3 * quiet // 4):
            for member in self.honest:
                member.heartbeat()
        loop.run(ended)
        self.silent = self._silent_since(ended - quiet // 4)
        if not (self.silent or self._liars or self.scenario.observers or self.changes):
            self.oracle.must_not(first, "and others went on talking when nothing was left to do")
        if loop.gave_up:
            self.oracle.must_not(first, "and others came to no end")
        final = self.oracle.final_transactions()
        if len(final) != len(set(final)):
            self.oracle.must_not(first, "finalised a transaction twice")

    def _silent_since(self, moment: int) -> bool:
        return self.loop.idle or self.network.last_sent < moment


def run(seed: int, scenario: Scenario) -> Report:
    """Play a scenario with one seed; an exception in it is a violation, so a campaign goes on."""
    game = Game(seed, scenario)
    try:
        game.play()
    except Exception as error:  # noqa: BLE001 - whatever breaks is a finding of this seed, told with its story
        broken = error.__traceback__
        while broken is not None and broken.tb_next is not None:
            broken = broken.tb_next
        where = "" if broken is None else f" in {broken.tb_frame.f_code.co_name}"
        game.oracle.must_not(game.honest[0].party, f"or another broke: {error!r}{where}")
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
