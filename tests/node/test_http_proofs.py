"""Every proof served verifies with the core alone, from the genesis file as the pin."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import convert

from accord_client.api import CredentialFact, Fact, Problem, RecordAnswer, StateProof, StateProofs
from accord_genesis.document import open_genesis
from accord_ledger import codec
from accord_ledger.authmap.proof import check_absence, check_presence
from accord_ledger.block import Certificate as FinalityCertificate
from accord_ledger.block import check_certificate
from accord_ledger.domain.model.credential import CREDENTIALS, STANDING_PAGES
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.errors import ProofError
from accord_ledger.merkle.tiles import AuthenticTiles, Bundle, Tile, tiles_for_inclusion, unpack_entries
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.policy import parse_policy
from accord_node.http.logfiles import log_policy
from http_proofs import entry_under_checkpoint, opened, state_root, value_of

session = pytest.mark.asyncio(loop_scope="session")


@session
async def test_presence(served: Any) -> None:
    fact = convert(await served.get("/v1/parties/p1?proof=1"), Fact)
    assert fact.proof is not None
    key, opening = opened(fact.proof)
    value = value_of(fact.proof)
    assert key == PARTIES.key("p1")
    root = state_root(served, fact.proof)
    check_presence(root, key, value, opening)
    assert fact.position.state_root == root.hex()
    assert PARTIES.decode(value).legal_name == fact.value["legal_name"]


@session
async def test_a_changed_value_does_not_verify(served: Any) -> None:
    proof = convert(await served.get("/v1/parties/p1?proof=1"), Fact).proof
    assert proof is not None
    key, opening = opened(proof)
    with pytest.raises(ProofError):
        check_presence(state_root(served, proof), key, value_of(proof) + b"\x00", opening)


@session
async def test_absence(served: Any) -> None:
    problem = convert(await served.get("/v1/parties/nobody?proof=1", 404), Problem)
    assert problem.proof is not None
    assert problem.code == "OBJECT_UNKNOWN"
    key, opening = opened(problem.proof)
    check_absence(state_root(served, problem.proof), key, opening)
    assert key == PARTIES.key("nobody")


@session
async def test_an_untouched_credential_is_proved_by_absence(served: Any) -> None:
    found = convert(await served.get(f"/v1/credentials/{served.batch_id.hex()}/11?proof=1"), CredentialFact)
    assert (found.value.status, found.value.replaced, found.value.spends) == ("valid", False, [])
    batch, page, row = found.proofs
    assert (batch.value is None, page.value, row.value) == (False, None, None)
    key, opening = opened(page)
    assert key == STANDING_PAGES.key(served.batch_id, 0)
    check_absence(state_root(served, page), key, opening)


@session
async def test_a_credential_beyond_its_batch(served: Any) -> None:
    problem = await served.get(f"/v1/credentials/{served.batch_id.hex()}/12", 404)
    assert problem["code"] == "OBJECT_UNKNOWN"


@session
async def test_a_record_by_index_and_by_transaction(served: Any) -> None:
    [newest] = (await served.get("/v1/records?limit=1"))["items"]
    index = newest["index"]
    first = convert(await served.get(f"/v1/records/{index}?proof=1"), RecordAnswer)
    assert first.proof is not None
    entry = entry_under_checkpoint(served, first.proof)
    assert entry == served.node.store.files.entries(index, 1)[0]
    again = convert(await served.get(f"/v1/transactions/{first.record.tx_id}"), RecordAnswer)
    assert again.record == first.record


@session
async def test_a_seal_is_no_record(served: Any) -> None:
    block = await served.get("/v1/blocks/1")
    problem = await served.get(f"/v1/records/{block['first'] + block['count']}", 404)
    assert problem["code"] == "RECORD_UNKNOWN"


@session
async def test_the_genesis_file_is_the_one_that_was_signed(served: Any) -> None:
    async with served.client.get("/genesis") as answer:
        data = await answer.read()
    assert data == served.alliance.genesis_file
    assert open_genesis(data).network.hex() == (await served.get("/v1/status"))["network"]


@session
async def test_the_policy_opens_the_checkpoint(served: Any) -> None:
    async with served.client.get("/policy") as answer:
        policy = parse_policy(await answer.read())
    async with served.client.get("/checkpoint") as answer:
        found = policy.open(await answer.read())
    assert found.cosigned_by(3)


@session
async def test_tiles_prove_an_entry(served: Any) -> None:
    async with served.client.get("/checkpoint") as answer:
        checkpoint = log_policy(served.node).open(await answer.read()).checkpoint
    tiles = {tile: await _bytes(served, f"/{tile.path}") for tile in tiles_for_inclusion(2, checkpoint.size)}

    def read(tile: Tile) -> bytes:
        return tiles[tile]

    trusted = AuthenticTiles(read, checkpoint.size, checkpoint.root)
    entries = unpack_entries(await _bytes(served, f"/{Bundle(0, checkpoint.size).path}"), checkpoint.size)
    assert trusted(0, 2) == leaf_hash(entries[2])


async def _bytes(served: Any, address: str) -> bytes:
    async with served.client.get(address) as answer:
        assert answer.status == 200, address
        assert "immutable" in answer.headers["Cache-Control"]
        found: bytes = await answer.read()
        return found


@session
async def test_an_immutable_file_is_not_sent_twice(served: Any) -> None:
    async with served.client.get("/tile/0/000.p/1") as answer:
        tag = answer.headers["ETag"]
    async with served.client.get("/tile/0/000.p/1", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304


@session
async def test_the_newest_finalization_verifies(served: Any) -> None:
    async with served.client.get("/finalization/tip") as answer:
        tip = codec.decode(await answer.read(), FinalityCertificate)
    assert tip.kind == "finalize"
    check_certificate(served.alliance.genesis.network, served.alliance.genesis.members, tip)


@session
async def test_the_finalization_of_a_block_names_it(served: Any) -> None:
    block = await served.get("/v1/blocks/1")
    async with served.client.get("/finalization/1") as answer:
        body = await answer.read()
        assert answer.status in (200, 404)  # a later block may have finalised this one
        assert (answer.status == 200) == (block.get("finalization") is not None)
    if block.get("finalization") is not None:
        assert codec.decode(body, FinalityCertificate).seal.hex() == block["hash"]


async def _states(served: Any, keys: list[Any], status: int = 200) -> Any:
    async with served.client.post("/v1/state", json={"keys": keys}) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


@session
async def test_many_values_are_proved_under_one_checkpoint(served: Any) -> None:
    rows = [CREDENTIALS.key(served.batch_id, index) for index in range(40)]
    keys = [PARTIES.key("p1"), *rows, PARTIES.key("nobody")]
    found = convert(await _states(served, [key.hex() for key in keys]), StateProofs)
    assert [bytes.fromhex(item.key) for item in found.values] == keys
    for key, item in zip(keys, found.values, strict=True):
        proof = StateProof(key=item.key, value=item.value, proof=item.proof, seal=found.seal)
        root, (_, opening) = state_root(served, proof), opened(proof)
        if item.value is None:
            check_absence(root, key, opening)
        else:
            check_presence(root, key, value_of(proof), opening)
    assert [item.value is None for item in found.values] == [False, *[True] * 41]
    assert found.position.state_root == root.hex()


@pytest.mark.parametrize("keys", [[], ["00"], ["0G00"], ["AB" * 8], ["ab" * 600], [5], ["ab" * 8] * 513])
@session
async def test_a_bulk_of_keys_is_bounded_and_spelled_in_one_way(served: Any, keys: list[Any]) -> None:
    assert (await _states(served, keys, 400))["code"] == "HTTP_BODY"


@session
async def test_a_bulk_of_keys_too_large_to_read(served: Any) -> None:
    assert (await _states(served, ["ab" * 512] * 600, 413))["code"] == "HTTP_TOO_LARGE"
