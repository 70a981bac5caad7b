"""The ratio graph kept in state, and the inflation check on what a change can reach (I6).

Every agreement version has one entry: its parties, and per pair of root frameworks the best ratio of all
its rules, since every rule leads from the same senders to the same receivers and only the best can inflate.
So 5,000 rules between seven frameworks are at most 49 stars, and no check reads a rule again. A change is
checked by the levels of the nodes it touches; only where these do not settle at once is what it can reach
searched in full. (A cycle through a new star lies wholly in what its receivers lead on to.)

A version enters when it is activated and leaves when the run-off of its agreement is over, also if an
amendment took its place meanwhile: in the run-off it is what counts again for credentials issued under it
(DOMAIN.md 2.10). A party that left goes out of the entries when its own run-off is over.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from msgspec.structs import replace

from accord_ledger import rational
from accord_ledger.cycles import Cycle, Node, RatioRule, find_inflation
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.agreement import (
    RATIO_ENTRIES,
    RATIO_NODES,
    RATIO_SIZE,
    AgreementTerms,
    RatioEntry,
    RatioNode,
    RatioSize,
    RatioStar,
)
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.rule_set import RULE_SETS
from accord_ledger.domain.ratio_levels import CHECK_STEPS, SETTLE_STEPS, Levels
from accord_ledger.domain.rules import Rule

Ref = tuple[str, int]
"""Agreement id and version."""


def root_id(ctx: Context, framework: Ref) -> str:
    """Id of the root framework: every version and every child of it is one node of a party."""
    return ctx.known(FRAMEWORKS, *framework, path="framework").root[0]


def stars_of(ctx: Context, rules: Sequence[Rule]) -> tuple[tuple[RatioStar, ...], int]:
    """The best ratio of each pair of root frameworks among these rules, and how many ratio rules there are."""
    found = []
    for rule in rules:
        multiplier = rule.multiplier()
        if multiplier is not None:
            star = RatioStar(
                source=root_id(ctx, rule.source),
                target=root_id(ctx, rule.target),
                ratio=rational.format(multiplier),
                rule=rule.rule_id,
            )
            found.append(star)
    return _best(found), len(found)


def _best(stars: Iterable[RatioStar]) -> tuple[RatioStar, ...]:
    best: dict[tuple[str, str], tuple[Fraction, RatioStar]] = {}
    for star in stars:
        ratio = rational.parse_state(star.ratio)
        known = best.get((star.source, star.target))
        if known is None or (ratio, known[1].rule) > (known[0], star.rule):
            best[star.source, star.target] = (ratio, star)
    return tuple(best[pair][1] for pair in sorted(best))


def entry_of(ctx: Context, terms: AgreementTerms) -> RatioEntry | None:
    """What terms put on the graph; None if no rule of them multiplies."""
    inline, count = stars_of(ctx, terms.rules)
    stars = list(inline)
    for ref in terms.rule_sets:
        rule_set = ctx.known(RULE_SETS, ref.rule_set, path="rule_sets")
        stars.extend(rule_set.stars)
        count += rule_set.ratio_rules
    if not stars:
        return None
    return RatioEntry(
        senders=terms.senders,
        receivers=terms.receivers,
        self_pairs=terms.self_pairs,
        stars=_best(stars),
        rules=count,
    )


def size_after(ctx: Context, ref: Ref, entry: RatioEntry | None) -> int:
    """G of DOMAIN.md 2.12: nodes and edges of the graph once ``ref`` has this entry.

    Every rule counts one edge per sender and one per receiver, whatever its star.
    """
    size = ctx.state.get(RATIO_SIZE) or RatioSize()
    before = ctx.state.get(RATIO_ENTRIES, *ref)
    change = _sides(entry)
    change.subtract(_sides(before))
    nodes = size.nodes
    for node, sides in change.items():
        if sides:
            held = ctx.state.get(RATIO_NODES, *node)
            had = held.rules if held else 0
            nodes += (had + sides > 0) - (had > 0)
    return nodes + size.edges + _edges(entry) - _edges(before)


def _edges(entry: RatioEntry | None) -> int:
    return entry.rules * (len(entry.senders) + len(entry.receivers)) if entry else 0


def _sides(entry: RatioEntry | None) -> Counter[Node]:
    """Sides of stars at each node."""
    sides: Counter[Node] = Counter()
    if entry is not None:
        sources = Counter(star.source for star in entry.stars)
        targets = Counter(star.target for star in entry.stars)
        for parties, roots in ((entry.senders, sources), (entry.receivers, targets)):
            for party in parties:
                for root, count in roots.items():
                    sides[Node(party, root)] += count
    return sides


def _sending(entry: RatioEntry | None) -> set[Node]:
    if entry is None:
        return set()
    sources = {star.source for star in entry.stars}
    return {Node(party, source) for party in entry.senders for source in sources}


def edges_of(ref: Ref, entry: RatioEntry) -> list[RatioRule]:
    """The stars of one entry, as the cycle check takes them; named ``agreement@version/rule``."""
    selfish = frozenset(entry.self_pairs)
    return [
        RatioRule(
            name=f"{ref[0]}@{ref[1]}/{star.rule}/{star.source}/{star.target}",
            senders=tuple([Node(party, star.source) for party in entry.senders]),
            receivers=tuple([Node(party, star.target) for party in entry.receivers]),
            multiplier=rational.parse_state(star.ratio),
            self_pairs=selfish,
        )
        for star in entry.stars
    ]


def inflation(ctx: Context, ref: Ref, entry: RatioEntry | None) -> Cycle | None:
    """A cycle of product above 1 that this entry would close, or None.

    Raises:
        Rejection: ``E_WEIGHT``: the part of the graph it reaches takes too long to search.
    """
    if entry is None or Levels(ctx, ref, entry).settle(CHECK_STEPS):
        return None
    new = edges_of(ref, entry)
    reached = {rule.name: rule for rule in new}
    closes = False
    sources = _sending(entry)
    for rule in _led_on_to(ctx, ref, new):
        reached[rule.name] = rule
        closes = closes or not sources.isdisjoint(rule.receivers)
    closes = closes or any(not sources.isdisjoint(rule.receivers) for rule in new)
    return find_inflation(reached.values(), changed={rule.name for rule in new}) if closes else None


def _led_on_to(ctx: Context, ref: Ref, new: Sequence[RatioRule]) -> Iterator[RatioRule]:
    """Everything in the graph that credits can come to after the new rules, each star once."""
    loaded: dict[Ref, dict[str, list[RatioRule]]] = {ref: _by_source(new)}
    waiting = [node for rule in new for node in rule.receivers]
    seen = set(waiting)
    taken = {(ref, source) for source in loaded[ref]}
    while waiting:
        node = waiting.pop()
        found = ctx.state.get(RATIO_NODES, *node)
        for other in found.leaving if found else ():
            if (other, node.framework) in taken:
                continue
            taken.add((other, node.framework))
            if other not in loaded:
                entry = ctx.known(RATIO_ENTRIES, *other, path="agreement")
                loaded[other] = _by_source(edges_of(other, entry))
            for rule in loaded[other].get(node.framework, ()):
                yield rule
                fresh = [receiver for receiver in rule.receivers if receiver not in seen]
                seen.update(fresh)
                waiting.extend(fresh)


def _by_source(rules: Iterable[RatioRule]) -> dict[str, list[RatioRule]]:
    found: dict[str, list[RatioRule]] = {}
    for rule in rules:
        found.setdefault(rule.senders[0].framework, []).append(rule)
    return found


def put_entry(ctx: Context, ref: Ref, entry: RatioEntry | None) -> None:
    """Give an agreement version this entry in place of the one it has; None takes it off the graph."""
    before = ctx.state.get(RATIO_ENTRIES, *ref)
    if entry is not None and not (entry.senders and entry.receivers):
        entry = None
    change = _sides(entry)
    change.subtract(_sides(before))
    old, new = _sending(before), _sending(entry)
    levels = Levels(ctx, ref, entry) if entry is not None else None
    settled = levels is None or levels.settle(SETTLE_STEPS)
    grown = 0
    for node in sorted({*change, *old, *new}):
        if change[node] or (node in old) != (node in new):
            listed = (node in new) - (node in old)
            grown += _shift(ctx, ref, node, change[node], listed)
    if levels is not None and settled:
        for node in sorted(levels.raised):
            held = ctx.known(RATIO_NODES, *node, path="agreement")
            level = rational.format(levels.raised[node])
            ctx.state.put(RATIO_NODES, replace(held, level=level), *node)
    if entry is not None:
        ctx.state.put(RATIO_ENTRIES, entry, *ref)
    elif before is not None:
        ctx.state.delete(RATIO_ENTRIES, *ref)
    size = ctx.state.get(RATIO_SIZE) or RatioSize()
    after = RatioSize(
        nodes=size.nodes + grown,
        edges=size.edges + _edges(entry) - _edges(before),
        unsettled=(size.unsettled or not settled) and size.nodes + grown > 0,
    )
    ctx.state.put(RATIO_SIZE, after)


def _shift(ctx: Context, ref: Ref, node: Node, sides: int, listed: int) -> int:
    """Add sides of stars to a node, and list or drop the version there; how many nodes the graph gained."""
    before = ctx.state.get(RATIO_NODES, *node)
    leaving = list(before.leaving) if before else []
    if listed > 0:
        insort(leaving, ref)
    elif listed < 0:
        leaving.remove(ref)
    total = (before.rules if before else 0) + sides
    if total:
        level = before.level if before else "1/1"
        ctx.state.put(RATIO_NODES, RatioNode(rules=total, leaving=tuple(leaving), level=level), *node)
    else:
        ctx.state.delete(RATIO_NODES, *node)
    return (total > 0) - (before is not None)


def without(entry: RatioEntry, party: str) -> RatioEntry:
    """The entry after a party is gone."""
    return replace(
        entry,
        senders=tuple(name for name in entry.senders if name != party),
        receivers=tuple(name for name in entry.receivers if name != party),
        self_pairs=tuple(name for name in entry.self_pairs if name != party),
    )
