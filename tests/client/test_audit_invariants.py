"""Every invariant notices rows that break it, and honest logs break none (test_audit_forgeries)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from accord_client.audit.invariants.privacy import text_fields
from accord_client.audit.invariants.rows import Rows
from accord_client.audit.invariants.watch import Watch
from accord_client.audit.report import Finding
from accord_ledger import calendar, rational
from accord_ledger.blockreader import BlockReader
from accord_ledger.domain.kind import Body, TransactionKind, kinds
from accord_ledger.domain.model.account import ACCOUNT_PAGES, ENROLMENTS, RECOGNITIONS, AccountPage
from accord_ledger.domain.model.agreement import (
    AGREEMENT_MEMBERS,
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    DEPARTURES,
    Departure,
    Members,
    Notice,
    RuleSetRef,
)
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
from accord_ledger.domain.model.parameters import PARAMETERS, ParameterHead, Parameters
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES, StatusChange
from accord_ledger.domain.model.rule_set import RULE_SETS, SET_RULES, RuleSet, StoredRule
from accord_ledger.fields import LanguageMap, RationalText
from accord_ledger.replay import Replay
from accord_ledger.replayedstate import ReplayedState
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

    def after(self, *writes: Write, further: int = 1, days: int = 0) -> list[Finding]:
        """What the invariants say about a block that left these rows, so many heights and days on."""
        state = ReplayedState(self.replay.state)
        height, time = self.replay.version.height + further, self.replay.version.time + days * calendar.DAY
        rows = Rows(height, time, len(self.world.log), (), state)
        for table, value, parts in writes:
            key = table.key(*parts)
            state.values[key] = value
            rows.written.setdefault(table.prefix[:-1], []).append((key[len(table.prefix) :], value))
        return [found for one in self.watch._all for found in one.check(rows)]

    def codes(self, *writes: Write, **when: int) -> set[str]:
        return {found.code for found in self.after(*writes, **when)}


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
        (ACCOUNT_PAGES, AccountPage(recognitions=(*R1, *R2)), (*N1, 0)),
        (ENROLMENTS, account, N1),
        (CREDENTIALS, Credential(spends=kept), where),
    ]


def test_i1_a_credential_spent_twice(honest: Watched) -> None:
    assert honest.codes(*_doubled(honest)) == {"I1"}


@pytest.mark.parametrize(
    ("exclusivity", "receiver", "broken"),
    [("alliance", "suny", True), ("receiver", "bcb", True), ("receiver", "suny", False)],
)
def test_i1_two_receivers_share_a_credential_only_where_both_agreements_let_them(
    honest: Watched, exclusivity: str, receiver: str, broken: bool
) -> None:
    where = honest.get(RECOGNITIONS, *R1).agreement
    terms = replace(honest.get(AGREEMENT_TERMS, *where), exclusivity=exclusivity)
    found = honest.codes(*_doubled(honest, receiver=receiver), (AGREEMENT_TERMS, terms, where))
    assert ("I1" in found) == broken


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


def test_i2_an_account_that_lists_other_recognitions(honest: Watched) -> None:
    account = honest.get(ENROLMENTS, *N1)
    twice = (replace(account.agreements[0], live=2),)
    assert honest.codes((ENROLMENTS, replace(account, agreements=twice), N1)) == {"I2"}
    assert honest.codes((ENROLMENTS, replace(account, agreements=()), N1)) == {"I2"}
    assert honest.codes((ACCOUNT_PAGES, AccountPage(recognitions=R2), (*N1, 0))) == {"I2"}
    assert honest.codes((ACCOUNT_PAGES, None, (*N1, 0))) == {"I2"}


@pytest.mark.parametrize(
    ("exact", "awarded"), [("21/10", "5/2"), ("21/10", "3/2"), ("21/10", "21/10"), ("4/1", "4/1")]
)
def test_i3_an_amount_that_is_not_the_exact_one_rounded_down(
    honest: Watched, exact: str, awarded: str
) -> None:
    dropped = rational.format(abs(Fraction(exact) - Fraction(awarded)))
    row = replace(honest.get(RECOGNITIONS, *R1), exact=exact, awarded=awarded, dropped=dropped)
    account = replace(honest.get(ENROLMENTS, *N1), recognised=awarded)
    assert honest.codes((RECOGNITIONS, row, R1), (ENROLMENTS, account, N1)) == {"I3"}


def test_i3_what_was_dropped_and_what_items_are_worth(honest: Watched) -> None:
    row = honest.get(RECOGNITIONS, *R1)
    assert honest.codes((RECOGNITIONS, replace(row, dropped="0/1"), R1)) == {"I3"}
    items = (replace(row.items[0], credits="2/1"),)
    assert honest.codes((RECOGNITIONS, replace(row, items=items), R1)) == {"I3"}


def test_i3_reads_rules_in_rule_sets(honest: Watched) -> None:
    terms = honest.get(AGREEMENT_TERMS, "a1", 1)
    named = RuleSetRef(rule_set=uid("s1"), hash=b"\x01" * 32)
    row, other = honest.get(RECOGNITIONS, *R1), replace(terms.rules[0], rule_id="other", source_pin="30/1")
    away = (AGREEMENT_TERMS, replace(terms, rules=(), rule_sets=(named,)), ("a1", 1))
    assert honest.codes(away, (RECOGNITIONS, row, R1)) == {"I3"}
    same = (SET_RULES, StoredRule(rule=terms.rules[0]), (uid("s1"), "hours"))
    assert honest.codes(away, same, (RECOGNITIONS, row, R1)) == set()
    assert honest.codes(away, (SET_RULES, StoredRule(rule=other), same[2]), (RECOGNITIONS, row, R1)) == {"I3"}


def test_i4_an_account_above_its_cap(honest: Watched) -> None:
    """The award has 76 credits, and bcb, who runs the account, caps it at half."""
    sender = replace(honest.get(PROGRAMMES, "uu-ds", 1).terms, credits="60/1")
    rich = (PROGRAMMES, replace(honest.get(PROGRAMMES, "uu-ds", 1), terms=sender), ("uu-ds", 1))
    item = replace(honest.get(RECOGNITIONS, *R1).items[0], credits="60/1")
    amounts = {"exact": "42/1", "awarded": "42/1", "dropped": "0/1", "items": (item,)}
    row = replace(honest.get(RECOGNITIONS, *R1), **amounts)
    account = (ENROLMENTS, replace(honest.get(ENROLMENTS, *N1), recognised="42/1"), N1)
    assert honest.codes(rich, (RECOGNITIONS, row, R1), account) == set()  # a cap binds whoever enters
    new = replace(row, height=honest.replay.version.height + 1)
    assert honest.codes(rich, (RECOGNITIONS, new, R1), account) == {"I4"}


def test_i5_a_batch_of_a_programme_that_was_not_active(honest: Watched) -> None:
    height = honest.replay.version.height + 1
    batch = replace(honest.get(BATCHES, honest.batch.batch_id), issued_height=height)
    assert honest.codes((BATCHES, batch, (uid("b2"),))) == set()
    never = replace(batch, programme=("never", 1))
    assert honest.codes((BATCHES, never, (uid("b3"),))) == {"I5"}
    assert honest.codes((BATCHES, replace(never, late=True), (uid("b4"),))) == {"I5"}
    assert honest.codes((BATCHES, replace(never, replaces=uid("b2")), (uid("b5"),))) == set()


def test_i5_a_late_batch_in_time_and_after(honest: Watched) -> None:
    batch = honest.get(BATCHES, honest.batch.batch_id)
    day = calendar.date_at(honest.replay.version.time)
    retired = _then(honest, "retired", since=calendar.midnight(calendar.add_days(day, -30)))
    late = replace(batch, issued_height=honest.replay.version.height + 2, late=True)
    in_time: Write = (BATCHES, replace(late, completed_to="2026-03-01"), (uid("b2"),))
    assert honest.codes(retired) == set()
    assert honest.codes(in_time, further=2) == set()
    assert honest.codes((BATCHES, replace(late, completed_to=day.isoformat()), (uid("b3"),)), further=2) == {
        "I5"
    }
    assert honest.codes(in_time, further=2, days=200) == {"I5"}


def _then(honest: Watched, *statuses: str, since: int | None = None) -> Write:
    head = honest.get(PROGRAMME_HEADS, "uu-ds")
    time = honest.replay.version.time if since is None else since
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


CN_TO_NL: dict[str, Any] = {"source": "cn-mc", "target": "nl-ects"}


def test_i6_a_cycle_through_a_rule_set(honest: Watched) -> None:
    rule = fixed("3/2", **CN_TO_NL)
    named = RuleSetRef(rule_set=uid("s1"), hash=b"\x01" * 32)
    (_, terms, ref), *rest = _agreed(honest, "b1", "bcb", "uu", "1/2", **CN_TO_NL)
    rule_set = RuleSet(author="uu", hash=named.hash, at=0, rule_ids=("fixed",))
    writes: list[Write] = [
        (AGREEMENT_TERMS, replace(terms, rules=(), rule_sets=(named,)), ref),
        (RULE_SETS, rule_set, (uid("s1"),)),
        (SET_RULES, StoredRule(rule=rule), (uid("s1"), "fixed")),
    ]
    assert honest.codes(*writes, *rest) == {"I6"}


def test_i6_a_cycle_that_a_newcomer_closes(honest: Watched) -> None:
    back = _agreed(honest, "b1", "hnrail", "uu", "3/2", **CN_TO_NL)
    assert honest.codes(*back) == set()
    joined: Write = (AGREEMENT_MEMBERS, Members(receivers=("hnrail",)), ("a1", 1))
    terms: Write = (AGREEMENT_TERMS, back[0][1], back[0][2])
    assert honest.codes(joined, terms) == {"I6"}


def _gone(honest: Watched, **changes: Any) -> Write:
    notice = Notice(party="uu", at=0, height=1, effective="2026-04-01")
    left = Departure(notice=notice, version=1, run_off_until=0, status="ended")
    return DEPARTURES, replace(left, **changes), ("a1", "uu")


def test_i6_who_left_for_good_is_off_the_graph(honest: Watched) -> None:
    back = _agreed(honest, "b1", "bcb", "uu", "3/2", **CN_TO_NL)
    assert honest.codes(_gone(honest), *back) == set()
    assert Watched().codes(_gone(honest, status="run_off"), *back) == {"I6"}
    assert Watched().codes(_gone(honest, status="terminating", version=2, over=1), *back) == set()
    assert Watched().codes(_gone(honest, version=0), *back) == {"I6"}


def test_i6_says_nothing_once_the_alliance_only_warned(honest: Watched) -> None:
    back = _agreed(honest, "b1", "bcb", "uu", "3/2", **CN_TO_NL)
    height = honest.replay.version.height + 1
    warns = Parameters(cycle_policy="warn")
    just_set: Write = (PARAMETERS, ParameterHead(newest=warns, since=height, before=Parameters()), ())
    assert honest.codes(just_set, *back) == {"I6"}
    before: Write = (PARAMETERS, ParameterHead(newest=warns, since=height - 1), ())
    later = Watched()
    assert later.codes(before, *back) == set()
    assert "only warned" in later.watch.cycles.gave_up


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
