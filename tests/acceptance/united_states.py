"""DOMAIN.md 1.2, United States."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from acceptance.office import Office, founded
from acceptance.reports import Reported
from acceptance.rows import Row, Verdict, row
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.party import NewKey, PartyRegister
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.model.programme import Course, ProgrammeTerms
from accord_ledger.domain.rules import CourseSubstitution
from accord_ledger.domain.rules.course_substitution import ListedCourse, Substitution
from award_world import award_batch
from domain_alliance import key_of, new_key, uid
from domain_world import NETWORK
from exchange_world import IssuedBatch, attest, fixed, holder_key, hours
from scenario.programmes import (
    AWARDS as SCENARIO_AWARDS,
)
from scenario.programmes import SUNY_HI, activate, approve, launch, register, submit, terms
from use_world import benefit, claim, shown

BOTH: Any = (("suny", "academic_committee"), ("suny", "curriculum_committee"))
BJOU_AWARD, _, _, SUNY_AWARD, _ = SCENARIO_AWARDS
HEALTH = replace(SUNY_HI, required_courses=())
"""suny-hi, 6 credits of 45 hours, without the two-year rule."""
TALK = replace(HEALTH, programme_id="suny-talk", track="noncredit", credits="0/1")


def opened() -> Office:
    """2026-03-03."""
    return Office().on("2026-03-03")


# ---- C2 to C4: approval, stages, offerings ------------------------------------------------------------


def two_committees() -> Office:
    """suny-hi submitted and approved by the academic committee; so is a programme of a college with one key."""
    office = opened().has(register(HEALTH), submit(HEALTH), approve(HEALTH, *BOTH[0]))
    one = key_of("college", "committees")
    keys: tuple[NewKey, ...] = (
        new_key(key_of("college"), "college", "institution", network=NETWORK),
        new_key(one, "college", "academic_committee", "curriculum_committee", network=NETWORK),
    )
    college = PartyRegister(
        party_id="college", roles=("university",), legal_name={"en": "College"}, country="US", region="US-NY", keys=keys
    )  # fmt: skip
    office.known(("party_register", college))
    return office.has(register(COLLEGE_HI), submit(COLLEGE_HI))


COLLEGE_HI = replace(HEALTH, programme_id="college-hi", issuers=("college",))


def approved_with_one_key(office: Office, approval: str) -> Verdict:
    """The college's one key signs for a committee."""
    body = approve(COLLEGE_HI, "college", approval).body  # type: ignore[arg-type]  # the table names them
    return office.tell("programme_approve", body, key_of("college", "committees"), author="college")


OFFERED = replace(SUNY_HI, required_courses=("course-1", "course-2"))


def two_years(*earlier: str) -> Office:
    """Courses offered in 2024-03 and 2026-01, and course 1 on further days; today is 2026-05-20."""
    office = founded("2024-03-01", without=("registry_entry", "accreditation_grant")).has(
        *launch(OFFERED, *BOTH)
    )
    for day, course in sorted(
        (("2024-03-04", "course-1"), ("2026-01-12", "course-2"), *((day, "course-1") for day in earlier))
    ):
        office.on(day)
        term = CourseOffering(programme="suny-hi", course=course, term_start=day, term_end=day)
        office.do("course_offering", term, "suny registrar")
    return office.on("2026-05-01").intake(OFFERED, "2026-05-15").on("2026-05-20")


def issued_in_may(office: Office) -> Verdict:
    """T16 of what was completed on 2026-05-15."""
    made = IssuedBatch.make(f"may {office.time} {len(office.values)}", 12)
    dates = {"completed_from": "2026-05-15", "completed_to": "2026-05-15"}
    return office.tell("credential_issue", office.issue_body(OFFERED, made, **dates), "suny issuance")


# ---- C5, C7, C11: credit at another school ------------------------------------------------------------


class Beijing(Office):
    """suny's credentials and accounts N1, N2 at bcb for an award of 76; suny is trusted abroad."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-03").offers(HEALTH, "2026-03-25", *BOTH).offers(TALK, "2026-03-25", BOTH[0])
        self.accredited("nvao", "EQAR", "suny")
        course = (Course(code="c1", credits="6/1", course_class="basic"),)
        self.has(*launch(replace(BJOU_AWARD, courses=course)))
        self.enrol("n1", "bcb", BJOU_AWARD)
        self.enrol("n2", "bcb", BJOU_AWARD)
        listed = Substitution(programme="suny-talk", courses=(ListedCourse(code="c1", credits="6/1"),))
        course_rule = CourseSubstitution(
            rule_id="course", source=("us-sch", 1), target=("cn-mc", 1), substitutions=(listed,)
        )
        self.agrees("nominal", "suny", "bcb", hours("us-sch", pins="45/1 40/1"), course_rule)
        self.agrees("clock", "suny", "bcb", hours("us-sch", pins="85/2 40/1"))
        self.on("2026-03-25")
        self.batch = self.issues(HEALTH, "2026-03-25")
        self.talks = self.issues(TALK, "2026-03-25")

    def gives(self, index: int, agreed: str, claimed: str) -> tuple[str, str]:
        """What six credits exactly are, and what is awarded."""
        name = f"{agreed} {index}"
        verdict = self.asks(name, "n1", agreed, [self.batch[index]], claimed)
        assert not verdict.detail, verdict
        kept = self.recognition(name)
        return kept.exact, kept.awarded


# ---- C8: stacking -------------------------------------------------------------------------------------


class Certificate(Office):
    """suny issues six credits each; accounts E1, E2 at suny for its certificate of 12, N1 at bcb."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-03").offers(HEALTH, "2026-03-25", *BOTH)
        self.accredited("nvao", "EQAR", "suny")
        self.has(*launch(SUNY_AWARD, *BOTH), *launch(BJOU_AWARD))
        for name, owner, award in (
            ("e1", "suny", SUNY_AWARD),
            ("e2", "suny", SUNY_AWARD),
            ("n1", "bcb", BJOU_AWARD),
        ):
            self.enrol(name, owner, award)
        self.agrees("a", "suny", "bcb", fixed(source="us-sch"))
        self.on("2026-03-25")
        self.batch = self.issues(HEALTH, "2026-03-25")

    def stacks(self, name: str, account: str, *places: int) -> Verdict:
        """T30 by the registrar, both committees and the holders."""
        made = award_batch(name)
        body = StackBody(
            enrolment=uid(account), components=tuple(self.batch[place] for place in places), batch_id=made.batch_id,
            merkle_root=made.root, status_list="awards", status_start=len(self.view.changes()),
        )  # fmt: skip
        holders = [holder_key(self.batch.batch_id, place) for place in places]
        signers = ("suny registrar", "suny academic_committee", "suny curriculum_committee")
        return self.tell("stack_award", body, *signers, *holders)

    def uses(self, name: str, place: int) -> Verdict:
        """T27 of one part at bcb."""
        return self.asks(name, "n1", "a", [self.batch[place]], "6/1", rule="fixed")


def redeemable(office: Certificate) -> str:
    """What the certificate is worth elsewhere."""
    return str(office.get(AWARDS, award_batch("c1").batch_id).redeemable)


# ---- C9, C10: vendors and pay -------------------------------------------------------------------------

VENDOR = terms(
    "vendor-it", "suny", "IT Support", "6/1", "270/1", issuers=("vendor",), profile=("neutral", 1), level=None
)  # fmt: skip


class Vendor(Office):
    """A vendor's certificate, approved by its own committee, that no university stands behind."""

    def __init__(self) -> None:
        super().__init__()
        self.party("vendor", "US-NY", "provider", "registrar academic_committee issuance agreements")
        self.on("2026-03-03").offers(VENDOR, "2026-03-25").has(*launch(SUNY_AWARD, *BOTH))
        self.enrol("e1", "suny", SUNY_AWARD)
        us: Any = {"source": "us-sch", "target": "us-sch"}
        evidence = shown(source=("us-sch", 1), target=("us-sch", 1))
        self.agrees("a", "vendor", "suny", fixed(**us), evidence)
        self.on("2026-03-25")
        self.batch = self.issues(VENDOR, "2026-03-25")

    def uses(self, name: str, rule: str, claimed: str) -> Verdict:
        """T27 at suny."""
        by: Any = {"signers": ("suny registrar",)}
        return self.asks(name, "e1", "a", [self.batch[0]], claimed, rule=rule, **by)


def region(office: Office, name: str) -> tuple[int, int, int | None, int | None] | None:
    """Issuers, programmes, credentials and recognitions of a region."""
    found = office.answers("regions", role="issuer").regions
    return next(
        ((one.issuers, one.programmes, one.issued, one.recognised) for one in found if one.region == name),
        None,
    )


class Wages(Beijing):
    """kettle pays for suny's credentials."""

    def rule(self, amount: int) -> Verdict:
        """T32."""
        body = benefit(f"pay {amount}", programmes=("suny-hi",), amount_minor=amount)
        return self.tell("benefit_rule", body, "kettle")

    def claims(self, amount: int) -> Verdict:
        """T33 of the holder of credential 3."""
        return self.tell(*claim(self.batch, 3, rule=uid(f"pay {amount}"), consent=None))


def sized(profile: str, size: int) -> ProgrammeTerms:
    """A programme of so many credits under a campus profile."""
    return replace(
        HEALTH,
        programme_id=f"suny-{size}",
        credits=f"{size}/1",
        total_hours=f"{45 * size}/1",
        profile=(profile, 1),
    )


def without(field: str) -> ProgrammeTerms:
    """suny-hi without one field."""
    return replace(HEALTH, **{field: () if field == "audience" else None})


def industry(courses: int) -> tuple[str | None, bool]:
    """T11 of so many courses of 100 designed with experts; share, and whether it is above 3/5."""
    found = Reported(courses_total=100, courses_with_industry=courses).says("industry")
    return found.share, found.above


ROWS: tuple[Row[Any], ...] = (
    row("C1", "SUNY required metadata", opened,
        ("no audience", lambda at: at.registers(without("audience")), "E_METADATA_MISSING(audience)"),
        ("no transferability", lambda at: at.registers(without("transferability")), "E_METADATA_MISSING(transferability)"),
        ("name, audience, issuer, credits, transferability, and no outcomes", lambda at: at.registers(replace(HEALTH, outcomes=())), "accepted with W_HOURS_RANGE"),
    ),
    row("C2", "SUNY dual approval", two_committees,
        ("activate with the academic committee only", lambda at: at.submits(activate(HEALTH)), "E_APPROVAL_MISSING(curriculum_committee)"),
        ("the curriculum committee too", lambda at: at.submits(approve(HEALTH, *BOTH[1])), "accepted"),
        ("activate with both", lambda at: at.submits(activate(HEALTH)), "accepted"),
        ("one key for the academic committee", lambda at: approved_with_one_key(at, "academic_committee"), "accepted"),
        ("the same key for the curriculum committee", lambda at: approved_with_one_key(at, "curriculum_committee"), "E_SIG_DISTINCT"),
        ("non-credit: one of them is enough", lambda at: at.has(*launch(TALK, BOTH[1])).status_of("suny-talk"), "active"),
    ),
    row("C3", "Four-stage development", lambda: opened().has(register(HEALTH)),
        ("activate a draft", lambda at: at.submits(activate(HEALTH)), "E_STATE"),
        ("approve a draft", lambda at: at.submits(approve(HEALTH, *BOTH[0])), "E_STATE"),
        ("submit", lambda at: at.submits(submit(HEALTH)), "accepted"),
        ("approve", lambda at: [str(at.submits(approve(HEALTH, *each))) for each in BOTH], ["accepted", "accepted"]),
        ("submit again", lambda at: at.submits(submit(HEALTH)), "E_STATE"),
        ("activate", lambda at: at.submits(activate(HEALTH)), "accepted"),
    ),
    row("C4", "Two-year offering rule", two_years,
        ("course 1 of 2024-03, course 2 of 2026-01; issue in 2026-05", issued_in_may, "E_COURSE_NOT_OFFERED(course-1)"),
        ("with course 1 of 2025-09", lambda _: issued_in_may(two_years("2025-09-01")), "accepted"),
    ),
    row("C5", "Credit and non-credit tracks", Beijing,
        ("non-credit with 6 credits", lambda at: at.registers(replace(TALK, programme_id="suny-b", credits="6/1")), "E_VALUE"),
        ("non-credit under a normal rule", lambda at: at.asks("r1", "n1", "nominal", [at.talks[0]], "6/1"), "E_NONCREDIT"),
        ("under a rule with a value, without an assessment",
         lambda at: at.asks("r1", "n1", "nominal", [at.talks[0]], "6/1", rule="course", targets=("c1",)), "E_NONCREDIT"),
        ("under a rule with a value and an assessment",
         lambda at: at.asks("r1", "n1", "nominal", [at.talks[0]], "6/1", rule="course", targets=("c1",),
                            attestations=attest([at.talks[0]], "assessment")), "accepted"),
    ),
    row("C6", "Scale of SUNY items", lambda: opened().profiles("suny-canton", "suny-oneonta"),
        ("18 credits at Canton", lambda at: at.registers(sized("suny-canton", 18)), "accepted with W_HOURS_RANGE"),
        ("19 credits at Canton", lambda at: at.registers(sized("suny-canton", 19)), "E_CREDIT_RANGE"),
        ("15 credits at Oneonta", lambda at: at.registers(sized("suny-oneonta", 15)), "accepted with W_HOURS_RANGE"),
        ("16 credits at Oneonta", lambda at: at.registers(sized("suny-oneonta", 16)), "E_CREDIT_RANGE"),
    ),
    row("C7", "NY semester hour", Beijing,
        ("6 credits × 45/40 in 40-hour credits", lambda at: at.gives(0, "nominal", "13/2"), ("27/4", "13/2")),
        ("6 credits × 42.5/40 in 40-hour credits", lambda at: at.gives(1, "clock", "6/1"), ("51/8", "6/1")),
    ),
    row("C8", "Stacking at SUNY", Certificate,
        ("a part recognised elsewhere", lambda at: at.uses("r1", 0), "accepted"),
        ("stacked afterwards", lambda at: at.stacks("c0", "e1", 0, 1), "E_ALREADY_REDEEMED"),
        ("2 × 6 own credits", lambda at: at.stacks("c1", "e1", 1, 2), "accepted"),
        ("what the certificate of 12 redeems", redeemable, "12/1"),
        ("a stacked part recognised elsewhere", lambda at: at.uses("r2", 1), "E_LINEAGE_SPENT"),
        ("a stacked part in a second certificate", lambda at: at.stacks("c2", "e2", 2, 3), "E_LINEAGE_SPENT"),
    ),
    row("C9", "Vendor certificates", Vendor,
        ("unendorsed, for credit", lambda at: at.uses("r1", "fixed", "6/1"), "E_NOT_ENDORSED"),
        ("unendorsed, as evidence", lambda at: at.uses("r2", "shown", "0/1"), "accepted"),
        ("a university endorses it", lambda at: at.submits(approve(VENDOR, "hnrail", "endorse")), "accepted"),
        ("endorsed, for credit", lambda at: at.uses("r3", "fixed", "6/1"), "accepted"),
    ),
    row("C10", "Kettle Moraine district", Wages,
        ("a rule of 70000 cents", lambda at: at.rule(70_000), "E_RANGE"),
        ("a rule of 60000 cents", lambda at: at.rule(60_000), "accepted"),
        ("a rule of 20000 cents", lambda at: at.rule(20_000), "accepted"),
        ("claim 60000 cents", lambda at: at.claims(60_000), "accepted"),
        ("claim again", lambda at: at.claims(60_000), "E_BENEFIT_CLAIMED"),
        ("claim under the employer's other rule", lambda at: at.claims(20_000), "E_BENEFIT_CLAIMED"),
        ("the credential is redeemed for credit", lambda at: at.asks("r", "n1", "nominal", [at.batch[3]], "13/2"), "accepted"),
    ),
    row("C11", "No national conversion standard", Beijing,
        ("no agreement", lambda at: at.asks("r", "n1", "none", [at.batch[0]], "6/1"), "E_NO_AGREEMENT"),
        ("an agreement of others", lambda at: at.agrees("other", "uu", "bcb", hours()).asks("r", "n1", "other", [at.batch[0]], "6/1"), "E_SCOPE"),
    ),
    row("C12", "Regional imbalance", Wages,
        ("issuers, programmes, credentials and recognitions of US-NY", lambda at: region(at, "US-NY"), (1, 2, 24, 0)),
        ("of a region with no programme", lambda at: region(at, "US-WI"), None),
    ),
    row("C13", "Industry experts in design", lambda: industry,
        ("61 of 100 courses", lambda at: at(61), ("61/100", True)),
        ("60 of 100 courses (strict)", lambda at: at(60), ("3/5", False)),
    ),
)  # fmt: skip
