"""A question answered from an own replay: nobody's word is in it, not even for what has no proof.

The audit executes every block of the log again. Where it stands at the moment asked about, the question runs on
the state it has there: the same functions that nodes run, on rows, records and counts that were all computed
here. So any question can be asked of any height or date, and of any source that holds the log.

Beside the state the replay holds, memory is a reference to each key, and the records of the subjects that the
question can lead to.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import msgspec

from accord_ledger.block import Seal
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.account import RECOGNITIONS, Recognition
from accord_ledger.domain.model.credential import BATCHES, Batch
from accord_ledger.domain.questions.concerns import Concern, concerns
from accord_ledger.domain.questions.question import Asked, Moment, Question
from accord_ledger.domain.questions.reading import Act, QuestionError, Reading, Rounding
from accord_ledger.errors import AccordError
from accord_ledger.execute import Version
from accord_ledger.replay import BlockReplayed, Replay
from accord_ledger.state import Source, Table, View

_RECOGNISE: Final = "recognise"


@dataclass(frozen=True, slots=True)
class Replayed:
    """An answer, and the block it was computed at."""

    value: Any
    """Typed."""
    at: int
    """The moment it is about, UTC seconds."""
    version: Version
    """The ledger as replay had it there."""
    notes: tuple[str, ...]
    next: bytes | None


class Asking:
    """One question put to a replay.

    Args:
        question: which.
        asked: its parameters.
        at: a date (its 00:00 UTC) or a height; empty: the end of the log.
        after: cursor of a listing.

    Raises:
        QuestionError: ``QUESTION_AT``.
    """

    def __init__(self, question: Question, asked: Asked, *, at: str = "", after: bytes = b"") -> None:
        self._question, self._asked, self._after = question, asked, after
        self._moment = Moment.read(at)
        self._subjects = set(_subjects(asked))
        self.keys: set[bytes] = set()
        """Of the state, while an answer is waited for."""
        self._acts: list[tuple[Concern, Act]] = []
        self.found: Replayed | None = None
        self.refused: AccordError | None = None
        """Why there is no answer."""

    @property
    def done(self) -> bool:
        """Whether nothing more is waited for."""
        return self.found is not None or self.refused is not None

    def begin(self, values: Mapping[bytes, bytes]) -> None:
        """A network begins with these values, on top of those of the network it continues."""
        self.keys.update(values)

    def before(self, seal: Seal, replay: Replay) -> None:
        """Answer, if the next block is beyond the moment asked about."""
        if not self.done and self._is_beyond(seal, replay.version.height):
            self._answer(replay)

    def _is_beyond(self, seal: Seal, height: int) -> bool:
        if self._moment.height is not None:
            return height == self._moment.height
        return self._moment.date is not None and seal.time > self._moment.date

    def after(self, block: BlockReplayed) -> None:
        """Note what a block wrote, and its records of the subjects that may be asked for."""
        if self.done or block.executed is None:
            return
        for key, value in block.executed.changes.items():
            if value is None:
                self.keys.discard(key)
            else:
                self.keys.add(key)
        for place, item in enumerate(block.executed.prepared):
            tx = item.record.tx
            named = [one for one in concerns(item) if tx.kind == _RECOGNISE or one.subject in self._subjects]
            if named:
                act = Act(
                    block.first + place, block.height, block.time, tx.kind, tx.author, item.record.tx_id
                )
                self._acts += [(one, act) for one in named]

    def finish(self, replay: Replay) -> None:
        """Answer at the end of the log, or say that it does not reach the moment."""
        if self.done:
            return
        version, moment = replay.version, self._moment
        if moment.height is not None and moment.height != version.height:
            self.refused = QuestionError(
                "QUESTION_AT", f"expected a height from 1 to {version.height}", path="at"
            )
        elif moment.date is not None and moment.date > version.time:
            self.refused = QuestionError("QUESTION_AT", f"expected a moment up to {version.time}", path="at")
        else:
            self._answer(replay)

    def _answer(self, replay: Replay) -> None:
        if replay.halted is not None:
            detail = f"expected a log that can be executed; it ended before height {replay.halted}"
            self.refused = QuestionError("PAST_UNKNOWN", detail, path="at")
            return
        version = replay.version
        ledger = ReplayedLedger(replay.state, self.keys, self._acts)
        time = version.time if self._moment.date is None else self._moment.date
        ctx = Context(state=View(replay.state), network=replay.network, height=version.height, time=time)
        reading = Reading(ctx, ledger, ledger, ledger, after=self._after)
        try:
            value = self._question.run(reading, self._asked)
        except QuestionError as error:
            self.refused = error
            return
        self.found = Replayed(value, reading.at, version, tuple(reading.notes), reading.next)


def _subjects(asked: Asked) -> Iterator[bytes]:
    """Ids that the parameters name."""
    for one in msgspec.structs.fields(type(asked)):
        value = getattr(asked, one.name)
        if isinstance(value, str) and len(value) in (32, 64):
            try:
                yield bytes.fromhex(value)
            except ValueError:
                continue


class ReplayedLedger:
    """Rows, records and counts of a replay (``accord_ledger.domain.questions.reading``)."""

    def __init__(self, state: Source, keys: set[bytes], acts: Sequence[tuple[Concern, Act]]) -> None:
        self._state = state
        self._keys = sorted(keys)
        self._acts = acts

    def keys(self, start: bytes, end: bytes, limit: int) -> Sequence[bytes]:
        """See ``Rows``."""
        low, high = bisect_left(self._keys, start), bisect_left(self._keys, end)
        return self._keys[low : min(high, low + limit)]

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        """See ``Log``."""
        found = (
            act
            for one, act in self._acts
            if one.subject == subject
            and act.time >= since
            and (position is None or one.low <= position < one.high)
        )
        return list(islice(dict.fromkeys(found), limit))

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        """See ``Log``."""
        found = (name for name, row in self._rows(RECOGNITIONS) if row.enrolment == enrolment)
        return list(islice(found, limit))

    def _rows(self, table: Table[Any]) -> Iterator[tuple[bytes, Any]]:
        begin = bisect_left(self._keys, table.prefix)
        end = bisect_left(self._keys, table.prefix[:-1] + b"0", begin)
        for key in self._keys[begin:end]:
            yield key[len(table.prefix) :], self._state.load(table, key)

    def _live(self) -> Iterator[Recognition]:
        return (row for _, row in self._rows(RECOGNITIONS) if row.status == "live")

    def issued(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        found: dict[str, int] = {}
        for _, batch in self._rows(BATCHES):
            if batch.issued_at <= until:
                name = batch.programme[0]
                found[name] = found.get(name, 0) + batch.count
        return found

    def recognised(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``; of the replay's own moment, which is the only one asked for."""
        del until
        found: dict[str, int] = {}
        for batch_id, _ in {(item.batch_id, item.index) for row in self._live() for item in row.items}:
            batch: Batch | None = self._state.load(BATCHES, BATCHES.key(batch_id))
            if batch is not None:  # the rules recognise nothing else
                name = batch.programme[0]
                found[name] = found.get(name, 0) + 1
        return found

    def recognitions(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``; as :meth:`recognised`."""
        del until
        found: dict[str, int] = {}
        for row in self._live():
            found[row.receiver] = found.get(row.receiver, 0) + 1
        return found

    def redeemed(self, agreement: str) -> int:
        """See ``Tallies``."""
        return sum(len(row.items) for row in self._live() if row.agreement[0] == agreement)

    def roundings(self) -> Sequence[Rounding]:
        """See ``Tallies``."""
        found: dict[tuple[str, int, str, str], int] = {}
        for row in self._live():
            name = (*row.agreement, row.rule, row.dropped)
            found[name] = found.get(name, 0) + 1
        return [Rounding(*name, recognitions) for name, recognitions in sorted(found.items())]
