"""Rationals have one spelling, and the bounds of bodies hold (DOMAIN.md 2.2)."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger import rational
from accord_ledger.errors import DecodeError, Rejection

BODY = st.builds(
    Fraction,
    st.integers(0, rational.MAX_NUMERATOR),
    st.integers(1, rational.MAX_DENOMINATOR),
)
STATE = st.builds(Fraction, st.integers(0, 10**60), st.integers(1, 10**60))
POSITIVE = st.builds(Fraction, st.integers(1, 1000), st.integers(1, 1000))

OTHER_SPELLINGS = [
    "", "/", "3", "3/", "/3", "2/4", "0/2", "1/0", "0/0", "03/1", "3/01", "00/1", "+1/1", "-1/1", "1/-1", "3//1",
    " 3/1", "3/1 ", "3 /1", "3/1\n", "\n3/1", "3/1\x00", "1e3/1", "1_0/1", "0x1/1", "3.0/1", "3/1/1",
    "٣/1", "\uff13/1", "³/1", "3∕1", "3÷1", "½", "NaN", "inf/1",
]  # fmt: skip


@given(BODY)
def test_text_and_number_are_one_to_one(value: Fraction) -> None:
    text = rational.format(value)
    assert rational.parse(text) == value
    assert rational.parse_state(text) == value
    assert rational.format(rational.parse(text)) == text


@given(STATE)
def test_state_holds_larger_numbers(value: Fraction) -> None:
    assert rational.parse_state(rational.format(value)) == value


@pytest.mark.parametrize("text", OTHER_SPELLINGS)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(Rejection) as refused:
        rational.parse(text, "body.credits")
    assert (refused.value.code, refused.value.path) == ("E_NUMBER", "body.credits")
    with pytest.raises(DecodeError) as damaged:
        rational.parse_state(text)
    assert damaged.value.code == "RATIONAL_FORM"


@given(st.text(alphabet="0123456789/+- _.e\n٣", max_size=24))
def test_whatever_parses_is_spelled_that_way(text: str) -> None:
    with suppress(Rejection):
        assert rational.format(rational.parse(text)) == text


def test_bounds_of_a_body_are_inclusive() -> None:
    assert rational.parse("1000000000000/1") == 10**12
    assert rational.parse("1/1000000") == Fraction(1, 10**6)
    assert rational.parse("0/1") == 0


@pytest.mark.parametrize(
    "text", ["1000000000001/1", "1/1000001", "9999999999999/1", "1/9999999", "1" * 60_000 + "/1"]
)
def test_number_bombs_are_refused_in_a_body(text: str) -> None:
    with pytest.raises(Rejection, match="E_NUMBER"):
        rational.parse(text)


def test_state_stops_at_its_digits() -> None:
    longest = Fraction(10**rational.MAX_STATE_DIGITS - 1)
    assert rational.parse_state(f"{'9' * rational.MAX_STATE_DIGITS}/1") == longest
    with pytest.raises(DecodeError):
        rational.parse_state(f"1{'0' * rational.MAX_STATE_DIGITS}/1")
    with pytest.raises(ValueError, match="4000 digits"):
        rational.format(Fraction(10**rational.MAX_STATE_DIGITS))
    with pytest.raises(ValueError, match="negative"):
        rational.format(Fraction(-1, 2))


def test_every_formatted_number_parses_up_to_the_limit() -> None:
    value = Fraction(2**13_287 - 1, 2**13_286)
    assert rational.parse_state(rational.format(value)) == value


def test_messages_stay_short() -> None:
    assert rational.shown(Fraction(63, 2)) == "63/2"
    assert rational.shown(Fraction(2**200_000, 3)) == "a fraction of 200001-bit numbers"


@given(STATE, POSITIVE)
def test_floor_and_ceiling_are_the_nearest_multiples(value: Fraction, quantum: Fraction) -> None:
    low, high = rational.floor_to(value, quantum), rational.ceil_to(value, quantum)
    assert (low / quantum).denominator == (high / quantum).denominator == 1
    assert low <= value <= high
    assert value - low < quantum
    assert high - value < quantum
    assert (low == high) == ((value / quantum).denominator == 1)


@pytest.mark.parametrize("quantum", [Fraction(0), Fraction(-1, 2)])
def test_a_quantum_is_above_zero(quantum: Fraction) -> None:
    with pytest.raises(ValueError, match="quantum above 0"):
        rational.floor_to(Fraction(1), quantum)
    with pytest.raises(ValueError, match="quantum above 0"):
        rational.ceil_to(Fraction(1), quantum)
