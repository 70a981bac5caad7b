"""Q-B4: agreements that end soon or are in run-off, and what was issued and is not redeemed under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.domain.agreement_life import span_of
from accord_ledger.domain.membership import terms_of
from accord_ledger.domain.model.agreement import AGREEMENT_VERSIONS, AGREEMENTS, AgreementTerms
from accord_ledger.domain.questions.coverage import InForce, taken
from accord_ledger.domain.questions.programmes import Counted, activated
from accord_ledger.domain.questions.question import Asked, question
from accord_ledger.domain.questions.reading import Reading, texts
from accord_ledger.fields import Slug

Days = Annotated[int, Meta(ge=0, le=3660)]


class EndingAsked(Asked):
    """Parameters of Q-B4."""

    days: Days = 90
    party: Slug | None = None
    """Only agreements of this party."""


class Ending(Wire):
    """One agreement."""

    agreement: str
    status: str
    effective: str
    """First day of the run-off."""
    run_off_until: str
    """First day on which nothing is recognised any more."""
    issued: int
    """Credentials issued of programmes it takes, for the day asked."""
    redeemed: int
    """Of them in live recognitions under it."""
    unredeemed: int


@question(
    "ending", "Q-B4", "Agreements that end soon, and what is still unredeemed under them", provable=False,
    dated=False, report=("即将到期的协议", "Agreements about to end"),
)  # fmt: skip
def ending(read: Reading, asked: EndingAsked) -> list[Ending]:
    """A credential redeemed under another agreement counts as unredeemed here: under this one it is."""
    horizon = read.at + asked.days * calendar.DAY
    counted, issued = list(activated(read)), read.tallies.issued(read.at)
    found = []
    for rest, agreement in read.rows(AGREEMENTS):
        (name,) = texts(rest)
        if agreement.current is None:
            continue
        ref = (name, agreement.current)
        terms = terms_of(read.ctx, ref)
        if terms is None or asked.party not in (None, *terms.senders, *terms.receivers):
            continue
        span = span_of(agreement, read.known(AGREEMENT_VERSIONS, *ref), terms)
        if not (span.end <= horizon and read.at < span.run_off_end):
            continue
        taken_here = _issued(read, terms, counted, issued)
        redeemed = read.tallies.redeemed(name)
        found.append(
            Ending(
                agreement=name, status=agreement.status, effective=_day(span.end),
                run_off_until=_day(span.run_off_end), issued=taken_here, redeemed=redeemed,
                unredeemed=max(taken_here - redeemed, 0),
            )
        )  # fmt: skip
    return sorted(found, key=lambda row: (row.effective, row.agreement))


def _day(at: int) -> str:
    return calendar.date_at(at).isoformat()


def _issued(
    read: Reading, terms: AgreementTerms, counted: Sequence[Counted], issued: Mapping[str, int]
) -> int:
    span = [InForce("", 0, 0, terms)]
    mine = (one for one in counted if set(one.terms.issuers) & set(terms.senders) and issued.get(one.name))
    return sum(issued[one.name] for one in mine if any(taken(read, one, span)))
