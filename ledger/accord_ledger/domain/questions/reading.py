"""What a question may look at: state by key, rows of a table in key order, the log by subject, tallies.

State by key can be proved. That a scan left nothing out, which records concern a subject, and tallies over
the whole log are the answering node's word: they come through :class:`Rows`, :class:`Log` and
:class:`Tallies`, so that whoever repeats a reading knows exactly what it took on trust.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol, TypeVar

from accord_ledger import calendar, codec
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.parameters import PARAMETERS
from accord_ledger.errors import AccordError
from accord_ledger.state import Part, Table

V = TypeVar("V", bound=codec.Wire)

MAX_ROWS: Final = 20_000
"""Rows one reading looks at in all its scans together."""

MAX_JUDGED: Final = 100_000
"""How often one reading asks whether a rule takes a programme; each time costs some 20 us."""

MAX_ACTS: Final = 1_000
"""Records of the log one subject may be asked for."""


class QuestionError(AccordError):
    """A question that has no answer here.

    ``OBJECT_UNKNOWN``, ``QUESTION_VALUE``, ``QUESTION_AT`` or ``QUESTION_TOO_LARGE``.
    """


@dataclass(frozen=True, slots=True)
class Act:
    """One final record that concerns a subject."""

    index: int
    """Log index."""
    height: int
    time: int
    """Block time, UTC seconds."""
    kind: str
    author: str
    tx_id: bytes


@dataclass(frozen=True, slots=True)
class Rounding:
    """Live recognitions by one rule that lost the same amount to rounding."""

    agreement: str
    version: int
    rule: str
    dropped: str
    """Of each, a rational in credits of the target."""
    recognitions: int


class Rows(Protocol):
    """Keys of state in order."""

    def keys(self, start: bytes, end: bytes, limit: int) -> Sequence[bytes]:
        """The first ``limit`` keys with start <= key < end."""


class Log(Protocol):
    """Final records by what they concern."""

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        """The first records that concern a subject, in log order.

        Args:
            subject: id of a key, batch, account, recognition ...
            position: of a batch only what concerns this index; None: everything.
            since: only of blocks at or after this time (UTC seconds).
            limit: how many.
        """

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        """Ids of recognitions ever entered into an account, in order of id."""


class Tallies(Protocol):
    """Counts over everything, as of any moment where one is given."""

    def issued(self, until: int) -> Mapping[str, int]:
        """Programme to credentials issued at or before a time (UTC seconds)."""

    def recognised(self, until: int) -> Mapping[str, int]:
        """Programme to credentials with a recognition that was live at a time."""

    def redeemed(self, agreement: str) -> int:
        """Credentials in live recognitions under any version of an agreement."""

    def recognitions(self, until: int) -> Mapping[str, int]:
        """Receiver to recognitions that were live at a time."""

    def roundings(self) -> Sequence[Rounding]:
        """Live recognitions by rule and loss, in order."""


@dataclass(slots=True)
class Reading:
    """One reading of the ledger as of one block."""

    ctx: Context
    """At the block it is read at; ``ctx.time`` is that block's time."""
    rows_of: Rows
    log: Log
    tallies: Tallies
    at: int = -1
    """The moment asked about (UTC seconds), at or before ``ctx.time``; that time unless said."""
    notes: list[str] = field(default_factory=list)
    """What the answer does not know, in words."""
    next: bytes | None = None
    """Key after which a scan may go on, if it did not come to its end."""
    after: bytes = b""
    """Key after which the first scan begins."""
    _looked: int = 0
    _judged: int = 0

    def __post_init__(self) -> None:
        if self.at < 0:
            self.at = self.ctx.time

    @property
    def day(self) -> date:
        """The UTC day of the moment asked about."""
        return calendar.date_at(self.at)

    @property
    def past(self) -> bool:
        """Whether an earlier moment is asked about."""
        return self.at < self.ctx.time

    def get(self, table: Table[V], *parts: Part) -> V | None:
        """The value under these key parts, or None."""
        return self.ctx.state.get(table, *parts)

    def known(self, table: Table[V], *parts: Part) -> V:
        """The value under these key parts; ``OBJECT_UNKNOWN`` if there is none."""
        found = self.ctx.state.get(table, *parts)
        if found is None:
            shown = "@".join(part.hex() if isinstance(part, bytes) else str(part) for part in parts)
            raise QuestionError("OBJECT_UNKNOWN", f"the ledger holds no {table.name} {shown}")
        return found

    def rows(self, table: Table[V], *prefix: Part, paged: bool = False) -> Iterator[tuple[bytes, V]]:
        """Rest of the key, and value, of the rows whose keys begin with these parts.

        Args:
            table: such as ``AGREEMENTS``.
            prefix: first parts of the key.
            paged: begin after ``after``; what is left for the next page is named in ``next``.
        """
        start = begin = table.key(*prefix)
        end = start + b"\xff" * 64
        if paged and self.after:
            if not start <= self.after < end:
                raise QuestionError("QUESTION_VALUE", "expected the cursor of this listing", path="after")
            begin = self.after + b"\x00"
        room = MAX_ROWS - self._looked
        keys = self.rows_of.keys(begin, end, room + 1)
        if len(keys) > room:
            keys = keys[:room]
            self._cut(table.name, keys[-1] if keys else begin, paged=paged)
        self._looked += len(keys)
        for key in keys:
            value = self.ctx.state.load(table, key)
            if value is not None:
                yield key[len(start) :], value

    def _cut(self, table: str, last: bytes, *, paged: bool) -> None:
        if paged:
            self.next = last
        else:
            self.notes.append(f"only the first {MAX_ROWS} rows were looked at; {table} has more")

    @property
    def least_cell(self) -> int:
        """``k_min_cell``: cells of fewer people are hidden."""
        head = self.get(PARAMETERS)
        if self.past and head is not None and head.since:
            self.say("which cells are small is judged by the parameters of now")
        return self.ctx.parameters.k_min_cell

    def judge(self) -> None:
        """Count one judgement by the rules; ``QUESTION_TOO_LARGE`` beyond the bound."""
        self._judged += 1
        if self._judged > MAX_JUDGED:
            raise QuestionError("QUESTION_TOO_LARGE", f"expected at most {MAX_JUDGED} judgements; narrow it")

    def say(self, note: str) -> None:
        """Note once what the answer does not know."""
        if note not in self.notes:
            self.notes.append(note)

    def acts(self, subject: bytes, position: int | None = None, since: int = 0) -> Sequence[Act]:
        """Final records that concern a subject, in log order, up to the moment asked about."""
        found = self.log.acts(subject, position, since, MAX_ACTS + 1)
        if len(found) > MAX_ACTS:
            found = found[:MAX_ACTS]
            self.say(f"only the first {MAX_ACTS} records are named")
        return [act for act in found if act.time <= self.at]


def texts(rest: bytes) -> tuple[str, ...]:
    """The text parts that the rest of a key is made of."""
    return tuple(part.decode() for part in rest.split(b"\x00")[:-1])


def number_after(rest: bytes) -> int:
    """The number that the rest of a key ends in."""
    return int.from_bytes(rest[-8:], "big")
