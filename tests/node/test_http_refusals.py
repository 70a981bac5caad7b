"""Whatever is asked, the answer is a problem document with a code, and the node goes on."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

from accord_client.api import MAX_JSON_BYTES, MAX_REQUEST_BYTES
from accord_node.http.problems import CODES
from accord_node.http.table import ROUTES

session = pytest.mark.asyncio(loop_scope="session")

BAD = [
    ("/nothing", 404, "HTTP_NOT_FOUND"),
    ("/v1/parties/p0?proof=2", 400, "HTTP_QUERY"),
    ("/v1/parties/p0?proof=yes", 400, "HTTP_QUERY"),
    ("/v1/parties/p0?proof=1&proof=1", 400, "HTTP_QUERY"),
    ("/v1/parties?colour=red", 400, "HTTP_QUERY"),
    ("/v1/programmes?form=null", 400, "HTTP_QUERY"),
    ("/v1/parties?limit=0", 400, "HTTP_QUERY"),
    ("/v1/parties?limit=100000", 400, "HTTP_QUERY"),
    ("/v1/parties?limit=1e2", 400, "HTTP_QUERY"),
    ("/v1/parties?cursor=zz", 400, "HTTP_QUERY"),
    ("/v1/parties?cursor=ff", 400, "HTTP_CURSOR"),
    ("/v1/parties?role=" + "x" * 3000, 400, "HTTP_QUERY"),
    ("/v1/programmes?level_min=minus", 400, "HTTP_QUERY"),
    ("/v1/programmes?category=hobby", 400, "HTTP_QUERY"),
    ("/v1/recognitions?enrolment=12", 400, "HTTP_QUERY"),
    ("/v1/parties/" + "a" * 200, 400, "HTTP_PATH"),
    ("/v1/parties/a%00b", 400, "STATE_KEY"),
    ("/v1/keys/p0", 400, "STATE_KEY"),
    ("/v1/keys/" + "AB" * 32, 400, "STATE_KEY"),
    ("/v1/batches/" + "0" * 31, 400, "STATE_KEY"),
    ("/v1/programmes/welding/one", 400, "STATE_KEY"),
    ("/v1/programmes/welding/01", 400, "STATE_KEY"),
    ("/v1/programmes/welding/" + "9" * 100, 400, "STATE_KEY"),
    ("/v1/programmes/welding/99", 404, "OBJECT_UNKNOWN"),
    ("/v1/credentials/xyz/0", 400, "HTTP_PATH"),
    ("/v1/credentials/" + "0" * 32 + "/131072", 400, "HTTP_PATH"),
    ("/v1/credentials/" + "0" * 32 + "/0", 404, "OBJECT_UNKNOWN"),
    ("/v1/records/-1", 400, "HTTP_PATH"),
    ("/v1/records/1.5", 400, "HTTP_PATH"),
    ("/v1/records/" + "9" * 1000, 400, "HTTP_PATH"),
    ("/v1/records/123456789", 404, "RECORD_UNKNOWN"),
    ("/v1/records?from=-1", 400, "HTTP_QUERY"),
    ("/v1/blocks/0", 404, "BLOCK_UNKNOWN"),
    ("/v1/blocks/123456789", 404, "BLOCK_UNKNOWN"),
    ("/v1/transactions/12", 400, "HTTP_PATH"),
    ("/v1/transactions/" + "0" * 64, 404, "TX_UNKNOWN"),
    ("/v1/state/secrets", 404, "STATE_TABLE"),
    ("/v1/state/party?proof=1", 400, "HTTP_QUERY"),
    ("/v1/state/party?prefix=a/b", 400, "STATE_KEY"),
    ("/v1/state/party/p0/p1", 400, "STATE_KEY"),
    ("/v1/state/seats/p1", 400, "STATE_KEY"),
    ("/v1/state/programme/welding", 400, "STATE_KEY"),
    ("/v1/events?from=x", 400, "HTTP_QUERY"),
    ("/finalization/x", 400, "HTTP_PATH"),
    ("/finalization/99999999", 404, "BLOCK_UNKNOWN"),
    ("/tile/0/1", 400, "TILE_PATH"),
    ("/tile/0/000.p/0", 400, "TILE_PATH"),
    ("/tile/0/000.p/256", 400, "TILE_PATH"),
    ("/tile/9/000", 400, "TILE_PATH"),
    ("/tile/0/x000/000", 400, "TILE_PATH"),
    ("/tile/0/%2e%2e/checkpoint", 400, "TILE_PATH"),
    ("/tile/entries/..%2f..%2fstate.sqlite", 400, "TILE_PATH"),
    ("/tile/%30/000", 400, "TILE_PATH"),
    ("/tile/0/x999/x999/x999/x999/999", 404, "TILE_UNKNOWN"),
    ("/tile/0/000", 404, "TILE_UNKNOWN"),
    ("/tile/entries/000.p/255", 404, "TILE_UNKNOWN"),
]


@pytest.mark.parametrize(("address", "status", "code"), BAD, ids=[item[0][:60] for item in BAD])
@session
async def test_a_bad_request_gets_its_code(served: Any, address: str, status: int, code: str) -> None:
    from yarl import URL

    async with served.client.get(URL(str(served.server.url) + address, encoded=True)) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"], problem["status"]) == (status, code, status)
    assert problem["type"] == f"/v1/problems#{code}"
    assert CODES[code][0] == status


@pytest.mark.parametrize("route", ROUTES, ids=[route.template for route in ROUTES])
@session
async def test_every_route_refuses_unknown_parameters(served: Any, route: Any) -> None:
    address = route.template.replace("{batch_id}", "0" * 32).replace("{tx_id}", "0" * 64)
    address = address.replace("{hash}", "0" * 64).replace("{party}", "p0").replace("{purpose}", "revocation")
    for name in ("id", "version", "index", "height", "table", "parts", "place", "epoch", "name"):
        address = address.replace(f"{{{name}}}", "1")
    async with served.client.request(route.method, f"{address}?surely_unknown=1") as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (400, "HTTP_QUERY")


@session
async def test_another_method_is_refused_with_those_allowed(served: Any) -> None:
    async with served.client.delete("/v1/status") as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"], answer.headers["Allow"]) == (405, "HTTP_METHOD", "GET,HEAD")


BODIES = [
    (b"", "application/json", 400, "HTTP_BODY"),
    (b"{", "application/json", 400, "HTTP_BODY"),
    (b"[" * 100_000, "application/json", 400, "HTTP_BODY"),
    (b'{"entries":[]}', "application/json", 400, "HTTP_BODY"),
    (b'{"entries":["!"]}', "application/json", 400, "HTTP_BODY"),
    (b'{"entries":[5]}', "application/json", 400, "HTTP_BODY"),
    (b'{"entries":["AA=="],"colour":1}', "application/json", 400, "HTTP_BODY"),
    (b'{"entries":["AA=="],"wait":"for ever"}', "application/json", 400, "HTTP_BODY"),
    (b'{"entries":["AA=="],"timeout":1e9}', "application/json", 400, "HTTP_BODY"),
    (b'{"entries":[' + b'"",' * 2000 + b'""]}', "application/json", 400, "HTTP_BODY"),
    (b"\xc1", "application/msgpack", 400, "HTTP_BODY"),
    (b"\x91" * 50_000, "application/vnd.msgpack", 400, "HTTP_BODY"),
    (b"", "application/octet-stream", 400, "HTTP_BODY"),
    (b"x" * 65_536, "application/octet-stream", 413, "HTTP_TOO_LARGE"),
    (b"x" * (MAX_JSON_BYTES + 1), "application/json", 413, "HTTP_TOO_LARGE"),
    (b"x" * (MAX_REQUEST_BYTES + 1), "application/msgpack", 413, "HTTP_TOO_LARGE"),
    (b"entries=AA", "application/x-www-form-urlencoded", 415, "HTTP_MEDIA_TYPE"),
    (b"{}", "text/plain", 415, "HTTP_MEDIA_TYPE"),
]


@pytest.mark.parametrize(("body", "media", "status", "code"), BODIES)
@session
async def test_a_bad_body_gets_its_code(served: Any, body: bytes, media: str, status: int, code: str) -> None:
    headers = {"Content-Type": media}
    async with served.client.post("/v1/transactions", data=io.BytesIO(body), headers=headers) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (status, code)


@session
async def test_a_body_of_unknown_length_is_bounded_too(served: Any) -> None:
    async def endless() -> Any:
        while True:
            yield b"x" * 65_536

    headers = {"Content-Type": "application/octet-stream"}
    async with served.client.post("/v1/transactions", data=endless(), headers=headers) as answer:
        assert answer.status == 413


@session
async def test_a_page_of_cursors_neither_skips_nor_repeats(served: Any) -> None:
    seen, cursor = [], ""
    for _ in range(10):
        page = await served.get(f"/v1/parties?limit=1&cursor={cursor}")
        seen += [row["key"][0] for row in page["items"]]
        if "next" not in page:
            break
        cursor = page["next"]
    assert seen == ["p0", "p1", "p2", "p3"]


@session
async def test_garbage_instead_of_http_ends_the_connection(served: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
    writer.write(b"\x16\x03\x01 not http at all\r\n\r\n")
    async with asyncio.timeout(5):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.")
    assert b" 400 " in answer.split(b"\r\n")[0]
    writer.close()
    await writer.wait_closed()
    assert (await served.get("/v1/status"))["ready"]
