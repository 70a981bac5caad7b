"""DOMAIN.md 1.3, European Union."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from acceptance import holder
from acceptance.office import AUTHORITY, Office, founded
from acceptance.rows import Row, Verdict, row
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.accreditation import AccreditationGrant, Period, RegistryEntryBody
from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.kinds.translation import TitleTranslation
from accord_ledger.domain.model.framework import FrameworkTerms
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.domain.rules import Rule
from domain_alliance import uid
from exchange_world import IssuedBatch, agreement, fixed, hours
from scenario.programmes import AWARDS, UOM, launch, terms, utrecht

BJOU_AWARD = AWARDS[0]


def opened() -> Office:
    """2026-03-03."""
    return Office().on("2026-03-03")


def ects(hours_of_learning: int, size: int = 3) -> ProgrammeTerms:
    """So many ECTS with so many hours, in the European framework itself."""
    name = f"uu-{size}-{hours_of_learning}"
    return terms(name, "uu", "Data", f"{size}/1", f"{hours_of_learning}/1", framework=("ects", 1), level=6)


def dutch(size: int) -> ProgrammeTerms:
    """So many EC under the national profile."""
    return replace(utrecht(f"uu-{size}", size), profile=("nl-2025", 1))


def proposes(office: Office, *rules: Rule, senders: str = "uu") -> Verdict:
    """T22 of an agreement with these rules."""
    name = f"a{len(office.view.changes())}"
    body = ProposeBody(agreement_id=name, terms=agreement(senders, "bcb", *rules))
    return office.tell("agreement_propose", body, f"{senders} agreements")


def child(low: int, high: int) -> FrameworkDefine:
    """A national framework under ECTS."""
    return FrameworkDefine(
        terms=FrameworkTerms(
            framework_id=f"ects-{low}-{high}", version=1, country="DE", unit={"en": "EC"}, hour_kind="notional",
            hours_min=f"{low}/1", hours_max=f"{high}/1", quantum="1/2", levels=(1, 8), parent=("ects", 1),
        )
    )  # fmt: skip


# ---- E6: agencies, institutions, borders --------------------------------------------------------------


class Trusted(Office):
    """uu's credentials; accounts N1 at bcb and N2 at uva, another university in the Netherlands."""

    @classmethod
    def between(cls, valid_from: str, valid_to: str, day: str) -> Trusted:
        """nvao in EQAR 2008 to 2028, its grant on uu, and a batch issued on ``day``."""
        entry = RegistryEntryBody(
            agency="nvao", registry="EQAR", period=Period(valid_from="2008-01-01", valid_to="2028-12-31")
        )
        grant = AccreditationGrant(
            grant_id=uid("grant uu"), agency="nvao", party="uu", scope="party", registry="EQAR", cross_border=True,
            valid_from=valid_from, valid_to=valid_to,
        )  # fmt: skip
        without = ("registry_entry", "accreditation_grant")
        found = founded(
            "2025-12-01", ("registry_entry", entry), ("accreditation_grant", grant), without=without
        )
        office = cls(found.values, found.time)
        office.party("uva", "NL-NH", "university", "registrar academic_committee agreements")
        home = terms("uva-award", "uu", "Award", "60/1", "1680/1", form="award", issuers=("uva",), level=6)
        one = utrecht("uu-ds", 3)
        office.on("2025-12-02").offers(one, day).has(*launch(BJOU_AWARD), *launch(home))
        office.enrol("n1", "bcb", BJOU_AWARD)
        office.enrol("n2", "uva", home)
        office.agrees("abroad", "uu", "bcb", hours()).agrees("home", "uu", "uva", fixed(target="nl-ects"))
        office.on(day)
        office.batch = office.issues(one, day)
        return office

    batch: IssuedBatch

    def abroad(self) -> Verdict:
        """T27 at bcb, in China."""
        return self.asks("r1", "n1", "abroad", [self.batch[0]], "2/1")

    def at_home(self) -> Verdict:
        """T27 at uva, in the Netherlands."""
        return self.asks("r2", "n2", "home", [self.batch[1]], "3/1", rule="fixed", signers=("uva registrar",))


# ---- E8 to E10 ----------------------------------------------------------------------------------------


class Abroad(Office):
    """uu's programmes, account N1 at bcb, agreement by hours."""

    def __init__(self, one: ProgrammeTerms, count: int = 12) -> None:
        super().__init__()
        self.on("2026-03-03")
        self.accredited("nvao", "EQAR", "uu")
        self.registered = self.registers(one)
        self.programme = one
        self.count = count

    def used(self) -> Abroad:
        """Launched, issued, and an agreement."""
        self.has(*launch(self.programme)[1:]).intake(self.programme, "2026-03-25")
        self.has(*launch(BJOU_AWARD))
        self.enrol("n1", "bcb", BJOU_AWARD)
        self.agrees("a", "uu", "bcb", hours())
        self.on("2026-03-25")
        self.batch = self.issues(self.programme, "2026-03-25", count=self.count)
        return self

    def asked(self, name: str, item: Item) -> Verdict:
        """T27 abroad."""
        return self.asks(name, "n1", "a", [item], "2/1")

    def translated(self) -> Verdict:
        """T15 of an English title."""
        body = TitleTranslation(
            programme=(self.programme.programme_id, 1), language="en", text="Data science"
        )
        return self.tell("title_translation", body, "bcb")


def flipped(item: Item) -> Item:
    """The same with one byte of its path changed."""
    first, *others = item.path
    return replace(item, path=(bytes([first[0] ^ 1]) + first[1:], *others))


ROWS: tuple[Row[Any], ...] = (
    row("E1", "ECTS", opened,
        ("3 ECTS with 84 h (28 each)", lambda at: at.registers(ects(84)), "accepted"),
        ("3 ECTS with 70 h (23 1/3 each)", lambda at: at.registers(ects(70)), "E_HOURS_PER_CREDIT(70/3)"),
        ("3 ECTS with 75 h", lambda at: at.registers(ects(75)), "accepted"),
        ("3 ECTS with 90 h", lambda at: at.registers(ects(90)), "accepted"),
    ),
    row("E2", "EU size", lambda: opened().profiles("nl-2025"),
        ("30 EC under the NL profile", lambda at: at.registers(dutch(30)), "accepted with W_HOURS_RANGE"),
        ("1 EC under the NL profile (the experiment)", lambda at: at.registers(dutch(1)), "accepted"),
        ("8 ECTS under the EU profile", lambda at: at.registers(ects(200, size=8)), "accepted with W_CREDIT_RANGE W_HOURS_RANGE"),
    ),
    row("E3", "Dutch hours", opened,
        ("an agreement that pins 28 h", lambda at: proposes(at, hours(pins="28/1 40/1")), "accepted"),
        ("an agreement that pins 24 h", lambda at: proposes(at, hours(pins="24/1 40/1")), "E_PIN_OUTSIDE_FRAMEWORK"),
    ),
    row("E4", "Three-tier system", opened,
        ("a child of ECTS with 28 to 28 h", lambda at: at.tell("framework_define", child(28, 28), *AUTHORITY), "accepted"),
        ("a child of ECTS with 24 to 30 h", lambda at: at.tell("framework_define", child(24, 30), *AUTHORITY), "E_FRAMEWORK_WIDENS"),
    ),
    row("E5", "Europass", lambda: holder,
        ("the export re-verifies offline against the verifier's pin", lambda at: at.verdict(at.shared_package(0)), "valid"),
        ("against the pin of another network", lambda at: at.verdict(at.shared_package(0), at.foreign_pin()), "invalid"),
        ("the European Digital Credential carries the very badge the ledger commits to", lambda at: at.badge_in_elm() == at.badge(), True),
    ),
    row("E6", "EQAR and trusted-issuer database", lambda: Trusted.between("2024-01-01", "2030-12-31", "2026-02-16"),
        ("agency in EQAR 2008–2028, grant 2024–2030, issued 2026", lambda at: at.abroad(), "accepted"),
        ("the grant ended 2025-12-31, issued 2026-02", lambda _: Trusted.between("2024-01-01", "2025-12-31", "2026-02-16").abroad(), "E_NOT_TRUSTED_CROSS_BORDER"),
        ("the same credential inside its country", lambda _: Trusted.between("2024-01-01", "2025-12-31", "2026-02-16").at_home(), "accepted"),
    ),
    row("E7", "EQF/NQF levels", opened,
        ("level 9 in a framework of 8 levels", lambda at: at.registers(replace(utrecht("uu-x", 3), level=9)), "E_LEVEL_RANGE(9)"),
        ("level 8", lambda at: at.registers(replace(utrecht("uu-x", 3), level=8)), "accepted"),
        ("level 9 in a framework of 10 levels", lambda at: at.registers(replace(UOM[0], level=9)), "accepted"),
    ),
    row("E8", "Blockchain, Blockcerts", lambda: Abroad(utrecht("uu-ds", 3), count=1000).used(),
        ("credential 737 of 1,000, root and path", lambda at: at.asked("r1", at.batch[737]), "accepted"),
        ("another with one byte of its path flipped", lambda at: at.asked("r2", flipped(at.batch[738])), "E_PROOF"),
    ),
    row("E9", "Language barrier", lambda: Abroad(replace(utrecht("uu-ds", 3), title={"nl": "Datawetenschap"})),
        ("register with a Dutch title only", lambda at: at.registered, "accepted"),
        ("recognise it abroad", lambda at: at.used().asked("r1", at.batch[0]), "E_LANG_MISSING(en)"),
        ("an English title is added", lambda at: at.translated(), "accepted"),
        ("recognise it abroad", lambda at: at.asked("r1", at.batch[0]), "accepted"),
    ),
    row("E10", "Uneven uptake", opened,
        ("a rule by hours on a framework without hours", lambda at: proposes(at, hours("uom"), senders="uom"), "E_NO_HOURS"),
        ("a fixed ratio on it", lambda at: proposes(at, fixed("1/3", "uom"), senders="uom"), "accepted"),
    ),
    row("E11", "Standard description", opened,
        *((f"no {field}", lambda at, field=field, empty=empty: at.registers(replace(utrecht("uu-x", 3), **{field: empty})), f"E_METADATA_MISSING({field})")
          for field, empty in (("assessment_type", None), ("participation", None), ("level", None), ("outcomes", ()))),
    ),
)  # fmt: skip
