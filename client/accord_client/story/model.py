"""What a story is made of: steps with their evidence, and the names of what could not be proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Evidence = Literal["record", "state", "genesis"]
"""``record``: a record of the log, in its block. ``state``: a proved value says it, and no node names a
record (what falls due by date has none). ``genesis``: the genesis document you pinned holds it."""


@dataclass(frozen=True, slots=True)
class StepSigner:
    """One signature of a record, verified."""

    key_id: bytes
    party: str
    """Empty for the holder of a credential, who has no name."""
    purposes: tuple[str, ...]
    """What the key might sign."""
    compromised_since: int | None = None
    """UTC seconds; as is known today."""

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "key_id": self.key_id.hex(), "party": self.party, "purposes": list(self.purposes),
            "compromised_since": self.compromised_since,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands."""

    index: int
    """Log index, proved by inclusion."""
    height: int
    """Block, proved by its seal."""
    tx_id: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    name: str
    """Kind of the record, or what the state says (``words.STEPS``)."""
    time: int
    """UTC seconds; of a record that of its block."""
    facts: Mapping[str, str]
    """What it says, by names of ``words.FACTS``."""
    evidence: Evidence
    author: str = ""
    signers: tuple[StepSigner, ...] = ()
    place: Place | None = None

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        place = self.place
        return {
            "name": self.name, "time": self.time, "evidence": self.evidence, "author": self.author,
            "facts": dict(self.facts), "signers": [one.to_plain() for one in self.signers],
            "tx_id": place.tx_id.hex() if place else None, "index": place.index if place else None,
            "height": place.height if place else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unproved:
    """A step that is not told, because it could not be proved."""

    name: str
    code: str
    detail: str

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "code": self.code, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Story:
    """One credential."""

    batch_id: bytes
    index: int
    title: Mapping[str, str]
    steps: tuple[Step, ...]
    """In order of time, then of the log."""
    unproved: tuple[Unproved, ...]
    status: str
    """Of now: ``valid``, ``suspended``, ``revoked``, ``replaced``, ``expired`` or ``needs_confirmation``."""
    erased: bool
    live: tuple[str, ...]
    """Receivers whose accounts hold it now."""
    height: int
    """Block that "now" was proved at."""
    time: int

    @property
    def complete(self) -> bool:
        """Whether every step was proved."""
        return not self.unproved

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "batch": self.batch_id.hex(), "index": self.index, "title": dict(self.title),
            "complete": self.complete, "steps": [step.to_plain() for step in self.steps],
            "not_proved": [one.to_plain() for one in self.unproved],
            "now": {
                "status": self.status, "erased": self.erased, "live": list(self.live), "height": self.height,
                "time": self.time,
            },
        }  # fmt: skip
