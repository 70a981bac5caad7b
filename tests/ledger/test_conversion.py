"""Grants, caps and minimums: the vectors, the paper's tables and the laws of rounding (DOMAIN.md 2.3)."""

import json
import math
from collections.abc import Callable
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger import rational
from accord_ledger.conversion import caps, ratio, whole
from accord_ledger.conversion.grant import Grant, check_claimed, check_whole_courses, grant, rounded
from accord_ledger.cycles import Node, RatioRule, find_inflation
from accord_ledger.errors import Rejection

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "conversion_vectors.json"

CREDITS = st.builds(F, st.integers(0, 5000), st.sampled_from([1, 2, 7, 8, 1000]))
RATIOS = st.builds(F, st.integers(1, 200), st.integers(1, 200))
QUANTA = st.sampled_from([F(1), F(1, 2), F(25, 8), F(1, 4)])

Vector = dict[str, Any]


def _exact(vector: Vector) -> F:
    number = {
        key: rational.parse(value)
        for key, value in vector.items()
        if key.endswith(("credits", "credit", "ratio"))
    }
    match vector["kind"]:
        case "hours_ratio":
            pins = number["source_hours_per_credit"], number["target_hours_per_credit"]
            return ratio.hours_ratio(number["source_credits"], *pins)
        case "fixed_ratio":
            return ratio.fixed_ratio(number["source_credits"], number["ratio"])
        case other:
            raise AssertionError(f"no test for vectors of kind {other}")


def _run_conversion(vector: Vector) -> None:
    quantum = rational.parse(vector["target_quantum"])
    result = rounded(_exact(vector), quantum)
    got = [rational.format(part) for part in (result.exact, result.awarded, result.dropped)]
    assert got == [vector["exact"], vector["awarded"], vector["dropped"]]
    try:
        outcome = "ok" if grant(result.exact, quantum) == result else "another grant"
    except Rejection as refused:
        outcome = refused.code
    assert outcome == vector["expect"]


def _run_cap(vector: Vector) -> None:
    shares = [rational.parse(share) for share in vector["shares"]]
    cap = caps.award_cap(rational.parse(vector["total"]), shares, rational.parse(vector["quantum"]))
    assert rational.format(cap) == vector["cap"]


def _run_threshold(vector: Vector) -> None:
    total, share, quantum = (rational.parse(vector[key]) for key in ("total", "share", "quantum"))
    assert rational.format(caps.threshold(total, share, quantum)) == vector["minimum"]


def _run_cycle(vector: Vector) -> None:
    edges = [rational.parse(edge) for edge in vector["edges"]]
    ring = [Node(f"p{index}", "F") for index in range(len(edges))]
    rules = [
        RatioRule(
            name=f"r{index}",
            senders=(ring[index],),
            receivers=(ring[(index + 1) % len(ring)],),
            multiplier=edge,
        )
        for index, edge in enumerate(edges)
    ]
    assert rational.format(math.prod(edges, start=F(1))) == vector["product"]
    found = find_inflation(rules)
    assert ("E_CYCLE_INFLATION" if found else "ok") == vector["expect"]
    if found is not None:
        assert rational.format(found.product) == vector["product"]
        assert found.nodes == tuple(ring)


RUNNERS: dict[str, Callable[[Vector], None]] = {
    "conversion": _run_conversion,
    "caps": _run_cap,
    "thresholds": _run_threshold,
    "cycles": _run_cycle,
}


def test_every_vector() -> None:
    if not VECTORS.is_file():
        pytest.skip(f"no vectors at {VECTORS}")
    sections: dict[str, list[Vector]] = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert set(sections) == {"note", *RUNNERS}
    ran: list[str] = []
    for section, run in RUNNERS.items():
        assert sections[section], f"section {section} is empty"
        for vector in sections[section]:
            run(vector)
            ran.append(vector["id"])
    assert len(ran) == len(set(ran)) == sum(len(sections[section]) for section in RUNNERS)
    assert len(ran) >= 36


def test_float_trap() -> None:
    assert math.floor(45 * 0.7 / 0.5) * 0.5 == 31.0  # what binary floats make of it
    result = grant(ratio.hours_ratio(F(45), F(28), F(40)), F(1, 2))
    assert result == Grant(exact=F(63, 2), awarded=F(63, 2))
    assert result.dropped == 0


def test_four_items_singly_and_as_one() -> None:
    one, quantum = F(25, 8), F(1)
    with pytest.raises(Rejection, match="E_ZERO_CREDIT"):
        grant(ratio.fixed_ratio(one, F(3, 10)), quantum)
    assert grant(ratio.fixed_ratio(4 * one, F(3, 10)), quantum).awarded == 3


@pytest.mark.parametrize(("total", "cap"), [(120, 36), (90, 27), (80, 24), (60, 18), (40, 12)])
def test_prior_learning_table(total: int, cap: int) -> None:
    """DOMAIN.md 1.5 M6: the last credit up to the cap is fine, the next one is refused."""
    assert caps.award_cap(F(total), [F(1), F(3, 10)], F(1)) == cap
    caps.check_cap("E_CAP_AWARD", F(cap - 1), F(1), F(cap))
    with pytest.raises(Rejection, match="E_CAP_AWARD"):
        caps.check_cap("E_CAP_AWARD", F(cap), F(1), F(cap))


def test_no_part_of_a_course() -> None:
    """DOMAIN.md 1.5 M6: 3 credits for a course of 4; what fits exactly is fine, what is left over is not."""
    for exact in (3, 5):
        with pytest.raises(Rejection, match="E_PARTIAL_COURSE"):
            check_whole_courses(grant(F(exact), F(1)), [F(4)], "body.targets")
    check_whole_courses(grant(F(17, 2), F(1)), [F(4), F(4)])


def test_half_of_a_beijing_award() -> None:
    """DOMAIN.md 1.6 N8: award 76, cap 38; at 37, +2 is refused and +1 is not."""
    cap = caps.award_cap(F(76), [F(1), F(1, 2)], F(1, 2))
    assert cap == 38
    with pytest.raises(Rejection) as refused:
        caps.check_cap("E_CAP_AWARD", F(37), F(2), cap, "body.claimed_credits")
    assert refused.value.detail == "expected at most 38 credits, got 37 + 2"
    caps.check_cap("E_CAP_AWARD", F(37), F(1), cap)


def test_least_cap_binds() -> None:
    """DOMAIN.md 4, two agreements: 22 under 1/2, then +1 under 3/10 is refused (23 > 45/2)."""
    cap = caps.award_cap(F(76), [F(1), F(1, 2), F(3, 10)], F(1, 2))
    assert cap == F(45, 2)
    with pytest.raises(Rejection, match="E_CAP_AWARD"):
        caps.check_cap("E_CAP_AWARD", F(22), F(1), cap)


def test_a_cap_needs_a_share() -> None:
    with pytest.raises(ValueError, match="empty"):
        caps.award_cap(F(76), [], F(1))


def test_minimums_round_up() -> None:
    """DOMAIN.md 0.2: half of 9 in residence is 5; caps of the same share round down."""
    assert caps.threshold(F(9), F(1, 2), F(1)) == 5
    assert caps.threshold(F(9), F(1, 2), F(1, 2)) == F(9, 2)
    assert caps.award_cap(F(9), [F(1, 2)], F(1)) == 4


def test_admission_is_short_by_two() -> None:
    minimum = caps.threshold(F(120), F(1, 2), F(1))
    with pytest.raises(Rejection) as refused:
        caps.check_threshold("E_ADMISSION_SHORT", F(58), minimum)
    assert refused.value.code == "E_ADMISSION_SHORT"
    assert refused.value.detail == "2"
    caps.check_threshold("E_ADMISSION_SHORT", F(60), minimum)


def test_substituted_courses_and_their_cap() -> None:
    """DOMAIN.md 1.6 N6: 3 + 4 = 7 is fine, + 2 = 9 exceeds 8 for one certificate."""
    assert grant(whole.course_substitution([F(3), F(4)]), F(1, 2)).awarded == 7
    caps.check_cap("E_CAP_CREDENTIAL", F(0), F(7), F(8))
    with pytest.raises(Rejection, match="E_CAP_CREDENTIAL"):
        caps.check_cap("E_CAP_CREDENTIAL", F(0), whole.course_substitution([F(3), F(4), F(2)]), F(8))
    with pytest.raises(Rejection, match="E_ZERO_CREDIT"):
        grant(whole.course_substitution([]), F(1, 2))


def test_bundle_is_all_or_nothing() -> None:
    """DOMAIN.md 1.4 U3."""
    with pytest.raises(Rejection) as refused:
        whole.check_bundle_count(4, 3)
    assert (refused.value.code, refused.value.detail) == ("E_BUNDLE_INCOMPLETE", "3/4")
    whole.check_bundle_count(4, 4)
    assert whole.bundle_multiplier(4, F(25, 8), F(25, 2)) == 1


@pytest.mark.parametrize(("count", "size"), [(0, F(1)), (-1, F(1)), (1, F(0))])
def test_a_bundle_of_nothing_has_no_multiplier(count: int, size: F) -> None:
    with pytest.raises(Rejection, match="E_VALUE"):
        whole.bundle_multiplier(count, size, F(1))


@pytest.mark.parametrize(("source", "target"), [(F(0), F(40)), (F(28), F(0))])
def test_a_pin_of_no_hours_is_refused(source: F, target: F) -> None:
    with pytest.raises(Rejection, match="E_PIN_OUTSIDE_FRAMEWORK"):
        ratio.hours_ratio(F(1), source, target)


def test_claimed_amount_must_be_the_computed_one() -> None:
    result = grant(ratio.hours_ratio(F(3), F(28), F(40)), F(1, 2))
    check_claimed(result, F(2))
    with pytest.raises(Rejection) as refused:
        check_claimed(result, F(21, 10), "body.claimed_credits")
    assert (refused.value.code, refused.value.path) == ("E_AMOUNT", "body.claimed_credits")


@given(CREDITS, RATIOS, QUANTA)
def test_one_floor_per_recognition(credits_in: F, multiplier: F, quantum: F) -> None:
    """Invariant I3."""
    result = rounded(ratio.fixed_ratio(credits_in, multiplier), quantum)
    assert result.awarded <= result.exact == credits_in * multiplier
    assert (result.awarded / quantum).denominator == 1
    assert 0 <= result.dropped < quantum


@given(st.lists(CREDITS, max_size=6), RATIOS, QUANTA)
def test_splitting_never_yields_more(items: list[F], multiplier: F, quantum: F) -> None:
    """Invariant I10."""
    split = sum((rounded(ratio.fixed_ratio(item, multiplier), quantum).awarded for item in items), F(0))
    assert split <= rounded(ratio.fixed_ratio(sum(items, F(0)), multiplier), quantum).awarded


@given(CREDITS, RATIOS, QUANTA)
def test_the_multiplier_on_the_graph_is_what_is_granted(credits_in: F, pin: F, quantum: F) -> None:
    multiplier = ratio.hours_multiplier(pin, F(40))
    assert rounded(ratio.hours_ratio(credits_in, pin, F(40)), quantum).exact == credits_in * multiplier
