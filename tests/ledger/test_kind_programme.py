"""T07 programme_register: the checks of DOMAIN.md 2.5 one by one, and which comes first."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accord_ledger import codec
from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES, Course, Outcome, ProgrammeTerms
from accord_ledger.domain.programme_life import change_programme_status
from domain_alliance import GENESIS_TIME
from domain_world import World, plain, terms

ESCO = "http://data.europa.eu/esco/skill/4f2f"


@pytest.fixture
def world() -> World:
    return World()


def refused(world: World, code: str, terms: ProgrammeTerms, detail: str | None = None) -> str:
    body = ProgrammeRegister(terms=terms)
    return world.refused(code, "programme_register", body, *terms.issuers, detail=detail).path


def cn(**changes: Any) -> ProgrammeTerms:
    """A CN item that meets every gate exactly."""
    values: dict[str, Any] = {
        "framework": ("cn-mc", 1),
        "profile": ("cn", 1),
        "level": 2,
        "credits": "5/2",
        "total_hours": "100/1",
        "practice_hours": "30/1",
        "projects_all": 10,
        "projects_enterprise": 4,
        "category": "vocational_skill",
    }
    return terms("bjou-al", "bjou", **values | changes)


def award(**changes: Any) -> ProgrammeTerms:
    """An award of um with one course."""
    values: dict[str, Any] = {
        "form": "award",
        "framework": ("mqf", 1),
        "profile": ("mqa", 1),
        "credits": "128/1",
        "total_hours": "5120/1",
        "courses": (Course(code="C1", credits="3/1", course_class="core"),),
        "countable_total": "120/1",
    }
    return terms("um-degree", "um", **values | changes)


def test_t07_a_draft(world: World) -> None:
    receipt = world.register(terms())
    assert receipt.warnings == ()
    known = world.get(PROGRAMMES, "uu-ds", 1)
    assert (known.stage, known.registered_at, known.approvals) == ("draft", GENESIS_TIME, ())
    head = world.get(PROGRAMME_HEADS, "uu-ds")
    assert (head.latest, head.current, head.status) == (1, None, None)


def test_t07_each_issuer_signs(world: World) -> None:
    joint = terms(
        "um-ne",
        framework=("mqf", 1),
        credits="3/1",
        total_hours="120/1",
        issuers=("um", "cisco-my"),
        threshold=2,
    )
    body = ProgrammeRegister(terms=joint)
    world.refused("E_SIG_MISSING", "programme_register", body, "um", detail="cisco-my")
    world.refused("E_SIG_MISSING", "programme_register", body, "cisco-my", detail="um")
    world.do("programme_register", body, "um", "cisco-my")


@pytest.mark.parametrize("issuer", ["bcb", "nvao", "cn-emp", "moe-cn"])
def test_t07_only_universities_and_providers_issue(world: World, issuer: str) -> None:
    refused(world, "E_ROLE", terms(issuer=issuer))


def test_t07_versions_rise_and_issuers_stay(world: World) -> None:
    world.register(terms())
    refused(world, "E_VERSION", terms())
    refused(world, "E_VERSION", terms(version=3))
    refused(world, "E_VALUE", terms(issuer="um", version=2))
    world.register(terms(version=2))
    assert world.get(PROGRAMME_HEADS, "uu-ds").latest == 2


def test_t07_withdrawn_is_final(world: World) -> None:
    world.launch(terms())
    ctx = Context(state=world.execution._view, network=b"", height=1, time=world.time)
    change_programme_status(ctx, "uu-ds", "withdrawn")
    refused(world, "E_PROGRAMME_WITHDRAWN", terms(version=2, field="unknown"))


@pytest.mark.parametrize(
    "changes",
    [
        {"framework": ("nl-ects", 2)},
        {"profile": ("nothing", 1)},
        {"co_developers": ("nobody",)},
        {"form": "decoupled", "parent_course": ("um-degree", "C1"), "overlap": "3/10"},
    ],
)
def test_t07_what_it_names_exists(world: World, changes: dict[str, Any]) -> None:
    refused(world, "E_UNKNOWN_REF", terms(**changes))


@pytest.mark.parametrize("name", ["field", "sector", "skill_area"])
def test_t07_codes_stand_in_lists(world: World, name: str) -> None:
    assert refused(world, "E_VALUE", terms(**{name: "area-25"})) == f"body.terms.{name}"


def test_t07_codes_of_the_issuers_country(world: World) -> None:
    world.register(terms(field="IT"))
    refused(world, "E_VALUE", terms("uu-2", skill_area="area-01"))
    world.register(terms("um-1", "um", framework=("mqf", 1), total_hours="120/1", skill_area="area-01"))


def test_t07_sunys_required_fields(world: World) -> None:
    known: dict[str, Any] = {
        "framework": ("us-sch", 1),
        "profile": ("suny-2018", 1),
        "level": None,
        "total_hours": "135/1",
    }
    whole = known | {"audience": ("public",), "transferability": "full"}
    world.register(terms("suny-1", "suny", **whole))
    refused(world, "E_METADATA_MISSING", terms("suny-2", "suny", **known), "audience")
    refused(
        world, "E_METADATA_MISSING", terms("suny-2", "suny", **known, audience=("public",)), "transferability"
    )


def test_t07_outcomes_and_esco(world: World) -> None:
    eu: dict[str, Any] = {"profile": ("eu-2022", 1)}
    refused(world, "E_METADATA_MISSING", terms(**eu, outcomes=()), "outcomes")
    world.register(terms(**eu, outcomes=(Outcome(text={"nl": "Verklaart een regressie"}, esco=ESCO),)))


def test_t07_statement_of_a_provider_nobody_accredits(world: World) -> None:
    nmf: dict[str, Any] = {
        "profile": ("nmf", 1),
        "framework": ("uom", 1),
        "credits": "25/8",
        "assessed": True,
    }
    world.register(terms("uom-d1", "uom", **nmf))
    refused(world, "E_METADATA_MISSING", terms("ecom-1", "ecom-co", **nmf), "qa_statement_hash")
    world.register(terms("ecom-1", "ecom-co", **nmf, qa_statement_hash=b"\x05" * 32))
    refused(world, "E_NOT_ASSESSED", terms("uom-d2", "uom", **nmf | {"assessed": False}))


def test_t07_a_decoupled_item_has_a_parent(world: World) -> None:
    world.register(award())
    base: dict[str, Any] = {"form": "decoupled", "framework": ("mqf", 1), "total_hours": "120/1"}
    refused(world, "E_METADATA_MISSING", terms("um-m1", "um", **base), "parent_course")
    parent = {"parent_course": ("um-degree", "C1")}
    refused(world, "E_METADATA_MISSING", terms("um-m1", "um", **base, **parent), "overlap")
    refused(
        world,
        "E_UNKNOWN_REF",
        terms("um-m1", "um", **base, parent_course=("um-degree", "C9"), overlap="3/10"),
    )
    world.register(terms("um-m1", "um", **base, **parent, overlap="3/10"))


def test_t07_fields_of_another_form(world: World) -> None:
    refused(world, "E_SCHEMA", terms(parent_course=("um-degree", "C1")))
    refused(world, "E_SCHEMA", terms(overlap="3/10"))
    for name in ("courses", "countable_total"):
        refused(world, "E_SCHEMA", terms(**{name: getattr(award(), name)}))
    refused(world, "E_SCHEMA", terms(residency="1/2"))


@pytest.mark.parametrize(
    "changes", [{"level": 9}, {"level": 0}, {"framework": ("us-sch", 1), "total_hours": "135/1"}]
)
def test_t07_levels(world: World, changes: dict[str, Any]) -> None:
    refused(world, "E_LEVEL_RANGE", terms(**changes))


def test_t07_size_in_hours(world: World) -> None:
    tiny: dict[str, Any] = {"track": "noncredit", "credits": "0/1"}
    refused(world, "E_HOURS_RANGE", terms(**tiny, total_hours="1/2"))
    assert world.register(terms(**tiny, total_hours="1/1")).warnings == ()
    assert world.register(terms("uu-2", **tiny, total_hours="100/1")).warnings == ()
    assert world.register(terms("uu-3", credits="6/1", total_hours="168/1")).warnings == ("W_HOURS_RANGE",)
    refused(world, "E_HOURS_RANGE", terms("uu-4", profile=("asked", 1), credits="36/1", total_hours="1008/1"))


def test_t07_size_in_credits(world: World) -> None:
    suny: dict[str, Any] = {
        "framework": ("us-sch", 1),
        "profile": ("suny-2018", 1),
        "level": None,
        "audience": ("public",),
        "transferability": "full",
    }
    world.register(terms("suny-18", "suny", **suny, credits="18/1", total_hours="810/1"))
    refused(world, "E_CREDIT_RANGE", terms("suny-19", "suny", **suny, credits="19/1", total_hours="855/1"))
    eu: dict[str, Any] = {"framework": ("ects", 1), "profile": ("eu-2022", 1)}
    assert "W_CREDIT_RANGE" in world.register(terms(**eu, credits="8/1", total_hours="216/1")).warnings
    assert (
        "W_CREDIT_RANGE" not in world.register(terms("uu-30", credits="30/1", total_hours="840/1")).warnings
    )


@pytest.mark.parametrize(
    ("hours", "fits"), [("75/1", True), ("84/1", True), ("90/1", True), ("70/1", False), ("181/2", False)]
)
def test_t07_hours_per_credit(world: World, hours: str, fits: bool) -> None:
    item = terms(framework=("ects", 1), total_hours=hours)
    if fits:
        world.register(item)
    else:
        refused(world, "E_HOURS_PER_CREDIT", item)


def test_t07_quantum(world: World) -> None:
    refused(world, "E_QUANTUM", cn(credits="9/4", total_hours="90/1"))
    world.register(cn())


def test_t07_noncredit_skips_hours_per_credit_and_quantum(world: World) -> None:
    world.register(terms(track="noncredit", credits="0/1", total_hours="9/1"))
    refused(world, "E_VALUE", terms("uu-2", track="noncredit"))
    refused(world, "E_VALUE", terms("uu-2", credits="0/1"))


def test_t07_gates(world: World) -> None:
    refused(world, "E_QUALITY_PRACTICE", cn(practice_hours="59/2"))
    refused(world, "E_QUALITY_PROJECTS", cn(projects_all=8, projects_enterprise=3))
    short = cn(track="noncredit", credits="0/1", total_hours="9/1", practice_hours="3/1")
    refused(world, "E_HOURS_CLAIM", short)
    world.register(cn(track="noncredit", credits="0/1", total_hours="10/1", practice_hours="3/1"))


def test_t07_gates_and_sizes_are_not_for_awards(world: World) -> None:
    receipt = world.register(award(framework=("cn-mc", 1), level=2, profile=("cn", 1)))
    assert receipt.warnings == ()


def test_t07_without_gates_nothing_is_asked(world: World) -> None:
    ungated: dict[str, Any] = {"profile": ("neutral", 1), "practice_hours": "0/1"}
    world.register(cn(**ungated, projects_all=8, projects_enterprise=0))
    short = cn(**ungated, track="noncredit", credits="0/1", total_hours="9/1")
    world.register(msgspec.structs.replace(short, programme_id="bjou-short"))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E_NUMBER", {"credits": "3"}),
        ("E_NUMBER", {"total_hours": "168/2"}),
        ("E_NUMBER", {"credits": "3/1000001"}),
        ("E_VALUE", {"practice_hours": "85/1"}),
        ("E_VALUE", {"projects_enterprise": 1}),
        ("E_VALUE", {"threshold": 2}),
        ("E_VALUE", {"issuers": ("uu", "uu")}),
        ("E_VALUE", {"audience": ("public", "public")}),
        ("E_VALUE", {"required_courses": ("A", "A")}),
        ("E_SCHEMA", {"title": {}}),
        ("E_SCHEMA", {"title": {"en": "Cafe\u0301"}}),
        ("E_SCHEMA", {"outcomes": (Outcome(text={"en": "a\tb"}),)}),
        ("E_SCHEMA", {"last_content_update": "2026-02-30"}),
        ("E_SCHEMA", {"category": "leisure"}),
    ],
)
def test_t07_values(world: World, code: str, changes: dict[str, Any]) -> None:
    body = ProgrammeRegister(terms=terms(**changes))
    world.refused(code, "programme_register", body, "uu")


@pytest.mark.parametrize(
    "changes",
    [
        {"countable_total": "129/1"},
        {"residency": "3/2"},
        {"courses": (Course(code="C1", credits="0/1", course_class="core"),)},
        {"courses": (Course(code="C1", credits="3/1", course_class="core"),) * 2},
    ],
)
def test_t07_values_of_awards(world: World, changes: dict[str, Any]) -> None:
    refused(world, "E_VALUE", award(**changes))


def test_t07_overlap_is_a_share(world: World) -> None:
    refused(world, "E_VALUE", terms(form="decoupled", parent_course=("um-degree", "C1"), overlap="3/2"))


def test_t07_no_room_for_persons(world: World) -> None:
    body = plain(ProgrammeRegister(terms=terms()))
    body["terms"]["teacher"] = "A. Person"
    world.refused("E_SCHEMA", "programme_register", codec.encode_plain(body), "uu")


def test_t07_the_first_failure_is_the_answer(world: World) -> None:
    """Each step mends what the step before complained of."""
    broken: dict[str, Any] = {
        "profile": ("cn", 9),
        "field": "unknown",
        "level": 9,
        "total_hours": "1/2",
        "practice_hours": "0/1",
        "projects_enterprise": 0,
        "credits": "9/4",
    }
    item = cn(**broken)
    for code, mended in (
        ("E_UNKNOWN_REF", {"profile": ("cn", 1)}),
        ("E_VALUE", {"field": None}),
        ("E_LEVEL_RANGE", {"level": 2}),
        ("E_HOURS_RANGE", {"total_hours": "80/1"}),
        ("E_HOURS_PER_CREDIT", {"total_hours": "90/1"}),
        ("E_QUANTUM", {"credits": "2/1", "total_hours": "80/1"}),
        ("E_QUALITY_PRACTICE", {"practice_hours": "24/1"}),
        ("E_QUALITY_PROJECTS", {"projects_enterprise": 4}),
    ):
        refused(world, code, item)
        broken |= mended
        item = cn(**broken)
    world.register(item)


def test_t07_weight(world: World) -> None:
    before = world.execution.weight
    world.register(terms(occupations=(ESCO,), required_courses=("A", "B")))
    assert world.execution.weight - before == 10 + 16 + 1 + 1 + 2


def test_t07_a_suspended_issuer_does_not_sign(world: World) -> None:
    uu = world.get(PARTIES, "uu")
    world.execution._view.put(PARTIES, msgspec.structs.replace(uu, status="suspended"), "uu")
    refused(world, "E_PARTY_STATUS", terms())
