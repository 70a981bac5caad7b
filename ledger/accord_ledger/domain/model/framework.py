"""Credit frameworks, level maps, jurisdiction profiles and lists (DOMAIN.md 2.3): data, never code."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.fields import Code, LanguageMap, RationalText, Seconds, Slug, Version
from accord_ledger.state import Table

Level = Annotated[int, Meta(ge=0, le=20)]
HourKind = Literal["notional", "contact", "none"]
Owner = Annotated[str, Meta(pattern=r"^(?:alliance|[A-Z]{2})\Z")]
"""A country code, or ``alliance``."""

ProfileOwner = Annotated[str, Meta(pattern=r"^(?:[A-Z]{2}|[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)\Z")]
"""A country code, ``alliance``, or a party id."""


class FrameworkTerms(Wire):
    """What a framework says; the body of T05 and what state keeps are the same."""

    framework_id: Slug
    version: Version
    country: Owner
    unit: LanguageMap
    hour_kind: HourKind
    hours_min: RationalText | None = None
    """Hours of learning per credit, lower bound; None when ``hour_kind`` is none."""
    hours_max: RationalText | None = None
    quantum: RationalText
    """Smallest step of credit."""
    levels: tuple[Level, Level] | None = None
    mc_credits: tuple[RationalText, RationalText] | None = None
    """Usual size of a micro-credential (soft: a warning)."""
    parent: tuple[Slug, Version] | None = None
    """Framework this one narrows (never widens)."""


class Framework(Wire):
    """A framework in state, immutable."""

    terms: FrameworkTerms
    root: tuple[Slug, Version]
    """The framework at the top of its parents: NL-ECTS folds into ECTS."""
    defined_at: Seconds = 0
    definers: tuple[Slug, ...] = ()
    """Parties that signed the definition."""


class LevelMap(Wire):
    """Levels of one framework that correspond to levels of another; directed."""

    levels: tuple[tuple[Level, Level], ...]


class ApprovalPolicy(Wire):
    """Which approvals (T08) a programme needs: all of some, any of others."""

    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()


class ProfileTerms(Wire):
    """A jurisdiction profile (T39): everything a country asks of a programme, as data."""

    profile_id: Slug
    version: Version
    owner: ProfileOwner
    """Country, ``alliance``, or the credit bank whose profile it is."""
    required: tuple[str, ...] = ()
    """Fields of T07 that must be present."""
    approval_credit: ApprovalPolicy = ApprovalPolicy()
    approval_noncredit: ApprovalPolicy = ApprovalPolicy()
    accreditation: bool = False
    """Issuing needs accreditation in force."""
    registries: tuple[Code, ...] = ()
    """Registries whose grants count; empty: any."""
    credits: tuple[RationalText, RationalText] | None = None
    """Hard range of credits."""
    hours: tuple[RationalText, RationalText] | None = None
    """Hard range of total hours."""
    gates: tuple[Literal["practice", "projects", "hours_claim", "assessed"], ...] = ()
    annual: bool = False
    """DOMAIN.md 2.8 applies."""
    award_cap: RationalText | None = None


class ListEntry(Wire):
    """One entry of a list: its code, and what the list says about it."""

    code: Code
    values: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(max_length=16)] = ()
    """What a value means follows from the name of the list; the same for all of its entries."""


class ListTerms(Wire):
    """A closed list (T40): sectors, fields, skill areas, refusal reasons, benefit ranges ..."""

    list_id: Slug
    version: Version
    owner: Owner
    entries: Annotated[tuple[ListEntry, ...], Meta(max_length=2000)]


class Head(Wire):
    """The newest version of something versioned."""

    version: Version


class ProfileRef(Wire):
    """One version of a profile."""

    profile: tuple[Slug, Version]


BANK_PROFILES: Table[ProfileRef] = Table("bank_profile", ProfileRef)
"""The newest profile of a credit bank, by party id: its ``award_cap`` binds its members' awards."""
FRAMEWORKS: Table[Framework] = Table("framework", Framework)
"""By framework id and version."""
FRAMEWORK_HEADS: Table[Head] = Table("framework_head", Head)
"""By framework id."""
LEVEL_MAPS: Table[LevelMap] = Table("level_map", LevelMap)
"""By framework id and version of the source, then of the target."""
PROFILES: Table[ProfileTerms] = Table("profile", ProfileTerms)
"""By profile id and version."""
PROFILE_HEADS: Table[Head] = Table("profile_head", Head)
"""By profile id."""
LISTS: Table[ListTerms] = Table("list", ListTerms)
"""By list id and version."""
LIST_HEADS: Table[Head] = Table("list_head", Head)
"""By list id."""
