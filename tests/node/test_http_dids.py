"""DID documents of an institution on a domain of its own, with the history of its keys, and whose lists a node signs."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from accord_client.documents.did_web import did_resolver
from accord_client.documents.multikey import encode_multikey
from accord_ledger.domain.kinds.key import KeyRevoke, KeyRotate
from accord_ledger.domain.kinds.party import NewKey
from accord_ledger.errors import ProofError
from accord_ledger.keys import SigningKey
from accord_node.http import HttpServer
from node_network import issue_entry, key, make_alliance, programme_entries
from status_network import StatusNetwork, StatusWorld, status_alliance

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN, HERE = "did:web:p0.example", "did:web:p0.example:parties:p0"
NEW = SigningKey.from_seed(bytes([77]) * 32)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StatusWorld]:
    """p0 has the whole domain that its node is on; p1 one elsewhere; p2 none."""
    dids = {"p0": OWN, "p1": "did:web:p1.example:office"}
    alliance = status_alliance(make_alliance(4, dids=dids))
    async with StatusNetwork(alliance, tmp_path_factory.mktemp("dids")) as net:
        server = HttpServer(net.nodes["p0"])
        await server.start()
        try:
            async with aiohttp.ClientSession(server.url) as client:
                found = StatusWorld(alliance, net, server, client)
                await found.submit(*programme_entries(alliance, "p0", "welding"))
                await found.submit(issue_entry(alliance, "p0", "welding", 1, count=12))
                yield found
        finally:
            await server.close()


def method(signer: SigningKey) -> str:
    return f"{OWN}#{encode_multikey(signer.public)}"


async def test_a_domain_of_its_own_shows_the_document_where_did_web_looks_for_it(world: StatusWorld) -> None:
    document = await world.document("/.well-known/did.json")
    assert (document["id"], document["alsoKnownAs"]) == (OWN, [HERE])
    assert await world.document("/parties/p0/did.json") == document
    resolved = did_resolver(document, at=int(time.time()))(method(key("p0", "issuance")))
    assert (resolved.controller, resolved.public) == (OWN, key("p0", "issuance").public)
    assert resolved.purposes == {"assertionMethod"}
    listed = await world.document("/v1/status-lists/p0/p0-list/revocation")
    assert (listed["issuer"], listed["proof"]["verificationMethod"]) == (OWN, method(key("p0", "status")))


async def test_the_file_for_a_domain_elsewhere_is_here_too(world: StatusWorld) -> None:
    document = await world.document("/parties/p1/did.json")
    assert (document["id"], document["alsoKnownAs"]) == (
        "did:web:p1.example:office",
        ["did:web:p0.example:parties:p1"],
    )
    other = await world.document("/parties/p2/did.json")
    assert other["id"] == "did:web:p0.example:parties:p2"
    assert "alsoKnownAs" not in other


async def test_a_replaced_key_stays_with_its_end_and_a_stolen_one_verifies_nothing(
    world: StatusWorld,
) -> None:
    old, before = key("p0", "issuance"), int(time.time())
    proof = NEW.prove_possession(world.alliance.genesis.network, "p0", "institution")
    new = NewKey(alg="ed25519", public=NEW.public, purposes=("issuance",), proof=proof)
    body = KeyRotate(party="p0", replaces=old.key_id, key=new)
    rotated = await world.submit(world.alliance.entry("key_rotate", "p0", body, "issuance"))
    document = await world.document("/.well-known/did.json")
    assert did_resolver(document, at=rotated - 1)(method(old)).public == old.public
    assert did_resolver(document, at=rotated)(method(NEW)).public == NEW.public
    with pytest.raises(ProofError, match="DID_METHOD_EXPIRED"):
        did_resolver(document, at=rotated)(method(old))
    then = {"versionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(rotated - 1))}
    past = await world.document("/.well-known/did.json", params=then)
    assert method(NEW) not in json.dumps(past)
    stolen = KeyRevoke(key_id=old.key_id, compromised_since=before)
    await world.submit(world.alliance.entry("key_revoke", "p0", stolen, "registrar", "quality"))
    document = await world.document("/.well-known/did.json")
    assert method(old) not in document["assertionMethod"]
    with pytest.raises(ProofError, match="DID_METHOD"):
        did_resolver(document, at=rotated - 1)(method(old))


async def test_a_status_key_that_was_revoked_signs_no_list_any_more(world: StatusWorld) -> None:
    body = KeyRevoke(key_id=key("p0", "status").key_id)
    await world.submit(world.alliance.entry("key_revoke", "p0", body, "status"))
    answer = json.loads(await world.get("/v1/status-lists/p0/p0-list/revocation", 404))
    assert answer["code"] == "STATUS_RETRIEVAL_ERROR"
    assert "not in force" in answer["detail"]
