"""Evidence fetched in bulks is the very evidence that each bundle would get for itself."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as change

from accord_client.api import StateProof
from accord_client.batch_evidence import BULK, BatchEvidence, _parts
from accord_client.bundle import parse_bundle
from accord_client.errors import NotFoundError
from accord_client.evidence_text import EvidenceText, is_complete, is_draft
from accord_client.issuance import IssuanceFolder, Plan
from accord_client.issuing import PreparedBatch
from accord_client.sdk.client import AccordClient
from accord_client.verify import verify_bundle
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import CREDENTIALS, PAGE, Interval
from accord_ledger.errors import AccordError, DecodeError
from client_ledger import ISSUE_TIME, ClientLedger
from ledger_server import LedgerServer

COUNT = 12
AT = ISSUE_TIME + 600


def written(folder: Path, batch: PreparedBatch, network: bytes) -> IssuanceFolder:
    """The batch on disk, as ``accord issue`` puts it there."""
    place = IssuanceFolder(folder)
    body = IssueBody(
        batch_id=batch.batch_id, programme=("uu-ds", 1), count=batch.count, merkle_root=batch.root,
        status_list="list-1", status_start=0, completed_from="2026-01-01", completed_to="2026-01-01",
    )  # fmt: skip
    place.write(batch, Plan(network=network, author="uu", issuers=("uu",), body=body))
    return place


class World:
    """A batch on the ledger, its drafts in a folder, and a client."""

    client: AccordClient

    def __init__(self, folder: Path) -> None:
        self.ledger = ClientLedger()
        self.ledger.programme()
        self.batch = self.ledger.prepare(COUNT, tokens=True)
        self.record = self.ledger.issue(self.batch)
        self.place = written(folder, self.batch, self.ledger.network)
        self.server = LedgerServer(self.ledger)

    def evidence(self, **options: Any) -> BatchEvidence:
        return BatchEvidence(self.client, self.place, self.batch.batch_id, **options)

    def verdicts(self) -> list[str]:
        trust = self.ledger.trust
        return [verify_bundle(self.place.bundle(index), trust, at=AT).verdict for index in range(COUNT)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path / "out")
    async with made.server:
        made.client = AccordClient([made.server.url], made.ledger.trust, max_age=None, patience=0.2)
        async with made.client:
            yield made


async def test_every_file_is_the_one_its_bundle_would_have_alone(world: World) -> None:
    drafts = [world.place.bundle(index) for index in range(COUNT)]
    done: list[int] = []
    assert await world.evidence(record=world.record).complete(range(COUNT), tick=done.append) == COUNT
    assert sum(done) == COUNT
    for index, draft in enumerate(drafts):
        alone = await world.client.with_evidence(draft)
        assert world.place.read(index) == alone.to_json()
    assert set(world.verdicts()) == {"valid"}


async def test_rows_are_asked_for_together_and_what_is_shared_once(world: World) -> None:
    await world.evidence(record=world.record).complete(range(COUNT))
    assert world.server.requests["POST state"] == 2  # before it is known what is shared, and with it
    assert world.server.requests["GET state"] < 16
    before = world.server.requests.copy()
    assert await world.evidence().complete(range(COUNT)) == 0
    assert world.server.requests == before


async def test_the_record_is_found_where_its_place_is_not_known(world: World) -> None:
    assert await world.evidence().complete(range(3)) == 3
    assert verify_bundle(world.place.bundle(2), world.ledger.trust, at=AT).verdict == "valid"


async def test_what_happened_to_one_is_in_its_bundle_and_the_others_go_on_together(world: World) -> None:
    spans = (Interval(start=4, end=5),)
    body = StatusBody(batch_id=world.batch.batch_id, ranges=spans, action="revoke", effect="review")
    world.ledger.do("credential_status", body, "uu registrar")
    world.ledger.seal()
    assert await world.evidence(record=world.record).complete(range(COUNT)) == COUNT
    expected = ["valid"] * COUNT
    expected[4] = "invalid"
    assert world.verdicts() == expected
    shared = len(world.place.bundle(4).state)
    assert (
        world.server.requests["GET state"] == 2 * shared - 2
    )  # what was not in the bulk, and all of it for the one


@pytest.mark.parametrize("bend", ["value", "proof"])
async def test_a_proof_that_does_not_hold_is_written_nowhere(world: World, bend: str) -> None:
    row = CREDENTIALS.key(world.batch.batch_id, 7).hex()

    def tamper(proof: StateProof) -> StateProof:
        if proof.key != row:
            return proof
        if bend == "value":
            return change(proof, value=base64.b64encode(b"\x80").decode())
        raw = bytearray(base64.b64decode(proof.proof))
        raw[-1] ^= 1
        return change(proof, proof=base64.b64encode(raw).decode())

    world.server.tamper = tamper
    with pytest.raises(AccordError):
        await world.evidence(record=world.record).complete(range(COUNT))
    assert all(is_draft(world.place.read(index)) for index in range(COUNT))


async def test_proofs_about_other_keys_are_refused(world: World) -> None:
    world.server.tamper = lambda proof: change(proof, key=proof.key[:-2] + "ff")
    with pytest.raises(AccordError) as caught:
        await world.client.prove_keys([CREDENTIALS.key(world.batch.batch_id, 1)])
    assert caught.value.code == "LEDGER_KEY"


async def test_a_draft_that_was_written_anew_gets_its_evidence_too(world: World) -> None:
    path = world.place.bundle_path(3)
    path.write_bytes(json.dumps(json.loads(path.read_bytes())).encode())
    assert await world.evidence(record=world.record).complete(range(COUNT)) == COUNT
    assert is_complete(world.place.read(3))
    assert set(world.verdicts()) == {"valid"}


async def test_a_batch_the_ledger_does_not_hold_gets_none(world: World, tmp_path: Path) -> None:
    batch = world.ledger.prepare(COUNT, batch=bytes(15) + b"\x09")
    place = written(tmp_path / "other", batch, world.ledger.network)
    with pytest.raises(NotFoundError):
        await BatchEvidence(world.client, place, batch.batch_id).complete(range(COUNT))


def test_a_bulk_is_of_one_page_of_statuses() -> None:
    parts = list(_parts(dict.fromkeys(range(PAGE - 300, PAGE + 10), b"")))
    assert [len(part) for part in parts] == [BULK, 300 - BULK, 10]
    assert all(len({index // PAGE for index in part}) == 1 for part in parts)


def test_evidence_is_put_into_drafts_only() -> None:
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(COUNT)
    bundle = ledger.export(batch, 2, ledger.issue(batch))
    row = CREDENTIALS.key(batch.batch_id, 2)
    text = EvidenceText.of(bundle, row)
    bare = change(bundle, record=None, seals=(), state=()).to_json()
    proof = next(item.proof for item in bundle.state if item.key == row)
    assert text.complete(bare, row, proof) == bundle.to_json()
    assert parse_bundle(text.complete(bare, row, proof)) == bundle
    for call in (
        lambda: text.complete(bundle.to_json(), row, proof),
        lambda: EvidenceText.of(bundle, b"none"),
    ):
        with pytest.raises(DecodeError) as caught:
            call()
        assert caught.value.code == "BUNDLE_STATE"
