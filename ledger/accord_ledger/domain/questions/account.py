"""Q-R2: an enrolment account with the recognitions it is made of, now or on an earlier day.

Recognitions carry when they were entered and when they were reversed, so the account of any past moment is
computed from the newest state. What its cap left then is not: caps depend on profiles, parameters and other
recognitions as they are now.
"""

from __future__ import annotations

from fractions import Fraction

from accord_ledger import rational
from accord_ledger.codec import Wire
from accord_ledger.domain.caps import account_cap
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, REVIEWS, Enrolment, Recognition
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.domain.questions.question import Asked, HexId, question
from accord_ledger.domain.questions.reading import MAX_ACTS, QuestionError, Reading


class AccountAsked(Asked):
    """Parameters of Q-R2."""

    enrolment: HexId


class AccountEntry(Wire):
    """One recognition of the account."""

    recognition: bytes
    tx: bytes | None
    """Transaction that entered it."""
    agreement: str
    version: int
    rule: str
    exact: str
    awarded: str
    dropped: str
    items: tuple[tuple[bytes, int], ...]
    """Credentials it spent: batch and index."""
    targets: tuple[tuple[str, str], ...]
    status: str
    """``live``, ``in_review`` or ``reversed``, at the moment asked about."""
    at: int
    reversed_at: int | None = None
    reason: str | None = None


class Account(Wire):
    """The account."""

    owner: str
    award: tuple[str, int]
    status: str
    total: str
    """Credits of the award."""
    recognised: str
    cap_left: str | None
    """What may still be recognised by agreements already in the account; None for an earlier moment."""
    entries: tuple[AccountEntry, ...]


@question("account", "Q-R2", "An enrolment account with its sources")
def account(read: Reading, asked: AccountAsked) -> Account:
    """See the head of this module."""
    name = bytes.fromhex(asked.enrolment)
    enrolment = read.known(ENROLMENTS, name)
    if read.at < enrolment.opened_at:
        raise QuestionError("OBJECT_UNKNOWN", f"the account was opened at {enrolment.opened_at}")
    entries = _entries(read, name)
    held = sum(
        (rational.parse_state(entry.awarded) for entry in entries if entry.status != "reversed"), Fraction(0)
    )
    closed = enrolment.closed_at is not None and enrolment.closed_at <= read.at
    if read.past:
        read.say("the cap of an earlier moment is not kept")
        read.say("an account that was reopened since shows as open")
    return Account(
        owner=enrolment.owner,
        award=enrolment.award,
        status="closed" if closed else "open",
        total=read.known(PROGRAMMES, *enrolment.award).terms.credits,
        recognised=rational.format(held),
        cap_left=None if read.past else _cap_left(read, enrolment, held),
        entries=tuple(entries),
    )


def _cap_left(read: Reading, enrolment: Enrolment, held: Fraction) -> str:
    award = read.known(PROGRAMMES, *enrolment.award).terms
    cap = account_cap(read.ctx, enrolment, award, read.known(PARTIES, enrolment.owner))
    return rational.format(max(cap - held, Fraction(0)))


def _entries(read: Reading, name: bytes) -> list[AccountEntry]:
    found = read.log.recognitions_of(name, MAX_ACTS + 1)
    if len(found) > MAX_ACTS:
        read.say(f"only the first {MAX_ACTS} recognitions are named")
    entries = []
    for recognition_id in found[:MAX_ACTS]:
        recognition = read.known(RECOGNITIONS, recognition_id)
        if recognition.enrolment == name and recognition.at <= read.at:
            entries.append(_entry(read, recognition_id, recognition))
    return sorted(entries, key=lambda entry: (entry.at, entry.recognition))


def _entry(read: Reading, name: bytes, recognition: Recognition) -> AccountEntry:
    entered = next((act for act in read.acts(name) if act.kind == "recognise"), None)
    reversed_at = recognition.reversed_at
    gone = reversed_at is not None and reversed_at <= read.at
    return AccountEntry(
        recognition=name,
        tx=entered.tx_id if entered else None,
        agreement=recognition.agreement[0],
        version=recognition.agreement[1],
        rule=recognition.rule,
        exact=recognition.exact,
        awarded=recognition.awarded,
        dropped=recognition.dropped,
        items=tuple((item.batch_id, item.index) for item in recognition.items),
        targets=recognition.targets,
        status="reversed" if gone else _live_status(read, name),
        at=recognition.at,
        reversed_at=reversed_at if gone else None,
        reason=recognition.reason if gone else None,
    )


def _live_status(read: Reading, name: bytes) -> str:
    review = read.get(REVIEWS, name)
    if review is None or review.opened_at > read.at:
        return "live"
    closed = review.closed_at is not None and review.closed_at <= read.at
    return "live" if closed else "in_review"
