"""Q-A2: an agreement as it stood at a moment: which version was in force, who had signed, what the terms were.

Terms are immutable, signatures carry their times, and notices, amendments and ends carry theirs, so the past
is read from the newest state. Two things are not: the day on which a party joined a version (it stands there
without a date), and the terms of drafts that lapsed, which are gone. Both are said where they matter.
"""

from __future__ import annotations

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.domain.agreement_life import span_of
from accord_ledger.domain.membership import with_members
from accord_ledger.domain.model.agreement import (
    AGREEMENT_MEMBERS,
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    Agreement,
    AgreementTerms,
    AgreementVersion,
    TermsSignature,
)
from accord_ledger.domain.questions.question import Asked, question
from accord_ledger.domain.questions.reading import QuestionError, Reading
from accord_ledger.fields import Slug


class AgreementAsked(Asked):
    """Parameters of Q-A2."""

    agreement: Slug


class AgreementThen(Wire):
    """The agreement at one moment."""

    agreement: str
    status: str
    """``draft``, ``active``, ``terminating``, ``run_off``, ``expired``, ``ended`` or ``lapsed``."""
    in_force: bool
    """New credentials could be recognised under it."""
    version: int
    """Version in force, or the newest draft there was."""
    terms_hash: bytes
    terms: AgreementTerms | None
    """What was signed; None for a draft that lapsed."""
    signatures: tuple[TermsSignature, ...]
    """Made by then."""
    activated_at: int | None
    activated_height: int | None
    notice: str | None
    """Effective date of a notice given by then."""
    usable_until: str | None
    """First day of the run-off, as it was known then."""


@question("agreement", "Q-A2", "An agreement as it stood at a moment: terms, signatures, status")
def agreement(read: Reading, asked: AgreementAsked) -> AgreementThen:
    """See the head of this module."""
    whole = read.known(AGREEMENTS, asked.agreement)
    number, version = _version_then(read, asked.agreement, whole)
    terms = read.get(AGREEMENT_TERMS, asked.agreement, number)
    active = version.activated_at is not None and version.activated_at <= read.at
    if terms is None:
        read.say("the terms of a draft that lapsed are not kept")
    elif version.joined:
        terms = with_members(terms, read.known(AGREEMENT_MEMBERS, asked.agreement, number))
        if read.past:
            read.say("parties that joined this version later are named as well: the day is not kept")
    notice = whole.notice if whole.notice is not None and whole.notice.at <= read.at else None
    status, until = _status(read, whole, version, terms, active=active)
    return AgreementThen(
        agreement=asked.agreement,
        status=status,
        in_force=active and terms is not None and status in ("active", "terminating") and _begun(read, terms),
        version=number,
        terms_hash=version.terms_hash,
        terms=terms,
        signatures=tuple(one for one in version.signatures if one.at <= read.at),
        activated_at=version.activated_at if active else None,
        activated_height=version.activated_height if active else None,
        notice=notice.effective if notice is not None else None,
        usable_until=until,
    )


def _version_then(read: Reading, name: str, whole: Agreement) -> tuple[int, AgreementVersion]:
    """The newest version active by then; before the first activation the newest draft."""
    draft: tuple[int, AgreementVersion] | None = None
    for number in range(whole.latest, 0, -1):
        version = read.get(AGREEMENT_VERSIONS, name, number)
        if version is None or version.proposed_at > read.at:
            continue
        if version.activated_at is not None and version.activated_at <= read.at:
            return number, version
        draft = draft or (number, version)
    if draft is None:
        raise QuestionError("OBJECT_UNKNOWN", f"{name} was not proposed by then")
    return draft


def _begun(read: Reading, terms: AgreementTerms) -> bool:
    return read.at >= calendar.midnight(calendar.parse_date(terms.valid_from))


def _status(
    read: Reading, whole: Agreement, version: AgreementVersion, terms: AgreementTerms | None, *, active: bool
) -> tuple[str, str | None]:
    if terms is None:
        return "lapsed", None
    if not active:
        return ("draft" if read.at < terms.sign_by else "lapsed"), None
    noticed = whole.notice is not None and whole.notice.at <= read.at
    then = whole if noticed else Agreement(status="active", status_since=0)
    span = span_of(then, version, terms)
    until = calendar.date_at(span.end).isoformat()
    if read.at >= span.run_off_end:
        return "ended", until
    if read.at >= span.end:
        return ("run_off" if span.notice is not None else "expired"), until
    return ("terminating" if noticed else "active"), until
