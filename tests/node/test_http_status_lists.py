"""Status lists over HTTP: signed by the institution's key, cacheable, and as of any time what replay gives."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from accord_client.documents.multikey import encode_multikey
from accord_client.documents.status_bits import MIN_BITS
from accord_client.documents.status_bitstring import check_status_list
from accord_client.documents.status_token import INVALID, SUSPENDED, VALID, check_status_token
from accord_client.documents.timestamps import stamp_seconds
from accord_ledger.blockreader import BlockReader
from accord_ledger.calendar import date_at
from accord_ledger.domain.credentials import standing_of
from accord_ledger.domain.kinds.erasure import ErasureBody
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import Interval
from accord_ledger.errors import ProofError
from accord_ledger.execute import Version
from accord_ledger.replay import Replay
from accord_ledger.state import View
from accord_node.http import HttpServer
from exchange_world import IssuedBatch, holder_key
from node_network import issue_entry, key, make_alliance, programme_entries
from status_network import DID, URL, StatusNetwork, StatusWorld, status_alliance

pytestmark = pytest.mark.asyncio(loop_scope="module")
COUNT = 12


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StatusWorld]:
    alliance = status_alliance(make_alliance(4))
    async with StatusNetwork(alliance, tmp_path_factory.mktemp("status")) as net:
        server = HttpServer(net.nodes["p0"])
        await server.start()
        try:
            async with aiohttp.ClientSession(server.url) as client:
                found = StatusWorld(alliance, net, server, client, start=COUNT)
                await found.submit(*programme_entries(alliance, "p0", "welding"))
                entry = issue_entry(alliance, "p0", "welding", 1, count=COUNT)
                await found.submit(entry)
                batches = json.loads(await found.get("/v1/batches"))["items"]
                found.batch_id = bytes.fromhex(batches[0]["key"][0])
                yield found
        finally:
            await server.close()


def replayed(world: StatusWorld, until_time: int, wanted: str) -> list[int]:
    """Indexes of the batch that have a status when the log is replayed up to a time."""
    node, genesis = world.net.nodes["p0"], world.alliance.genesis
    entries = node.store.files.entries(0, node.chain.base.log.size)
    replay = Replay(genesis.network, genesis.version())
    for block in replay.feed(entries, BlockReader()):
        if block.time > until_time:
            break
        state: Version = replay.version
        standings = [standing_of(View(state.state), world.batch_id, index) for index in range(COUNT)]
    return [index for index, standing in enumerate(standings) if standing.status == wanted]


async def test_history_is_what_replay_gives(world: StatusWorld) -> None:
    moments = [
        await world.change("suspend", 2, 4),
        await world.change("revoke", 6, effect="review"),
        await world.change("reinstate", 4),
        await world.change("revoke", 2, effect="reverse"),
    ]
    assert [await world.set_bits("suspension", at) for at in moments] == [[2, 4], [2, 4], [2], []]
    assert [await world.set_bits("revocation", at) for at in moments] == [[], [6], [6], [2, 6]]
    for at in moments:
        assert await world.set_bits("suspension", at) == replayed(world, at, "suspended")
        assert await world.set_bits("revocation", at) == replayed(world, at, "revoked")
    assert await world.set_bits("revocation", moments[0] - 1) == []
    assert await world.set_bits("revocation") == [2, 6]


async def test_the_list_of_a_moment_is_the_one_served_then(world: StatusWorld) -> None:
    at = await world.change("suspend", 7)
    served = await world.get(f"{world.list_path}/suspension")
    await world.change("reinstate", 7)
    stamp = json.loads(served)["validFrom"]
    assert await world.get(f"{world.list_path}/suspension", params={"timestamp": stamp}) == served
    assert await world.set_bits("suspension", at) == [7]


async def test_the_list_is_the_institutions_own(world: StatusWorld) -> None:
    document = await world.document(f"{world.list_path}/revocation")
    assert document["issuer"] == DID
    assert document["id"] == f"{URL}{world.list_path}/revocation"
    method = document["proof"]["verificationMethod"]
    assert method == f"{DID}#{encode_multikey(key('p0', 'status').public)}"
    assert len((await world.checked("revocation")).bits) == MIN_BITS
    document["credentialSubject"]["statusPurpose"] = "suspension"
    resolve = await world.resolver()
    with pytest.raises(ProofError, match="STATUS_VERIFICATION_ERROR"):
        check_status_list(document, resolve, issuer=DID, at=world.net.nodes["p0"].chain.base.time)


async def test_a_cache_can_keep_it(world: StatusWorld) -> None:
    async with world.client.get(f"{world.list_path}/revocation") as answer:
        tag, cache = answer.headers["ETag"], answer.headers["Cache-Control"]
        assert answer.content_type == "application/vc"
        until = stamp_seconds(json.loads(await answer.read())["validUntil"], code="", path="")
    assert cache == "public, max-age=240"  # as the configuration says
    assert 3600 < until - world.net.nodes["p0"].chain.base.time <= 2 * 3600
    await world.get(f"{world.list_path}/revocation", 304, headers={"If-None-Match": tag})
    at = {"timestamp": json.loads(await world.get(f"{world.list_path}/revocation"))["validFrom"]}
    async with world.client.get(f"{world.list_path}/revocation", params=at) as answer:
        assert answer.headers["ETag"] == tag
    async with world.client.head(f"{world.list_path}/revocation") as answer:
        assert answer.status == 200


async def test_the_past_never_changes(world: StatusWorld) -> None:
    before = await world.change("suspend", 9)
    await world.change("reinstate", 9)
    async with world.client.get(f"{world.list_path}/token", params={"time": before}) as answer:
        assert "immutable" in answer.headers["Cache-Control"]


async def test_the_token_has_both_statuses(world: StatusWorld) -> None:
    await world.change("revoke", 10, effect="review")
    at = await world.change("suspend", 8)
    token = await world.get(f"{world.list_path}/token")
    found = check_status_token(
        token, await world.resolver(), url=f"{URL}{world.list_path}/token", issuer=DID, at=at
    )
    await world.change("reinstate", 8)
    assert [found.status(world.start + index) for index in (10, 8, 9)] == [INVALID, SUSPENDED, VALID]
    assert await world.get(f"{world.list_path}/token", params={"time": at}) == token


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/v1/status-lists/p0/no-list/revocation", 404, "STATUS_RETRIEVAL_ERROR"),
        ("/v1/status-lists/p1/p1-list/revocation", 404, "STATUS_RETRIEVAL_ERROR"),
        ("/v1/status-lists/nobody/x/token", 404, "STATUS_RETRIEVAL_ERROR"),
        (
            "/v1/status-lists/p0/p0-list/revocation?timestamp=2000-01-01T00:00:00Z",
            404,
            "STATUS_RETRIEVAL_ERROR",
        ),
        (
            "/v1/status-lists/p0/p0-list/revocation?timestamp=2999-01-01T00:00:00Z",
            404,
            "STATUS_RETRIEVAL_ERROR",
        ),
        ("/v1/status-lists/p0/p0-list/revocation?timestamp=yesterday", 400, "HTTP_QUERY"),
        ("/v1/status-lists/p0/p0-list/refresh", 400, "HTTP_PATH"),
        ("/v1/status-lists/p0/p0-list/token?time=-1", 400, "HTTP_QUERY"),
        ("/parties/nobody/did.json", 404, "DID_UNKNOWN"),
        ("/parties/p0/did.json?versionTime=2000-01-01T00:00:00Z", 404, "DID_UNKNOWN"),
        ("/.well-known/did.json", 404, "DID_UNKNOWN"),
    ],
)
async def test_what_is_not_there_is_refused(world: StatusWorld, address: str, status: int, code: str) -> None:
    assert json.loads(await world.get(address, status))["code"] == code


def erasure(world: StatusWorld, batch: IssuedBatch, index: int) -> bytes:
    """T19 asked for by the holder."""
    body = ErasureBody(batch_id=batch.batch_id, index=index, basis="holder_request", item=batch[index])
    draft = world.alliance.draft("erasure_notice", "p0", body)
    draft.sign(key("p0", "registrar"))
    draft.sign(holder_key(batch.batch_id, index))
    return draft.entry()


async def test_erasure_clears_and_sets_no_bit(world: StatusWorld) -> None:
    batch, start, today = IssuedBatch.make("erased", 10), 1000, str(date_at(int(time.time())))
    issued = IssueBody(
        batch_id=batch.batch_id, programme=("welding", 1), count=10, merkle_root=batch.root, status_list="p0-list",
        status_start=start, completed_from=today, completed_to=today,
    )  # fmt: skip
    await world.submit(world.alliance.entry("credential_issue", "p0", issued, "issuance"))
    for action, index in (("revoke", 1), ("suspend", 2)):
        effect = {"effect": "review"} if action == "revoke" else {}
        body = StatusBody(batch_id=batch.batch_id, ranges=(Interval(start=index, end=index + 1),), action=action, **effect)  # type: ignore[arg-type]  # fmt: skip
        await world.submit(world.alliance.entry("credential_status", "p0", body, "registrar"))
    bits = [await world.checked("revocation"), await world.checked("suspension")]
    await world.submit(*(erasure(world, batch, index) for index in (1, 2, 3)))
    found = json.loads(await world.get(f"/v1/credentials/{batch.batch_id.hex()}/1"))
    assert found["value"]["erased_at"] is not None
    after = [await world.checked("revocation"), await world.checked("suspension")]
    assert [list(item.bits.positions()) for item in after] == [list(item.bits.positions()) for item in bits]
    assert start + 1 in set(after[0].bits.positions())
    assert start + 2 in set(after[1].bits.positions())


async def test_every_party_has_a_did_document(world: StatusWorld) -> None:
    document = await world.document("/parties/p1/did.json")
    assert document["id"] == "did:web:p0.example:parties:p1"
    methods = {f"{document['id']}#{encode_multikey(key('p1', use).public)}" for use in ("issuance", "status")}
    assert set(document["assertionMethod"]) == methods
    assert len(document["verificationMethod"]) == 3


async def test_the_shared_link_page_is_static_and_closed(world: StatusWorld) -> None:
    async with world.client.get("/share") as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert "<noscript>" in page
    assert '<html lang="en">' in page
    assert page.count("Accord-Test-Network") == 1  # a test network is called one
    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy


async def test_a_key_that_is_no_status_key_signs_nothing(world: StatusWorld) -> None:
    node = world.net.nodes["p0"]
    held = node.keys
    node.keys = dataclasses.replace(held, status={"p0": key("p0", "registrar")})
    try:
        answer = json.loads(await world.get(f"{world.list_path}/revocation", 404))
    finally:
        node.keys = held
    assert answer["code"] == "STATUS_RETRIEVAL_ERROR"
    assert "no status key" in answer["detail"]
