"""Hand-offs: from the members one trusts to those who vote now, and from nobody else."""

from __future__ import annotations

from dataclasses import replace as changed
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.block import SealedBytes
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.model.epoch import EPOCHS, Epoch
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.execute import Executed
from accord_ledger.handoff import Handoff, check_handoff, make_handoff, read_handoff
from domain_alliance import SEATS
from domain_world import NETWORK, World, members
from epoch_world import QUORUM, certificate, finalization, step


@cache
def ended() -> tuple[Executed, Epoch, Handoff]:
    world = World()
    step(world)
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    done = step(world)
    epoch = world.get(EPOCHS, 1)
    return done, epoch, make_handoff(done.sealed, finalization(done), done.version.map, epoch)


def test_the_next_members_follow() -> None:
    done, epoch, handoff = ended()
    followed = check_handoff(NETWORK, members(), read_handoff(handoff.encode()))
    assert followed.epoch == epoch
    assert followed.epoch.members == done.version.members
    assert followed.log_size == done.version.log.size


def other_seal(**fields: Any) -> Handoff:
    done, _, handoff = ended()
    sealed = SealedBytes.of(replace(done.sealed.seal, **fields))
    made = changed(done, sealed=sealed)
    return replace(handoff, seal=sealed.entry, finalization=finalization(made))


def alterations() -> list[tuple[str, Handoff]]:
    done, epoch, handoff = ended()
    seal, view = done.sealed.hash, done.sealed.seal.view
    stranger = replace(epoch, members=replace(epoch.members, members=members().members))
    later = replace(epoch, members=replace(epoch.members, epoch=2))
    return [
        ("HANDOFF_SEAL", replace(handoff, seal=b"\x80")),
        ("HANDOFF_SEAL", other_seal(network=bytes(32))),
        ("HANDOFF_SEAL", other_seal(members=bytes(32))),
        ("HANDOFF_SEAL", other_seal(epoch=1)),
        ("HANDOFF_CERTIFICATE", replace(handoff, finalization=certificate("notarize", view, seal))),
        (
            "HANDOFF_CERTIFICATE",
            replace(handoff, finalization=certificate("finalize", view, bytes(31) + b"x")),
        ),
        ("CERTIFICATE_QUORUM", replace(handoff, finalization=finalization(done, SEATS[:4]))),
        ("CERTIFICATE_EPOCH", replace(handoff, finalization=certificate("finalize", view, seal, epoch=1))),
        ("HANDOFF_EPOCH", replace(handoff, epoch=later)),
        ("HANDOFF_EPOCH", replace(handoff, epoch=replace(epoch, first=epoch.first + 1))),
        ("HANDOFF_EPOCH", other_seal(height=7)),
        ("MAP_PRESENCE", replace(handoff, epoch=stranger)),
        ("MAP_PRESENCE", replace(handoff, epoch=replace(epoch, logs=()))),
        ("MAP_PRESENCE", replace(handoff, epoch=replace(epoch, version=2))),
        ("MAP_PRESENCE", other_seal(state_root=bytes(32))),
    ]


@pytest.mark.parametrize("place", range(15))
def test_each_alteration_is_refused(place: int) -> None:
    code, handoff = alterations()[place]
    with pytest.raises(ProofError) as caught:
        check_handoff(NETWORK, members(), handoff)
    assert caught.value.code == code, caught.value


def test_every_alteration_is_tried() -> None:
    assert len(alterations()) == 15


def test_an_ordinary_block_hands_nothing_over() -> None:
    """The epoch row stays in state for ever; only the seal before its first height proves the change."""
    world = World()
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    step(world)
    later = step(world)
    handoff = make_handoff(later.sealed, finalization(later), later.version.map, world.get(EPOCHS, 1))
    for known in (members(), later.version.members):
        with pytest.raises(ProofError, match="HANDOFF_"):
            check_handoff(NETWORK, known, handoff)


def test_files_are_canonical_and_bounded() -> None:
    data = ended()[2].encode()
    with pytest.raises(DecodeError):
        read_handoff(data[:-1])
    with pytest.raises(DecodeError, match="CODEC_TOO_LARGE"):
        read_handoff(data + bytes(200_000))
