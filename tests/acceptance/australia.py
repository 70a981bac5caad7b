"""DOMAIN.md 1.4, Australia."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from acceptance import holder
from acceptance.office import Office, a_list, digest
from acceptance.reports import PLAIN, Reported, Reports, numbered
from acceptance.rows import Row, Verdict, row
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.feedback import EmployerFeedback
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.refusal import RefuseBody
from accord_ledger.domain.model.programme import Funding, Group
from accord_ledger.domain.model.quality import Costs
from accord_ledger.domain.rules import Bundle
from exchange_world import IssuedBatch, attest, fixed
from scenario.agreements import SUBJECT
from scenario.programmes import AWARDS, DATA_ANALYTICS, LEADERSHIP, UOM, launch, terms, utrecht

UOM_AWARD, SUNY_AWARD = AWARDS[2], AWARDS[3]
ONE = UOM[0]
OTHER_SERIES = Group(id="law", kind="series")


def opened() -> Office:
    """2026-03-03."""
    return Office().on("2026-03-03")


def unregulated() -> Office:
    """A provider nobody accredits."""
    return opened().party("tafe-x", "AU-NSW", "provider", "issuance")


# ---- U3, U4: four of a series -------------------------------------------------------------------------


class Subject(Office):
    """Melbourne's items by name: four of a series, one of another, four of a suite; account N6."""

    GROUPS = (("d", DATA_ANALYTICS, 4), ("law", OTHER_SERIES, 1), ("lead", LEADERSHIP, 4))

    def __init__(self, rule: Bundle = SUBJECT) -> None:
        super().__init__()
        self.on("2026-03-09").has(*launch(UOM_AWARD))
        self.enrol("n6", "uom", UOM_AWARD)
        self.agrees("a5", "uom", "uom", rule, self_pairs=("uom",))
        offered = [
            terms(f"uom-{name}{n}", "uom", name, "25/8", "35/1", level=8, group=group)
            for name, group, count in self.GROUPS
            for n in range(1, count + 1)
        ]
        for one in offered:
            self.offers(one, "2026-04-08")
        self.on("2026-04-08")
        self.batches = {one.programme_id[4:]: self.issues(one, "2026-04-08") for one in offered}

    def items(self, *names: str) -> list[Item]:
        """Credentials by name; a second of the same programme is another credential of it."""
        return [self.batches[name][names[:place].count(name)] for place, name in enumerate(names)]

    def asks_for_the_subject(self, *names: str, graded: bool = True) -> Verdict:
        """T27 of the subject."""
        return self.with_items(self.items(*names), attest(self.items(*names)) if graded else ())

    def with_items(self, items: Sequence[Item], attestations: Any) -> Verdict:
        """T27 with these attestations."""
        name = f"r{len(self.view.changes())}"
        by: Any = {"rule": "bundle", "signers": ("uom registrar",), "attestations": attestations}
        return self.asks(name, "n6", "a5", items, "25/2", **by)

    def forged(self, *names: str) -> Verdict:
        """A grade read from a document that is not the credential's."""
        items = self.items(*names)
        first, *others = attest(items)
        return self.with_items(items, (replace(first, document=digest("another")), *others))


SERIES = ("d1", "d2", "d3", "d4")

# ---- U7, U9 -------------------------------------------------------------------------------------------


class Granted(Office):
    """uu's two programmes under a grant of nvao, and account N7 at suny, abroad."""

    def __init__(self, **grant: Any) -> None:
        super().__init__()
        self.on("2026-03-03")
        offered = (utrecht("uu-ds", 3), utrecht("uu-ds2", 2))
        for one in offered:
            self.offers(one, "2026-03-25")
        self.accredited("nvao", "EQAR", "uu", **grant)
        award = replace(SUNY_AWARD, framework=("ects", 1), credits="60/1", total_hours="1680/1")
        self.has(*launch(award, ("suny", "academic_committee"), ("suny", "curriculum_committee")))
        self.enrol("n7", "suny", award)
        self.agrees("a", "uu", "suny", fixed(source="ects", target="ects"))
        self.on("2026-03-25")
        self.batches = {one.programme_id: self.issues(one, "2026-03-25") for one in offered}

    def abroad(self, programme: str, claimed: str) -> Verdict:
        """T27 at suny."""
        by: Any = {"rule": "fixed", "signers": ("suny registrar",)}
        return self.asks(programme, "n7", "a", [self.batches[programme][0]], claimed, **by)

    def paused(self, programme: str) -> Verdict:
        """T14 for want of money."""
        body = ProgrammeStatusBody(programme=programme, status="paused", reason="budget")
        return self.tell("programme_status", body, "uu")

    def issued_more(self) -> Verdict:
        """T16 of another batch."""
        dates: Any = {"completed_from": "2026-03-25", "completed_to": "2026-03-25"}
        body = self.issue_body(utrecht("uu-ds", 3), IssuedBatch.make("more", 12), **dates)
        return self.tell("credential_issue", body, "uu issuance")


# ---- U8: employers ------------------------------------------------------------------------------------


class Survey(Office):
    """cn-emp's survey on ``uom-d1``."""

    def __init__(self) -> None:
        super().__init__()
        self.has(*launch(ONE)).on("2026-06-15")

    def files(self, period: str) -> Verdict:
        """T12 of 60 satisfied of 100."""
        body = EmployerFeedback(
            programme="uom-d1", period=period, responses=100, satisfied=60, method_hash=digest("method")
        )
        return self.tell("employer_feedback", body, "cn-emp")


def twelve_of_a_hundred() -> tuple[int, int, str]:
    """T14 of 12 of 100 programmes; what the report says."""
    programmes = numbered(PLAIN, 100)
    office = Reports(programmes)
    assert office.paused(programmes[:12]) == ["accepted"]
    return office.status_share("paused")


# ---- U2, U5, U10 to U12: reports ----------------------------------------------------------------------

FUNDED = [
    replace(
        PLAIN,
        programme_id=name,
        funding=(Funding(source=source, amount_minor=amount, currency=currency, fee_loan=loan),),
    )
    for name, source, amount, currency, loan in (
        ("p0001", "pilot", 1_800_000_000, "AUD", False),
        ("p0002", "fee-help", 50_000_000, "AUD", True),
        ("p0003", "hrdf", 700_000, "MYR", False),
    )
]


class Refusing(Granted):
    """suny recognised 4 credentials of uu, and refuses others."""

    def __init__(self) -> None:
        super().__init__()
        for place in range(1, 5):
            by: Any = {"rule": "fixed", "signers": ("suny registrar",)}
            got = self.asks(f"r{place}", "n7", "a", [self.batches["uu-ds"][place]], "3/1", **by)
            assert got.code == "accepted", got

    def refuses_for(self, reason: str) -> Verdict:
        """T28a; no learner, no credential."""
        return self.tell(
            "recognise_refuse", RefuseBody(agreement=("a", 1), rule="fixed", reason=reason), "suny registrar"
        )

    def share(self, code: str) -> tuple[int | None, int, str | None, str | None]:
        """Refusals, recognitions, share."""
        [found] = [one for one in self.answers("refusals", receiver="suny") if one.code == code]
        return found.refusals, found.recognitions, found.share, found.display


def cost_flagged(cost: int) -> tuple[str | None, bool]:
    """T11 with a cost of accreditation out of a budget of 100,000; share, flag."""
    costs = Costs(accreditation_cost_minor=cost, budget_minor=100_000, currency="AUD")
    [found] = Reported(costs=costs).says("costs")
    return found.share, found.flagged


def shortage(with_items: int, listed: int) -> Reports:
    """A list of so many shortage occupations, and programmes for so many of them."""
    uris = [f"http://data.europa.eu/esco/occupation/{number}" for number in range(listed)]
    office = Reports().known(
        a_list("shortage-occupations", "alliance", {f"{n:04}": (uri,) for n, uri in enumerate(uris)})
    )
    return office.launches(
        replace(
            PLAIN, programme_id=f"p{first:04}", occupations=tuple(uris[first : min(first + 50, with_items)])
        )
        for first in range(0, with_items, 50)
    )


def covered(office: Reports) -> tuple[int, int, str | None, str | None]:
    """Occupations with a programme, listed ones, share."""
    found = office.answers("occupations")
    return found.covered, found.listed, found.ratio, found.display


class Seeker(Reports):
    """Four programmes of the fixture university, of which bcb recognises one of each kind."""

    def __init__(self) -> None:
        super().__init__(
            replace(PLAIN, programme_id=name, field=field, level=level)
            for name, field, level in (
                ("p-art", "02", 4),
                ("p-it", "06", 4),
                ("p-it-alone", "06", 4),
                ("p-it-basic", "06", 1),
            )
        )
        self.accredited("nvao", "EQAR", "fix-u").takes_first(("p-art", "p-it", "p-it-basic"))

    def seeks(self, **asked: Any) -> list[tuple[str, Any]]:
        """The catalogue: programme, and receivers with the agreements."""
        return [(one.programme, one.recognised) for one in self.answers("catalogue", **asked)]


ROWS: tuple[Row[Any], ...] = (
    row("U1", "National Microcredentials Framework", unregulated,
        ("assessed = false", lambda at: at.registers(replace(ONE, assessed=False)), "E_NOT_ASSESSED"),
        ("assessed", lambda at: at.registers(ONE), "accepted"),
        ("an unregulated provider without a QA statement", lambda at: at.registers(replace(ONE, programme_id="x", issuers=("tafe-x",))), "E_METADATA_MISSING(qa_statement_hash)"),
        ("with a QA statement", lambda at: at.registers(replace(ONE, programme_id="x", issuers=("tafe-x",), qa_statement_hash=digest("qa"))), "accepted"),
        ("half an hour", lambda at: at.registers(replace(ONE, programme_id="uom-x", total_hours="1/2")), "E_HOURS_RANGE"),
    ),
    row("U3", "Melbourne MicroCerts", Subject,
        ("3 items", lambda at: at.asks_for_the_subject("d1", "d2", "d3"), "E_BUNDLE_INCOMPLETE(3/4)"),
        ("4 with one from another series", lambda at: at.asks_for_the_subject("d1", "d2", "d3", "law1"), "E_BUNDLE_MISMATCH"),
        ("the same item twice", lambda at: at.with_items([at.batches["d1"][0]] * 2 + at.items("d2", "d3"), ()), "E_BUNDLE_DUPLICATE"),
        ("two credentials of the same programme", lambda at: at.asks_for_the_subject("d1", "d1", "d2", "d3"), "E_BUNDLE_DUPLICATE"),
        ("4 of a suite", lambda at: at.asks_for_the_subject("lead1", "lead2", "lead3", "lead4"), "E_BUNDLE_KIND"),
        ("4 of the series", lambda at: at.asks_for_the_subject(*SERIES), "accepted"),
        ("what the account holds", lambda at: at.account("n6").recognised, "25/2"),
    ),
    row("U4", "Grade condition", Subject,
        ("no attestation", lambda at: at.asks_for_the_subject(*SERIES, graded=False), "E_ATTESTATION_MISSING(grade)"),
        ("a document that is not under the credential's documents", lambda at: at.forged(*SERIES), "E_PROOF"),
        ("opened and checked", lambda at: at.asks_for_the_subject(*SERIES), "accepted"),
    ),
    row("U6", "Badgr, LinkedIn", lambda: holder,
        ("what the employer sees", lambda at: at.employer_sees(),
         {"title": True, "issuer": True, "status": True, "name": False, "grade": False}),
    ),
    row("U7", "TEQSA", Granted,
        ("party-level grant, one programme", lambda at: at.abroad("uu-ds", "3/1"), "accepted"),
        ("party-level grant, another programme", lambda at: at.abroad("uu-ds2", "2/1"), "accepted"),
        ("scope=programmes, the programme named", lambda _: Granted(scope="programmes", programmes=("uu-ds",)).abroad("uu-ds", "3/1"), "accepted"),
        ("scope=programmes, another programme", lambda _: Granted(scope="programmes", programmes=("uu-ds",)).abroad("uu-ds2", "2/1"), "E_NOT_TRUSTED_CROSS_BORDER"),
    ),
    row("U8", "Employer survey every month", Survey,
        ("2026-03", lambda at: at.files("2026-03"), "accepted"),
        ("2026-03 again", lambda at: at.files("2026-03"), "E_DUPLICATE"),
        ("2026-Q1 after it", lambda at: at.files("2026-Q1"), "E_DUPLICATE"),
        ("2026-05, and nothing for 2026-04", lambda at: at.files("2026-05"), "accepted"),
        ("feedback_gap on 2026-06-15", lambda at: at.answers("freshness", country="AU")[0].feedback_gap, ("2026-04",)),
    ),
    row("U9", "Budget pause", Granted,
        ("pause for want of money", lambda at: at.paused("uu-ds"), "accepted"),
        ("issue while paused", lambda at: at.issued_more(), "E_PROGRAMME_STATUS"),
        ("recognition goes on", lambda at: at.abroad("uu-ds", "3/1"), "accepted"),
        ("12 of 100 programmes are paused", lambda _: twelve_of_a_hundred(), (12, 100, "12.0 %")),
    ),
    row("U2", "Pilot money", lambda: Reports(FUNDED),
        ("programmes with AUD and with MYR: totals", lambda at: [(one.currency, one.amount_minor, one.fee_loan_minor, one.programmes) for one in at.answers("funding")],
         [("AUD", 1_850_000_000, 50_000_000, 2), ("MYR", 700_000, 0, 1)]),
    ),
    row("U5", "Extra conditions on stacking", Refusing,
        ("a reason that is in no list", lambda at: at.refuses_for("too-strict"), "E_REASON"),
        ("12 refused for the grade", lambda at: [str(at.refuses_for("grade")) for _ in range(12)], ["accepted"] * 12),
        ("refusals ÷ (refusals + recognitions) of suny, for the grade", lambda at: at.share("grade"), (12, 4, "3/4", "75.0 %")),
    ),
    row("U10", "Cost of accreditation", lambda: cost_flagged,
        ("30,000 of 100,000", lambda at: at(30_000), ("3/10", True)),
        ("29,999 of 100,000", lambda at: at(29_999), ("29999/100000", False)),
    ),
    row("U11", "Shortage occupations", lambda: shortage(332, 916),
        ("332 of 916 have a programme", lambda at: covered(at), (332, 916, "83/229", "36.2 %")),
    ),
    row("U12", "Microcredential seeker platform", Seeker,
        ("field IT, level ≥ 2, recognised by bcb", lambda at: at.seeks(field="06", level_min=2, receiver="bcb"), [("p-it", (("bcb", "ax"),))]),
        ("field IT, level ≥ 2", lambda at: [name for name, _ in at.seeks(field="06", level_min=2)], ["p-it", "p-it-alone"]),
        ("everything of fix-u", lambda at: [name for name, _ in at.seeks(country="XA")], ["p-art", "p-it", "p-it-alone", "p-it-basic"]),
    ),
)  # fmt: skip
