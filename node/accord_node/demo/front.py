"""HTTPS before a node, as a reverse proxy gives it (deploy/README.md): ends TLS, changes no byte.

``did:web`` and status lists are https only, so strangers' programs ask here. The certificates are of an
authority made for one demonstration, valid for ``localhost`` and for a few days.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST: Final = "localhost"
AUTHORITY_FILE: Final = "authority.pem"
CHUNK: Final = 65_536
"""Most bytes held of one direction of one connection."""
MAX_CONNECTIONS: Final = 256
"""Further connections are closed at once."""
_LIFE: Final = timedelta(days=7)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority in a folder; only its certificate and the server's key are kept there."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """What a client is told to trust (PEM)."""
        return self.folder / AUTHORITY_FILE

    @classmethod
    def create(cls, folder: Path, *hosts: str) -> Authority:
        """Make an authority and one server certificate for ``localhost`` and these hosts."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        root_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _certificate("Accord demonstration authority", root_key, None, ())
        server = _certificate(HOST, server_key, (root, root_key), (HOST, *hosts))
        authority = cls(folder)
        authority.certificate.write_bytes(root.public_bytes(Encoding.PEM))
        pem = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        handle = os.open(folder / "server.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        (folder / "server.pem").write_bytes(server.public_bytes(Encoding.PEM))
        return authority

    def server_context(self) -> ssl.SSLContext:
        """For who answers as ``localhost``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context

    def client_context(self) -> ssl.SSLContext:
        """For who asks, and trusts nobody else."""
        return ssl.create_default_context(cafile=self.certificate)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    hosts: tuple[str, ...],
) -> x509.Certificate:
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by, signing = (own, key) if issuer is None else (issuer[0].subject, issuer[1])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=issuer is not None, key_cert_sign=issuer is None, crl_sign=issuer is None,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder(by, own, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        named_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        builder = builder.add_extension(names, critical=False).add_extension(named_by, critical=False)
    return builder.sign(signing, hashes.SHA256())


@dataclass
class Fronts:
    """One https port for each plain one, on loopback."""

    authority: Authority
    ports: Mapping[int, int]
    """From https port to the port behind it."""
    _servers: list[asyncio.Server] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Listen on every port.

        Raises:
            OSError: a port is taken.
        """
        context = self.authority.server_context()
        for port, behind in self.ports.items():
            self._servers.append(
                await asyncio.start_server(self._handler(behind), "127.0.0.1", port, ssl=context, limit=CHUNK)
            )

    async def close(self) -> None:
        """Close every port and connection."""
        for server in self._servers:
            server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _handler(self, behind: int) -> Handler:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is None or len(self._open) >= MAX_CONNECTIONS:
                writer.close()
                return
            self._open.add(task)
            try:
                with contextlib.suppress(asyncio.CancelledError):  # by close(): the end of this task
                    await _join(reader, writer, behind)
            finally:
                self._open.discard(task)

        return serve


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behind: int) -> None:
    """Pass bytes both ways until either side ends."""
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind, limit=CHUNK)
    except OSError:
        writer.close()
        return
    ways = [
        asyncio.create_task(_pass(reader, inner_writer)),
        asyncio.create_task(_pass(inner_reader, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, inner_writer):
            end.close()
            with contextlib.suppress(OSError, ssl.SSLError, asyncio.CancelledError):
                await end.wait_closed()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
