"""Programmes, their terms and batches, and the awards: the second table of DOMAIN.md section 6."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from msgspec.structs import replace

from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.programme import ApprovalKind, Course, Group, Outcome, ProgrammeTerms
from exchange_world import IssuedBatch
from scenario.stage import ACCEPTED, Act, Script

PROFILE_OF = {
    "uu": "eu-2022", "suny": "suny-2018", "uom": "nmf", "um": "mqa", "bjou": "cn", "hnrail": "cn",
    "crrc-eval": "cn", "ecom-co": "cn", "fix-u": "neutral",
}  # fmt: skip
FRAMEWORK_OF = {"uu": "nl-ects", "suny": "us-sch", "uom": "uom", "um": "mqf", "fix-u": "mqf"}
"""Of the others: ``cn-mc``."""


def terms(programme_id: str, issuer: str, title: str, size: str, hours: str, **more: Any) -> ProgrammeTerms:
    """One programme under its issuer's profile and framework."""
    values: dict[str, Any] = {
        "programme_id": programme_id,
        "version": 1,
        "title": {"en": title},
        "outcomes": (Outcome(text={"en": f"Applies {title}"}),),
        "framework": (FRAMEWORK_OF.get(issuer, "cn-mc"), 1),
        "category": "degree_bridging",
        "form": "standalone",
        "track": "credit",
        "credits": size,
        "total_hours": hours,
        "assessed": True,
        "assessment_type": "examination",
        "participation": "online",
        "audience": ("public",),
        "transferability": "degree-credit",
        "issuers": (issuer,),
        "profile": (PROFILE_OF[issuer], 1),
    }
    return ProgrammeTerms(**values | more)


def chinese(
    programme_id: str, issuer: str, title: str, size: str, hours: int, level: int, **more: Any
) -> ProgrammeTerms:
    """One under the profile CN: 30 % practice, 4 of 10 projects of enterprises."""
    practice = {"practice_hours": f"{hours * 3 // 10}/1", "projects_all": 10, "projects_enterprise": 4}
    values = {"category": "vocational_skill", "level": level} | practice | more
    return terms(programme_id, issuer, title, size, f"{hours}/1", **values)


def utrecht(programme_id: str, ec: int, **more: Any) -> ProgrammeTerms:
    """One of ``uu``, at 28 hours a credit."""
    return terms(programme_id, "uu", f"Data Science, {ec} EC", f"{ec}/1", f"{28 * ec}/1", level=6, **more)


DATA_ANALYTICS = Group(id="data-analytics", kind="series")
LEADERSHIP = Group(id="leadership", kind="suite")

UU_DS = replace(
    utrecht("uu-ds", 3),
    title={"en": "Data Science for Professionals", "nl": "Data Science voor professionals"},
)
UU = [UU_DS, *(utrecht(f"uu-ds{ec}", ec) for ec in (30, 20, 3, 2))]
SUNY_HI = terms(
    "suny-hi", "suny", "Health Informatics", "6/1", "270/1", required_courses=("HI-1", "HI-2"), level=None
)  # fmt: skip
UOM = [
    *(
        terms(f"uom-d{n}", "uom", f"Data Analytics {n}", "25/8", "35/1", level=8, group=DATA_ANALYTICS)
        for n in range(1, 5)
    ),
    terms("uom-ld1", "uom", "Leadership 1", "25/8", "35/1", level=8, group=LEADERSHIP),
]
UM = [
    terms(
        f"um-m{n:02d}", "um", f"Module {n}", *(("2/1", "80/1") if n == 16 else ("4/1", "160/1")),
        level=6, form="decoupled", parent_course=("um-degree", f"C{n:02d}"), overlap="3/10",
    )
    for n in range(1, 17)
]  # fmt: skip
UM_NE = terms(
    "um-ne", "um", "Network Engineer", "3/1", "120/1", level=5, issuers=("um", "cisco-my"), threshold=2
)  # fmt: skip
BJOU_AL = chinese("bjou-al", "bjou", "AI+Logistics", "5/2", 100, 2)
BJOU_WD = chinese("bjou-wd", "bjou", "Workplace Data", "1/1", 40, 1)
CRRC = [
    chinese("crrc-rs2", "crrc-eval", "Rail Signal", "2/1", 80, 2),
    chinese("crrc-ro2", "crrc-eval", "Rail Operation", "2/1", 80, 2),
    chinese("crrc-rs1", "crrc-eval", "Rail Signal, elementary", "1/1", 40, 1),
]
ECOM_LS = chinese("ecom-ls", "ecom-co", "Livestream Commerce", "1/1", 40, 1)
FIX = [terms(f"fix-{n:02d}", "fix-u", f"Fixture {n}", "1/1", "40/1", level=4) for n in range(1, 11)]


def award(owner: str, programme_id: str, size: int, hours: int, **more: Any) -> ProgrammeTerms:
    """An award of its owner."""
    title = f"Award of {owner}"
    return terms(
        programme_id, owner, title, f"{size}/1", f"{size * hours}/1", form="award", level=None, **more
    )


RAIL_COURSES = tuple(
    Course(code=code, credits=f"{size}/1", course_class="core")
    for code, size in (("RS201", 3), ("RS202", 4), ("RS203", 2), ("RS204", 3))
)
DEGREE_COURSES = tuple(Course(code=f"C{n:02d}", credits="8/1", course_class="core") for n in range(1, 17))
AWARDS = [
    award("bjou", "bjou-award", 76, 40),
    award("hnrail", "hnrail-award", 140, 16, framework=("cn-hvc", 1), courses=RAIL_COURSES),
    award("uom", "uom-award", 50, 10),
    award("suny", "suny-award", 12, 45),
    award("um", "um-degree", 128, 40, courses=DEGREE_COURSES, countable_total="120/1"),
]

# ---- how a programme comes to be active, and what it declares -----------------------------------------


def submit(one: ProgrammeTerms) -> Act:
    """T36."""
    return Act("programme_submit", ProgrammeStep(programme=(one.programme_id, 1)), (one.issuers[0],))


def approve(one: ProgrammeTerms, party: str, approval: ApprovalKind) -> Act:
    """T08 with the committee's own key."""
    body = ProgrammeApprove(programme=(one.programme_id, 1), approval=approval, party=party)
    return Act("programme_approve", body, (f"{party} {approval}",))


def activate(one: ProgrammeTerms, expected: str = "accepted") -> Act:
    """T37."""
    body = ProgrammeStep(programme=(one.programme_id, 1))
    return Act("programme_activate", body, (one.issuers[0],), expected=expected)


def register(one: ProgrammeTerms, expected: str = "accepted") -> Act:
    """T07 by every issuer."""
    return Act("programme_register", ProgrammeRegister(terms=one), one.issuers, expected=expected)


def launch(one: ProgrammeTerms, *approvals: tuple[str, ApprovalKind]) -> Script:
    """T07, T36, T08 (by default the first issuer's academic committee) and T37."""
    own: tuple[tuple[str, ApprovalKind], ...] = ((one.issuers[0], "academic_committee"),)
    return [
        register(one), submit(one), *(approve(one, *each) for each in approvals or own), activate(one),
    ]  # fmt: skip


def intake(programme: str, registrar: str, term: tuple[str, str], entrants: int) -> Act:
    """T10 of a whole programme."""
    body = CourseOffering(programme=programme, term_start=term[0], term_end=term[1], entrants=entrants)
    return Act("course_offering", body, (f"{registrar} registrar",))


def offer(programme: str, registrar: str, course: str, term: tuple[str, str]) -> Act:
    """T10 of one course."""
    body = CourseOffering(programme=programme, course=course, term_start=term[0], term_end=term[1])
    return Act("course_offering", body, (f"{registrar} registrar",))


# ---- batches ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """A row of the table: what is issued, how much of it, and its term."""

    name: str
    programme: str
    issuer: str
    count: int
    term: tuple[str, str]
    start: int = 0
    """First position in the programme's own status list."""


def _batch(programme: str, issuer: str, begin: str, end: str, count: int = 12) -> Batch:
    return Batch(programme, programme, issuer, count, (begin, end))


_ROWS = [
    _batch("uu-ds", "uu", "2026-03-02", "2026-03-25", 40),
    Batch("uu-ds-autumn", "uu-ds", "uu", 12, ("2026-08-03", "2026-08-31"), 40),
    *(_batch(f"uu-ds{ec}", "uu", "2026-03-02", "2026-04-15") for ec in (30, 20, 3, 2)),
    _batch("suny-hi", "suny", "2026-03-09", "2026-05-15"),
    *(_batch(f"uom-{n}", "uom", "2026-03-09", "2026-04-08") for n in ("d1", "d2", "d3", "ld1")),
    _batch("uom-d4", "uom", "2026-03-09", "2026-04-18"),
    *(_batch(f"um-m{n:02d}", "um", "2026-03-09", "2026-05-05") for n in range(1, 17)),
    _batch("um-ne", "um", "2026-03-09", "2026-05-08"),
    *(_batch(one, "crrc-eval", "2026-03-09", "2026-04-18") for one in ("crrc-rs2", "crrc-ro2", "crrc-rs1")),
    Batch("crrc-rs2-2028", "crrc-rs2", "crrc-eval", 12, ("2028-01-10", "2028-02-08"), 12),
    _batch("ecom-ls", "ecom-co", "2026-03-09", "2026-06-26", 100),
    Batch("ecom-ls-late", "ecom-ls", "ecom-co", 12, ("2027-11-01", "2028-01-20"), 100),
    Batch("bjou-wd", "bjou-wd", "bjou", 1, ("2026-03-09", "2026-06-08")),
]
BATCHES = {row.name: row for row in _ROWS}


@cache
def issued(name: str) -> IssuedBatch:
    """A batch as its holders know it."""
    return IssuedBatch.make(f"scenario {name}", BATCHES[name].count)


@cache
def held(name: str, index: int) -> Item:
    """One credential of a batch, opened by its holder."""
    return issued(name)[index]


def issue_body(name: str, **more: Any) -> IssueBody:
    """T16 of a batch of the table."""
    row, batch = BATCHES[name], issued(name)
    values: dict[str, Any] = {
        "batch_id": batch.batch_id, "programme": (row.programme, 1), "count": row.count,
        "merkle_root": batch.root, "status_list": row.programme, "status_start": row.start,
        "completed_from": row.term[0], "completed_to": row.term[1],
    }  # fmt: skip
    return IssueBody(**values | more)


def issue(name: str, expected: str = ACCEPTED, **more: Any) -> Act:
    """T16 by the issuer."""
    signer = f"{BATCHES[name].issuer} issuance"
    return Act("credential_issue", issue_body(name, **more), (signer,), expected=expected)


def intake_of(name: str) -> Act:
    """T10 with the entrants of a batch."""
    row = BATCHES[name]
    return intake(row.programme, row.issuer, row.term, row.count)
