"""T28 recognise_reverse: what a recognition changed is taken back exactly (I13)."""

from __future__ import annotations

import pytest

from accord_ledger.domain.accounts import live_recognitions
from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.model.account import ACCOUNT_PAGE, ACCOUNT_PAGES, ENROLMENTS, RECOGNITIONS
from accord_ledger.domain.model.credential import CREDENTIALS, USE_PAGES
from award_world import award_batch, awards
from domain_alliance import uid
from exchange_world import Exchange, IssuedBatch, exchange, fixed, holder_key

REVERSE, BCB = "recognise_reverse", "bcb registrar"


def used(**changes: object) -> tuple[Exchange, IssuedBatch]:
    """R1: credentials 0 and 1 of uu-ds for C1 and C2, 6 credits of class ``prior``, in N1."""
    world, batch = exchange(rules=(fixed(cap_class="prior"),), **changes)
    world.do(*use(world, batch, "r1"))
    return world, batch


def use(world: Exchange, batch: IssuedBatch, name: str):  # type: ignore[no-untyped-def]  # see Exchange.use
    """That recognition."""
    return world.use(name, "n1", "a1", [batch[0], batch[1]], "6/1", rule="fixed", targets=("C1", "C2"))


def test_t28_takes_everything_back() -> None:
    world, batch = used()
    full = world.account("n1")
    before = world.execution.weight
    world.reverse("r1", BCB)
    assert world.execution.weight - before == 10 + 8 + 4 * 2
    kept = world.recognition("r1")
    assert (kept.status, kept.reason, kept.reversed_at) == ("reversed", "error", world.time)
    empty = world.account("n1")
    assert (empty.recognised, empty.courses, empty.by_class, empty.agreements) == ("0/1", {}, {}, ())
    for index in (0, 1):
        assert world.get(CREDENTIALS, batch.batch_id, index) is None
    assert world.get(USE_PAGES, batch.batch_id, 0) is None
    world.do(*use(world, batch, "r2"))
    assert world.account("n1") == full


def test_t28_is_signed_by_the_receivers_registrar_always() -> None:
    world, batch = used()
    body = ReverseBody(recognition=uid("r1"), reason="error")
    holder = holder_key(batch.batch_id, 0)
    world.refused("E_SIG_MISSING", REVERSE, body, "bcb agreements")
    left = ReverseBody(recognition=uid("r1"), reason="holder_left", holders=(holder.public,))
    world.refused("E_SIG_MISSING", REVERSE, left, "bcb agreements", holder)
    world.refused("E_SIG_MISSING", REVERSE, body, "hnrail registrar")
    world.set_party("bcb", "withdrawn")
    world.do(REVERSE, body, BCB)


def test_t28_known_and_live() -> None:
    world, _ = used()
    body = ReverseBody(recognition=uid("r1"), reason="error")
    world.refused("E_UNKNOWN_REF", REVERSE, ReverseBody(recognition=uid("r9"), reason="error"), BCB)
    world.do(REVERSE, body, BCB)
    world.refused("E_STATE", REVERSE, body, BCB)
    world.refused("E_STATE", REVERSE, ReverseBody(recognition=uid("r1"), reason="nonsense"), BCB)


@pytest.mark.parametrize("reason", ["nonsense", "credential_revoked", "review"])
def test_t28_reasons_must_hold(reason: str) -> None:
    world, batch = used()
    body = ReverseBody(recognition=uid("r1"), reason=reason)
    world.refused("E_REASON", REVERSE, body, BCB)
    world.do("credential_status", world.status(batch, "revoke", (1, 2), effect="review"), "uu registrar")
    if reason != "nonsense":
        world.do(REVERSE, body, BCB)


def test_t28_a_holder_that_leaves_signs_for_every_item() -> None:
    world, batch = used()
    keys = [holder_key(batch.batch_id, index) for index in (0, 1)]
    publics = tuple(key.public for key in keys)
    body = ReverseBody(recognition=uid("r1"), reason="holder_left", holders=publics)
    world.refused("E_HOLDER_SIG", REVERSE, body, BCB)
    world.refused("E_HOLDER_SIG", REVERSE, body, BCB, keys[0])
    for shown in ((), publics[:1], publics[::-1]):
        wrong = ReverseBody(recognition=uid("r1"), reason="holder_left", holders=shown)
        signing = [key for key in keys if key.public in shown]
        world.refused("E_HOLDER_SIG", REVERSE, wrong, BCB, *signing)
    world.do(REVERSE, body, BCB, *keys)


def test_t28_reaches_into_closed_accounts() -> None:
    world, _ = used()
    world.do("enrolment_close", EnrolmentCloseBody(enrolment=uid("n1")), BCB)
    world.reverse("r1", BCB)
    assert world.account("n1").recognised == "0/1"


def test_t28_leaves_the_other_receivers_use_alone() -> None:
    world, batch = used(exclusivity="receiver")
    world.enrol_at_hnrail()
    world.do(*world.use_at_hnrail("r2", [batch[0]]))
    world.reverse("r1", BCB)
    row = world.get(CREDENTIALS, batch.batch_id, 0)
    assert [spend.recognition for spend in row.spends] == [uid("r2")]
    assert world.get(USE_PAGES, batch.batch_id, 0).bits == b"\x01"


def test_t28_accounts_are_read_back_from_their_bytes() -> None:
    world, _ = used()
    changes = world.close().changes
    for table, name in ((ENROLMENTS, "n1"), (RECOGNITIONS, "r1")):
        raw = changes[table.key(uid(name))]
        assert raw is not None
        assert table.decode(raw) == world.get(table, uid(name))


def test_t28_not_under_an_unrevoked_award() -> None:
    desk = awards("7/1")
    world = desk.world
    desk.take_in("r1", desk.foreign[0])
    world.do(*desk.stack("c1", desk.own[0]))
    body = ReverseBody(recognition=uid("r1"), reason="error")
    world.refused("E_STATE", REVERSE, body, "uu registrar")
    desk.revoke(desk.own, 0, "reverse")
    world.refused("E_STATE", REVERSE, body, "uu registrar")  # suspended is not revoked
    holder = holder_key(desk.foreign.batch_id, 0)
    left = ReverseBody(recognition=uid("r1"), reason="holder_left", holders=(holder.public,))
    world.refused("E_STATE", REVERSE, left, "uu registrar", holder)
    world.do(*desk.decide("award", "c1", "revoke"))
    world.do(REVERSE, left, "uu registrar", holder)
    assert world.get(RECOGNITIONS, uid("r1")).stacked_into == award_batch("c1").batch_id


def test_t28_an_account_lists_its_live_recognitions() -> None:
    world, batch = exchange()
    for name in ("r0", "r1", "r2"):
        world.do(*world.use(name, "n1", "a1", [batch[int(name[1])]], "2/1"))
    world.reverse("r0", BCB)
    assert world.get(ACCOUNT_PAGES, uid("n1"), 0).recognitions == (uid("r2"), uid("r1"))
    assert [world.recognition(name).place for name in ("r1", "r2")] == [1, 0]
    world.reverse("r1", BCB)
    world.reverse("r2", BCB)
    assert world.get(ACCOUNT_PAGES, uid("n1"), 0) is None


def test_t28_accounts_of_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_ledger.domain.accounts.ACCOUNT_PAGE", 2)
    assert ACCOUNT_PAGE == 64
    world, batch = exchange()
    names = [f"r{number}" for number in range(5)]
    for name in names:
        world.do(*world.use(name, "n1", "a1", [batch[int(name[1])]], "2/1"))
    for gone in ("r1", "r4", "r0"):
        world.reverse(gone, BCB)
        names.remove(gone)
        listed = list(live_recognitions(world.context(), uid("n1"), world.account("n1")))
        assert sorted(listed) == sorted(uid(name) for name in names)
        assert [listed[world.recognition(name).place] for name in names] == [uid(name) for name in names]
