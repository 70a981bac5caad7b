"""T27 recognise, stages 5 to 7: scope, trust across a border, withdrawn programmes (DOMAIN.md 2.5)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.model.account import CONSENTS
from accord_ledger.domain.model.agreement import Scope
from accord_ledger.domain.model.party import KEYS
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.domain.programme_life import change_programme_status
from domain_alliance import key_of, uid
from domain_world import terms
from exchange_world import (
    Exchange,
    IssuedBatch,
    agreement,
    exchange,
    fixed,
    grant_uu,
    hours,
)

BCB = "bcb registrar"


def refuse(world: Exchange, code: str, use: Any, **changes: Any) -> Any:
    """A recognition refused, with other values in its body."""
    kind, body, *signers = use
    return world.refused(code, kind, replace(body, **changes), *signers)


def test_t27_stage_5_senders() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a2", [batch[0]], "2/1")
    world.agree("a2", agreement("um uom", "bcb", hours(), sign_by=world.time + 60))
    refuse(world, "E_SCOPE", use)
    world.set_party("uu", "suspended")
    refuse(world, "E_AGREEMENT_NOT_ACTIVE", use, agreement=("a1", 1))
    world.set_party("uu", "withdrawn")
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))


@pytest.mark.parametrize(("listed", "code"), [((), "E_SCOPE"), (("uu",), None)])
def test_t27_stage_5_self_pairs_only_if_listed(listed: tuple[str, ...], code: str | None) -> None:
    world, batch = exchange()
    rule = fixed(target="nl-ects")
    proposed = agreement("bcb uu", "bcb uu", rule, self_pairs=listed, sign_by=world.time + 60)
    world.agree("own", proposed)
    world.enrol("n2", "uu", world.award("uu", framework="nl-ects", total_hours="2128/1"))
    use = world.use("r1", "n2", "own", [batch[0]], "3/1", rule="fixed", signers=("uu registrar",))
    if code is None:
        world.do(*use)
    else:
        refuse(world, code, use)


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        (Scope(programmes=("uu-other",)), "E_SCOPE"),
        (Scope(categories=("vocational_skill",)), "E_CATEGORY_SCOPE"),
        (Scope(levels=(1, 5)), "E_LEVEL_SCOPE"),
        (Scope(levels=(7, 8)), "E_LEVEL_SCOPE"),
        (Scope(audiences=("public",)), "E_SCOPE"),
        (Scope(programmes=("uu-ds",), categories=("degree_bridging",), levels=(6, 6)), None),
        (Scope(audiences=("enrolled", "public")), None),
    ],
)
def test_t27_stage_5_scope(scope: Scope, code: str | None) -> None:
    world, batch = scoped(scope)
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    if code is None:
        world.do(*use)
    else:
        refuse(world, code, use)


def scoped(scope: Scope, **changes: Any) -> tuple[Exchange, IssuedBatch]:
    """uu's programme for enrolled students, under an agreement of this scope."""
    world = Exchange()
    world.at("2026-03-02")
    grant_uu(world)
    programme = world.offer(terms(audience=("enrolled",), **changes))
    world.offer(terms("uu-other"))
    world.enrol("n1", "bcb", world.award())
    world.agree("a1", agreement("uu", "bcb", hours(), scope=scope))
    world.at("2026-04-01")
    return world, world.issue(programme)


@pytest.mark.parametrize(
    ("named", "code"), [(Scope(), "E_CATEGORY_SCOPE"), (Scope(categories=("interest",)), None)]
)
def test_t27_stage_5_interest_programmes_must_be_named(named: Scope, code: str | None) -> None:
    world, batch = scoped(named, category="interest")
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    if code is None:
        world.do(*use)
    else:
        refuse(world, code, use)


def test_t27_stage_5_noncredit() -> None:
    world, batch = scoped(Scope(), track="noncredit", credits="0/1")
    refuse(world, "E_NONCREDIT", world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t27_stage_5_frameworks_of_item_and_award() -> None:
    world, batch = exchange()
    more = {"sign_by": world.time + 60}
    world.agree("wide", agreement("uu", "bcb", hours("ects"), **more))
    world.agree("unlike", agreement("uu", "bcb", fixed(source="mqf"), **more))
    world.agree("target", agreement("uu", "bcb", fixed(target="mqf"), **more))
    fix = {"rule": "fixed"}
    refuse(world, "E_SCOPE", world.use("r1", "n1", "unlike", [batch[0]], "3/1", **fix))
    refuse(world, "E_SCOPE", world.use("r1", "n1", "target", [batch[0]], "3/1", **fix))
    world.do(*world.use("r1", "n1", "wide", [batch[0]], "2/1"))


def test_t27_stage_5_a_narrower_rule_refuses_the_wider_framework() -> None:
    world, batch = scoped(Scope(), framework=("ects", 1))
    refuse(world, "E_SCOPE", world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def endorsed_at_home() -> tuple[Exchange, IssuedBatch]:
    """A provider's programme, endorsed by hnrail, with a Chinese title, and home agreement ``a1`` to bcb."""
    world = Exchange()
    world.at("2026-03-02")
    changes: Any = {"framework": ("cn-mc", 1), "total_hours": "120/1", "practice_hours": "36/1", "level": 2}
    changes |= {
        "projects_all": 10,
        "projects_enterprise": 4,
        "profile": ("cn", 1),
        "title": {"zh": "铁道信号"},
    }
    programme = terms("crrc-rs", "crrc-eval", **changes)
    world.launch(programme, ("hnrail", "endorse"))
    world.offer(programme, launch=False)
    world.enrol("n1", "bcb", world.award())
    world.agree("a1", agreement("crrc-eval", "bcb", hours("cn-mc", pins="40/1 40/1")))
    world.at("2026-04-01")
    return world, world.issue(programme)


def test_t27_stage_5_a_university_stands_behind_it() -> None:
    world, batch = endorsed_at_home()
    known = world.get(PROGRAMMES, "crrc-rs", 1)
    world.view.put(PROGRAMMES, replace(known, approvals=()), "crrc-rs", 1)
    refuse(world, "E_NOT_ENDORSED", world.use("r1", "n1", "a1", [batch[0]], "3/1"))


def test_t27_stage_5_a_university_that_did_not_sign_stands_behind_nothing() -> None:
    world = Exchange()
    world.at("2026-03-02")
    cisco = key_of("cisco-my", "issuance").key_id
    world.view.put(KEYS, replace(world.get(KEYS, cisco), purposes=("agreements", "issuance")), cisco)
    changes: Any = {"framework": ("mqf", 1), "total_hours": "120/1", "issuers": ("um", "cisco-my")}
    programme = world.offer(terms("um-ne", "um", **changes))
    world.enrol("n1", "um", world.award("um", "128/1", "mqf", total_hours="5120/1"))
    proposed = agreement("cisco-my um", "um", fixed(source="mqf", target="mqf"), self_pairs=("um",))
    world.propose("a1", proposed, by="um")
    world.do("agreement_sign", world.sign_body("a1", proposed), "um agreements")
    world.do("agreement_sign", world.sign_body("a1", proposed), "cisco-my issuance")
    world.at("2026-04-01")
    alone = world.issue(programme, 12, "alone", "cisco-my issuance", status_list="cisco")
    both = world.issue(programme, 12, "both", "um issuance", "cisco-my issuance")
    by_um: Any = {"rule": "fixed", "signers": ("um registrar",)}
    refuse(world, "E_NOT_ENDORSED", world.use("r1", "n1", "a1", [alone[0]], "3/1", **by_um))
    world.do(*world.use("r1", "n1", "a1", [both[0]], "3/1", **by_um))


def test_t27_stage_6_nothing_of_this_at_home() -> None:
    world, batch = endorsed_at_home()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "3/1", consent=None))


def test_t27_stage_6_trusted_across_the_border() -> None:
    world, batch = exchange(trust_registries=("TEQSA",))
    refuse(world, "E_NOT_TRUSTED_CROSS_BORDER", world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t27_stage_6_grant_at_issuance_not_now() -> None:
    world, batch = exchange()
    world.at("2030-03-01")  # the grant ran to 2030-02-28
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    later = world.issue_more("2030-03-05", "2030-03-05")
    refuse(world, "E_NOT_TRUSTED_CROSS_BORDER", world.use("r2", "n1", "a1", [later[0]], "2/1"))


def test_t27_stage_6_english_title() -> None:
    world, batch = scoped(Scope(), title={"nl": "Datawetenschap"})
    refuse(world, "E_LANG_MISSING", world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t27_stage_6_consent_once() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    refuse(world, "E_CONSENT_MISSING", use, consent=None)
    world.do(*use)
    used = use[1].consent
    assert used is not None
    assert world.get(CONSENTS, used).by == uid("r1")
    refuse(world, "E_DUPLICATE", world.use("r2", "n1", "a1", [batch[1]], "2/1"), consent=used)


@pytest.mark.parametrize(
    ("policy", "day", "code"),
    [
        ({}, "2027-01-01", None),
        ({"on_programme_withdrawal": "refuse"}, "2026-05-01", "E_PROGRAMME_WITHDRAWN"),
        ({"on_programme_withdrawal": "honour_days", "honour_days": 10}, "2026-05-11", None),
        (
            {"on_programme_withdrawal": "honour_days", "honour_days": 10},
            "2026-05-12",
            "E_PROGRAMME_WITHDRAWN",
        ),
    ],
)
def test_t27_stage_7_programme_withdrawn_since(policy: dict[str, Any], day: str, code: str | None) -> None:
    world, batch = exchange(**policy)
    world.do(*world.use("r0", "n1", "a1", [batch[1]], "2/1"))
    world.at("2026-05-01")
    change_programme_status(world.context(), "uu-ds", "withdrawn")
    world.at(day)
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    if code is None:
        world.do(*use)
    else:
        refuse(world, code, use)
