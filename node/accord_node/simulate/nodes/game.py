"""A run under way: hosts, weather, deaths, clients, and what must be true at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from accord_node.config import parse
from accord_node.simulate.nodes import words
from accord_node.simulate.nodes.alliance import found
from accord_node.simulate.nodes.host import Host
from accord_node.simulate.nodes.liars import LIARS
from accord_node.simulate.nodes.loop import Scheduler
from accord_node.simulate.nodes.net import Network, Weather
from accord_node.simulate.nodes.oracle import Oracle
from accord_node.simulate.nodes.scenario import Scenario

DELTA_MS: Final = 100
QUIET_SECONDS: Final = 3.0
"""A run goes on for so long after everything is final."""
RETRY_SECONDS: Final = 0.5
"""A client that has no good answer hands its record in again after this, perhaps elsewhere."""
VOTE_FILE: Final = "keys/vote.pem"
"""Only what lies beside it is on a simulated disk: whether the key has never signed."""
ALONE: Final = 20_000
"""Number of the record that only a host gets that is cut off."""


class Game:
    """One run, open to tests that interfere."""

    def __init__(self, seed: int, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.scheduler = scheduler = Scheduler(seed)
        self.chance = scheduler.chance("game")
        self.alliance = alliance = found(scenario.members, scenario.observers)
        self.network = Network(scheduler, scenario.weather)
        lying = dict(
            zip(alliance.members[scenario.members - len(scenario.liars) :], scenario.liars, strict=True)
        )
        self._lying = frozenset(lying)
        self.stuck: tuple[str, ...] = ()
        """Members that lie or abstain in doubt, where these were too many for progress."""
        self._folder = folder
        self.hosts: dict[str, Host] = {}
        honest = {party: party for party in alliance.parties if party not in lying}
        self.oracle = Oracle(alliance.genesis.network, honest, self._durable, scheduler.note)
        for party in honest:
            self.add(party)
        self.healed = scenario.heal_at == 0
        self.liars = [LIARS[kind](self, party) for party, kind in lying.items()]
        self.network.watch = self._watch
        self.network.boundary = lambda name, word: self.hosts[name].boundary(word)
        self._records = [self._record(number) for number in range(scenario.records)]
        if scenario.revokes:
            revocation = alliance.revocation(alliance.members[-1])
            self._records.insert(scenario.records // 2, (revocation, None))
        self._views = 0

    def add(self, party: str, name: str = "") -> Host:
        """A host with a node of this party."""
        name = name or party
        config = parse(
            {
                "party": party,
                "keys": {"vote": VOTE_FILE} if party in self.alliance.members else {},
                "peers": {"port": 7443},
                "consensus": {"delta_ms": DELTA_MS, "heartbeat_seconds": 3600},
                "work": {"settle_rows": 16},
            }
        )
        wrong = self.scheduler.chance(name, "clock").uniform(-1.5, 1.5)
        self.hosts[name] = host = Host(
            self.scheduler,
            self.network,
            self.alliance,
            config,
            self._folder,
            self.oracle,
            name=name,
            clock_wrong=wrong,
        )
        host.loss = self.scenario.loss
        return host

    @property
    def honest(self) -> list[Host]:
        """Hosts that keep the rules."""
        return [self.hosts[name] for name in self.oracle.honest]

    def _durable(self, name: str, folder: str) -> bytes:
        return self.hosts[name].disk.durable(folder)

    def _watch(self, source: str, target: str, message: bytes) -> None:
        self.scheduler.note(source, f"-> {target:<4} {words.describe(message)}")
        self.oracle.hears(source, message)

    # -- plan --------------------------------------------------------------------------------------

    def later(self, seconds: float, action: Any, *arguments: Any) -> None:
        """Do something from outside, so many seconds from now."""
        self.scheduler.director.call_later(seconds, action, *arguments)

    def _record(self, number: int) -> tuple[bytes, bytes | None]:
        """A record and the one it needs."""
        authors = self.alliance.members
        author, place = authors[number % len(authors)], number // len(authors)
        needed = self.alliance.record(author, place - 1) if place % 2 else None
        return self.alliance.record(author, place), needed

    def plan(self) -> None:
        """Put everything that will happen from outside on the scheduler."""
        scenario, chance = self.scenario, self.chance
        for host in self.hosts.values():
            begin = chance.uniform(0, 0.2)
            self.later(scenario.late or begin if host is self.honest[-1] else begin, host.start)
        at = 0.3
        for entry, needed in self._records:
            self.later(at, self._hand_in, entry, needed)
            at += chance.uniform(0, 2 * scenario.spread / max(1, scenario.records))
        for place in range(scenario.weather.partitions):
            begin = scenario.heal_at * (place + chance.random()) / scenario.weather.partitions
            self.later(begin, self._part)
            self.later(begin + chance.uniform(0.2, 2.5), self._join)
        for host in self.honest[: scenario.restarters]:
            host.dies = self._unlucky
        if scenario.die_at:
            self.honest[0].dies = self._its_place
        if scenario.die_together:
            self.later(scenario.die_together, self._all_die)
        if scenario.cut_off:
            self.later(1.0, self._cut_off)
        if scenario.stalls:
            self.scheduler.stall_chance, self.scheduler.stall_seconds = scenario.stalls, 0.5
        self.later(scenario.heal_at, self._heal)
        self.later(0.05, self._look_after)

    def _unlucky(self, word: str) -> bool:
        del word
        return not self.healed and self.chance.random() < self.scenario.chance

    def _its_place(self, word: str) -> bool:
        del word
        host = self.honest[0]
        return host.passed == self.scenario.die_at and not host.deaths

    def _look_after(self) -> None:
        """Whoever is down comes back after a while."""
        for host in self.hosts.values():
            if not host.alive and host.comes_back and host.deaths and self.chance.random() < 0.15:
                host.start()
        self.later(0.1, self._look_after)

    def _hand_in(self, entry: bytes, needed: bytes | None) -> None:
        """A client hands in a record, once the one it needs is final, until somebody has taken it."""
        if entry not in self.oracle.acknowledged:
            if needed is None or self.oracle.log.holds(needed):
                self.chance.choice(self.honest).submit(entry)
            self.later(RETRY_SECONDS, self._hand_in, entry, needed)

    def _part(self) -> None:
        if not self.healed:
            groups = {name: self.chance.randint(0, 1) for name in self.hosts}
            self.scheduler.note("net", f"PARTED {groups}")
            self.network.part(groups)

    def _cut_off(self) -> None:
        host = self.honest[-1]
        self.scheduler.note("net", f"CUT OFF {host.name}")
        self.network.part({host.name: 1})
        record = self.alliance.record(host.party, ALONE)
        self._records.append((record, None))
        self.later(1.0, host.submit, record)

    def _join(self) -> None:
        if self.network.is_parted:
            self.scheduler.note("net", "joined")
            self.network.part({})

    def _all_die(self) -> None:
        for host in self.hosts.values():
            host.die("with all others")

    def _heal(self) -> None:
        self.healed = True
        self.scheduler.stall_chance = 0.0
        self.network.weather = Weather()
        self.network.part({})
        self._views = max((host.view for host in self.honest), default=0)
        self.scheduler.note("net", "healed")

    # -- play --------------------------------------------------------------------------------------

    def play(self) -> None:
        """Until all that was handed in is final everywhere, and a little longer."""
        scenario, scheduler = self.scenario, self.scheduler
        self.plan()
        scheduler.run(scenario.heal_at + scenario.limit, self._done)
        if not self._done():
            self.stuck = self._without_quorum()
        if self.stuck:
            scheduler.note(
                "judge", f"no progress is promised: {', '.join(self.stuck)} lie or abstain in doubt"
            )
        elif not self._done():
            heights = {host.name: host.height for host in self.honest}
            self.oracle.violated(f"not everything is final in time: heights {heights}")
        elif (passed := max(host.view for host in self.honest) - self._views) > scenario.views:
            self.oracle.violated(f"needed {passed} views after healing")
        scheduler.run(scheduler.now + QUIET_SECONDS)
        self._judge()

    def _without_quorum(self) -> tuple[str, ...]:
        """Members that lie or abstain in doubt, if they are more than f: then nobody promises progress.

        Who died before its vote journal began to count cannot know that it never voted, and waits for a finality
        that needs its vote if f others lie: it counts as one of f. Who never died has no reason to abstain,
        however late it started. Where liars alone are too many, a scenario wants to see what breaks.
        """
        members = self.alliance.members
        doubtful = {
            host.party
            for host in self.honest
            if host.deaths and host.node is not None and host.node.epochs.abstaining
        }
        down, bound = sorted(self._lying | doubtful.intersection(members)), (len(members) - 1) // 3
        return tuple(down) if len(down) > bound >= len(self._lying) else ()

    def _done(self) -> bool:
        height = self.oracle.log.height
        return (
            self.healed
            and len(self.oracle.acknowledged) >= len(self._records)
            and not self.oracle.lost()
            and all(host.height == height for host in self.honest)
        )

    def _judge(self) -> None:
        for host in self.honest:
            for fault in host.loop.faults:
                self.oracle.violated(f"{host.name} left an exception: {fault}")
            if host.node is not None:
                self.oracle.accused(host.name, sorted({item.member for item in host.node.evidence}))
                if host.node.cosigners.note:
                    self.oracle.published(host.name, host.node.cosigners.note)
        for entry in () if self.stuck else self.oracle.lost():
            self.oracle.violated(f"an entry that {self.oracle.acknowledged[entry]} took is not final")
        if self.scheduler.gave_up:
            self.oracle.violated("the run did not come to an end")

    def close(self) -> None:
        """Leave nothing behind."""
        for host in self.hosts.values():
            host.close()

    def accused(self) -> frozenset[str]:
        """Members some honest node holds evidence against."""
        nodes = [host.node for host in self.honest if host.node is not None]
        return frozenset(item.member for node in nodes for item in node.evidence)
