"""Documents of others over https: a real server with a certificate of an authority that the operator names."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from accord_client.documents import multikey
from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.gateway.config import ConfigError, Verify, fetching_context
from accord_client.gateway.fetching import MAX_DOCUMENT, Fetcher, PublicResolver
from accord_ledger.errors import AccordError
from certificates import certificate, server_context
from foreign_lists import NOW, OTHER, SET, listed, shown, url
from gateway_desk import config, credential, post, running
from https_host import Answer, Host, endless, found, https_host, plain, silence, slow
from waiting import until

HERE = "localhost"
HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = HEAD + b"Connection: close\r\n\r\n"
TRUSTED = Verify(status_hosts=[HERE], did_web_hosts=[HERE], inner_hosts=[HERE], ca="ca.pem")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An authority, and one that nobody here knows; servers of both."""
    for name, issuer, host in (
        ("ca", "", HERE), ("server", "ca", HERE), ("other-ca", "", HERE), ("stranger", "other-ca", HERE),
        ("elsewhere", "ca", "elsewhere.example"),
    ):  # fmt: skip
        certificate(tmp_path, name, issuer, host=host)
    return tmp_path


@pytest.fixture
async def host(folder: Path) -> AsyncIterator[Host]:
    async with https_host(server_context(folder, "server")) as running_host:
        yield running_host


def lists(host: Host) -> str:
    """Serve a list for revocation; the authority of its address."""
    place = f"{HERE}:{host.port}"
    host.answers["/1/revocation"] = found(json.dumps(listed(url("revocation", host=place))).encode())
    return place


async def told(folder: Path, verify: Verify, *documents: dict[str, Any]) -> list[tuple[int, str]]:
    """Status, and code of the failure or of the first warning, for each credential."""
    verdicts = []
    async with running(folder, verify=verify) as (_, session):
        for document in documents:
            status, said = await post(session, "/credentials/verify", {"verifiableCredential": document})
            warned = [item["code"] for item in said.get("warnings", [])]
            verdicts.append((status, said.get("code") or (warned[0] if warned else "")))
    return verdicts


async def test_a_list_of_a_host_the_operator_names_decides(folder: Path, host: Host) -> None:
    place = lists(host)
    documents = [shown(SET, host=place), shown(8, host=place)]
    assert await told(folder, TRUSTED, *documents) == [(400, "STATUS_REVOKED"), (200, "")]
    assert host.asked == ["/1/revocation"]


@pytest.mark.parametrize("ca", ["", "other-ca.pem"])
async def test_a_host_of_an_unknown_authority_is_not_believed(folder: Path, host: Host, ca: str) -> None:
    verify = Verify(status_hosts=[HERE], inner_hosts=[HERE], ca=ca)
    assert await told(folder, verify, shown(SET, host=lists(host))) == [(200, "STATUS_UNCHECKED")]
    assert host.connections == 1
    assert not host.asked


@pytest.mark.parametrize("name", ["stranger", "elsewhere"])
async def test_a_certificate_of_another_authority_or_host_is_not_believed(folder: Path, name: str) -> None:
    async with https_host(server_context(folder, name)) as host:
        assert await told(folder, TRUSTED, shown(SET, host=lists(host))) == [(200, "STATUS_UNCHECKED")]
        assert host.connections == 1
        assert not host.asked


async def test_who_is_not_named_is_not_even_connected_to(folder: Path, host: Host) -> None:
    place = lists(host)
    for verify in (
        Verify(inner_hosts=[HERE], ca="ca.pem"),  # no host at all
        Verify(status_hosts=["other.example"], inner_hosts=[HERE], ca="ca.pem"),
        Verify(status_hosts=[HERE], ca="ca.pem"),  # named, but an inner address
        Verify(status_hosts=["*"], inner_hosts=["*", "other.example"], ca="ca.pem"),
    ):
        assert await told(folder, verify, shown(SET, host=place)) == [(200, "STATUS_UNCHECKED")]
    named = Verify(status_hosts=["*", "127.0.0.1"], inner_hosts=["127.0.0.1"], ca="ca.pem")
    address = shown(SET, host=f"127.0.0.1:{host.port}")
    assert await told(folder, named, address) == [(200, "STATUS_UNCHECKED")]
    assert host.connections == 0


HOSTILE: dict[str, tuple[Answer, str]] = {
    "absent": (plain("404 Not Found"), "got 404"),
    "broken": (plain("500 Internal Server Error"), "got 500"),
    "redirect": (plain("302 Found", location="/elsewhere"), "got 302"),
    "partial": (plain("206 Partial Content", b"{}"), "got 206"),
    "large": (found(bytes(MAX_DOCUMENT + 1)), f"at most {MAX_DOCUMENT}"),
    "endless body": (endless(BODY, b" " * 65_536), f"at most {MAX_DOCUMENT}"),
    "endless header": (endless(HEAD + b"X: ", b"x" * 65_536), "Client"),
    "endless headers": (endless(HEAD, b"X: y\r\n" * 10_000), "Client"),
    "packed": (found(gzip.compress(bytes(2**24)), content_encoding="gzip"), "no encoding"),
    "cut short": (endless(HEAD + b"Content-Length: 9\r\n\r\n{", b""), "Timeout"),
    "no http": (endless(b"SSH-2.0-x\r\n", b"x" * 1024), "Client"),
    "silent": (silence, "Timeout"),
    "slow": (slow(BODY), "Timeout"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_host_is_left_within_bounds(folder: Path, host: Host, name: str) -> None:
    host.answers["/a"], reason = HOSTILE[name]
    fetch = Fetcher(fetching_context(config(folder, verify=TRUSTED), folder), frozenset([HERE]))
    fetch.seconds = 0.5 if reason == "Timeout" else 20
    with pytest.raises(AccordError) as caught:
        await fetch(host.url("/a"))
    assert (caught.value.code, caught.value.path) == ("DID_FETCH", host.url("/a"))
    assert reason in caught.value.detail
    await until(lambda: host.open == 0, "the connection is closed")
    assert host.asked == ["/a"]
    assert host.written < 2**23


async def test_a_host_that_does_not_shake_hands_is_left_in_time(folder: Path, host: Host) -> None:
    host.mute = True
    fetch = Fetcher(inner_hosts=frozenset([HERE]), seconds=0.3)
    with pytest.raises(AccordError, match=r"DID_FETCH.*Timeout"):
        await fetch(host.url("/a"))
    await until(lambda: host.open == 0, "the connection is closed")


async def test_a_document_of_the_largest_size_is_fetched(folder: Path, host: Host) -> None:
    body = b" " * (MAX_DOCUMENT - 2) + b"{}"
    host.answers["/a"] = found(body)
    fetch = Fetcher(fetching_context(config(folder, verify=TRUSTED), folder), frozenset([HERE]))
    assert await fetch(host.url("/a")) == body


def web_document(did: str) -> bytes:
    """Of an issuer on the web, with the key of the other one."""
    method = {
        "id": f"{did}#key", "type": "Multikey", "controller": did,
        "publicKeyMultibase": multikey.encode_multikey(OTHER.public),
    }  # fmt: skip
    document = {"id": did, "verificationMethod": [method], "assertionMethod": [f"{did}#key"]}
    return json.dumps(document).encode()


async def test_the_keys_of_an_issuer_on_the_web(folder: Path, host: Host) -> None:
    did, lost, false = (f"did:web:{HERE}%3A{host.port}:{name}" for name in ("uni", "lost", "false"))
    host.answers["/uni/did.json"] = found(web_document(did))
    host.answers["/false/did.json"] = found(web_document(did))
    made = []
    for issuer in (did, lost, false):
        document = credential(issuer=issuer)
        made.append(add_proof(document, create_proof(document, OTHER, f"{issuer}#key", NOW - 60)))
    expected = [(200, ""), (400, "DID_FETCH"), (400, "DID_DOCUMENT"), (200, "")]
    assert await told(folder, TRUSTED, *made, made[0]) == expected
    assert host.asked == ["/uni/did.json", "/lost/did.json", "/false/did.json"]
    unnamed = Verify(status_hosts=[HERE], inner_hosts=[HERE], ca="ca.pem")
    assert await told(folder, unnamed, made[0]) == [(400, "PROOF_METHOD")]
    assert len(host.asked) == 3


NO_NAMES = [
    "https://127.0.0.1/a", "https://[::1]/a", "https://[::ffff:127.0.0.1]/a", "http://localhost/a", "https:///a", "https://[/a",
    "https://l\xf6calhost/a", "https://other.example\\@localhost/a", "https://localhost:99999/a", "",
]  # fmt: skip
"""Nothing is even looked up."""
NOT_PUBLIC = [
    "https://localhost/a", "https://2130706433/a", "https://127.1/a", "https://0x7f.1/a", f"https://{'a' * 64}.example/a",
    "https://a..example/a",
]  # fmt: skip


@pytest.mark.parametrize("address", NO_NAMES + NOT_PUBLIC)
async def test_what_is_no_public_host_is_refused_by_name(address: str) -> None:
    with pytest.raises(AccordError) as caught:
        await Fetcher()(address)
    assert caught.value.code == "DID_FETCH"
    assert caught.value.detail.startswith("expected") == (address in NO_NAMES)


async def test_a_name_of_an_inner_address_leads_nowhere() -> None:
    with pytest.raises(OSError, match="not public"):
        await PublicResolver().resolve(HERE, 443)
    assert await PublicResolver(frozenset([HERE])).resolve(HERE, 443)


def test_a_file_without_authorities_is_refused_at_the_start(folder: Path) -> None:
    (folder / "nothing.pem").write_text("nothing")
    for name, code in (("nothing.pem", "CONFIG_TLS"), ("absent.pem", "FILE_MISSING")):
        with pytest.raises(AccordError) as caught:
            fetching_context(config(folder, verify=Verify(ca=name)), folder)
        assert caught.value.code == code
        assert isinstance(caught.value, ConfigError) == (code == "CONFIG_TLS")
