"""The ratio graph kept in state, and the inflation check on what a new agreement can reach (I6).

A cycle through a new rule lies wholly in what its receivers lead on to, so only that part is read. The
graph holds every version whose ratios can still be used, run-off included; each node names the versions
that lead on from it, and the rules themselves stand in the terms.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

from accord_ledger.cycles import Cycle, Node, RatioRule, find_inflation
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    RATIO_NODES,
    RATIO_SIZE,
    AgreementTerms,
    RatioNode,
    RatioSize,
)
from accord_ledger.domain.model.framework import FRAMEWORKS

Ref = tuple[str, int]
"""Agreement id and version."""


def root_id(ctx: Context, framework: Ref) -> str:
    """Id of the root framework: every version and every child of it is one node of a party."""
    return ctx.known(FRAMEWORKS, *framework, path="framework").root[0]


def ratio_rules(ctx: Context, ref: Ref, terms: AgreementTerms) -> list[RatioRule]:
    """The edges of one agreement version, a star per rule."""
    found = []
    for rule in terms.rules:
        multiplier = rule.multiplier()
        if multiplier is None:
            continue
        source, target = root_id(ctx, rule.source), root_id(ctx, rule.target)
        found.append(
            RatioRule(
                name=f"{ref[0]}@{ref[1]}/{rule.rule_id}",
                senders=tuple(Node(party, source) for party in terms.senders),
                receivers=tuple(Node(party, target) for party in terms.receivers),
                multiplier=multiplier,
                self_pairs=frozenset(terms.self_pairs),
            )
        )
    return found


def size_after(ctx: Context, terms: AgreementTerms) -> int:
    """G of DOMAIN.md 2.12: nodes and edges of the graph once these terms are in it.

    Unknown frameworks count as nodes of their own, so that weight is defined before references are checked.
    """
    size = ctx.state.get(RATIO_SIZE) or RatioSize()
    nodes: set[Ref | tuple[str, str]] = set()
    edges = 0
    for rule in terms.rules:
        if rule.multiplier() is None:
            continue
        edges += len(terms.senders) + len(terms.receivers)
        for reference, parties in ((rule.source, terms.senders), (rule.target, terms.receivers)):
            framework = ctx.state.get(FRAMEWORKS, *reference)
            name = framework.root[0] if framework else reference[0]
            nodes.update((party, name) for party in parties)
    fresh = sum(not ctx.state.exists(RATIO_NODES, *node) for node in nodes)
    return size.nodes + size.edges + fresh + edges


def inflation(ctx: Context, ref: Ref, terms: AgreementTerms) -> Cycle | None:
    """A cycle of product above 1 that these terms would close, or None."""
    rules = ratio_rules(ctx, ref, terms)
    waiting = [node for rule in rules for node in rule.receivers]
    seen = set(waiting)
    loaded: dict[Ref, list[RatioRule]] = {}
    reached: dict[str, RatioRule] = {rule.name: rule for rule in rules}
    while waiting:
        node = waiting.pop()
        for rule in _leaving(ctx, node, loaded):
            if rule.name not in reached:
                reached[rule.name] = rule
                fresh = [receiver for receiver in rule.receivers if receiver not in seen]
                seen.update(fresh)
                waiting.extend(fresh)
    return find_inflation(reached.values())


def _leaving(ctx: Context, node: Node, loaded: dict[Ref, list[RatioRule]]) -> Iterator[RatioRule]:
    found = ctx.state.get(RATIO_NODES, *node)
    for ref in found.leaving if found else ():
        if ref not in loaded:
            loaded[ref] = ratio_rules(ctx, ref, ctx.known(AGREEMENT_TERMS, *ref, path="agreement"))
        yield from (rule for rule in loaded[ref] if node in rule.senders)


def enter(ctx: Context, ref: Ref, terms: AgreementTerms) -> None:
    """Add an agreement version that became active."""
    _shift(ctx, ref, terms, 1)


def leave(ctx: Context, ref: Ref, terms: AgreementTerms) -> None:
    """Take out an agreement version whose run-off is over."""
    _shift(ctx, ref, terms, -1)


def _shift(ctx: Context, ref: Ref, terms: AgreementTerms, step: int) -> None:
    sides: dict[Node, int] = {}
    senders: set[Node] = set()
    edges = 0
    for rule in ratio_rules(ctx, ref, terms):
        edges += len(rule.senders) + len(rule.receivers)
        senders.update(rule.senders)
        for node in (*rule.senders, *rule.receivers):
            sides[node] = sides.get(node, 0) + 1
    grown = 0
    for node in sorted(sides):
        before = ctx.state.get(RATIO_NODES, *node)
        after = _shifted(before or RatioNode(rules=0), ref, step * sides[node], listed=node in senders)
        grown += (after is not None) - (before is not None)
        if after is None:
            ctx.state.delete(RATIO_NODES, *node)
        else:
            ctx.state.put(RATIO_NODES, after, *node)
    size = ctx.state.get(RATIO_SIZE) or RatioSize()
    ctx.state.put(RATIO_SIZE, RatioSize(nodes=size.nodes + grown, edges=size.edges + step * edges))


def _shifted(node: RatioNode, ref: Ref, sides: int, *, listed: bool) -> RatioNode | None:
    leaving = list(node.leaving)
    if listed and sides > 0:
        insort(leaving, ref)
    elif listed:
        leaving.remove(ref)
    total = node.rules + sides
    return RatioNode(rules=total, leaving=tuple(leaving)) if total else None
