"""Maximum-product Bellman-Ford over rules kept as stars; see :mod:`accord_ledger.cycles` for the proof.

Nodes and parties are numbers here. Values are exact; floating point only skips comparisons whose
outcome is beyond doubt. Work is counted in steps that depend on the exact values alone, so every
machine that refuses a graph as too laborious refuses it at the same step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd, log
from typing import Final

from accord_ledger.errors import Rejection

_DOUBT: Final = 2.0**-16
"""Logarithms closer than this are compared exactly. Those of integers below 2**(10**9) have errors under
2**-20 here (a relative 2**-50 on each of the two terms), so the skipped comparisons are certain."""


@dataclass(slots=True)
class Star:
    """A ratio rule on node numbers: every sender leads to every receiver of another party."""

    name: str
    senders: list[int]
    receivers: list[int]
    numerator: int
    denominator: int
    self_pairs: frozenset[int]
    """Parties whose senders lead to their own receivers as well."""

    logarithm: float = field(init=False)

    def __post_init__(self) -> None:
        self.logarithm = log(self.numerator) - log(self.denominator)


_Value = tuple[float, int, int, int]
"""The best product of a way to a node so far: logarithm, numerator, denominator, steps. The steps are what
one look at it costs: 1, and the square of its length in kilobits. (A bare tuple: this is the inner loop.)"""

_ONE: Final[_Value] = (0.0, 1, 1, 1)


class Search:
    """Values and predecessors of all nodes; components share no node, so one set serves them all."""

    def __init__(self, party: list[int], max_steps: int) -> None:
        """Start with value 1 everywhere.

        Args:
            party: the party of each node.
            max_steps: most steps for all runs together.
        """
        self._party = party
        self._max_steps = max_steps
        self._steps = 0
        self._values: list[_Value] = [_ONE] * len(party)
        self._before: dict[int, tuple[int, Star]] = {}

    def run(self, stars: list[Star]) -> list[tuple[int, Star]] | None:
        """A cycle of product above 1 among the rules of one component: its nodes, each with the rule onward.

        Raises:
            Rejection: ``E_WEIGHT``: the steps are used up.
        """
        listeners: dict[int, list[int]] = {}
        for index, star in enumerate(stars):
            for node in star.senders:
                listeners.setdefault(node, []).append(index)
        members = sorted(listeners)
        active, ascending, effort = list(range(len(stars))), True, 0
        while active:
            risen: set[int] = set()
            for index in active:
                self._pass_on(stars[index], risen)
            # Looking for a closed cycle costs a walk over the members, so it waits for as much work.
            effort += len(active) + len(risen)
            if effort >= len(members):
                effort = 0
                cycle = self._closed_cycle(members)
                if cycle is not None:
                    return cycle
            # Turning round each time (Yen 1970) halves the rounds of a chain numbered the wrong way.
            ascending = not ascending
            active = sorted({index for node in risen for index in listeners[node]}, reverse=not ascending)
        return None

    def _pass_on(self, star: Star, risen: set[int]) -> None:
        """Raise the receivers of a rule to what its senders yield; note the nodes that rose."""
        self._count(star)
        values, before = self._values, self._before
        first, second = self._two_best(star.senders)
        own = self._party[first]
        best = _times(values[first], star)
        other = best if second is None else _times(values[second], star)
        for node in star.receivers:
            party = self._party[node]
            if party != own or party in star.self_pairs:
                sender, offered = first, best
            elif second is not None:
                sender, offered = second, other
            else:
                continue
            if _exceeds(offered, values[node]):
                values[node] = _reduced(offered)
                before[node] = (sender, star)
                risen.add(node)

    def _count(self, star: Star) -> None:
        values = self._values
        for node in star.senders:
            self._steps += values[node][3]
        for node in star.receivers:
            self._steps += values[node][3]
        if self._steps > self._max_steps:
            raise Rejection("E_WEIGHT", f"expected a cycle check of at most {self._max_steps} steps")

    def _two_best(self, senders: list[int]) -> tuple[int, int | None]:
        """The sender of the highest value, and the highest of another party than that one's."""
        values, party = self._values, self._party
        first, second = senders[0], None
        for node in senders[1:]:
            if _exceeds(values[node], values[first]):
                if party[node] != party[first]:
                    second = first
                first = node
            elif party[node] != party[first] and (second is None or _exceeds(values[node], values[second])):
                second = node
        return first, second

    def _closed_cycle(self, members: list[int]) -> list[tuple[int, Star]] | None:
        """A cycle that predecessors close, if there is one: its product is above 1."""
        walk_of: dict[int, int] = {}
        for walk in members:
            node = walk
            while node not in walk_of:
                walk_of[node] = walk
                if node not in self._before:
                    break
                node = self._before[node][0]
            else:
                if walk_of[node] == walk:
                    return self._cycle_through(node)
        return None

    def _cycle_through(self, start: int) -> list[tuple[int, Star]]:
        hops = [self._before[start]]
        while hops[-1][0] != start:
            hops.append(self._before[hops[-1][0]])
        return hops[::-1]


def _times(value: _Value, star: Star) -> _Value:
    logarithm, numerator, denominator, steps = value
    return (logarithm + star.logarithm, numerator * star.numerator, denominator * star.denominator, steps)


def _reduced(value: _Value) -> _Value:
    _, numerator, denominator, _ = value
    divisor = gcd(numerator, denominator)
    numerator, denominator = numerator // divisor, denominator // divisor
    kilobits = max(numerator.bit_length(), denominator.bit_length()) >> 10
    return (log(numerator) - log(denominator), numerator, denominator, 1 + kilobits * kilobits)


def _exceeds(value: _Value, other: _Value) -> bool:
    if value is other:
        return False
    apart = value[0] - other[0]
    if apart > _DOUBT:
        return True
    return apart >= -_DOUBT and value[1] * other[2] > other[1] * value[2]
