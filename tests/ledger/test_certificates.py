"""What makes n - f votes a certificate: quorum, distinct members, and everything that their signatures bind."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.block import (
    NO_SEAL,
    Certificate,
    Member,
    Members,
    VoteKind,
    check_certificate,
    vote_message,
)
from accord_ledger.errors import ProofError
from accord_ledger.keys import SigningKey

NETWORK = b"\x22" * 32
SEAL = b"\x33" * 32
SIGNERS = [SigningKey(bytes([place + 1]) * 32) for place in range(5)]


def electorate(size: int, epoch: int = 3) -> Members:
    seats = (
        Member(party=f"m{at}", vote=SIGNERS[at].public, witness=SIGNERS[at].public) for at in range(size)
    )
    return Members(epoch=epoch, members=tuple(seats))


def certificate(who: tuple[int, ...], of: VoteKind = "finalize", **signed: Any) -> Certificate:
    """A certificate of epoch 3, view 9; ``signed`` says what the signatures are over instead."""
    seal = NO_SEAL if of == "nullify" else SEAL
    said: dict[str, Any] = {"kind": of, "epoch": 3, "view": 9, "seal": seal}
    message = vote_message(NETWORK, **(said | signed))
    votes = tuple((f"m{at}", SIGNERS[at].sign(message)) for at in who)
    return Certificate(**said, votes=votes)


def code_of(held: Certificate, size: int = 4) -> str:
    with pytest.raises(ProofError) as caught:
        check_certificate(NETWORK, electorate(size), held)
    return caught.value.code


@pytest.mark.parametrize(("size", "enough"), [(4, 3), (5, 4)])
@pytest.mark.parametrize("kind", ["notarize", "nullify", "finalize"])
def test_n_less_f_members_are_a_quorum_and_fewer_are_not(size: int, enough: int, kind: VoteKind) -> None:
    check_certificate(NETWORK, electorate(size), certificate(tuple(range(enough)), kind))
    assert code_of(certificate(tuple(range(enough - 1)), kind), size) == "CERTIFICATE_QUORUM"


def test_a_member_counts_once() -> None:
    assert code_of(certificate((0, 1, 1))) == "CERTIFICATE_ORDER"
    assert code_of(certificate((2, 1, 0))) == "CERTIFICATE_ORDER"


def test_only_members_count() -> None:
    assert code_of(certificate((0, 1, 4))) == "CERTIFICATE_MEMBER"


@pytest.mark.parametrize(
    "signed",
    [{"epoch": 2}, {"view": 8}, {"kind": "notarize"}, {"seal": b"\x34" * 32}, {"network": b"\x23" * 32}],
    ids=lambda signed: next(iter(signed)),
)
def test_a_vote_binds_epoch_view_kind_seal_and_network(signed: dict[str, Any]) -> None:
    network = signed.pop("network", NETWORK)
    held = certificate((0, 1, 2), **signed)
    if network != NETWORK:
        message = vote_message(network, held.kind, held.epoch, held.view, held.seal)
        held = replace(held, votes=tuple((f"m{at}", SIGNERS[at].sign(message)) for at in range(3)))
    assert code_of(held) == "CERTIFICATE_SIGNATURE"


def test_a_nullify_of_the_last_epoch_is_none_of_this() -> None:
    """It names no seal, so nothing but the signed epoch tells them apart."""
    assert code_of(certificate((0, 1, 2), "nullify", epoch=2)) == "CERTIFICATE_SIGNATURE"


def test_one_bad_signature_spoils_it() -> None:
    held = certificate((0, 1, 2))
    votes = (*held.votes[:2], ("m2", held.votes[0][1]))
    assert code_of(replace(held, votes=votes)) == "CERTIFICATE_SIGNATURE"


def test_a_certificate_of_another_epoch() -> None:
    assert code_of(replace(certificate((0, 1, 2)), epoch=4)) == "CERTIFICATE_EPOCH"


def test_a_seal_stands_exactly_where_one_is_voted_on() -> None:
    assert code_of(replace(certificate((0, 1, 2)), seal=NO_SEAL)) == "CERTIFICATE_SEAL"
    assert code_of(replace(certificate((0, 1, 2), "nullify"), seal=SEAL)) == "CERTIFICATE_SEAL"
