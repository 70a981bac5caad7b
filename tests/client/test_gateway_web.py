"""Who may ask, and what a hostile request meets."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from accord_client.gateway.config import ConfigError, Listen, check_config, load_config
from accord_client.gateway.problems import GatewayError
from accord_client.gateway.store import MAX_ITEMS, Position, Store
from accord_client.gateway.web import MAX_BODY, MAX_WAITING, Workbench
from accord_ledger.errors import AccordError
from gateway_desk import BEARER, config, credential, post, running

GUARDED = ("/credentials/issue", "/eddsa-jcs-2022/credentials/issue", "/credentials/status", "/presentations")


async def test_only_those_who_may_issue(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        for path in GUARDED:
            for given, code in (
                ("", "AUTH_REQUIRED"),
                ("Basic x", "AUTH_REQUIRED"),
                ("Bearer x", "AUTH_UNKNOWN"),
            ):
                status, body = await post(session, path, {}, Authorization=given)
                assert (status, body["code"]) == (401, code), path
        async with session.post(GUARDED[0], json={}) as answer:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


HOSTILE: list[tuple[int, str, bytes, str]] = [
    (413, "JSON_TOO_LARGE", b" " * (MAX_BODY + 1), "application/json"),
    (415, "BODY_TYPE", b"{}", "text/plain"),
    (400, "JSON_SYNTAX", b"{", "application/json"),
    (400, "JSON_SYNTAX", b"", "application/json"),
    (400, "JSON_ENCODING", b'{"a": "\xff"}', "application/json"),
    (400, "JSON_DUPLICATE", b'{"a": 1, "a": 2}', "application/json"),
    (400, "JSON_DEPTH", b"[" * 100_000, "application/json"),
    (400, "JSON_NUMBER", b'{"a": 1e999}', "application/json"),
]


async def test_hostile_bodies(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        for status, code, data, kind in HOSTILE:
            headers = BEARER | {"Content-Type": kind}
            async with session.post("/credentials/verify", data=io.BytesIO(data), headers=headers) as answer:
                body = await answer.json(content_type="application/problem+json")
                assert (answer.status, body["code"]) == (status, code)

        async def endless() -> Any:
            while True:
                yield b" " * 65_536

        async with session.post("/credentials/verify", data=endless(), headers=BEARER | {"Content-Type": "application/json"}) as answer:  # fmt: skip
            assert answer.status == 413


async def test_addresses_and_methods(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        async with session.get("/nowhere") as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (404, "ADDRESS_UNKNOWN")
        async with session.get("/credentials/issue") as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (
                405,
                "METHOD_NOT_ALLOWED",
            )


async def test_a_closed_verifier_asks_for_a_token(tmp_path: Path) -> None:
    from accord_client.gateway.config import Verify

    async with running(tmp_path, verify=Verify(open=False)) as (_, session):
        for path in ("/credentials/verify", "/presentations/verify", "/credentials/derive"):
            async with session.post(path, json={}) as answer:
                assert answer.status == 401


async def test_work_is_bounded() -> None:
    bench, gate = Workbench(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(30)

    waiting = [asyncio.create_task(bench.run(wait)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(GatewayError, match="BUSY"):
        await bench.run(wait)
    gate.set()
    await asyncio.gather(*waiting)
    await bench.run(wait)


def test_beyond_loopback_only_with_tls(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "gateway.example"):  # noqa: S104 - it is refused
        with pytest.raises(ConfigError, match="CONFIG_TLS"):
            check_config(config(tmp_path, listen=Listen(host=host)))
        check_config(config(tmp_path, listen=Listen(host=host, certificate="a", private_key="b")))
    for host in ("127.0.0.1", "::1", "localhost"):
        check_config(config(tmp_path, listen=Listen(host=host)))
    with pytest.raises(ConfigError, match="CONFIG_AUTH"):
        check_config(config(tmp_path, tokens=[]))
    with pytest.raises(ConfigError, match="CONFIG_TLS"):
        check_config(config(tmp_path, listen=Listen(client_ca="ca")))


def test_a_configuration_with_a_misspelt_key(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    good = 'did = "did:web:uu.example"\nbase_url = "https://uu.example"\n[keys]\nparty = "uu"\n[[tokens]]\nname = "a"\nsha256 = "{}"\n'
    file.write_text(good.format("0" * 64))
    assert load_config(file)[0].did == "did:web:uu.example"
    for text, code in (
        (good.format("x"), "CONFIG_VALUE"),
        ("nane = 1", "CONFIG_VALUE"),
        ("=", "CONFIG_SYNTAX"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=code):
            load_config(file)


async def test_a_foreign_issuer_is_not_fetched_unless_named(tmp_path: Path) -> None:
    async with running(tmp_path) as (gateway, _):
        resolve = await gateway.desk.resolver.prepare("did:web:other.example#key", at=0)
        with pytest.raises(AccordError, match="DID_UNKNOWN"):
            resolve("did:web:other.example#key")


def test_the_store_forgets_what_ended_and_keeps_statuses(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    store.put("offer", "secret", {"a": 1}, expires=10, now=0)
    assert store.get("offer", "secret", now=9) == {"a": 1}
    assert store.get("offer", "secret", now=10) is None
    assert store.take("offer", "secret", now=9) == {"a": 1}
    assert store.take("offer", "secret", now=9) is None
    place = store.allocate("urn:x:1")
    store.close()
    again = Store(tmp_path / "a.sqlite")
    assert again.of_credential("urn:x:1") == [place]
    assert b"secret" not in (tmp_path / "a.sqlite").read_bytes()
    with pytest.raises(GatewayError, match="STATUS_CREDENTIAL_UNKNOWN"):
        again.set_status([Position(place.list, (place.position + 1) % 8)], "revocation", value=True)
    assert MAX_ITEMS >= 1000
    again.close()


async def test_a_fault_says_nothing_of_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path) as (gateway, session):
        gateway.desk.store.close()
        status, body = await post(session, "/credentials/issue", {"credential": credential()})
        assert (status, body["code"], body["detail"]) == (500, "INTERNAL", "a fault of the gateway")
        assert "did:key" not in caplog.text
