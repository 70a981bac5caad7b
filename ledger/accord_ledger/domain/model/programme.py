"""Programmes, their versions, approvals, accreditation and offerings (DOMAIN.md 2.4, T07 to T14)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.domain.model.framework import Level
from accord_ledger.fields import (
    Code,
    Count,
    DateText,
    Digest,
    LanguageMap,
    RationalText,
    Region,
    Seconds,
    Slug,
    Text,
    Uri,
    Version,
)  # fmt: skip
from accord_ledger.state import Table

ApprovalKind = Literal["academic_committee", "curriculum_committee", "endorse", "industry_partner"]
Category = Literal["degree_bridging", "vocational_skill", "interest"]
ProgrammeForm = Literal["standalone", "decoupled", "award"]
Track = Literal["credit", "noncredit"]
Stage = Literal["draft", "submitted", "approved", "active", "superseded"]
ProgrammeStatus = Literal["active", "paused", "suspended", "retired", "withdrawn"]
Registry = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Z][A-Z0-9-]*\Z")]


class Outcome(Wire):
    """One learning outcome."""

    text: LanguageMap
    esco: Uri | None = None
    """ESCO skill it teaches."""


class Group(Wire):
    """Series or suite a micro-credential belongs to (row U3)."""

    id: Slug
    kind: Literal["series", "suite"]


class Funding(Wire):
    """Public money behind a programme (row U2)."""

    source: Slug
    amount_minor: Count
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    fee_loan: bool = False


class Course(Wire):
    """A course of an award that recognised credits may replace."""

    code: Code
    credits: RationalText
    course_class: Literal["basic", "core", "elective"]


class ProgrammeTerms(Wire):
    """What T07 registers: everything the ledger knows about one version of a programme."""

    programme_id: Slug
    version: Version
    title: LanguageMap
    outcomes: Annotated[tuple[Outcome, ...], Meta(max_length=100)] = ()
    framework: tuple[Slug, Version]
    level: Level | None = None
    category: Category
    form: ProgrammeForm
    """``kind`` in DOMAIN.md: standalone, decoupled or award."""
    track: Track
    credits: RationalText
    """0/1 on the noncredit track."""
    total_hours: RationalText
    practice_hours: RationalText = "0/1"
    projects_all: Count = 0
    projects_enterprise: Count = 0
    assessed: bool = False
    assessment_type: Code | None = None
    participation: Code | None = None
    audience: Annotated[
        tuple[Literal["enrolled", "public", "staff", "graduates"], ...], Meta(max_length=4)
    ] = ()
    transferability: Code | None = None
    region: Region | None = None
    field: Code | None = None
    sector: Code | None = None
    skill_area: Code | None = None
    occupations: Annotated[tuple[Uri, ...], Meta(max_length=50)] = ()
    required_courses: Annotated[tuple[Code, ...], Meta(max_length=50)] = ()
    group: Group | None = None
    parent_course: tuple[Slug, Code] | None = None
    """(award programme, course) a decoupled item is cut from."""
    overlap: RationalText | None = None
    """Share of content repeated from the parent course."""
    issuers: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=8)]
    threshold: Annotated[int, Meta(ge=1, le=8)] = 1
    """How many issuers must sign an issuance."""
    co_developers: Annotated[tuple[Slug, ...], Meta(max_length=16)] = ()
    last_content_update: DateText | None = None
    qa_statement_hash: Digest | None = None
    validity_months: Annotated[int, Meta(ge=1, le=1200)] | None = None
    profile: tuple[Slug, Version]
    funding: Annotated[tuple[Funding, ...], Meta(max_length=8)] = ()
    courses: Annotated[tuple[Course, ...], Meta(max_length=200)] = ()
    """Award only."""
    countable_total: RationalText | None = None
    """Award only: credits that count towards admission shares."""
    residency: RationalText | None = None
    """Award only: share that must be the conferring party's own."""


class Translation(Wire):
    """A title in one more language (T15)."""

    text: Text
    author: Slug
    """Who translated it."""
    at: Seconds


class Approval(Wire):
    """One committee's signed approval (T08)."""

    kind: ApprovalKind
    party: Slug
    key_id: Digest
    at: Seconds


class Programme(Wire):
    """One version of a programme in state."""

    terms: ProgrammeTerms
    stage: Stage = "draft"
    registered_at: Seconds = 0
    submitted_at: Seconds | None = None
    activated_at: Seconds | None = None
    superseded_at: Seconds | None = None
    approvals: tuple[Approval, ...] = ()


class StatusChange(Wire):
    """The status a programme has had since a time."""

    status: ProgrammeStatus
    since: Seconds
    reason: Code | None = None


class ProgrammeHead(Wire):
    """What holds for all versions of a programme."""

    issuers: tuple[Slug, ...]
    latest: Version
    """Newest registered version."""
    current: Version | None = None
    """Active version, if any was activated."""
    status: ProgrammeStatus | None = None
    """None until the first activation."""
    history: Annotated[tuple[StatusChange, ...], Meta(max_length=32)] = ()
    """The newest statuses with their beginnings, oldest first."""
    archived: Count = 0
    """Older statuses, moved to rows of their own."""


class Grant(Wire):
    """An accreditation of a party or of named programmes by an agency (T09)."""

    agency: Slug
    registry: Registry
    party: Slug
    """Party that is the subject, or the issuer of the programmes named."""
    programmes: tuple[Slug, ...] = ()
    """Empty: the whole party."""
    cross_border: bool
    valid_from: DateText
    valid_to: DateText
    report_hash: Digest | None = None
    granted_at: Seconds = 0
    withdrawn_at: Seconds | None = None


class Grants(Wire):
    """Grant ids on one subject, oldest first."""

    ids: tuple[bytes, ...] = ()


class RegistryEntry(Wire):
    """An agency's place in a registry over time (T38)."""

    valid_from: DateText
    valid_to: DateText
    ended_on: DateText | None = None


class RegistryEntries(Wire):
    """Entries of one agency in one registry, oldest first."""

    entries: tuple[RegistryEntry, ...] = ()


class AgencyRegistries(Wire):
    """Registries in which an agency has or had an entry, in order."""

    registries: Annotated[tuple[Registry, ...], Meta(max_length=32)] = ()


class Offering(Wire):
    """A term in which a course was offered (T10)."""

    term_start: DateText
    term_end: DateText


class Offerings(Wire):
    """Terms of one course in order of their starts; of those that began long ago the log alone tells."""

    terms: Annotated[tuple[Offering, ...], Meta(max_length=32)] = ()


class YearCount(Wire):
    """Entrants declared and credentials issued of one programme in one calendar year."""

    entrants: Count = 0
    issued: Count = 0


PROGRAMMES: Table[Programme] = Table("programme", Programme)
"""By programme id and version."""
TRANSLATIONS: Table[Translation] = Table("translation", Translation)
"""By programme id, version and language: titles besides those the version was registered with."""
PROGRAMME_HEADS: Table[ProgrammeHead] = Table("programme_head", ProgrammeHead)
"""By programme id."""
PROGRAMME_STATUS_ARCHIVE: Table[StatusChange] = Table("programme_status", StatusChange)
"""By programme id and number, from 0: statuses older than those the head keeps."""
GRANTS: Table[Grant] = Table("grant", Grant)
"""By grant id (16 bytes)."""
PARTY_GRANTS: Table[Grants] = Table("party_grants", Grants)
"""Party-wide grants, by party."""
PROGRAMME_GRANTS: Table[Grants] = Table("programme_grants", Grants)
"""Grants naming a programme, by programme id."""
REGISTRY_ENTRIES: Table[RegistryEntries] = Table("registry_entry", RegistryEntries)
"""By agency and registry."""
AGENCY_REGISTRIES: Table[AgencyRegistries] = Table("agency_registries", AgencyRegistries)
"""By agency."""
OFFERINGS: Table[Offerings] = Table("offering", Offerings)
"""By programme id and course code."""
YEAR_COUNTS: Table[YearCount] = Table("year_count", YearCount, busy=True)
"""By programme id and calendar year."""
