"""DOMAIN.md 1.7, the proposed Chinese scheme."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from acceptance import australia
from acceptance.abuse_of_credit import Market
from acceptance.office import Office, a_list, digest
from acceptance.reports import PLAIN, Reports, numbered
from acceptance.rows import Row, Verdict, row
from accord_ledger import calendar, codec
from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.kinds.feedback import EmployerFeedback
from accord_ledger.domain.kinds.hours import HoursCheckpointBody, HoursCompleteBody, HoursOpenBody
from accord_ledger.domain.kinds.interop import PUBLICATIONS, InteropPublish, Subject
from accord_ledger.domain.kinds.profile import ProfileDefine
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.kinds.rule_set import RuleSetBody
from accord_ledger.domain.kinds.year_close import QualityYearClose
from accord_ledger.domain.model.agreement import AGREEMENTS, RuleSetRef, Scope
from accord_ledger.domain.model.framework import LISTS, ApprovalPolicy, ProfileTerms
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.domain.model.quality import QualityMetrics
from accord_ledger.domain.terms import rules_hash
from domain_alliance import uid
from domain_world import plain
from exchange_world import agreement, hours
from scenario.agreements import RAIL
from scenario.programmes import (
    AWARDS,
    BJOU_AL,
    BJOU_WD,
    CRRC,
    ECOM_LS,
    UU_DS,
    activate,
    approve,
    chinese,
    launch,
    register,
    submit,
)

BJOU_AWARD = AWARDS[0]
QUALITY = ("ecom-co quality", "cn-qa quality")


def opened() -> Office:
    """2026-03-03."""
    return Office().on("2026-03-03")


def of_hours(hours_of_learning: int, size: str) -> ProgrammeTerms:
    """A Chinese programme of so many hours; those of odd length have half of them practice."""
    one = chinese(f"bjou-{hours_of_learning}", "bjou", "Logistics", size, 100, 1)
    return replace(one, total_hours=f"{hours_of_learning}/1", practice_hours=f"{hours_of_learning // 2}/1")


# ---- P2: interest -------------------------------------------------------------------------------------


class Interest(Office):
    """bjou's course of interest, account N1 at bcb; agreements that name the category and that do not."""

    def __init__(self) -> None:
        super().__init__()
        self.party("sdu", "CN-SD", "university", "registrar academic_committee issuance agreements")
        one = replace(chinese("sdu-tea", "bjou", "Tea", "1/1", 40, 1), category="interest", issuers=("sdu",))
        self.on("2026-03-09").offers(one, "2026-03-25").has(*launch(BJOU_AWARD))
        self.enrol("n1", "bcb", BJOU_AWARD)
        same_hours = hours("cn-mc", pins="40/1 40/1")
        self.agrees("plain", "sdu", "bcb", same_hours)
        self.agrees("named", "sdu", "bcb", same_hours, scope=Scope(categories=("interest",)))
        self.on("2026-03-25")
        self.batch = self.issues(one, "2026-03-25")

    def asked(self, agreed: str) -> Verdict:
        """T27 by one of the agreements."""
        return self.asks(agreed, "n1", agreed, [self.batch[0]], "1/1", consent=None)


# ---- P5, P6: quality years ----------------------------------------------------------------------------


class Years(Office):
    """ecom-ls from 2026 on."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-02").has(*launch(ECOM_LS, ("bjou", "endorse")))

    def year(self, year: int, satisfied: int | None, responses: int = 100, updated: int = 20) -> str:
        """In January: T11, T12 unless ``satisfied`` is None, T13; result, and the status of the programme."""
        self.on(f"{year + 1}-01-15")
        return self.closed(year, satisfied, responses, updated)

    def closed(self, year: int, satisfied: int | None, responses: int = 100, updated: int = 20) -> str:
        """As :meth:`year`, today."""
        metrics = QualityMetrics(content_items=100, content_updated=updated)
        self.do(
            "quality_report", QualityReportBody(programme="ecom-ls", year=year, metrics=metrics), *QUALITY
        )
        if satisfied is not None:
            feedback = EmployerFeedback(
                programme="ecom-ls", period=f"{year}-Q4", responses=responses, satisfied=satisfied,
                method_hash=digest("method"),
            )  # fmt: skip
            self.do("employer_feedback", feedback, "cn-emp")
        done = self.do(
            "quality_year_close", QualityYearClose(programme="ecom-ls", year=year), "cn-qa quality"
        )
        return f"{done.result['result']}, {self.status_of('ecom-ls')}"

    def reported_by_nobody(self) -> str:
        """1 March of the next year, without a report."""
        self.on("2027-03-01")
        return str(self.status_of("ecom-ls"))


# ---- P9: numbers of other systems ---------------------------------------------------------------------


class Platform(Office):
    """bjou-wd is published in the certificate query platform under a number, behind a salt."""

    SALT, NUMBER = digest("salt"), b"2026-BJ-000117"

    def published(self) -> Verdict:
        """T35."""
        self.on("2026-03-03").has(*launch(BJOU_WD))
        body = InteropPublish(
            system="skill-query", subject=Subject(programme=("bjou-wd", 1)), external_id_commitment=self.behind(self.SALT)
        )  # fmt: skip
        return self.tell("interop_publish", body, "bjou")

    def behind(self, salt: bytes) -> bytes:
        """Commitment to the number."""
        return sha256(salt + self.NUMBER).digest()

    def found(self, salt: bytes) -> tuple[str, int] | None:
        """Where the number leads with this salt."""
        kept = self.get(PUBLICATIONS, "skill-query", self.behind(salt))
        return None if kept is None else kept.subject.programme


# ---- P13: hours ---------------------------------------------------------------------------------------


class Hours(Office):
    """L5's account towards bjou-wd, 40 h of which 12 are practice, from 2026-03-09."""

    def __init__(self) -> None:
        super().__init__()
        self.has(*launch(BJOU_WD)).on("2026-03-09")
        body = HoursOpenBody(account=uid("H1"), programme="bjou-wd", start="2026-03-09")
        self.do("hours_open", body, "bjou registrar")

    def sessions(self, count: int, day: str) -> Verdict:
        """T20 after so many sessions of 25 minutes, then T21."""
        self.on(day)
        body = HoursCheckpointBody(
            account=uid("H1"), cumulative_minutes=25 * count, practice_minutes=800, log_root=digest(day), period_end=day
        )  # fmt: skip
        self.do("hours_checkpoint", body, "bjou registrar")
        done = HoursCompleteBody(account=uid("H1"), programme=("bjou-wd", 1))
        return self.tell("hours_complete", done, "bjou registrar", "cn-qa quality")


# ---- P14: a template ----------------------------------------------------------------------------------

COLLEGES = ("college-a", "college-b", "college-c")


class Template(Office):
    """Hunan Railway's rules as a rule set; three colleges that take them over."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-03")
        for one in CRRC:
            self.has(*launch(one, ("hnrail", "endorse")))
        for name in COLLEGES:
            self.party(name, "CN-HN", "university", "registrar academic_committee agreements")
        body = RuleSetBody(rule_set=uid("rail"), rules=(RAIL,))
        self.do("rule_set_define", body, "hnrail agreements")

    def proposed(self, college: str) -> Verdict:
        """T22 with nothing but the name and hash of the template."""
        named = RuleSetRef(rule_set=uid("rail"), hash=rules_hash((RAIL,)))
        self.terms = agreement("crrc-eval", college, rule_sets=(named,), trust_registries=())
        body = ProposeBody(agreement_id=f"rail-{college}", terms=self.terms)
        return self.tell("agreement_propose", body, f"{college} agreements")

    def signed(self, college: str, by: str) -> str:
        """T23 of one party; the status of the college's agreement."""
        body = self.sign_body(f"rail-{college}", self.terms)
        got = self.tell("agreement_sign", body, f"{by} agreements")
        assert got.code == "accepted", got
        return str(self.get(AGREEMENTS, f"rail-{college}").status)


# ---- P18: the firm ------------------------------------------------------------------------------------

WITH_THE_FIRM = ProfileTerms(
    profile_id="order-based", version=1, owner="CN", required=("co_developers",),
    approval_credit=ApprovalPolicy(all_of=("academic_committee", "industry_partner")),
    approval_noncredit=ApprovalPolicy(all_of=("academic_committee", "industry_partner")),
)  # fmt: skip
ORDERED = replace(BJOU_AL, profile=("order-based", 1), co_developers=("alibaba",))


def order_based() -> Office:
    """A programme developed with a firm, submitted and approved by the academic committee."""
    office = opened().party("alibaba", "CN-ZJ", "provider", "industry_partner")
    office.known(("profile_define", ProfileDefine(terms=WITH_THE_FIRM)))
    return office.has(register(ORDERED), submit(ORDERED), approve(ORDERED, "bjou", "academic_committee"))


def with_value(office: Office, name: str, value: object) -> Verdict:
    """T07 with any value in a field."""
    body = plain(ProgrammeRegister(terms=UU_DS))
    body["terms"][name] = value
    return office.tell("programme_register", codec.encode_plain(body), "uu")


# ---- P7, P11, P15, P16, P19: metrics ------------------------------------------------------------------


def accredited_of(good: int, whole: int) -> tuple[str | None, str | None, bool]:
    """Coverage by third parties when so many of all programmes have a grant."""
    programmes = numbered(PLAIN, whole)
    named = tuple(one.programme_id for one in programmes[:good])
    office = Reports(programmes)
    return office.accredited("nvao", "EQAR", "fix-u", scope="programmes", programmes=named).accredited_share()


def days_of_development(days: int) -> tuple[int | None, bool]:
    """T36, and T37 so many days later; days, and whether that is the fast channel."""
    one = replace(PLAIN, programme_id="p0001")
    office = Reports().has(register(one), submit(one), approve(one, "fix-u", "academic_committee"))
    found = (
        office.on(calendar.add_days(calendar.date_at(office.time), days).isoformat())
        .has(activate(one))
        .fresh()
    )
    return found.development_days, found.fast_channel


def goal(office: Reports) -> tuple[str | None, bool]:
    """Shortage occupations against 80 %."""
    found = office.answers("occupations")
    return found.display, found.met


def matched(measured: str) -> tuple[str, bool]:
    """A goal of 13/10 of a baseline of 1/2, and what was measured: the target that follows, and whether it is met."""
    office = opened().known(a_list("targets-cn", "CN", {"skill-match.2030": ("13/10", measured, "1/2")}))
    [found] = office.answers("targets", country="CN")
    return found.target, found.met


def programmes_by_region(office: Reports) -> dict[str, int]:
    """Regions of China with programmes."""
    return {
        one.region: one.programmes
        for one in office.answers("regions", country="CN").regions
        if one.programmes
    }


def genuine(market: Market) -> tuple[Any, ...]:
    """What anybody may ask about a credential."""
    found = market.answers("credential", batch=market.batches[3].batch_id.hex(), index=0)
    return (
        found.status, found.issuer, found.title["en"], found.level, found.credits, found.issued_month,
        found.accreditation, found.erased,
    )  # fmt: skip


ROWS: tuple[Row[Any], ...] = (
    row("P1", "Credit unit", opened,
        ("100 h for 5/2", lambda at: at.registers(of_hours(100, "5/2")), "accepted"),
        ("90 h for 9/4", lambda at: at.registers(of_hours(90, "9/4")), "E_QUANTUM"),
        ("90 h for 5/2", lambda at: at.registers(of_hours(90, "5/2")), "E_HOURS_PER_CREDIT"),
    ),
    row("P2", "3 × 3", Interest,
        ("a fourth category", lambda at: at.registers(replace(BJOU_AL, category="other")), "E_SCHEMA"),
        ("a fourth level", lambda at: at.registers(replace(BJOU_AL, level=4)), "E_LEVEL_RANGE"),
        ("interest to credit", lambda at: at.asked("plain"), "E_CATEGORY_SCOPE"),
        ("under an agreement that names interest", lambda at: at.asked("named"), "accepted"),
    ),
    row("P3", "Enterprise projects", opened,
        ("3 of 8", lambda at: at.registers(replace(BJOU_AL, projects_all=8, projects_enterprise=3)), "E_QUALITY_PROJECTS"),
        ("4 of 10", lambda at: at.registers(BJOU_AL), "accepted"),
    ),
    row("P4", "Practice hours", opened,
        ("29.5 of 100", lambda at: at.registers(replace(BJOU_AL, practice_hours="59/2")), "E_QUALITY_PRACTICE"),
        ("30 of 100", lambda at: at.registers(BJOU_AL), "accepted"),
    ),
    row("P5", "Content update", Years,
        ("20/100", lambda at: at.year(2026, 60, updated=20), "pass, active"),
        ("19/100", lambda at: at.year(2027, 60, updated=19), "pass, suspended"),
        ("no report", lambda _: Years().reported_by_nobody(), "suspended"),
    ),
    row("P6", "Exit", Years,
        ("49/100", lambda at: at.year(2026, 49), "fail, active"),
        ("then 124/250 (49.6 %)", lambda at: at.year(2027, 124, 250), "fail, withdrawn"),
        ("49/100, then 125/250", lambda _: (at := Years()) and [at.year(2026, 49), at.year(2027, 125, 250)], ["fail, active", "pass, active"]),
        ("fail, no_data, fail", lambda _: (at := Years()) and [at.year(2026, 49), at.year(2027, None), at.year(2028, 49)],
         ["fail, active", "no_data, active", "fail, withdrawn"]),
    ),
    row("P9", "National platform by 2027", Platform,
        ("publish a number behind a salt", lambda at: at.published(), "accepted"),
        ("look the number up with the holder's salt", lambda at: at.found(at.SALT), ("bjou-wd", 1)),
        ("with another salt", lambda at: at.found(bytes(32)), None),
        ("with none", lambda at: at.found(b""), None),
    ),
    row("P13", "Fragmented learning", Hours,
        ("95 × 25 min = 2,375", lambda at: at.sessions(95, "2026-06-01"), "E_HOURS_SHORT(25)"),
        ("96 × 25 = 2,400 = 40 h", lambda at: at.sessions(96, "2026-06-08"), "accepted"),
    ),
    row("P14", "Credit bank alliance", Template,
        *(example for college in COLLEGES for example in (
            (f"{college} copies the template", lambda at, college=college: at.proposed(college), "accepted"),
            (f"evaluation body and credit bank sign with {college}", lambda at, college=college: [at.signed(college, by) for by in ("bcb", "crrc-eval")], ["draft", "draft"]),
            (f"{college} signs its own", lambda at, college=college: at.signed(college, college), "active"),
        )),
    ),
    row("P18", "Industry co-development", order_based,
        ("activate without the firm", lambda at: at.submits(activate(ORDERED)), "E_APPROVAL_MISSING(industry_partner)"),
        ("the firm approves", lambda at: at.submits(approve(ORDERED, "alibaba", "industry_partner")), "accepted"),
        ("activate", lambda at: at.submits(activate(ORDERED)), "accepted"),
    ),
    row("P7", "Third-party accreditation", lambda: accredited_of,
        ("8 of 10", lambda at: at(8, 10), ("4/5", "80.0 %", True)),
        ("7 of 9", lambda at: at(7, 9), ("7/9", "77.8 %", False)),
    ),
    row("P8", "Mutual recognition", lambda: Reports(numbered(PLAIN, 10)),
        ("7 of 10", lambda at: at.takes_first([f"p{n:04}" for n in range(1, 8)], "a7").covered(), ("7/10", "70.0 %", False)),
        ("8 of 10", lambda at: at.takes_first(["p0008"], "a8").covered(), ("4/5", "80.0 %", True)),
    ),
    row("P10", "Demand data", lambda: Reports([replace(PLAIN, programme_id="p0001")]),
        ("a version of 365 days", lambda at: at.on("2027-03-03").fresh().stale_version, False),
        ("no new version for longer", lambda at: at.on("2027-03-04").fresh().stale_version, True),
        ("the next version (T07 to T37)", lambda at: at.next_version().fresh().stale_version, False),
    ),
    row("P11", "Fast channel", lambda: days_of_development,
        *((f"{days} days from T36 to T37", lambda at, days=days: at(days), (days, inside))
          for days, inside in ((90, True), (100, True), (183, True), (89, False), (200, False))),
    ),
    row("P12", "Ten key fields", opened,
        ("entries of the closed list", lambda at: len(at.get(LISTS, "fields", 1).entries), 10),
        ("a field of the list", lambda at: at.registers(replace(BJOU_AL, field="06")), "accepted"),
        ("an eleventh", lambda at: at.registers(replace(BJOU_AL, programme_id="bjou-b", field="11")), "E_VALUE"),
    ),
    row("P15", "2030 goals", lambda: australia.shortage(265, 332),
        ("265 of 332 shortage occupations", lambda at: goal(at), ("79.8 %", False)),
        ("266 of 332", lambda _: goal(australia.shortage(266, 332)), ("80.1 %", True)),
        ("skill match 0.50 → 0.65, × 1.3", lambda _: matched("13/20"), ("13/20", True)),
        ("skill match 0.50 → 0.64", lambda _: matched("16/25"), ("13/20", False)),
    ),
    row("P16", "Regional balance", lambda: Reports([replace(BJOU_WD, programme_id="p-west", region="CN-XZ"), BJOU_WD]),
        ("programmes by region (Q-A5)", lambda at: programmes_by_region(at), {"CN-BJ": 1, "CN-XZ": 1}),
        ("universities in the east of all", lambda at: at.answers("regions", country="CN", role="university", group="east").concentration, (1, 2)),
    ),
    row("P17", "AI sector figures", opened,
        ("context only: there is no field for it", lambda at: with_value(at, "market_size", "600000000000"), "E_SCHEMA"),
    ),
    row("P19", "National Smart Education Platform", Market,
        ("Q-E1 by a client without a key", lambda at: genuine(at), ("valid", ("uu",), "Data Science, 3 EC", 6, "3/1", "2026-03", "EQAR/NVAO to 2030", False)),
        ("course search", lambda at: [one.programme for one in at.answers("catalogue", country="NL")], ["uu-ds3"]),
        ("conversion", lambda at: [(one.agreement, one.exact, one.awarded) for one in at.answers("covering", programme="uu-ds3", receiver="bcb")], [("a1", "21/10", "2/1")]),
    ),
)  # fmt: skip
