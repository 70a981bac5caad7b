"""I1, I2, I8 and I9 hold for awards too, whatever is stacked, revoked, reviewed and corrected in what order."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger import calendar, rational
from accord_ledger.domain.accounts import live_recognitions
from accord_ledger.domain.credentials import credential_of, standing_of
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.model.account import RECOGNITIONS
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.replacement import Replacement
from accord_ledger.errors import Rejection
from award_world import Desk, award_batch, awards
from domain_alliance import uid
from exchange_world import IssuedBatch

AWARD_NAMES = ("c1", "c2", "c3", "c4", "c5", "c6")
ACCOUNTS = ("e1", "e2", "e3")
FEW = st.integers(0, 4)
EFFECT = st.sampled_from(["reverse", "review"])
NAMED = range(14)
CREDENTIAL = st.sampled_from(NAMED)
"""0 to 4: uu's own; 5 to 6: a correction; above: an award that was conferred."""
PARTS = st.lists(CREDENTIAL, max_size=2, unique=True)
OPENINGS: list[list[tuple[Any, ...]]] = [
    [],
    [("stack", "e1", [0, 1]), ("stack", "e2", [7, 2]), ("out", 8)],
    [("in", "e1"), ("stack", "e1", [0]), ("out", 7), ("in", "e2"), ("stack", "e2", [1, 2])],
]
"""Acts that come first, so that there are awards to act upon."""

ACTS = st.one_of(
    st.tuples(st.just("in"), st.sampled_from(ACCOUNTS)),
    st.tuples(st.just("out"), CREDENTIAL),
    st.tuples(st.just("stack"), st.sampled_from(ACCOUNTS), PARTS),
    st.tuples(st.just("revoke"), CREDENTIAL, EFFECT),
    st.tuples(st.just("revoke_foreign"), FEW, EFFECT),
    st.tuples(st.just("restack"), FEW, PARTS),
    st.tuples(st.just("restack"), FEW, PARTS),
    st.tuples(st.just("decide"), FEW, st.sampled_from(["uphold", "revoke"])),
    st.tuples(st.just("judge"), st.integers(0, 5), st.sampled_from(["uphold", "reverse"])),
    st.tuples(st.just("replace"), FEW),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from([1, 61])),
)


class Play:
    """Tries acts; what the ledger refuses changes nothing."""

    def __init__(self) -> None:
        self.desk: Desk = awards("4/1", enrolments=ACCOUNTS)
        self.recognitions: list[tuple[str, str]] = []
        """Name and receiver."""
        self.conferred: list[str] = []
        self.corrections = 0

    def batch(self, number: int) -> tuple[IssuedBatch, int]:
        """Where a credential stands."""
        if number < 5 or (number > 6 and not self.conferred):
            return self.desk.own, number % 5
        if number < 7:
            return IssuedBatch.make(f"n{number - 5}", 1), 0
        return award_batch(self.award(number)), 0

    def award(self, number: int) -> str:
        """An award that was conferred."""
        return self.conferred[number % len(self.conferred)]

    def sound(self, name: str) -> list[int]:
        """What of an award's own components was not revoked, among what can be named."""
        names = {(self.batch(number)[0].batch_id, self.batch(number)[1]): number for number in NAMED}
        held = [(one.batch_id, one.index) for one in self.desk.kept(name).components]
        view = self.desk.world.view
        return [names[one] for one in held if one in names and standing_of(view, *one).status == "valid"]

    def item(self, number: int) -> Item:
        """A credential, opened."""
        batch, index = self.batch(number)
        return batch[index]

    def worth(self, number: int) -> str:
        """What bcb gives for it: 28 of 40 hours, in halves."""
        kept = self.desk.world.get(AWARDS, self.batch(number)[0].batch_id)
        own = Fraction(kept.redeemable) if kept is not None else Fraction(3)
        return rational.format(rational.floor_to(own * Fraction(7, 10), Fraction(1, 2)))

    def use(self, receiver: str, *entry: Any) -> None:
        """A recognition that is accepted."""
        self.desk.world.do(*entry)
        self.recognitions.append((f"r{len(self.recognitions)}", receiver))

    def act(self, what: str, *rest: Any) -> None:
        """Try one act."""
        desk, world, name = self.desk, self.desk.world, f"r{len(self.recognitions)}"
        match what, rest:
            case "in", (account,):
                entry = ([desk.foreign[len(self.recognitions) % 12]], "4/1")
                signers: dict[str, Any] = {"rule": "fixed", "signers": ("uu registrar",)}
                self.use("uu", *world.use(name, account, "in", *entry, **signers))
            case "out", (which,):
                self.use("bcb", *world.use(name, "n1", "a1", [self.item(which)], self.worth(which)))
            case "stack", (account, parts):
                new = AWARD_NAMES[len(self.conferred)]
                world.do(*desk.stack(new, *map(self.item, parts), enrolment=account))
                self.conferred.append(new)
            case "revoke", (which, effect):
                desk.revoke(*self.batch(which), effect)
            case "revoke_foreign", (index, effect):
                desk.revoke(desk.foreign, index, effect)  # those taken in first
            case "restack", (which, parts):
                kept = self.sound(self.award(which))
                parts = [part for part in parts if part not in kept]
                world.do(*desk.decide("award", self.award(which), "restack", *map(self.item, kept + parts)))
            case "decide", (which, choice):
                world.do(*desk.decide("award", self.award(which), choice))
            case "judge" | "undo", (number, *choice):
                one, receiver = self.recognitions[number % max(1, len(self.recognitions))]
                signers_: Any = (f"{receiver} registrar",)
                if choice:
                    world.do(*desk.decide("recognition", one, choice[0], signers=signers_))
                else:
                    world.do(
                        "recognise_reverse", ReverseBody(recognition=uid(one), reason="error"), *signers_
                    )
            case "replace", (index,):
                self.replace(index)
            case "wait", (days,):
                world.at((calendar.add_days(calendar.date_at(world.time), days)).isoformat())

    def replace(self, index: int) -> None:
        """Correct one of uu's credentials."""
        world, new = self.desk.world, IssuedBatch.make(f"n{self.corrections}", 1)
        spans = (Interval(start=index, end=index + 1),)
        replaces = Replacement(batch_id=self.desk.own.batch_id, ranges=spans)
        start = 500 + self.corrections
        body = world.issue_body(
            world.terms_of("uu-ds"), new, single=True, replaces=replaces, status_start=start
        )
        world.do("credential_issue", body, "uu issuance")
        self.corrections += 1


def check(play: Play) -> None:
    """The invariants, from the rows alone."""
    desk, view = play.desk, play.desk.world.view
    uses: dict[tuple[bytes, int], list[bytes]] = {}
    sums: dict[bytes, tuple[Fraction, set[bytes]]] = {}
    for name, _ in play.recognitions:
        row = desk.world.get(RECOGNITIONS, uid(name))
        if row.status != "live":
            continue
        total, names = sums.get(row.enrolment, (Fraction(0), set()))
        sums[row.enrolment] = (total + Fraction(row.awarded), names | {uid(name)})
        for item in row.items:
            uses.setdefault((item.batch_id, item.index), []).append(uid(name))
            standing = standing_of(view, item.batch_id, item.index)
            assert (standing.status, standing.effect) != ("revoked", "reverse")  # I8
    for account in (*ACCOUNTS, "n1"):
        kept, (total, names) = desk.world.account(account), sums.get(uid(account), (Fraction(0), set()))
        assert Fraction(kept.recognised) == total  # I2
        assert set(live_recognitions(desk.world.context(), uid(account), kept)) == names
    universe = [(desk.own.batch_id, index) for index in range(12)]
    universe += [(award_batch(name).batch_id, 0) for name in AWARD_NAMES]
    universe += [(uid(f"batch n{number}"), 0) for number in range(play.corrections)]
    for name_ in universe:
        row = credential_of(view, *name_)
        assert [spend.recognition for spend in row.spends] == uses.get(name_, [])
        assert len(row.spends) + (row.stacked_into is not None) <= 1  # I1, so I9
    for name in set(play.conferred):
        check_award(play, name)


def check_award(play: Play, name: str) -> None:
    """One award and what it rests on."""
    desk, view, award_id = play.desk, play.desk.world.view, award_batch(name).batch_id
    award, account = desk.kept(name), desk.world.get
    enrolment = next(one for one in ACCOUNTS if uid(one) == award.enrolment)
    held = desk.world.account(enrolment)
    assert (held.conferred == award_id) == (award.status != "revoked")
    assert {"conferred": "valid", "suspended": "suspended", "revoked": "revoked"}[award.status] == (
        desk.status(name)[0]
    )
    if award.status == "revoked":
        return
    assert (award.status == "suspended") == (
        desk.world.get(AWARDS, award_id) is not None and account(AWARDS, award_id).status == "suspended"
    )
    own = Fraction(0)
    for one in award.components:
        own += Fraction(one.credits)
        row = credential_of(view, one.batch_id, one.index)
        assert row.stacked_into == award_id
        below = desk.world.get(AWARDS, one.batch_id)
        assert below is None or below.depth < award.depth
        standing = standing_of(view, one.batch_id, one.index)
        if award.status == "conferred":
            assert (standing.status, standing.effect) != ("revoked", "reverse")  # I8
    assert own == Fraction(award.redeemable)  # I9: what it redeems is what it consumed
    if award.status == "conferred":
        assert held.status == "closed"
        resting = [desk.world.get(RECOGNITIONS, uid(one)) for one, _ in play.recognitions]
        live = [
            Fraction(row.awarded) for row in resting if row.status == "live" and row.stacked_into == award_id
        ]
        assert sum(live, Fraction(0)) == Fraction(award.recognised)
        assert own + sum(live, Fraction(0)) >= 4


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(OPENINGS), st.lists(ACTS, min_size=8, max_size=30))
def test_invariants_hold_for_awards(opening: list[tuple[Any, ...]], acts: list[tuple[Any, ...]]) -> None:
    play = Play()
    for act in (*opening, *acts):
        try:
            play.act(*act)
        except (Rejection, IndexError, ZeroDivisionError):
            continue
        check(play)
