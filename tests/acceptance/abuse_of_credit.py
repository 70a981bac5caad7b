"""DOMAIN.md 4, abuse: getting credit twice, more of it, or from somebody else."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from acceptance import malaysia
from acceptance.office import Office, digest
from acceptance.rows import Row, Verdict, row
from accord_ledger import keys
from accord_ledger.domain.kinds.agreement import SignBody
from accord_ledger.domain.kinds.membership import JoinBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.model.agreement import Caps
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.pipeline import prepare
from accord_ledger.domain.rules import Admission, Bundle, CourseSubstitution, Rule
from accord_ledger.domain.rules.course_substitution import ListedCourse, Substitution
from accord_ledger.domain.terms import terms_hash
from accord_ledger.execute import InvalidBlock, execute_block
from award_world import award_batch
from domain_alliance import uid
from domain_world import NETWORK
from exchange_world import agreement, fixed, holder_key, hours
from scenario import programmes
from scenario.agreements import RAIL
from scenario.programmes import CRRC, UOM, launch, terms, utrecht
from use_world import admit, shown

BJOU_AWARD, HNRAIL_AWARD, _, SUNY_AWARD, _ = programmes.AWARDS
BOTH: Any = (("suny", "academic_committee"), ("suny", "curriculum_committee"))


class Market(Office):
    """uu's programmes of several sizes; accounts N1, N2 at bcb (76) and N3 at hnrail (140); A1 by hours.

    It is 2026-03-25; ``batches[3]`` are 12 credentials of 3 EC.
    """

    def __init__(self, *rules: Rule, sizes: tuple[int, ...] = (3,), **agreed: Any) -> None:
        super().__init__()
        self.on("2026-03-03").accredited("nvao", "EQAR", "uu").has(*launch(BJOU_AWARD), *launch(HNRAIL_AWARD))
        offered = {size: utrecht(f"uu-ds{size}", size) for size in sizes}
        for one in offered.values():
            self.offers(one, "2026-03-25")
        for name, owner, award in (
            ("n1", "bcb", BJOU_AWARD),
            ("n2", "bcb", BJOU_AWARD),
            ("n3", "hnrail", HNRAIL_AWARD),
        ):
            self.enrol(name, owner, award)
        self.agrees("a1", "uu", "bcb", hours(), *rules, **agreed)
        self.on("2026-03-25")
        self.batches = {size: self.issues(one, "2026-03-25") for size, one in offered.items()}

    def at_bcb(self, name: str, *places: int, claimed: str = "2/1", **more: Any) -> tuple[Any, ...]:
        """T27 of credentials of 3 EC in N1."""
        return self.use(name, "n1", "a1", [self.batches[3][place] for place in places], claimed, **more)

    def at_hnrail(self, name: str, place: int, agreed: str) -> tuple[Any, ...]:
        """T27 of one of them at hnrail, one to one."""
        by: Any = {"rule": "fixed", "signers": ("hnrail registrar",)}
        return self.use(name, "n3", agreed, [self.batches[3][place]], "3/1", **by)

    def to_hnrail(self, name: str, **more: Any) -> Market:
        """Another agreement of uu, with hnrail."""
        self.agrees(name, "uu", "hnrail", fixed(source="nl-ects", target="cn-hvc"), **more)
        return self


# ---- X1: both at once ---------------------------------------------------------------------------------


def same_block(order: tuple[int, int]) -> tuple[str, ...]:
    """Two schools, one credential, one block: what becomes of each record, and of a block holding both."""
    market = Market().to_hnrail("a2")
    market.on("2026-03-26")
    records = [market.entry(*market.at_bcb("r1", 0)), market.entry(*market.at_hnrail("r2", 0, "a2"))]
    entries = [records[place] for place in order]
    verdicts = [market.takes(entry).code for entry in entries]
    parent, done = market.version, market.close()
    try:
        execute_block(NETWORK, parent, done.sealed, [prepare(entry) for entry in entries], keys.verifies)
    except InvalidBlock as error:
        return (*verdicts, f"invalid: {error.code}")
    return (*verdicts, "valid")


# ---- X2: twice in one record --------------------------------------------------------------------------

ENTER = Admission(
    rule_id="enter", source=("nl-ects", 1), target=("cn-mc", 1), share="1/2", countable=("standalone",)
)
FOUR = Bundle(
    rule_id="bundle", source=("nl-ects", 1), target=("cn-mc", 1), count=2, item_credits="3/1", grant="4/1"
)
COURSES = CourseSubstitution(
    rule_id="courses", source=("nl-ects", 1), target=("cn-mc", 1),
    substitutions=(Substitution(programme="uu-ds3", courses=(ListedCourse(code="c1", credits="2/1"),)),),
)  # fmt: skip


def every_rule() -> Market:
    """A1 with a rule of every kind."""
    return Market(fixed(), FOUR, COURSES, shown(), ENTER)


def twice(market: Market, rule: str) -> Verdict:
    """The same credential twice, under a rule."""
    if rule == "enter":
        by: Any = {"enrolment": uid("n1"), "agreement": ("a1", 1), "signers": ("bcb registrar",)}
        return market.tell(*admit(market, "a", [market.batches[3][0]] * 2, "6/1", **by))
    return market.tell(*twice_used(market, rule))


def twice_used(market: Market, rule: str) -> tuple[Any, ...]:
    """T27 of it; its holder signs once."""
    holder = (holder_key(market.batches[3].batch_id, 0),)
    return market.at_bcb("r", 0, 0, rule=rule, holders=holder)


# ---- X4, X5, X12: stacking ----------------------------------------------------------------------------


class Stacking(Office):
    """suny's certificate of 12 in E1 and E2; own credits of 6, recognised ones of 6 from uom."""

    def __init__(self) -> None:
        super().__init__()
        own = terms("suny-hi", "suny", "Health", "6/1", "270/1", level=None)
        self.on("2026-03-03").offers(own, "2026-03-25", *BOTH).offers(UOM[0], "2026-03-25")
        self.accredited("nvao", "EQAR", "suny").has(*launch(SUNY_AWARD, *BOTH), *launch(BJOU_AWARD))
        for name, owner, award in (
            ("e1", "suny", SUNY_AWARD),
            ("e2", "suny", SUNY_AWARD),
            ("n1", "bcb", BJOU_AWARD),
        ):
            self.enrol(name, owner, award)
        self.agrees("in", "uom", "suny", fixed("48/25", "uom", "us-sch"))
        self.agrees("out", "suny", "bcb", fixed(source="us-sch"))
        self.on("2026-03-25")
        self.own, self.foreign = self.issues(own, "2026-03-25"), self.issues(UOM[0], "2026-03-25")

    def takes_in(self, account: str) -> Verdict:
        """T27 of uom's credential, for 6, at suny."""
        by: Any = {"rule": "fixed", "signers": ("suny registrar",)}
        return self.asks(f"in {account}", account, "in", [self.foreign[0]], "6/1", **by)

    def stacks(self, name: str, account: str, *places: int, signed: bool = True) -> Verdict:
        """T30 of own credentials."""
        made = award_batch(name)
        body = StackBody(
            enrolment=uid(account), components=tuple(self.own[place] for place in places), batch_id=made.batch_id,
            merkle_root=made.root, status_list="awards", status_start=len(self.view.changes()),
        )  # fmt: skip
        holders = [holder_key(self.own.batch_id, place) for place in places] if signed else []
        signers = ("suny registrar", "suny academic_committee", "suny curriculum_committee")
        return self.tell("stack_award", body, *signers, *holders)

    def uses(self, name: str, place: int) -> Verdict:
        """T27 of a part at bcb."""
        return self.asks(name, "n1", "out", [self.own[place]], "6/1", rule="fixed")


class Substituted(Office):
    """A college's award of 13: two of its courses replaced by a certificate (7), and 6 own credits."""

    def __init__(self) -> None:
        super().__init__()
        self.party("college", "CN-HN", "university", "registrar academic_committee issuance agreements")
        own = replace(
            terms("college-x", "bjou", "Rails", "6/1", "96/1"), issuers=("college",), framework=("cn-hvc", 1), profile=("neutral", 1)
        )  # fmt: skip
        award = replace(
            HNRAIL_AWARD,
            programme_id="college-award",
            issuers=("college",),
            credits="13/1",
            total_hours="208/1",
        )
        rs2 = CRRC[0]
        self.on("2026-03-09").offers(rs2, "2026-03-25", ("hnrail", "endorse")).offers(own, "2026-03-25")
        self.has(
            *launch(CRRC[1], ("hnrail", "endorse")), *launch(CRRC[2], ("hnrail", "endorse")), *launch(award)
        )
        self.enrol("e1", "college", award)
        self.agrees("a4", "crrc-eval", "college", RAIL)
        self.on("2026-03-25")
        self.certificate, self.own = self.issues(rs2, "2026-03-25"), self.issues(own, "2026-03-25")

    def substituted(self) -> Verdict:
        """T27 of the certificate for RS201 and RS202."""
        signers = ("college registrar", "crrc-eval registrar", "bcb registrar")
        by: Any = {"rule": "courses", "targets": ("RS201", "RS202"), "consent": None, "signers": signers}
        return self.asks("r1", "e1", "a4", [self.certificate[0]], "7/1", **by)

    def redeemable(self) -> str:
        """T30 of the 6 own credits on top; what the award is worth elsewhere."""
        made = award_batch("c1")
        body = StackBody(
            enrolment=uid("e1"), components=(self.own[0],), batch_id=made.batch_id, merkle_root=made.root,
            status_list="awards", status_start=0,
        )  # fmt: skip
        got = self.tell(
            "stack_award",
            body,
            "college registrar",
            "college academic_committee",
            holder_key(self.own.batch_id, 0),
        )
        assert got.code == "accepted", got
        return str(self.get(AWARDS, made.batch_id).redeemable)


# ---- X10: there and back ------------------------------------------------------------------------------


class Cycle(Office):
    """uu to bcb at 28/40; the way back at 40/25."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-09").agrees("there", "uu", "bcb", hours())

    def back(self, name: str, receiver: str) -> Verdict:
        """T22 of bcb to ``receiver`` at 40/25, and T23 of both: what becomes of the last."""
        proposed = agreement("bcb", receiver, hours("cn-mc", "ects", "40/1 25/1"), sign_by=self.time + 60)
        self.propose(name, proposed)
        body = SignBody(agreement=(name, 1), terms_hash=terms_hash(proposed))
        self.do("agreement_sign", body, "bcb agreements")
        return self.tell("agreement_sign", body, f"{receiver} agreements")

    def joins(self) -> Verdict:
        """T25 of uu, as a receiver of what bcb sends."""
        body = JoinBody(agreement=("b", 1), party="uu", receives=True)
        return self.tell("agreement_join", body, "uu agreements", "bcb agreements", "uom agreements")


# ---- X11, X13: rounding and caps ----------------------------------------------------------------------


class Points(Office):
    """Four items of 25/8 points each, at 3/10 to suny."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-09").has(*launch(SUNY_AWARD, *BOTH))
        for one in UOM[:4]:
            self.offers(one, "2026-03-25")
        self.enrol("n7", "suny", SUNY_AWARD)
        self.agrees("a2", "uom", "suny", fixed("3/10", "uom", "us-sch"))
        self.on("2026-03-25")
        self.items = [self.issues(one, "2026-03-25")[0] for one in UOM[:4]]

    def singly(self) -> list[str]:
        """Each by itself: 15/16."""
        return [self.asked(f"r{place}", [item], "15/16").code for place, item in enumerate(self.items)]

    def asked(self, name: str, items: Any, claimed: str) -> Verdict:
        """T27 at suny."""
        return self.asks(name, "n7", "a2", items, claimed, rule="fixed", signers=("suny registrar",))


def two_caps() -> Market:
    """Award 76; A1 caps at 1/2, A2 at 3/10; 22 are recognised under A1."""
    market = Market(fixed(), sizes=(22, 1), caps=Caps(per_award="1/2"))
    market.agrees("a2", "uu", "bcb", fixed(), caps=Caps(per_award="3/10"))
    got = market.asks("r1", "n1", "a1", [market.batches[22][0]], "22/1", rule="fixed")
    assert got.code == "accepted", got
    return market


ROWS: tuple[Row[Any], ...] = (
    row("X1", "Double spend at two schools, same block", lambda: same_block,
        ("bcb's record first", lambda at: at((0, 1)), ("accepted", "E_ALREADY_REDEEMED", "invalid: E_ALREADY_REDEEMED")),
        ("hnrail's record first", lambda at: at((1, 0)), ("accepted", "E_ALREADY_REDEEMED", "invalid: E_ALREADY_REDEEMED")),
    ),
    row("X2", "Same credential twice in one transaction", every_rule,
        *((f"under the rule {rule}", lambda at, rule=rule: twice(at, rule), "E_BUNDLE_DUPLICATE")
          for rule in ("hours", "fixed", "bundle", "courses", "shown", "enter")),
        ("in a stack", lambda _: Stacking().stacks("c", "e1", 0, 0), "E_BUNDLE_DUPLICATE"),
    ),
    row("X3", "Second school through a laxer agreement", lambda: Market().to_hnrail("a2", exclusivity="receiver"),
        ("alliance at bcb", lambda at: at.tell(*at.at_bcb("r1", 0)), "accepted"),
        ("then receiver at hnrail", lambda at: at.tell(*at.at_hnrail("r2", 0, "a2")), "E_ALREADY_REDEEMED"),
        ("receiver at bcb", lambda at: at.agrees("b2", "uu", "bcb", hours(), exclusivity="receiver").tell(*at.at_bcb("r3", 1, agreement=("b2", 1))), "accepted"),
        ("receiver at another school", lambda at: at.tell(*at.at_hnrail("r4", 1, "a2")), "accepted"),
        ("receiver at the same school", lambda at: at.tell(*at.at_hnrail("r5", 1, "a2")), "E_ALREADY_REDEEMED"),
    ),
    row("X4", "Component + the award built from it", Stacking,
        ("a component recognised", lambda at: at.uses("r1", 0), "accepted"),
        ("then stacked", lambda at: at.stacks("c0", "e1", 0, 1), "E_ALREADY_REDEEMED"),
        ("components stacked", lambda at: at.stacks("c1", "e1", 1, 2), "accepted"),
        ("then one of them recognised", lambda at: at.uses("r2", 1), "E_LINEAGE_SPENT"),
    ),
    row("X5", "Recognised credits made redeemable by stacking", Substituted,
        ("7 substituted credits", lambda at: at.substituted(), "accepted"),
        ("what an award of 7 substituted + 6 own credits redeems", lambda at: at.redeemable(), "6/1"),
    ),
    row("X6", "Parent course + decoupled item", lambda: malaysia.Overlap("9/20"),
        ("the parent course counted, then the item", lambda at: at.asked(), "E_OVERLAP"),
    ),
    row("X10", "A→B→A inflation", Cycle,
        ("28/40 there, 40/25 back", lambda at: at.back("direct", "uu"), "E_CYCLE_INFLATION(28/25)"),
        ("the same terms with uom", lambda at: at.back("b", "uom"), "accepted"),
        ("uu joins them", lambda at: at.joins(), "E_CYCLE_INFLATION(28/25)"),
    ),
    row("X11", "Splitting to gain by rounding", Points,
        ("4 × 15/16, one by one", lambda at: at.singly(), ["E_ZERO_CREDIT"] * 4),
        ("joined", lambda at: at.asked("r", at.items, "3/1"), "accepted"),
        ("what the account holds", lambda at: at.account("n7").recognised, "3/1"),
    ),
    row("X12", "Cap trick with two enrolments", Stacking,
        ("6 credits recognised in E2", lambda at: at.takes_in("e2"), "accepted"),
        ("confer in E1 on 6 own credits and those of E2", lambda at: at.stacks("c1", "e1", 0), "E_STACK_SHORT(6)"),
        ("confer in E2", lambda at: at.stacks("c1", "e2", 0), "accepted"),
    ),
    row("X13", "Cap trick with two agreements", two_caps,
        ("22 under the first, + 1 under the second", lambda at: at.asks("r2", "n1", "a2", [at.batches[1][0]], "1/1", rule="fixed"), "E_CAP_AWARD(45/2 credits, got 22 + 1)"),
        ("+ 1 under the first", lambda at: at.asks("r3", "n1", "a1", [at.batches[1][0]], "1/1", rule="fixed"), "accepted"),
    ),
    row("X23", "School burns a learner's credential", Market,
        ("recognise without the holder", lambda at: at.tell(*at.at_bcb("r1", 0, holders=())), "E_HOLDER_SIG"),
        ("with another holder's signature", lambda at: at.tell(*at.at_bcb("r1", 0, holders=(holder_key(at.batches[3].batch_id, 1),))), "E_SIG_INVALID"),
        ("stack without the holder", lambda _: Stacking().stacks("c", "e1", 0, 1, signed=False), "E_HOLDER_SIG"),
    ),
    row("X24", "Consent made up or reused", Market,
        ("none", lambda at: at.tell(*at.at_bcb("r1", 0, consent=None)), "E_CONSENT_MISSING"),
        ("a consent of its own", lambda at: at.tell(*at.at_bcb("r1", 0, consent=digest("yes"))), "accepted"),
        ("the same consent again", lambda at: at.tell(*at.at_bcb("r2", 1, consent=digest("yes"))), "E_DUPLICATE"),
    ),
)  # fmt: skip
