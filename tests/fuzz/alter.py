"""Altering good bytes: the inputs a decoder meets when somebody wants to break it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

INTERESTING = (
    b"",
    b"\x00",
    b"\xff",
    b"\xc1",
    b"\xdc\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\n",
    b"\n\n",
    b'"',
    b"[" * 40,
    b"{}",
)


@st.composite
def altered(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """A sample with up to four alterations, or bytes made up."""
    if not samples or draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=400))
    data = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, 4))):
        data = _once(draw, data, samples)
    return data


def _once(draw: st.DrawFn, data: bytes, samples: Sequence[bytes]) -> bytes:
    at = draw(st.integers(0, len(data)))
    end = min(len(data), at + draw(st.integers(0, 40)))
    match draw(st.integers(0, 5)):
        case 0:  # one byte
            return data[:at] + draw(st.binary(min_size=1, max_size=1)) + data[at + 1 :]
        case 1:  # cut short
            return data[:at]
        case 2:  # something inserted
            return data[:at] + draw(st.sampled_from(INTERESTING) | st.binary(max_size=8)) + data[at:]
        case 3:  # a part twice
            return data[:end] + data[at:end] + data[end:]
        case 4:  # a part gone
            return data[:at] + data[end:]
        case _:  # the rest of another sample
            other = draw(st.sampled_from(samples))
            return data[:at] + other[draw(st.integers(0, len(other))) :]
