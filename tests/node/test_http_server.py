"""The server itself: TLS, silent connections, faults that stay inside, a quick end, proofs under load."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp.test_utils import make_mocked_request
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from msgspec import convert

from accord_client.api import Fact
from accord_ledger.authmap.proof import check_presence
from accord_node import logs
from accord_node.config import ConfigError, Logging, parse
from accord_node.http import HttpServer, listener
from accord_node.http.logfiles import log_policy
from accord_node.http.middleware import as_problem
from http_proofs import opened, state_root, value_of
from node_network import issue_entry

session = pytest.mark.asyncio(loop_scope="session")
numbers = iter(range(40_000, 50_000))


def self_signed(folder: Path) -> None:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, None)
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "chain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)


def with_http(served: Any, monkeypatch: pytest.MonkeyPatch, folder: Path, **http: Any) -> HttpServer:
    """A second interface of the same node, configured differently."""
    monkeypatch.setattr(served.node, "config", parse({"party": "p0", "http": {"port": 0, **http}}))
    return HttpServer(served.node, folder=folder)


@session
async def test_tls(served: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    self_signed(tmp_path)
    server = with_http(served, monkeypatch, tmp_path, certificate="chain.pem", private_key="key.pem")
    await server.start()
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as client:
        assert server.url.startswith("https://")
        async with client.get(f"{server.url}/livez") as answer:
            assert answer.headers["Strict-Transport-Security"]
    await server.close()


@session
async def test_a_missing_certificate_is_named(
    served: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = with_http(served, monkeypatch, tmp_path, certificate="none.pem")
    with pytest.raises(ConfigError, match="CONFIG_TLS"):
        await server.start()
    await server.close()


@session
async def test_a_port_in_use_is_an_error_and_leaves_nothing(
    served: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = with_http(served, monkeypatch, tmp_path, port=served.server.port)
    with pytest.raises(OSError, match="in use"):
        await server.start()


@session
async def test_a_connection_that_says_nothing_is_closed(
    served: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(listener, "FIRST_REQUEST_SECONDS", 0.2)
    server = with_http(served, monkeypatch, tmp_path)
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /livez HTTP/1.1\r\nHost:")
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    await server.close()


@session
async def test_closing_ends_open_streams_at_once(
    served: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = with_http(served, monkeypatch, tmp_path)
    await server.start()
    async with aiohttp.ClientSession(server.url) as client, client.get("/v1/events") as answer:
        async with asyncio.timeout(2):
            await server.close()
        async with asyncio.timeout(2):
            assert await answer.content.read() == b"retry: 2000\n\n"
    await server.close()


def test_a_fault_is_answered_without_its_words() -> None:
    problem = as_problem(RuntimeError("secret"), make_mocked_request("GET", "/x"))
    assert (problem.status, problem.code) == (500, "HTTP_INTERNAL")
    assert "secret" not in str(problem.document())


@session
async def test_proofs_verify_while_the_value_changes(served: Any) -> None:
    """A value that every block changes is proved at one block, or the proof is said not to be ready."""
    stop = False

    async def submit() -> None:
        while not stop:
            await served.submit(issue_entry(served.alliance, "p0", "welding", next(numbers), count=12))

    submitting = asyncio.create_task(submit())
    for _ in range(15):
        fact = convert(await served.get("/v1/state/status_ranges/p0/p0-list?proof=1"), Fact)
        assert fact.proof is not None
        root = state_root(served, fact.proof)
        key, opening = opened(fact.proof)
        assert fact.position.state_root == root.hex()
        check_presence(root, key, value_of(fact.proof), opening)
    stop = True
    await submitting


def test_logs_are_json_lines_with_what_was_bound() -> None:
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    try:
        logs.set_up(Logging(level="info", format="json"), out)
        structlog.get_logger("test").info("started", party="p0")
        structlog.get_logger("test").debug("hidden")
        logging.getLogger("library").warning("careful")
    finally:
        structlog.configure(**before)
        root.handlers[:], root.level = handlers, level
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["event"], first["party"], first["level"]) == ("started", "p0", "info")
    assert (second["event"], second["logger"]) == ("careful", "library")


@session
async def test_the_policy_served_follows_from_the_genesis(served: Any) -> None:
    async with served.client.get("/policy") as answer:
        assert await answer.read() == log_policy(served.node).format()
