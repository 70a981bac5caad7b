"""An alliance where most things can happen, made once and copied for every history that is tried.

play = Play()                       # a fresh copy: nothing has happened since 2026-04-06
play.use("n1", [("uu", 0)])         # what the ledger refuses is counted, and changes nothing
play.seal()                         # close the block; every invariant is looked at

uu issues ``uu-ds`` (3 EC) and confers ``uu-cert``; um sends ``um-m`` (4 MQF) into accounts at uu; bcb, hnrail
and uom take uu's credentials, the last two as often as there are receivers; crrc-eval teaches by the hour;
ecom-co's programme has quality years. Pacts are ratio agreements between anybody, made as histories go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from accord_client.audit.invariants.watch import Watch
from accord_ledger import calendar, rational
from accord_ledger.domain.credentials import credential_of, standing_of
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.model.agreement import Caps
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.errors import Rejection
from accord_ledger.execute import Executed, Receipt, RecentTransactions, Version
from accord_ledger.replay import BlockReplayed
from accord_ledger.state import MemorySource
from agreement_world import define
from audit_rows import primed
from award_world import award_batch
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, fixed, grant_uu, holder_key, hours
from quality_world import QualityWorld, cn_terms

ACCOUNTS = {
    "n1": ("bcb", "a1", "hours", Fraction(7, 10), Fraction(1, 2)),
    "n2": ("bcb", "a1", "hours", Fraction(7, 10), Fraction(1, 2)),
    "n3": ("hnrail", "a2", "fixed", Fraction(1), Fraction(1, 2)),
    "n5": ("uom", "a3", "fixed", Fraction(25, 8), Fraction(25, 8)),
    "e1": ("uu", "in", "fixed", Fraction(1), Fraction(1, 2)),
    "e2": ("uu", "in", "fixed", Fraction(1), Fraction(1, 2)),
}
"""Account to its owner, and the agreement, rule, ratio and quantum by which it is filled."""

UNITS = {"uu": "nl-ects", "um": "mqf", "bcb": "cn-mc", "hnrail": "cn-mc", "uom": "uom", "suny": "us-sch"}
"""Whoever makes pacts, and in which credits."""


class Ground(QualityWorld, Exchange):
    """What every history begins with."""

    def __init__(self) -> None:
        super().__init__()
        self.at("2026-03-02")
        grant_uu(self)
        self.offer(terms())
        sent = {"framework": ("mqf", 1), "credits": "4/1", "total_hours": "160/1", "profile": ("mqa", 1)}
        self.offer(terms("um-m", "um", **sent))

        self.launch(cn_terms("rail", "crrc-eval"), ("hnrail", "endorse"))
        self.launch(cn_terms("ecom-ls"), ("bjou", "endorse"))
        self._awards()
        self.agree("a1", agreement("uu", "bcb", hours()))
        shared = {"exclusivity": "receiver"}
        moved = {"caps": Caps(per_class={"moved": "1/2"}), **shared}
        self.agree("a2", agreement("uu", "hnrail", fixed(cap_class="moved"), **moved))
        self.agree("a3", agreement("uu", "uom", fixed("25/8", target="uom"), **shared))
        named = define(self, "set", fixed(source="mqf", target="nl-ects"), by="um")
        self.agree("in", agreement("um", "uu", rule_sets=(named,)))
        self.at("2026-04-01")
        self.own = self.issue(self.terms_of("uu-ds"), 12)
        self.foreign = self.issue(self.terms_of("um-m"), 12)
        self.at("2026-04-06")

    def _awards(self) -> None:
        bank, rail = self.award(), self.award("hnrail", "20/1", total_hours="800/1")
        melbourne = self.award("uom", "50/1", "uom")
        hours_ = {"total_hours": "112/1", "residency": "1/4"}
        cert = self.launch(terms("uu-cert", "uu", form="award", credits="4/1", **hours_))
        awards = {"n1": bank, "n2": bank, "n3": rail, "n5": melbourne, "e1": cert, "e2": cert}
        for name, award in awards.items():
            self.enrol(name, ACCOUNTS[name][0], award)


@dataclass(frozen=True)
class Start:
    """The ground, closed."""

    values: dict[bytes, bytes]
    version: Version
    nonce: int
    own: IssuedBatch
    foreign: IssuedBatch


@cache
def start() -> Start:
    """Made once; about a second."""
    ground = Ground()
    ground.close()
    return Start(ground.values, ground.version, ground.nonce, ground.own, ground.foreign)


@dataclass(frozen=True)
class Block:
    """A block that was closed, and what it was built on."""

    parent: Version
    values: dict[bytes, bytes]
    """State before it."""
    done: Executed


class Play(Ground):
    """One history: acts that are tried, blocks that are closed and looked at."""

    def __init__(self) -> None:
        made = start()
        self.values, self.nonce, self.lists = dict(made.values), made.nonce, {}
        self.version = replace(made.version, state=MemorySource(self.values), recent=RecentTransactions())
        self.own, self.foreign = made.own, made.foreign
        self.batches = {"uu": made.own, "um": made.foreign}
        """Batches by name; more are issued as histories go on."""
        self.uses: dict[str, tuple[str, tuple[tuple[str, int], ...], dict[str, Any]]] = {}
        """Recognitions that were accepted: account, credentials and what else they said."""
        self.awards: dict[str, str] = {}
        """Awards that were conferred, by account."""
        self.pacts: list[str] = []
        self.counter = Counter[str]()
        """Codes of what was refused, ``ok`` for what was accepted."""
        self.names = 0
        self.position = 1000
        version = self.version
        self.watch: Watch = primed(version.state, self.values, height=version.height, time=version.time)
        self.open(version.time + 60)

    def name(self, letter: str) -> str:
        """A name nothing has yet."""
        self.names += 1
        return f"{letter}{self.names}"

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Acts that may be refused on the way; those before stay."""
        try:
            yield
        except Rejection as refusal:
            self.counter[refusal.code] += 1

    def attempt(self, kind: str, body: Any, *signers: Any, **envelope: Any) -> Receipt | None:
        """Submit a record, signed; a refused one must leave everything as it was, and gives None."""
        return self.try_entry(self.entry(kind, body, *signers, **envelope))

    def try_entry(self, entry: bytes) -> Receipt | None:
        """As :meth:`attempt`, for a record made already."""
        before = dict(self.view.items())
        try:
            receipt = self.add(entry)
        except Rejection as refusal:
            self.counter[refusal.code] += 1
            if dict(self.view.items()) != before:
                raise AssertionError(f"{refusal.code} left something behind") from refusal
            return None
        self.counter["ok"] += 1
        return receipt

    def seal(self, seconds: int = 60) -> Block:
        """Close the block, let every invariant look at it, and open the next."""
        parent, values = self.version, self.values
        done = self.close()
        state = self.version.state
        block = BlockReplayed(done.sealed.seal.height, 0, len(done.prepared), done.sealed.seal.time, (), done)
        found = list(self.watch.observe(block, state))
        if found:
            raise AssertionError([str(one) for one in found])
        self.open(self.version.time + seconds)
        return Block(parent, values, done)

    def look_again(self) -> None:
        """Every invariant over all there is, by a watch that has seen nothing before."""
        version = self.version
        primed(version.state, self.values, height=version.height, time=version.time)

    # credentials

    def item(self, credential: tuple[str, int]) -> Item:
        """A credential, opened."""
        return self.batches[credential[0]][credential[1]]

    def worth(self, credential: tuple[str, int]) -> Fraction:
        """Its source credits."""
        batch = self.batches[credential[0]]
        award = self.get(AWARDS, batch.batch_id)
        if award is not None:
            return Fraction(award.redeemable)
        return Fraction(4) if batch is self.foreign else Fraction(3)

    def granted(self, account: str, credentials: Sequence[tuple[str, int]]) -> str:
        """What the account gets for them."""
        _, _, _, ratio, quantum = ACCOUNTS[account]
        total = sum((self.worth(one) for one in credentials), Fraction(0))
        return rational.format(total * ratio // quantum * quantum)

    def use_of(
        self, name: str, account: str, credentials: Sequence[tuple[str, int]], **changes: Any
    ) -> tuple[Any, ...]:
        """T27 with everything signed: arguments of :meth:`attempt`."""
        owner, agreed, rule, _, _ = ACCOUNTS[account]
        items = [self.item(one) for one in credentials]
        claimed = changes.pop("claimed", None) or self.granted(account, credentials)
        values = {"rule": rule, "signers": (f"{owner} registrar",), **changes}
        return super().use(name, account, agreed, items, claimed, **values)

    def recognise(self, account: str, credentials: Sequence[tuple[str, int]], **changes: Any) -> None:
        """Try T27; the amount worked out here is never the reason for a refusal."""
        name, wrong = self.name("r"), self.counter["E_AMOUNT"]
        if self.attempt(*self.use_of(name, account, credentials, **changes)) is not None:
            self.uses[name] = (account, tuple(credentials), changes)
        elif "claimed" not in changes and self.counter["E_AMOUNT"] > wrong:
            raise AssertionError(f"the ledger does not give {self.granted(account, credentials)}")

    def issue_again(self, programme: str, **changes: Any) -> str | None:
        """An intake of today and a batch of twelve, or of what the changes say."""
        name, count = self.name("b"), changes.pop("number", 12)
        signers = changes.pop("signers", (f"{changes.pop('issuer', 'uu')} issuance",))
        batch, today = IssuedBatch.make(name, count), calendar.date_at(self.time).isoformat()
        intake = CourseOffering(programme=programme, term_start=today, term_end=today, entrants=count)
        values = {"completed_from": today, "completed_to": today, "status_start": self.position}
        body = self.issue_body(self.terms_of(programme), batch, **values | changes)
        self.attempt("course_offering", intake, f"{signers[0].split()[0]} registrar")
        self.position += count
        if self.attempt("credential_issue", body, *signers) is None:
            return None
        self.batches[name] = batch
        return name

    def conferred(self, name: str, account: str) -> None:
        """Note an award that was conferred: its credential can be used like any other."""
        self.awards[name] = account
        self.batches[name] = award_batch(name)

    def free(self, credential: tuple[str, int]) -> bool:
        """Whether nothing was ever done with it, or all was undone."""
        batch_id = self.item(credential).batch_id
        row = credential_of(self.view, batch_id, credential[1])
        return (
            not row.spends
            and row.stacked_into is None
            and standing_of(self.view, batch_id, credential[1]).status == "valid"
        )

    def scratch(self) -> Play:
        """A copy of what is closed, to try something and throw it away; no watch sees it."""
        copy = Play.__new__(Play)
        copy.__dict__.update(self.__dict__)
        copy.nonce, copy.counter = self.nonce + 10_000, Counter()
        copy.open(self.version.time)
        return copy


def holders(items: Sequence[Item]) -> tuple[Any, ...]:
    """Keys of the holders of items, each once."""
    return tuple(
        {one.batch_id + bytes([one.index]): holder_key(one.batch_id, one.index) for one in items}.values()
    )
