"""Builders: their requests are what the ledger accepts, signed by exactly those they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from accord_client import builders as make
from accord_client.builders import Author, Request
from accord_ledger.credential import documents_root
from accord_ledger.domain.kinds.interop import Subject
from accord_ledger.domain.model.account import REVIEWS
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.execute import Receipt
from accord_ledger.keys import SigningKey
from agreement_world import terms_of
from award_world import award_batch, awards
from domain_alliance import TWO_THIRDS, key_of, uid
from domain_world import NETWORK, World
from exchange_world import agreement, document, exchange, fixed, holder_key
from quality_world import annual, cn_terms, metrics

HASH = b"\x05" * 32
OTHERS = tuple(name.split()[0] for name in TWO_THIRDS[1:])
"""Validators beside bcb."""


@dataclass
class Keys:
    """The alliance's keys, as a keyring gives them."""

    def signer(self, party: str, purpose: str) -> SigningKey:
        return key_of(party, purpose)


def ask(world: World, request: Request, *holders: SigningKey) -> Receipt:
    """Sign with the keys the request names and submit."""
    author = Author(NETWORK, Keys(), now=lambda: world.time)
    return world.add(author.entry(request, holders=holders))


def test_parties_and_the_alliance() -> None:
    world = World().at("2026-03-02")
    ask(world, make.change_party_status("moe-cn", "bjou", "suspended", "other", "2026-03-02"))
    ask(world, make.change_party_status("bcb", "bjou", "active", "remedied", "2026-03-02", OTHERS))
    ask(world, make.set_policy("bcb", Parameters(version=2, award_cap="1/2"), OTHERS))
    levels = [(5, 1), (6, 2)]
    validators = [(name, "governance") for name in ("bcb", *OTHERS)]
    ask(world, make.map_levels("bcb", ("nl-ects", 1), ("cn-mc", 1), levels, validators))
    ask(world, make.enter_registry("moe-cn", "cn-qa", "EQAR", ("2026-03-01", "2030-12-31")))
    ask(world, make.leave_registry("moe-cn", "cn-qa", "EQAR", "2026-03-02"))
    ask(world, make.withdraw_accreditation("cn-qa", uid("grant crrc-eval")))
    ask(world, make.activate_version("bcb", 2, (*OTHERS, "um")))


def test_quality_years_of_a_programme() -> None:
    world = annual("ecom-ls")
    ask(world, make.translate_title("ecom-co", ("ecom-ls", 1), "zh", "直播电商"))
    world.at("2027-01-15")
    ask(world, make.report_quality("ecom-co", "cn-qa", "ecom-ls", 2026, metrics()))
    ask(world, make.file_feedback("cn-emp", "ecom-ls", "2026-Q4", 60, 100, HASH))
    ask(world, make.close_quality_year("cn-qa", "ecom-ls", 2026))
    closed = world.closed("ecom-ls", 2026)
    assert closed is not None
    assert (closed.result, closed.closed_by) == ("pass", "cn-qa")
    world.at("2028-02-01")
    ask(world, make.close_quality_year("bcb", "ecom-ls", 2027, "governance"))


def test_hours_that_add_up() -> None:
    world = World().at("2026-03-02")
    world.launch(cn_terms("rail", "crrc-eval"), ("hnrail", "endorse"))
    ask(world, make.open_hours("crrc-eval", uid("h1"), "rail", "2026-03-02"))
    world.at("2026-04-01")
    ask(world, make.log_hours("crrc-eval", uid("h1"), (2400, 720), HASH, "2026-04-01"))
    ask(world, make.complete_hours("crrc-eval", "cn-qa", uid("h1"), ("rail", 1)))


def test_agreements_that_change() -> None:
    world, _ = exchange()
    amended = replace(terms_of(world, "a1"), sign_by=world.time + 60, notice_days=90)
    ask(world, make.amend_agreement("uu", "a1", 1, amended))
    for party in ("uu", "bcb"):
        ask(world, make.sign_agreement(party, ("a1", 2), amended))
    ask(world, make.join_agreement("hnrail", ("a1", 2), receives=True, members=("bcb", "uu")))
    ask(world, make.refuse_recognition("hnrail", ("a1", 2), "hours", "content"))
    ask(world, make.leave_agreement("hnrail", "a1", "2026-12-31"))
    ask(world, make.terminate_agreement("uu", "a1", "2026-12-31"))


def test_an_agreement_on_a_rule_set() -> None:
    world, _ = exchange()
    rules = [fixed(source="mqf", target="nl-ects")]
    ask(world, make.define_rule_set("um", uid("set"), rules))
    named = make.rule_set_ref(uid("set"), rules)
    terms = agreement("um", "uu", rule_sets=(named,), sign_by=world.time + 60)
    ask(world, make.propose_agreement("um", "in", terms))
    for party in ("um", "uu"):
        ask(world, make.sign_agreement(party, ("in", 1), terms))


def test_a_recognition_with_what_was_checked() -> None:
    """The grade stands in the second of two documents."""
    world, batch = exchange()
    graded = replace(terms_of(world, "a1").rules[0], requires_grade="7/10")
    asks = replace(terms_of(world, "a1"), rules=(graded,), sign_by=world.time + 60)
    ask(world, make.amend_agreement("uu", "a1", 1, asks))
    for party in ("uu", "bcb"):
        ask(world, make.sign_agreement(party, ("a1", 2), asks))
    item, documents = batch[0], [document(batch.batch_id, 0)]
    assert documents_root(documents) == item.documents
    request = make.recognise(
        "bcb", recognition=uid("r1"), enrolment=uid("n1"), agreement=("a1", 2), rule="hours", items=[item],
        claimed="2/1", attestations=[make.attest(0, "grade", documents, 0)], consent=HASH,
    )  # fmt: skip
    receipt = ask(world, request, holder_key(batch.batch_id, 0))
    assert receipt.result["awarded"] == "2/1"
    path = make.attest(0, "grade", [HASH, *documents], 1).path
    assert path == make.attest(0, "match", [HASH, b"\x06" * 32], 1).path


def test_uses_that_spend_nothing_and_an_erasure() -> None:
    world, batch = exchange()
    holder, item = holder_key(batch.batch_id, 0), batch[0]
    ask(world, make.define_benefit("kettle", uid("w1"), ["uu-ds"], "wage", (60000, "USD"), "wage-usd"))
    ask(world, make.claim_benefit("kettle", uid("w1"), item, consent=HASH), holder)
    ask(world, make.publish_elsewhere("uu", "chsi", Subject(batch_id=batch.batch_id, index=0), HASH))
    ask(world, make.erase_credential("uu", (batch.batch_id, 0), "holder_request", item=item), holder)
    court = make.erase_credential("uu", (batch.batch_id, 1), "court", authority=("bcb", *OTHERS))
    assert court.signers == (("uu", "registrar"), *((name, "governance") for name in ("bcb", *OTHERS)))
    ask(world, court)
    ask(world, make.anchor_audit("aud-1", 1, HASH, HASH, "clean"))


def test_an_award_and_its_reviews() -> None:
    desk = awards()
    world, own = desk.world, desk.own
    desk.take_in("r1", desk.foreign[0])
    holders = (holder_key(own.batch_id, 0), holder_key(own.batch_id, 1))
    places: dict[str, Any] = {"status_list": "awards", "status_start": 1}
    batch = award_batch("c1")
    ask(world, make.stack_award("uu", uid("e1"), batch, [own[0], own[1]], **places), *holders)
    assert world.get(AWARDS, batch.batch_id).redeemable == "6/1"
    ask(world, make.change_status("um", desk.foreign.batch_id, [(0, 1)], "revoke", "review"))
    ask(world, make.decide_review("uu", "recognition", uid("r1"), "uphold"))
    assert world.get(REVIEWS, uid("r1")).status == "upheld"
    ask(world, make.change_status("uu", own.batch_id, [(0, 1)], "revoke", "reverse"))
    again = make.decide_review(
        "uu", "award", batch.batch_id, "restack", components=[own[1], own[2]],
        committees=["academic_committee"],
    )  # fmt: skip
    ask(world, again, holders[1], holder_key(own.batch_id, 2))
    assert world.get(AWARDS, batch.batch_id).status == "conferred"
