"""Status lists that a node serves, judged by programs that know nothing of Accord (JavaScript).

The packages are those of ``js/package-lock.json``; without Node.js, or where they cannot be installed, the
tests are skipped and say so.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.documents.multikey import encode_multikey
from accord_client.documents.open_badge_check import CONTEXTS
from accord_client.documents.share_link import SharedCredential, share_link
from accord_node.http import HttpServer
from node_network import issue_entry, key, make_alliance, programme_entries
from status_network import DID, URL, StatusNetwork, StatusWorld, status_alliance

HERE = Path(__file__).resolve().parent / "js"
COUNT = 12


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[StatusWorld]:
    alliance = status_alliance(make_alliance(4))
    async with StatusNetwork(alliance, tmp_path / "nodes") as net:
        server = HttpServer(net.nodes["p0"])
        await server.start()
        try:
            async with aiohttp.ClientSession(server.url) as client:
                found = StatusWorld(alliance, net, server, client, start=COUNT)
                await found.submit(*programme_entries(alliance, "p0", "welding"))
                await found.submit(issue_entry(alliance, "p0", "welding", 1, count=COUNT))
                [batch] = json.loads(await found.get("/v1/batches"))["items"]
                found.batch_id = bytes.fromhex(batch["key"][0])
                yield found
        finally:
            await server.close()


def credential(world: StatusWorld, index: int, created: int) -> dict[str, Any]:
    """A badge of the batch with both status entries, signed by the issuance key."""
    entries = [
        {
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(world.start + index),
            "statusListCredential": f"{URL}{world.list_path}/{purpose}",
        }
        for purpose in ("revocation", "suspension")
    ]
    achievement = {
        "id": "https://uu.example/a", "type": ["Achievement"], "name": "A", "description": "A", "criteria": {"narrative": "A"},
    }  # fmt: skip
    document = {
        "@context": list(CONTEXTS),
        "id": "urn:uuid:018f3a5e-0000-7000-8000-000000000001",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "A",
        "issuer": {"id": DID, "type": ["Profile"], "name": "UU"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"type": ["AchievementSubject"], "achievement": achievement},
        "credentialStatus": entries,
    }
    issuance = key("p0", "issuance")
    method = f"{DID}#{encode_multikey(issuance.public)}"
    return add_proof(document, create_proof(document, issuance, method, created))


async def judged(scripts: Path, world: StatusWorld, index: int) -> dict[str, Any]:
    """What the foreign program says now."""
    lists = {
        f"{URL}{world.list_path}/{purpose}": await world.document(f"{world.list_path}/{purpose}")
        for purpose in ("revocation", "suspension")
    }
    contexts = {CONTEXTS[1]: json.loads(_context().read_bytes())}
    documents = lists | contexts | {DID: await world.document("/parties/p0/did.json")}
    node = world.net.nodes["p0"]
    given = {"credential": credential(world, index, node.chain.base.time), "documents": documents}
    done = await asyncio.to_thread(
        subprocess.run,
        ["node", "check_status.mjs"],
        cwd=scripts, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _context() -> Path:
    found = (
        Path(__file__).resolve().parents[2].parent
        / "shared/vectors/jsonld-contexts/ob-v3p0-context-3.0.3.json"
    )
    if not found.exists():
        pytest.skip("the third-party vectors are not here")
    return found


@pytest.mark.timeout(300)
async def test_a_foreign_verifier_sees_each_change(scripts: Path, world: StatusWorld) -> None:
    for action, options, bits in (
        ("", {}, [False, False]),
        ("suspend", {}, [False, True]),
        ("reinstate", {}, [False, False]),
        ("revoke", {"effect": "review"}, [True, False]),
    ):
        if action:
            await world.change(action, 4, **options)
        answer = await judged(scripts, world, 4)
        assert answer["verified"], answer
        assert [status for _, status in answer["status"]] == bits, action
        assert answer["credential"], answer
    other = await judged(scripts, world, 5)
    assert [status for _, status in other["status"]] == [False, False]


@pytest.mark.timeout(300)
async def test_a_foreign_verifier_refuses_a_changed_list(scripts: Path, world: StatusWorld) -> None:
    original = world.document

    async def changed(address: str, **options: Any) -> dict[str, Any]:
        document = await original(address, **options)
        return document | {"validUntil": "2099-01-01T00:00:00Z"} if "status-lists" in address else document

    world.document = changed  # type: ignore[method-assign]  # what a liar in between would serve
    answer = await judged(scripts, world, 4)
    assert not answer["verified"], answer


async def opened(world: StatusWorld, index: int, name: str | None = None) -> dict[str, Any]:
    """What the page of a share link shows, and what it asked the node for."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js on PATH")
    link = share_link("https://p0.example", SharedCredential(world.batch_id, index, name))
    given = {"base": world.server.url, "fragment": link.partition("#")[2]}
    done = await asyncio.to_thread(
        subprocess.run, [node, str(HERE / "open_share.mjs")],
        input=json.dumps(given), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.timeout(300)
async def test_a_share_link_shows_the_ledger_and_asks_for_nobody(world: StatusWorld) -> None:
    await world.change("suspend", 4)
    shown = await opened(world, 4, "Zoë Doe")
    rows = dict(shown["rows"])
    assert shown["title"] == "Welding"
    assert rows["Status"] == "suspended"
    assert rows["Credits"] == "3 EC"
    assert rows["Name in the link (not checked)"] == "Zoë Doe"
    assert not [address for address in shown["asked"] if "/credentials/" in address or "Zo" in address]
    assert dict((await opened(world, 5))["rows"])["Status"] == "valid"
    await world.change("revoke", 4, effect="review")
    assert dict((await opened(world, 4))["rows"])["Status"] == "REVOKED"
    assert (await opened(world, 4))["asked"] == (await opened(world, 9))["asked"]


async def test_a_link_to_nothing_says_so(world: StatusWorld) -> None:
    assert "no such credential" in (await opened(world, 99))["state"]
