"""Steps 1 to 15: registering, issuing and recognising in the spring of 2026."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

from msgspec.structs import replace

from accord_ledger.domain.kinds.admission import AdmissionBody
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.model.account import RECOGNITIONS
from accord_ledger.domain.model.agreement import AGREEMENTS
from accord_ledger.domain.model.credential import BATCHES, CREDENTIALS, Spend
from accord_ledger.domain.model.framework import FrameworkTerms
from accord_ledger.domain.model.programme import PROGRAMME_HEADS
from accord_ledger.domain.model.use import ADMISSIONS
from domain_alliance import uid
from scenario.agreements import A1, account, agree, propose, recognise, reverse_of_a1
from scenario.parties import FOUR_OF_SIX, grant
from scenario.programmes import BATCHES as ROWS
from scenario.programmes import (
    BJOU_AL,
    SUNY_HI,
    UU_DS,
    activate,
    approve,
    held,
    intake_of,
    issue,
    issued,
    launch,
    offer,
    register,
    submit,
)
from scenario.stage import Act, Fact, Script, holders_of
from scenario.step import step


def active(programme: str) -> Fact:
    """The programme is active, version 1 current."""
    return Fact(PROGRAMME_HEADS, (programme,), {"status": "active", "current": 1})


def spent(name: str, index: int, recognition: str, receiver: str) -> Fact:
    """A credential has exactly this live spend."""
    spend = Spend(recognition=uid(recognition), receiver=receiver, exclusivity="alliance")
    batch = issued(name)
    return Fact(CREDENTIALS, (batch.batch_id, index), {"spends": (spend,)})


@step("1", "2026-03-01")
def child_framework() -> Script:
    """A child of ECTS may narrow its interval, never widen it."""
    child = FrameworkTerms(
        framework_id="de-ects", version=1, country="DE", unit={"en": "EC"}, hour_kind="notional",
        hours_min="24/1", hours_max="30/1", quantum="1/2", levels=(1, 8), parent=("ects", 1),
    )  # fmt: skip
    body = FrameworkDefine(terms=child)
    return [Act("framework_define", body, FOUR_OF_SIX, expected="E_FRAMEWORK_WIDENS")]


@step("2", "2026-03-02")
def utrecht_data_science() -> Script:
    """uu launches ``uu-ds``; nvao accredits uu across borders."""
    accredited = Act("accreditation_grant", grant("nvao", "EQAR", "uu", True), ("nvao quality",))
    return [*launch(UU_DS), active("uu-ds"), accredited, intake_of("uu-ds")]


@step("3", "2026-03-03")
def two_committees() -> Script:
    """suny's profile asks for both committees, each with its own key."""
    term = ROWS["suny-hi"].term
    return [
        register(SUNY_HI),
        submit(SUNY_HI),
        approve(SUNY_HI, "suny", "academic_committee"),
        activate(SUNY_HI, "E_APPROVAL_MISSING(curriculum_committee)"),
        approve(SUNY_HI, "suny", "curriculum_committee"),
        activate(SUNY_HI),
        active("suny-hi"),
        intake_of("suny-hi"),
        offer("suny-hi", "suny", "HI-1", term),
        offer("suny-hi", "suny", "HI-2", term),
    ]


@step("4", "2026-03-04")
def practice_gate() -> Script:
    """29.5 of 100 hours of practice are too few; with 30 and 4 of 10 projects both gates are exactly met."""
    short = replace(BJOU_AL, practice_hours="59/2")
    return [register(short, "E_QUALITY_PRACTICE"), *launch(BJOU_AL), active("bjou-al")]


@step("5", "2026-03-10", "2", "agreements")
def first_agreement() -> Script:
    """A1 and a reverse rule: inside the pin of the framework, and no cycle above 1."""
    return [
        *agree("a1", A1),
        Fact(AGREEMENTS, ("a1",), {"status": "active", "current": 1}),
        propose("a1-reverse-nl", reverse_of_a1("nl-ects", 25), "E_PIN_OUTSIDE_FRAMEWORK"),
        *agree("a1-reverse-25", reverse_of_a1("ects", 25), "E_CYCLE_INFLATION(28/25)"),
        Fact(AGREEMENTS, ("a1-reverse-25",), {"status": "draft"}),
        *agree("a1-reverse-28", reverse_of_a1("ects", 28)),
        Fact(AGREEMENTS, ("a1-reverse-28",), {"status": "active"}),
    ]


@step("6", "2026-04-01", "2")
def forty_credentials() -> Script:
    """One root for 40 credentials of 3 EC and 84 h: 120 EC, 3,360 h."""
    batch = issued("uu-ds")
    stored = {"count": 40, "merkle_root": batch.root, "issuers": ("uu",)}
    return [issue("uu-ds"), Fact(BATCHES, (batch.batch_id,), stored)]


@step("7", "2026-04-05", "5", "6", "enrolments")
def recognised_with_rounding() -> Script:
    """L1 in N1: exact 21/10, awarded 2, dropped 1/10."""
    items = [held("uu-ds", 0)]
    return [
        recognise("r7", "N1", "a1", items, "21/10", "E_AMOUNT", abroad=True),
        recognise("r7", "N1", "a1", items, "2/1", abroad=True),
        Fact(RECOGNITIONS, (uid("r7"),), {"exact": "21/10", "awarded": "2/1", "dropped": "1/10"}),
        account("N1", recognised="2/1"),
        spent("uu-ds", 0, "r7", "bcb"),
    ]


@step("8", "2026-04-06", "7")
def spent_once() -> Script:
    """The same credential at a second school, and one whose holder did not sign."""
    again = {"rule": "fixed", "abroad": True}
    return [
        recognise("r8a", "N3", "a1b", [held("uu-ds", 0)], "3/1", "E_ALREADY_REDEEMED", **again),
        recognise("r8b", "N1", "a1", [held("uu-ds", 1)], "2/1", "E_HOLDER_SIG", abroad=True, unsigned=True),
        account("N3", recognised="0/1"),
        account("N1", recognised="2/1"),
    ]


def subject(name: str, *programmes: str, expected: str = "accepted", learner: int = 0) -> Act:
    """L2 asks for the degree subject with these (A5, N6)."""
    items = [held(programme, learner) for programme in programmes]
    return recognise(name, "N6", "a5", items, "25/2", expected, rule="bundle", graded=True)


@step("9", "2026-04-10", "uom", "enrolments", "agreements", slack=7)
def three_of_four() -> Script:
    """A subject takes four of the series."""
    first = ("uom-d1", "uom-d2", "uom-d3")
    return [
        *(issue(name) for name in (*first, "uom-ld1")),
        subject("r9", *first, expected="E_BUNDLE_INCOMPLETE(3/4)"),
    ]


@step("10", "2026-04-20", "9")
def four_of_one_series() -> Script:
    """One of a suite does not fit; the right four give 12.5 points."""
    first = ("uom-d1", "uom-d2", "uom-d3")
    return [
        issue("uom-d4"),
        subject("r10", *first, "uom-ld1", expected="E_BUNDLE_MISMATCH"),
        subject("r10", *first, "uom-d4"),
        account("N6", recognised="25/2"),
        *(spent(name, 0, "r10", "uom") for name in (*first, "uom-d4")),
    ]


@step("11", "2026-04-21", "10")
def rounding_down_to_nothing() -> Script:
    """L3 in N7: one item would give 15/16, which rounds to nothing; four together give 3."""
    four = [held(name, 1) for name in ("uom-d1", "uom-d2", "uom-d3", "uom-d4")]
    how: dict[str, Any] = {"rule": "fixed", "abroad": True}
    return [
        recognise("r11", "N7", "a2", [held("uom-ld1", 1)], "15/16", "E_ZERO_CREDIT", **how),
        recognise("r11", "N7", "a2", four, "3/1", **how),
        Fact(RECOGNITIONS, (uid("r11"),), {"exact": "15/4", "awarded": "3/1", "dropped": "3/4"}),
        account("N7", recognised="3/1"),
    ]


@step("issued 04-20", "2026-04-20", "uu", "china", slack=7)
def issued_in_april() -> Script:
    """What the table of programmes issues on 2026-04-20, besides ``uom-d4``."""
    names = ("uu-ds30", "uu-ds20", "uu-ds3", "uu-ds2", "crrc-rs2", "crrc-ro2", "crrc-rs1")
    return [issue(name) for name in names]


def courses(name: str, programme: str, targets: str, claimed: str, expected: str = "accepted") -> Act:
    """L7 in N4: a certificate for courses (A4), signed by hnrail, crrc-eval and bcb too."""
    how: dict[str, Any] = {
        "rule": "courses",
        "targets": tuple(targets.split()),
        "cosigners": ("crrc-eval", "bcb"),
    }
    return recognise(name, "N4", "a4", [held(programme, 0)], claimed, expected, **how)


@step("12", "2026-04-25", "enrolments", "agreements", "issued 04-20")
def certificates_for_courses() -> Script:
    """At most 8 credits each, each course once, and only courses of the certificate's level."""
    return [
        courses("r12a", "crrc-rs2", "RS201 RS202 RS203", "9/1", "E_CAP_CREDENTIAL"),
        courses("r12a", "crrc-rs2", "RS201 RS202", "7/1"),
        account("N4", recognised="7/1", courses={"RS201": "3/1", "RS202": "4/1"}),
        courses("r12b", "crrc-ro2", "RS201", "3/1", "E_COURSE_ALREADY_SUBSTITUTED"),
        courses("r12c", "crrc-rs1", "RS204", "3/1", "E_LEVEL_SCOPE"),
        account("N4", recognised="7/1"),
    ]


@step("13", "2026-05-02", "7", "issued 04-20")
def half_of_the_award() -> Script:
    """L1 in N1: 2 + 35 = 37; 2 more would be 39 of 38; 1 more fills it."""
    return [
        recognise("r13a", "N1", "a1", [held("uu-ds30", 0), held("uu-ds20", 0)], "35/1", abroad=True),
        account("N1", recognised="37/1"),
        recognise("r13b", "N1", "a1", [held("uu-ds3", 0)], "2/1", "E_CAP_AWARD", abroad=True),
        recognise("r13c", "N1", "a1", [held("uu-ds2", 0)], "1/1", abroad=True),
        account("N1", recognised="38/1"),
    ]


@step("issued 05-08", "2026-05-08", "um")
def issued_in_may() -> Script:
    """``um-m01`` to ``um-m16``."""
    return [issue(f"um-m{n:02d}") for n in range(1, 17)]


@step("14", "2026-05-10", "um", "enrolments", "agreements")
def issued_together() -> Script:
    """um and Cisco issue only together; L6 in N2: 3 × 40/40 = 3."""
    alone = changed(issue("um-ne"), signers=("cisco-my issuance",), expected="E_SIG_MISSING(um)")
    both = changed(issue("um-ne"), signers=("um issuance", "cisco-my issuance"))
    return [
        alone,
        both,
        Fact(BATCHES, (issued("um-ne").batch_id,), {"issuers": ("um", "cisco-my")}),
        recognise("r14", "N2", "a3", [held("um-ne", 0)], "3/1", abroad=True),
        account("N2", recognised="3/1"),
    ]


def admission(*modules: int, claimed: str, expected: str = "accepted") -> Act:
    """L4 asks admission with these modules (A6, N8)."""
    items = tuple(held(f"um-m{n:02d}", 0) for n in modules)
    body = AdmissionBody(
        admission=uid("admission L4"), enrolment=uid("N8"), agreement=("a6", 1), rule="admission", items=items,
        claimed_credits=claimed,
    )  # fmt: skip
    return Act("admission_attest", body, ("um registrar",), holders_of(list(items)), expected)


@step("15", "2026-05-12", "enrolments", "agreements", "issued 05-08")
def admitted() -> Script:
    """Half of 120 countable credits are 60; nothing is spent, so a module still gives its 4 credits."""
    first = (issued("um-m01").batch_id, 0)
    return [
        admission(*range(1, 15), 16, claimed="58/1", expected="E_ADMISSION_SHORT(2)"),
        admission(*range(1, 16), claimed="60/1"),
        Fact(ADMISSIONS, (uid("admission L4"),), {"credits": "60/1", "minimum": "60/1"}),
        Fact(CREDENTIALS, first, None),
        recognise("r15", "N8", "a6", [held("um-m01", 0)], "4/1", rule="fixed"),
        account("N8", recognised="4/1"),
        spent("um-m01", 0, "r15", "um"),
    ]


@step("issued 05-20", "2026-05-20", "3")
def issued_by_suny() -> Script:
    """``suny-hi``."""
    return [issue("suny-hi")]
