"""Attacks on the use of credentials, and what refuses them (DOMAIN.md 4)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from accord_ledger.domain.model.agreement import Caps
from accord_ledger.domain.model.programme import ProgrammeTerms
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, exchange, fixed, holder_key
from use_world import admission, admit_from_uu, benefit, claim, shown

FIXED: Any = {"rule": "fixed"}


def one_to_one(**agreed: Any) -> tuple[Exchange, IssuedBatch]:
    """3 EC give 3 credits; the award has 76 and bcb caps it at half."""
    return exchange(rules=(fixed(),), **agreed)


def test_splitting_to_gain_by_rounding() -> None:
    """Agreement A2 (reference step 11): four times 15/16 is nothing, 15/4 is 3."""
    world = Exchange()
    world.at("2026-03-09")
    points: Any = {"framework": ("uom", 1), "credits": "25/8", "total_hours": "30/1", "level": 5}
    offered = [world.offer(terms(f"uom-d{number}", "uom", **points)) for number in range(1, 5)]
    award = world.award("suny", "12/1", "us-sch", total_hours="540/1")
    world.enrol("n7", "suny", award)
    world.agree("a2", agreement("uom", "suny", fixed("3/10", "uom", "us-sch")))
    world.at("2026-04-01")
    items = []
    for place, programme in enumerate(offered):
        items.append(world.issue(programme, 12, status_start=12 * place, completed_from="2026-03-09")[0])
    by: Any = {"signers": ("suny registrar",), **FIXED}
    for place, item in enumerate(items):
        world.refused("E_ZERO_CREDIT", *world.use(f"r{place}", "n7", "a2", [item], "0/1", **by))
    world.do(*world.use("r", "n7", "a2", items, "3/1", **by))
    assert world.recognition("r").dropped == "3/4"


def test_cap_trick_with_two_agreements() -> None:
    """Award 76, caps 1/2 and 3/10: 22 under the first, then +1 under the second is over 45/2."""
    world, batch = one_to_one(caps=Caps(per_award="1/2"))
    more = {"sign_by": world.time + 60, "caps": Caps(per_award="3/10")}
    world.agree("a2", agreement("uu", "bcb", fixed("1/3"), **more))
    world.agree("a3", agreement("uu", "bcb", fixed("1/6"), **more))
    world.agree("a4", agreement("uu", "bcb", fixed("1/3"), sign_by=world.time + 60))
    world.do(*world.use("r1", "n1", "a1", [batch[index] for index in range(7)], "21/1", **FIXED))
    world.do(*world.use("r2", "n1", "a4", [batch[7]], "1/1", **FIXED))
    assert world.account("n1").recognised == "22/1"
    refused = world.refused("E_CAP_AWARD", *world.use("r3", "n1", "a2", [batch[8]], "1/1", **FIXED))
    assert refused.detail == "expected at most 45/2 credits, got 22 + 1"
    world.do(*world.use("r3", "n1", "a3", [batch[8]], "1/2", **FIXED))
    # From now on the second agreement binds the account, under whichever agreement one asks.
    world.refused("E_CAP_AWARD", *world.use("r4", "n1", "a1", [batch[9]], "3/1", **FIXED))
    world.reverse("r3", "bcb registrar")
    world.do(*world.use("r4", "n1", "a1", [batch[9]], "3/1", **FIXED))


def test_second_school_through_a_laxer_agreement() -> None:
    """``alliance`` and then ``receiver`` is refused; ``receiver`` twice is for two schools only."""
    world, batch = one_to_one()
    world.enrol_at_hnrail()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "3/1", **FIXED))
    world.refused("E_ALREADY_REDEEMED", *world.use_at_hnrail("r2", [batch[0]]))
    world.reverse("r1", "bcb registrar")
    world.do(*world.use_at_hnrail("r3", [batch[0]]))
    world.refused("E_ALREADY_REDEEMED", *world.use("r4", "n1", "a1", [batch[0]], "3/1", **FIXED))


def test_a_school_cannot_burn_a_learners_credential() -> None:
    world, batch = one_to_one()
    kind, body, registrar, _ = world.use("r1", "n1", "a1", [batch[0]], "3/1", **FIXED)
    world.refused("E_HOLDER_SIG", kind, body, registrar)
    other = holder_key(batch.batch_id, 1)
    mine = replace(body, items=(replace(batch[0], holder_key=other.public),))
    world.refused("E_PROOF", kind, mine, registrar, other)


def test_a_signature_of_the_holder_is_for_this_record_alone() -> None:
    world, batch = one_to_one()
    world.enrol("n2", "bcb", world.terms_of("bjou-award"))
    kind, body, registrar, holder = world.use("r1", "n1", "a1", [batch[0]], "3/1", **FIXED)
    signed = replace(body, sign_by=world.time + 60)
    moved = replace(signed, enrolment=uid("n2"))
    good = world.entry(kind, signed, registrar, holder)
    forged = world.entry(kind, moved, registrar)
    world.refuses("E_HOLDER_SIG", forged)
    world.add(good)


def consents() -> tuple[Exchange, IssuedBatch]:
    """Every use that carries a consent, from uu to bcb; kettle pays for ``uu-ds``."""
    enter = admission("nl-ects", "cn-mc", countable=("standalone",))
    world, batch = exchange(rules=(fixed(), shown(), enter))
    world.do("benefit_rule", benefit(), "kettle")
    return world, batch


def test_a_consent_serves_one_use_of_any_kind() -> None:
    world, batch = consents()
    one, two = b"\x01" * 32, b"\x02" * 32
    world.do(*world.use("e1", "n1", "a1", [batch[0]], "0/1", rule="shown", consent=one))
    world.do(*claim(batch, 1, consent=two))
    for used in (one, two):
        item = [batch[2]]
        world.refused("E_DUPLICATE", *world.use("r1", "n1", "a1", item, "3/1", consent=used, **FIXED))
        world.refused("E_DUPLICATE", *world.use("e2", "n1", "a1", item, "0/1", rule="shown", consent=used))
        world.refused("E_DUPLICATE", *admit_from_uu(world, "a1", item, "3/1", consent=used))
        world.refused("E_DUPLICATE", *claim(batch, 2, consent=used))


def test_m7_one_of_two_issuers_is_a_sender() -> None:
    """A co-issued item is trusted by the grant of any issuer that signed, whoever of them is the sender."""
    world = Exchange()
    world.at("2026-03-02")
    both: ProgrammeTerms = terms(
        "um-ne", "um", framework=("mqf", 1), total_hours="120/1", issuers=("um", "cisco-my"), threshold=2
    )
    programme = world.offer(both)
    world.enrol("n2", "bcb", world.award())
    world.agree("a3", agreement("um", "bcb", fixed(source="mqf")))
    world.at("2026-04-01")
    kind, body = "credential_issue", world.issue_body(programme, IssuedBatch.make("alone", 12))
    world.refused("E_SIG_MISSING", kind, body, "cisco-my issuance", detail="um issuance")
    batch = world.issue(programme, 12, "both", "um issuance", "cisco-my issuance")
    world.do(*world.use("r1", "n2", "a3", [batch[0]], "3/1", **FIXED))
