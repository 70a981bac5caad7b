"""T27 recognise, stages 1 to 4: accounts, agreements and what is presented (DOMAIN.md 2.5)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.credentials import credential_of, put_credential
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody
from accord_ledger.domain.model.credential import Credential
from accord_ledger.transaction import Draft
from domain_alliance import key_of, uid
from domain_world import NETWORK
from exchange_world import (
    Exchange,
    agreement,
    attest,
    exchange,
    holder_key,
    hours,
)

BCB = "bcb registrar"


def refuse(world: Exchange, code: str, use: Any, **changes: Any) -> Any:
    """A recognition refused, with other values in its body."""
    kind, body, *signers = use
    return world.refused(code, kind, replace(body, **changes), *signers)


def test_t27_grants_by_hours_and_records_what_was_dropped() -> None:
    world, batch = exchange()
    before = world.execution.weight
    receipt = world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    assert world.execution.weight - before == 20 + 16 + 12
    assert receipt.result == {"exact": "21/10", "awarded": "2/1", "dropped": "1/10"}
    kept = world.recognition("r1")
    assert (kept.exact, kept.awarded, kept.dropped) == ("21/10", "2/1", "1/10")
    assert (kept.receiver, kept.status, kept.items[0].credits) == ("bcb", "live", "3/1")
    assert kept.items[0].holder == holder_key(batch.batch_id, 0).key_id
    assert world.account("n1").recognised == "2/1"
    spends = credential_of(world.view, batch.batch_id, 0).spends
    assert [(spend.recognition, spend.receiver) for spend in spends] == [(uid("r1"), "bcb")]


def test_t27_items_are_summed_before_the_one_rounding() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[index] for index in range(5)], "21/2"))
    assert world.recognition("r1").exact == "21/2"


def test_t27_signatures() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    world.refused("E_SIG_MISSING", *use[:2], "bcb agreements", *use[3:])
    world.refused("E_HOLDER_SIG", *use[:3])
    stranger = holder_key(batch.batch_id, 1)
    world.refused("E_SIG_INVALID", *use[:3], stranger)


def test_t27_holder_may_sign_the_body_days_before() -> None:
    world, batch = exchange()
    kind, body, *_ = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    draft = Draft(
        network=NETWORK, kind=kind, author="bcb", body=replace(body, sign_by=world.time + 60),
        expires=world.time + 600, nonce=b"n" * 16,
    )  # fmt: skip
    draft.sign(key_of("bcb", "registrar")).sign(holder_key(batch.batch_id, 0), "body")
    world.add(draft.entry())
    assert world.recognition("r1").status == "live"


def test_t27_cosigners_sign_with_registrar() -> None:
    world, batch = exchange(rules=(hours(cosigners=("bcb", "crrc-eval")),))
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    world.refused("E_SIG_MISSING", *use, detail="crrc-eval registrar")
    world.do(*use, "crrc-eval registrar")


def test_t27_a_suspended_receiver_cannot_recognise() -> None:
    world, batch = exchange()
    world.set_party("bcb", "suspended")
    world.refused("E_PARTY_STATUS", *world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t27_stage_1_the_same_credential_twice() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a1", [batch[0], batch[0]], "4/1")
    refuse(world, "E_BUNDLE_DUPLICATE", use)
    refuse(world, "E_BUNDLE_DUPLICATE", use, enrolment=uid("unknown"))


def test_t27_stage_1_values_and_ids() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    refuse(world, "E_NUMBER", use, claimed_credits="2")
    refuse(world, "E_NUMBER", use, claimed_credits="2", enrolment=uid("unknown"))
    refuse(world, "E_VALUE", use, targets=("C1", "C1"))
    refuse(world, "E_VALUE", use, attestations=attest([batch[0], batch[1]]))
    world.do(*use)
    refuse(world, "E_DUPLICATE", world.use("r1", "n1", "a1", [batch[1]], "2/1"), consent=b"c" * 32)


def test_t27_stage_2_enrolment() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    refuse(world, "E_UNKNOWN_REF", use, enrolment=uid("n2"))
    world.refused("E_UNKNOWN_REF", *use[:2], "hnrail registrar", *use[3:])
    world.do("enrolment_close", EnrolmentCloseBody(enrolment=uid("n1")), BCB)
    refuse(world, "E_STATE", use, agreement=("unknown", 1))


def test_t27_stage_3_agreement_with_this_receiver_and_rule() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    refuse(world, "E_NO_AGREEMENT", use, agreement=("a2", 1))
    refuse(world, "E_NO_AGREEMENT", use, agreement=("a1", 2))
    refuse(world, "E_NO_AGREEMENT", use, rule="other")
    world.agree("a2", agreement("uu", "hnrail", hours(), sign_by=world.time + 60))
    refuse(world, "E_NO_AGREEMENT", use, agreement=("a2", 1), items=(replace(batch[0], index=9),))


def test_t27_stage_3_agreement_not_active_yet() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a2", [batch[0]], "2/1")
    draft = agreement("uu", "bcb", hours(), sign_by=world.time + 60, valid_from="2026-05-01")
    world.propose("a2", draft)
    refuse(world, "E_AGREEMENT_NOT_ACTIVE", use)
    for party in ("bcb", "uu"):
        world.do("agreement_sign", world.sign_body("a2", draft), f"{party} agreements")
    refuse(world, "E_AGREEMENT_NOT_ACTIVE", use)
    world.propose("a3", draft)
    world.at("2026-05-01")
    refuse(world, "E_AGREEMENT_NOT_ACTIVE", use, agreement=("a3", 1))
    world.do(*use)


def test_t27_stage_3_notice_cut_off_run_off_and_end() -> None:
    world, batch = exchange()
    world.at("2026-07-01")
    world.do(
        "agreement_terminate", TerminateBody(agreement_id="a1", effective_date="2026-12-28"), "uu agreements"
    )
    world.at("2026-08-03")
    later = world.issue_more("2026-08-31", "2026-09-01")
    world.do(*world.use("r1", "n1", "a1", [later[0]], "2/1"))  # during notice everything works
    world.at("2027-02-01")
    world.do(*world.use("r2", "n1", "a1", [batch[2]], "2/1"))
    refuse(world, "E_AGREEMENT_ENDED", world.use("r3", "n1", "a1", [later[1]], "2/1"))
    refuse(world, "E_AGREEMENT_ENDED", world.use("r3", "n1", "a1", [batch[3], later[1]], "4/1"))
    world.at("2027-12-28")
    refuse(world, "E_AGREEMENT_ENDED", world.use("r4", "n1", "a1", [batch[3]], "2/1"))


def test_t27_stage_3_expiry_cuts_off_at_valid_to() -> None:
    world, batch = exchange(valid_to="2026-08-31", run_off_days=30)
    later = world.issue_more("2026-08-30", "2026-09-01")
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    refuse(world, "E_AGREEMENT_ENDED", world.use("r2", "n1", "a1", [later[0]], "2/1"))
    world.at("2026-10-01")
    refuse(world, "E_AGREEMENT_ENDED", world.use("r2", "n1", "a1", [batch[1]], "2/1"))


def test_t27_stage_4_batch_and_path() -> None:
    world, batch = exchange()
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    refuse(world, "E_UNKNOWN_REF", use, items=(replace(batch[0], batch_id=uid("nothing")),))
    flipped = (bytes([batch[0].path[0][0] ^ 1]) + batch[0].path[0][1:], *batch[0].path[1:])
    for broken in (
        replace(batch[0], index=1),
        replace(batch[0], documents=b"\x01" * 32),
        replace(batch[0], salt_k=b"\x01" * 32),
        replace(batch[0], path=flipped),
        replace(batch[0], path=()),
        replace(batch[0], index=12),
    ):
        refuse(world, "E_PROOF", use, items=(broken,))


def test_t27_stage_4_another_key_opens_nothing() -> None:
    world, batch = exchange()
    thief = holder_key(batch.batch_id, 1)
    kind, body, signer, _ = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    stolen = replace(body, items=(replace(batch[0], holder_key=thief.public),))
    world.refused("E_PROOF", kind, stolen, signer, thief)


@pytest.mark.parametrize(("action", "code"), [("suspend", "E_SUSPENDED"), ("revoke", "E_REVOKED")])
def test_t27_stage_4_status(action: str, code: str) -> None:
    world, batch = exchange()
    effect = "review" if action == "revoke" else None
    world.do("credential_status", world.status(batch, action, (0, 1), effect=effect), "uu registrar")
    refuse(world, code, world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    put_credential(world.context(), batch.batch_id, 0, Credential(erased_at=world.time))
    refuse(world, "E_ERASED", world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(*world.use("r1", "n1", "a1", [batch[1]], "2/1"))


def test_t27_stage_4_expiry() -> None:
    world, _ = exchange()
    programme = world.terms_of("uu-ds")
    short = world.issue(programme, 12, "short", valid_until="2026-04-10")
    world.at("2026-04-10")
    world.do(*world.use("r1", "n1", "a1", [short[0]], "2/1"))
    world.at("2026-04-11")
    refuse(world, "E_CREDENTIAL_EXPIRED", world.use("r2", "n1", "a1", [short[1]], "2/1"))


def test_t27_stage_4_spent_once_in_the_alliance() -> None:
    world, batch = exchange()
    world.enrol_at_hnrail()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    refuse(world, "E_ALREADY_REDEEMED", world.use("r2", "n1", "a1", [batch[0]], "2/1"))
    refuse(world, "E_ALREADY_REDEEMED", world.use_at_hnrail("r2", [batch[0]]))
    world.do(*world.use_at_hnrail("r2", [batch[1]]))
    refuse(world, "E_ALREADY_REDEEMED", world.use("r3", "n1", "a1", [batch[1]], "2/1"))


def test_t27_stage_4_receiver_exclusivity_twice_at_different_receivers() -> None:
    world, batch = exchange(exclusivity="receiver")
    world.enrol_at_hnrail()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    refuse(world, "E_ALREADY_REDEEMED", world.use("r2", "n1", "a1", [batch[0]], "2/1"))
    world.do(*world.use_at_hnrail("r2", [batch[0]]))
    refuse(world, "E_ALREADY_REDEEMED", world.use_at_hnrail("r3", [batch[0]]))


def test_t27_stage_4_a_part_of_an_award() -> None:
    world, batch = exchange()
    put_credential(world.context(), batch.batch_id, 0, Credential(stacked_into=uid("award batch")))
    refuse(world, "E_LINEAGE_SPENT", world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t27_of_two_spends_in_one_block_one_enters() -> None:
    world, batch = exchange()
    world.enrol_at_hnrail()
    first = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    second = world.use_at_hnrail("r2", [batch[0]])
    world.do(*second)
    world.refused("E_ALREADY_REDEEMED", *first)
