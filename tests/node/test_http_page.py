"""The page for people, headers of every answer, compression, limits of connections, probes, metrics."""

from __future__ import annotations

import asyncio
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from accord_client.api import NodeStatus, Position
from accord_node.config import parse
from accord_node.http import HttpServer
from accord_node.http.page import render
from accord_node.readmodel import RecordRow

session = pytest.mark.asyncio(loop_scope="session")
VOID = {"meta", "link", "br"}


class Outline(HTMLParser):
    """Collects tags, and fails on tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def status(name: str) -> NodeStatus:
    return NodeStatus(
        network="00" * 32, name=name, party="p0", version="1", origin="o", epoch=0, members=["p0", name], quorum=3,
        linked=[], voting=True, ready=False, reason=name, view=1, log_size=1, pending=0, test_network=True,
        position=Position(height=1, block_hash="", state_root="", time=0),
    )  # fmt: skip


def test_names_are_escaped() -> None:
    evil = '<script>alert("x")</script>&'
    page = render(status(evil), [RecordRow(1, 1, evil, evil, b"", None, 0)], dict.fromkeys(COUNTED, 1000))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5
    assert {tag for tag, _ in Outline(page).tags}.isdisjoint({"script", "iframe", "img", "form"})


COUNTED = ("programmes", "parties", "agreements", "batches", "recognitions", "grants", "frameworks")


def test_the_page_is_made_for_everyone() -> None:
    tags = Outline(render(status("Alliance"), [], dict.fromkeys(COUNTED, 3))).tags
    names = [tag for tag, _ in tags]
    assert ("html", {"lang": "en"}) in tags
    assert names.count("h1") == 1
    assert names.count("main") == 1
    assert any(tag == "meta" and about.get("name") == "viewport" for tag, about in tags)
    assert "scripted clock" in render(status("Alliance"), [], dict.fromkeys(COUNTED, 3))


def test_what_may_scroll_is_named_and_can_be_reached() -> None:
    row = RecordRow(1, 1, "programme_register", "p0", b"", None, 0)
    tags = Outline(render(status("Alliance"), [row], dict.fromkeys(COUNTED, 3))).tags
    [region] = [about for _, about in tags if about.get("role") == "region"]
    assert region["tabindex"] == "0"
    assert region["aria-labelledby"] in [about.get("id") for tag, about in tags if tag == "h2"]


@session
async def test_every_link_of_the_page_leads_somewhere(served: Any) -> None:
    async with served.client.get("/") as answer:
        page = await answer.text()
        assert answer.content_type == "text/html"
        assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]
    links = [about["href"] for tag, about in Outline(page).tags if tag == "a"]
    assert len(links) > 10
    for link in links:
        async with served.client.get(link) as answer:
            assert answer.status == 200, link


@pytest.mark.parametrize(
    "address", ["/v1/status", "/nothing", "/checkpoint", "/tile/0/000.p/1", "/metrics", "/livez"]
)
@session
async def test_security_headers_and_open_data(served: Any, address: str) -> None:
    async with served.client.get(address) as answer:
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Access-Control-Allow-Origin"] == "*"


@session
async def test_submissions_are_not_open_to_other_sites(served: Any) -> None:
    async with served.client.post(
        "/v1/transactions", data=b"x", headers={"Content-Type": "text/plain"}
    ) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers


@session
async def test_large_answers_are_compressed_for_those_who_ask(served: Any) -> None:
    async with served.client.get("/v1/openapi.json", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
    async with served.client.get("/v1/openapi.json", headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Vary"] == "Accept-Encoding"


@session
async def test_probes(served: Any) -> None:
    for address in ("/livez", "/readyz"):
        async with served.client.get(address) as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")


@session
async def test_metrics_parse_and_tell_the_height(served: Any) -> None:
    async with served.client.get("/metrics") as answer:
        text = await answer.text()
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["accord_height"] >= 2
    assert found["accord_links"] == 3
    assert found["accord_loop_late_seconds_count"] > 0
    assert found["accord_signatures_checked_total"] > 0


@session
async def test_head_is_get_without_a_body(served: Any) -> None:
    async with served.client.head("/v1/status") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 100


@session
async def test_connections_beyond_the_limit_wait(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small = parse({"party": "p0", "http": {"port": 0, "max_connections": 1}})
    monkeypatch.setattr(served.node, "config", small)
    server = HttpServer(served.node)
    await server.start()
    try:
        async with aiohttp.ClientSession(server.url) as first, aiohttp.ClientSession(server.url) as second:
            async with first.get("/livez") as answer:
                assert answer.status == 200
            waiting = asyncio.ensure_future(second.get("/livez"))
            done, _ = await asyncio.wait({waiting}, timeout=0.3)
            assert not done
            await first.close()
            async with asyncio.timeout(5), await waiting as answer:
                assert answer.status == 200
    finally:
        await server.close()
