"""T35 interop_publish: a commitment to another system's number leads to a subject here (rows E5, P9)."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from accord_ledger.domain.kinds.interop import PUBLICATIONS, InteropPublish, Subject
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange

NUMBER = sha256(b"salt" * 8 + b"2026-0815").digest()
BATCH = uid("batch uu-ds")


@pytest.fixture
def world() -> Exchange:
    world = Exchange()
    world.at("2026-03-02")
    programme = world.offer(terms())
    world.at("2026-04-01")
    world.issue(programme, 12)
    return world


def publish(subject: Subject, commitment: bytes = NUMBER, system: str = "chsi") -> InteropPublish:
    return InteropPublish(system=system, subject=subject, external_id_commitment=commitment)


def test_t35_a_programme_a_batch_and_one_credential(world: Exchange) -> None:
    subjects = [
        Subject(programme=("uu-ds", 1)),
        Subject(batch_id=BATCH),
        Subject(batch_id=BATCH, index=0),
        Subject(batch_id=BATCH, index=11),
    ]
    for place, subject in enumerate(subjects):
        commitment = bytes([place]) * 32
        world.do("interop_publish", publish(subject, commitment), "uu")
        found = world.get(PUBLICATIONS, "chsi", commitment)
        assert (found.subject, found.issuer, found.at) == (subject, "uu", world.time)


@pytest.mark.parametrize("signer", ["um", "uu registrar", "nvao"])
def test_t35_by_an_issuer(world: Exchange, signer: str) -> None:
    for subject in (Subject(programme=("uu-ds", 1)), Subject(batch_id=BATCH, index=1)):
        world.refused("E_SIG_MISSING", "interop_publish", publish(subject), signer)


def test_t35_a_commitment_leads_to_one_subject(world: Exchange) -> None:
    world.do("interop_publish", publish(Subject(programme=("uu-ds", 1))), "uu")
    again = publish(Subject(batch_id=BATCH))
    world.refused("E_DUPLICATE", "interop_publish", again, "uu")
    world.do("interop_publish", publish(Subject(batch_id=BATCH), system="europass"), "uu")


def test_t35_subjects_there_are(world: Exchange) -> None:
    for subject in (
        Subject(programme=("uu-ds", 2)),
        Subject(batch_id=b"\x00" * 16),
        Subject(batch_id=BATCH, index=12),
    ):
        world.refused("E_UNKNOWN_REF", "interop_publish", publish(subject), "uu")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"index": 1},
        {"programme": ("uu-ds", 1), "batch_id": b"\x00" * 16},
        {"programme": ("uu-ds", 1), "index": 1},
    ],
)
def test_t35_one_subject(world: Exchange, values: dict[str, Any]) -> None:
    world.refused("E_VALUE", "interop_publish", publish(Subject(**values)), "uu")


@pytest.mark.parametrize(("system", "commitment"), [("CHSI", NUMBER), ("a b", NUMBER), ("chsi", NUMBER[:31])])
def test_t35_form(world: Exchange, system: str, commitment: bytes) -> None:
    body = publish(Subject(programme=("uu-ds", 1)), commitment, system)
    world.refused("E_SCHEMA", "interop_publish", body, "uu")


def test_t35_weighs_eight(world: Exchange) -> None:
    before = world.execution.weight
    world.do("interop_publish", publish(Subject(programme=("uu-ds", 1))), "uu")
    assert world.execution.weight - before == 10 + 8
