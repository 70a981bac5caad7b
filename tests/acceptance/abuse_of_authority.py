"""DOMAIN.md 4, abuse: acting without authority, or at a time at which one had none, and hostile records."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from acceptance import scheme
from acceptance.abuse_of_credit import Market
from acceptance.office import Office, a_list, digest
from acceptance.rows import Row, Verdict, row
from accord_ledger import calendar, codec
from accord_ledger.domain.kinds.feedback import EmployerFeedback
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.profile import ProfileDefine
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.framework import ApprovalPolicy, ProfileTerms
from accord_ledger.domain.model.parameters import Parameters
from domain_alliance import key_of, new_key
from domain_world import NETWORK, plain
from exchange_world import IssuedBatch
from scenario.programmes import ECOM_LS, UU_DS, launch, utrecht

# ---- X7, X8: dates ------------------------------------------------------------------------------------


class Withdrawn(scheme.Years):
    """ecom-ls failed 2026 and 2027; withdrawn on 2028-02-01, and today is 2028-02-10."""

    def __init__(self) -> None:
        super().__init__()
        self.year(2026, 49)
        self.on("2027-11-01").intake(ECOM_LS, "2028-01-20")
        self.on("2028-02-01")
        self.closed(2027, 124, 250)
        assert self.status_of("ecom-ls") == "withdrawn"
        self.on("2028-02-10")

    def issues_with(self, *signers: str, late: bool) -> Verdict:
        """T16 with completion on 2028-01-20."""
        made = IssuedBatch.make("late", 12)
        dates: Any = {"completed_from": "2027-11-01", "completed_to": "2028-01-20", "late": late}
        return self.tell("credential_issue", self.issue_body(ECOM_LS, made, **dates), *signers)


ACCREDITED = ProfileTerms(
    profile_id="accredited", version=1, owner="NL", accreditation=True,
    approval_credit=ApprovalPolicy(any_of=("academic_committee",)),
    approval_noncredit=ApprovalPolicy(any_of=("academic_committee",)),
)  # fmt: skip
ASKED = replace(utrecht("uu-asked", 3), profile=("accredited", 1))


class Accredited(Office):
    """A programme whose profile asks for accreditation; uu has it from 2026-04-10 on, and it is 2026-04-20."""

    def __init__(self) -> None:
        super().__init__()
        self.known(("profile_define", ProfileDefine(terms=ACCREDITED)))
        self.on("2026-04-10").accredited("nvao", "EQAR", "uu").offers(ASKED, "2026-04-20").on("2026-04-20")

    def completed(self, day: str) -> Verdict:
        """T16 of what was completed on a day."""
        dates: Any = {"completed_from": "2026-04-01", "completed_to": day}
        made = IssuedBatch.make(day, 12)
        return self.tell("credential_issue", self.issue_body(ASKED, made, **dates), "uu issuance")

    def grant_from(self, day: str) -> Verdict:
        """T09 of teqsa on um."""
        return self.accredits("teqsa", "TEQSA", "um", valid_from=day)


# ---- X9, X16: keys ------------------------------------------------------------------------------------


class Stolen(Market):
    """uu's issuance key, with which its batch was signed, is known to have been stolen before."""

    def __init__(self) -> None:
        super().__init__()
        since = calendar.midnight(calendar.parse_date("2026-03-20"))
        stolen = KeyRevoke(key_id=key_of("uu", "issuance").key_id, compromised_since=since)
        self.do("key_revoke", stolen, "uu issuance")

    def confirms(self, *signers: str) -> Verdict:
        """T17 of the first credential."""
        return self.tell("credential_status", self.status(self.batches[3], "confirm", (0, 1)), *signers)


class OneKey(Office):
    """A university whose registrar and quality office share one key, and a batch it issued."""

    KEY = key_of("one-key", "both")

    def __init__(self) -> None:
        super().__init__()
        keys = (
            *(new_key(key_of("one-key", name), "one-key", name, network=NETWORK)
              for name in ("institution", "academic_committee", "issuance")),
            new_key(self.KEY, "one-key", "quality", "registrar", network=NETWORK),
        )  # fmt: skip
        body = PartyRegister(
            party_id="one-key", roles=("university",), legal_name={"en": "One"}, country="NL", region="NL-UT", keys=keys
        )  # fmt: skip
        one = replace(utrecht("one-ds", 3), issuers=("one-key",))
        self.known(("party_register", body)).on("2026-03-03").has(*launch(one))
        intake = CourseOffering(
            programme="one-ds", term_start="2026-03-03", term_end="2026-03-25", entrants=40
        )
        self.tell("course_offering", intake, self.KEY, author="one-key")
        self.on("2026-03-25")
        self.batch = self.issues(one, "2026-03-25")

    def revokes(self) -> Verdict:
        """T17 with ``reverse`` by that key."""
        body = self.status(self.batch, "revoke", (0, 1), effect="reverse")
        return self.tell("credential_status", body, self.KEY, author="one-key")


def registrar_alone(market: Market) -> Verdict:
    """T17 with ``reverse``, without the quality office."""
    return market.tell(
        "credential_status",
        market.status(market.batches[3], "revoke", (0, 1), effect="reverse"),
        "uu registrar",
    )


# ---- X19 to X22: entrants, feedback, accreditation ----------------------------------------------------


class Entrants(Office):
    """40 entrants declared for uu-ds; today is 2026-04-02."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-03").offers(UU_DS, "2026-03-25", entrants=40).on("2026-04-02")

    def issues_many(self, count: int) -> Verdict:
        """T16 of so many."""
        dates: Any = {"completed_from": "2026-03-03", "completed_to": "2026-03-25"}
        body = self.issue_body(UU_DS, IssuedBatch.make(f"{count}", count), **dates)
        return self.tell("credential_issue", body, "uu issuance")

    def declares(self, start: str) -> Verdict:
        """T10 of an intake that began on a day."""
        body = CourseOffering(programme="uu-ds", term_start=start, term_end="2026-04-02", entrants=1000)
        return self.tell("course_offering", body, "uu registrar")


def own_employers() -> Office:
    """ecom-ls, and two bodies of employers: one of the issuer's own, one it controls the other way round."""
    office = Office().party("ecom-jobs", "CN-ZJ", "employer_body", controlled_by=("ecom-co",))
    return office.on("2026-03-02").has(*launch(ECOM_LS, ("bjou", "endorse"))).on("2026-06-15")


def feedback(office: Office, body: str, period: str) -> Verdict:
    """T12."""
    filed = EmployerFeedback(
        programme="ecom-ls", period=period, responses=100, satisfied=100, method_hash=digest("method")
    )
    return office.tell("employer_feedback", filed, body)


def ring() -> Office:
    """Two agencies no registry lists, and a school nvao controls."""
    office = Office().party("ring-a", "NL-ZH", "quality_agency", "quality")
    office.party("nvao-school", "NL-ZH", "university", "issuance", controlled_by=("nvao",))
    return office.on("2026-03-03")


# ---- X25 to X28: hostile records ----------------------------------------------------------------------


class Replay(Office):
    """A registration, sent and sent again."""

    def __init__(self) -> None:
        super().__init__()
        self.on("2026-03-03")
        self.sent = self.entry("programme_register", ProgrammeRegister(terms=UU_DS), "uu")

    def later(self) -> Verdict:
        """The same an hour later."""
        self.at("2026-03-03", seconds=3600)
        return self.takes(self.sent)

    def elsewhere(self) -> Verdict:
        """A record signed for another network."""
        body = ProgrammeRegister(terms=utrecht("uu-other", 3))
        return self.tell("programme_register", body, "uu", network=digest("another"))


def tight() -> Office:
    """An alliance whose records weigh at most 2,000 and whose blocks 20,000."""
    office = Office()
    limits = Parameters(version=2, record_weight_max=2000, block_weight_max=20_000)
    return office.known(("policy_set", PolicySet(parameters=limits))).on("2026-03-03")


def long_list(office: Office, entries: int, version: int = 1) -> Verdict:
    """T40 of so many entries by the regulator: 10 for the signature, 8, and one for each."""
    kind, body = a_list("long", "CN", {f"{place:04}": () for place in range(entries)}, version)
    return office.tell(kind, body, "moe-cn governance")


def full_block(office: Office) -> list[str]:
    """Ten records of the largest weight, and one more."""
    done = [str(long_list(office, 1982, version)) for version in range(2, 11)]
    return sorted({*done, office.registers(UU_DS).code})


def smuggled(market: Market, **more: object) -> Verdict:
    """T27 with something about a person in it."""
    kind, body, *signers = market.at_bcb("r1", 0)
    return market.tell(kind, codec.encode_plain(plain(body) | more), *signers)


ROWS: tuple[Row[Any], ...] = (
    row("X7", "Back-dating before withdrawal", Withdrawn,
        ("withdrawn 2028-02-01, issue on 02-10 with completion 2028-01-20", lambda at: at.issues_with("ecom-co issuance", late=False), "E_PROGRAMME_WITHDRAWN"),
        ("late, without the agency", lambda at: at.issues_with("ecom-co issuance", late=True), "E_SIG_MISSING"),
        ("late, with the agency", lambda at: at.issues_with("ecom-co issuance", "cn-qa quality", late=True), "accepted"),
    ),
    row("X8", "Back-dating into an accreditation", Accredited,
        ("a grant from 31 days ago", lambda at: at.grant_from("2026-03-20"), "E_BACKDATED"),
        ("a grant from 30 days ago", lambda at: at.grant_from("2026-03-21"), "accepted"),
        ("completed before the grant", lambda at: at.completed("2026-04-09"), "E_ACCREDITATION"),
        ("completed under the grant", lambda at: at.completed("2026-04-10"), "accepted"),
    ),
    row("X9", "Stolen issuing key", Stolen,
        ("redeem what it signed", lambda at: at.tell(*at.at_bcb("r1", 0)), "E_UNCONFIRMED"),
        ("confirm with the registrar alone", lambda at: at.confirms("uu registrar"), "E_SIG_MISSING(uu quality)"),
        ("confirm", lambda at: at.confirms("uu registrar", "uu quality"), "accepted"),
        ("redeem it", lambda at: at.tell(*at.at_bcb("r1", 0)), "accepted"),
        ("redeem one that is not confirmed", lambda at: at.tell(*at.at_bcb("r2", 1)), "E_UNCONFIRMED"),
    ),
    row("X16", "One registrar key wipes other schools' credits", Market,
        ("registrar alone", registrar_alone, "E_SIG_MISSING(uu quality)"),
        ("one key for both", lambda _: OneKey().revokes(), "E_SIG_DISTINCT"),
    ),
    row("X19", "Mass issue to own keys before own notice", Entrants,
        ("41 of 40", lambda at: at.issues_many(41), "E_ENTRANTS"),
        ("40 of 40", lambda at: at.issues_many(40), "accepted"),
        ("10 more", lambda at: at.issues_many(10), "E_ENTRANTS"),
        ("declare a term that began 31 days ago", lambda at: at.declares("2026-03-02"), "E_BACKDATED"),
        ("declare a term that began 30 days ago", lambda at: at.declares("2026-03-03"), "accepted"),
    ),
    row("X20", "Friendly feedback", own_employers,
        ("employers the issuer controls", lambda at: feedback(at, "ecom-jobs", "2026-03"), "E_SELF_FEEDBACK"),
        ("the issuer itself", lambda at: feedback(at, "ecom-co", "2026-03"), "E_ROLE"),
        ("independent employers, 2026-03", lambda at: feedback(at, "cn-emp", "2026-03"), "accepted"),
        ("then 2026-Q1", lambda at: feedback(at, "cn-emp", "2026-Q1"), "E_DUPLICATE"),
    ),
    row("X21", "Silence to break the run of fails", scheme.Years,
        ("fail", lambda at: at.year(2026, 49), "fail, active"),
        ("no_data", lambda at: at.year(2027, None), "no_data, active"),
        ("fail", lambda at: at.year(2028, 49), "fail, withdrawn"),
        ("two running without data", lambda _: (at := scheme.Years()) and [at.year(2026, None), at.year(2027, None)], ["no_data, active", "no_data, suspended"]),
    ),
    row("X22", "Self-accreditation, accreditation ring", ring,
        ("an agency accredits itself", lambda at: at.accredits("nvao", "EQAR", "nvao"), "E_SELF_ACCREDIT"),
        ("a school it controls", lambda at: at.accredits("nvao", "EQAR", "nvao-school"), "E_SELF_ACCREDIT"),
        ("an agency that is in no registry", lambda at: at.accredits("ring-a", "EQAR", "uu"), "E_AGENCY_NOT_REGISTERED"),
        ("an agency of another registry", lambda at: at.accredits("nvao", "TEQSA", "uu"), "E_AGENCY_NOT_REGISTERED"),
        ("a registered agency", lambda at: at.accredits("nvao", "EQAR", "uu"), "accepted"),
    ),
    row("X25", "Replay", Replay,
        ("once", lambda at: at.takes(at.sent), "accepted"),
        ("again", lambda at: at.takes(at.sent), "E_DUPLICATE_TX"),
        ("again after it expired", lambda at: at.later(), "E_TX_EXPIRED"),
        ("signed for another network", lambda at: at.elsewhere(), "E_SCHEMA"),
    ),
    row("X26", "Number bombs, Unicode look-alikes", lambda: Office().on("2026-03-03"),
        ("credits \"3\"", lambda at: scheme.with_value(at, "credits", "3"), "E_NUMBER"),
        ("credits \"2/4\"", lambda at: scheme.with_value(at, "credits", "2/4"), "E_NUMBER"),
        ("credits of 10^13", lambda at: scheme.with_value(at, "credits", f"{10**13}/1"), "E_NUMBER"),
        ("credits with a denominator of 10^7", lambda at: scheme.with_value(at, "credits", f"1/{10**7}"), "E_NUMBER"),
        ("credits with 50,000 digits", lambda at: scheme.with_value(at, "credits", "9" * 50_000 + "/1").code in ("E_NUMBER", "E_SCHEMA"), True),
        ("a Cyrillic letter in an id", lambda at: scheme.with_value(at, "programme_id", "uu-dѕ"), "E_SCHEMA"),
        ("capital letters in an id", lambda at: scheme.with_value(at, "programme_id", "UU-ds"), "E_SCHEMA"),
        ("a title that is not NFC", lambda at: scheme.with_value(at, "title", {"en": "Cafe\u0301"}), "E_SCHEMA"),
        ("a title with a control character", lambda at: scheme.with_value(at, "title", {"en": "Data\u0007"}), "E_SCHEMA"),
    ),
    row("X27", "Work bombs", tight,
        ("a record of 2,001", lambda at: long_list(at, 1983), "E_WEIGHT"),
        ("a record of 2,000", lambda at: long_list(at, 1982), "accepted"),
        ("a block of 20,000, and one record more", full_block, ["E_WEIGHT", "accepted"]),
    ),
    row("X28", "Personal data smuggled in", Market,
        ("a name in a field nobody knows", lambda at: smuggled(at, learner="Ada Lovelace"), "E_SCHEMA"),
        ("a name where a hash belongs", lambda at: smuggled(at, consent="Ada Lovelace"), "E_SCHEMA"),
        ("33 bytes where 32 belong", lambda at: smuggled(at, consent=bytes(33)), "E_SCHEMA"),
        ("a sentence as the rule's name", lambda at: smuggled(at, rule="Ada Lovelace, born 1815"), "E_SCHEMA"),
    ),
)  # fmt: skip
