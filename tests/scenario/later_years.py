"""Steps 19 to 21: quality years, pay and erasure, and credentials that stay at home."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from accord_ledger.domain.kinds.benefit import BenefitClaimBody, BenefitRuleBody
from accord_ledger.domain.kinds.erasure import ErasureBody
from accord_ledger.domain.kinds.feedback import EmployerFeedback
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.kinds.year_close import QualityYearClose
from accord_ledger.domain.model.credential import BATCHES, CREDENTIALS, STANDING_PAGES
from accord_ledger.domain.model.programme import PROGRAMME_HEADS
from accord_ledger.domain.model.quality import YEAR_CLOSES, QualityMetrics
from accord_ledger.domain.model.use import BENEFIT_CLAIMS, BENEFIT_RULES
from domain_alliance import uid
from scenario.agreements import account, recognise
from scenario.programmes import held, intake_of, issue, issued
from scenario.stage import ACCEPTED, SOME, Act, Fact, Script, holders_of
from scenario.step import step


def report(programme: str, issuer: str, year: int) -> Act:
    """T11: 20 of 100 items of content are new."""
    body = QualityReportBody(
        programme=programme, year=year, metrics=QualityMetrics(content_items=100, content_updated=20)
    )
    return Act("quality_report", body, (f"{issuer} quality", "cn-qa quality"))


def feedback(period: str, satisfied: int, responses: int) -> Act:
    """T12 of cn-emp for ``ecom-ls``."""
    body = EmployerFeedback(
        programme="ecom-ls", period=period, responses=responses, satisfied=satisfied,
        method_hash=sha256(b"method").digest(),
    )  # fmt: skip
    return Act("employer_feedback", body, ("cn-emp",))


def close(year: int, signer: str, expected: str = ACCEPTED) -> Act:
    """T13 of ``ecom-ls``."""
    body = QualityYearClose(programme="ecom-ls", year=year)
    return Act("quality_year_close", body, (signer,), expected=expected)


def closed(programme: str, year: int, **values: object) -> Fact:
    """What the close of a year found."""
    return Fact(YEAR_CLOSES, (programme, year), values)


def status(programme: str, expected: str) -> Fact:
    """The programme's status."""
    return Fact(PROGRAMME_HEADS, (programme,), {"status": expected})


@step("19a", "2027-01-31", "china", "issued 06-30", slack=0)
def first_year_fails() -> Script:
    """Only a competent agency closes in January; 49 of 100 employers are satisfied."""
    return [
        report("ecom-ls", "ecom-co", 2026),
        report("crrc-rs2", "crrc-eval", 2026),
        feedback("2026-Q4", 49, 100),
        close(2026, "uom governance", "E_TOO_EARLY"),
        close(2026, "cn-qa quality"),
        closed("ecom-ls", 2026, result="fail", satisfaction="49/100", update="1/5", effect=None),
        status("ecom-ls", "active"),
    ]


@step("19 (due)", "2027-03-01", "4", "16 (06-08)", "19a")
def closed_by_nobody() -> Script:
    """The first block closes what nobody did: without a report a programme is suspended."""
    silent = ("bjou-al", "bjou-wd", "crrc-rs1", "crrc-ro2")
    return [
        *(closed(name, 2026, result="no_data", effect="suspended", closed_by=None) for name in silent),
        *(status(name, "suspended") for name in silent),
        closed("crrc-rs2", 2026, result="no_data", effect=None, closed_by=None),
        status("crrc-rs2", "active"),
    ]


@step("19b", "2028-01-31", "19 (due)")
def second_year_fails() -> Script:
    """124 of 250 is the second failure running: withdrawn, and no signature could stop it."""
    before = issued("ecom-ls").batch_id
    return [
        report("ecom-ls", "ecom-co", 2027),
        feedback("2027-Q4", 124, 250),
        close(2027, "cn-qa quality"),
        closed("ecom-ls", 2027, result="fail", satisfaction="62/125", effect="withdrawn"),
        status("ecom-ls", "withdrawn"),
        issue("ecom-ls-late", expected="E_PROGRAMME_WITHDRAWN"),
        Fact(BATCHES, (before,), {"count": 100}),
        Fact(STANDING_PAGES, (before, 0), None),
    ]


@step("20", "2028-02-05", "10", "issued 05-20")
def paid_and_erased() -> Script:
    """kettle pays once for L3's ``suny-hi``; L2's ``uom-d1`` is erased, and its 12.5 points stay."""
    rule = BenefitRuleBody(
        rule=uid("kettle rule"), programmes=("suny-hi",), kind="wage", amount_minor=60_000, currency="USD",
        list_id="wage-usd",
    )  # fmt: skip
    paid, erased = held("suny-hi", 0), held("uom-d1", 0)
    claim = BenefitClaimBody(rule=uid("kettle rule"), item=paid)
    erasure = ErasureBody(batch_id=erased.batch_id, index=0, basis="holder_request", item=erased)
    return [
        Act("benefit_rule", rule, ("kettle",)),
        Fact(BENEFIT_RULES, (uid("kettle rule"),), {"owner": "kettle", "amount_minor": 60_000}),
        Act("benefit_claim", claim, ("kettle",), holders_of([paid])),
        Fact(BENEFIT_CLAIMS, (paid.batch_id, 0, "kettle"), {"rule": uid("kettle rule")}),
        Act("benefit_claim", claim, ("kettle",), holders_of([paid]), "E_BENEFIT_CLAIMED"),
        Act("erasure_notice", erasure, ("uom registrar",), holders_of([erased])),
        Fact(CREDENTIALS, (erased.batch_id, 0), {"erased_at": SOME}),
        Fact(STANDING_PAGES, (erased.batch_id, 0), None),
        account("N6", recognised="25/2"),
    ]


@step("21 (intake)", "2028-01-10", "19 (due)")
def rail_intake() -> Script:
    """Another intake of ``crrc-rs2``."""
    return [intake_of("crrc-rs2-2028")]


@step("21", "2028-02-10", "21 (intake)", "enrolments", "agreements")
def trusted_at_home() -> Script:
    """cn-qa's grant does not reach abroad; at home the certificate replaces its courses."""
    items = [held("crrc-rs2-2028", 0)]
    at_home: dict[str, Any] = {
        "rule": "courses",
        "targets": ("RS201", "RS202"),
        "cosigners": ("crrc-eval", "bcb"),
    }
    return [
        issue("crrc-rs2-2028"),
        recognise("r21a", "N9", "a7", items, "2/1", "E_NOT_TRUSTED_CROSS_BORDER", abroad=True),
        recognise("r21b", "N5", "a4", items, "7/1", **at_home),
        account("N5", recognised="7/1"),
        account("N9", recognised="0/1"),
    ]
