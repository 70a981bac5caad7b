"""The presets do what their rows of DOMAIN.md section 1 say: real programmes, real verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from accord_genesis import presets
from accord_genesis.preset_lists import SKILL_AREAS_MY
from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.domain.kinds.profile import ListDefine, ProfileDefine
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.framework import PROFILES
from accord_ledger.domain.model.programme import ProgrammeTerms
from domain_alliance import TWO_THIRDS
from domain_world import World, ref, terms

US = {"framework": ("us-sch", 1), "level": None, "credits": "6/1", "total_hours": "270/1"}
SUNY = US | {"audience": ("public",), "transferability": "degree"}
EU = {"assessment_type": "exam", "participation": "online"}
UOM = {"framework": ("uom", 1), "credits": "25/8", "assessed": True}
MQF = {"framework": ("mqf", 1), "credits": "3/1", "total_hours": "120/1"}
CN = {
    "framework": ("cn-mc", 1), "level": 1, "credits": "5/2", "total_hours": "100/1",
    "practice_hours": "30/1", "projects_all": 10, "projects_enterprise": 4,
}  # fmt: skip


@dataclass
class Presets:
    """An alliance that took over the presets by transaction, under names of its own."""

    world: World

    def terms(self, profile: str, issuer: str, **changes: Any) -> ProgrammeTerms:
        """A programme under a preset."""
        return terms("prog", issuer, profile=(f"my-{profile}", 1), **changes)

    def accepts(self, profile: str, issuer: str, **changes: Any) -> None:
        """T07 passes; the id is free again for the next one."""
        found = self.terms(profile, issuer, **changes)
        self.world.register(replace(found, programme_id=f"prog-{self.world.nonce}"))

    def refuses(self, code: str, profile: str, issuer: str, **changes: Any) -> None:
        """T07 fails with ``CODE`` or ``CODE(detail)``."""
        body = ProgrammeRegister(terms=self.terms(profile, issuer, **changes))
        name, _, detail = code.rstrip(")").partition("(")
        self.world.refused(name, "programme_register", body, issuer, detail=detail or None)


@pytest.fixture
def made() -> Presets:
    world = World()
    for preset in (*presets.PROFILES, *presets.NARROWER_PROFILES):
        mine = replace(preset, profile_id=f"my-{preset.profile_id}")
        world.do("profile_define", ProfileDefine(terms=mine), *TWO_THIRDS)
    return Presets(world)


@pytest.mark.parametrize("field", ["audience", "transferability"])
def test_c1_suny_requires_exactly_its_fields(made: Presets, field: str) -> None:
    made.accepts("suny-2018", "suny", **SUNY | {"outcomes": ()})
    without = {name: value for name, value in SUNY.items() if name != field}
    made.refuses(f"E_METADATA_MISSING({field})", "suny-2018", "suny", **without)


def test_c2_suny_asks_both_committees_for_credit_and_either_otherwise(made: Presets) -> None:
    credit = made.terms("suny-2018", "suny", **SUNY)
    made.world.register(credit)
    made.world.submit(credit)
    made.world.approve(credit, "suny")
    step = ProgrammeStep(programme=ref(credit))
    made.world.refused(
        "E_APPROVAL_MISSING", "programme_activate", step, "suny", detail="curriculum_committee"
    )
    made.world.approve(credit, "suny", "curriculum_committee")
    made.world.activate(credit)
    free = replace(credit, programme_id="free", track="noncredit", credits="0/1")
    made.world.launch(free, ("suny", "curriculum_committee"))


@pytest.mark.parametrize(("campus", "most"), [("suny-canton", 18), ("suny-oneonta", 15)])
def test_c6_campuses_have_sizes_of_their_own(made: Presets, campus: str, most: int) -> None:
    size = SUNY | {"credits": f"{most}/1", "total_hours": f"{45 * most}/1"}
    made.accepts(campus, "suny", **size)
    more = SUNY | {"credits": f"{most + 1}/1", "total_hours": f"{45 * (most + 1)}/1"}
    made.refuses("E_CREDIT_RANGE", campus, "suny", **more)
    made.accepts("suny-2018", "suny", **more)


@pytest.mark.parametrize(
    ("field", "empty"),
    [("outcomes", ()), ("assessment_type", None), ("participation", None), ("level", None)],
)
def test_e11_the_eu_requires_annex_1(made: Presets, field: str, empty: Any) -> None:
    made.accepts("eu-2022", "uu", **EU)
    made.refuses(f"E_METADATA_MISSING({field})", "eu-2022", "uu", **EU | {field: empty})


def test_e3_the_netherlands_take_up_to_30_ec(made: Presets) -> None:
    made.accepts("nl-2025", "uu", **EU | {"credits": "30/1", "total_hours": "840/1"})
    made.refuses("E_HOURS_RANGE", "nl-2025", "uu", **EU | {"credits": "31/1", "total_hours": "868/1"})
    made.accepts("eu-2022", "uu", **EU | {"credits": "31/1", "total_hours": "868/1"})


def test_u1_australia_asks_for_assessment(made: Presets) -> None:
    made.accepts("nmf", "uom", **UOM)
    made.refuses("E_NOT_ASSESSED", "nmf", "uom", **UOM | {"assessed": False})
    made.refuses("E_HOURS_RANGE", "nmf", "uom", **UOM | {"total_hours": "1/2"})


def test_u1_an_unregulated_provider_states_its_quality_assurance(made: Presets) -> None:
    made.refuses("E_METADATA_MISSING(qa_statement_hash)", "nmf", "cisco-my", **UOM)
    made.refuses("E_METADATA_MISSING(qa_statement_hash)", "nmf", "um", **UOM)  # MQA does not regulate here
    made.accepts("nmf", "cisco-my", **UOM | {"qa_statement_hash": b"\x01" * 32})


def test_m2_malaysia_knows_decoupled_items(made: Presets) -> None:
    made.accepts("mqa", "um", **MQF)
    made.refuses("E_METADATA_MISSING(outcomes)", "mqa", "um", **MQF | {"outcomes": ()})
    made.refuses("E_METADATA_MISSING(parent_course)", "mqa", "um", **MQF | {"form": "decoupled"})


def test_m8_skill_area_25_there_is_not(made: Presets) -> None:
    lists = replace(SKILL_AREAS_MY, version=2)
    made.world.do("list_define", ListDefine(terms=lists), *TWO_THIRDS)
    made.accepts("mqa", "um", **MQF | {"skill_area": "24"})
    made.refuses("E_VALUE", "mqa", "um", **MQF | {"skill_area": "25"})


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E_QUALITY_PRACTICE", {"practice_hours": "59/2"}),
        ("E_QUALITY_PROJECTS", {"projects_all": 8, "projects_enterprise": 3}),
        ("E_QUANTUM", {"credits": "9/4", "total_hours": "90/1"}),
        (
            "E_HOURS_CLAIM",
            {
                "track": "noncredit",
                "credits": "0/1",
                "total_hours": "9/1",
                "practice_hours": "9/1",
                "category": "vocational_skill",
            },
        ),
    ],
)
def test_p3_p4_n11_china_has_gates(made: Presets, code: str, changes: dict[str, Any]) -> None:
    made.accepts("cn", "bjou", **CN)
    made.refuses(code, "cn", "bjou", **CN | changes)


def test_c9_in_china_another_university_may_endorse(made: Presets) -> None:
    found = made.terms("cn", "ecom-co", **CN)
    made.world.launch(found, ("hnrail", "endorse"))
    assert made.world.get(PROFILES, "my-cn", 1).annual


def test_neutral_asks_for_a_committee_and_nothing_else(made: Presets) -> None:
    bare = made.terms("neutral", "uu", outcomes=(), level=None)
    made.world.launch(bare)
    made.world.register(replace(bare, programme_id="other"))
    made.world.submit(replace(bare, programme_id="other"))
    step = ProgrammeStep(programme=("other", 1))
    made.world.refused("E_APPROVAL_MISSING", "programme_activate", step, "uu", detail="academic_committee")
