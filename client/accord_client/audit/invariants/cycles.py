"""I6: no way around the graph of conversions gives more than it took.

The whole graph is built from the agreements in force whenever one of them changes, every pair of parties an
edge of its own, and searched by plain maximum-product Bellman-Ford: slower and simpler than the rule's check.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    Agreement,
    AgreementTerms,
)
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.parameters import PARAMETERS

MAX_STEPS: Final = 2_000_000
"""Looks at an edge in one search; a graph that needs more is reported as not checked."""

USABLE: Final = frozenset({"active", "terminating", "run_off", "expired"})

Node = tuple[str, str]
"""(party, root framework)."""


class Cycles:
    """Keeps which agreement versions have been active."""

    tables = (AGREEMENTS, AGREEMENT_VERSIONS)

    def __init__(self) -> None:
        self._versions: set[tuple[str, int]] = set()
        self._agreements: dict[str, Agreement] = {}
        self.gave_up: str = ""
        """Why some height could not be checked, if so."""

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Search the graph if an agreement changed."""
        changed = False
        for key, version in rows.of(AGREEMENT_VERSIONS):
            name, _, number = key.partition(b"\x00")
            if version is not None and version.stage == "active":
                ref = (name.decode(), int.from_bytes(number, "big"))
                changed |= ref not in self._versions
                self._versions.add(ref)
        for key, agreement in rows.of(AGREEMENTS):
            if agreement is not None:
                self._agreements[key[:-1].decode()] = agreement
        if changed and not self._only_warned(rows):
            yield from self._search(rows)

    def _only_warned(self, rows: Rows) -> bool:
        """Whether the alliance chose to be warned of cycles instead of refusing them (DOMAIN.md 2.7)."""
        head = rows.get(PARAMETERS)
        if head is None or head.newest.cycle_policy == "reject":
            return False
        self.gave_up = f"the alliance only warns of cycles since height {head.since}"
        return True

    def _search(self, rows: Rows) -> Iterator[Finding]:
        edges = self._edges(rows)
        best: dict[Node, Fraction] = {}
        for source, target, _ in edges:
            best[source] = best[target] = Fraction(1)
        for steps in range(1, len(best) + 1):
            if steps * len(edges) > MAX_STEPS:
                self.gave_up = f"the graph at height {rows.height} is too large to search"
                return
            raised = None
            for source, target, ratio in edges:
                if best[source] * ratio > best[target]:
                    best[target] = best[source] * ratio
                    raised = target
            if raised is None:
                return
        if edges:
            yield rows.broken("I6", "no cycle with a product above 1", f"one through {raised}")

    def _edges(self, rows: Rows) -> list[tuple[Node, Node, Fraction]]:
        found: list[tuple[Node, Node, Fraction]] = []
        for ref in sorted(self._versions):
            agreement = self._agreements.get(ref[0])
            terms = rows.get(AGREEMENT_TERMS, *ref)
            if terms is not None and agreement is not None and agreement.status in USABLE:
                found.extend(_edges_of(rows, terms))
        return found


def _edges_of(rows: Rows, terms: AgreementTerms) -> Iterator[tuple[Node, Node, Fraction]]:
    for rule in terms.rules:
        ratio = rule.multiplier()
        source, target = rows.get(FRAMEWORKS, *rule.source), rows.get(FRAMEWORKS, *rule.target)
        if ratio is None or source is None or target is None:
            continue
        for sender in terms.senders:
            for receiver in terms.receivers:
                if sender != receiver or sender in terms.self_pairs:
                    yield (sender, source.root[0]), (receiver, target.root[0]), ratio
