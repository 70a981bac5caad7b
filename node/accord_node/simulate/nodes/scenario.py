"""What happens in a run of whole nodes, but for what the seed decides."""

from __future__ import annotations

from dataclasses import dataclass, field

from accord_node.simulate.disk import Loss
from accord_node.simulate.nodes.net import Weather


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens in a run. Members are p0, p1 ..., observers o0 ...; liars take the last places of members.

    Attributes:
        members: n.
        observers: nodes without a vote.
        liars: kinds of the last members, by their names in ``LIARS``.
        restarters: how many honest hosts die and come back, again and again, until healing.
        chance: of dying, at each place passed.
        die_at: the place where the first host dies, once; 0: none.
        die_together: seconds at which all hosts die at once; 0: never.
        cut_off: the last honest host is cut off until healing, and a client hands a record in there.
        late: seconds at which the last honest host starts for the first time; 0: with the others.
        revokes: the last member loses its seat, so an epoch ends; its node goes on without a vote.
        loss: what a death does to unsynced writes; None for anything.
        weather: of the network until ``heal_at``.
        heal_at: seconds.
        stalls: chance of a job of a thread taking up to half a second, until healing.
        records: handed in by clients, each to one node.
        spread: seconds over which they are handed in.
        limit: seconds after healing by which everything must be final everywhere.
        views: views after healing by which everything must be final everywhere.
    """

    members: int = 4
    observers: int = 0
    liars: tuple[str, ...] = ()
    restarters: int = 0
    chance: float = 0.004
    die_at: int = 0
    die_together: float = 0.0
    cut_off: bool = False
    late: float = 0.0
    revokes: bool = False
    loss: Loss | None = None
    weather: Weather = field(default_factory=Weather)
    heal_at: float = 0.0
    stalls: float = 0.0
    records: int = 8
    spread: float = 2.0
    limit: float = 60.0
    views: int = 60
