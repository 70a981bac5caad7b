"""TLS, client certificates, and the command: as an operator runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys
from pathlib import Path

import aiohttp
import pytest

from accord_client.gateway.config import Listen
from certificates import certificate
from gateway_desk import BEARER, config, credential, running


def context(folder: Path, client: str = "") -> ssl.SSLContext:
    found = ssl.create_default_context(cafile=folder / "server.pem")
    if client:
        found.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    return found


async def issue(url: str, tls: ssl.SSLContext, **headers: str) -> int:
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session,
        session.post(
            f"{url}/credentials/issue", json={"credential": credential()}, headers=headers
        ) as answer,
    ):
        return answer.status


async def test_a_client_certificate_takes_the_place_of_a_token(tmp_path: Path) -> None:
    for name, issuer in (("server", ""), ("ca", ""), ("office", "ca"), ("other", ""), ("stranger", "other")):
        certificate(tmp_path, name, issuer)
    listen = Listen(port=0, certificate="server.pem", private_key="server.key", client_ca="ca.pem")
    async with running(tmp_path, listen=listen) as (gateway, _):
        assert gateway.url.startswith("https://127.0.0.1:")
        url = gateway.url.replace("127.0.0.1", "localhost")
        assert await issue(url, context(tmp_path, "office")) == 201
        assert await issue(url, context(tmp_path)) == 401
        assert await issue(url, context(tmp_path), **BEARER) == 201
        with pytest.raises(aiohttp.ClientError):
            await issue(url, context(tmp_path, "stranger"))


async def test_without_a_client_authority_a_certificate_says_nothing(tmp_path: Path) -> None:
    for name, issuer in (("server", ""), ("office", "server")):
        certificate(tmp_path, name, issuer)
    listen = Listen(port=0, certificate="server.pem", private_key="server.key")
    async with running(tmp_path, listen=listen) as (gateway, _):
        url = gateway.url.replace("127.0.0.1", "localhost")
        assert await issue(url, context(tmp_path, "office")) == 401


async def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    made = config(tmp_path)
    file = tmp_path / "gateway.toml"
    file.write_text(
        f'did = "{made.did}"\nbase_url = "{made.base_url}"\n[listen]\nport = 0\n[keys]\nparty = "uu"\n'
        f'[[tokens]]\nname = "office"\nsha256 = "{made.tokens[0].sha256}"\n'
    )
    program = "from accord_client.cli.main import main; main()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, "gateway", "--config", str(file),
        stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    assert process.stderr is not None
    line = (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
    assert line.startswith("listening on http://127.0.0.1:")
    async with aiohttp.ClientSession() as session:
        address = line.split()[-1] + "/credentials/issue"
        async with session.post(address, json={"credential": credential()}, headers=BEARER) as answer:
            assert answer.status == 201
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 60) == 0
