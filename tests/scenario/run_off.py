"""Steps 18a to 18c: what may still be recognised under an agreement that was ended."""

from __future__ import annotations

from accord_ledger.domain.model.agreement import AGREEMENTS
from scenario.agreements import account, recognise
from scenario.programmes import held
from scenario.stage import Fact, Script
from scenario.step import step


@step("18a, b", "2027-02-01", "14", "18 (issue)")
def run_off() -> Script:
    """L6 in N2: what was issued before the notice is honoured, what was issued after it is not."""
    return [
        recognise("r18a", "N2", "a1", [held("uu-ds", 2)], "2/1", abroad=True),
        account("N2", recognised="5/1"),
        recognise("r18b", "N2", "a1", [held("uu-ds-autumn", 0)], "2/1", "E_AGREEMENT_ENDED", abroad=True),
        Fact(AGREEMENTS, ("a1",), {"status": "run_off"}),
    ]


@step("18c", "2028-01-10", "18a, b")
def run_off_over() -> Script:
    """After 365 days nothing is recognised under it."""
    return [
        recognise("r18c", "N2", "a1", [held("uu-ds", 3)], "2/1", "E_AGREEMENT_ENDED", abroad=True),
        Fact(AGREEMENTS, ("a1",), {"status": "ended"}),
    ]
