"""Levels: numbers on the nodes of the ratio graph that prove, edge by edge, that no cycle inflates.

    level(receiver) >= ratio * level(sender)      on every edge

Round any cycle the levels cancel, so its product is at most 1. As long as that holds, a change is checked by
raising the levels it violates and what follows from them, which in a real alliance is little or nothing,
instead of searching all that it can reach. Levels are exact, start at 1 and only rise.

They are a short cut and never a verdict against anybody: a change that would take long to settle is searched
in full (:mod:`accord_ledger.cycles`). If it is let in and cannot be settled even then, as where the alliance
only warns of cycles, the graph is marked unsettled and searched in full every time until it is empty.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import Final

from accord_ledger import rational
from accord_ledger.cycles import Node
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.agreement import RATIO_ENTRIES, RATIO_NODES, RATIO_SIZE, RatioEntry, RatioStar

Ref = tuple[str, int]
"""Agreement id and version."""

CHECK_STEPS: Final = 2_000
"""Looks at an edge before a check turns to the full search: some ten milliseconds."""

SETTLE_STEPS: Final = 20_000
"""Looks at an edge before a change that passed the full search leaves the graph unsettled."""

MAX_BITS: Final = 4_096
"""Longest numerator or denominator of a level."""


class Levels:
    """The levels after one entry is put on the graph; nothing is written here."""

    def __init__(self, ctx: Context, ref: Ref, entry: RatioEntry) -> None:
        self._ctx = ctx
        self._ref = ref
        self._entry = entry
        self._steps = 0
        self.raised: dict[Node, Fraction] = {}
        """Nodes whose level rises, with the new one."""
        self._waiting: deque[Node] = deque()

    def settle(self, max_steps: int) -> bool:
        """Raise whatever has to rise; False if that takes more steps, or numbers grow too long."""
        size = self._ctx.state.get(RATIO_SIZE)
        if size is not None and size.unsettled:
            return False
        for star in self._entry.stars:
            for sender in self._two_best(star.source):
                if not self._raise(Node(sender, star.source), star, self._entry, max_steps):
                    return False
        while self._waiting:
            node = self._waiting.popleft()
            for entry in self._leaving(node):
                for star in entry.stars:
                    if star.source == node.framework and not self._raise(node, star, entry, max_steps):
                        return False
        return True

    def level(self, node: Node) -> Fraction:
        """Its level as far as it has risen."""
        found = self.raised.get(node)
        if found is None:
            held = self._ctx.state.get(RATIO_NODES, *node)
            found = rational.parse_state(held.level) if held is not None else Fraction(1)
        return found

    def _two_best(self, source: str) -> list[str]:
        """Senders of the highest levels: one of the two is the best for every receiver, its own party aside."""
        ordered = sorted(self._entry.senders, key=lambda party: (-self.level(Node(party, source)), party))
        return ordered[:2]

    def _leaving(self, node: Node) -> list[RatioEntry]:
        held = self._ctx.state.get(RATIO_NODES, *node)
        entries = [
            self._ctx.known(RATIO_ENTRIES, *ref, path="agreement")
            for ref in (held.leaving if held is not None else ())
            if ref != self._ref
        ]
        return [*entries, self._entry] if node.party in self._entry.senders else entries

    def _raise(self, sender: Node, star: RatioStar, entry: RatioEntry, max_steps: int) -> bool:
        """Raise the receivers of one star to what a sender asks of them."""
        self._steps += len(entry.receivers)
        if self._steps > max_steps:
            return False
        least = self.level(sender) * rational.parse_state(star.ratio)
        if max(least.numerator.bit_length(), least.denominator.bit_length()) > MAX_BITS:
            return False
        for party in entry.receivers:
            if party == sender.party and party not in entry.self_pairs:
                continue
            receiver = Node(party, star.target)
            if self.level(receiver) < least:
                self.raised[receiver] = least
                self._waiting.append(receiver)
        return True
