"""Q-R3: open reviews and their deadlines (DOMAIN.md 2.6)."""

from __future__ import annotations

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, REVIEWS
from accord_ledger.domain.model.award import AWARD_REVIEWS, AWARDS
from accord_ledger.domain.questions.question import Asked, question
from accord_ledger.domain.questions.reading import Reading
from accord_ledger.fields import Slug


class ReviewsAsked(Asked):
    """Parameters of Q-R3."""

    receiver: Slug | None = None


class OpenReview(Wire):
    """One open review; exactly one of ``recognition`` and ``award`` is set, and names it in T31 too."""

    recognition: bytes | None
    award: bytes | None
    receiver: str
    effect: str
    opened_at: int
    due: str
    """Last moment of T31, as the day it falls on (UTC)."""
    deadline: int


@question("reviews", "Q-R3", "Open reviews and their deadlines", paged=True)
def reviews(read: Reading, asked: ReviewsAsked) -> list[OpenReview]:
    """Reviews of recognitions, then of awards; of each subject the newest review is kept."""
    if read.past:
        read.say("of each recognition and award only its newest review is kept")
    found = []
    for name, review in read.rows(REVIEWS, paged=True):
        if _open(read, review.opened_at, review.closed_at):
            receiver = read.known(RECOGNITIONS, name).receiver
            found.append(_row(name, None, receiver, "review", review.opened_at, review.deadline))
    for name, award_review in read.rows(AWARD_REVIEWS) if read.next is None else ():
        if _open(read, award_review.opened_at, award_review.closed_at):
            owner = read.known(ENROLMENTS, read.known(AWARDS, name).enrolment).owner
            found.append(
                _row(None, name, owner, award_review.effect, award_review.opened_at, award_review.deadline)
            )
    return [row for row in found if asked.receiver in (None, row.receiver)]


def _open(read: Reading, opened_at: int, closed_at: int | None) -> bool:
    return opened_at <= read.at and (closed_at is None or closed_at > read.at)


def _row(
    recognition: bytes | None, award: bytes | None, receiver: str, effect: str, opened_at: int, deadline: int
) -> OpenReview:
    return OpenReview(
        recognition=recognition, award=award, receiver=receiver, effect=effect, opened_at=opened_at,
        due=calendar.date_at(deadline).isoformat(), deadline=deadline,
    )  # fmt: skip
