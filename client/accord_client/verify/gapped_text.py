"""A text with gaps: what two files have in common, and what stands where they differ.

Made with *marks*: values that stand in the gaps of a text while it is written. Another text fits if it is
the same, byte for byte, outside the gaps; what stands in them is found in one pass and judged elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final

HASH_DIGITS: Final = 64
"""Length of a hash in hex."""


class Gap(Enum):
    """What stands in a gap, and the text that ends it; a hash has its length instead."""

    HASH = b""
    TEXT = b'"'
    NUMBER = b","
    PATH = b'"\n ]'


@dataclass(frozen=True, slots=True)
class GappedText:
    """Made by :meth:`Marks.cut`."""

    steps: tuple[tuple[bytes, int, bytes, int], ...]
    """Text before each gap and its length, what ends the gap (nothing: it has the length of a hash), its number."""
    rest: bytes
    """Text after the last gap."""

    def first(self, data: bytes) -> bytes:
        """What stands in the first gap of the text, which is quickly found; nothing for other text before it."""
        text, size, ends, _ = self.steps[0]
        if not data.startswith(text):
            return b""
        return data[size : data.find(ends, size) if ends else size + HASH_DIGITS]

    def split(self, data: bytes) -> list[bytes] | None:
        """What stands in the gaps, by number; None for other text around them."""
        found, at = [b""] * len(self.steps), 0
        for text, size, ends, number in self.steps:
            if not data.startswith(text, at):
                return None
            at += size
            end = data.find(ends, at) if ends else at + HASH_DIGITS
            if end < at:
                return None
            found[number] = data[at:end]
            at = end
        same = len(data) - at == len(self.rest) and data.endswith(self.rest)
        return found if same else None


class Marks:
    """Values that stand in gaps while a text is written, in the order of their numbers."""

    def __init__(self) -> None:
        self._kinds: list[Gap] = []

    def mark(self, kind: Gap) -> bytes:
        """A new mark: 32 bytes; as text, their hex."""
        self._kinds.append(kind)
        return _mark(len(self._kinds) - 1)

    def cut(self, text: bytes) -> GappedText | None:
        """The text around the marks; None if they do not stand there once each."""
        numbers = {_mark(number).hex().encode(): number for number in range(len(self._kinds))}
        parts = re.split(b"(" + b"|".join(numbers) + b")", text)
        order: Sequence[int] = [numbers[mark] for mark in parts[1::2]]
        if sorted(order) != list(range(len(numbers))):
            return None
        steps = [
            (part, len(part), self._kinds[number].value, number)
            for part, number in zip(parts[::2], order, strict=False)
        ]
        return GappedText(tuple(steps), parts[-1])


def _mark(number: int) -> bytes:
    return sha256(b"accord/bundle-gap/v1\x00%d" % number).digest()
