"""Who gets a link and who does not: every way to lie in the handshake has its named refusal."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientError, ClientSession, web

from accord_node.peer import PeerError, TlsIdentity
from accord_node.peer.certificate import client_context
from accord_node.peer.handshake import (
    ClientHandshake,
    Credentials,
    Hello,
    Proof,
    Welcome,
    decode_message,
    encode_message,
    statement_message,
)
from peer_mesh import NETWORK, Mesh, Node, Stranger, link_key, link_keys_of
from waiting import until


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    """Bert alone; anna is known to the ledger but has no node."""
    made = Mesh(tmp_path, ["anna", "bert"], handshake_seconds=0.5)
    await made.open(made.make("bert"))
    yield made
    await made.nodes["bert"].network.close()


def bert(mesh: Mesh) -> tuple[Node, str]:
    return mesh.nodes["bert"], mesh.book.endpoints["bert"]


async def test_a_true_handshake_makes_a_link(mesh: Mesh) -> None:
    node, address = bert(mesh)
    async with Stranger(address) as anna:
        await anna.enter("bert")
        assert node.network.linked() == {"anna"}
    await until(lambda: not node.network.linked())


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        (Hello(network=bytes(32), party="anna", nonce=bytes(32)), "PEER_NETWORK"),
        (Hello(network=NETWORK, party="zoe", nonce=bytes(32)), "PEER_UNKNOWN"),
        (Hello(network=NETWORK, party="bert", nonce=bytes(32)), "PEER_MISMATCH"),
        (Welcome(), "PEER_HANDSHAKE"),
    ],
)
async def test_a_hello_that_cannot_be_is_refused(mesh: Mesh, hello: Hello | Welcome, code: str) -> None:
    node, address = bert(mesh)
    async with Stranger(address) as stranger:
        await stranger.say(encode_message(hello))
        assert await stranger.refusal() == code
    assert node.counters[f"handshake_{code}"] == 1


@pytest.mark.parametrize("data", [b"", b"\xff" * 100, bytes(4097), bytes(70_000)])
async def test_garbage_before_the_proof_is_refused(mesh: Mesh, data: bytes) -> None:
    node, address = bert(mesh)
    async with Stranger(address) as stranger:
        await stranger.say(data)
        await stranger.closed()
    await until(lambda: node.counters["handshake_PEER_HANDSHAKE"] + node.counters["handshake_PEER_GONE"] == 1)


async def test_a_wrong_key_is_refused(mesh: Mesh) -> None:
    node, address = bert(mesh)
    async with Stranger(address, key=link_key("mallory")) as mallory:
        with pytest.raises(PeerError, match="PEER_SIGNATURE"):
            await mallory.enter("bert")
    assert not node.network.linked()


async def test_a_replayed_proof_is_refused(mesh: Mesh) -> None:
    _, address = bert(mesh)
    async with Stranger(address) as anna:
        client = ClientHandshake(anna.own, "bert", bytes(32))
        hello = encode_message(client.hello())
        await anna.say(hello)
        proof, _ = client.proof(decode_message(await anna.hear()), anna.certificate)
    async with Stranger(address) as replayer:
        await replayer.say(hello)
        await replayer.hear()
        await replayer.say(encode_message(proof))
        assert await replayer.refusal() == "PEER_SIGNATURE"


@pytest.mark.parametrize("other", [{"nonce": b"\1" * 32}, {"party": "cleo"}])
async def test_a_proof_is_of_its_hello(mesh: Mesh, other: dict[str, Any]) -> None:
    """Even under a good signature: what was said first counts, and nothing else is said later."""
    _, address = bert(mesh)
    async with Stranger(address) as anna:
        client = ClientHandshake(anna.own, "bert", bytes(32))
        await anna.say(encode_message(client.hello()))
        proof, _ = client.proof(decode_message(await anna.hear()), anna.certificate)
        await anna.say(encode_message(msgspec.structs.replace(proof, **other)))
        assert await anna.refusal() == "PEER_HANDSHAKE"


async def test_a_reflected_proof_is_refused(mesh: Mesh) -> None:
    _, address = bert(mesh)
    async with Stranger(address) as stranger:
        await stranger.say(encode_message(Hello(network=NETWORK, party="anna", nonce=bytes(32))))
        theirs = decode_message(await stranger.hear())
        assert isinstance(theirs, Proof)
        await stranger.say(encode_message(Proof(party="anna", nonce=bytes(32), signature=theirs.signature)))
        assert await stranger.refusal() == "PEER_SIGNATURE"


async def test_the_server_must_be_the_party_dialled(mesh: Mesh) -> None:
    _, address = bert(mesh)
    own = Credentials(network=NETWORK, party="anna", key=link_key("anna"), link_keys=link_keys_of)
    async with Stranger(address) as anna:
        client = ClientHandshake(own, "cleo", bytes(32))
        await anna.say(encode_message(client.hello()))
        with pytest.raises(PeerError, match="PEER_MISMATCH"):
            client.proof(decode_message(await anna.hear()), anna.certificate)


@pytest.mark.parametrize("stage", ["tcp", "tls", "websocket", "hello"])
async def test_whoever_dawdles_is_cut_off(mesh: Mesh, stage: str) -> None:
    node, address = bert(mesh)
    port = int(address.split(":")[2].split("/")[0])
    if stage in {"websocket", "hello"}:
        async with Stranger(address) as stranger:
            if stage == "hello":
                await stranger.say(encode_message(Hello(network=NETWORK, party="anna", nonce=bytes(32))))
            await stranger.closed()
    else:
        context = client_context() if stage == "tls" else None
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(b"GET /peer HTTP/1.1\r\nHost: x\r\n" if stage == "tls" else b"\x16")
        async with asyncio.timeout(10):
            with pytest.raises((ConnectionError, ssl.SSLError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        writer.close()
    if stage != "tcp":
        assert node.counters["handshake_PEER_HANDSHAKE_TIMEOUT"] == 1


async def _relay(request: web.BaseRequest, address: str) -> web.StreamResponse:
    near: web.WebSocketResponse[Any] = web.WebSocketResponse(protocols=("accord.peer.v1",), timeout=0.1)
    await near.prepare(request)
    async with (
        ClientSession() as session,
        session.ws_connect(address, ssl=client_context(), protocols=("accord.peer.v1",)) as far,
    ):

        async def pump(source: Any, sink: Any) -> None:
            async for message in source:
                await sink.send_bytes(message.data)
            await sink.close()

        await asyncio.gather(pump(near, far), pump(far, near), return_exceptions=True)
    return near


async def test_a_relay_with_its_own_certificate_is_found_out(mesh: Mesh, tmp_path: Path) -> None:
    node, address = bert(mesh)
    relay = web.Server(lambda request: _relay(request, address), access_log=None)
    context = TlsIdentity.load_or_create(tmp_path / "relay").server_context()
    server = await asyncio.get_running_loop().create_server(relay, "127.0.0.1", 0, ssl=context)
    mesh.book.endpoints["bert"] = f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/peer"
    anna = mesh.make("anna")
    await anna.network.start("127.0.0.1", 0)
    await until(lambda: anna.counters["dial_PEER_SIGNATURE"] > 0, "anna notices the relay")
    assert not anna.network.linked()
    assert not node.network.linked()
    await anna.network.close()
    server.close()
    await relay.shutdown(0)


async def test_a_relayed_client_signature_is_refused_by_the_server(mesh: Mesh) -> None:
    _, address = bert(mesh)
    async with Stranger(address) as stranger:
        client = ClientHandshake(stranger.own, "bert", bytes(32))
        await stranger.say(encode_message(client.hello()))
        answer = decode_message(await stranger.hear())
        assert isinstance(answer, Proof)
        # A victim that saw the relay's certificate would have signed this.
        statement = client._statement("client", answer.nonce, bytes(32))
        signature = stranger.own.key.sign(statement_message(statement))
        await stranger.say(encode_message(Proof(party="anna", nonce=bytes(32), signature=signature)))
        assert await stranger.refusal() == "PEER_SIGNATURE"


async def test_a_revoked_key_loses_its_link_and_a_rotated_one_gets_in(mesh: Mesh) -> None:
    node, address = bert(mesh)
    async with Stranger(address) as anna:
        await anna.enter("bert")
        mesh.book.keys["anna"] = (link_key("anna", 1).public,)
        mesh.book.changed()
        await anna.closed()
    async with Stranger(address, key=link_key("anna", 1)) as anna:
        await anna.enter("bert")
        assert node.counters["links_revoked"] == 1


async def test_too_many_strangers_are_turned_away(tmp_path: Path) -> None:
    made = Mesh(tmp_path, ["anna", "bert"], max_unproven_per_address=1)
    await made.open(made.make("bert"))
    async with Stranger(made.book.endpoints["bert"]):
        with pytest.raises(ClientError):
            async with Stranger(made.book.endpoints["bert"]):
                pass
        assert made.nodes["bert"].counters["handshake_PEER_BUSY"] == 1
    await made.nodes["bert"].network.close()


def test_the_identity_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    first = TlsIdentity.load_or_create(tmp_path / "node")
    assert first.key.stat().st_mode & 0o077 == 0
    assert TlsIdentity.load_or_create(tmp_path / "node") == first
    assert TlsIdentity.load_or_create(tmp_path / "other").digest != first.digest


async def test_a_dialler_follows_no_redirect(mesh: Mesh, tmp_path: Path) -> None:
    node, address = bert(mesh)

    async def elsewhere(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": address.replace("wss:", "https:")})

    server = web.Server(elsewhere, access_log=None)
    context = TlsIdentity.load_or_create(tmp_path / "elsewhere").server_context()
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=context)
    mesh.book.endpoints["bert"] = f"wss://127.0.0.1:{listener.sockets[0].getsockname()[1]}/peer"
    anna = mesh.make("anna")
    await anna.network.start("127.0.0.1", 0)
    await until(lambda: anna.counters["dial_failed"] >= 2)
    assert not anna.network.linked() | node.network.linked()
    await anna.network.close()
    listener.close()
    await server.shutdown(0.1)
