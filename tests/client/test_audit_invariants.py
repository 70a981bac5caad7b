"""Every invariant notices rows that break it, and honest logs break none (test_audit_forgeries)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from accord_client.audit.invariants.privacy import text_fields
from accord_client.audit.invariants.rows import Rows
from accord_client.audit.invariants.watch import Watch
from accord_client.audit.report import Finding
from accord_ledger.blockreader import BlockReader
from accord_ledger.domain.kind import Body, TransactionKind, kinds
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS, AGREEMENT_VERSIONS, AGREEMENTS
from accord_ledger.domain.model.credential import (
    BATCHES,
    CREDENTIALS,
    STANDING_PAGES,
    Credential,
    Spend,
    Standing,
    StandingPage,
    StandingSpan,
)
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, StatusChange
from accord_ledger.fields import LanguageMap, RationalText
from accord_ledger.replay import Replay, ReplayedState
from accord_ledger.state import Part, Table
from audit_world import Forger, forged
from domain_alliance import uid
from exchange_world import IssuedBatch, agreement, fixed

Write = tuple[Table[Any], Any, tuple[Part, ...]]


class Watched:
    """An honest log with one recognition (``r1``: 3 EC, 2 credits in ``n1``), watched to its end."""

    def __init__(self) -> None:
        self.world, self.batch = self._log()
        self.watch = Watch()
        self.replay = Replay(self.world.network, self.world.genesis.version())
        for block in self.replay.feed(self.world.log, BlockReader()):
            assert block.findings == ()
            assert list(self.watch.observe(block, self.replay.state)) == []

    @staticmethod
    def _log() -> tuple[Forger, IssuedBatch]:
        world, batch = forged()
        world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
        world.close()
        return world, batch

    def get(self, table: Table[Any], *parts: Part) -> Any:
        """A row after the last block."""
        return self.replay.state.load(table, table.key(*parts))

    def after(self, *writes: Write) -> list[Finding]:
        """What the invariants say about a block that left these rows."""
        state = ReplayedState(self.replay.state)
        height = self.replay.version.height + 1
        rows = Rows(height, self.replay.version.time, len(self.world.log), (), state)
        for table, value, parts in writes:
            key = table.key(*parts)
            state.values[key] = value
            rows.written.setdefault(table.prefix[:-1], []).append((key[len(table.prefix) :], value))
        return [found for one in self.watch._all for found in one.check(rows)]

    def codes(self, *writes: Write) -> set[str]:
        return {found.code for found in self.after(*writes)}


@pytest.fixture
def honest() -> Watched:
    return Watched()


N1, R1, R2 = (uid("n1"),), (uid("r1"),), (uid("r2"),)


def _doubled(honest: Watched, **changes: Any) -> list[Write]:
    """A second recognition ``r2`` like ``r1``, entered into the account as it should be."""
    again = replace(honest.get(RECOGNITIONS, *R1), height=honest.replay.version.height + 1, **changes)
    account = replace(
        honest.get(ENROLMENTS, *N1),
        recognised="4/1",
        agreements=(replace(honest.get(ENROLMENTS, *N1).agreements[0], live=2),),
    )
    item = again.items[0]
    spends = tuple(Spend(recognition=name, receiver="bcb", exclusivity="alliance") for (name,) in (R1, R2))
    kept = spends if item.index == 0 else spends[1:]
    where = (honest.batch.batch_id, item.index)
    return [
        (RECOGNITIONS, again, R2),
        (ENROLMENTS, account, N1),
        (CREDENTIALS, Credential(spends=kept), where),
    ]


def test_i1_a_credential_spent_twice(honest: Watched) -> None:
    assert honest.codes(*_doubled(honest)) == {"I1"}


def test_i1_a_spend_nobody_noted(honest: Watched) -> None:
    assert honest.codes((CREDENTIALS, None, (honest.batch.batch_id, 0))) == {"I1"}


def test_i2_an_account_that_holds_more_than_its_recognitions(honest: Watched) -> None:
    account = honest.get(ENROLMENTS, *N1)
    assert honest.codes((ENROLMENTS, replace(account, recognised="3/1"), N1)) == {"I2"}
    assert honest.codes((ENROLMENTS, replace(account, courses={"C1": "1/1"}), N1)) == {"I2"}
    assert honest.codes((ENROLMENTS, account, N1)) == set()


def test_i2_a_reversal_that_left_its_credits(honest: Watched) -> None:
    gone = replace(honest.get(RECOGNITIONS, *R1), status="reversed")
    free: Write = (CREDENTIALS, None, (honest.batch.batch_id, 0))
    assert honest.codes((RECOGNITIONS, gone, R1), free) == {"I2"}


@pytest.mark.parametrize(
    ("exact", "awarded"), [("21/10", "5/2"), ("21/10", "3/2"), ("21/10", "21/10"), ("4/1", "4/1")]
)
def test_i3_an_amount_that_is_not_the_exact_one_rounded_down(
    honest: Watched, exact: str, awarded: str
) -> None:
    row = replace(honest.get(RECOGNITIONS, *R1), exact=exact, awarded=awarded)
    account = replace(honest.get(ENROLMENTS, *N1), recognised=awarded)
    assert honest.codes((RECOGNITIONS, row, R1), (ENROLMENTS, account, N1)) == {"I3"}


def test_i4_an_account_above_its_award(honest: Watched) -> None:
    row = replace(honest.get(RECOGNITIONS, *R1), awarded="77/1", exact="77/1")
    account = replace(honest.get(ENROLMENTS, *N1), recognised="77/1")
    assert honest.codes((RECOGNITIONS, row, R1), (ENROLMENTS, account, N1)) == {"I3", "I4"}


def test_i5_a_batch_of_a_programme_that_was_not_active(honest: Watched) -> None:
    height = honest.replay.version.height + 1
    batch = replace(honest.get(BATCHES, honest.batch.batch_id), issued_height=height)
    assert honest.codes((BATCHES, batch, (uid("b2"),))) == set()
    never = replace(batch, programme=("never", 1))
    assert honest.codes((BATCHES, never, (uid("b3"),))) == {"I5"}
    assert honest.codes((BATCHES, replace(never, late=True), (uid("b4"),))) == {"I5"}
    assert honest.codes((BATCHES, replace(never, replaces=uid("b2")), (uid("b5"),))) == set()


def _then(honest: Watched, *statuses: str) -> Write:
    head = honest.get(PROGRAMME_HEADS, "uu-ds")
    time = honest.replay.version.time
    more = tuple(StatusChange(status=status, since=time) for status in statuses)  # type: ignore[arg-type]
    return PROGRAMME_HEADS, replace(head, history=(*head.history, *more), status=statuses[-1]), ("uu-ds",)


def test_i7_a_withdrawn_programme_that_came_back(honest: Watched) -> None:
    assert honest.codes(_then(honest, "suspended", "active")) == set()
    assert Watched().codes(_then(honest, "withdrawn", "active")) == {"I7"}
    later = Watched()
    assert later.codes(_then(honest, "withdrawn")) == set()
    assert later.codes(_then(honest, "withdrawn", "active")) == {"I7"}


def test_i8_a_live_use_of_a_credential_revoked_with_reverse(honest: Watched) -> None:
    def page(index: int, effect: Any) -> Write:
        standing = Standing(status="revoked", effect=effect)
        spans = (StandingSpan(start=index, end=index + 1, standing=standing),)
        return STANDING_PAGES, StandingPage(spans=spans), (honest.batch.batch_id, 0)

    assert honest.codes(page(0, "review")) == set()
    assert honest.codes(page(1, "reverse")) == set()
    assert honest.codes(page(0, "reverse")) == {"I8"}


def test_i9_more_consumed_than_the_batch_holds(honest: Watched) -> None:
    item = replace(honest.get(RECOGNITIONS, *R1).items[0], index=1)
    batch = honest.get(BATCHES, honest.batch.batch_id)
    where = (honest.batch.batch_id,)
    assert honest.codes(*_doubled(honest, items=(item,)), (BATCHES, batch, where)) == set()
    small = Watched()
    assert small.codes(*_doubled(small, items=(item,)), (BATCHES, replace(batch, count=1), where)) == {"I9"}


def _agreed(honest: Watched, name: str, senders: str, receivers: str, ratio: str, **rule: Any) -> list[Write]:
    terms = agreement(senders, receivers, fixed(ratio, **rule))
    version = honest.get(AGREEMENT_VERSIONS, "a1", 1)
    return [
        (AGREEMENT_TERMS, terms, (name, 1)),
        (AGREEMENT_VERSIONS, version, (name, 1)),
        (AGREEMENTS, honest.get(AGREEMENTS, "a1"), (name,)),
    ]


def test_i6_a_cycle_that_inflates(honest: Watched) -> None:
    """``a1`` takes 3 EC of 28 hours to 21/10 credits of 40: back by 10/7 is even, by 3/2 it inflates."""
    back = {"source": "cn-mc", "target": "nl-ects"}
    assert honest.codes(*_agreed(honest, "b1", "bcb", "uu", "10/7", **back)) == set()
    assert Watched().codes(*_agreed(honest, "b2", "bcb", "uu", "3/2", **back)) == {"I6"}


def test_i6_a_graph_too_large_to_search_is_said(honest: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_client.audit.invariants.cycles.MAX_STEPS", 1)
    back = {"source": "cn-mc", "target": "nl-ects"}
    assert honest.codes(*_agreed(honest, "b1", "bcb", "uu", "3/2", **back)) == set()
    assert "too large" in honest.watch.cycles.gave_up


class Named(Body):
    """What must never be: a record about a person with a name in it."""

    person: LanguageMap | None = None
    notes: tuple[tuple[int, str], ...] = ()
    amount: RationalText = "0/1"
    anything: msgspec.Raw = msgspec.Raw(b"")


class NamedKind(TransactionKind[Named, None]):
    name = "person_named"
    body = Named


def test_i12_text_fields_are_found_wherever_they_are() -> None:
    assert text_fields(NamedKind()) == [
        ("body.person{}", False),
        ("body.notes[][]", False),
        ("body.amount", True),
        ("body.anything", False),
    ]


def test_i12_no_kind_about_persons_has_one() -> None:
    found = {
        name: [path for path, number in text_fields(kind) if not number] for name, kind in kinds().items()
    }
    assert {name: paths for name, paths in found.items() if paths} == {}
    assert text_fields(kinds()["recognise"]) == [("body.claimed_credits", True)]
