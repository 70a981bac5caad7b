"""Who asks for much and reads nothing: its answers are given up before they fill memory, and nobody else's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest

from accord_node.http import HttpServer
from accord_node.http.unread import Unread
from node_network import Network, make_alliance
from waiting import until

PIECE = bytes(8_000_000)
NAME = sha256(PIECE).hexdigest()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[HttpServer]:
    """One node that serves one large piece of a snapshot."""
    network = Network(make_alliance(4), tmp_path)
    await network.start("p0")
    served = HttpServer(network.nodes["p0"])
    folder = network.nodes["p0"].store.files.root / "snapshot" / "chunk"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(PIECE)
    await served.start()
    served.site.unread = Unread(limit=20_000_000)
    yield served
    await served.close()
    await network.stop()


async def ask(stack: ExitStack, server: HttpServer) -> socket.socket:
    """A client that asks for the piece and reads nothing."""
    client = stack.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", server.port))
    await loop.sock_sendall(client, f"GET /snapshot/chunk/{NAME} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return client


async def read(client: socket.socket) -> int:
    """How many bytes come until the connection ends or nothing is missing."""
    loop, size = asyncio.get_running_loop(), 0
    try:
        async with asyncio.timeout(20):
            while size < len(PIECE) and (data := await loop.sock_recv(client, 1 << 20)):
                size += len(data)
    except ConnectionResetError:
        pass
    return size


async def test_of_too_many_unread_answers_the_oldest_are_given_up(server: HttpServer) -> None:
    with ExitStack() as stack:
        clients: list[socket.socket] = []
        unread = server.site.unread

        def begun() -> bool:
            return len(unread._held) + unread.given_up == len(clients)

        for _ in range(5):
            clients.append(await ask(stack, server))
            await until(begun)
        assert (unread.given_up, unread.size) == (3, 2 * len(PIECE))
        whole = [await read(client) >= len(PIECE) for client in clients]
        assert whole == [False, False, False, True, True]
        await until(lambda: unread.size == 0)
    assert b"accord_http_given_up_total 3.0" in server.site.metrics.page()


async def test_who_reads_is_not_disturbed(server: HttpServer) -> None:
    async with aiohttp.ClientSession(server.url) as client:
        for _ in range(5):
            async with client.get(f"/snapshot/chunk/{NAME}") as answer:
                assert await answer.read() == PIECE
        async with client.head(f"/snapshot/chunk/{NAME}") as answer:
            assert int(answer.headers["Content-Length"]) == len(PIECE)
    await until(lambda: server.site.unread.size == 0)
    assert server.site.unread.given_up == 0
