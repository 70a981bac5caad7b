"""Programmes and what is said about them: T07, T08, T10, T14, T15, T36, T37."""

from __future__ import annotations

from accord_client.builders.request import Request
from accord_client.plain import from_plain
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.translation import TitleTranslation
from accord_ledger.domain.model.programme import ApprovalKind, ProgrammeTerms


def register_programme(terms: ProgrammeTerms, author: str = "") -> Request:
    """T07: a new version of a programme; every issuer signs."""
    author = author or terms.issuers[0]
    others = [issuer for issuer in terms.issuers if issuer != author]
    signers = tuple((party, "institution") for party in (author, *others))
    return Request("programme_register", author, ProgrammeRegister(terms=terms), signers)


def submit_programme(author: str, programme: str, version: int) -> Request:
    """T36: a draft goes to its committees."""
    return _step("programme_submit", author, programme, version)


def activate_programme(author: str, programme: str, version: int) -> Request:
    """T37: a version becomes current."""
    return _step("programme_activate", author, programme, version)


def _step(kind: str, author: str, programme: str, version: int) -> Request:
    return Request(kind, author, ProgrammeStep(programme=(programme, version)), ((author, "institution"),))


def approve_programme(
    party: str, programme: str, version: int, approval: ApprovalKind, *, author: str = "", sign_by: int = 0
) -> Request:
    """T08: a committee, an endorsing university or an industry partner approves; its key signs."""
    body = ProgrammeApprove(programme=(programme, version), approval=approval, party=party, sign_by=sign_by)
    author = author or party
    signers = ((party, approval),) if author == party else ((author, "institution"), (party, approval))
    return Request("programme_approve", author, body, signers)


def change_programme_status(author: str, programme: str, status: str, reason: str, purpose: str) -> Request:
    """T14: pause, suspend, retire or resume."""
    body = from_plain({"programme": programme, "status": status, "reason": reason}, ProgrammeStatusBody)
    return Request("programme_status", author, body, ((author, purpose),))


def offer_course(
    author: str, programme: str, start: str, end: str, *, course: str | None = None, entrants: int = 0
) -> Request:
    """T10: a term of a course, or an intake of the programme with its entrants."""
    body = CourseOffering(
        programme=programme, course=course, term_start=start, term_end=end, entrants=entrants
    )
    return Request("course_offering", author, body, ((author, "registrar"),))


def translate_title(author: str, programme: tuple[str, int], language: str, text: str) -> Request:
    """T15: a title in one more language, by an issuer, a receiver or a quality agency."""
    body = TitleTranslation(programme=programme, language=language, text=text)
    return Request("title_translation", author, body, ((author, "institution"),))
