"""The judge sees each broken promise, and is silent while none is."""

from __future__ import annotations

from accord_ledger import codec
from accord_ledger.block import NO_SEAL, Certificate, SealedBytes, VoteKind
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.consensus.journal import Voted
from accord_node.simulate.ledger import SmallLedger, encode_body, member_set
from accord_node.simulate.oracle import Oracle
from accord_node.simulate.signing import sign

NETWORK = b"n" * 32
PARTIES = ["m0", "m1", "m2", "m3"]
SEAL, OTHER = b"s" * 32, b"o" * 32


def oracle() -> Oracle:
    return Oracle(NETWORK, member_set(PARTIES), PARTIES[:3], lambda _who, _what: None)


def say(judge: Oracle, party: str, kind: VoteKind, view: int = 1, seal: bytes = NO_SEAL) -> None:
    """A vote, durable as it should be."""
    record = codec.encode(Voted(epoch=0, view=view, kind=kind, seal=seal))
    judge.sends_vote(party, sign(NETWORK, kind, (0, view), seal, party), record)


def certificate(
    kind: VoteKind, seal: bytes = NO_SEAL, parties: tuple[str, ...] = ("m0", "m1", "m3")
) -> Certificate:
    votes = tuple((party, sign(NETWORK, kind, (0, 1), seal, party).signature) for party in parties)
    return Certificate(kind=kind, epoch=0, view=1, seal=seal, votes=votes)


def block(ledger: SmallLedger, number: int) -> tuple[SealedBytes, bytes]:
    body = encode_body((number,))
    sealed = ledger.build(1, "m1", NETWORK, None, body)
    assert sealed is not None
    ledger.store(sealed, body)
    return sealed, body


def test_what_is_allowed_is_no_violation() -> None:
    judge = oracle()
    for party in ("m0", "m1", "m3"):
        say(judge, party, "nullify")
        say(judge, party, "nullify")
    judge.sends_certificate("m0", certificate("nullify"))
    assert judge.violations == []


def test_nullify_and_finalize_two_votes_and_what_is_not_durable() -> None:
    judge = oracle()
    say(judge, "m0", "nullify")
    say(judge, "m0", "finalize", seal=SEAL)
    assert any("nullify and finalize" in line for line in judge.violations)
    say(judge, "m1", "notarize", seal=SEAL)
    say(judge, "m1", "notarize", seal=OTHER)
    assert any("m1 said two notarize" in line for line in judge.violations)
    judge.sends_vote("m2", sign(NETWORK, "nullify", (0, 1), NO_SEAL, "m2"), b"")
    assert "m2 sent nullify of view 1 before itself was durable" in judge.violations


def test_a_certificate_holds_honest_votes_only_if_they_were_said() -> None:
    judge = oracle()
    say(judge, "m0", "nullify")
    judge.sends_certificate("m0", certificate("nullify"))
    assert judge.violations == ["m1 never said the nullify certified in view 1"]


def test_a_view_has_one_outcome() -> None:
    judge = oracle()
    lying = ("m3",)  # whose votes the judge does not ask about
    judge.sends_certificate("m0", certificate("notarize", SEAL, lying))
    judge.sends_certificate("m1", certificate("notarize", OTHER, lying))
    assert judge.violations == ["two seals certified in view 1"]
    judge.sends_certificate("m0", certificate("finalize", SEAL, lying))
    judge.sends_certificate("m1", certificate("nullify", NO_SEAL, lying))
    assert judge.violations[1:] == ["view 1 is both final and nullified"]


def test_two_final_blocks_of_one_height_and_a_block_nobody_proposed() -> None:
    judge, ledger = oracle(), SmallLedger(NETWORK, member_set(PARTIES))
    blocks = [block(ledger, number) for number in (1, 2)]
    for sealed, body in blocks:
        judge.sees_block(sealed, body)
        judge.finalised("m0", sealed.hash)
    judge.finalised("m1", SEAL)
    assert judge.violations[0] == "two final blocks at height 1, the second by m0"
    assert judge.violations[-1] == "m1 finalised a block nobody proposed"


def test_a_commit_is_of_the_final_block_with_its_state_and_never_goes_back() -> None:
    judge, ledger = oracle(), SmallLedger(NETWORK, member_set(PARTIES))
    sealed, body = block(ledger, 1)
    judge.sees_block(sealed, body)
    judge.finalised("m0", sealed.hash)
    judge.commits("m0", 1, sealed.hash, sealed.seal.state_root)
    assert judge.violations == []
    judge.commits("m1", 1, sealed.hash, SEAL)
    judge.commits("m2", 1, OTHER, SEAL)
    judge._final[0] = NETWORK
    judge._seals[NETWORK] = (sealed, body)
    judge.commits("m0", 0, NETWORK, sealed.seal.state_root)
    assert judge.violations == [
        "m1 came to another state at 1",
        "m2 committed another block at 1 than is final",
        "m0 went back from 1 to 0",
    ]


def test_an_honest_member_accused_and_a_vote_without_a_seat() -> None:
    judge = oracle()
    first, second = (sign(NETWORK, "notarize", (0, 1), seal, "m1") for seal in (SEAL, OTHER))
    judge.accuses("m0", Evidence(first=first, second=second))
    assert judge.violations == ["m0 accused m1, who is honest"]
    judge.sends_vote("m0", sign(NETWORK, "nullify", (1, 1), NO_SEAL, "m0"), b"")
    assert "m0 voted in epoch 1, where it has no seat" in judge.violations
