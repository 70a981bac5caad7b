"""T45 evidence_submit: two votes of one member in one view that no honest member signs both of."""

from __future__ import annotations

import pytest

from accord_ledger.block import NO_SEAL, Vote
from accord_ledger.domain.kinds import accusation
from accord_ledger.domain.kinds.accusation import EvidenceSubmit
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.model.epoch import EVIDENCE, EVIDENCE_COUNTS
from domain_alliance import key_of
from domain_world import World
from epoch_world import QUORUM, other_node, step, vote

ONE, TWO = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def world() -> World:
    return World()


def evidence(view: int = 7, member: str = "um", epoch: int = 0) -> EvidenceSubmit:
    return EvidenceSubmit(
        first=vote("notarize", view, ONE, member, epoch=epoch),
        second=vote("notarize", view, TWO, member, epoch=epoch),
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (vote("notarize", 7, ONE, "um"), vote("notarize", 7, TWO, "um")),
        (vote("finalize", 7, ONE, "um"), vote("finalize", 7, TWO, "um")),
        (vote("nullify", 7, NO_SEAL, "um"), vote("finalize", 7, TWO, "um")),
    ],
)
def test_t45_rule_8(world: World, first: Vote, second: Vote) -> None:
    world.do("evidence_submit", EvidenceSubmit(first=first, second=second), "aud-1")
    stored = world.get(EVIDENCE, 0, "um", 7)
    assert (stored.first, stored.second, stored.by, stored.height) == (first, second, "aud-1", 1)
    assert world.execution.weight == 10 + 28


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (vote("notarize", 7, ONE, "um"), vote("notarize", 7, ONE, "um")),
        (vote("notarize", 7, ONE, "um"), vote("nullify", 7, NO_SEAL, "um")),
        (vote("notarize", 7, ONE, "um"), vote("notarize", 8, TWO, "um")),
        (vote("notarize", 7, ONE, "um"), vote("notarize", 7, TWO, "uu")),
        (vote("notarize", 7, ONE, "bjou"), vote("notarize", 7, TWO, "bjou")),
        (vote("notarize", 7, ONE, "um"), vote("notarize", 7, TWO, "um", key=key_of("uu", "node vote"))),
        (vote("notarize", 7, ONE, "um", key=key_of("uu", "node vote")), vote("notarize", 7, TWO, "um")),
        (vote("notarize", 7, ONE, "um"), vote("notarize", 7, TWO, "um", network=bytes(32))),
        (vote("notarize", 7, ONE, "um", epoch=1), vote("notarize", 7, TWO, "um", epoch=1)),
    ],
)
def test_t45_what_is_no_evidence(world: World, first: Vote, second: Vote) -> None:
    world.refused("E_EVIDENCE", "evidence_submit", EvidenceSubmit(first=first, second=second), "aud-1")


def test_t45_each_view_is_stored_once(world: World) -> None:
    body = evidence()
    world.do("evidence_submit", body, "aud-1")
    world.refused("E_DUPLICATE", "evidence_submit", body, "uu")
    turned = EvidenceSubmit(first=body.second, second=body.first)
    world.refused("E_DUPLICATE", "evidence_submit", turned, "uu")
    world.do("evidence_submit", evidence(view=8), "uu")
    assert world.get(EVIDENCE_COUNTS, 0, "um").count == 2


def test_t45_a_stolen_key_fills_no_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accusation, "MAX_STORED", 2)
    for view in (1, 2):
        world.do("evidence_submit", evidence(view=view), "aud-1")
    world.refused("E_DUPLICATE", "evidence_submit", evidence(view=3), "aud-1")
    world.do("evidence_submit", evidence(view=3, member="uu"), "aud-1")


def test_t45_votes_are_judged_by_the_keys_of_their_epoch(world: World) -> None:
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    world.do("evidence_submit", evidence(member="uu"), "aud-1")
    world.refused("E_EVIDENCE", "evidence_submit", evidence(epoch=1), "aud-1")
    step(world)
    world.do("evidence_submit", evidence(epoch=1), "aud-1")
    world.refused("E_EVIDENCE", "evidence_submit", evidence(member="uu", epoch=1), "aud-1")
    world.do("node_keys_set", other_node("um", "new"), "um")
    step(world)
    world.do("evidence_submit", evidence(view=9), "aud-1")
    world.refused("E_EVIDENCE", "evidence_submit", evidence(epoch=2), "aud-1")


def test_t45_it_decides_nothing(world: World) -> None:
    world.do("evidence_submit", evidence(), "aud-1")
    done = step(world)
    assert not done.version.ends_epoch
    world.do("node_keys_set", other_node("um", "new"), "um")


def test_t45_any_party_signs(world: World) -> None:
    world.refused("E_SIG_MISSING", "evidence_submit", evidence(), "uu governance", detail="1 of (uu, uu log)")


def test_t45_the_partys_node_signs_with_its_log_key(world: World) -> None:
    world.do("evidence_submit", evidence(), "uu node log")


@pytest.mark.parametrize("use", ["vote", "link", "witness"])
def test_t45_no_other_key_of_the_node_signs(world: World, use: str) -> None:
    world.refused("E_SIG_INVALID", "evidence_submit", evidence(), f"uu node {use}")


def test_t45_the_nodes_log_key_signs_nothing_else(world: World) -> None:
    world.refused("E_SIG_INVALID", "node_keys_set", other_node("um", "new"), "um node log")
