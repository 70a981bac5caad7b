"""Credentials made and finished in parts, by several processes, are those that one would make at once."""

from __future__ import annotations

import random
import stat
from pathlib import Path

import pytest

from accord_client.bundle import draft_json, parse_bundle
from accord_client.documents.multikey import encode_multikey
from accord_client.documents.open_badge_facts import BadgeDates, LearnerClaims
from accord_client.draft_folder import leaf_of
from accord_client.draft_segments import SEGMENT, Drafts, Segment, segment_path, segment_starts
from accord_client.issue_workers import IssueWorkers, Making, make_segment
from accord_client.issuing import (
    BadgeMaker,
    BatchTree,
    CredentialDraft,
    EveryMaker,
    LearnerDocument,
    RdfcSigner,
    SdJwtMaker,
    StatusRange,
    prepare_batch,
    shuffled,
)
from accord_ledger.errors import AccordError, DecodeError
from badge_documents import ISSUER, ISSUER_KEY, NOW, PROGRAMME

NETWORK, BATCH = bytes([7]) * 32, bytes.fromhex("018f3a5e0000700080000000000000ff")
METHOD = f"{ISSUER.did}#{encode_multikey(ISSUER_KEY.public)}"
STATUS = StatusRange("https://bjou.example/status/1", 1000)
DATES = BadgeDates(NOW)
BADGE = BadgeMaker(PROGRAMME, ISSUER, DATES, RdfcSigner(ISSUER_KEY, METHOD, NOW), (STATUS,))
BOTH = EveryMaker((BADGE, SdJwtMaker(PROGRAMME, ISSUER, DATES, ISSUER_KEY, METHOD, STATUS)))
CLASS = [LearnerClaims("Doe", f"Learner {number}", email=f"l{number}@example.org") for number in range(9)]
COHORT = [LearnerClaims("Doe", f"Learner {number}") for number in range(2 * SEGMENT + 3)]


class Recorded(random.Random):
    """Keeps what it gave."""

    def __init__(self) -> None:
        super().__init__(5)
        self.given: list[bytes] = []

    def randbytes(self, n: int) -> bytes:
        self.given.append(super().randbytes(n))
        return self.given[-1]


class Repeated(random.Random):
    """Gives what was recorded, in the order in which a batch is made at once."""

    def __init__(self, given: list[bytes]) -> None:
        super().__init__()
        each = len(given) // len(CLASS)
        parts = [given[start : start + each] for start in range(0, len(given), each)]
        self.rest = [item for part in parts for item in part[:3]] + [
            item for part in parts for item in part[3:]
        ]

    def shuffle(self, x: object) -> None:
        pass

    def randbytes(self, n: int) -> bytes:
        item = self.rest.pop(0)
        assert len(item) == n
        return item


def plain(draft: CredentialDraft) -> list[LearnerDocument]:
    """A document that costs nothing."""
    return [LearnerDocument("application/vc", b'{"name":"%b"}' % draft.claims.given_name.encode())]


def failing(draft: CredentialDraft) -> list[LearnerDocument]:
    raise DecodeError("BADGE_RESULT", "expected a grade", path=draft.claims.given_name)


def test_a_segment_is_byte_for_byte_that_of_a_batch_made_at_once(tmp_path: Path) -> None:
    source = Recorded()
    leaves = make_segment(Making(tmp_path, NETWORK, BATCH, BOTH), CLASS, 0, source)
    batch = prepare_batch(NETWORK, BATCH, CLASS, BOTH, rng=Repeated(source.given))
    assert leaves == [item.leaf_hash for item in batch.credentials]
    segment = Segment.read(tmp_path, 0, len(CLASS))
    tree = BatchTree.of(BATCH, leaves)
    assert (tree.root, tree.count) == (batch.root, batch.count)
    drafts = Drafts(segment, tree, range(len(CLASS)))
    assert [drafts[index] for index in drafts] == [draft_json(batch, index) for index in range(len(CLASS))]
    seeds = [line.seed for line in segment.lines]
    assert seeds == [item.holder_seed.hex() for item in batch.credentials if item.holder_seed]


@pytest.mark.parametrize("processes", [1, 2])
def test_every_learner_is_in_one_segment(tmp_path: Path, processes: int) -> None:
    with IssueWorkers(COHORT, processes) as workers:
        parts = list(workers.make(Making(tmp_path, NETWORK, BATCH, plain)))
    assert [len(part) for part in parts] == [SEGMENT, SEGMENT, 3]
    count = len(COHORT)
    assert {path.name for path in tmp_path.iterdir()} == {
        segment_path(tmp_path, start).name for start in segment_starts(count)
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    lines = [line for start in segment_starts(count) for line in Segment.read(tmp_path, start, count).lines]
    assert len({line.seed for line in lines}) == count
    tree = BatchTree.of(BATCH, [leaf for part in parts for leaf in part])
    for index in (0, SEGMENT, count - 1):
        segment = Segment.read(tmp_path, index - index % SEGMENT, count)
        bundle = parse_bundle(segment.draft(index, tree.inclusion_path(index)))
        assert leaf_of(bundle) == parts[index // SEGMENT][index % SEGMENT]
        assert bundle.documents[0].content == {"name": COHORT[index].given_name}


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_maker_refuses_is_said_by_its_code(tmp_path: Path, processes: int) -> None:
    with (
        IssueWorkers(COHORT, processes) as workers,
        pytest.raises(AccordError) as caught,
    ):
        list(workers.make(Making(tmp_path, NETWORK, BATCH, failing)))
    assert (caught.value.code, caught.value.path) == ("BADGE_RESULT", "Learner 0")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("processes", [1, 2])
def test_a_file_that_is_there_is_not_written_over(tmp_path: Path, processes: int) -> None:
    segment_path(tmp_path, SEGMENT).write_bytes(b"mine")
    with IssueWorkers(COHORT, processes) as workers, pytest.raises(AccordError) as caught:
        list(workers.make(Making(tmp_path, NETWORK, BATCH, plain)))
    assert caught.value.code == "KEYFILE_EXISTS"
    assert segment_path(tmp_path, SEGMENT).read_bytes() == b"mine"


def test_the_order_says_nothing_of_the_list() -> None:
    order = shuffled(COHORT, random.Random(3))
    assert order != COHORT
    assert sorted(order, key=lambda one: one.given_name) == sorted(COHORT, key=lambda one: one.given_name)


def test_a_process_ended_from_outside_is_named(tmp_path: Path) -> None:
    with IssueWorkers(COHORT, 2) as workers:
        assert workers._pool is not None
        for process in workers._pool._processes.values():
            process.kill()
        with pytest.raises(AccordError) as caught:
            list(workers.make(Making(tmp_path, NETWORK, BATCH, BADGE)))
    assert caught.value.code == "WORKER_GONE"
