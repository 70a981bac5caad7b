"""Enrolment accounts, the recognitions in them, and reviews of recognitions (DOMAIN.md 2.4 to 2.6).

An account holds sums only; each recognition has a row of its own that says everything needed to take it
back exactly (I2, I13).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, field

from accord_ledger.codec import Wire
from accord_ledger.fields import Code, Count, Digest, Index, ObjectId, RationalText, Seconds, Slug, Version
from accord_ledger.rational import MAX_STATE_DIGITS
from accord_ledger.state import Table

AmountText = Annotated[str, Meta(max_length=2 * MAX_STATE_DIGITS + 1)]
"""A computed rational, read by ``rational.parse_state``: exact sums may outgrow the bounds of a body."""

ACCOUNT_PAGE: Final = 64
"""Live recognitions of an account that share a page."""

ReverseReason = Literal["holder_left", "error", "credential_revoked", "review"]


class AccountAgreement(Wire):
    """An agreement version with live recognitions in an account: its caps bind the account."""

    agreement: tuple[Slug, Version]
    live: Annotated[int, Meta(ge=1, lt=2**31)]


class Enrolment(Wire):
    """One learner's account towards one award; who the learner is stands nowhere."""

    owner: Slug
    """The receiver that runs it."""
    award: tuple[Slug, Version]
    status: Literal["open", "closed"] = "open"
    opened_at: Seconds
    closed_at: Seconds | None = None
    recognised: AmountText = "0/1"
    """Sum of the live recognitions, exact, in the award's credits."""
    by_class: dict[Code, AmountText] = field(default_factory=dict)
    """The part of each cap class."""
    courses: dict[Code, AmountText] = field(default_factory=dict)
    """Credits recognised towards each course of the award."""
    agreements: tuple[AccountAgreement, ...] = ()
    """In order, those with live recognitions."""
    parents: dict[Code, tuple[RationalText, ...]] = field(default_factory=dict)
    """Parent courses of the decoupled items in live recognitions, with the overlap of each item."""
    conferred: ObjectId | None = None
    """Award batch conferred on it, unless that was revoked."""


class RecognisedItem(Wire):
    """One credential a recognition spent."""

    batch_id: ObjectId
    index: Index
    holder: Digest
    """Key id of the holder that signed."""
    credits: RationalText
    """Source credits."""
    parent: tuple[Code, RationalText] | None = None
    """Parent course in this award and overlap, of a decoupled item."""


class Recognition(Wire):
    """One recognition (T27)."""

    receiver: Slug
    enrolment: ObjectId
    agreement: tuple[Slug, Version]
    rule: Slug
    items: Annotated[tuple[RecognisedItem, ...], Meta(min_length=1)]
    targets: tuple[tuple[Code, AmountText], ...] = ()
    """Courses of the award and how much of the amount went to each."""
    cap_class: Code | None = None
    exact: AmountText
    awarded: AmountText
    """``exact`` rounded down once."""
    dropped: AmountText
    """What the rounding took."""
    at: Seconds
    height: Count
    status: Literal["live", "reversed"] = "live"
    reversed_at: Seconds | None = None
    reason: ReverseReason | None = None
    place: Count = 0
    """Its place among the live recognitions of the account."""
    stacked_into: ObjectId | None = None
    """Award batch that counted it last; it rests on this one unless the award was revoked."""


class AccountPage(Wire):
    """Live recognitions of an account, one page of them."""

    recognitions: Annotated[tuple[ObjectId, ...], Meta(min_length=1, max_length=ACCOUNT_PAGE)]


class Review(Wire):
    """The newest review of a recognition (DOMAIN.md 2.6)."""

    opened_at: Seconds
    deadline: Seconds
    status: Literal["open", "upheld", "reversed"] = "open"
    closed_at: Seconds | None = None


class ConsentUse(Wire):
    """Where a consent was used: each once."""

    by: ObjectId
    """Recognition, admission or claim."""


ENROLMENTS: Table[Enrolment] = Table("enrolment", Enrolment, busy=True)
"""By enrolment id."""
ACCOUNT_PAGES: Table[AccountPage] = Table("account_page", AccountPage, busy=True)
"""By enrolment id and page."""
RECOGNITIONS: Table[Recognition] = Table("recognition", Recognition, busy=True)
"""By recognition id."""
REVIEWS: Table[Review] = Table("review", Review)
"""By recognition id."""
CONSENTS: Table[ConsentUse] = Table("consent", ConsentUse)
"""By consent hash."""
