"""Questions of DOMAIN.md section 5 put to a stage in memory: the functions nodes and clients run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from accord_ledger.blockreader import BlockReader
from accord_ledger.domain.context import Context
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.domain.questions.concerns import concerns
from accord_ledger.domain.questions.question import questions
from accord_ledger.domain.questions.reading import Act, Reading
from accord_ledger.state import View
from questions_world import StateRows, StateTallies
from scenario.memory_stage import MemoryStage


class StageLog:
    """Records of a stage's log by what they concern, one by one: slow, and right by inspection."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = entries

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        """See :class:`accord_ledger.domain.questions.reading.Log`."""
        found: list[Act] = []
        reader = BlockReader()
        for entry in self.entries:
            block = reader.add(entry)
            if block is None or block.sealed.seal.time < since:
                continue
            seal = block.sealed.seal
            for place, item in enumerate(block.records):
                if isinstance(item, Prepared) and any(
                    one.subject == subject and (position is None or one.low <= position < one.high)
                    for one in concerns(item)
                ):
                    tx = item.record.tx
                    found.append(
                        Act(seal.first + place, seal.height, seal.time, tx.kind, tx.author, item.record.tx_id)
                    )
        return found[:limit]

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        """See :class:`accord_ledger.domain.questions.reading.Log`."""
        raise NotImplementedError(f"no question of the scenario asks for {limit} of {enrolment!r}")


def ask(stage: MemoryStage, name: str, **asked: Any) -> Any:
    """The answer as of the stage's newest block."""
    values = stage.source.values
    ctx = Context(
        state=View(stage.source), network=stage.network, height=stage.version.height, time=stage.version.time
    )
    reading = Reading(ctx, StateRows(values), StageLog(stage.log), StateTallies(values))
    found = questions()[name]
    return found.run(reading, msgspec.convert(asked, found.asked))
