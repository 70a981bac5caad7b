"""Event streams: from any index, resumable, filtered, bounded, ended by the reader or the node."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from accord_node.http import HttpServer, events
from node_network import issue_entry
from waiting import until

session = pytest.mark.asyncio(loop_scope="session")
numbers = iter(range(20_000, 30_000))


async def read_events(answer: Any, count: int) -> list[tuple[int, dict[str, Any]]]:
    """The next events of a stream, comments left out."""
    found: list[tuple[int, dict[str, Any]]] = []
    async with asyncio.timeout(20):
        async for block in _blocks(answer):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "data" in fields:
                found.append((int(fields["id"]), json.loads(fields["data"])))
            if len(found) >= count:
                break
    return found[:count]


async def _blocks(answer: Any) -> AsyncIterator[str]:
    held = ""
    async for chunk in answer.content.iter_any():
        held += chunk.decode()
        *whole, held = held.split("\n\n")
        for block in whole:
            yield block


@session
async def test_records_from_the_beginning_in_order(served: Any) -> None:
    async with served.client.get("/v1/events?from=0") as answer:
        assert answer.content_type == "text/event-stream"
        found = await read_events(answer, 4)
    indexes = [view["index"] for _, view in found]
    assert indexes == sorted(set(indexes))
    blocks = {view["height"]: await served.get(f"/v1/blocks/{view['height']}") for _, view in found}
    first = min(blocks)  # those below held a seal alone
    assert indexes[0] == blocks[first]["first"] == first - 1
    assert found[0][1] == (await served.get(f"/v1/records/{indexes[0]}"))["record"]


@session
async def test_the_last_event_id_resumes(served: Any) -> None:
    async with served.client.get("/v1/events?from=0") as answer:
        *_, (before, _), (after, _) = await read_events(answer, 3)
    headers = {"Last-Event-ID": str(before)}
    async with served.client.get("/v1/events?from=0", headers=headers) as answer:
        [(index, _)] = await read_events(answer, 1)
    assert index == after


@session
async def test_new_records_arrive_while_the_stream_is_open(served: Any) -> None:
    async with served.client.get("/v1/events?kind=credential_issue&author=p0") as answer:
        entry = issue_entry(served.alliance, "p0", "welding", next(numbers), count=12)
        [result] = await served.submit(entry)
        [(index, view)] = await read_events(answer, 1)
    assert (index, view["tx_id"]) == (result["index"], result["tx_id"])


@session
async def test_a_stream_says_that_it_is_alive(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    async with served.client.get("/v1/events?kind=party_register") as answer, asyncio.timeout(5):
        blocks = [block async for block in _some(answer, 2)]
    assert blocks == ["retry: 2000", ": alive"]


async def _some(answer: Any, count: int) -> AsyncIterator[str]:
    async for block in _blocks(answer):
        yield block
        count -= 1
        if not count:
            return


@session
async def test_streams_are_bounded(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_node.http.feed.MAX_SUBSCRIBERS", served.server.site.feed.subscribers)
    problem = await served.get("/v1/events", 503)
    assert problem["code"] == "BUSY_EVENTS"


@session
async def test_a_reader_that_left_is_forgotten(served: Any) -> None:
    async with served.client.get("/v1/events") as answer:
        assert answer.status == 200
        before = served.server.site.feed.subscribers
        assert before >= 1
    await until(lambda: served.server.site.feed.subscribers < before, "forgot the reader")


@session
async def test_a_resumption_that_names_no_index_is_refused(served: Any) -> None:
    for wrong in ("x", "-1", "1.5", str(2**53)):
        problem = await served.get("/v1/events", 400, headers={"Last-Event-ID": wrong})
        assert (problem["code"], problem["path"]) == ("HTTP_QUERY", "Last-Event-ID")


def deaf_reader(port: int) -> socket.socket:
    """Asks for every event and reads none."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", port))
    slow.sendall(b"GET /v1/events?from=0 HTTP/1.1\r\nHost: here\r\n\r\n")
    return slow


async def rest_of(slow: socket.socket) -> bytes:
    taken, loop = b"", asyncio.get_running_loop()
    slow.setblocking(False)
    with suppress(ConnectionResetError):
        while chunk := await loop.sock_recv(slow, 65_536):
            taken += chunk
    return taken


@session
async def test_a_reader_that_takes_nothing_is_let_go_and_can_resume(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [issue_entry(served.alliance, "p0", "welding", next(numbers), count=12) for _ in range(200)]
    await served.submit(*entries)
    monkeypatch.setattr(events, "WRITE_SECONDS", 0.2)
    server = HttpServer(served.node)
    await server.start()
    running: Any = server
    running._listener._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with deaf_reader(server.port) as slow:
        await until(lambda: server.site.feed.subscribers == 1, "reads")
        await until(lambda: server.site.feed.subscribers == 0, "let go")
        await until(lambda: not running._runner.server.connections, "its connection has ended")
        taken = await rest_of(slow)
    await server.close()
    *_, last = re.findall(rb"id: (\d+)", taken)
    async with served.client.get("/v1/events", headers={"Last-Event-ID": last.decode()}) as answer:
        [(index, _)] = await read_events(answer, 1)
    assert int(last) < index < served.node.chain.base.log.size
