"""The inflation check: no way around the agreement graph may turn credits into more credits.

Nodes are (party, root framework); a ratio rule leads from each of its senders to each of its receivers
with one exact multiplier (DOMAIN.md 2.3). :func:`find_inflation` returns a directed cycle whose product
is above 1 if and only if there is one (I6); a product of exactly 1 is allowed.

How it stays exact and small:

* A rule is kept as a star, senders -> rule -> receivers, so S senders and R receivers cost S + R steps
  and not S * R (DOMAIN.md 2.12). A plain star would invent the pair p -> p of a party on both sides,
  which does not exist unless the agreement lists it. So a rule passes on two values: the best among its
  senders, and the best among the senders of *another party* than that one. A receiver takes the first,
  or the second if the first is its own. One of the two is always the best over exactly those senders the
  receiver is paired with, hence each step equals the same step on the graph of all pairs.
* Maximum-product Bellman-Ford: every value starts at 1 and only rises; whoever last raised it is its
  predecessor. Predecessors close a cycle only if its product is above 1. With V nodes, a value still
  rising in round V has a chain of V predecessors, so there is such a cycle; if nothing rises any more,
  the values are potentials that prove there is none.
* Values are integer pairs. Logarithms in floating point only skip comparisons whose outcome is beyond
  doubt; whatever is closer than that is compared exactly, so no verdict depends on a float.
* Only inside a strongly connected component can a cycle be, so each is searched on its own; and if no
  cycle inflated before a change, only the components of the changed rules need a search.

The answer does not depend on the order of the input. Work could reach V rounds over all rules on graphs
built for that; real ones settle in a few. So steps are counted, and a graph that exhausts them is refused
rather than let one record hold up every member of the network.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Final, NamedTuple

from accord_ledger.cycle_search import Search, Star
from accord_ledger.rational import shown
from accord_ledger.strong_components import strong_components

MAX_STEPS: Final = 400_000
"""Steps (looks at one end of one rule) that any check may take; half a second on a small machine."""

MAX_ROUNDS: Final = 20
"""Rounds over the whole graph that a check of a larger graph may take; real ones settle in two or three."""

_HOPS_SHOWN: Final = 12


class Node(NamedTuple):
    """One party's credits of one root framework; a child framework counts as its root."""

    party: str
    framework: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioRule:
    """A rule that multiplies: one edge per (sender, receiver) pair of two different parties."""

    name: str
    """Which rule of which agreement version; unique in a graph."""

    senders: tuple[Node, ...]
    """Where source credits come from."""

    receivers: tuple[Node, ...]
    """Where target credits arise."""

    multiplier: Fraction
    """Exact target credits per source credit, >= 0."""

    self_pairs: frozenset[str] = frozenset()
    """Parties on both sides that the agreement pairs with themselves, by name (DOMAIN.md 2.10)."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A way around that inflates."""

    nodes: tuple[Node, ...]
    """Each once, the least first; the last leads back to it."""

    rules: tuple[str, ...]
    """The rule that leads on from each node, in the same order."""

    product: Fraction
    """Credits left after one round with one credit; above 1."""

    def __str__(self) -> str:
        hops = [f"{node.party}/{node.framework}" for node in self.nodes[:_HOPS_SHOWN]]
        more = len(self.nodes) - len(hops)
        way = [*hops, f"({more} more)"] if more else hops
        return f"{' -> '.join([*way, hops[0]])} = {shown(self.product)}"


def find_inflation(rules: Iterable[RatioRule], *, changed: Collection[str] | None = None) -> Cycle | None:
    """A cycle of product above 1, or None if there is none; the same for every order of the input.

    Args:
        rules: the whole graph after the change, run-off and grandfathered versions included.
        changed: names of the rules that are new or changed, if no cycle inflated before; the search then
            leaves out the components that hold none of them. None searches everything.

    Raises:
        Rejection: ``E_WEIGHT``: the graph takes more than ``MAX_STEPS`` steps and ``MAX_ROUNDS`` rounds.
        ValueError: two rules of one name, or a negative multiplier; a programmer's error.
    """
    graph = _Graph(rules)
    search = Search(graph.party, max(MAX_STEPS, MAX_ROUNDS * graph.size))
    for stars in graph.components():
        if changed is None or any(star.name in changed for star in stars):
            hops = search.run(stars)
            if hops is not None:
                return graph.cycle(hops)
    return None


class _Graph:
    """Nodes numbered in their own order, rules in the order of their names."""

    def __init__(self, rules: Iterable[RatioRule]) -> None:
        ordered = sorted(rules, key=lambda rule: rule.name)
        for before, after in pairwise(ordered):
            if before.name == after.name:
                raise ValueError(f"expected rules of different names, got {after.name} twice")
        self.nodes = sorted(
            {node for rule in ordered for side in (rule.senders, rule.receivers) for node in side}
        )
        number = {node: index for index, node in enumerate(self.nodes)}
        parties = sorted({node.party for node in self.nodes})
        party_number = {party: index for index, party in enumerate(parties)}
        self.party = [party_number[node.party] for node in self.nodes]
        self._stars = [_star(rule, number, party_number) for rule in ordered if _multiplies(rule)]
        self.size = len(self.nodes) + sum(len(star.senders) + len(star.receivers) for star in self._stars)

    def components(self) -> Iterator[list[Star]]:
        """Rules by strongly connected component, cut down to the nodes inside it."""
        size = len(self.nodes)
        follow: list[list[int]] = [[] for _ in range(size)]
        for index, star in enumerate(self._stars, size):
            for sender in star.senders:
                follow[sender].append(index)
            follow.append(star.receivers)
        component = strong_components(follow)
        found: dict[int, list[Star]] = {}
        for index, star in enumerate(self._stars, size):
            here = component[index]
            star.senders = [node for node in star.senders if component[node] == here]
            star.receivers = [node for node in star.receivers if component[node] == here]
            if star.senders and star.receivers:
                found.setdefault(here, []).append(star)
        yield from found.values()

    def cycle(self, hops: list[tuple[int, Star]]) -> Cycle:
        """The cycle of these nodes and rules onward, told from its least node on."""
        least = hops.index(min(hops, key=lambda hop: hop[0]))
        turned = hops[least:] + hops[:least]
        stars = [star for _, star in turned]
        return Cycle(
            tuple(self.nodes[node] for node, _ in turned),
            tuple(star.name for star in stars),
            Fraction(prod(star.numerator for star in stars), prod(star.denominator for star in stars)),
        )


def _multiplies(rule: RatioRule) -> bool:
    if rule.multiplier < 0:
        raise ValueError(f"expected a multiplier of at least 0, got {rule.multiplier!r} in {rule.name}")
    return rule.multiplier > 0  # what yields nothing is on no inflating cycle


def _star(rule: RatioRule, number: dict[Node, int], party_number: dict[str, int]) -> Star:
    return Star(
        rule.name,
        sorted({number[node] for node in rule.senders}),
        sorted({number[node] for node in rule.receivers}),
        rule.multiplier.numerator,
        rule.multiplier.denominator,
        frozenset(party_number[party] for party in rule.self_pairs if party in party_number),
    )
