"""Structured logs tell what a node does, and hold no key and nothing of what strangers send."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import structlog
from yarl import URL

from accord_node import logs
from accord_node.config import Logging
from accord_node.http import HttpServer
from node_network import PURPOSES, USES, Network, issue_entry, key, make_alliance, programme_entries
from waiting import until

PERSON = "zoe.learner@example.org"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the whole process logs, at its most talkative."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    logs.set_up(Logging(level="debug", format="json"), out)
    yield out
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


async def ask_with_a_name_everywhere(url: str) -> None:
    """Addresses, queries, headers and bodies that name a person."""
    headers = {"User-Agent": PERSON, "Last-Event-ID": PERSON, "Authorization": f"Bearer {PERSON}"}
    bodies = [PERSON.encode(), json.dumps({"entries": [PERSON]}).encode(), b"\x85" + PERSON.encode()]
    async with aiohttp.ClientSession(headers=headers) as client:
        for address in (f"/{PERSON}", f"/v1/parties/{PERSON}", f"/v1/parties?role={PERSON}", "/v1/events"):
            async with client.get(URL(url + address, encoded=True)) as answer:
                assert answer.status in (200, 400, 404)
        for body, media in zip(bodies, ("json", "json", "octet-stream"), strict=True):
            address, told = f"{url}/v1/transactions", {"Content-Type": f"application/{media}"}
            async with client.post(address, data=body, headers=told) as answer:
                assert answer.status in (200, 400)


async def test_no_key_and_no_person_is_logged(written: io.StringIO, tmp_path: Path) -> None:
    alliance = make_alliance(4)
    async with Network(alliance, tmp_path) as network:
        node = network.nodes["p0"]
        server = HttpServer(node)
        await server.start()
        await until(lambda: node.readiness()[0], "ready")
        await ask_with_a_name_everywhere(server.url)
        good = [*programme_entries(alliance, "p0", "prog"), issue_entry(alliance, "p0", "prog", 1)]
        unsigned = alliance.entry("course_offering", "p0", {"title": PERSON})
        results = await node.submissions.submit([*good, good[0][:-1], unsigned], wait=True, timeout=20)
        assert [item.status for item in results] == ["final"] * 6 + ["rejected"] * 2
        await network.stop("p3")
        await server.close()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert {"started", "stopped"} <= {line["event"] for line in lines}
    assert PERSON not in written.getvalue()
    for party in alliance.parties:
        for use in (*USES, *PURPOSES):
            seed = key(party, use).seed
            for form in (seed.hex(), base64.b64encode(seed).decode(), json.dumps(repr(seed))[1:-1]):
                assert form not in written.getvalue()
