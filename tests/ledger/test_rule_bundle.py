"""T27 by ``bundle``: Melbourne's four items of a series for one subject (row U3, reference steps 9 to 11)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.model.programme import Group, ProgrammeTerms
from accord_ledger.domain.rules import Bundle
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, attest, fixed

UOM = "uom registrar"


def bundle(**changes: Any) -> Bundle:
    """Four of 25/8 points for 25/2, with a grade of 70 %."""
    values: dict[str, Any] = {"rule_id": "bundle", "source": ("uom", 1), "target": ("uom", 1), "count": 4}
    values |= {"item_credits": "25/8", "grant": "25/2", "requires_grade": "7/10"}
    return Bundle(**values | changes)


def item(name: str, kind: str = "series", group: str = "data-analytics", **changes: Any) -> ProgrammeTerms:
    """A programme of Melbourne's."""
    named: Any = kind
    values: dict[str, Any] = {"framework": ("uom", 1), "credits": "25/8", "total_hours": "30/1", "level": 5}
    return terms(name, "uom", group=Group(id=group, kind=named), **values | changes)


def melbourne() -> tuple[Exchange, dict[str, IssuedBatch]]:
    """d1 to d4 of a series, ld1 to ld4 of a suite, x1 of another series, big of another size; N6 at uom."""
    world = Exchange()
    world.at("2026-03-02")
    programmes = [item(f"uom-d{number}") for number in range(1, 5)]
    programmes += [item(f"uom-ld{number}", "suite", "leadership") for number in range(1, 5)]
    programmes += [
        item("uom-x1", group="other"),
        item("uom-big", credits="25/4"),
        replace(item("uom-free"), group=None),
    ]
    offered = [world.offer(programme) for programme in programmes]
    world.enrol("n6", "uom", world.award("uom", "50/1", "uom", total_hours="500/1"))
    world.agree("a5", agreement("uom", "uom", bundle(), self_pairs=("uom",)))
    world.at("2026-04-01")
    batches = {}
    for place, programme in enumerate(offered):
        batches[programme.programme_id] = world.issue(programme, 12, status_start=12 * place)
    return world, batches


def use(world: Exchange, batches: dict[str, IssuedBatch], *names: str, index: int = 0) -> Any:
    """The first credential of each programme, by A5 into N6."""
    items = [batches[f"uom-{name}"][index] for name in names]
    return world.use(
        "r" + "-".join(names),
        "n6",
        "a5",
        items,
        "25/2",
        rule="bundle",
        signers=(UOM,),
        attestations=attest(items),
    )


def test_u3_four_of_the_series_give_one_subject() -> None:
    world, batches = melbourne()
    receipt = world.do(*use(world, batches, "d1", "d2", "d3", "d4"))
    assert receipt.result == {"exact": "25/2", "awarded": "25/2", "dropped": "0/1"}
    assert world.account("n6").recognised == "25/2"
    world.refused("E_ALREADY_REDEEMED", *use(world, batches, "d4", "d3", "d2", "d1"))


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("d1", "d1", "d2", "d3"), "E_BUNDLE_DUPLICATE"),
        (("d1", "d2", "d3"), "E_BUNDLE_INCOMPLETE"),
        (("d1", "d2", "d3", "d4", "x1"), "E_BUNDLE_INCOMPLETE"),
        (("d1", "d2", "d3", "ld1"), "E_BUNDLE_MISMATCH"),
        (("d1", "d2", "d3", "x1"), "E_BUNDLE_MISMATCH"),
        (("free", "d1", "d2", "d3"), "E_BUNDLE_MISMATCH"),
        (("ld1", "ld2", "ld3", "ld4"), "E_BUNDLE_KIND"),
        (("d1", "d2", "d3", "big"), "E_SCOPE"),
    ],
)
def test_u3_what_is_no_bundle(names: tuple[str, ...], code: str) -> None:
    world, batches = melbourne()
    world.refused(code, *use(world, batches, *names))


def test_u3_two_credentials_of_one_programme_and_the_order_of_checks() -> None:
    world, batches = melbourne()
    items = [batches["uom-d1"][0], batches["uom-d1"][1], batches["uom-ld1"][0]]
    kind, body, *signers = world.use("r", "n6", "a5", items, "25/2", rule="bundle", signers=(UOM,))
    world.refused("E_BUNDLE_DUPLICATE", kind, body, *signers)
    refused = world.refused("E_BUNDLE_INCOMPLETE", *use(world, batches, "d1", "d2", "ld1"))
    assert refused.detail == "3/4"
    kind, body, *signers = use(world, batches, "d1", "d2", "d3", "d4")
    world.refused("E_ATTESTATION_MISSING", kind, replace(body, attestations=()), *signers)


def test_u3_a_bundle_is_an_edge_of_the_ratio_graph() -> None:
    world = Exchange()
    world.at("2026-03-02")
    assert bundle().multiplier() == 1
    assert bundle(grant="25/1").multiplier() == Fraction(2)
    out = agreement("uom", "suny", fixed("1/1", "uom", "us-sch"))
    back = agreement("suny", "uom", bundle(source=("us-sch", 1), item_credits="1/1", grant="5/1"))
    world.agree("out", out)
    world.propose("back", back)
    world.do("agreement_sign", world.sign_body("back", back), "suny agreements")
    world.refused("E_CYCLE_INFLATION", "agreement_sign", world.sign_body("back", back), "uom agreements")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"item_credits": "0/1"}, "E_VALUE"),
        ({"requires_grade": "7/5"}, "E_VALUE"),
        ({"grant": "x"}, "E_NUMBER"),
        ({"item_credits": "2/4"}, "E_NUMBER"),
    ],
)
def test_u3_values(changes: dict[str, Any], code: str) -> None:
    world = Exchange()
    proposed = agreement("uom", "suny", bundle(**changes))
    world.refused(code, "agreement_propose", ProposeBody(agreement_id="a", terms=proposed), "uom agreements")
