"""T09 accreditation_grant and _withdraw, T38 registry_entry, and what they mean at a time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accord_ledger import calendar, codec
from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds import accreditation
from accord_ledger.domain.kinds.accreditation import (
    AccreditationGrant,
    AccreditationWithdraw,
    Period,
    RegistryEntryBody,
)
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import AGENCY_REGISTRIES, REGISTRY_ENTRIES
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.domain.standing import accredited, registered
from accord_ledger.errors import Rejection
from accord_ledger.state import MemorySource, View
from domain_alliance import TWO_THIRDS, genesis_context, genesis_state, party_body, uid
from domain_world import NETWORK, World, terms


@pytest.fixture
def world() -> World:
    return World()


def context(world: World) -> Context:
    return Context(state=world.execution._view, network=b"", height=world.version.height + 1, time=world.time)


def at(date: str) -> int:
    return calendar.midnight(calendar.parse_date(date))


def grant(**changes: Any) -> AccreditationGrant:
    values: dict[str, Any] = {
        "grant_id": uid("new grant"),
        "agency": "nvao",
        "party": "uu",
        "scope": "party",
        "registry": "EQAR",
        "cross_border": True,
        "valid_from": "2026-03-01",
        "valid_to": "2030-02-28",
    }
    return AccreditationGrant(**values | changes)


def entry(first: str, last: str, agency: str = "nvao", registry: str = "EQAR") -> RegistryEntryBody:
    return RegistryEntryBody(agency=agency, registry=registry, period=Period(valid_from=first, valid_to=last))


def end(date: str, agency: str = "nvao", registry: str = "EQAR") -> RegistryEntryBody:
    return RegistryEntryBody(agency=agency, registry=registry, ended_on=date)


def test_t09_a_party_and_all_its_programmes(world: World) -> None:
    world.do("accreditation_grant", grant(), "nvao quality")
    ctx = context(world)
    assert accredited(ctx, ("uu",), "uu-ds", at("2026-03-01"))
    assert accredited(ctx, ("um", "uu"), "any", at("2030-02-28") + 86_399, cross_border=True)
    assert not accredited(ctx, ("uu",), "uu-ds", at("2030-03-01"))
    assert not accredited(ctx, ("uu",), "uu-ds", at("2026-02-28"))
    assert not accredited(ctx, ("um",), "uu-ds", at("2026-03-01"), registries=("EQAR",))
    assert not accredited(ctx, ("uu",), "uu-ds", at("2026-03-01"), registries=("MQA",))
    assert not accredited(ctx, ("uu",), "uu-ds", at("2026-03-01"), registries=())
    assert not accredited(ctx, ("uu",), "uu-ds", at("2026-03-01"), cross_border=False)


def test_t09_named_programmes_only(world: World) -> None:
    world.register(terms())
    world.do("accreditation_grant", grant(scope="programmes", programmes=("uu-ds",)), "nvao quality")
    assert accredited(context(world), ("uu",), "uu-ds", world.time)
    assert not accredited(context(world), ("uu",), "uu-2", world.time)


def test_t09_withdrawn_from_now_on(world: World) -> None:
    world.do("accreditation_grant", grant(), "nvao quality")
    world.at("2026-06-01", seconds=60)
    gone = AccreditationWithdraw(grant_id=uid("new grant"))
    world.refused("E_SIG_MISSING", "accreditation_withdraw", gone, "mqa quality")
    world.do("accreditation_withdraw", gone, "nvao quality")
    assert accredited(context(world), ("uu",), "uu-ds", world.time - 1)
    assert not accredited(context(world), ("uu",), "uu-ds", world.time)
    world.refused("E_STATE", "accreditation_withdraw", gone, "nvao quality")
    unknown = AccreditationWithdraw(grant_id=uid("no grant"))
    world.refused("E_UNKNOWN_REF", "accreditation_withdraw", unknown, "nvao quality")


@pytest.mark.parametrize("signer", ["nvao", "uu quality"])
def test_t09_the_agency_signs_with_quality(world: World, signer: str) -> None:
    world.refused("E_SIG_MISSING", "accreditation_grant", grant(), signer)
    world.refused("E_ROLE", "accreditation_grant", grant(agency="uu"), "uu quality")


def test_t09_the_agency_stands_in_that_registry(world: World) -> None:
    world.refused("E_AGENCY_NOT_REGISTERED", "accreditation_grant", grant(registry="MQA"), "nvao quality")
    world.do("registry_entry", end("2026-03-02"), *TWO_THIRDS)
    world.do("accreditation_grant", grant(), "nvao quality")
    world.at("2026-03-02")
    again = grant(grant_id=uid("later"))
    world.refused("E_AGENCY_NOT_REGISTERED", "accreditation_grant", again, "nvao quality")
    assert accredited(context(world), ("uu",), "uu-ds", world.time)


def ring(world: World, **changes: Any) -> None:
    body = party_body("ring-u", "NL-UT", "university", network=NETWORK, **changes)
    world.do("party_register", body, *TWO_THIRDS)


def test_t09_not_itself_and_not_its_own(world: World) -> None:
    world.refused("E_SELF_ACCREDIT", "accreditation_grant", grant(party="nvao"), "nvao quality")
    world.do(
        "party_register",
        party_body("holding", "NL-UT", "provider", network=NETWORK, controlled_by=("nvao",)),
        *TWO_THIRDS,
    )
    ring(world, controlled_by=("holding",))
    world.refused("E_SELF_ACCREDIT", "accreditation_grant", grant(party="ring-u"), "nvao quality")


def test_t09_not_who_controls_it(world: World) -> None:
    owned = party_body("qa-2", "NL-ZH", "quality_agency", "quality", network=NETWORK, controlled_by=("uu",))
    world.do("party_register", owned, *TWO_THIRDS)
    world.do("registry_entry", entry("2026-03-01", "2030-12-31", "qa-2"), *TWO_THIRDS)
    world.refused("E_SELF_ACCREDIT", "accreditation_grant", grant(agency="qa-2"), "qa-2 quality")
    world.do("accreditation_grant", grant(agency="qa-2", party="um"), "qa-2 quality")


def test_t09_at_most_thirty_days_back(world: World) -> None:
    world.at("2026-05-01")
    world.refused("E_BACKDATED", "accreditation_grant", grant(valid_from="2026-03-31"), "nvao quality")
    world.do("accreditation_grant", grant(valid_from="2026-04-01"), "nvao quality")


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E_DUPLICATE", {"grant_id": uid("grant um")}),
        ("E_UNKNOWN_REF", {"party": "nobody"}),
        ("E_UNKNOWN_REF", {"scope": "programmes", "programmes": ("nothing",)}),
        ("E_VALUE", {"scope": "programmes"}),
        ("E_VALUE", {"programmes": ("uu-ds",)}),
        ("E_VALUE", {"scope": "programmes", "programmes": ("uu-ds", "uu-ds")}),
        ("E_VALUE", {"valid_to": "2026-02-28"}),
        ("E_SCHEMA", {"valid_to": "2026-02-29"}),
        ("E_SCHEMA", {"registry": "eqar"}),
    ],
)
def test_t09_errors(world: World, code: str, changes: dict[str, Any]) -> None:
    world.refused(code, "accreditation_grant", grant(**changes), "nvao quality")


def test_t09_programmes_of_that_party(world: World) -> None:
    world.register(terms("um-1", "um"))
    body = grant(scope="programmes", programmes=("um-1",))
    world.refused("E_VALUE", "accreditation_grant", body, "nvao quality")


def test_t09_a_suspended_agency_does_not_sign(world: World) -> None:
    nvao = world.get(PARTIES, "nvao")
    world.execution._view.put(PARTIES, msgspec.structs.replace(nvao, status="suspended"), "nvao")
    world.refused("E_PARTY_STATUS", "accreditation_grant", grant(), "nvao quality")


def test_t09_grants_on_one_subject_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accreditation, "MAX_GRANTS", 1)
    world.do("accreditation_grant", grant(), "nvao quality")
    world.refused("E_RANGE", "accreditation_grant", grant(grant_id=uid("2")), "nvao quality")


def test_t09_genesis_knows_the_past() -> None:
    view = View(MemorySource(genesis_state()))
    ctx = genesis_context(view)
    long_ago = entry("2008-01-01", "2028-12-31", registry="OLD")
    run_genesis(ctx, "registry_entry", codec.encode(long_ago))
    old = grant(registry="OLD", valid_from="2024-01-01", valid_to="2030-01-01")
    run_genesis(ctx, "accreditation_grant", codec.encode(old))
    assert accredited(ctx, ("uu",), "uu-ds", at("2025-06-01"))
    with pytest.raises(Rejection, match="E_ROLE"):
        run_genesis(ctx, "accreditation_grant", codec.encode(grant(grant_id=uid("c"), agency="um")))
    before = grant(grant_id=uid("b"), registry="OLD", valid_from="2007-12-31")
    with pytest.raises(Rejection, match="E_AGENCY_NOT_REGISTERED"):
        run_genesis(ctx, "accreditation_grant", codec.encode(before))


def test_t38_entries_and_their_ends(world: World) -> None:
    world.do("registry_entry", entry("2026-03-01", "2026-12-31", registry="NEW"), *TWO_THIRDS)
    assert world.get(AGENCY_REGISTRIES, "nvao").registries == ("EQAR", "NEW")
    ctx = context(world)
    assert registered(ctx, "nvao", "NEW", at("2026-12-31") + 86_399)
    assert not registered(ctx, "nvao", "NEW", at("2027-01-01"))
    world.do("registry_entry", end("2026-06-01", registry="NEW"), *TWO_THIRDS)
    assert registered(ctx, "nvao", "NEW", at("2026-06-01") - 1)
    assert not registered(ctx, "nvao", "NEW", at("2026-06-01"))


def test_t38_an_end_only_moves_forward_in_time_and_back_in_date(world: World) -> None:
    world.do("registry_entry", end("2026-06-01"), *TWO_THIRDS)
    world.refused("E_STATE", "registry_entry", end("2026-07-01"), *TWO_THIRDS)
    world.do("registry_entry", end("2026-05-01"), *TWO_THIRDS)
    assert world.get(REGISTRY_ENTRIES, "nvao", "EQAR").entries[0].ended_on == "2026-05-01"
    world.at("2026-04-02")
    world.refused("E_BACKDATED", "registry_entry", end("2026-04-01"), *TWO_THIRDS)
    world.refused("E_STATE", "registry_entry", end("2026-04-03", registry="MQA"), *TWO_THIRDS)


def test_t38_who_and_whom(world: World) -> None:
    body = entry("2026-03-01", "2026-12-31", "cn-qa", "CN-2")
    world.refused("E_SIG_MISSING", "registry_entry", body, "cn-qa quality")
    world.do("registry_entry", body, "moe-cn governance")
    world.refused("E_ROLE", "registry_entry", entry("2026-03-01", "2026-12-31", "bjou"), "moe-cn governance")
    world.refused("E_UNKNOWN_REF", "registry_entry", entry("2026-03-01", "2026-12-31", "nobody"), *TWO_THIRDS)


def test_t38_errors(world: World) -> None:
    world.at("2026-05-01")
    world.refused("E_BACKDATED", "registry_entry", entry("2026-03-31", "2027-01-01"), *TWO_THIRDS)
    world.do("registry_entry", entry("2026-04-01", "2027-01-01"), *TWO_THIRDS)
    world.refused("E_VALUE", "registry_entry", RegistryEntryBody(agency="nvao", registry="EQAR"), *TWO_THIRDS)
    world.refused("E_VALUE", "registry_entry", entry("2026-06-01", "2026-05-31"), *TWO_THIRDS)


def test_t38_entries_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accreditation, "MAX_ENTRIES", 1)
    world.refused("E_RANGE", "registry_entry", entry("2026-03-01", "2026-12-31"), *TWO_THIRDS)
    monkeypatch.setattr(accreditation, "MAX_REGISTRIES", 1)
    world.refused("E_RANGE", "registry_entry", entry("2026-03-01", "2026-12-31", registry="NEW"), *TWO_THIRDS)
