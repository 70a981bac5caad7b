"""Q-L1: where can what I hold be used, and the best route to an award - worked out with the learner.

The rules are public: the wallet copies all of them, the same for everybody, and the ledger never learns what
somebody holds. The copy is the nodes' word; before anything is used, a dry run gives the ledger's verdict.

What each rule gives is computed as the ledger computes it. The best route is found rule by rule, the one
that gives most first, every credential used once: good, and not always the very best.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from accord_client.api import Row
from accord_client.errors import TrustError
from accord_client.questioning import NoTallies
from accord_ledger import rational
from accord_ledger.codec import Wire
from accord_ledger.domain.caps import account_cap
from accord_ledger.domain.context import Context
from accord_ledger.domain.membership import terms_of
from accord_ledger.domain.model.agreement import (
    AGREEMENT_MEMBERS,
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    DEPARTURES,
    RECEIVER_AGREEMENTS,
)
from accord_ledger.domain.model.framework import BANK_PROFILES, FRAMEWORKS, PROFILES
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import (
    GRANTS,
    PARTY_GRANTS,
    PROGRAMME_GRANTS,
    PROGRAMME_HEADS,
    PROGRAMMES,
    TRANSLATIONS,
    ProgrammeTerms,
)
from accord_ledger.domain.model.rule_set import RULE_SETS, SET_PROGRAMMES, SET_RULES
from accord_ledger.domain.questions.covering import Covering, CoveringAsked, covering, needs_of, replaceable
from accord_ledger.domain.questions.question import split_reference
from accord_ledger.domain.questions.reading import Act, QuestionError, Reading, texts
from accord_ledger.domain.rule_lookup import find_rule
from accord_ledger.domain.rules import Bundle, CourseSubstitution, Rule
from accord_ledger.errors import DecodeError
from accord_ledger.state import MemorySource, Part, Table, View

MAX_PUBLIC_ROWS: Final = 200_000
"""Rows of state one copy of the public rules may have."""

PUBLIC_TABLES: Final[tuple[tuple[Table[Any], str], ...]] = (
    (PARTIES, "t"), (FRAMEWORKS, "tn"), (PROFILES, "tn"), (BANK_PROFILES, "t"), (PROGRAMME_HEADS, "t"),
    (PROGRAMMES, "tn"), (TRANSLATIONS, "tnt"), (GRANTS, "b"), (PARTY_GRANTS, "t"), (PROGRAMME_GRANTS, "t"),
    (AGREEMENTS, "t"), (AGREEMENT_VERSIONS, "tn"), (AGREEMENT_TERMS, "tn"), (AGREEMENT_MEMBERS, "tn"),
    (DEPARTURES, "tt"), (RECEIVER_AGREEMENTS, "tt"), (RULE_SETS, "b"), (SET_RULES, "bt"),
    (SET_PROGRAMMES, "bt"),
)  # fmt: skip
"""What the rules rest on, and what each part of the keys is: text, number or bytes in hex."""


def row_key(table: Table[Any], kinds: str, row: Row) -> bytes:
    """The state key of a row of a listing.

    Raises:
        DecodeError: ``LEDGER_KEY``.
    """
    good = len(row.key) == len(kinds) and all(
        isinstance(part, int if kind == "n" else str) for kind, part in zip(kinds, row.key, strict=False)
    )
    if not good:
        raise DecodeError("LEDGER_KEY", f"expected {len(kinds)} parts of a {table.name}, got {row.key!r:.80}")
    parts: list[Part] = [
        bytes.fromhex(str(part)) if kind == "b" else part for kind, part in zip(kinds, row.key, strict=True)
    ]
    return table.key(*parts)


@dataclass(frozen=True, slots=True)
class Holding:
    """One credential of the learner's."""

    name: str
    """As the learner calls it: a file, mostly."""
    programme: str
    version: int


class UsableAt(Wire):
    """One way to use some of what is held."""

    receiver: str
    agreement: str
    version: int
    rule: str
    use: str
    """``credit``, ``admission`` or ``evidence``."""
    uses: tuple[str, ...]
    """Names of the holdings, used together."""
    needs: tuple[str, ...]
    """What is missing or must be added: ``items:1``, ``consent``, ``grade:7/10``, ``cosigner:x`` ..."""
    gives: str
    """Credits of the receiver's award, rounded down once."""


class BestRoute(Wire):
    """The best way found towards one award."""

    award: str
    receiver: str
    routes: tuple[UsableAt, ...]
    gives: str
    """Together, at most what the cap lets an empty account hold."""
    total: str
    """Credits of the award."""


class _NoLog:
    """A copy of the rules has no log."""

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        raise TrustError("RULES_ONLY", "expected a question about rules")

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        raise TrustError("RULES_ONLY", "expected a question about rules")


@dataclass(frozen=True)
class PublicRules:
    """A copy of what is public."""

    network: bytes
    height: int
    time: int
    values: Mapping[bytes, bytes]

    @cached_property
    def _keys(self) -> list[bytes]:
        return sorted(self.values)

    def keys(self, start: bytes, end: bytes, limit: int) -> Sequence[bytes]:
        """See ``Rows``."""
        low, high = bisect_left(self._keys, start), bisect_left(self._keys, end)
        return self._keys[low : min(high, low + limit)]

    def reading(self) -> Reading:
        """A fresh reading of the copy."""
        view = View(MemorySource(self.values))
        ctx = Context(state=view, network=self.network, height=self.height, time=self.time)
        return Reading(ctx, self, _NoLog(), NoTallies())

    def receivers(self) -> list[str]:
        """Everybody who receives under some agreement, in order."""
        prefix = RECEIVER_AGREEMENTS.prefix
        keys = self.keys(prefix, prefix + b"\xff" * 64, MAX_PUBLIC_ROWS)
        return sorted({texts(key[len(prefix) :])[0] for key in keys})

    def usable(self, holdings: Sequence[Holding], award: str | None = None) -> list[UsableAt]:
        """Every rule that takes some of the holdings, and what it gives for all that it takes together.

        Args:
            holdings: what the learner holds.
            award: only what gives credits of this award, where its accounts are run.
        """
        receivers = self.receivers() if award is None else self._where(award)
        return [route for receiver in receivers for route in self._at(receiver, holdings, award)]

    def best(self, holdings: Sequence[Holding], award: str) -> list[BestRoute]:
        """The best route to an award at each receiver that runs its accounts, the best receiver first."""
        found = [self._best_at(receiver, holdings, award) for receiver in self._where(award)]
        return sorted(found, key=lambda one: (-rational.parse_state(one.gives), one.receiver))

    def _award(self, award: str) -> ProgrammeTerms:
        name, version = split_reference(award)
        read = self.reading()
        head = read.known(PROGRAMME_HEADS, name)
        return read.known(PROGRAMMES, name, version or head.current or head.latest).terms

    def _where(self, award: str) -> list[str]:
        """The award's issuers, and the credit banks they are members of (T26)."""
        read = self.reading()
        issuers = self._award(award).issuers
        banks = [bank for name in issuers for bank in read.known(PARTIES, name).member_of]
        return list(dict.fromkeys((*issuers, *banks)))

    def _at(self, receiver: str, holdings: Iterable[Holding], award: str | None) -> list[UsableAt]:
        taken: dict[tuple[str, str], tuple[Covering, list[Holding]]] = {}
        for one in holdings:
            asked = CoveringAsked(programme=f"{one.programme}@{one.version}", receiver=receiver, award=award)
            for row in covering(self.reading(), asked):
                taken.setdefault((row.agreement, row.rule), (row, []))[1].append(one)
        return [self._together(receiver, row, mine, award) for row, mine in taken.values()]

    def _together(
        self, receiver: str, row: Covering, holdings: Sequence[Holding], award: str | None
    ) -> UsableAt:
        read = self.reading()
        rule = find_rule(read.ctx.state, terms_of(read.ctx, (row.agreement, row.version)), row.rule)
        if rule is None:
            raise QuestionError("OBJECT_UNKNOWN", f"the copy holds no rule {row.rule} of {row.agreement}")
        programmes = [read.known(PROGRAMMES, one.programme, one.version).terms for one in holdings]
        used, exact, missing = _given(rule, programmes, None if award is None else self._award(award))
        quantum = rational.parse(read.known(FRAMEWORKS, *rule.target).terms.quantum)
        needs = [
            need for need in needs_of(rule, consent="consent" in row.needs) if not need.startswith("items:")
        ]
        return UsableAt(
            receiver=receiver, agreement=row.agreement, version=row.version, rule=row.rule, use=row.use,
            uses=tuple(holdings[place].name for place in used),
            needs=(*([f"items:{missing}"] if missing else []), *needs),
            gives=rational.format(rational.floor_to(exact, quantum)),
        )  # fmt: skip

    def _best_at(self, receiver: str, holdings: Sequence[Holding], award: str) -> BestRoute:
        read, terms = self.reading(), self._award(award)
        left, chosen, sum_given = list(holdings), list[UsableAt](), Fraction(0)
        cap = account_cap(read.ctx, None, terms, read.known(PARTIES, receiver))
        while left:
            options = [
                one for one in self._at(receiver, left, award) if one.use == "credit" and one.gives != "0/1"
            ]
            if not options:
                break
            best = max(options, key=lambda one: (rational.parse_state(one.gives), one.agreement, one.rule))
            limit = account_cap(
                read.ctx,
                None,
                terms,
                read.known(PARTIES, receiver),
                terms_of(read.ctx, (best.agreement, best.version)),
            )
            cap = min(cap, limit)
            chosen.append(best)
            sum_given += rational.parse_state(best.gives)
            left = [one for one in left if one.name not in best.uses]
        return BestRoute(
            award=award, receiver=receiver, routes=tuple(chosen), gives=rational.format(min(sum_given, cap)),
            total=terms.credits,
        )  # fmt: skip


def _given(
    rule: Rule, programmes: Sequence[ProgrammeTerms], award: ProgrammeTerms | None
) -> tuple[list[int], Fraction, int]:
    """Places used together, what they give exactly, and how many items are missing."""
    everything = list(range(len(programmes)))
    if isinstance(rule, Bundle):
        return _bundled(rule, programmes)
    if isinstance(rule, CourseSubstitution):
        courses: dict[str, Fraction] = {}
        for terms in programmes:
            courses = replaceable(rule, terms, award) | courses
        return everything, sum(courses.values(), Fraction(0)), 0
    if rule.use != "credit":
        return everything, Fraction(0), 0
    return everything, rule.exact([rational.parse(terms.credits) for terms in programmes]), 0


def _bundled(rule: Bundle, programmes: Sequence[ProgrammeTerms]) -> tuple[list[int], Fraction, int]:
    """The series with most different items; all or nothing."""
    series: dict[str, dict[str, int]] = {}
    for place, terms in enumerate(programmes):
        if terms.group is not None and terms.group.kind == "series":
            series.setdefault(terms.group.id, {}).setdefault(terms.programme_id, place)
    best = max(series.values(), key=len, default={})
    used = list(best.values())[: rule.count]
    missing = rule.count - len(used)
    return used, Fraction(0) if missing else rule.exact([]), missing
