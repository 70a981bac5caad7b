"""DOMAIN.md 1.1, concept and demand."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from acceptance import holder
from acceptance.office import AUTHORITY, Office, a_list, digest
from acceptance.reports import PLAIN, Reports, seconds
from acceptance.rows import Row, Verdict, row
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.profile import ProfileDefine
from accord_ledger.domain.model.framework import ApprovalPolicy, ProfileTerms
from accord_ledger.domain.model.programme import PROGRAMMES, ProgrammeTerms
from domain_alliance import key_of, uid
from scenario.programmes import SUNY_HI, UU_DS, activate, approve, chinese, register, submit, terms, utrecht

# ---- A1, A3, A4 ---------------------------------------------------------------------------------------

HALF_AN_HOUR = terms("uu-talk", "uu", "A talk", "0/1", "1/2", track="noncredit", level=6)


def opened() -> Office:
    """2026-03-03."""
    return Office().on("2026-03-03")


def submitted() -> Office:
    """suny-hi, submitted."""
    return opened().has(register(SUNY_HI), submit(SUNY_HI))


def approvals(office: Office) -> list[tuple[str, str, bool]]:
    """What the ledger keeps of each approval: kind, party, and whether the key is that committee's."""
    kept = office.get(PROGRAMMES, "suny-hi", 1).approvals
    return [(one.kind, one.party, one.key_id == key_of(one.party, one.kind).key_id) for one in kept]


def by_the_registrar(office: Office) -> Verdict:
    """An approval that the registrar signs instead of the committee."""
    body = approve(SUNY_HI, "suny", "academic_committee").body
    return office.tell("programme_approve", body, "suny registrar")


# ---- A8: profiles are data ----------------------------------------------------------------------------

FIVE: tuple[ProgrammeTerms, ...] = (
    SUNY_HI,
    UU_DS,
    terms("uom-x", "uom", "Analytics", "25/8", "35/1", level=8),
    terms("um-x", "um", "Module", "3/1", "120/1", level=6),
    chinese("bjou-x", "bjou", "Logistics", "1/1", 40, 1),
)
"""One programme each under SUNY-2018, EU-2022, NMF, MQA and CN."""

STRICTER = ProfileTerms(
    profile_id="eu-2022", version=2, owner="alliance", required=("outcomes", "field"),
    approval_credit=ApprovalPolicy(any_of=("academic_committee",)), credits=("1/1", "5/1"),
)  # fmt: skip
GREEN = replace(utrecht("uu-new", 4), profile=("eu-2022", 2))
"""A programme measured by the next version of the profile."""


def swapped(office: Office) -> Verdict:
    """T39 of the next version of a profile."""
    return office.tell("profile_define", ProfileDefine(terms=STRICTER), *AUTHORITY)


def relisted(office: Office) -> Verdict:
    """T40 of the next version of a list the profile's fields come from."""
    kind, body = a_list("fields", "alliance", {"11": ("Green skills",)}, version=2)
    return office.tell(kind, body, *AUTHORITY)


# ---- A7: the size of the 1+X pilot --------------------------------------------------------------------


class Pilot(Office):
    """783 batches of 1,000 credentials of one programme."""

    def __init__(self) -> None:
        super().__init__()
        self.one = UU_DS
        self.on("2026-03-03").offers(UU_DS, "2026-03-25", entrants=783_000).on("2026-03-25")

    def batches(self, count: int) -> int:
        """T16 of so many batches; how many were accepted."""
        return sum(str(self._batch(number)) == "accepted" for number in range(count))

    def _batch(self, number: int) -> Verdict:
        body = IssueBody(
            batch_id=uid(f"pilot {number}"), programme=("uu-ds", 1), count=1000, merkle_root=digest("pilot", number),
            status_list="pilot", status_start=1000 * number, completed_from="2026-03-25", completed_to="2026-03-25",
        )  # fmt: skip
        return self.tell("credential_issue", body, "uu issuance")

    def slowest_status(self) -> float:
        """Seconds for the slowest of some status queries (Q-E1)."""
        asked = [(uid(f"pilot {number}"), index) for number in (0, 400, 782) for index in (0, 999)]
        return max(seconds(self, "credential", batch=batch.hex(), index=index) for batch, index in asked)


A2_DOCUMENT = ("documents", 0, "content", "name")


class Engineers(Reports):
    """China's target of 80,000 a year; 60,000 credentials of one programme are issued in 2026."""

    def __init__(self) -> None:
        super().__init__()
        one = chinese("bjou-de", "bjou", "Digital engineer", "1/1", 40, 1)
        self.known(a_list("targets-cn", "CN", {"issued.2026": ("80000/1",)}))
        self.offers(one, "2026-03-25", entrants=60_000).on("2026-03-25")
        body = IssueBody(
            batch_id=uid("engineers"), programme=("bjou-de", 1), count=60_000, merkle_root=digest("engineers"),
            status_list="de", status_start=0, completed_from="2026-03-25", completed_to="2026-03-25",
        )  # fmt: skip
        self.do("credential_issue", body, "bjou issuance")

    def reached(self) -> tuple[str | None, str, str | None, bool]:
        """Actual, target, actual / target, met."""
        [found] = self.answers("targets", country="CN")
        return found.actual, found.target, found.ratio, found.met


ROWS: tuple[Row[Any], ...] = (
    row("A1", "Micro-credential size", opened,
        ("100 h", lambda at: at.registers(chinese("bjou-x", "bjou", "Logistics", "5/2", 100, 1)), "accepted"),
        ("168 h (6 EC at 28 h)", lambda at: at.registers(utrecht("uu-6", 6)), "accepted with W_HOURS_RANGE"),
        ("1/2 h", lambda at: at.registers(HALF_AN_HOUR), "E_HOURS_RANGE"),
        ("1 h", lambda at: at.registers(replace(HALF_AN_HOUR, total_hours="1/1")), "accepted"),
    ),
    row("A2", "UNESCO five features", lambda: holder,
        ("document, salts and path, no node running", lambda at: at.verdict(at.bundle()), "valid"),
        ("the same with another title in the document", lambda at: at.verdict(at.altered(*A2_DOCUMENT, value="Law")), "invalid"),
        ("the same with another salt", lambda at: at.verdict(at.altered("holder", "salt", value="00" * 32)), "invalid"),
    ),
    row("A3", "EU definition", opened,
        ("a programme with 0 outcomes", lambda at: at.registers(replace(UU_DS, outcomes=())), "E_METADATA_MISSING(outcomes)"),
        ("a programme with 1 outcome", lambda at: at.registers(UU_DS), "accepted"),
    ),
    row("A4", "SUNY definition", submitted,
        ("the registrar signs for the academic committee", by_the_registrar, "E_SIG_MISSING(suny academic_committee)"),
        ("activate with no approval", lambda at: at.submits(activate(SUNY_HI)), "E_APPROVAL_MISSING"),
        ("both committees sign", lambda at: [str(at.submits(approve(SUNY_HI, "suny", kind))) for kind in ("academic_committee", "curriculum_committee")], ["accepted"] * 2),
        ("what the ledger keeps of the approvals", approvals,
         [("academic_committee", "suny", True), ("curriculum_committee", "suny", True)]),
    ),
    row("A7", "1+X pilot scale", Pilot,
        ("783 batches of 1,000", lambda at: at.batches(783), 783),
        ("status of any index in less than 50 ms", lambda at: at.slowest_status() < 0.05, True),
    ),
    row("A8", "Six-dimension comparison", opened,
        *((f"a programme under {one.profile[0]}", lambda at, one=one: at.registers(one).code, "accepted") for one in FIVE),
        ("the next version of EU-2022, stricter (T39)", swapped, "accepted"),
        ("the list its fields come from (T40)", relisted, "accepted"),
        ("a programme under it without a field", lambda at: at.registers(GREEN), "E_METADATA_MISSING(field)"),
        ("with a field of the old list", lambda at: at.registers(replace(GREEN, field="06")), "E_VALUE"),
        ("with a field of the new list", lambda at: at.registers(replace(GREEN, field="11")).code, "accepted"),
        ("6 EC under it", lambda at: at.registers(replace(utrecht("uu-6", 6), profile=("eu-2022", 2), field="11")), "E_CREDIT_RANGE"),
    ),
    row("A5", "WEF 2025", lambda: Reports([replace(PLAIN, programme_id="p0001", last_content_update="2026-02-01")]),
        ("content_age_days on 2026-03-03", lambda at: at.fresh().content_age_days, 30),
        ("a year later", lambda at: at.on("2027-03-03").fresh().content_age_days, 395),
    ),
    row("A6", "MOHRSS digital engineers", Engineers,
        ("60,000 of 80,000 issued in 2026", lambda at: at.reached(), ("60000/1", "80000/1", "3/4", False)),
    ),
)  # fmt: skip
