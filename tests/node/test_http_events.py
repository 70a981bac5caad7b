"""Event streams: from any index, resumable, filtered, bounded, ended by the reader or the node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from accord_node.http import events
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
