"""Conferred awards and their reviews (DOMAIN.md 2.4 T30 and T31, 2.6).

An award is a batch of one credential. What it is made of stands here: its own components by name, and
how much of it was recognised; which recognitions those are, each recognition says itself.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.domain.model.account import AmountText
from accord_ledger.fields import Digest, Index, ObjectId, RationalText, Seconds
from accord_ledger.state import Table

MAX_COMPONENTS: Final = 60
"""Own components of one award: each needs a signature of its holder, and a record carries 128."""

MAX_DEPTH: Final = 8
"""Awards stacked upon awards, at most so deep: what follows a credential upwards does bounded work."""

ReviewEffect = Literal["reverse", "review"]
AwardStatus = Literal["conferred", "suspended", "revoked"]


class Component(Wire):
    """One credential of the conferring party that the award is stacked from."""

    batch_id: ObjectId
    index: Index
    holder: Digest
    """Key id of the holder that signed."""
    credits: RationalText
    """What it counts: its programme's credits, or what it redeems if it is an award itself."""


class Award(Wire):
    """One conferred award."""

    enrolment: ObjectId
    components: Annotated[tuple[Component, ...], Meta(max_length=MAX_COMPONENTS)]
    redeemable: RationalText
    """Sum of the own components: what the award's credential is worth elsewhere (DOMAIN.md 0.3)."""
    recognised: AmountText
    """Sum of the recognitions it rests on; counts 0 elsewhere."""
    status: AwardStatus = "conferred"
    """``suspended``: something it rests on was reversed; only a decision (T31) lifts that."""
    since: Seconds
    """Since when it has this status, or these components."""
    depth: Annotated[int, Meta(ge=1, le=MAX_DEPTH)] = 1
    """One more than the deepest of its components that are awards: above every one of them."""


class AwardReview(Wire):
    """The newest review of an award (DOMAIN.md 2.6)."""

    effect: ReviewEffect
    """``reverse``: the award is suspended and cannot be upheld as it is."""
    opened_at: Seconds
    deadline: Seconds
    status: Literal["open", "upheld", "restacked", "revoked"] = "open"
    closed_at: Seconds | None = None
    was_suspended: bool = False
    """Its credential was suspended by the issuer (T17) before the review did it."""


AWARDS: Table[Award] = Table("award", Award)
"""By award batch id."""
AWARD_REVIEWS: Table[AwardReview] = Table("award_review", AwardReview)
"""By award batch id."""
