"""DOMAIN.md 1.5, Malaysia."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from acceptance import holder
from acceptance.office import Office
from acceptance.reports import PLAIN, Reported, Reports, area, numbered, seconds
from acceptance.rows import Row, Verdict, row
from accord_ledger.domain.items import Item
from accord_ledger.domain.model.agreement import Caps
from accord_ledger.domain.model.programme import Course, ProgrammeTerms
from accord_ledger.domain.rules import FixedRatio
from domain_alliance import uid
from exchange_world import IssuedBatch, fixed, hours
from scenario.agreements import APEL_M
from scenario.programmes import AWARDS, UM, UM_NE, launch, terms
from use_world import admit, benefit, claim

BJOU_AWARD, UM_DEGREE = AWARDS[0], AWARDS[4]
MODULE = UM[0]
ONE_TO_ONE: FixedRatio = fixed(source="mqf", target="mqf")
BY_UM: Any = {"signers": ("um registrar",), "consent": None}


def opened() -> Office:
    """2026-03-09, with the degree modules are cut from."""
    return Office().on("2026-03-09").has(*launch(UM_DEGREE))


def standalone(**changes: Any) -> ProgrammeTerms:
    """3 MQF of 120 hours, direct to industry."""
    return terms("um-x", "um", "Module", "3/1", "120/1", level=6, **changes)


# ---- M1, M7: to Beijing -------------------------------------------------------------------------------


class Network(Office):
    """um-ne of um and Cisco, 3 MQF; account N2 at bcb; 40 hours to 40 hours."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-09").offers(UM_NE, "2026-03-25").has(*launch(BJOU_AWARD))
        self.enrol("n2", "bcb", BJOU_AWARD)
        self.agrees("a3", "um", "bcb", hours("mqf", pins="40/1 40/1"))
        self.on("2026-03-25")
        self.batch = IssuedBatch.make("um-ne", 12)

    def issued_by(self, *signers: str) -> Verdict:
        """T16 by these."""
        dates: Any = {"completed_from": "2026-03-25", "completed_to": "2026-03-25"}
        return self.tell("credential_issue", self.issue_body(UM_NE, self.batch, **dates), *signers)

    def recognised(self) -> tuple[str, str]:
        """What 3 MQF give in Beijing: exact, awarded."""
        self.issued_by("um issuance", "cisco-my issuance")
        assert self.asks("r1", "n2", "a3", [self.batch[0]], "3/1").code == "accepted"
        kept = self.recognition("r1")
        return kept.exact, kept.awarded


# ---- M4: overlap --------------------------------------------------------------------------------------

COURSE = Course(code="C01", credits="4/1", course_class="core")
SMALL_DEGREE = replace(UM_DEGREE, courses=(COURSE,))


class Overlap(Office):
    """Course C01 of the degree already counted in N8, by another module; a module cut from C01."""

    def __init__(self, overlap: str) -> None:
        super().__init__()
        cut = replace(MODULE, overlap=overlap)
        other = terms("um-other", "um", "Other", "4/1", "160/1", level=6)
        self.on("2026-03-09").has(*launch(SMALL_DEGREE)).offers(cut, "2026-03-25").offers(other, "2026-03-25")
        self.enrol("n8", "um", SMALL_DEGREE)
        self.agrees("a6", "um", "um", ONE_TO_ONE, self_pairs=("um",))
        self.on("2026-03-25")
        counted = self.issues(other, "2026-03-25")
        self.cut = self.issues(cut, "2026-03-25")
        done = self.asks("r0", "n8", "a6", [counted[0]], "4/1", rule="fixed", targets=("C01",), **BY_UM)
        assert done.code == "accepted", done

    def asked(self) -> Verdict:
        """The module, for the degree as a whole."""
        return self.asks("r1", "n8", "a6", [self.cut[0]], "4/1", rule="fixed", **BY_UM)


# ---- M5: admission ------------------------------------------------------------------------------------


class Admission(Office):
    """Fifteen modules of 4 credits and one of 2, all decoupled; account N8 of the degree with 120 countable."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-09").has(*launch(UM_DEGREE))
        for one in UM:
            self.offers(one, "2026-03-25")
        self.enrol("n8", "um", UM_DEGREE)
        self.agrees("a6", "um", "um", replace(APEL_M, rule_id="enter"), ONE_TO_ONE, self_pairs=("um",))
        self.on("2026-03-25")
        self.modules = [self.issues(one, "2026-03-25") for one in UM]

    def admits(self, *numbers: int, claimed: str) -> Verdict:
        """T29 with these modules."""
        items: list[Item] = [self.modules[number - 1][0] for number in numbers]
        return self.tell(*admit(self, claimed, items, claimed, consent=None))

    def redeems(self, number: int) -> Verdict:
        """T27 of one of them."""
        items = [self.modules[number - 1][0]]
        return self.asks("r1", "n8", "a6", items, "4/1", rule="fixed", **BY_UM)


# ---- M6: caps -----------------------------------------------------------------------------------------


class Cap(Office):
    """Awards of several sizes at um, and as many credits of one each as one wants; at most 3/10."""

    def __init__(self) -> None:
        super().__init__()
        one = terms("um-1", "um", "Unit", "1/1", "40/1", level=6)
        self.on("2026-03-09").offers(one, "2026-03-25")
        for size in (120, 90, 80, 60, 40):
            award = replace(
                UM_DEGREE, programme_id=f"um-{size}-award", credits=f"{size}/1", total_hours=f"{40 * size}/1",
                countable_total=None, courses=(COURSE,),
            )  # fmt: skip
            self.has(*launch(award))
            self.enrol(f"n{size}", "um", award)
        rules = (ONE_TO_ONE, fixed(source="mqf", target="mqf", rule_id="whole", atomic=True))
        self.agrees("a6", "um", "um", *rules, self_pairs=("um",), caps=Caps(per_award="3/10"))
        self.on("2026-03-25")
        self.batch = self.issues(one, "2026-03-25", count=200)
        self.next = 0

    def takes_one_by_one(self, size: int) -> tuple[int, str]:
        """Credits of one each until one is refused: how many were taken, and the code."""
        for taken in range(size + 1):
            verdict = self.one(f"n{size}")
            if verdict.code != "accepted":
                return taken, verdict.code
        raise AssertionError("no credit was refused")

    def one(self, account: str) -> Verdict:
        """T27 of one more credit."""
        self.next += 1
        items = [self.batch[self.next % 200]]
        return self.asks(f"r{self.next}", account, "a6", items, "1/1", rule="fixed", **BY_UM)

    def part_of_a_course(self) -> Verdict:
        """3 credits for a course of 4, whole courses only."""
        items = [self.batch[place] for place in (190, 191, 192)]
        by: Any = {"rule": "whole", "targets": ("C01",), **BY_UM}
        return self.asks("r", "n40", "a6", items, "3/1", **by)


# ---- M8: HRD Corp -------------------------------------------------------------------------------------


class Levy(Office):
    """A scheme that pays fees back for um's listed course."""

    def __init__(self) -> None:
        super().__init__()
        self.party("hrd-corp", "MY-14", "employer_body")
        self.listed, self.other = (
            standalone(skill_area="24"),
            terms("um-y", "um", "Other", "3/1", "120/1", level=6),
        )
        self.on("2026-03-09").offers(self.listed, "2026-03-25").offers(self.other, "2026-03-25").on(
            "2026-03-25"
        )
        self.paid, self.unpaid = self.issues(self.listed, "2026-03-25"), self.issues(self.other, "2026-03-25")
        rule = benefit("levy", programmes=("um-x",), kind="levy_claim", amount_minor=30_000)
        self.do("benefit_rule", rule, "hrd-corp")

    def claims(self, batch: IssuedBatch) -> Verdict:
        """T33 of the scheme."""
        return self.tell(*claim(batch, 0, by="hrd-corp", rule=uid("levy"), consent=None))


IN_AREA = terms("a", "um", "Industry 4.0", "1/1", "40/1", level=6, skill_area="24")


ROWS: tuple[Row[Any], ...] = (
    row("M1", "MQF / MQA guideline", Network,
        ("3 MQF of 40 h in Beijing's credits of 40 h", lambda at: at.recognised(), ("3/1", "3/1")),
        ("3 MQF of 90 h", lambda at: at.registers(replace(standalone(), total_hours="90/1")), "E_HOURS_PER_CREDIT"),
    ),
    row("M2", "Decoupled", opened,
        ("decoupled without a parent course", lambda at: at.registers(replace(MODULE, parent_course=None)), "E_METADATA_MISSING(parent_course)"),
        ("decoupled without the overlap", lambda at: at.registers(replace(MODULE, overlap=None)), "E_METADATA_MISSING(overlap)"),
        ("decoupled with both", lambda at: at.registers(MODULE).code, "accepted"),
    ),
    row("M3", "Standalone", opened,
        ("standalone with a parent course", lambda at: at.registers(replace(MODULE, form="standalone")), "E_SCHEMA"),
        ("standalone", lambda at: at.registers(standalone()).code, "accepted"),
    ),
    row("M4", "Overlap up to 45 %", lambda: Overlap("9/20"),
        ("overlap 45/100, the course already counted", lambda at: at.asked(), "E_OVERLAP"),
        ("overlap 44/100", lambda _: Overlap("11/25").asked(), "accepted with W_OVERLAP"),
    ),
    row("M5", "APEL.M", Admission,
        ("58 of the 60 credits that are half of 120", lambda at: at.admits(*range(1, 15), 16, claimed="58/1"), "E_ADMISSION_SHORT(2)"),
        ("60", lambda at: at.admits(*range(1, 16), claimed="60/1"), "accepted"),
        ("one of the items redeemed later", lambda at: at.redeems(1), "accepted"),
    ),
    row("M6", "APEL.C", Cap,
        ("3 credits for a course of 4", lambda at: at.part_of_a_course(), "E_PARTIAL_COURSE"),
        *((f"30 % of {size}: taken before the one that is refused", lambda at, size=size: at.takes_one_by_one(size), (cap, "E_CAP_AWARD"))
          for size, cap in ((120, 36), (90, 27), (80, 24), (60, 18), (40, 12))),
    ),
    row("M7", "UM × Cisco", Network,
        ("only Cisco signs", lambda at: at.issued_by("cisco-my issuance"), "E_SIG_MISSING(um)"),
        ("only UM signs", lambda at: at.issued_by("um issuance"), "E_SIG_MISSING(cisco-my)"),
        ("both sign", lambda at: at.issued_by("um issuance", "cisco-my issuance"), "accepted"),
    ),
    row("M8", "HRD Corp", Levy,
        ("skill area 25", lambda at: at.registers(replace(standalone(), programme_id="um-z", skill_area="25")), "E_VALUE"),
        ("fees claimed for a course that is not listed", lambda at: at.claims(at.unpaid), "E_BENEFIT_SCOPE"),
        ("for the listed course", lambda at: at.claims(at.paid), "accepted"),
        ("again", lambda at: at.claims(at.paid), "E_BENEFIT_CLAIMED"),
        ("45 of 100 items in one area", lambda _: Reports(numbered(IN_AREA, 45, "a") + numbered(PLAIN, 55)).share("24", by="skill_area"), (45, 100, "45.0 %")),
    ),
    row("M12", "My eEquals, Open Badges", lambda: holder,
        ("an Open Badge 3.0", lambda at: at.badge()["type"], ["VerifiableCredential", "OpenBadgeCredential"]),
        ("it re-verifies offline against the verifier's pin", lambda at: at.verdict(at.bundle()), "valid"),
    ),
    row("M9", "Open Learning platform", Reports,
        ("400 programmes in one block", lambda at: at.blocks_for(numbered(PLAIN, 400)), 1),
        ("all in one list", lambda at: at.rows_of("catalogue"), 400),
        ("the list in less than a second", lambda at: seconds(at, "catalogue") < 1, True),
    ),
    row("M10", "Stale content", lambda: Reports([replace(PLAIN, programme_id="p0001", last_content_update="2026-03-03")]),
        ("content of 548 days", lambda at: (at.on("2027-09-02").fresh().content_age_days, at.fresh().stale_content), (548, True)),
        ("content of 365 days", lambda at: (at.fresh(at="2027-03-03").content_age_days, at.fresh(at="2027-03-03").stale_content), (365, False)),
    ),
    row("M11", "Digital divide", lambda: Reported(areas=(area("rural", 100, 41), area("urban", 100, 76))),
        ("41/100 rural, 76/100 urban", lambda at: (at.says("completion").rural, at.says("completion").urban, at.says("completion").gap_pp), ((41, 100), (76, 100), 35)),
        ("a cell of 9 learners is hidden, and the other with it", lambda _: (at := Reported(areas=(area("rural", 9, 4), area("urban", 100, 76)))) and (at.says("completion").rural, at.says("completion").gap_pp), (None, None)),
    ),
)  # fmt: skip
