"""The scenario's ledger in memory behind the HTTP interface: state, records, blocks and provable questions.

async with StageServer(StageLedger(stage)) as server:
    server.hidden = lambda view: view.kind == "programme_approve"
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from accord_client.api import (
    AnswerProof,
    AskedAt,
    InclusionProof,
    ProvedValue,
    QuestionAnswer,
    RecordListing,
    RecordView,
    Trusted,
)
from accord_client.plain import to_plain
from accord_client.proofs import base64_text
from accord_client.sdk.questions import read_asked
from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import SealedBytes
from accord_ledger.domain.context import Context
from accord_ledger.domain.pipeline import prepare
from accord_ledger.domain.questions.question import questions
from accord_ledger.domain.questions.reading import Act, Reading
from accord_ledger.errors import AccordError
from accord_ledger.merkle.proof import inclusion_proof
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.state import View
from audit_world import checkpoint_note
from client_ledger import ClientLedger, Recorded
from ledger_server import LedgerServer, _json
from questions_world import StateRows, StateTallies
from scenario.asking import StageLog
from scenario.memory_stage import MemoryStage


class StageLedger(ClientLedger):
    """A stage as it stands now, with the proofs that nodes give."""

    def __init__(self, stage: MemoryStage) -> None:
        self.network, self.values, self.entries = stage.network, dict(stage.source.values), list(stage.log)
        self.leaves = [leaf_hash(entry) for entry in self.entries]
        self.seals = [sealed for sealed in map(_sealed, self.entries) if sealed is not None]
        self.text = checkpoint_note(self.entries).decode()
        self.version = _Proving(AuthMap.build(self.values.items()))  # type: ignore[assignment]  # nothing is executed here
        self.proved: dict[int, InclusionProof] = {}
        """Made once: nothing is ever added here."""

    def inclusion(self, index: int, **_: Any) -> InclusionProof:
        if index not in self.proved:
            self.proved[index] = InclusionProof(
                index=index,
                entry=base64_text(self.entries[index]),
                path=[item.hex() for item in inclusion_proof(self.leaves, index, len(self.leaves))],
                checkpoint=self.text,
            )
        return self.proved[index]

    def state_proof(self, key: bytes, **_: Any) -> Any:
        return super().state_proof(key, seal=self.inclusion(len(self.entries) - 1))


class _Proving:
    """The one part of a version that proofs are made of."""

    def __init__(self, keyed: AuthMap) -> None:
        self.map = keyed


def _sealed(entry: bytes) -> SealedBytes | None:
    try:
        return SealedBytes.parse(entry)
    except AccordError:
        return None


class Noted(StageLog):
    """A log that remembers what it was asked, as the trusted part of an answer, and hides some kinds."""

    def __init__(self, entries: Sequence[bytes], silenced: set[str]) -> None:
        super().__init__(entries)
        self.asked: list[Any] = []
        self.silenced = silenced

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        found = [a for a in super().acts(subject, position, since, limit) if a.kind not in self.silenced]
        rows = [(a.index, a.height, a.time, a.kind, a.author, a.tx_id.hex()) for a in found]
        self.asked.append((subject.hex(), position, since, limit, rows))
        return found


class StageServer(LedgerServer):
    """A node over a stage; ``hidden`` records are listed nowhere, ``silenced`` ones not among acts."""

    def __init__(self, ledger: ClientLedger) -> None:
        super().__init__(ledger)
        self.hidden: Callable[[RecordView], bool] = lambda _: False
        self.silenced: set[str] = set()
        self.lies: dict[str, Callable[[dict[str, Any]], None]] = {}
        """What this node makes of its answers, by address."""
        self.views: dict[int, RecordView] = {}

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        answer = await super()._middleware(request, handler)
        lie = self.lies.get(request.path)
        if lie is None:
            return answer
        told = json.loads(answer.body)  # type: ignore[attr-defined]  # every answer here is JSON
        lie(told)
        return web.json_response(told)

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/v1/records", self._records)
        app.router.add_get("/v1/questions/{name}", self._question)

    def view(self, index: int) -> RecordView:
        if index not in self.views:
            self.views[index] = self._viewed(index)
        return self.views[index]

    def _viewed(self, index: int) -> RecordView:
        body = to_plain(prepare(self.ledger.entries[index]).body)
        found = super().view(index)
        return RecordView(
            index=index, height=found.height, time=found.time, kind=found.kind, author=found.author,
            tx_id=found.tx_id, body=body, signatures=[],
        )  # fmt: skip

    async def _records(self, request: web.Request) -> web.Response:
        found: list[RecordView] = []
        for index in range(int(request.query.get("from", "0")), len(self.ledger.entries)):
            if _sealed(self.ledger.entries[index]) is None:
                view = self.view(index)
                if view.kind == request.query.get("kind", view.kind) and not self.hidden(view):
                    found.append(view)
            if len(found) == 20:
                break
        more = found[-1].index + 1 if len(found) == 20 else None
        return _json(RecordListing(items=found, next=more, position=self.ledger.position()))

    async def _question(self, request: web.Request) -> web.Response:
        ledger, question = self.ledger, questions()[request.match_info["name"]]
        given = {name: text for name, text in request.query.items() if name not in ("at", "after", "proof")}
        evidence, log = Recorded(ledger.values), Noted(ledger.entries, self.silenced)
        seal = ledger.seals[-1].seal
        ctx = Context(state=View(evidence), network=ledger.network, height=seal.height, time=seal.time)
        height = int(request.query["at"]) if "at" in request.query else None
        at = AskedAt(time=seal.time)
        if height is not None:
            then = ledger.seals[height - 1].seal
            at = AskedAt(time=then.time, height=height, seal=ledger.inclusion(then.first + then.count))
        rows, tallies = StateRows(ledger.values), StateTallies(ledger.values)
        reading = Reading(ctx, rows, log, tallies, at=at.time)
        value = question.run(reading, read_asked(question, given))
        proof = AnswerProof(
            seal=ledger.seal_proof(),
            values=[self._value(key) for key in evidence.seen],
            trusted=Trusted(acts=log.asked),
        )
        return _json(
            QuestionAnswer(
                answer=to_plain(value), position=ledger.position(), at=at, notes=reading.notes, proof=proof
            )
        )

    def _value(self, key: bytes) -> ProvedValue:
        raw = self.ledger.values.get(key)
        value = None if raw is None else base64_text(raw)
        return ProvedValue(
            key=key.hex(), value=value, proof=base64_text(codec.encode(self.ledger.version.map.prove(key)))
        )
