"""HTTPS before a node: the bytes pass, nobody else is trusted, and closing leaves nothing open."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from accord_node.demo.front import MAX_CONNECTIONS, Authority, Fronts
from node_network import free_ports

SIZE = 1_000_000


@asynccontextmanager
async def fronted(folder: Path) -> AsyncIterator[tuple[Authority, Fronts, str]]:
    """A server that gives back what it gets, behind a front."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app = web.Application(client_max_size=2 * SIZE)
    app.router.add_post("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    plain, port = free_ports(2)
    await web.TCPSite(runner, "127.0.0.1", plain).start()
    authority = Authority.create(folder)
    fronts = Fronts(authority, {port: plain})
    await fronts.start()
    try:
        yield authority, fronts, f"https://localhost:{port}/"
    finally:
        await fronts.close()
        await runner.cleanup()


def trusting(authority: Authority) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=authority.client_context()))


async def test_bytes_pass_unchanged_both_ways(tmp_path: Path) -> None:
    sent = bytes(range(256)) * (SIZE // 256)
    async with fronted(tmp_path) as (authority, _, url), trusting(authority) as session:
        for body in (b"", b"a", sent):
            async with session.post(url, data=body) as answer:
                assert await answer.read() == body


async def test_only_who_trusts_the_authority_talks_to_it(tmp_path: Path) -> None:
    async with fronted(tmp_path) as (_, _, url), aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.post(url)
        other = ssl.create_default_context(cafile=Authority.create(tmp_path / "other").certificate)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.post(url, ssl=other)


async def test_a_node_that_is_down_ends_the_connection(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path)
    nobody, port = free_ports(2)
    fronts = Fronts(authority, {port: nobody})
    await fronts.start()
    try:
        async with trusting(authority) as session:
            with pytest.raises(aiohttp.ClientError):
                await session.post(f"https://localhost:{port}/")
    finally:
        await fronts.close()


async def test_connections_are_bounded_and_closing_ends_them(tmp_path: Path) -> None:
    async with asyncio.timeout(20), fronted(tmp_path) as (authority, fronts, url):
        port, context = int(url.rstrip("/").rpartition(":")[2]), authority.client_context()
        held = [await asyncio.open_connection("localhost", port, ssl=context) for _ in range(MAX_CONNECTIONS)]
        reader, refused = await asyncio.open_connection("localhost", port, ssl=context)
        assert await reader.read() == b""
        await fronts.close()
        assert await held[0][0].read() == b""
        for _, writer in (*held, (reader, refused)):
            writer.close()
