"""The set-up by transactions: programmes, intakes, enrolments, the hours account, agreements."""

from __future__ import annotations

from accord_ledger.domain.kinds.hours import HoursOpenBody
from domain_alliance import uid
from scenario.agreements import AGREEMENTS, ENROLMENTS_OF, agree, enrol
from scenario.programmes import (
    AWARDS,
    BJOU_WD,
    CRRC,
    ECOM_LS,
    FIX,
    UM,
    UM_NE,
    UOM,
    UU,
    intake_of,
    launch,
)
from scenario.stage import Act, Script
from scenario.step import step


@step("awards", "2026-03-01")
def awards() -> Script:
    """Each approved by its own committees."""
    script: Script = []
    for award in AWARDS:
        owner = award.issuers[0]
        if owner == "suny":
            script += launch(award, (owner, "academic_committee"), (owner, "curriculum_committee"))
        else:
            script += launch(award)
    return script


@step("uu", "2026-03-01")
def utrecht() -> Script:
    """``uu-ds30``, ``uu-ds20``, ``uu-ds3``, ``uu-ds2``."""
    script: Script = []
    for one in UU[1:]:
        script += [*launch(one), intake_of(one.programme_id)]
    return script


@step("uom", "2026-03-01")
def melbourne() -> Script:
    """The series and the suite."""
    script: Script = []
    for one in UOM:
        script += [*launch(one), intake_of(one.programme_id)]
    return script


@step("um", "2026-03-01", "awards")
def malaya() -> Script:
    """Modules cut from the degree, and the programme with Cisco."""
    script: Script = []
    for one in (*UM, UM_NE):
        script += [*launch(one), intake_of(one.programme_id)]
    return script


@step("china", "2026-03-01")
def china() -> Script:
    """Own committee or endorsement by another university."""
    script: Script = launch(BJOU_WD)
    for one in CRRC:
        script += [*launch(one, ("hnrail", "endorse")), intake_of(one.programme_id)]
    return [*script, *launch(ECOM_LS, ("bjou", "endorse")), intake_of("ecom-ls")]


@step("fixtures", "2026-03-01")
def fixtures() -> Script:
    """Ten programmes of the fixture country."""
    return [element for one in FIX for element in launch(one)]


@step("enrolments", "2026-03-01", "awards")
def enrolments() -> Script:
    """N1 to N9."""
    return [enrol(name) for name in ENROLMENTS_OF]


@step("hours account", "2026-03-01", "china", slack=7)
def hours_account() -> Script:
    """H1 of L5, from 2026-03-09."""
    body = HoursOpenBody(account=uid("H1"), programme="bjou-wd", start="2026-03-09")
    return [Act("hours_open", body, ("bjou registrar",))]


@step("agreements", "2026-03-09", "uom", "china", "fixtures")
def agreements() -> Script:
    """All but A1 and its reverse."""
    return [element for name, proposed in AGREEMENTS.items() for element in agree(name, proposed)]
