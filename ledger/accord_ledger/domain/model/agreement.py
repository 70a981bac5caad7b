"""Agreements: their terms, versions and life, and the graph their ratios make (DOMAIN.md 2.3, 2.10).

Terms never change and stand in a table of their own; what changes (signatures, status) is small. Checks
compare dates with block time; the stored status follows by due effects and is what queries show.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, field

from accord_ledger.codec import Wire
from accord_ledger.domain.model.account import AmountText
from accord_ledger.domain.model.framework import Level
from accord_ledger.domain.model.programme import Category, Registry
from accord_ledger.domain.rules import Rule
from accord_ledger.fields import (
    Code,
    Count,
    DateText,
    Digest,
    ObjectId,
    RationalText,
    Seconds,
    Slug,
    Version,
)
from accord_ledger.state import Table

MAX_PARTIES: Final = 200
"""Senders, or receivers, of one agreement."""

MAX_RULES: Final = 200
"""Rules in one record; they share one log entry with everything else it says."""

MAX_RULE_SETS: Final = 64
"""Rule sets (T47) of one agreement: more than 10,000 rules."""

AgreementDays = Annotated[int, Meta(ge=0, le=3660)]
Exclusivity = Literal["alliance", "receiver"]
AgreementStatus = Literal["draft", "active", "terminating", "run_off", "expired", "ended", "lapsed"]
"""``expired`` is the run-off of an agreement that reached ``valid_to``; ``lapsed`` a draft not signed in time."""


class Scope(Wire):
    """Which credentials the agreement is about; what is empty admits any.

    Only a scope that names the category ``interest`` admits interest programmes (row P2).
    """

    programmes: Annotated[tuple[Slug, ...], Meta(max_length=1000)] = ()
    categories: Annotated[tuple[Category, ...], Meta(max_length=3)] = ()
    levels: tuple[Level, Level] | None = None
    """Least and highest level, in the source framework."""
    audiences: Annotated[
        tuple[Literal["enrolled", "public", "staff", "graduates"], ...], Meta(max_length=4)
    ] = ()
    """The programme is open to one of these (row N14)."""


class Caps(Wire):
    """Shares of the award's credits that recognition may reach."""

    per_award: RationalText | None = None
    per_class: Annotated[dict[Code, RationalText], Meta(max_length=32)] = field(default_factory=dict)


class RuleSetRef(Wire):
    """A rule set (T47) that belongs to the terms."""

    rule_set: ObjectId
    hash: Digest
    """Hash of its rules: who signs the terms signs them too."""


class AgreementTerms(Wire):
    """Everything the parties sign (T22, T24)."""

    senders: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=MAX_PARTIES)]
    receivers: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=MAX_PARTIES)]
    self_pairs: Annotated[tuple[Slug, ...], Meta(max_length=MAX_PARTIES)] = ()
    """Parties on both sides that may also receive from themselves."""
    scope: Scope = Scope()
    rules: Annotated[tuple[Rule, ...], Meta(max_length=MAX_RULES)] = ()
    rule_sets: Annotated[tuple[RuleSetRef, ...], Meta(max_length=MAX_RULE_SETS)] = ()
    """Further rules, in order of id; rule ids are unique over all of them."""
    caps: Caps = Caps()
    exclusivity: Exclusivity = "alliance"
    valid_from: DateText
    """First day on which it may be used, if it is active then."""
    valid_to: DateText
    """Last day on which it is in force."""
    sign_by: Seconds
    """The draft lapses at this time (UTC seconds) unless everybody has signed."""
    notice_days: AgreementDays
    run_off_days: AgreementDays | None = None
    """None: the alliance's default when it is proposed."""
    on_programme_withdrawal: Literal["honour", "honour_days", "refuse"] = "honour"
    honour_days: AgreementDays | None = None
    """With ``honour_days``: for how long after the withdrawal."""
    trust_registries: Annotated[tuple[Registry, ...], Meta(max_length=32)] = ()
    """Registries whose cross-border grants count."""
    accession: RationalText = "1/1"
    """Share of the parties whose signatures a newcomer needs (T25 join), rounded up to a party."""
    grandfather: bool = False
    """Once these terms amended others, a holder may choose those active at issuance (DOMAIN.md 2.10)."""


class TermsSignature(Wire):
    """One party's signature under the terms."""

    party: Slug
    key_id: Digest
    at: Seconds


class AgreementVersion(Wire):
    """One version of an agreement, besides its terms."""

    stage: Literal["draft", "active", "superseded", "lapsed"]
    """``superseded``: an amendment took its place; what was issued under it may still need it."""
    terms_hash: Digest
    run_off_days: AgreementDays
    proposed_at: Seconds
    signatures: tuple[TermsSignature, ...] = ()
    """In order of party."""
    activated_at: Seconds | None = None
    activated_height: Count | None = None
    """Block of the last signature: what is issued from this block on is issued under this version."""
    base: Version | None = None
    """The version it amends (T24); None: the first."""
    superseded_at: Seconds | None = None
    superseded_height: Count | None = None
    """Block from which on credentials are issued under a newer version."""
    joined: Count = 0
    """Parties that joined this version (T25); they stand in ``AGREEMENT_MEMBERS``."""


class Members(Wire):
    """Parties that joined one version of an agreement, besides those its terms name; in order, each once."""

    senders: Annotated[tuple[Slug, ...], Meta(max_length=MAX_PARTIES)] = ()
    receivers: Annotated[tuple[Slug, ...], Meta(max_length=MAX_PARTIES)] = ()
    self_pairs: Annotated[tuple[Slug, ...], Meta(max_length=MAX_PARTIES)] = ()


class Notice(Wire):
    """A notice of termination, or of leaving (T25)."""

    party: Slug
    at: Seconds
    height: Count
    """Block of the notice: the cut-off of the run-off."""
    effective: DateText


class Agreement(Wire):
    """An agreement as a whole."""

    status: AgreementStatus
    status_since: Seconds
    current: Version | None = None
    """Version in force, once there is one."""
    notice: Notice | None = None
    latest: Version = 1
    """Newest version, drafts included: the next draft is one more."""
    departures: Count = 0
    """Parties that ever gave notice to leave; they stand in ``DEPARTURES``."""


class Departure(Wire):
    """The newest notice of one party to leave an agreement that others go on with (T25)."""

    notice: Notice
    version: Version
    """Version in force at the notice: it is about this one and all before it."""
    run_off_until: Seconds
    """First second (UTC) after the party's run-off."""
    status: Literal["terminating", "run_off", "ended"] = "terminating"
    over: Version | None = None
    """Versions up to this one ended by an earlier departure, from which the party came back."""


class ReceiverAgreement(Wire):
    """One agreement under which a party receives, or may still receive what was issued earlier."""

    since: Seconds


class RatioStar(Wire):
    """The best ratio one agreement version or rule set has between two root frameworks."""

    source: Slug
    target: Slug
    ratio: AmountText
    """Target credits per source credit."""
    rule: Slug
    """A rule that gives it."""


class RatioEntry(Wire):
    """An agreement version as the ratio graph sees it: every sender leads to every receiver by every star."""

    senders: tuple[Slug, ...]
    receivers: tuple[Slug, ...]
    self_pairs: tuple[Slug, ...] = ()
    stars: tuple[RatioStar, ...]
    """In order of source and target, each pair once."""
    rules: Count
    """Ratio rules there are, for the weight of the graph."""


class RatioNode(Wire):
    """A node of the ratio graph: one party's credits of one root framework."""

    rules: Count
    """Sides of stars that stand here, as sender or receiver."""
    leaving: tuple[tuple[Slug, Version], ...] = ()
    """Agreement versions with a star that leads on from here, in order, each once."""
    level: AmountText = "1/1"
    """At least the ratio of every star that comes here times the level it comes from (``ratio_levels``)."""


class RatioSize(Wire):
    """Size of the whole ratio graph: what the cycle check weighs (DOMAIN.md 2.12)."""

    nodes: Count = 0
    edges: Count = 0
    unsettled: bool = False
    """The levels of the nodes prove nothing any more, until the graph is empty."""


AGREEMENTS: Table[Agreement] = Table("agreement", Agreement)
"""By agreement id."""
AGREEMENT_VERSIONS: Table[AgreementVersion] = Table("agreement_version", AgreementVersion)
"""By agreement id and version."""
AGREEMENT_TERMS: Table[AgreementTerms] = Table("agreement_terms", AgreementTerms)
"""By agreement id and version; immutable."""
AGREEMENT_MEMBERS: Table[Members] = Table("agreement_members", Members)
"""By agreement id and version, if somebody joined it."""
DEPARTURES: Table[Departure] = Table("departure", Departure)
"""By agreement id and party."""
RECEIVER_AGREEMENTS: Table[ReceiverAgreement] = Table("receiver_agreement", ReceiverAgreement)
"""By receiver and agreement id: the keys that begin with a receiver list its agreements, for queries."""
RATIO_ENTRIES: Table[RatioEntry] = Table("ratio_entry", RatioEntry)
"""By agreement id and version, from activation to the end of the run-off."""
RATIO_NODES: Table[RatioNode] = Table("ratio_node", RatioNode)
"""By party and id of the root framework."""
RATIO_SIZE: Table[RatioSize] = Table("ratio_size", RatioSize)
"""One value, under the empty key."""
