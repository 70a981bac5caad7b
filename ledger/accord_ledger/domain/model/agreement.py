"""Agreements: their terms, versions and life, and the graph their ratios make (DOMAIN.md 2.3, 2.10).

Terms never change and stand in a table of their own; what changes (signatures, status) is small. Checks
compare dates with block time; the stored status follows by due effects and is what queries show.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, field

from accord_ledger.codec import Wire
from accord_ledger.domain.model.framework import Level
from accord_ledger.domain.model.programme import Category, Registry
from accord_ledger.domain.rules import Rule
from accord_ledger.fields import Code, Count, DateText, Digest, RationalText, Seconds, Slug, Version
from accord_ledger.state import Table

MAX_PARTIES: Final = 200
"""Senders, or receivers, of one agreement."""

MAX_RULES: Final = 200
"""Rules of one agreement; they share one log entry with everything else it says."""

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


class AgreementTerms(Wire):
    """Everything the parties sign (T22)."""

    senders: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=MAX_PARTIES)]
    receivers: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=MAX_PARTIES)]
    self_pairs: Annotated[tuple[Slug, ...], Meta(max_length=MAX_PARTIES)] = ()
    """Parties on both sides that may also receive from themselves."""
    scope: Scope = Scope()
    rules: Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=MAX_RULES)]
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


class TermsSignature(Wire):
    """One party's signature under the terms."""

    party: Slug
    key_id: Digest
    at: Seconds


class AgreementVersion(Wire):
    """One version of an agreement, besides its terms."""

    stage: Literal["draft", "active", "lapsed"]
    terms_hash: Digest
    run_off_days: AgreementDays
    proposed_at: Seconds
    signatures: tuple[TermsSignature, ...] = ()
    """In order of party."""
    activated_at: Seconds | None = None


class Notice(Wire):
    """A notice of termination (T25)."""

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


class RatioNode(Wire):
    """A node of the ratio graph: one party's credits of one root framework."""

    rules: Count
    """Sides of rules that stand here, as sender or receiver."""
    leaving: tuple[tuple[Slug, Version], ...] = ()
    """Agreement versions with a ratio rule that leads on from here, in order, each once."""


class RatioSize(Wire):
    """Size of the whole ratio graph: what the cycle check weighs (DOMAIN.md 2.12)."""

    nodes: Count = 0
    edges: Count = 0


AGREEMENTS: Table[Agreement] = Table("agreement", Agreement)
"""By agreement id."""
AGREEMENT_VERSIONS: Table[AgreementVersion] = Table("agreement_version", AgreementVersion)
"""By agreement id and version."""
AGREEMENT_TERMS: Table[AgreementTerms] = Table("agreement_terms", AgreementTerms)
"""By agreement id and version; immutable."""
RATIO_NODES: Table[RatioNode] = Table("ratio_node", RatioNode)
"""By party and id of the root framework."""
RATIO_SIZE: Table[RatioSize] = Table("ratio_size", RatioSize)
"""One value, under the empty key."""
