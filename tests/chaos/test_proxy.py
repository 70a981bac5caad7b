"""The wires do what they are told, or a fault would test nothing."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chaos.proxy import Proxy
from node_network import free_ports

PATIENCE = 10.0


@asynccontextmanager
async def wired() -> AsyncIterator[tuple[Proxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client of ours named "a" behind a proxy before an echo named "b"."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    public, inner = free_ports(2)
    server = await asyncio.start_server(echo, "127.0.0.1", inner)
    proxy = Proxy({"b": (public, inner)}, lambda: {"a": os.getpid()}, random.Random(1))
    await proxy.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", public)
    try:
        yield proxy, reader, writer
    finally:
        writer.transport.abort()
        await proxy.close()
        server.close()


async def test_bytes_come_through_in_order_and_the_dialler_is_known() -> None:
    async with wired() as (proxy, reader, writer):
        proxy.wires["a", "b"].most = 0.01
        for number in range(20):
            writer.write(b"%02d" % number)
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            assert await reader.readexactly(40) == b"".join(b"%02d" % number for number in range(20))
        assert set(proxy.wires) == {("a", "b"), ("b", "a")}
        assert proxy.carried == 80


async def test_a_delay_delays() -> None:
    async with wired() as (proxy, reader, writer):
        wire = proxy.wires["a", "b"]
        wire.least = wire.most = 0.2
        begin = asyncio.get_running_loop().time()
        writer.write(b"x")
        async with asyncio.timeout(PATIENCE):
            assert await reader.readexactly(1) == b"x"
        assert asyncio.get_running_loop().time() - begin >= 0.2


@pytest.mark.parametrize("direction", [("a", "b"), ("b", "a")])
async def test_a_closed_wire_holds_everything_until_it_heals(direction: tuple[str, str]) -> None:
    async with wired() as (proxy, reader, writer):
        proxy.wires[direction].open.clear()
        writer.write(b"x")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.readexactly(1)
        proxy.wires[direction].heal()
        async with asyncio.timeout(PATIENCE):
            assert await reader.readexactly(1) == b"x"


async def test_a_cut_ends_the_connection() -> None:
    async with wired() as (proxy, reader, writer):
        writer.write(b"x")
        async with asyncio.timeout(PATIENCE):
            await reader.readexactly(1)
            assert proxy.cut("c") == 0
            assert proxy.cut("a") == 1
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
