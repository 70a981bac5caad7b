"""Submitting: every form, item by item, again, and when the node has enough to do."""

from __future__ import annotations

import asyncio
import base64
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from accord_client.api import SubmitResponse
from accord_ledger import codec
from accord_ledger.keys import verifies
from accord_ledger.tags import Tag
from accord_node.http import submit
from accord_node.http.site import MIB
from node_network import issue_entry
from waiting import until_so

session = pytest.mark.asyncio(loop_scope="session")
numbers = iter(range(100, 10_000))


def fresh(served: Any) -> bytes:
    return issue_entry(served.alliance, "p0", "welding", next(numbers), count=12)


async def post(served: Any, body: bytes, media: str, query: str = "") -> SubmitResponse:
    headers = {"Content-Type": media}
    async with served.client.post(f"/v1/transactions{query}", data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return msgspec.json.decode(await answer.read(), type=SubmitResponse)


@session
async def test_a_bare_record(served: Any) -> None:
    entry = fresh(served)
    answer = await post(served, entry, "application/octet-stream", "?wait=final&timeout=20")
    [result] = answer.results
    assert (result.status, result.entry_hash) == ("final", sha256(entry).hexdigest())
    view = await served.get(f"/v1/transactions/{result.tx_id}")
    assert (view["record"]["index"], view["record"]["height"]) == (result.index, result.height)


@session
@pytest.mark.parametrize("media", ["application/msgpack", "application/vnd.msgpack"])
async def test_messagepack(served: Any, media: str) -> None:
    body = msgspec.msgpack.encode({"entries": [fresh(served)], "wait": "final"})
    assert [item.status for item in (await post(served, body, media)).results] == ["final"]


@session
async def test_each_of_many_gets_its_own_answer(served: Any) -> None:
    good, other = fresh(served), fresh(served)
    results = await served.submit(good, b"no record", other, good[:-1] + bytes([good[-1] ^ 1]))
    assert [item["status"] for item in results] == ["final", "rejected", "final", "rejected"]
    assert results[1]["code"] == "E_SCHEMA"


@session
async def test_a_rejection_is_signed_by_the_node(served: Any) -> None:
    [result] = await served.submit(b"no record")
    signed = result["rejection"]
    message = codec.encode([bytes.fromhex(signed["entry_hash"]), signed["height"], signed["code"]])
    key = served.node.directory.node("p0").log
    assert verifies(key, Tag.SIGN_REJECTION.message(message), bytes.fromhex(signed["signature"]))
    assert signed["entry_hash"] == sha256(b"no record").hexdigest()


@session
async def test_asking_again_gives_the_first_answer(served: Any) -> None:
    entry = fresh(served)
    [first] = await served.submit(entry)
    [again] = await served.submit(entry)
    assert (again["status"], again["index"]) == ("final", first["index"])


@session
async def test_a_client_that_goes_away_loses_nothing(served: Any) -> None:
    entry = fresh(served)
    _, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
    head = (
        f"POST /v1/transactions?wait=final HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Length: {len(entry)}\r\n\r\n"
    )
    writer.write(head.encode() + entry)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    name = sha256(entry).hexdigest()

    async def recorded() -> bool:
        return bool((await served.get("/v1/records?kind=credential_issue&limit=500"))["items"])

    await until_so(recorded, "recorded it")
    [result] = await served.submit(entry)
    assert (result["status"], result["entry_hash"]) == ("final", name)


@session
async def test_too_many_at_once_are_told_to_come_back(served: Any) -> None:
    load, most = served.server.site.load, served.node.config.http.submissions_at_once
    load.requests += most
    try:
        body = {"entries": [base64.b64encode(fresh(served)).decode()]}
        async with served.client.post("/v1/transactions", json=body) as answer:
            problem = await answer.json(content_type=None)
    finally:
        load.requests -= most
    assert (answer.status, problem["code"], answer.headers["Retry-After"]) == (503, "BUSY_SUBMISSIONS", "1")
    assert (load.requests, load.body_bytes) == (0, 0)


@session
async def test_wait_belongs_into_the_body_of_many(served: Any) -> None:
    body = {"entries": [base64.b64encode(fresh(served)).decode()]}
    async with served.client.post("/v1/transactions?wait=final", json=body) as answer:
        assert answer.status == 400
        assert (await answer.json(content_type=None))["code"] == "HTTP_QUERY"


async def said_to(served: Any, head: bytes, body: bytes = b"") -> bytes:
    """What the node answers to this much of a request; the rest never comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
    writer.write(b"POST /v1/transactions HTTP/1.1\r\nHost: here\r\n" + head + b"\r\n\r\n" + body)
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"}")
    writer.close()
    await writer.wait_closed()
    return answer


@session
async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(served: Any) -> None:
    answer = await said_to(served, b"Content-Type: application/octet-stream\r\nContent-Length: 70000")
    assert b" 413 " in answer
    assert b"HTTP_TOO_LARGE" in answer


@session
async def test_a_body_that_does_not_come_is_not_waited_for(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "BODY_SECONDS", 0.1)
    answer = await said_to(served, b"Content-Type: application/octet-stream\r\nContent-Length: 10", b"12345")
    assert b" 408 " in answer
    assert b"HTTP_BODY_TIMEOUT" in answer
    assert served.server.site.load.body_bytes == 0


@session
async def test_a_record_of_unknown_length_is_bounded_as_records_are(served: Any) -> None:
    async def much() -> Any:
        yield b"x" * 70_000

    headers = {"Content-Type": "application/octet-stream"}
    async with served.client.post("/v1/transactions", data=much(), headers=headers) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (413, "HTTP_TOO_LARGE")


@session
async def test_bodies_under_way_are_bounded_together(served: Any) -> None:
    load = served.server.site.load
    held = served.node.config.http.submissions_at_once * MIB
    load.body_bytes += held
    try:
        body = {"entries": [base64.b64encode(fresh(served)).decode()]}
        async with served.client.post("/v1/transactions", json=body) as answer:
            problem = await answer.json(content_type=None)
    finally:
        load.body_bytes -= held
    assert (answer.status, problem["code"], load.body_bytes) == (503, "BUSY_SUBMISSIONS", 0)
