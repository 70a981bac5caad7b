"""The size of the agreement graph as DOMAIN.md 2.12 counts it, from every rule anew."""

from __future__ import annotations

from collections.abc import Iterable

from accord_ledger.cycles import Node, RatioRule


def graph_size(rules: Iterable[RatioRule]) -> int:
    """G of DOMAIN.md 2.12: nodes and edges, one edge per sender and one per receiver of each rule."""
    nodes: set[Node] = set()
    edges = 0
    for rule in rules:
        senders, receivers = set(rule.senders), set(rule.receivers)
        edges += len(senders) + len(receivers)
        nodes |= senders
        nodes |= receivers
    return len(nodes) + edges
