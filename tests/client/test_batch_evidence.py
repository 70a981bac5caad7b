"""Evidence fetched in bulks is the very evidence that each bundle would get for itself."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace as change

from accord_client import batch_evidence
from accord_client.api import StateProof
from accord_client.batch_evidence import BatchEvidence
from accord_client.bundle import draft_bundle, draft_json, parse_bundle
from accord_client.draft_segments import SEGMENT, line_of, segment_starts, write_segment
from accord_client.errors import NotFoundError
from accord_client.evidence_text import EvidenceText, is_complete
from accord_client.issuance import IssuanceFolder, Plan
from accord_client.issue_workers import IssueWorkers
from accord_client.issuing import PreparedBatch
from accord_client.private_files import is_left_over
from accord_client.sdk.client import AccordClient
from accord_client.verify import verify_bundle
from accord_genesis.keyfiles import replace_private, write_private
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
    place.begin()
    for start in segment_starts(batch.count):
        write_segment(folder, start, map(line_of, batch.credentials[start : start + SEGMENT]))
    plan = Plan(network=network, author="uu", issuers=("uu",), body=body)
    place.write_plan(plan, [item.claims for item in batch.credentials])
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
        return BatchEvidence(self.client, self.place, self.batch, IssueWorkers([]), **options)

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
    drafts = [draft_bundle(world.batch, index) for index in range(COUNT)]
    done: list[int] = []
    assert await world.evidence(record=world.record).complete(range(COUNT), tick=done.append) == COUNT
    assert sum(done) == COUNT
    for index, draft in enumerate(drafts):
        alone = await world.client.with_evidence(draft)
        assert world.place.read(index) == alone.to_json()
    assert set(world.verdicts()) == {"valid"}


async def test_bundles_get_their_names_while_others_are_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_evidence, "PUBLISHED", 4)
    done: list[int] = []
    assert await world.evidence(record=world.record).complete(range(5), tick=done.append) == 5
    assert world.place.bundles() == set(range(5))
    assert await world.evidence().complete(range(COUNT), tick=done.append) == COUNT - 5
    assert done == [0, 5, 5, COUNT - 5]
    assert not [path for path in world.place.path.iterdir() if is_left_over(path.name)]
    assert set(world.verdicts()) == {"valid"}


async def test_rows_are_asked_for_together_and_what_is_shared_once(world: World) -> None:
    await world.evidence(record=world.record).complete(range(COUNT))
    assert world.server.requests["POST state"] == 2  # before it is known what is shared, and with it
    assert world.server.requests["GET state"] < 16
    before = world.server.requests.copy()
    assert await world.evidence().complete(range(COUNT)) == 0
    assert world.server.requests == before


async def test_a_node_on_this_machine_is_not_asked_to_pack(world: World) -> None:
    asked = set()

    async def note(request: web.Request) -> None:
        asked.add(request.headers["Accept-Encoding"])

    world.server.faults += [note] * 100
    assert await world.evidence(record=world.record).complete(range(COUNT)) == COUNT
    assert asked == {"identity"}


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
    assert not world.place.bundles()


async def test_of_bundles_that_cannot_be_written_none_is_left(world: World) -> None:
    before = {path.name for path in world.place.path.iterdir()}
    blocked = world.place.holder_path(7)
    blocked.mkdir()
    with pytest.raises(AccordError) as caught:
        await world.evidence(record=world.record).complete(range(COUNT))
    assert (caught.value.code, caught.value.path) == ("KEYFILE_IO", str(blocked))
    keys = {world.place.holder_path(index).name for index in range(8)}
    assert {path.name for path in world.place.path.iterdir()} == before | keys
    blocked.rmdir()
    assert await world.evidence(record=world.record).complete(range(COUNT)) == COUNT
    assert set(world.verdicts()) == {"valid"}


async def test_proofs_about_other_keys_are_refused(world: World) -> None:
    world.server.tamper = lambda proof: change(proof, key=proof.key[:-2] + "ff")
    with pytest.raises(AccordError) as caught:
        await world.client.prove_keys([CREDENTIALS.key(world.batch.batch_id, 1)])
    assert caught.value.code == "LEDGER_KEY"


async def test_a_bundle_without_evidence_gets_it_too(world: World) -> None:
    """As an earlier version wrote them, or somebody else."""
    drafts = [json.loads(draft_json(world.batch, index)) for index in range(COUNT)]
    for index in (3, 4):
        write_private(world.place.bundle_path(index), json.dumps(drafts[index]).encode())
    assert await world.evidence(record=world.record).complete(range(COUNT)) == COUNT
    assert is_complete(world.place.read(3))
    world.place.drop_drafts()
    replace_private(world.place.bundle_path(5), json.dumps(drafts[5]).encode())
    assert await world.evidence().complete(range(COUNT)) == 1
    assert set(world.verdicts()) == {"valid"}


async def test_a_batch_the_ledger_does_not_hold_gets_none(world: World, tmp_path: Path) -> None:
    batch = world.ledger.prepare(COUNT, batch=bytes(15) + b"\x09")
    place = written(tmp_path / "other", batch, world.ledger.network)
    with pytest.raises(NotFoundError):
        await BatchEvidence(world.client, place, batch, IssueWorkers([])).complete(range(COUNT))
    assert not place.bundles()


def test_a_segment_is_of_one_page_of_statuses() -> None:
    assert PAGE % SEGMENT == 0


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
