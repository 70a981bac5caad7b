"""The client against real nodes: consensus, storage, TLS between peers, HTTP to the client."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from accord_client.badges import issuer_facts, programme_facts, verification_method
from accord_client.builders import Author, change_status, issue_batch
from accord_client.bundle import draft_bundle, parse_bundle
from accord_client.documents import sd_jwt
from accord_client.documents.open_badge_facts import BadgeDates, LearnerClaims
from accord_client.documents.status_bitstring import status_places
from accord_client.errors import RejectedError
from accord_client.ids import new_uuid7
from accord_client.issuing import BadgeMaker, JcsSigner, PreparedBatch, prepare_batch
from accord_client.keyring import Signer
from accord_client.sdk import AccordClient
from accord_client.trust import Trust
from accord_client.verify import verify_bundle
from accord_genesis.keyfiles import write_key
from accord_ledger.calendar import date_at
from accord_node.http import HttpServer
from client_cli import Desk, today
from node_network import Alliance, Network, key, make_alliance, programme_entries
from verify_alone import BLOCKED, verify_alone

DID = "did:web:p0.example"


class AllianceKeys:
    """The alliance's keys, by name."""

    def signer(self, party: str, purpose: str) -> Signer:
        return key(party, purpose)


@dataclass
class Running:
    """Four nodes, and a client that knows them all."""

    network: Network
    servers: dict[str, HttpServer]
    client: AccordClient

    @property
    def author(self) -> Author:
        return Author(self.client.trust.network, AllianceKeys())

    async def stop(self, party: str) -> None:
        await self.servers.pop(party).close()
        await self.network.stop(party)


@asynccontextmanager
async def running(alliance: Alliance, folder: Path) -> AsyncIterator[Running]:
    folder.mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(Network(alliance, folder))
        servers = {}
        for party, node in network.nodes.items():
            servers[party] = HttpServer(node)
            await servers[party].start()
        urls = [server.url for server in servers.values()]
        trust = Trust.from_genesis(alliance.genesis_file, memory=folder / "newest")
        client = await stack.enter_async_context(AccordClient(urls, trust, patience=30.0))
        try:
            yield Running(network, servers, client)
        finally:
            for server in servers.values():
                await server.close()


async def prepare(client: AccordClient, count: int) -> PreparedBatch:
    """Badges of a batch, made from what the ledger says."""
    found = await client.programme("ds")
    framework = (await client.framework("ects", 1)).value
    party = (await client.party("p0")).value
    assert framework is not None
    assert party is not None
    now, signer = int(time.time()), key("p0", "issuance")
    maker = BadgeMaker(
        programme_facts(found.programme, framework, base_url="https://p0.example"),
        issuer_facts(party, DID),
        BadgeDates(now),
        JcsSigner(signer, verification_method(DID, signer.public), now),
    )
    claims = [LearnerClaims("Doe", f"Learner {number}") for number in range(count)]
    return prepare_batch(client.trust.network, new_uuid7(), claims, maker)


@pytest.mark.timeout(120)
async def test_from_programme_to_revocation_with_a_node_down(tmp_path: Path) -> None:
    alliance = make_alliance(4)
    async with running(alliance, tmp_path) as net:
        client = net.client
        for entry in programme_entries(alliance, "p0", "ds"):
            assert (await client.submit(entry)).proved
        batch = await prepare(client, 10)
        await net.stop("p0")  # the client's first choice
        day = str(date_at(int(time.time())))
        request = issue_batch(
            "p0", batch, programme=("ds", 1), status_list="l", status_start=0, completed=(day, day)
        )
        entry = net.author.entry(request)
        receipt = await client.submit(entry)
        assert receipt.proved
        assert (await client.submit(entry)).index == receipt.index

        bundle = await client.with_evidence(draft_bundle(batch, 4))
        report = verify_bundle(parse_bundle(bundle.to_json()), client.trust, at=int(time.time()) + 1)
        assert report.verdict == "valid", report.to_plain()

        again = issue_batch(
            "p0", batch, programme=("ds", 1), status_list="l", status_start=50, completed=(day, day)
        )
        with pytest.raises(RejectedError) as caught:
            await client.submit(net.author.entry(again))
        assert caught.value.code == "E_DUPLICATE"
        assert caught.value.rejection is not None

        await client.submit(
            net.author.entry(change_status("p0", batch.batch_id, [(4, 5)], "revoke", "review"))
        )
        renewed = await client.with_evidence(bundle, record=await client.fresh_record(bundle))
        report = verify_bundle(renewed, client.trust, at=int(time.time()) + 1)
        assert report.checks["status"].code == "STATUS_REVOKED"
        assert (await client.credential(batch.batch_id, 5)).status == "valid"

        async with aclosing(client.events(0, kind="credential_status")) as stream:
            async for view in stream:
                assert view.body["batch_id"] == batch.batch_id.hex()
                break
        again_pinned = Trust.from_genesis(alliance.genesis_file, memory=tmp_path / "newest")
        assert again_pinned.newest is not None
        assert again_pinned.newest.checkpoint.size >= (receipt.index or 0)


async def issue_by_command(tmp_path: Path, alliance: Alliance) -> tuple[Desk, bytes]:
    """Ten bundles in ``out``, made by ``accord issue`` and real nodes that are stopped again; and their policy."""
    desk = Desk(tmp_path)
    desk.genesis.write_bytes(alliance.genesis_file)
    (tmp_path / "learners.csv").write_text("family_name,given_name\n" + "Doe,Jane\n" * 10)
    for purpose in ("issuance", "registrar"):
        (tmp_path / "keys" / "p0").mkdir(parents=True, exist_ok=True)
        write_key(tmp_path / "keys" / "p0" / f"{purpose}.pem", key("p0", purpose), passphrase=None)
    day = today()
    issue = (
        "issue", str(tmp_path / "learners.csv"), str(tmp_path / "out"), "--programme", "ds", "--as", "p0",
        "--did", DID, "--completed", day, day, "--status-list", "list-1",
        "--status-url", "https://p0.example/v1/status-lists/p0/list-1", "--base-url", "https://p0.example",
    )  # fmt: skip
    async with running(alliance, tmp_path / "nodes") as net:
        for entry in programme_entries(alliance, "p0", "ds"):
            await net.client.submit(entry, prove=False)
        desk.environment |= {"ACCORD_NODES": " ".join(net.client.transport.urls), "ACCORD_PATIENCE": "20"}
        assert all(item["ready"] for item in await asyncio.to_thread(desk.json, "status"))
        made = await asyncio.to_thread(desk.json, *issue)
        shown = await asyncio.to_thread(desk.json, "show", "credential", f"{made['batch_id']}/0")
        assert shown["value"]["status"] == "valid"
        async with aiohttp.ClientSession(net.servers["p0"].url) as session, session.get("/policy") as answer:
            policy = await answer.read()
    return desk, policy


@pytest.mark.timeout(120)
async def test_the_command_line_issues_and_verifies(tmp_path: Path) -> None:
    desk, _ = await issue_by_command(tmp_path, make_alliance(4))
    made = tmp_path / "out" / "0000.accord.json"
    report = desk.json("verify", str(made), ACCORD_NODES="")
    assert report["verdict"] == "valid"
    badge, token = parse_bundle(made.read_bytes()).documents
    assert [place.url.rpartition("/")[2] for place in status_places(badge.content)] == [
        "revocation", "suspension",
    ]  # fmt: skip
    assert sd_jwt.parse(token.file().decode()).payload["status"]["status_list"]["uri"].endswith("/token")


@pytest.mark.timeout(120)
async def test_a_bundle_verifies_where_there_is_no_network(tmp_path: Path) -> None:
    """Nothing but the package, the bundle and the policy of the alliance: another machine, years later."""
    alliance = make_alliance(4)
    _, policy = await issue_by_command(tmp_path, alliance)
    away = tmp_path / "away"
    away.mkdir()
    (away / "policy").write_bytes(policy)
    pin = ("--policy", "policy", "--network", alliance.genesis.network.hex())
    for name in ("0000.accord.json", "0007.accord.json"):
        (away / name).write_bytes((tmp_path / "out" / name).read_bytes())
        done = await asyncio.to_thread(verify_alone, away, name, *pin, "--json")
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert json.loads(done.stdout)["verdict"] == "valid"
    other = make_alliance(4).genesis.network.hex()
    done = await asyncio.to_thread(verify_alone, away, name, "--policy", "policy", "--network", other)
    assert done.returncode == 1
    assert "BUNDLE_NETWORK" in done.stdout


def test_a_socket_would_have_been_seen() -> None:
    probe = BLOCKED.replace("from accord_client", "import socket; socket.socket()\nfrom accord_client")
    done = subprocess.run([sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=False)
    assert "used a socket: socket.__new__" in done.stderr


@pytest.mark.timeout(120)
async def test_many_records_at_once(tmp_path: Path) -> None:
    alliance = make_alliance(4)
    async with running(alliance, tmp_path) as net:
        entries = [
            entry for number in range(60) for entry in programme_entries(alliance, "p1", f"bulk-{number}")
        ]
        outcomes = await net.client.submit_many(entries)
        assert all(getattr(outcome, "final", False) for outcome in outcomes), [
            outcome for outcome in outcomes if not getattr(outcome, "final", False)
        ][:3]
        names = [row.key[0] async for row in net.client.programmes(issuer="p1")]
        assert len(names) == 60
        assert (await net.client.programme("bulk-59")).head.status == "active"
