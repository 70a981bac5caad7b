"""Exact rationals: one spelling per number, no binary floats anywhere (DOMAIN.md 2.2).

On the wire and in state a rational is the text ``"n/d"`` in lowest terms with d > 0, without sign and
without leading zeros, so zero is ``"0/1"`` and three is ``"3/1"``. In a body n and d are bounded; sums
and products kept in state may be larger. ``parse_state(format(x)) == x`` for every value this module
accepts, and no two texts mean the same number.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import gcd
from typing import Final

from accord_ledger.errors import DecodeError, Rejection

MAX_NUMERATOR: Final = 10**12
"""Largest numerator in a body (DOMAIN.md 2.2)."""

MAX_DENOMINATOR: Final = 10**6
"""Largest denominator in a body (DOMAIN.md 2.2)."""

MAX_STATE_DIGITS: Final = 4_000
"""Most digits of either part in state: far above any sum of the numbers that fit in one log entry, and
below the length at which Python's own conversion of text to integers may be switched off (4,300)."""

_MAX_BODY_TEXT: Final = len(f"{MAX_NUMERATOR}/{MAX_DENOMINATOR}")
_FORM: Final = re.compile(
    rf"(0|[1-9][0-9]{{0,{MAX_STATE_DIGITS - 1}}})/([1-9][0-9]{{0,{MAX_STATE_DIGITS - 1}}})"
)


def _read(text: str) -> Fraction | None:
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    numerator, denominator = int(match[1]), int(match[2])
    return Fraction(numerator, denominator) if gcd(numerator, denominator) == 1 else None


# Only texts of body length reach the cache, so a stranger cannot fill it with long ones.
_read_short = lru_cache(maxsize=8192)(_read)


def parse(text: str, path: str = "") -> Fraction:
    """The number a body spells as ``text``.

    Args:
        text: the wire form, at most 10**12 over 10**6.
        path: where it stands, for the rejection.

    Raises:
        Rejection: ``E_NUMBER``: another spelling, or a part out of bounds.
    """
    value = _read_short(text) if len(text) <= _MAX_BODY_TEXT else None
    if value is None or value.numerator > MAX_NUMERATOR or value.denominator > MAX_DENOMINATOR:
        raise Rejection(
            "E_NUMBER", f"expected n/d in lowest terms, n <= 10^12, d <= 10^6, got {text[:40]!a}", path=path
        )
    return value


def parse_state(text: str) -> Fraction:
    """The number that state holds as ``text``, at most ``MAX_STATE_DIGITS`` digits a part.

    Raises:
        DecodeError: ``RATIONAL_FORM``: not the one spelling of a number.
    """
    value = _read_short(text) if len(text) <= _MAX_BODY_TEXT else _read(text)
    if value is None:
        raise DecodeError("RATIONAL_FORM", f"expected n/d in lowest terms, got {text[:40]!a}")
    return value


def format(value: Fraction) -> str:  # noqa: A001 - the opposite of parse, always called as rational.format
    """The one spelling of a number.

    Raises:
        ValueError: negative, or longer than state allows; a programmer's error, since neither can come
            of adding and multiplying the numbers of a body.
    """
    if value < 0:
        raise ValueError(f"expected no negative number, got {value!r}")
    # An integer of b bits has at most b * 0.30103 + 1 digits; 10**4000 has 13,288 bits.
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > 13_287:
        raise ValueError(f"expected at most {MAX_STATE_DIGITS} digits in each part")
    return f"{value.numerator}/{value.denominator}"


def shown(value: Fraction) -> str:
    """The number for people, in messages: short, however long the exact one is."""
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    return str(value) if bits <= 128 else f"a fraction of {bits}-bit numbers"


def floor_to(value: Fraction, quantum: Fraction) -> Fraction:
    """The largest multiple of ``quantum`` (> 0) that is not above ``value``."""
    _check_quantum(quantum)
    return value // quantum * quantum


def ceil_to(value: Fraction, quantum: Fraction) -> Fraction:
    """The smallest multiple of ``quantum`` (> 0) that is not below ``value``."""
    _check_quantum(quantum)
    return -(-value // quantum) * quantum


def _check_quantum(quantum: Fraction) -> None:
    if quantum <= 0:
        raise ValueError(f"expected a quantum above 0, got {quantum!r}")
