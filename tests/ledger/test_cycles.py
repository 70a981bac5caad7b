"""The inflation check against brute force over all pairs and all simple cycles (DOMAIN.md 2.3, I6)."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction as F
from itertools import product as combinations
from math import prod
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger import cycles
from accord_ledger.cycles import Cycle, Node, RatioRule, find_inflation
from accord_ledger.errors import Rejection
from ratio_size import graph_size

A, B, C, D = (Node(party, "F") for party in ("a", "b", "c", "d"))

Edges = dict[tuple[Node, Node], F]


def rule(
    name: str, senders: Sequence[Node], receivers: Sequence[Node], multiplier: F, *pairs: str
) -> RatioRule:
    return RatioRule(
        name=name,
        senders=tuple(senders),
        receivers=tuple(receivers),
        multiplier=multiplier,
        self_pairs=frozenset(pairs),
    )


def pairs_of(one: RatioRule) -> Iterator[tuple[Node, Node]]:
    for sender, receiver in combinations(one.senders, one.receivers):
        if sender.party != receiver.party or sender.party in one.self_pairs:
            yield sender, receiver


def expanded(rules: Sequence[RatioRule]) -> Edges:
    best: Edges = {}
    for one in rules:
        for pair in pairs_of(one):
            best[pair] = max(best.get(pair, F(0)), one.multiplier)
    return best


def best_simple_cycle(edges: Edges) -> F:
    """The highest product of any simple cycle, by trying them all from their least node."""
    follow: dict[Node, list[tuple[Node, F]]] = {}
    for (source, target), multiplier in edges.items():
        follow.setdefault(source, []).append((target, multiplier))

    def walk(start: Node, node: Node, seen: frozenset[Node], so_far: F) -> F:
        best = F(0)
        for after, multiplier in follow.get(node, []):
            if after == start:
                best = max(best, so_far * multiplier)
            elif after > start and after not in seen:
                best = max(best, walk(start, after, seen | {after}, so_far * multiplier))
        return best

    return max((walk(start, start, frozenset({start}), F(1)) for start in follow), default=F(0))


def check_found(found: Cycle, rules: Sequence[RatioRule]) -> None:
    """The answer itself proves the verdict: real pairs of real rules, each node once, product above 1."""
    by_name = {one.name: one for one in rules}
    onward = [*found.nodes[1:], found.nodes[0]]
    for source, target, name in zip(found.nodes, onward, found.rules, strict=True):
        assert (source, target) in set(pairs_of(by_name[name]))
    assert len(set(found.nodes)) == len(found.nodes)
    assert found.nodes[0] == min(found.nodes)
    assert found.product == prod((by_name[name].multiplier for name in found.rules), start=F(1)) > 1


NODES = st.builds(Node, st.sampled_from("abcd"), st.sampled_from("FG"))
# Around 1, with partners whose products hit 1 exactly, miss it by a hair, and cancel over three hops.
MULTIPLIERS = st.sampled_from(
    [
        *(F(1), F(7, 10), F(10, 7), F(8, 5), F(5, 8), F(2), F(1, 2), F(3, 5), F(8, 9), F(15, 8)),
        *(F(999_999, 10**6), F(10**6, 999_999), F(10**6 + 1, 10**6), F(10**12), F(1, 10**12), F(0)),
    ]
)


@st.composite
def rule_sets(draw: st.DrawFn) -> list[RatioRule]:
    sides = st.lists(NODES, min_size=1, max_size=3)
    return [
        rule(
            f"r{index}",
            draw(sides),
            draw(sides),
            draw(MULTIPLIERS),
            *draw(st.sets(st.sampled_from("abcd"), max_size=2)),
        )
        for index in range(draw(st.integers(0, 6)))
    ]


@st.composite
def crowded_rule_sets(draw: st.DrawFn) -> list[RatioRule]:
    """Few parties on both sides of most rules, so that own senders hide those of others."""
    sides = st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=3, unique=True)
    factors = st.sampled_from([F(2), F(2, 3), F(1, 2), F(3, 4), F(1, 10)])
    return [
        rule(f"r{index}", draw(sides), draw(sides), draw(factors)) for index in range(draw(st.integers(2, 5)))
    ]


def check_by_brute_force(rules: list[RatioRule]) -> None:
    found = find_inflation(rules)
    assert (found is not None) == (best_simple_cycle(expanded(rules)) > 1)
    if found is not None:
        check_found(found, rules)


@settings(max_examples=300)
@given(rule_sets() | crowded_rule_sets())
def test_agrees_with_brute_force(rules: list[RatioRule]) -> None:
    check_by_brute_force(rules)


@pytest.mark.campaign
@settings(max_examples=5000, deadline=None)
@given(rule_sets() | crowded_rule_sets())
def test_agrees_with_brute_force_on_many(rules: list[RatioRule]) -> None:
    check_by_brute_force(rules)


@settings(max_examples=100)
@given(rule_sets(), st.randoms(use_true_random=False))
def test_order_of_the_input_does_not_matter(rules: list[RatioRule], random: Random) -> None:
    shuffled = [
        rule(
            one.name,
            random.sample(one.senders, len(one.senders)),
            one.receivers[::-1],
            one.multiplier,
            *one.self_pairs,
        )
        for one in random.sample(rules, len(rules))
    ]
    assert find_inflation(shuffled) == find_inflation(rules)


@settings(max_examples=200)
@given(rule_sets(), st.integers(0, 6))
def test_changed_rules_suffice_when_nothing_inflated_before(rules: list[RatioRule], old: int) -> None:
    if find_inflation(rules[:old]) is None:
        changed = [one.name for one in rules[old:]]
        assert (find_inflation(rules, changed=changed) is None) == (find_inflation(rules) is None)


def test_only_components_of_changed_rules_are_searched() -> None:
    inflating = [rule("ab", [A], [B], F(2)), rule("ba", [B], [A], F(1))]
    bridge = [rule("bc", [B], [C], F(9))]
    fair = [rule("cd", [C], [D], F(2)), rule("dc", [D], [C], F(1, 2))]
    assert find_inflation(inflating + bridge + fair, changed={"cd", "bc"}) is None
    assert find_inflation(inflating + bridge + fair, changed={"ab"}) is not None


def test_scenario_step_5() -> None:
    uu, bcb = Node("uu", "ECTS"), Node("bcb", "CN-MC")
    a1 = rule("A1", [uu], [bcb], F(28, 40))
    assert find_inflation([a1, rule("back", [bcb], [uu], F(40, 28))]) is None
    found = find_inflation([a1, rule("back", [bcb], [uu], F(40, 25))])
    assert found == Cycle((bcb, uu), ("back", "A1"), F(28, 25))
    assert str(found) == "bcb/CN-MC -> uu/ECTS -> bcb/CN-MC = 28/25"


def test_a_party_is_not_its_own_receiver_unless_listed() -> None:
    both = [A, Node("a", "G")]
    assert find_inflation([rule("r", both, both, F(3))]) is None
    found = find_inflation([rule("r", both, both, F(3), "a")])
    assert found is not None
    assert found.product >= 3
    assert find_inflation([rule("r", [A], [A], F(1), "a")]) is None


def test_a_shared_rule_inflates_through_another_party() -> None:
    """a -> r -> a is no edge, yet a -> r -> b -> s -> a goes through the same rule."""
    shared = rule("r", [A], [A, B], F(2))
    assert find_inflation([shared]) is None
    assert find_inflation([shared, rule("s", [B], [A], F(1, 2))]) is None
    found = find_inflation([shared, rule("s", [B], [A], F(2, 3))])
    assert found == Cycle((A, B), ("r", "s"), F(4, 3))


@pytest.mark.parametrize(("own", "other"), [(A, B), (B, A)])
def test_an_own_sender_does_not_hide_another(own: Node, other: Node) -> None:
    """Both send to ``own``, which counts most from the start or once it rose; only ``other`` reaches it."""
    rules = [rule("r", [A, B], [own], F(2)), rule("s", [own], [other], F(2, 3))]
    assert find_inflation(rules) == Cycle((A, B), ("r", "s") if other == A else ("s", "r"), F(4, 3))


def test_a_sender_overtaken_by_the_receivers_own_still_counts() -> None:
    """B is worth most thanks to C before the rule is looked at; A, seen first, must not be forgotten."""
    rules = [
        rule("q", [C], [B], F(5)),
        rule("r", [A, B], [B], F(2)),
        rule("s", [B], [A], F(2, 3)),
        rule("t", [B], [C], F(1, 10)),
    ]
    assert find_inflation(rules) == Cycle((A, B), ("r", "s"), F(4, 3))


def test_the_best_of_the_others_is_passed_on() -> None:
    rules = [
        rule("r", [A, B, C], [A], F(2)),
        rule("s", [A], [C], F(2, 3)),
        rule("t", [A], [B], F(1, 100)),
    ]
    assert find_inflation(rules) == Cycle((A, C), ("s", "r"), F(4, 3))


def test_mesh_at_par_is_fine_and_above_it_is_not() -> None:
    mesh = [Node(f"p{index:02d}", "F") for index in range(50)]
    assert find_inflation([rule("mesh", mesh, mesh, F(1))]) is None
    found = find_inflation([rule("mesh", mesh, mesh, F(10**6 + 1, 10**6))])
    assert found is not None
    assert found.product == F(10**6 + 1, 10**6) ** len(found.nodes)


def test_size_counts_ends_of_rules() -> None:
    mesh = [Node(f"p{index:02d}", "F") for index in range(50)]
    assert graph_size([rule("mesh", mesh, mesh, F(1))]) == 150
    assert graph_size([rule("one", mesh, mesh, F(1)), rule("two", mesh, mesh, F(1))]) == 250
    assert graph_size([rule("twice", [A, A], [B], F(1))]) == 4
    assert graph_size([]) == 0


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="r twice"):
        find_inflation([rule("r", [A], [B], F(1)), rule("r", [B], [A], F(1))])
    with pytest.raises(ValueError, match="at least 0"):
        find_inflation([rule("r", [A], [B], F(-1))])
    assert find_inflation([rule("none", [], [B], F(2)), rule("back", [B], [], F(2))]) is None


def test_no_difference_is_too_small() -> None:
    """Products apart from 1 by less than floating point can tell."""
    big = 10**18
    there = rule("there", [A], [B], F(big + 1, big))
    assert find_inflation([there, rule("back", [B], [A], F(big, big + 1))]) is None
    assert find_inflation([there, rule("back", [B], [A], F(big + 1, big + 2))]) is not None
    assert find_inflation([there, rule("back", [B], [A], F(big - 1, big))]) is None


def ring(size: int, last: F) -> list[RatioRule]:
    """Exact and laborious: the ring's product is ``last``, its values need ``size`` long factors."""
    nodes = [Node(f"p{index:04d}", "F") for index in range(size)]
    factors = [F(10**6 + 3 * index + 1, 10**6 + 3 * index + 2) for index in range(size - 1)]
    multipliers = [*factors, last / prod(factors, start=F(1))]
    return [rule(f"r{i:04d}", [nodes[i]], [nodes[(i + 1) % size]], multipliers[i]) for i in range(size)]


def test_a_long_ring_of_exactly_one_is_told_from_one_above() -> None:
    assert find_inflation(ring(60, F(1))) is None
    found = find_inflation(ring(60, F(10**40 + 1, 10**40)))
    assert found is not None
    assert found.product == F(10**40 + 1, 10**40)
    assert len(found.nodes) == 60
    assert "-> (48 more) -> p0000/F = " in str(found)


def ladder(size: int, rules: int) -> list[RatioRule]:
    """Longest ways are best, numbered so that each round settles few nodes: made to be slow."""
    order = [place for low in range(size // 2) for place in (low, size - 1 - low)]
    node = [Node(f"p{place:04d}", "F") for place in order]
    steps = [(i, i + 1) for i in range(size - 1)]
    jumps = [(i, j) for i in range(size) for j in range(i + 2, min(size, i + 2 + rules // size))]
    up = F(10**6, 10**6 - 1)
    made = [
        rule(f"{node[i].party}.{j}", [node[i]], [node[j]], up if j == i + 1 else F(1))
        for i, j in steps + jumps
    ]
    return [*made, rule("down", [node[-1]], [node[0]], F(1, 2))]


def test_labour_is_bounded() -> None:
    with pytest.raises(Rejection, match="E_WEIGHT"):
        find_inflation(ladder(1000, 6000))
    with pytest.raises(Rejection, match="E_WEIGHT"):
        find_inflation(ring(2500, F(1)))


def alliance(parties: int, rules: int, seed: int) -> list[RatioRule]:
    """Pinned hours between random parties: every cycle has product 1 or a little less."""
    random = Random(seed)
    pins = {"ECTS": F(28), "CN-MC": F(40), "US-SCH": F(85, 2), "MQF": F(40)}
    nodes = [Node(f"p{index:03d}", random.choice(list(pins))) for index in range(parties)]
    made = []
    for index in range(rules):
        source, target = random.sample(nodes, 2)
        loss = random.choice([F(1), F(1), F(9, 10), F(99, 100)])
        multiplier = pins[source.framework] / pins[target.framework] * loss
        made.append(rule(f"r{index:05d}", [source], [target], multiplier))
    return made


def test_an_alliance_takes_a_fraction_of_the_allowed_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = alliance(200, 5000, 1)
    monkeypatch.setattr(cycles, "MAX_STEPS", 0)
    monkeypatch.setattr(cycles, "MAX_ROUNDS", 4)
    assert find_inflation(rules) is None
    last = rule("z", rules[0].receivers, rules[0].senders, 1 / rules[0].multiplier * F(10**6 + 1, 10**6))
    found = find_inflation([*rules, last], changed={"z"})
    assert found is not None
    check_found(found, [*rules, last])


def test_an_alliance_is_checked_in_no_time() -> None:
    rules = alliance(200, 5000, 2)
    start = time.process_time()
    assert find_inflation(rules) is None
    assert time.process_time() - start < 1.0  # about 0.04 s alone; the slack is for crowded machines


IN_ANOTHER_PROCESS = """
import runpy, sys
tests = runpy.run_path(sys.argv[1])
rules = tests["alliance"](30, 200, 3)
back = [tests["rule"]("z" + one.name, one.receivers, one.senders, 2 / one.multiplier) for one in rules]
print(tests["find_inflation"]([*rules, *back]))
"""


def test_hash_seed_does_not_matter() -> None:
    answers = set()
    for seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", IN_ANOTHER_PROCESS, __file__]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        answers.add(done.stdout)
    assert len(answers) == 1
    assert " = " in answers.pop()
