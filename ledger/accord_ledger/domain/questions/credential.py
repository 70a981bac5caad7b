"""Q-E1, Q-E3, Q-L3, Q-L4: one credential - what it is, whether it is in force, who used it, is it erased.

"Then" is read from the newest state where values carry their times: accreditation, keys, programme status.
The status of a credential carries when it became what it is, and nothing of what it was before; asked about
a moment before that, the answer is ``unknown`` and says so, unless nothing has ever happened to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from accord_ledger import calendar, rational
from accord_ledger.codec import Wire
from accord_ledger.domain.credentials import credential_of, needs_confirmation, source_credits, standing_of
from accord_ledger.domain.model.account import RECOGNITIONS
from accord_ledger.domain.model.credential import BATCHES, Batch, Credential, Standing
from accord_ledger.domain.model.programme import (
    GRANTS,
    PARTY_GRANTS,
    PROGRAMME_GRANTS,
    PROGRAMMES,
    TRANSLATIONS,
    Grant,
    Grants,
    ProgrammeTerms,
)
from accord_ledger.domain.model.use import BENEFIT_CLAIMS, BENEFIT_RULES
from accord_ledger.domain.questions.question import Asked, HexId, question
from accord_ledger.domain.questions.reading import QuestionError, Reading
from accord_ledger.domain.standing import grant_in_force
from accord_ledger.fields import Index


class CredentialAsked(Asked):
    """One credential."""

    batch: HexId
    index: Index


class Genuine(Wire):
    """Q-E1: what the ledger says of a credential."""

    status: str
    """``valid``, ``suspended``, ``revoked``, ``replaced``, ``expired``, ``needs_confirmation`` or ``unknown``."""
    issuer: tuple[str, ...]
    programme: str
    title: dict[str, str]
    level: int | None
    credits: str
    framework: str
    issued_month: str
    valid_until: str | None
    accreditation: str | None
    """``EQAR/NVAO to 2030``: in force at the moment asked about."""
    accreditation_at_issue: str | None
    """The same, in force when it was issued."""
    erased: bool


def _batch(read: Reading, asked: CredentialAsked) -> tuple[bytes, Batch]:
    name = bytes.fromhex(asked.batch)
    batch = read.known(BATCHES, name)
    if asked.index >= batch.count or batch.issued_at > read.at:
        raise QuestionError("OBJECT_UNKNOWN", f"the ledger held no credential {asked.batch}/{asked.index}")
    return name, batch


@question("credential", "Q-E1", "Is a credential genuine and in force")
def genuine(read: Reading, asked: CredentialAsked) -> Genuine:
    """See the head of this module."""
    name, batch = _batch(read, asked)
    terms = read.known(PROGRAMMES, *batch.programme).terms
    row = credential_of(read.ctx.state, name, asked.index)
    return Genuine(
        status=_status(read, name, asked.index, batch),
        issuer=batch.issuers,
        programme=terms.programme_id,
        title=_titles(read, terms),
        level=terms.level,
        credits=rational.format(source_credits(read.ctx, name, terms)),
        framework=terms.framework[0],
        issued_month=calendar.date_at(batch.issued_at).isoformat()[:7],
        valid_until=batch.valid_until,
        accreditation=_accreditation(read, terms, batch, read.at),
        accreditation_at_issue=_accreditation(read, terms, batch, batch.effective_at),
        erased=_erased(read, row),
    )


def _erased(read: Reading, row: Credential) -> bool:
    return row.erased_at is not None and row.erased_at <= read.at


def _titles(read: Reading, terms: ProgrammeTerms) -> dict[str, str]:
    """The title as registered, and in English and Chinese if it was translated."""
    found = dict(terms.title)
    for language in ("en", "zh"):
        if language not in found:
            known = read.get(TRANSLATIONS, terms.programme_id, terms.version, language)
            if known is not None and known.at <= read.at:
                found[language] = known.text
            elif known is not None:
                read.say("of a title's translations only the newest is kept")
    return found


def _status(read: Reading, name: bytes, index: int, batch: Batch) -> str:
    standing = standing_of(read.ctx.state, name, index)
    if standing.since is not None and standing.since > read.at:
        read.say("what the status was before it last changed is not in the state; replay or the log tells")
        return "unknown"
    until = batch.valid_until
    if standing.status == "valid" and until is not None and read.day > calendar.parse_date(until):
        return "expired"
    return _kept(read, batch, standing)


def _kept(read: Reading, batch: Batch, standing: Standing) -> str:
    if standing.replaced:
        return "replaced"
    if standing.status != "valid":
        return standing.status
    if not needs_confirmation(read.ctx.state, batch, standing):
        return "valid"
    if read.past:
        read.say("whether it waited for a confirmation then is not kept")
        return "unknown"
    return "needs_confirmation"


def grants_on(read: Reading, programme: str, issuers: Iterable[str]) -> list[Grant]:
    """Grants made by then on a programme and on its issuers as a whole, those on the programme first."""
    subjects = [read.get(PROGRAMME_GRANTS, programme), *(read.get(PARTY_GRANTS, name) for name in issuers)]
    grants = [read.known(GRANTS, name) for subject in subjects for name in (subject or Grants()).ids]
    return [grant for grant in grants if grant.granted_at <= read.at]


def granted(read: Reading, grant: Grant) -> bool:
    """Whether a grant had been made by the moment asked about, and was in force."""
    return grant.granted_at <= read.at and grant_in_force(grant, read.at)


def _accreditation(read: Reading, terms: ProgrammeTerms, batch: Batch, at: int) -> str | None:
    """The grant that holds longest of those in force."""
    grants = [
        grant for grant in grants_on(read, terms.programme_id, batch.issuers) if grant_in_force(grant, at)
    ]
    if not grants:
        return None
    best = max(grants, key=lambda grant: (grant.valid_to, grant.registry, grant.agency))
    return f"{best.registry}/{best.agency.upper()} to {best.valid_to[:4]}"


# ---- who used it -----------------------------------------------------------------------------------------


class UsageEvent(Wire):
    """One record that concerns the credential."""

    tx: bytes
    kind: str
    by: str
    """Author of the record."""
    at: int
    height: int
    index: int
    """Log index: where the inclusion proof leads."""


class Usage(Wire):
    """Q-L3."""

    events: tuple[UsageEvent, ...]
    live: tuple[str, ...]
    """Receivers whose account holds it now."""
    stacked_into: bytes | None


@question("usage", "Q-L3", "Who used a credential")
def usage(read: Reading, asked: CredentialAsked) -> Usage:
    """Records that name the credential, issue and status changes of its place included, in log order.

    Effects that fell due by date have no record of their own; the recognitions they reversed say so.
    """
    name, _ = _batch(read, asked)
    row = credential_of(read.ctx.state, name, asked.index)
    recognitions = [(spend, read.known(RECOGNITIONS, spend.recognition)) for spend in row.spends]
    if read.past:
        read.say("which uses were live then is told by the events: the state holds those of now")
    return Usage(
        events=tuple(
            UsageEvent(
                tx=act.tx_id, kind=act.kind, by=act.author, at=act.time, height=act.height, index=act.index
            )
            for act in read.acts(name, asked.index)
        ),
        live=tuple(spend.receiver for spend, entered in recognitions if entered.at <= read.at),
        stacked_into=row.stacked_into,
    )


class Erasure(Wire):
    """Q-L4."""

    erased: bool
    tx: bytes | None
    erased_at: int | None
    still_recognised_at: tuple[str, ...]


@question("erasure", "Q-L4", "Is an erasure done, and where is the credential still recognised")
def erasure(read: Reading, asked: CredentialAsked) -> Erasure:
    """The mark on the ledger; that documents and salts are deleted, no ledger can show."""
    name, _ = _batch(read, asked)
    row = credential_of(read.ctx.state, name, asked.index)
    erased = _erased(read, row)
    notice = next((act for act in read.acts(name, asked.index) if act.kind == "erasure_notice"), None)
    if read.past:
        read.say("still_recognised_at is as of now")
    return Erasure(
        erased=erased,
        tx=notice.tx_id if erased and notice else None,
        erased_at=row.erased_at if erased else None,
        still_recognised_at=tuple(dict.fromkeys(spend.receiver for spend in row.spends)),
    )


class ClaimAsked(CredentialAsked):
    """Parameters of Q-E3."""

    rule: HexId


class Claimed(Wire):
    """Q-E3."""

    claimed: bool
    tx: bytes | None
    at: int | None
    rule: bytes | None
    """Rule under which it was claimed; perhaps another one of the same employer body."""


@question("claim", "Q-E3", "Has a credential been claimed under a benefit rule's employer body")
def claim(read: Reading, asked: ClaimAsked) -> Claimed:
    """One claim per credential and employer body, whichever of its rules it was made under (row C10)."""
    name, _ = _batch(read, asked)
    rule = read.known(BENEFIT_RULES, bytes.fromhex(asked.rule))
    if rule.at > read.at:
        raise QuestionError("OBJECT_UNKNOWN", f"the rule was made at {rule.at}")
    made = read.get(BENEFIT_CLAIMS, name, asked.index, rule.owner)
    if made is None or made.at > read.at:
        return Claimed(claimed=False, tx=None, at=None, rule=None)
    return Claimed(claimed=True, tx=made.tx_id, at=made.at, rule=made.rule)
