"""Q-R1: a dry run says what the ledger then says, and leaves no trace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger import codec
from accord_ledger.domain.pipeline import prepare
from accord_ledger.domain.questions.dry_run import Bench, Verdict, Wanted, judge
from accord_ledger.errors import Rejection
from accord_ledger.execute import Receipt
from accord_ledger.state import MemorySource
from award_world import awards
from domain_world import World
from exchange_world import Exchange, IssuedBatch, exchange, holder_key
from quality_world import annual
from use_world import admit_from_uu, benefit, claim


def bench(world: World) -> Bench:
    """The next record of the open block."""
    return Bench(network=world.execution.network, height=world.version.height, time=world.time)


def state(world: World) -> MemorySource:
    changed = world.execution._view.changes()
    return MemorySource({key: value for key, value in (world.values | changed).items() if value is not None})


def never(tx_id: bytes, expires: int) -> bool:
    return False


def tried(
    world: World, kind: str, body: Any, *signers: Any, others: tuple[str, ...] = ()
) -> tuple[Verdict, Verdict]:
    """Verdicts about the signed record, and about its body before anyone signed."""
    entry = world.entry(kind, body, *signers)
    record = prepare(entry).record
    source = state(world)
    before = dict(source.values)
    signed = judge(bench(world), source, Wanted(entry=entry), never)
    wanted = Wanted(kind=kind, author=record.tx.author, body=codec.encode(body), others=others)
    unsigned = judge(bench(world), source, wanted, never)
    assert source.values == before
    return signed, unsigned


def submitted(world: World, kind: str, body: Any, *signers: Any) -> Receipt | Rejection:
    try:
        return world.do(kind, body, *signers)
    except Rejection as rejection:
        return rejection


def agree(verdict: Verdict, outcome: Receipt | Rejection) -> bool:
    """The dry run said what happened."""
    if isinstance(outcome, Rejection):
        said = (verdict.ok, verdict.code, verdict.path, verdict.detail)
        return said == (False, outcome.code, outcome.path, outcome.detail)
    return verdict.ok and verdict.result == outcome.result and verdict.warnings == outcome.warnings


def test_over_the_cap_says_by_how_much() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", batch_items(batch, 0, 12), "25/1"))
    more = world.issue(world.terms_of("uu-ds"), 12, "more", status_start=500)
    signed, unsigned = tried(world, *world.use("r2", "n1", "a1", batch_items(more, 0, 7), "29/2"))
    assert (signed.code, signed.path) == ("E_CAP_AWARD", "caps.award")
    assert (signed.have, signed.asked, signed.cap) == ("25/1", "29/2", "38/1")
    assert (unsigned.code, unsigned.cap) == ("E_CAP_AWARD", "38/1")
    assert tried(world, *world.use("r3", "n1", "a1", batch_items(more, 0, 6), "25/2"))[0].awarded == "25/2"


def batch_items(batch: IssuedBatch, first: int, count: int) -> list[Any]:
    return [batch[index] for index in range(first, first + count)]


def test_a_wrong_claim_is_told_the_right_amount() -> None:
    world, batch = exchange()
    signed, _ = tried(world, *world.use("r1", "n1", "a1", [batch[0]], "21/10"))
    assert (signed.code, signed.exact, signed.awarded, signed.asked) == ("E_AMOUNT", "21/10", "2/1", "21/10")


def test_nothing_the_trial_wrote_stays() -> None:
    world, batch = exchange()
    act = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    assert [verdict.ok for verdict in tried(world, *act)] == [True, True]
    assert [verdict.ok for verdict in tried(world, *act)] == [True, True]


def test_a_missing_signature_is_missed_only_where_one_was_asked_for() -> None:
    world, batch = exchange()
    signed, unsigned = tried(world, *world.use("r1", "n1", "a1", [batch[0]], "2/1", holders=()))
    assert (signed.code, unsigned.ok) == ("E_HOLDER_SIG", True)


def test_a_body_that_nobody_may_sign_is_refused_as_such() -> None:
    world, batch = exchange()
    _, unsigned = tried(world, *world.use("r1", "n1", "a1", [batch[0]], "2/1", signers=("cn-emp",)))
    assert unsigned.code == "E_SIG_MISSING"
    world.set_party("bcb", "suspended")
    _, unsigned = tried(world, *world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    assert unsigned.code == "E_PARTY_STATUS"


def test_an_agency_signs_where_it_is_named() -> None:
    world = annual("ecom-ls")
    world.at("2027-01-15")
    body, signers = world.report_body("ecom-ls", 2026), ("ecom-co quality", "cn-qa quality")
    assert tried(world, "quality_report", body, *signers, others=("cn-qa",))[1].ok
    assert tried(world, "quality_report", body, *signers)[1].code == "E_SIG_MISSING"


def test_other_kinds_are_tried_too() -> None:
    world, batch = exchange()
    assert tried(world, "benefit_rule", benefit(), "kettle")[1].ok
    world.do("benefit_rule", benefit(), "kettle")
    assert tried(world, *claim(batch))[1].ok
    desk = awards()
    act = desk.stack("c1", desk.own[0], desk.own[1])
    assert [verdict.ok for verdict in tried(desk.world, *act)] == [True, True]
    short = desk.stack("c2", desk.own[0])
    assert [verdict.code for verdict in tried(desk.world, *short)] == ["E_STACK_SHORT"] * 2
    assert tried(world, *admit_from_uu(world, "a", [batch[0]], "3/1"))[1].code == "E_NO_AGREEMENT"


def test_what_falls_due_first_is_worked_off() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", batch_items(batch, 0, 12), "25/1"))
    more = world.issue(world.terms_of("uu-ds"), 12, "more", status_start=500)
    world.do(*world.use("r2", "n1", "a1", batch_items(more, 0, 6), "25/2"))
    world.revoke(batch, 0, "review")  # at its deadline all of r1 is reversed, and there is room again
    later = world.time + 61 * 86_400
    entry = world.entry(*world.use("r3", "n1", "a1", batch_items(more, 6, 2), "4/1"), expires=later + 600)
    then = Bench(network=world.execution.network, height=world.version.height, time=later)
    assert judge(then, state(world), Wanted(entry=entry), never).ok
    before = Bench(
        network=world.execution.network, height=world.version.height, time=later - 2 * 86_400 + 3_600
    )
    early = world.entry(
        *world.use("r3", "n1", "a1", batch_items(more, 6, 2), "4/1"), expires=before.time + 600
    )
    assert judge(before, state(world), Wanted(entry=early), never).code == "E_CAP_AWARD"


@pytest.fixture(scope="module")
def ready() -> tuple[Exchange, IssuedBatch]:
    """An exchange with some credentials spent, revoked and suspended, and a second account."""
    world, batch = exchange()
    world.enrol_at_hnrail()
    world.do(*world.use("spent", "n1", "a1", [batch[0]], "2/1"))
    world.revoke(batch, 1, "review")
    world.do("credential_status", world.status(batch, "suspend", (2, 3)), "uu registrar")
    world.close()
    world.open(world.version.time + 60)
    return world, batch


@given(
    indexes=st.lists(st.integers(0, 11), min_size=1, max_size=3),
    where=st.sampled_from(
        [("n1", "a1", "hours", "bcb registrar"), ("n3", "a2", "fixed", "hnrail registrar")]
    ),
    account=st.sampled_from(["", "n1", "n3", "nowhere"]),
    claimed=st.sampled_from(["2/1", "3/1", "4/1", "6/1", "9/1", "21/10"]),
    more=st.fixed_dictionaries(
        {},
        optional={
            "consent": st.none(),
            "targets": st.sampled_from([("C1",), ("C2",), ("C9",)]),
            "agreement": st.sampled_from([("a1", 2), ("a9", 1)]),
            "rule": st.just("other"),
        },
    ),
)
@settings(max_examples=60, deadline=None)
def test_dry_run_and_submission_agree(
    ready: tuple[Exchange, IssuedBatch], indexes: list[int], where: tuple[str, ...], account: str, claimed: str,
    more: dict[str, Any],
) -> None:  # fmt: skip
    world, batch = ready
    own, agreed, rule, signer = where
    items = [batch[index] for index in indexes]
    holders = tuple({key.key_id: key for key in (holder_key(batch.batch_id, i) for i in indexes)}.values())
    act = world.use(
        "tried",
        account or own,
        agreed,
        items,
        claimed,
        **{"rule": rule} | more,
        signers=(signer,),
        holders=holders,
    )
    signed, unsigned = tried(world, *act)
    world.open(world.time)  # another block on the same parent: whatever was done in the last one is dropped
    outcome = submitted(world, *act)
    world.open(world.time)
    assert agree(signed, outcome)
    assert agree(unsigned, outcome)
