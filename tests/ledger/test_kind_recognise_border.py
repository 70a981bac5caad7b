"""T27 recognise, stage 6 in full: grants, titles and consents across a border (row E6; reference step 21)."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.kinds.accreditation import AccreditationGrant, AccreditationWithdraw
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, exchange, fixed, hours

FIXED: Any = {"rule": "fixed"}


def grant(world: Exchange, name: str, **changes: Any) -> None:
    """nvao accredits uu, party-wide and across borders, 2026-03-01 to 2030-02-28."""
    values: dict[str, Any] = {
        "grant_id": uid(f"grant {name}"), "agency": "nvao", "party": "uu", "scope": "party",
        "registry": "EQAR", "cross_border": True, "valid_from": "2026-03-01", "valid_to": "2030-02-28",
    }  # fmt: skip
    world.do("accreditation_grant", AccreditationGrant(**values | changes), "nvao quality")


def granted(**changes: Any) -> tuple[Exchange, IssuedBatch]:
    """As ``exchange()``, with this grant and no other."""
    world = Exchange()
    world.at("2026-03-02")
    programme = world.offer(terms())
    grant(world, "uu", **changes)
    world.enrol("n1", "bcb", world.award())
    world.agree("a1", agreement("uu", "bcb", hours()))
    world.at("2026-04-01")
    return world, world.issue(programme)


@pytest.mark.parametrize(
    ("changes", "trusted"),
    [
        ({}, True),
        ({"scope": "programmes", "programmes": ("uu-ds",)}, True),
        ({"valid_to": "2026-04-01"}, True),
        ({"valid_to": "2026-03-31"}, False),
        ({"valid_from": "2026-04-02"}, False),
        ({"cross_border": False}, False),
    ],
)
def test_e6_a_grant_in_force_at_issuance(changes: dict[str, Any], trusted: bool) -> None:
    world, batch = granted(**changes)
    world.at("2026-04-05")
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    if trusted:
        world.do(*use)
    else:
        world.refused("E_NOT_TRUSTED_CROSS_BORDER", *use)


def test_e6_a_grant_on_another_programme() -> None:
    world, batch = granted(valid_from="2026-04-02")
    world.at("2026-04-03")
    world.offer(terms("uu-other"), end="2026-04-03")
    other: Any = {"scope": "programmes", "programmes": ("uu-other",), "valid_from": "2026-04-01"}
    grant(world, "other", **other)
    world.refused("E_NOT_TRUSTED_CROSS_BORDER", *world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_e6_a_withdrawal_acts_forward_only() -> None:
    world, batch = exchange()
    end = AccreditationWithdraw(grant_id=uid("grant uu"))
    world.do("accreditation_withdraw", end, "nvao quality")
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    later = world.issue_more("2026-04-05", "2026-04-05")
    world.refused("E_NOT_TRUSTED_CROSS_BORDER", *world.use("r2", "n1", "a1", [later[0]], "2/1"))


def test_e6_reference_step_21() -> None:
    """crrc-eval's grant has ``cross_border`` false: refused at um, recognised at home."""
    world = Exchange()
    world.at("2026-03-09")
    changes: Any = {"framework": ("cn-mc", 1), "credits": "2/1", "total_hours": "80/1", "level": 2}
    programme = terms("crrc-rs2", "crrc-eval", profile=("cn", 1), practice_hours="24/1", **changes)
    world.launch(programme, ("hnrail", "endorse"))
    world.offer(programme, launch=False)
    world.enrol("n9", "um", world.award("um", "128/1", "mqf", total_hours="5120/1"))
    world.enrol("n5", "hnrail", world.award("hnrail", "140/1", "cn-hvc", total_hours="2240/1"))
    pins = hours("cn-mc", "mqf", "40/1 40/1")
    world.agree("a7", agreement("crrc-eval", "um", pins, trust_registries=("CN-TI", "MQA")))
    world.agree("a4", agreement("crrc-eval", "hnrail", fixed("1/1", "cn-mc", "cn-hvc"), trust_registries=()))
    world.at("2026-04-20")
    batch = world.issue(programme, 12, completed_from="2026-03-09")
    abroad = world.use("r1", "n9", "a7", [batch[0]], "2/1", signers=("um registrar",))
    world.refused("E_NOT_TRUSTED_CROSS_BORDER", *abroad)
    at_home: Any = {"signers": ("hnrail registrar",), "consent": None, **FIXED}
    world.do(*world.use("r2", "n5", "a4", [batch[0]], "2/1", **at_home))


def test_t27_trust_before_title_before_consent() -> None:
    world, batch = granted(cross_border=False)
    world.refused("E_NOT_TRUSTED_CROSS_BORDER", *world.use("r1", "n1", "a1", [batch[0]], "2/1", consent=None))
