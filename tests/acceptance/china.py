"""DOMAIN.md 1.6, China today."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec.structs import replace

from acceptance.office import Office
from acceptance.reports import PLAIN, Reported, Reports, area, numbered, seconds
from acceptance.rows import Row, Verdict, row
from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.kinds.rule_set import RuleSetBody
from accord_ledger.domain.model.agreement import RuleSetRef, Scope
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.domain.model.quality import AreaCounts, QualityMetrics
from accord_ledger.domain.rules import CourseSubstitution
from accord_ledger.domain.rules.course_substitution import ListedCourse, Substitution
from accord_ledger.domain.terms import rules_hash
from domain_alliance import uid
from exchange_world import agreement, fixed, hours
from scenario.agreements import RAIL
from scenario.programmes import AWARDS, CRRC, ECOM_LS, chinese, launch, utrecht

BJOU_AWARD, HNRAIL_AWARD = AWARDS[0], AWARDS[1]
ENDORSED: Any = ("hnrail", "endorse")


def opened() -> Office:
    """2026-03-03."""
    return Office().on("2026-03-03")


# ---- N4: counts of learners ---------------------------------------------------------------------------


def counts(passed: int, excellent: int, entered: int = 1000) -> QualityReportBody:
    """T11 of 2026 for ``ecom-ls``."""
    area = AreaCounts(area="mixed", entered=entered, completed=entered, passed=passed, excellent=excellent)
    metrics = QualityMetrics(content_items=100, content_updated=20, areas=(area,))
    return QualityReportBody(programme="ecom-ls", year=2026, metrics=metrics)


def reports(office: Office, passed: int, excellent: int, entered: int = 1000) -> Verdict:
    """T11 by ecom-co and cn-qa."""
    body = counts(passed, excellent, entered)
    return office.tell("quality_report", body, "ecom-co quality", "cn-qa quality")


def livestream() -> Office:
    """``ecom-ls``, in January of 2027."""
    return opened().has(*launch(ECOM_LS, ("bjou", "endorse"))).on("2027-01-10")


# ---- N5, N6: certificates for courses -----------------------------------------------------------------


class Rail(Office):
    """crrc-eval's certificates by name, account N4 at hnrail, A4 of the reference scenario."""

    def __init__(self, rule: CourseSubstitution = RAIL) -> None:
        super().__init__()
        self.on("2026-03-09").has(*launch(HNRAIL_AWARD))
        for one in CRRC:
            self.offers(one, "2026-03-25", ENDORSED)
        self.enrol("n4", "hnrail", HNRAIL_AWARD)
        self.agrees("a4", "crrc-eval", "hnrail", rule)
        self.on("2026-03-25")
        self.held = {one.programme_id: self.issues(one, "2026-03-25") for one in CRRC}

    SIGNERS = ("hnrail registrar", "crrc-eval registrar", "bcb registrar")

    def replaces(
        self, programme: str, courses: str, claimed: int, index: int = 0, without: str = ""
    ) -> Verdict:
        """T27 of one certificate for courses, by registrar, evaluation body, credit bank and learner."""
        name = f"{programme} {courses} {index}"
        signers = tuple(signer for signer in self.SIGNERS if signer != without)
        by: Any = {"rule": "courses", "targets": tuple(courses.split()), "consent": None, "signers": signers}
        return self.asks(name, "n4", "a4", [self.held[programme][index]], f"{claimed}/1", **by)


# ---- N8: half of an award -----------------------------------------------------------------------------


class HalfOfAnAward(Office):
    """Account N1 at bcb for an award of 76, in which 37 are recognised."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-03").accredited("nvao", "EQAR", "uu").has(*launch(BJOU_AWARD))
        offered = [replace(utrecht(f"uu-ds{size}", size), validity_months=None) for size in (37, 2, 1)]
        for one in offered:
            self.offers(one, "2026-03-25")
        self.enrol("n1", "bcb", BJOU_AWARD)
        self.agrees("a1", "uu", "bcb", fixed(source="nl-ects"))
        self.on("2026-03-25")
        self.held = {one.programme_id: self.issues(one, "2026-03-25") for one in offered}
        assert self.adds(37).code == "accepted"

    def adds(self, size: int) -> Verdict:
        """T27 of a credential of so many credits, one to one."""
        items = [self.held[f"uu-ds{size}"][0]]
        return self.asks(f"r{size}", "n1", "a1", items, f"{size}/1", rule="fixed")


# ---- N9: five universities ----------------------------------------------------------------------------

FIVE = ("ecnu", "fudan", "nju", "sjtu", "zju")


class EastChina(Office):
    """Five universities that send and receive; a credential of the first, an account at the second."""

    def __init__(self) -> None:
        super().__init__()
        for name in FIVE:
            purposes = "registrar academic_committee endorse issuance agreements"
            self.party(name, "CN-SH", "university", purposes)
        self.on("2026-03-09")
        major = replace(chinese("ecnu-ai", "bjou", "AI", "2/1", 80, 2), issuers=("ecnu",))
        award = replace(BJOU_AWARD, programme_id="fudan-award", issuers=("fudan",))
        self.offers(major, "2026-03-25").has(*launch(award))
        self.enrol("n1", "fudan", award)
        self.terms = agreement(
            " ".join(FIVE), " ".join(FIVE), hours("cn-mc", pins="40/1 40/1"), trust_registries=()
        )
        body = ProposeBody(agreement_id="east", terms=self.terms)
        self.do("agreement_propose", body, "ecnu agreements")
        self.on("2026-03-25")
        self.batch = self.issues(major, "2026-03-25")

    def signed_by(self, *parties: str) -> list[str]:
        """T23 of each."""
        body = self.sign_body("east", self.terms)
        return [str(self.tell("agreement_sign", body, f"{party} agreements")) for party in parties]

    def recognised(self) -> Verdict:
        """T27 at fudan."""
        by: Any = {"signers": ("fudan registrar",), "consent": None}
        return self.asks("r1", "n1", "east", [self.batch[0]], "2/1", **by)

    def pairs(self) -> int:
        """Directed pairs of different parties."""
        return sum(one != other for one in self.terms.senders for other in self.terms.receivers)


# ---- N13, N14 -----------------------------------------------------------------------------------------


def proposes(office: Office, *rules: Any) -> Verdict:
    """T22 from hnrail, whose credits are of 16 contact hours, to bcb, whose are of 40 notional hours."""
    body = ProposeBody(
        agreement_id=f"a{len(office.view.changes())}", terms=agreement("hnrail", "bcb", *rules)
    )
    return office.tell("agreement_propose", body, "hnrail agreements")


class MicroMajor(Office):
    """bjou's micro-major of five courses of 2 credits, for its own students; account N1 at bcb."""

    COURSES = tuple(f"AI-{n}" for n in range(1, 6))

    def __init__(self) -> None:
        super().__init__()
        self.party("sdu", "CN-SD", "university", "registrar academic_committee issuance agreements")
        major = replace(chinese("sdu-ai", "bjou", "AI+X", "10/1", 400, 2), issuers=("sdu",))
        self.major = replace(major, required_courses=self.COURSES, audience=("enrolled",))
        self.on("2026-03-09").has(*launch(BJOU_AWARD))
        self.enrol("n1", "bcb", BJOU_AWARD)
        same_hours = hours("cn-mc", pins="40/1 40/1")
        self.agrees("public", "sdu", "bcb", same_hours, scope=Scope(audiences=("public",)))
        self.agrees("students", "sdu", "bcb", same_hours, scope=Scope(audiences=("enrolled",)))

    def five_courses(self) -> tuple[int, str]:
        """T07 and what follows, T10 of each course, T16; courses and credits of the group."""
        self.offers(self.major, "2026-03-25")
        for name in self.COURSES:
            term = CourseOffering(
                programme="sdu-ai", course=name, term_start="2026-03-09", term_end="2026-03-25"
            )
            self.do("course_offering", term, "sdu registrar")
        self.on("2026-03-25")
        self.batch = self.issues(self.major, "2026-03-25")
        known = self.terms_of("sdu-ai")
        return len(known.required_courses), known.credits

    def recognised(self, agreed: str) -> Verdict:
        """T27 at bcb."""
        return self.asks(agreed, "n1", agreed, [self.batch[0]], "10/1", consent=None)


def nine(hours_of_learning: int) -> ProgrammeTerms:
    """A short non-credit offer that calls itself a vocational skill."""
    one = chinese("bjou-h", "bjou", "Core skill", "0/1", hours_of_learning, 1, track="noncredit")
    return replace(
        one,
        practice_hours=f"{hours_of_learning}/2" if hours_of_learning % 2 else f"{hours_of_learning // 2}/1",
    )


# ---- N1, N2, N7: catalogues and rules -----------------------------------------------------------------


def _of_sector(code: str, count: int) -> list[ProgrammeTerms]:
    one = chinese("x", "bjou", "X certificate", "1/1", 40, 1, sector=code)
    return numbered(one, count, f"x{code}-")


CATALOGUE = [*_of_sector("51", 136), *_of_sector("46", 85), *_of_sector("49", 4), *_of_sector("53", 222)]
"""447 certificates: electronics, equipment, food and medicine, others."""


def concentrated(office: Office) -> tuple[Any, str | None]:
    """Providers in the east of the fixture country, of all."""
    found = office.answers("regions", country="XA", role="provider", group="east")
    return found.concentration, found.display


class NationalRules(Reports):
    """4,278 rules in rule sets of 200, bjou's certificates to hnrail: one agreement."""

    COUNT, CERTIFICATES = 4278, 341

    def __init__(self) -> None:
        super().__init__()
        self.party("sdu", "CN-SD", "university", "registrar academic_committee issuance agreements")
        one = replace(chinese("x", "bjou", "X certificate", "1/1", 40, 1), issuers=("sdu",))
        self.launches(numbered(one, self.CERTIFICATES, "x"))
        self.loaded = 0
        named = tuple(self._defined(first) for first in range(0, self.COUNT, 200))
        by_id = tuple(sorted(named, key=lambda one: one.rule_set))
        self.agrees("national", "sdu", "hnrail", rule_sets=by_id, trust_registries=())

    def _defined(self, first: int) -> RuleSetRef:
        rules = tuple(self._rule(number) for number in range(first, min(first + 200, self.COUNT)))
        name = uid(f"rules {first}")
        self.do("rule_set_define", RuleSetBody(rule_set=name, rules=rules), "hnrail agreements")
        self.loaded += len(rules)
        return RuleSetRef(rule_set=name, hash=rules_hash(rules))

    def _rule(self, number: int) -> CourseSubstitution:
        listed = Substitution(
            programme=f"x{number % self.CERTIFICATES + 1:04}", courses=(ListedCourse(code=f"c{number}", credits="3/1"),)
        )  # fmt: skip
        return CourseSubstitution(
            rule_id=f"r{number:04}", source=("cn-mc", 1), target=("cn-hvc", 1), substitutions=(listed,)
        )

    asked: ClassVar[dict[str, Any]] = {
        "programme": f"x{(COUNT - 1) % CERTIFICATES + 1:04}",
        "receiver": "hnrail",
    }
    """What takes the certificate of the last rule at hnrail?"""

    def lookup(self) -> list[str]:
        """The last rule, if it is among those found."""
        return [
            one.rule for one in self.answers("covering", **self.asked) if one.rule == f"r{self.COUNT - 1}"
        ]


ROWS: tuple[Row[Any], ...] = (
    row("N4", "Zhengzhou school", livestream,
        ("more excellent than passed", lambda at: reports(at, 917, 918), "E_VALUE"),
        ("more passed than entered", lambda at: reports(at, 1001, 250), "E_VALUE"),
        ("pass 91.7 %, excellent 25 %", lambda at: reports(at, 917, 250), "accepted"),
    ),
    row("N5", "Hunan Railway College", Rail,
        ("crrc-rs2 for RS201, RS202 and RS203", lambda at: at.replaces("crrc-rs2", "RS201 RS202 RS203", 9), "E_CAP_CREDENTIAL(9)"),
        ("crrc-rs2 for RS201 and RS202", lambda at: at.replaces("crrc-rs2", "RS201 RS202", 7), "accepted"),
        ("what the account holds", lambda at: (at.account("n4").recognised, at.account("n4").courses), ("7/1", {"RS201": "3/1", "RS202": "4/1"})),
        ("crrc-ro2 for RS201", lambda at: at.replaces("crrc-ro2", "RS201", 3), "E_COURSE_ALREADY_SUBSTITUTED"),
        ("crrc-rs1 for RS204", lambda at: at.replaces("crrc-rs1", "RS204", 3), "E_LEVEL_SCOPE"),
    ),
    row("N6", "X substitution rules", Rail,
        ("without the evaluation body's signature", lambda at: at.replaces("crrc-rs2", "RS201 RS202", 7, without="crrc-eval registrar"), "E_SIG_MISSING(crrc-eval)"),
        ("without the credit bank's signature", lambda at: at.replaces("crrc-rs2", "RS201 RS202", 7, without="bcb registrar"), "E_SIG_MISSING(bcb)"),
        ("+ 2 = 9", lambda at: at.replaces("crrc-rs2", "RS201 RS202 RS203", 9), "E_CAP_CREDENTIAL(8)"),
        ("3 + 4 = 7", lambda at: at.replaces("crrc-rs2", "RS201 RS202", 7), "accepted"),
        ("an elementary certificate for a core course", lambda at: at.replaces("crrc-rs1", "RS204", 3), "E_LEVEL_SCOPE"),
        ("a second certificate for the same course", lambda at: at.replaces("crrc-ro2", "RS201", 3), "E_COURSE_ALREADY_SUBSTITUTED(RS201)"),
    ),
    row("N8", "Beijing credit bank", HalfOfAnAward,
        ("award 76, cap 38, at 37: + 2", lambda at: at.adds(2), "E_CAP_AWARD(38)"),
        ("+ 1", lambda at: at.adds(1), "accepted"),
        ("what the account holds", lambda at: at.account("n1").recognised, "38/1"),
    ),
    row("N9", "East-China five universities", EastChina,
        ("directed pairs", lambda at: at.pairs(), 20),
        ("4 of 5 signatures", lambda at: at.signed_by(*FIVE[:4]), ["accepted"] * 4),
        ("recognise then", lambda at: at.recognised(), "E_AGREEMENT_NOT_ACTIVE"),
        ("the fifth", lambda at: at.signed_by(FIVE[4]), ["accepted"]),
        ("recognise then", lambda at: at.recognised(), "accepted"),
    ),
    row("N11", "Under 10 h claims core skill", opened,
        *((f"vocational skill, non-credit, {hours} h", lambda at, hours=hours: at.registers(nine(hours)), expected)
          for hours, expected in ((9, "E_HOURS_CLAIM"), (10, "accepted"))),
        ("of interest, 9 h", lambda at: at.registers(replace(nine(9), programme_id="bjou-i", category="interest")), "accepted"),
    ),
    row("N13", "Contact-hour credits", opened,
        ("16 contact against 40 notional hours", lambda at: proposes(at, hours("cn-hvc", pins="16/1 40/1")), "E_HOUR_KIND"),
        ("a fixed ratio", lambda at: proposes(at, fixed("2/5", "cn-hvc")), "accepted"),
    ),
    row("N14", "AI+X micro-majors", MicroMajor,
        ("5 courses × 2 credits", lambda at: at.five_courses(), (5, "10/1")),
        ("for enrolled students, under an agreement for what is public", lambda at: at.recognised("public"), "E_SCOPE"),
        ("under an agreement for enrolled students", lambda at: at.recognised("students"), "accepted"),
    ),
    row("N1", "1+X catalogue", lambda: Reports(CATALOGUE),
        ("electronics", lambda at: at.share("51", by="sector"), (136, 447, "30.4 %")),
        ("equipment", lambda at: at.share("46", by="sector"), (85, 447, "19.0 %")),
        ("food and medicine", lambda at: at.share("49", by="sector"), (4, 447, "0.9 %")),
    ),
    row("N2", "Evaluation bodies", Office,
        ("266 of 300 in the east", lambda at: concentrated(at), ((266, 300), "88.7 %")),
    ),
    row("N3", "Hunan", lambda: Reported(sites=829, areas=(area("mixed", 122_000, 120_268),)),
        ("120,268 of 122,000 completed at 829 sites", lambda at: (at.says("results").completed, at.says("results").completed_display, at.says("results").sites), ((120_268, 122_000), "98.58 %", 829)),
    ),
    row("N7", "National vocational credit bank", NationalRules,
        ("rules loaded", lambda at: at.loaded, 4278),
        ("lookup by programme and receiver", lambda at: at.lookup(), ["r4277"]),
        ("in less than 10 ms", lambda at: seconds(at, "covering", **at.asked) < 0.01, True),
    ),
    row("N10", "Openness", lambda: Reports(numbered(replace(PLAIN, audience=("enrolled",)), 87) + numbered(PLAIN, 13, "o")),
        ("13 of 100 open to the public", lambda at: at.share("public", by="audience"), (13, 100, "13.0 %")),
    ),
    row("N12", "Lag 6–12 months", lambda: Reports([replace(PLAIN, programme_id="p0001", last_content_update="2026-03-03")]),
        ("content of 12 months, as M10", lambda at: (at.on("2027-03-03").fresh().content_age_days, at.fresh().stale_content), (365, False)),
        ("a day more", lambda at: at.on("2027-03-04").fresh().stale_content, True),
    ),
)  # fmt: skip
