"""The ratio graph in state against the whole graph of all rules, through amendments, newcomers and leavers."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger.cycles import Node, RatioRule, find_inflation
from accord_ledger.domain import ratio_graph, ratio_levels
from accord_ledger.domain.model.agreement import RATIO_NODES, RATIO_SIZE, AgreementTerms, RatioSize
from exchange_world import Exchange, agreement, fixed
from ratio_size import graph_size

FRAMEWORK = {"uu": "nl-ects", "um": "mqf", "bcb": "cn-mc", "suny": "us-sch"}
ROOT = FRAMEWORK | {"uu": "ects"}
PARTIES = sorted(FRAMEWORK)
RATIOS = ["1/2", "2/1", "1/1", "3/5", "5/3"]
PAIRS = [(one, two) for one in PARTIES for two in PARTIES if one != two]


def whole(name: str, terms: AgreementTerms) -> list[RatioRule]:
    """Every rule of the terms as an edge of its own."""
    roots = {"nl-ects": "ects"}
    return [
        RatioRule(
            name=f"{name}/{rule.rule_id}",
            senders=tuple(Node(party, roots.get(rule.source[0], rule.source[0])) for party in terms.senders),
            receivers=tuple(
                Node(party, roots.get(rule.target[0], rule.target[0])) for party in terms.receivers
            ),
            multiplier=multiplier,
            self_pairs=frozenset(terms.self_pairs),
        )
        for rule in terms.rules
        if (multiplier := rule.multiplier()) is not None
    ]


def put(world: Exchange, name: str, terms: AgreementTerms | None) -> None:
    """An entry on the graph, or off it."""
    context = world.context()
    entry = None if terms is None else ratio_graph.entry_of(context, terms)
    ratio_graph.put_entry(context, (name, 1), entry)


@st.composite
def proposals(draw: st.DrawFn) -> AgreementTerms:
    """Terms between some parties, with one to three rules between their frameworks."""
    senders = draw(st.lists(st.sampled_from(PARTIES), min_size=1, max_size=3, unique=True))
    receivers = draw(st.lists(st.sampled_from(PARTIES), min_size=1, max_size=3, unique=True))
    names = list(FRAMEWORK.values())
    rules = [
        fixed(
            draw(st.sampled_from(RATIOS)),
            draw(st.sampled_from(names)),
            draw(st.sampled_from(names)),
            rule_id=f"r{number}",
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    pairs = tuple(sorted(set(senders) & set(receivers))) if draw(st.booleans()) else ()
    return agreement(" ".join(sorted(senders)), " ".join(sorted(receivers)), *rules, self_pairs=pairs)


Changes = list[tuple[int, AgreementTerms | None]]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.none() | proposals()), max_size=8))
def test_graph_in_state_answers_as_the_whole_graph(changes: Changes) -> None:
    follow(changes)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.none() | proposals()), max_size=8))
def test_the_full_search_answers_the_same(changes: Changes) -> None:
    """Where levels do not settle at once, what is reached is searched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ratio_graph, "CHECK_STEPS", 0)
        follow(changes)


def follow(changes: Changes) -> None:
    """Put entries on the graph and off it, and compare every answer with the whole graph's."""
    world = Exchange()
    kept: dict[str, AgreementTerms] = {}
    for place, terms in changes:
        name = f"a{place}"
        if terms is None:
            put(world, name, None)
            kept.pop(name, None)
            continue
        after = kept | {name: terms}
        edges = [edge for one, each in after.items() for edge in whole(one, each)]
        context = world.context()
        entry = ratio_graph.entry_of(context, terms)
        inflates = find_inflation(edges) is not None
        assert ratio_graph.size_after(context, (name, 1), entry) == graph_size(edges)
        assert (ratio_graph.inflation(context, (name, 1), entry) is not None) == inflates
        if not inflates:
            put(world, name, terms)
            kept = after
    check_size(world, kept)
    check_levels(world, kept)
    for name in kept:
        put(world, name, None)
    check_size(world, {})
    assert all(world.get(RATIO_NODES, party, ROOT[party]) is None for party in PARTIES)


def check_size(world: Exchange, kept: dict[str, Any]) -> None:
    edges = [edge for name, terms in kept.items() for edge in whole(name, terms)]
    size = world.get(RATIO_SIZE) or RatioSize()
    assert size.nodes + size.edges == graph_size(edges)


def check_levels(world: Exchange, kept: dict[str, Any]) -> None:
    """The level of every receiver is at least the ratio times the level of every sender it is paired with."""
    assert not (world.get(RATIO_SIZE) or RatioSize()).unsettled
    for edge in (edge for name, terms in kept.items() for edge in whole(name, terms)):
        for sender, receiver in product(edge.senders, edge.receivers):
            if sender.party != receiver.party or sender.party in edge.self_pairs:
                low, high = (Fraction(world.get(RATIO_NODES, *node).level) for node in (sender, receiver))
                assert high >= edge.multiplier * low


def loop(world: Exchange, back: str) -> tuple[AgreementTerms, AgreementTerms]:
    """Entries ``there`` by 1/2 and ``back``, both on the graph."""
    there = agreement("uu", "bcb", fixed("1/2", "ects"))
    again = agreement("bcb", "uu", fixed(back, "cn-mc", "ects"))
    put(world, "there", there)
    put(world, "back", again)
    return there, again


def test_an_inflating_graph_is_unsettled_until_it_is_empty() -> None:
    """Only where the alliance merely warns does one come about; nothing new hides behind it."""
    world = Exchange()
    loop(world, "3/1")
    assert world.get(RATIO_SIZE).unsettled
    more = ratio_graph.entry_of(world.context(), agreement("bcb", "um", fixed("1/2", "cn-mc", "mqf")))
    assert ratio_graph.inflation(world.context(), ("more", 1), more) is None
    worse = ratio_graph.entry_of(world.context(), agreement("um", "bcb", fixed("3/1", "mqf")))
    ratio_graph.put_entry(world.context(), ("more", 1), more)
    assert ratio_graph.inflation(world.context(), ("worse", 1), worse) is not None
    for name in ("there", "back", "more"):
        put(world, name, None)
    assert world.get(RATIO_SIZE) == RatioSize()


def test_a_change_that_takes_too_long_to_settle_leaves_the_full_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Exchange()
    monkeypatch.setattr(ratio_graph, "SETTLE_STEPS", 0)
    loop(world, "2/1")
    assert world.get(RATIO_SIZE).unsettled
    monkeypatch.undo()
    worse = ratio_graph.entry_of(world.context(), agreement("uu", "bcb", fixed("3/4", "ects")))
    assert ratio_graph.inflation(world.context(), ("worse", 1), worse) is not None


def test_levels_that_grow_too_long_leave_the_full_search(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Exchange()
    monkeypatch.setattr(ratio_levels, "MAX_BITS", 1)
    loop(world, "2/1")
    assert world.get(RATIO_SIZE).unsettled


def test_levels_that_did_not_settle_are_not_kept() -> None:
    world = Exchange()
    loop(world, "3/1")
    assert world.get(RATIO_SIZE).unsettled
    nodes = Node("uu", "ects"), Node("bcb", "cn-mc")
    assert [world.get(RATIO_NODES, *node).level for node in nodes] == ["1/1", "1/1"]


def test_a_search_settles_within_its_bounds_and_gives_up_beyond_them(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Exchange()
    entry = ratio_graph.entry_of(world.context(), agreement("uu", "bcb suny", fixed("3/2", "ects")))
    assert entry is not None

    def settles(steps: int) -> bool:
        return ratio_levels.Levels(world.context(), ("a1", 1), entry).settle(steps)

    assert (settles(2), settles(1)) == (True, False)  # a look at the edge to each of two receivers
    for bits, settled in ((2, True), (1, False)):  # of the level 3/2
        monkeypatch.setattr(ratio_levels, "MAX_BITS", bits)
        assert settles(2) == settled


def test_only_the_best_rule_of_a_pair_of_frameworks_is_a_star() -> None:
    world = Exchange()
    rules = [fixed(ratio, rule_id=name) for name, ratio in (("b", "1/2"), ("c", "3/4"), ("a", "3/4"))]
    entry = ratio_graph.entry_of(world.context(), agreement("uu", "bcb", *rules))
    assert entry is not None
    assert [(star.source, star.target, star.ratio, star.rule) for star in entry.stars] == [
        ("ects", "cn-mc", "3/4", "a")
    ]
    assert entry.rules == 3


def test_without_a_party_nothing_of_it_is_left() -> None:
    world = Exchange()
    terms = agreement("um uu", "bcb uu", fixed(), self_pairs=("uu",))
    entry = ratio_graph.entry_of(world.context(), terms)
    assert entry is not None
    rest = ratio_graph.without(entry, "uu")
    assert (rest.senders, rest.receivers, rest.self_pairs) == (("um",), ("bcb",), ())
    ratio_graph.put_entry(world.context(), ("a1", 1), entry)
    ratio_graph.put_entry(world.context(), ("a1", 1), ratio_graph.without(rest, "bcb"))
    assert world.get(RATIO_SIZE) == RatioSize()
