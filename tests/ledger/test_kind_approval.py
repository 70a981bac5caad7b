"""T36 programme_submit, T08 programme_approve and T37 programme_activate."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds import approval as approval_kinds
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.key import KeyRotate
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMMES,
    ApprovalKind,
    Programme,
    ProgrammeTerms,
)
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.domain.standing import programme_status_at
from accord_ledger.keys import SigningKey
from domain_alliance import GENESIS_TIME, TWO_THIRDS, key_of, new_key
from domain_world import NETWORK, World, ref, terms

UU = ProgrammeStep(programme=("uu-ds", 1))


@pytest.fixture
def world() -> World:
    return World()


def context(world: World) -> Context:
    return Context(state=world.execution._view, network=b"", height=world.version.height + 1, time=world.time)


def approval(terms: ProgrammeTerms, kind: ApprovalKind, party: str) -> ProgrammeApprove:
    return ProgrammeApprove(programme=ref(terms), approval=kind, party=party)


def suny(**changes: Any) -> ProgrammeTerms:
    values: dict[str, Any] = {
        "framework": ("us-sch", 1),
        "profile": ("suny-2018", 1),
        "level": None,
        "credits": "6/1",
        "total_hours": "270/1",
        "audience": ("public",),
        "transferability": "full",
    }
    return terms("suny-hi", "suny", **values | changes)


def cn_item(issuer: str = "crrc-eval", **changes: Any) -> ProgrammeTerms:
    values: dict[str, Any] = {
        "framework": ("cn-mc", 1),
        "profile": ("cn", 1),
        "level": 2,
        "credits": "2/1",
        "total_hours": "80/1",
        "practice_hours": "24/1",
    }
    return terms("crrc-rs2", issuer, **values | changes)


def test_t36_t08_t37_from_draft_to_active(world: World) -> None:
    item = terms()
    world.register(item)
    stages = []
    for step in (world.submit, lambda item: world.approve(item, "uu"), world.activate):
        step(item)
        stages.append(world.get(PROGRAMMES, "uu-ds", 1).stage)
    assert stages == ["submitted", "approved", "active"]
    known: Programme = world.get(PROGRAMMES, "uu-ds", 1)
    assert (known.submitted_at, known.activated_at) == (GENESIS_TIME, GENESIS_TIME)
    assert known.approvals[0].key_id == key_of("uu", "academic_committee").key_id
    head = world.get(PROGRAMME_HEADS, "uu-ds")
    assert (head.current, head.status, head.history[0].since) == (1, "active", GENESIS_TIME)


def test_no_step_is_skipped(world: World) -> None:
    item = terms()
    world.register(item)
    world.refused("E_STATE", "programme_activate", UU, "uu")
    world.refused(
        "E_STATE", "programme_approve", approval(item, "academic_committee", "uu"), "uu academic_committee"
    )
    world.submit(item)
    world.refused("E_STATE", "programme_submit", UU, "uu")
    world.approve(item, "uu")
    world.refused("E_STATE", "programme_submit", UU, "uu")
    world.activate(item)
    world.refused("E_STATE", "programme_activate", UU, "uu")


@pytest.mark.parametrize("kind", ["programme_submit", "programme_activate"])
def test_t36_t37_by_the_issuer(world: World, kind: str) -> None:
    world.refused("E_UNKNOWN_REF", kind, UU, "uu")
    world.register(terms())
    world.refused("E_SIG_MISSING", kind, UU, "um", detail="uu")
    world.refused("E_SIG_MISSING", kind, UU, "uu registrar")


def test_t08_dual_approval(world: World) -> None:
    item = suny()
    world.register(item)
    world.submit(item)
    step = ProgrammeStep(programme=ref(item))
    world.refused("E_APPROVAL_MISSING", "programme_activate", step, "suny", detail="academic_committee")
    world.approve(item, "suny")
    world.refused("E_APPROVAL_MISSING", "programme_activate", step, "suny", detail="curriculum_committee")
    world.approve(item, "suny", "curriculum_committee")
    world.activate(item)


def test_t08_the_noncredit_track_has_its_own_policy(world: World) -> None:
    item = suny(track="noncredit", credits="0/1")
    world.register(item)
    world.submit(item)
    step = ProgrammeStep(programme=ref(item))
    detail = "academic_committee or curriculum_committee"
    world.refused("E_APPROVAL_MISSING", "programme_activate", step, "suny", detail=detail)
    world.approve(item, "suny", "curriculum_committee")
    world.activate(item)


def test_t08_one_key_never_two_kinds(world: World) -> None:
    item = suny()
    both = SigningKey.from_seed(b"\x09" * 32)
    made = new_key(both, "suny", "academic_committee", "curriculum_committee", network=NETWORK)
    world.do("key_rotate", KeyRotate(party="suny", key=made), *TWO_THIRDS)
    world.register(item)
    world.submit(item)
    world.do("programme_approve", approval(item, "academic_committee", "suny"), both, author="suny")
    second = approval(item, "curriculum_committee", "suny")
    world.refused("E_SIG_DISTINCT", "programme_approve", second, both, author="suny")
    world.do("programme_approve", second, "suny curriculum_committee", both)


def test_t08_who_approves_what(world: World) -> None:
    item = cn_item(co_developers=("huawei",))
    world.register(item)
    world.submit(item)
    wrong: list[tuple[ApprovalKind, str]] = [
        ("academic_committee", "bjou"),
        ("endorse", "crrc-eval"),
        ("industry_partner", "ecom-co"),
    ]
    for kind, party in wrong:
        body = ProgrammeApprove(programme=ref(item), approval=kind, party=party)
        world.refused("E_SIG_MISSING", "programme_approve", body, party)
    world.refused(
        "E_ROLE", "programme_approve", approval(item, "academic_committee", "bjou"), "bjou academic_committee"
    )
    world.approve(item, "huawei", "industry_partner")
    assert world.get(PROGRAMMES, *ref(item)).stage == "submitted"
    world.approve(item, "hnrail", "endorse")
    assert world.get(PROGRAMMES, *ref(item)).stage == "approved"


def test_t08_not_ones_own_and_not_a_strangers(world: World) -> None:
    item = cn_item("bjou")
    world.register(item)
    world.submit(item)
    world.refused("E_ROLE", "programme_approve", approval(item, "endorse", "bjou"), "bjou endorse")
    world.refused(
        "E_ROLE", "programme_approve", approval(item, "industry_partner", "huawei"), "huawei industry_partner"
    )
    world.refused("E_UNKNOWN_REF", "programme_approve", approval(terms(), "endorse", "bjou"), "bjou endorse")


def test_t08_endorsed_later_and_once(world: World) -> None:
    item = world.launch(cn_item(), ("hnrail", "endorse"))
    world.approve(item, "bjou", "endorse")
    again = approval(item, "endorse", "bjou")
    world.refused("E_DUPLICATE", "programme_approve", again, "bjou endorse")
    late = approval(item, "academic_committee", "crrc-eval")
    world.refused("E_SIG_MISSING", "programme_approve", late, "crrc-eval")


def test_t08_approvals_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    item = world.launch(cn_item(), ("hnrail", "endorse"))
    monkeypatch.setattr(approval_kinds, "MAX_APPROVALS", 1)
    world.refused("E_STATE", "programme_approve", approval(item, "endorse", "bjou"), "bjou endorse")


def test_t37_accreditation_where_the_profile_asks(world: World) -> None:
    for issuer, accepted in (("uu", False), ("um", True)):
        item = terms(f"{issuer}-1", issuer, profile=("asked", 1))
        world.register(item)
        world.submit(item)
        world.approve(item, issuer)
        step = ProgrammeStep(programme=ref(item))
        if accepted:
            world.do("programme_activate", step, issuer)
        else:
            world.refused("E_ACCREDITATION", "programme_activate", step, issuer)


def test_t37_a_new_version_supersedes(world: World) -> None:
    world.launch(terms())
    world.at("2026-04-01")
    world.launch(terms(version=2))
    before: Programme = world.get(PROGRAMMES, "uu-ds", 1)
    assert (before.stage, before.superseded_at) == ("superseded", world.time)
    head = world.get(PROGRAMME_HEADS, "uu-ds")
    assert (head.current, head.status, len(head.history)) == (2, "active", 1)


def test_t37_never_back_to_an_older_version(world: World) -> None:
    old = terms()
    world.register(old)
    world.submit(old)
    world.approve(old, "uu")
    world.launch(terms(version=2))
    world.refused("E_STATE", "programme_activate", UU, "uu")


def test_t37_a_new_version_lifts_no_suspension_and_no_withdrawal(world: World) -> None:
    world.launch(terms())
    second, third = terms(version=2), terms(version=3)
    world.register(second)
    world.register(third)
    world.submit(second)
    world.approve(second, "uu")
    change_programme_status(context(world), "uu-ds", "suspended", "quality")
    world.activate(second)
    assert world.get(PROGRAMME_HEADS, "uu-ds").status == "suspended"
    change_programme_status(context(world), "uu-ds", "withdrawn")
    world.refused("E_STATE", "programme_submit", ProgrammeStep(programme=("uu-ds", 3)), "uu")


def test_status_at_a_time(world: World) -> None:
    world.launch(terms())
    head = world.get(PROGRAMME_HEADS, "uu-ds")
    assert programme_status_at(head, GENESIS_TIME - 1) is None
    assert programme_status_at(head, GENESIS_TIME) == "active"
