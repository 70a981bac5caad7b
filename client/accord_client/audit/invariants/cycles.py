"""I6: no way around the graph of conversions gives more than it took.

The whole graph is built from the agreements in force whenever a version or a member is added, every pair of
parties an edge of its own, and searched by plain maximum-product Bellman-Ford: slower and simpler than the
rule's check. Rules are read from the terms and, one by one, from the rule sets they name (T47); who joined
(T25) counts with the terms, who left and is through with the run-off does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.agreement import (
    AGREEMENT_MEMBERS,
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    DEPARTURES,
    Agreement,
    AgreementTerms,
    Departure,
    Members,
)
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.rule_set import RULE_SETS, SET_RULES
from accord_ledger.domain.rules import Rule

MAX_STEPS: Final = 2_000_000
"""Looks at an edge in one search; a graph that needs more is reported as not checked."""

USABLE: Final = frozenset({"active", "terminating", "run_off", "expired"})

Node = tuple[str, str]
"""(party, root framework)."""

Stars = dict[tuple[str, str], Fraction]
"""Best ratio from one root framework to another."""


class Cycles:
    """Keeps which agreement versions have been active, who left, and the best ratios of every rule set."""

    tables = (AGREEMENTS, AGREEMENT_VERSIONS, AGREEMENT_MEMBERS, DEPARTURES)

    def __init__(self) -> None:
        self._versions: set[tuple[str, int]] = set()
        self._agreements: dict[str, Agreement] = {}
        self._departures: dict[tuple[str, str], Departure] = {}
        """By agreement and party."""
        self._stars: dict[tuple[str, int], Stars] = {}
        """By agreement version; terms and rule sets never change."""
        self.gave_up: str = ""
        """Why some height could not be checked, if so."""

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Search the graph if something was added to it."""
        changed = any(members is not None for _, members in rows.of(AGREEMENT_MEMBERS))
        for key, version in rows.of(AGREEMENT_VERSIONS):
            if version is not None and version.stage == "active":
                ref = _ref(key)
                changed |= ref not in self._versions
                self._versions.add(ref)
        for key, agreement in rows.of(AGREEMENTS):
            if agreement is not None:
                self._agreements[key[:-1].decode()] = agreement
        for key, departure in rows.of(DEPARTURES):
            if departure is not None:
                name, party, _ = (part.decode() for part in key.split(b"\x00"))
                self._departures[name, party] = departure
        if changed and not self._ever_warned(rows):
            yield from self._search(rows)

    def _ever_warned(self, rows: Rows) -> bool:
        """Whether the alliance ever chose to be warned of cycles instead of refusing them (DOMAIN.md 2.7).

        What came in then may stay, so nothing more can be said from then on.
        """
        if rows.parameters().cycle_policy == "warn" and not self.gave_up:
            self.gave_up = f"the alliance only warned of cycles at height {rows.height}"
        return bool(self.gave_up)

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
        best: dict[tuple[Node, Node], Fraction] = {}
        for ref in sorted(self._versions):
            agreement, terms = self._agreements.get(ref[0]), rows.get(AGREEMENT_TERMS, *ref)
            if terms is None or agreement is None or agreement.status not in USABLE:
                continue
            if ref not in self._stars:
                self._stars[ref] = _stars(rows, terms)
            joined = rows.get(AGREEMENT_MEMBERS, *ref) or Members()
            selfish = {*terms.self_pairs, *joined.self_pairs}
            senders = self._still(ref, {*terms.senders, *joined.senders})
            receivers = self._still(ref, {*terms.receivers, *joined.receivers})
            for (source, target), ratio in self._stars[ref].items():
                for sender in senders:
                    for receiver in receivers:
                        if sender != receiver or sender in selfish:
                            pair = ((sender, source), (receiver, target))
                            best[pair] = max(ratio, best.get(pair, ratio))
        return [(source, target, ratio) for (source, target), ratio in best.items()]

    def _still(self, ref: tuple[str, int], parties: set[str]) -> list[str]:
        """Those that have not left this version for good."""
        return [
            party for party in sorted(parties) if not _is_gone(self._departures.get((ref[0], party)), ref[1])
        ]


def _is_gone(departure: Departure | None, version: int) -> bool:
    """Whether a party's run-off under a version is over, by this departure or one before it."""
    if departure is None:
        return False
    ended = departure.version if departure.status == "ended" else 0
    return version <= max(ended, departure.over or 0)


def _ref(key: bytes) -> tuple[str, int]:
    name, _, number = key.partition(b"\x00")
    return name.decode(), int.from_bytes(number, "big")


def _rules(rows: Rows, terms: AgreementTerms) -> Iterator[Rule]:
    """Every rule of the terms, those in rule sets included."""
    yield from terms.rules
    for ref in terms.rule_sets:
        found = rows.get(RULE_SETS, ref.rule_set)
        for rule_id in found.rule_ids if found is not None else ():
            stored = rows.get(SET_RULES, ref.rule_set, rule_id)
            if stored is not None:
                yield stored.rule


def _stars(rows: Rows, terms: AgreementTerms) -> Stars:
    """The best ratio between each two root frameworks."""
    stars: Stars = {}
    for rule in _rules(rows, terms):
        ratio = rule.multiplier()
        source, target = rows.get(FRAMEWORKS, *rule.source), rows.get(FRAMEWORKS, *rule.target)
        if ratio is not None and source is not None and target is not None:
            pair = (source.root[0], target.root[0])
            stars[pair] = max(ratio, stars.get(pair, ratio))
    return stars
