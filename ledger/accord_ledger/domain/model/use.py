"""Uses of credentials that spend nothing: admission (T29), evidence (T27) and benefits (T32, T33).

None of them touches a credential's row: what was shown here is redeemable for credit afterwards
(DOMAIN.md 0.4), and what was spent before can still be shown.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.domain.model.account import AmountText
from accord_ledger.fields import Count, Digest, Index, ObjectId, Seconds, Slug, Version
from accord_ledger.state import Table

MAX_BENEFIT_PROGRAMMES: Final = 500
"""Programmes one benefit rule names."""

BenefitKind = Literal["wage", "levy_claim"]
"""``wage``: added pay (row C10); ``levy_claim``: fees paid back by a scheme (row M8)."""

Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
"""ISO 4217 code."""


class ShownItem(Wire):
    """One credential that was used without being spent."""

    batch_id: ObjectId
    index: Index


class Evidence(Wire):
    """Credentials shown under a rule ``evidence`` (T27); gives no credit."""

    receiver: Slug
    enrolment: ObjectId
    agreement: tuple[Slug, Version]
    rule: Slug
    items: Annotated[tuple[ShownItem, ...], Meta(min_length=1)]
    at: Seconds
    height: Count


class Admission(Wire):
    """An entitlement to enter an award (T29)."""

    receiver: Slug
    enrolment: ObjectId
    agreement: tuple[Slug, Version]
    rule: Slug
    items: Annotated[tuple[ShownItem, ...], Meta(min_length=1)]
    credits: AmountText
    """What was presented, in source credits."""
    minimum: AmountText
    """What had to be presented."""
    at: Seconds
    height: Count


class BenefitRule(Wire):
    """What an employer body pays for a credential of some programmes (T32)."""

    owner: Slug
    programmes: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=MAX_BENEFIT_PROGRAMMES)]
    """In order, each once; every version of them."""
    kind: BenefitKind
    amount_minor: Count
    """In minor units of the currency."""
    currency: Currency
    range_list: tuple[Slug, Version]
    """List the amount was inside when the rule was made."""
    at: Seconds


class BenefitClaim(Wire):
    """The one claim an employer body has paid for a credential (T33)."""

    rule: ObjectId
    tx_id: Digest
    at: Seconds
    height: Count


EVIDENCE: Table[Evidence] = Table("evidence_use", Evidence)
"""By recognition id."""
ADMISSIONS: Table[Admission] = Table("admission", Admission)
"""By admission id."""
BENEFIT_RULES: Table[BenefitRule] = Table("benefit_rule", BenefitRule)
"""By benefit rule id."""
BENEFIT_CLAIMS: Table[BenefitClaim] = Table("benefit_claim", BenefitClaim)
"""By batch id, index and employer body."""
