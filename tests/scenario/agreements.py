"""Agreements and enrolments of DOMAIN.md section 6, and the records that use them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from accord_ledger import calendar
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.agreement import ProposeBody, SignBody
from accord_ledger.domain.kinds.enrolment import EnrolmentOpenBody
from accord_ledger.domain.kinds.recognise import RecogniseBody
from accord_ledger.domain.model.account import ENROLMENTS
from accord_ledger.domain.model.agreement import AgreementTerms, Caps, Scope
from accord_ledger.domain.rules import Admission, Bundle, CourseSubstitution, FixedRatio, HoursRatio, Rule
from accord_ledger.domain.rules.course_substitution import LevelClasses, ListedCourse, Substitution
from accord_ledger.domain.terms import signers_of, terms_hash
from domain_alliance import uid
from exchange_world import attest
from scenario.stage import ACCEPTED, Act, Fact, Script, holders_of

ENROLMENTS_OF = {
    "N1": ("bcb", "bjou-award"), "N2": ("bcb", "bjou-award"),
    "N3": ("hnrail", "hnrail-award"), "N4": ("hnrail", "hnrail-award"), "N5": ("hnrail", "hnrail-award"),
    "N6": ("uom", "uom-award"), "N7": ("suny", "suny-award"),
    "N8": ("um", "um-degree"), "N9": ("um", "um-degree"),
}  # fmt: skip
"""Account to the party that runs it and the award; L1 has N1 and N3, L6 N2, L7 N4, L8 N5 and N9, L2 N6, L3 N7, L4 N8."""


def enrol(name: str) -> Act:
    """T26."""
    owner, award = ENROLMENTS_OF[name]
    body = EnrolmentOpenBody(enrolment=uid(name), award=(award, 1))
    return Act("enrolment_open", body, (f"{owner} registrar",))


def account(name: str, **values: object) -> Fact:
    """What an enrolment account must say."""
    return Fact(ENROLMENTS, (uid(name),), values)


# ---- terms --------------------------------------------------------------------------------------------


def terms(senders: str, receivers: str, *rules: Rule, **more: Any) -> AgreementTerms:
    """To 2030-12-31, notice 180 days, run-off 365, exclusivity alliance, from 2026-03-09."""
    values: dict[str, Any] = {
        "senders": tuple(senders.split()),
        "receivers": tuple(receivers.split()),
        "rules": rules,
        "valid_from": "2026-03-09",
        "valid_to": "2030-12-31",
        "sign_by": calendar.midnight(calendar.parse_date("2026-03-31")),
        "notice_days": 180,
        "run_off_days": 365,
    }
    return AgreementTerms(**values | more)


def hours(source: str, source_pin: int, target: str, target_pin: int) -> HoursRatio:
    """The rule ``hours``."""
    return HoursRatio(
        rule_id="hours", source=(source, 1), target=(target, 1), source_pin=f"{source_pin}/1",
        target_pin=f"{target_pin}/1",
    )  # fmt: skip


def fixed(source: str, target: str, ratio: str) -> FixedRatio:
    """The rule ``fixed``."""
    return FixedRatio(rule_id="fixed", source=(source, 1), target=(target, 1), ratio=ratio)


def _replaces(programme: str, *courses: tuple[str, int]) -> Substitution:
    listed = tuple(ListedCourse(code=code, credits=f"{size}/1") for code, size in courses)
    return Substitution(programme=programme, courses=listed)


RAIL = CourseSubstitution(
    rule_id="courses",
    source=("cn-mc", 1),
    target=("cn-hvc", 1),
    substitutions=(
        _replaces("crrc-ro2", ("RS201", 3)),
        _replaces("crrc-rs1", ("RS204", 3)),
        _replaces("crrc-rs2", ("RS201", 3), ("RS202", 4), ("RS203", 2)),
    ),
    level_map=(
        LevelClasses(level=1, classes=("basic",)),
        LevelClasses(level=2, classes=("core",)),
        LevelClasses(level=3, classes=("basic", "core")),
    ),
    cap_per_credential="8/1",
    course_once=True,
    cosigners=("bcb", "crrc-eval"),
)
SUBJECT = Bundle(
    rule_id="bundle", source=("uom", 1), target=("uom", 1), count=4, item_credits="25/8", grant="25/2",
    requires_grade="7/10",
)  # fmt: skip
APEL_M = Admission(
    rule_id="admission", source=("mqf", 1), target=("mqf", 1), share="1/2", countable=("decoupled",)
)

AGREEMENTS = {
    "a1b": terms("uu", "hnrail", fixed("nl-ects", "cn-hvc", "1/1"), trust_registries=("EQAR",)),
    "a2": terms("uom", "suny", fixed("uom", "us-sch", "3/10"), trust_registries=("TEQSA",)),
    "a3": terms("um", "bcb", hours("mqf", 40, "cn-mc", 40), trust_registries=("MQA",)),
    "a4": terms("crrc-eval", "hnrail", RAIL),
    "a5": terms(
        "uom", "uom", SUBJECT, self_pairs=("uom",),
        scope=Scope(programmes=("uom-d1", "uom-d2", "uom-d3", "uom-d4", "uom-ld1")),
    ),
    "a6": terms(
        "um", "um", APEL_M, fixed("mqf", "mqf", "1/1"), self_pairs=("um",), caps=Caps(per_award="3/10"),
    ),
    "a7": terms("crrc-eval", "um", hours("cn-mc", 40, "mqf", 40), trust_registries=("CN-TI", "MQA")),
    "ax": terms(
        "fix-u", "bcb", fixed("mqf", "cn-mc", "1/1"),
        scope=Scope(programmes=tuple(f"fix-{n:02d}" for n in range(1, 9))),
    ),
}  # fmt: skip
"""Those signed on 2026-03-09; A1 and its reverse are step 5."""

A1 = terms(
    "uu", "bcb", hours("nl-ects", 28, "cn-mc", 40), valid_from="2026-03-10", trust_registries=("EQAR",)
)


def reverse_of_a1(framework: str, pin: int) -> AgreementTerms:
    """bcb to uu, 40 hours against ``pin``."""
    return terms("bcb", "uu", hours("cn-mc", 40, framework, pin), valid_from="2026-03-10")


def propose(agreement_id: str, proposed: AgreementTerms, expected: str = ACCEPTED) -> Act:
    """T22 by the first sender."""
    body = ProposeBody(agreement_id=agreement_id, terms=proposed)
    return Act("agreement_propose", body, (f"{proposed.senders[0]} agreements",), expected=expected)


def sign(agreement_id: str, proposed: AgreementTerms, party: str, expected: str = ACCEPTED) -> Act:
    """T23."""
    body = SignBody(agreement=(agreement_id, 1), terms_hash=terms_hash(proposed))
    return Act("agreement_sign", body, (f"{party} agreements",), expected=expected)


def agree(agreement_id: str, proposed: AgreementTerms, last: str = ACCEPTED) -> Script:
    """T22, and T23 of everybody; ``last`` is the verdict on the last signature."""
    *others, final = signers_of(proposed)
    return [
        propose(agreement_id, proposed),
        *(sign(agreement_id, proposed, party) for party in others),
        sign(agreement_id, proposed, final, last),
    ]


# ---- use ----------------------------------------------------------------------------------------------


def consent(name: str) -> bytes:
    """A consent of its own."""
    return sha256(f"consent {name}".encode()).digest()


def recognise(
    name: str, enrolment: str, agreement: str, items: Sequence[Item], claimed: str,
    expected: str = ACCEPTED, **more: Any,
) -> Act:  # fmt: skip
    """T27 of the account's owner and of each item's holder.

    Args:
        name: names the recognition and, abroad, its consent.
        enrolment: account.
        agreement: version 1 of this one.
        items: credentials.
        claimed: credits.
        expected: verdict.
        more: ``rule`` (``hours`` if not said), ``abroad``, ``graded``, ``unsigned`` (by holders),
            ``cosigners``, ``targets``.
    """
    owner = ENROLMENTS_OF[enrolment][0]
    body = RecogniseBody(
        recognition=uid(name),
        enrolment=uid(enrolment),
        agreement=(agreement, 1),
        rule=more.get("rule", "hours"),
        items=tuple(items),
        targets=more.get("targets", ()),
        claimed_credits=claimed,
        attestations=attest(items) if more.get("graded") else (),
        consent=consent(name) if more.get("abroad") else None,
    )
    signers = (f"{owner} registrar", *(f"{party} registrar" for party in more.get("cosigners", ())))
    holders = () if more.get("unsigned") else holders_of(list(items))
    return Act("recognise", body, signers, holders, expected)
