"""An https server on loopback that answers with the bytes it is told to, or badly, and counts who comes.

async with https_host(server_context(folder, "server")) as host:
    host.answers["/a"] = found(b"{}")
    host.url("/a")
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MOST = 2**26
"""Bytes after which even an endless answer ends."""

Write = Callable[[bytes], Awaitable[None]]
Answer = Callable[[Write], Awaitable[None]]
"""Writes an answer, head and all."""


def found(body: bytes, **headers: str) -> Answer:
    """This body, with status 200; underscores in the names of headers stand for hyphens."""
    return plain("200 OK", body, **headers)


def plain(status: str, body: bytes = b"", **headers: str) -> Answer:
    """An answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    async def answer(write: Write) -> None:
        await write("\r\n".join([*lines, "", ""]).encode() + body)

    return answer


def endless(head: bytes, part: bytes) -> Answer:
    """A beginning, and then more and more."""

    async def answer(write: Write) -> None:
        await write(head)
        while True:
            await write(part)

    return answer


def slow(head: bytes) -> Answer:
    """A beginning, and then a byte now and then."""

    async def answer(write: Write) -> None:
        await write(head)
        while True:
            await asyncio.sleep(0.01)
            await write(b" ")

    return answer


async def silence(_: Write) -> None:
    """Nothing, for longer than anyone waits."""
    await asyncio.Event().wait()


@dataclass
class Host:
    """What is served, and who came."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    connections: int = 0
    """How many came, whether or not they trusted the certificate."""
    asked: list[str] = field(default_factory=list)
    written: int = 0
    """Bytes that went out."""
    open: int = 0
    """Connections that neither side has ended."""
    mute: bool = False
    """Not even a handshake is answered."""

    def url(self, path: str, name: str = "localhost") -> str:
        """An address here."""
        return f"https://{name}:{self.port}{path}"

    async def _serve(
        self, tls: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        self.open += 1
        try:
            if self.mute:
                await reader.read()
                return
            await writer.start_tls(tls)
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(b" ")[1].decode()
            self.asked.append(path)
            await self._answer(self.answers.get(path, plain("404 Not Found")), reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client is gone, or trusts nobody here
        finally:
            self.open -= 1
            writer.close()

    async def _answer(
        self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Until all is said, or nobody listens any more."""

        async def write(data: bytes) -> None:
            if writer.is_closing() or self.written > MOST:
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
            self.written += len(data)
            await asyncio.sleep(0)  # whoever reads runs in the same loop

        saying = asyncio.ensure_future(answer(write))
        leaving = asyncio.ensure_future(reader.read())
        _, pending = await asyncio.wait((saying, leaving), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(saying, leaving, return_exceptions=True)


@asynccontextmanager
async def https_host(tls: ssl.SSLContext) -> AsyncIterator[Host]:
    """A host on a free port of loopback, by this certificate."""
    host = Host()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await host._serve(tls, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        await server.wait_closed()
