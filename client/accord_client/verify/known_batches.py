"""What a verifier of many bundles remembers of their batches: a pattern for each kind of bundle in them.

Bounded in number, and bound to all that verdicts rest on besides the files (pin, time, freshness): where
that has changed everything is forgotten. A batch seen once costs nothing; its second bundle makes a pattern.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from accord_client.bundle import Bundle
from accord_client.verify.batch_pattern import Alike, BatchPattern
from accord_client.verify.bundle_check import Judgement
from accord_client.verify.pattern_making import pattern_of_bundle

MAX_PATTERNS: Final = 32
"""Patterns kept, the last used first; one takes about as much memory as ten bundles."""

MAX_BATCHES: Final = 1024
"""Batches remembered by their ids."""


class KnownBatches:
    """Patterns of the batches seen; not for use by several threads at a time."""

    __slots__ = ("_basis", "_patterns", "_seen")

    def __init__(self) -> None:
        self._basis: tuple[object, ...] = ()
        self._patterns: list[BatchPattern] = []
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def judge(self, data: bytes, basis: tuple[object, ...]) -> Alike | None:
        """The verdict on a file that is like one seen before; None says nothing about it.

        Args:
            data: the file.
            basis: all that verdicts rest on besides the file.
        """
        if basis != self._basis:
            self._basis = basis
            self._patterns.clear()
        for place, pattern in enumerate(self._patterns):
            found = pattern.judge(data)
            if found is not None:
                if place:
                    self._patterns.insert(0, self._patterns.pop(place))
                return found
        return None

    def learn(self, data: bytes, bundle: Bundle, judged: Judgement, at: int) -> None:
        """Remember a bundle that was judged in full on the basis last named.

        Args:
            data: the file.
            bundle: what it holds.
            judged: what was found.
            at: POSIX seconds for which it was judged.
        """
        if judged.facts is None:
            return
        if bundle.batch_id not in self._seen:
            self._seen[bundle.batch_id] = None
            if len(self._seen) > MAX_BATCHES:
                self._seen.popitem(last=False)
            return
        made = pattern_of_bundle(data, bundle, judged, at)
        if made is not None:
            self._patterns.insert(0, made)
            del self._patterns[MAX_PATTERNS:]
