"""Q-B1: which agreements take a programme at a receiver today, and what so many credits would give.

What is asked of a programme is what stages 3, 5 and 6 of T27 ask of a credential of its current version,
issued now by all of its issuers: the functions that judge records judge here too. Agreements are found by
``RECEIVER_AGREEMENTS``, rules by the programmes they name, so nothing is searched (row N7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from accord_ledger import calendar, rational
from accord_ledger.codec import Wire
from accord_ledger.conversion.grant import rounded
from accord_ledger.domain.agreement_life import Span, span_of
from accord_ledger.domain.caps import account_cap
from accord_ledger.domain.items import Item, Presented
from accord_ledger.domain.membership import departure_of, effective_at, terms_of
from accord_ledger.domain.model.account import ENROLMENTS, Enrolment
from accord_ledger.domain.model.agreement import (
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    RECEIVER_AGREEMENTS,
    Agreement,
    AgreementTerms,
)
from accord_ledger.domain.model.credential import Batch, Credential
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.party import PARTIES, Party
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES, ProgrammeTerms
from accord_ledger.domain.questions.question import Asked, HexId, Reference, question, split_reference
from accord_ledger.domain.questions.reading import QuestionError, Reading, texts
from accord_ledger.domain.rule_lookup import rules_about
from accord_ledger.domain.rules import Bundle, CourseSubstitution, Rule
from accord_ledger.domain.scope import (
    check_award,
    check_border,
    check_scope,
    check_withdrawal,
    eligible_senders,
)
from accord_ledger.errors import Rejection
from accord_ledger.fields import RationalText, Slug

_NOBODY: Final = bytes(32)
_NO_ID: Final = bytes(16)


class CoveringAsked(Asked):
    """Parameters of Q-B1."""

    programme: Reference
    receiver: Slug
    credits: RationalText | None = None
    """Source credits, all together; what one credential of the programme is worth if absent."""
    award: Reference | None = None
    """Only rules that give credits of this award, and what its cap leaves to an empty account."""
    enrolment: HexId | None = None
    """The account: its award, and what its cap leaves."""


class Covering(Wire):
    """One rule that takes the programme."""

    agreement: str
    version: int
    rule: str
    kind: str
    """Of the rule."""
    use: str
    """``credit``, ``admission`` or ``evidence``."""
    exact: str
    awarded: str
    dropped: str
    caps_left: str | None
    """What the account may still hold under this agreement; None without an award."""
    ends: str
    """First day (UTC) on which newly issued credentials are not taken any more."""
    status: str
    needs: tuple[str, ...] = ()
    """What a recognition needs besides: ``consent``, ``items:4``, ``grade:7/10``, ``cosigner:crrc-eval`` ..."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where credit would go."""

    award: ProgrammeTerms | None
    enrolment: Enrolment | None


def presented_now(read: Reading, programme: str, version: int | None) -> Presented:
    """A credential of the programme as if all of its issuers had just issued it."""
    head = read.known(PROGRAMME_HEADS, programme)
    number = version or head.current or head.latest
    found = read.known(PROGRAMMES, programme, number)
    today = read.ctx.today.isoformat()
    batch = Batch(
        programme=(programme, number), count=1, merkle_root=_NOBODY, issuers=found.terms.issuers, keys=(),
        status_list="list", status_owner=found.terms.issuers[0], status_start=0, completed_from=today,
        completed_to=today, issued_height=read.ctx.height + 1, issued_at=read.ctx.time,
    )  # fmt: skip
    return Presented(
        item=Item(batch_id=_NO_ID, index=0, documents=_NOBODY, holder_key=_NOBODY, salt_k=_NOBODY, path=()),
        holder=_NOBODY, batch=batch, programme=found, head=head,
        framework=read.known(FRAMEWORKS, *found.terms.framework), row=Credential(),
        credits=rational.parse(found.terms.credits),
    )  # fmt: skip


def agreements_at(read: Reading, receiver: str) -> Iterator[tuple[str, Agreement, int, AgreementTerms, Span]]:
    """Agreements in force under which a party receives: id, agreement, version, terms, dates."""
    for rest, _ in read.rows(RECEIVER_AGREEMENTS, receiver):
        (name,) = texts(rest)
        agreement = read.known(AGREEMENTS, name)
        if agreement.current is None:
            continue
        ref = (name, agreement.current)
        terms, version = terms_of(read.ctx, ref), read.known(AGREEMENT_VERSIONS, *ref)
        if terms is None or receiver not in terms.receivers:
            continue
        span = span_of(agreement, version, terms)
        departure = departure_of(read.ctx, agreement, ref, receiver)
        if departure is not None:
            span = Span(
                span.begin, min(span.end, effective_at(departure)), span.run_off_end, departure.notice
            )
        if span.begin <= read.ctx.time < span.end:
            yield name, agreement, agreement.current, terms, span


def why_not(
    read: Reading,
    item: Presented,
    terms: AgreementTerms,
    rule: Rule,
    receiver: Party,
    *,
    border: bool = True,
) -> tuple[str, bool]:
    """Code of the first reason why a rule does not take the item, or empty; and whether a consent is needed.

    Without ``border``, what is asked of a credential abroad (trust, title, consent) is left out.
    """
    read.judge()
    try:
        senders = eligible_senders(read.ctx, item, terms, receiver.party_id, "programme")
        check_scope(read.ctx, item, terms, rule, "programme", assessed=True)
        check_withdrawal(read.ctx, [item], terms)
        if border:
            check_border(read.ctx, [item], [senders], terms=terms, receiver=receiver, consent=None)
    except Rejection as rejection:
        # the consent is asked for last, and given with the record
        return ("", True) if rejection.code == "E_CONSENT_MISSING" else (rejection.code, False)
    return "", False


def exact_credits(rule: Rule, item: Presented, given: Fraction, award: ProgrammeTerms | None) -> Fraction:
    """What the rule gives for so many source credits, before rounding."""
    if isinstance(rule, Bundle):
        return rule.exact([given] * rule.count)
    if isinstance(rule, CourseSubstitution):
        return sum(replaceable(rule, item.programme.terms, award).values(), Fraction(0))
    return rule.exact([given]) if rule.use == "credit" else Fraction(0)


def replaceable(
    rule: CourseSubstitution, programme: ProgrammeTerms, award: ProgrammeTerms | None
) -> dict[str, Fraction]:
    """Courses that one certificate replaces, in order of code, up to what one certificate gives at most."""
    listed = next(
        (
            one.courses
            for one in rule.substitutions
            if one.programme == programme.programme_id and one.level in (None, programme.level)
        ),
        (),
    )
    classes = {course.code: course.course_class for course in award.courses} if award else {}
    admitted = {kind for entry in rule.level_map if entry.level == programme.level for kind in entry.classes}
    room = rational.parse(rule.cap_per_credential) if rule.cap_per_credential else None
    found: dict[str, Fraction] = {}
    for course in listed:
        worth = rational.parse(course.credits)
        if award is not None and (
            course.code not in classes or (rule.level_map and classes[course.code] not in admitted)
        ):
            continue
        if room is None or sum(found.values(), worth) <= room:
            found[course.code] = worth
    return found


def needs_of(rule: Rule, *, consent: bool) -> tuple[str, ...]:
    """What a recognition by the rule needs besides the registrar and the holder."""
    needs = ["consent"] if consent else []
    if isinstance(rule, Bundle):
        needs.append(f"items:{rule.count}")
    if rule.requires_grade is not None:
        needs.append(f"grade:{rule.requires_grade}")
    if isinstance(rule, CourseSubstitution) and rule.min_match is not None:
        needs.append(f"match:{rule.min_match}")
    return (*needs, *(f"cosigner:{name}" for name in rule.cosigners))


def target_of(read: Reading, award: Reference | None, enrolment: HexId | None, receiver: str) -> Target:
    """The account's award, or the award named."""
    if enrolment is not None:
        account = read.known(ENROLMENTS, bytes.fromhex(enrolment))
        if account.owner != receiver:
            raise QuestionError("QUESTION_VALUE", f"expected an account of {receiver}", path="enrolment")
        return Target(read.known(PROGRAMMES, *account.award).terms, account)
    if award is None:
        return Target(None, None)
    name, version = split_reference(award)
    head = read.known(PROGRAMME_HEADS, name)
    terms = read.known(PROGRAMMES, name, version or head.current or head.latest).terms
    if terms.form != "award":
        raise QuestionError("QUESTION_VALUE", f"expected an award, got {terms.form}", path="award")
    return Target(terms, None)


@question(
    "covering", "Q-B1", "Agreements that take a programme at a receiver, and what they would give",
    dated=False,
)  # fmt: skip
def covering(read: Reading, asked: CoveringAsked) -> list[Covering]:
    """See the head of this module."""
    name, version = split_reference(asked.programme)
    item = presented_now(read, name, version)
    receiver = read.known(PARTIES, asked.receiver)
    target = target_of(read, asked.award, asked.enrolment, asked.receiver)
    given = item.credits if asked.credits is None else rational.parse(asked.credits, "credits")
    found = []
    for agreement_id, agreement, number, terms, span in agreements_at(read, asked.receiver):
        for rule in rules_about(read.ctx.state, terms, name):
            code, consent = why_not(read, item, terms, rule, receiver)
            if code or not _gives(read, rule, target.award):
                continue
            quantum = rational.parse(read.known(FRAMEWORKS, *rule.target).terms.quantum)
            result = rounded(exact_credits(rule, item, given, target.award), quantum)
            found.append(
                Covering(
                    agreement=agreement_id, version=number, rule=rule.rule_id,
                    kind=str(rule.__struct_config__.tag), use=rule.use,
                    exact=rational.format(result.exact), awarded=rational.format(result.awarded),
                    dropped=rational.format(result.dropped),
                    caps_left=_cap_left(read, target, receiver, terms),
                    ends=calendar.date_at(span.end).isoformat(), status=agreement.status,
                    needs=needs_of(rule, consent=consent),
                )
            )  # fmt: skip
    return found


def _gives(read: Reading, rule: Rule, award: ProgrammeTerms | None) -> bool:
    """Whether the rule's credits are credits of the award."""
    if award is None:
        return True
    try:
        check_award(read.ctx, rule, award)
    except Rejection as rejection:
        if rejection.code != "E_SCOPE":
            raise
        return False
    return True


def _cap_left(read: Reading, target: Target, receiver: Party, terms: AgreementTerms) -> str | None:
    if target.award is None:
        return None
    cap = account_cap(read.ctx, target.enrolment, target.award, receiver, terms)
    held = rational.parse_state(target.enrolment.recognised) if target.enrolment else Fraction(0)
    return rational.format(max(cap - held, Fraction(0)))
