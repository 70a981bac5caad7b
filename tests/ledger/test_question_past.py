"""Questions about the past: accounts, agreements and credentials as they stood, read from the newest state."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.kinds.accreditation import AccreditationWithdraw
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.erasure import ErasureBody
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.questions.reading import QuestionError
from agreement_world import amend
from domain_alliance import key_of, uid
from exchange_world import Exchange, exchange, grant_uu, holder_key
from questions_world import Asker
from use_world import benefit, claim


def test_an_account_with_its_sources_then_and_now() -> None:
    world, batch = exchange()
    ask = Asker(world)
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.at("2026-04-10")
    world.do(*world.use("r2", "n1", "a1", [batch[1], batch[2]], "4/1"))
    world.at("2026-04-20")
    world.reverse("r1", "bcb registrar")
    now = ask("account", enrolment=uid("n1").hex())
    assert (now.total, now.recognised, now.cap_left) == ("76/1", "4/1", "34/1")
    by_id = {row.recognition: row for row in now.entries}
    first, second = by_id[uid("r1")], by_id[uid("r2")]
    assert (first.status, first.reason, first.exact, first.awarded) == ("reversed", "error", "21/10", "2/1")
    assert (second.status, second.items) == ("live", ((batch.batch_id, 1), (batch.batch_id, 2)))
    assert second.tx == ask.log.records[1][0].record.tx_id
    then = ask("account", enrolment=uid("n1").hex(), at="2026-04-15")
    assert (then.recognised, [row.status for row in then.entries]) == ("6/1", ["live", "live"])
    assert then.cap_left is None
    assert ask.reading.notes
    earlier = ask("account", enrolment=uid("n1").hex(), at="2026-04-06")
    assert (earlier.recognised, len(earlier.entries)) == ("2/1", 1)
    with pytest.raises(QuestionError):
        ask("account", enrolment=uid("n1").hex(), at="2026-03-01")


def test_a_recognition_under_review_says_so() -> None:
    world, batch = exchange()
    ask = Asker(world)
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.at("2026-04-10")
    world.revoke(batch, 0, "review")
    assert [row.status for row in ask("account", enrolment=uid("n1").hex()).entries] == ["in_review"]
    [review] = ask("reviews", receiver="bcb")
    assert (review.recognition, review.award, review.effect, review.due) == (
        uid("r1"),
        None,
        "review",
        "2026-06-09",
    )
    assert ask("reviews", receiver="hnrail") == []
    assert ask("reviews", at="2026-04-09") == []
    world.at("2026-06-10")
    assert ask("reviews") == []


def test_an_agreement_before_its_notice_and_after() -> None:
    world, _ = exchange()
    ask = Asker(world)
    world.at("2026-07-01")
    body = TerminateBody(agreement_id="a1", effective_date="2026-12-28")
    world.do("agreement_terminate", body, "uu agreements")
    world.at("2027-02-01")
    then = ask("agreement", agreement="a1", at="2026-06-01")
    assert (then.status, then.in_force, then.notice, then.usable_until) == (
        "active",
        True,
        None,
        "2031-01-01",
    )
    assert {one.party for one in then.signatures} == {"uu", "bcb"}
    noticed = ask("agreement", agreement="a1", at="2026-08-01")
    assert (noticed.status, noticed.in_force, noticed.usable_until) == ("terminating", True, "2026-12-28")
    now = ask("agreement", agreement="a1")
    assert (now.status, now.in_force) == ("run_off", False)


def test_the_terms_of_then_not_of_now() -> None:
    world, _ = exchange()
    ask = Asker(world)
    world.at("2026-05-01")
    number = amend(world, notice_days=200)
    assert ask("agreement", agreement="a1").version == number
    assert ask("agreement", agreement="a1").terms.notice_days == 200
    then = ask("agreement", agreement="a1", at="2026-04-30")
    assert (then.version, then.terms.notice_days) == (1, 180)
    with pytest.raises(QuestionError, match="OBJECT_UNKNOWN"):
        ask("agreement", agreement="a1", at="2026-03-01")


def test_half_signed_is_a_draft() -> None:
    world, _ = exchange()
    from exchange_world import agreement, fixed

    terms = agreement("uu", "hnrail", fixed(), sign_by=world.time + 3600)
    world.propose("d1", terms)
    world.do("agreement_sign", world.sign_body("d1", terms), "uu agreements")
    ask = Asker(world)
    found = ask("agreement", agreement="d1")
    assert (found.status, found.in_force, [one.party for one in found.signatures]) == ("draft", False, ["uu"])
    world.at("2026-04-07")
    found = ask("agreement", agreement="d1")
    assert (found.status, found.terms) == ("lapsed", None)
    assert ask.reading.notes == ["the terms of a draft that lapsed are not kept"]


def test_who_had_signed_by_then() -> None:
    from exchange_world import agreement, fixed

    world, _ = exchange()
    terms = agreement("uu", "hnrail", fixed(), sign_by=world.time + 5 * 86_400)
    world.propose("d1", terms)
    world.do("agreement_sign", world.sign_body("d1", terms), "uu agreements")
    world.at("2026-04-07")
    world.do("agreement_sign", world.sign_body("d1", terms), "hnrail agreements")
    ask = Asker(world)
    then, now = ask("agreement", agreement="d1", at="2026-04-06"), ask("agreement", agreement="d1")
    assert ([one.party for one in then.signatures], then.status) == (["uu"], "draft")
    assert ([one.party for one in now.signatures], now.status) == (["hnrail", "uu"], "active")


def test_was_it_accredited_when_it_was_issued() -> None:
    world, batch = exchange()
    ask = Asker(world)
    world.at("2026-06-01")
    world.do("accreditation_withdraw", AccreditationWithdraw(grant_id=uid("grant uu")), "nvao quality")
    world.at("2026-07-01")
    found = ask("credential", batch=batch.batch_id.hex(), index=0)
    assert (found.status, found.accreditation, found.accreditation_at_issue) == (
        "valid",
        None,
        "EQAR/NVAO to 2030",
    )
    then = ask("credential", batch=batch.batch_id.hex(), index=0, at="2026-05-01")
    assert then.accreditation == "EQAR/NVAO to 2030"
    assert (found.title["en"], found.credits, found.level, found.issued_month) == (
        "Data Science for Professionals", "3/1", 6, "2026-04",
    )  # fmt: skip


def test_a_status_of_then_is_not_guessed() -> None:
    world, batch = exchange()
    ask = Asker(world)
    world.at("2026-05-01")
    world.revoke(batch, 3, "review")
    asked: dict[str, Any] = {"batch": batch.batch_id.hex(), "index": 3}
    assert ask("credential", **asked).status == "revoked"
    assert ask("credential", **asked, at="2026-04-10").status == "unknown"
    assert ask.reading.notes
    assert ask("credential", batch=batch.batch_id.hex(), index=4, at="2026-04-10").status == "valid"
    with pytest.raises(QuestionError):
        ask("credential", **asked, at="2026-03-31")


def test_a_stolen_key_shows() -> None:
    world, batch = exchange()
    ask = Asker(world)
    name = key_of("uu", "issuance").key_id
    body = KeyRevoke(key_id=name, compromised_since=world.time - 10 * 86_400)
    world.do("key_revoke", body, "uu registrar", "uu governance")
    asked: dict[str, Any] = {"batch": batch.batch_id.hex(), "index": 0}
    assert ask("credential", **asked).status == "needs_confirmation"
    assert ask("credential", **asked, at="2026-04-02").status == "unknown"
    assert ask("key-acts", key=name.hex()) == []


def test_a_compromise_counts_from_when_it_was_known() -> None:
    world, _ = exchange()
    ask = Asker(world)
    world.at("2026-04-10")
    name = key_of("uu", "issuance").key_id
    body = KeyRevoke(key_id=name, compromised_since=world.time - 10 * 86_400)
    world.do("key_revoke", body, "uu registrar", "uu governance")
    world.at("2026-04-11")
    ask("key-acts", key=name.hex(), at="2026-04-10")
    assert ask.reading.notes == ["the key counts as compromised from the day that is on record now"]
    with pytest.raises(QuestionError, match="QUESTION_VALUE"):
        ask("key-acts", key=name.hex(), at="2026-04-09")


def test_a_grant_counts_from_when_it_was_made() -> None:
    world = Exchange()
    ask = Asker(world)
    world.at("2026-03-02")
    grant_uu(world)  # in force from the day before
    world.at("2026-03-03")
    assert "uu" in {row.party for row in ask("trusted-issuers")}
    assert "uu" not in {row.party for row in ask("trusted-issuers", at="2026-03-01")}
    assert "uu" in {row.party for row in ask("trusted-issuers", at="2026-03-02")}


def test_acts_of_a_key_since_its_compromise() -> None:
    world, _ = exchange()
    ask = Asker(world)
    world.issue(world.terms_of("uu-ds"), 12, "late one", status_start=90)
    name = key_of("uu", "issuance").key_id
    with pytest.raises(QuestionError, match="QUESTION_VALUE"):
        ask("key-acts", key=name.hex())
    [act] = ask("key-acts", key=name.hex(), since=world.time)
    assert (act.kind, act.author) == ("credential_issue", "uu")
    assert ask("key-acts", key=name.hex(), since=world.time + 1) == []


def test_who_used_it_and_is_it_erased() -> None:
    world, batch = exchange()
    ask = Asker(world)
    asked: dict[str, Any] = {"batch": batch.batch_id.hex(), "index": 0}
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do("benefit_rule", benefit(), "kettle")
    world.do(*claim(batch))
    body = ErasureBody(batch_id=batch.batch_id, index=0, basis="holder_request", item=batch[0])
    world.do("erasure_notice", body, "uu registrar", holder_key(batch.batch_id, 0))
    used = ask("usage", **asked)
    assert [(event.kind, event.by) for event in used.events] == [
        ("recognise", "bcb"), ("benefit_claim", "kettle"), ("erasure_notice", "uu"),
    ]  # fmt: skip
    assert used.live == ("bcb",)
    assert ask("usage", batch=batch.batch_id.hex(), index=1).events == ()
    erased = ask("erasure", **asked)
    assert (erased.erased, erased.tx, erased.still_recognised_at) == (True, used.events[-1].tx, ("bcb",))
    assert ask("credential", **asked).erased
    claimed = ask("claim", rule=uid("w1").hex(), **asked)
    assert (claimed.claimed, claimed.tx) == (True, used.events[1].tx)
    assert not ask("claim", rule=uid("w1").hex(), batch=batch.batch_id.hex(), index=1).claimed
    assert not ask("erasure", batch=batch.batch_id.hex(), index=1).erased


def test_who_was_trusted_when() -> None:
    world, _ = exchange()
    ask = Asker(world)
    world.at("2026-06-01")
    world.do("accreditation_withdraw", AccreditationWithdraw(grant_id=uid("grant uu")), "nvao quality")
    world.at("2026-07-01")
    assert {row.party for row in ask("trusted-issuers")} == {"uom", "um", "crrc-eval"}
    assert {row.party for row in ask("trusted-issuers", at="2026-05-01")} == {"uom", "um", "crrc-eval", "uu"}
    [row] = ask("trusted-issuers", country="CN")
    assert (row.party, row.agency, row.agency_listed, row.cross_border) == ("crrc-eval", "cn-qa", True, False)
    assert {row.party for row in ask("trusted-issuers", cross_border=1)} == {"uom", "um"}
    assert [row.party for row in ask("trusted-issuers", registry="MQA")] == ["um"]
    assert ask("trusted-issuers", at="2026-02-28") == []
