"""T39: a profile that no code knows, brought by a transaction, changes verdicts (row A8)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.domain.kinds.profile import ProfileDefine
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.framework import ApprovalPolicy
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, ProgrammeTerms
from domain_alliance import OWN_COMMITTEE, TWO_THIRDS, profile
from domain_world import World, ref, terms


@pytest.fixture
def world() -> World:
    return World()


def launched(world: World, profile_id: str, version: int = 1, **changes: Any) -> ProgrammeTerms:
    """A programme under that profile, registered and submitted."""
    programme = terms(f"p-{world.nonce}", profile=(profile_id, version), **changes)
    world.register(programme)
    world.submit(programme)
    return programme


ATLANTIS: dict[str, Any] = {
    "required": ("region", "participation"),
    "credits": ("5/2", "4/1"),
    "hours": ("50/1", "100/1"),
    "gates": ("assessed", "practice"),
}
FITS: dict[str, Any] = {
    "region": "NL-UT", "participation": "onsite", "assessed": True, "practice_hours": "42/1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E_METADATA_MISSING", {"region": None}),
        ("E_METADATA_MISSING", {"participation": None}),
        ("E_CREDIT_RANGE", {"credits": "2/1", "total_hours": "56/1"}),
        ("E_HOURS_RANGE", {"credits": "4/1", "total_hours": "112/1"}),
        ("E_NOT_ASSESSED", {"assessed": False}),
        ("E_QUALITY_PRACTICE", {"practice_hours": "25/1"}),
    ],
)
def test_t39_an_unknown_jurisdiction_changes_what_is_registered(
    world: World, code: str, changes: dict[str, Any]
) -> None:
    one = OWN_COMMITTEE
    body = ProfileDefine(terms=profile("atlantis-2031", "ZZ", one, one, **ATLANTIS))
    asked = terms(profile=("atlantis-2031", 1), **FITS | changes)
    world.register(terms("before", profile=("neutral", 1), **FITS | changes))
    world.refused("E_UNKNOWN_REF", "programme_register", ProgrammeRegister(terms=asked), "uu")
    world.do("profile_define", body, *TWO_THIRDS)
    world.refused(code, "programme_register", ProgrammeRegister(terms=asked), "uu")
    world.register(terms(profile=("atlantis-2031", 1), **FITS))


def test_t39_an_unknown_jurisdiction_changes_who_approves(world: World) -> None:
    firm = ApprovalPolicy(all_of=("academic_committee", "industry_partner"))
    world.do("profile_define", ProfileDefine(terms=profile("atlantis", "ZZ", firm, firm)), *TWO_THIRDS)
    programme = launched(world, "atlantis", co_developers=("huawei",))
    step = ProgrammeStep(programme=ref(programme))
    world.approve(programme, "uu")
    world.refused("E_APPROVAL_MISSING", "programme_activate", step, "uu", detail="industry_partner")
    world.approve(programme, "huawei", "industry_partner")
    world.activate(programme)


def test_t39_an_unknown_jurisdiction_changes_who_accredits(world: World) -> None:
    asks = profile("atlantis", "ZZ", OWN_COMMITTEE, OWN_COMMITTEE, accreditation=True, registries=("ZZ-REG",))
    world.do("profile_define", ProfileDefine(terms=asks), *TWO_THIRDS)
    programme = launched(
        world, "atlantis", issuers=("um",), framework=("mqf", 1), credits="2/1", total_hours="80/1"
    )
    world.approve(programme, "um")
    step = ProgrammeStep(programme=ref(programme))
    world.refused("E_ACCREDITATION", "programme_activate", step, "um")  # the grant there is of MQA
    laxer = profile("atlantis", "ZZ", OWN_COMMITTEE, OWN_COMMITTEE, accreditation=True, registries=("MQA",))
    world.do("profile_define", ProfileDefine(terms=replace(laxer, version=2)), *TWO_THIRDS)
    world.refused("E_ACCREDITATION", "programme_activate", step, "um")  # versions are measured by their own
    later = launched(
        world, "atlantis", 2, issuers=("um",), framework=("mqf", 1), credits="2/1", total_hours="80/1"
    )
    world.approve(later, "um")
    world.activate(later)


def test_t39_an_unknown_jurisdiction_may_close_years(world: World) -> None:
    yearly = profile("atlantis", "ZZ", OWN_COMMITTEE, OWN_COMMITTEE, annual=True)
    world.do("profile_define", ProfileDefine(terms=yearly), *TWO_THIRDS)
    programme = launched(world, "atlantis")
    world.approve(programme, "uu")
    world.activate(programme)
    world.at("2027-03-01")
    assert world.get(PROGRAMME_HEADS, programme.programme_id).status == "suspended"
