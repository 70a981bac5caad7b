"""A peer that speaks the HTTP interface over a ledger in memory, and misbehaves on request.

server = LedgerServer(ledger)
async with server:
    server.faults.append(fail_with(503))
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Self

import msgspec
from aiohttp import web

from accord_client.api import (
    BlockView,
    Fact,
    Listing,
    NodeStatus,
    Problem,
    ProvedValue,
    RecordAnswer,
    RecordView,
    Row,
    StateProof,
    StateProofs,
    StateProofsRequest,
    SubmitRequest,
    SubmitResponse,
    SubmitResult,
)
from accord_client.plain import to_plain
from accord_client.sdk.state_keys import NUMBER, SHAPES, TEXT
from accord_ledger import codec
from accord_ledger.errors import Rejection
from accord_ledger.state import table_types
from accord_ledger.transaction import parse_record
from client_ledger import ORIGIN, ClientLedger

Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""Answers in place of the server, or None to let it answer; used up by one request."""


def fail_with(status: int, code: str = "BUSY_SUBMISSIONS") -> Fault:
    """A problem document."""

    async def fault(_: web.Request) -> web.Response:
        return problem(status, code)

    return fault


def answer_with(body: bytes, *, content_type: str = "application/json") -> Fault:
    """These bytes."""

    async def fault(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type)

    return fault


async def hang_up(request: web.Request) -> None:
    """The connection is cut without an answer."""
    assert request.transport is not None
    request.transport.abort()


async def stay_silent(_: web.Request) -> web.Response:
    """No answer for longer than anyone waits."""
    await asyncio.Event().wait()
    raise AssertionError


def problem(status: int, code: str, *, proof: StateProof | None = None, position: Any = None) -> web.Response:
    """A problem document."""
    document = Problem(
        type="", title="", status=status, code=code, detail="on request", proof=proof, position=position
    )
    return web.json_response(body=msgspec.json.encode(document), status=status)


def _json(value: Any) -> web.Response:
    return web.json_response(body=msgspec.json.encode(value))


class LedgerServer:
    """One node, as clients see it."""

    def __init__(self, ledger: ClientLedger) -> None:
        self.ledger = ledger
        self.faults: list[Fault] = []
        """Answers to the next requests, in order."""
        self.tamper: Callable[[StateProof], StateProof] | None = None
        """What this node makes of every state proof."""
        self.requests: Counter[str] = Counter()
        self.lose_answers = 0
        """How many submissions are executed and not answered."""
        self.accept_only = 0
        """How many submissions are answered ``accepted`` before they are executed."""
        self.step = 60
        """Seconds between blocks."""
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._middleware], client_max_size=2**24)
        app.router.add_get("/v1/status", self._status)
        app.router.add_get("/v1/state/{table}/{parts:.+}", self._state)
        app.router.add_post("/v1/state", self._states)
        app.router.add_get("/v1/records/{index}", self._record)
        app.router.add_get("/v1/transactions/{tx_id}", self._transaction)
        app.router.add_get("/v1/blocks/{height}", self._block)
        app.router.add_get("/v1/parties", self._parties)
        app.router.add_get("/v1/events", self._events)
        app.router.add_post("/v1/transactions", self._submit)
        self.add_routes(app)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    def add_routes(self, app: web.Application) -> None:
        """Routes of a subclass."""

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests[f"{request.method} {request.path.split('/')[2]}"] += 1
        if self.faults:
            fault = self.faults.pop(0)
            if (response := await fault(request)) is not None:
                return response
        return await handler(request)  # type: ignore[no-any-return]

    async def _status(self, _: web.Request) -> web.Response:
        ledger = self.ledger
        return _json(
            NodeStatus(
                network=ledger.network.hex(), name="Test alliance", party="uu", version="1", origin=ORIGIN, epoch=0,
                members=[], quorum=5, linked=[], voting=True, ready=True, view=1, log_size=len(ledger.entries),
                pending=0, position=ledger.position(),
            )
        )  # fmt: skip

    async def _state(self, request: web.Request) -> web.Response:
        table = request.match_info["table"]
        texts = request.match_info["parts"].split("/")
        key = table.encode() + b"/"
        for kind, text in zip(SHAPES[table], texts, strict=True):
            if kind == TEXT:
                key += text.encode() + b"\x00"
            else:
                key += int(text).to_bytes(8, "big") if kind == NUMBER else bytes.fromhex(text)
        proof = self.ledger.state_proof(key) if request.query.get("proof") == "1" else None
        if proof is not None and self.tamper is not None:
            proof = self.tamper(proof)
        raw = self.ledger.values.get(key)
        if raw is None:
            return problem(404, "OBJECT_UNKNOWN", proof=proof, position=self.ledger.position())
        value = codec.decode(raw, table_types()[table], limit=2**22)
        return _json(Fact(value=to_plain(value), position=self.ledger.position(), proof=proof))

    async def _states(self, request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=StateProofsRequest)
        seal = self.ledger.seal_proof()
        proofs = [self.ledger.state_proof(bytes.fromhex(key), seal=seal) for key in wanted.keys]
        if self.tamper is not None:
            proofs = [self.tamper(proof) for proof in proofs]
        values = [ProvedValue(key=item.key, value=item.value, proof=item.proof) for item in proofs]
        return _json(StateProofs(seal=seal, values=values, position=self.ledger.position()))

    async def _parties(self, request: web.Request) -> web.Response:
        names = sorted(key[6:-1].decode() for key in self.ledger.values if key.startswith(b"party/"))
        start = int(request.query.get("cursor", "0"))
        rows = [Row(key=[name], value={"party_id": name}) for name in names[start : start + 8]]
        more = str(start + 8) if start + 8 < len(names) else None
        return _json(Listing(items=rows, next=more, position=self.ledger.position()))

    async def _block(self, request: web.Request) -> web.Response:
        sealed = self.ledger.seals[int(request.match_info["height"]) - 1]
        seal = sealed.seal
        view = BlockView(
            height=seal.height,
            hash=sealed.hash.hex(),
            seal={},
            first=seal.first,
            count=seal.count,
            position=self.ledger.position(),
            proof=self.ledger.inclusion(seal.first + seal.count)
            if request.query.get("proof") == "1"
            else None,
        )
        return _json(view)

    def view(self, index: int) -> RecordView:
        """A record as people see it."""
        record = parse_record(self.ledger.entries[index])
        seal = next(item.seal for item in self.ledger.seals if item.seal.first + item.seal.count > index)
        return RecordView(
            index=index, height=seal.height, time=seal.time, kind=record.tx.kind, author=record.tx.author,
            tx_id=record.tx_id.hex(), body={}, signatures=[],
        )  # fmt: skip

    async def _record(self, request: web.Request) -> web.Response:
        index = int(request.match_info["index"])
        proof = self.ledger.inclusion(index) if request.query.get("proof") == "1" else None
        return _json(RecordAnswer(record=self.view(index), position=self.ledger.position(), proof=proof))

    async def _transaction(self, request: web.Request) -> web.Response:
        index = self.ledger.index_of(bytes.fromhex(request.match_info["tx_id"]))
        if index is None:
            return problem(404, "TX_UNKNOWN")
        proof = self.ledger.inclusion(index) if request.query.get("proof") == "1" else None
        return _json(RecordAnswer(record=self.view(index), position=self.ledger.position(), proof=proof))

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        wanted = msgspec.json.decode(await request.read(), type=SubmitRequest)
        results = [self._take(entry, wait=wanted.wait == "final") for entry in wanted.entries]
        if self.lose_answers:
            self.lose_answers -= 1
            await hang_up(request)
        return _json(SubmitResponse(results=results, position=self.ledger.position()))

    def _take(self, entry: bytes, *, wait: bool) -> SubmitResult:
        record = parse_record(entry)
        names: dict[str, Any] = {"tx_id": record.tx_id.hex(), "entry_hash": record.entry_hash.hex()}
        if self.accept_only:
            self.accept_only -= 1
            return SubmitResult(status="accepted", **names)
        index = self.ledger.index_of(record.tx_id)
        if index is None:
            try:
                self.ledger.add(entry)
            except Rejection as error:
                return SubmitResult(
                    status="rejected", code=error.code, detail=error.detail, path=error.path, **names
                )
            self.ledger.seal(self.step)
            index = self.ledger.index_of(record.tx_id)
        assert index is not None
        if not wait:
            return SubmitResult(status="accepted", **names)
        return SubmitResult(status="final", index=index, height=self.view(index).height, **names)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Two records, then the connection ends: readers come back for the rest."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n: alive\n\n")
        sent = 0
        for index in range(int(request.query.get("from", "0")), len(self.ledger.entries)):
            try:
                view = self.view(index)
            except Rejection:
                continue
            await response.write(b"id: %d\nevent: record\ndata: %b\n\n" % (index, msgspec.json.encode(view)))
            sent += 1
            if sent == 2:
                break
        return response
