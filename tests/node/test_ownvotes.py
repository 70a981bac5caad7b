"""Which votes of ours the journal should hold and does not."""

from __future__ import annotations

from accord_ledger.block import NO_SEAL, Certificate, VoteKind
from accord_ledger.consensus.journal import Record, Voted
from accord_node.ownvotes import NOWHERE, OwnVotes, Place

SEAL, OTHER = b"\x01" * 32, b"\x02" * 32


class Disk:
    """What was written."""

    def __init__(self) -> None:
        self.records: tuple[Record, ...] = ()

    async def write(self, records: tuple[Record, ...]) -> None:
        self.records += records


def certificate(
    view: int, seal: bytes = SEAL, *, kind: VoteKind = "notarize", epoch: int = 1, by: str = "abc"
) -> Certificate:
    votes = tuple((party, bytes(64)) for party in by)
    return Certificate(kind=kind, epoch=epoch, view=view, seal=seal, votes=votes)


def voted(view: int, seal: bytes = SEAL, *, kind: VoteKind = "notarize", epoch: int = 1) -> Voted:
    return Voted(epoch=epoch, view=view, kind=kind, seal=seal)


def votes(*records: Record, after: Place = NOWHERE) -> OwnVotes:
    made = OwnVotes(Disk())
    made.restore(records, after)
    return made


def test_a_vote_that_is_not_there_is_lacking() -> None:
    held = votes(voted(7))
    assert not held.lacks(certificate(7), "a")
    assert held.lacks(certificate(8), "a")
    assert held.lacks(certificate(7, OTHER), "a")
    assert held.lacks(certificate(7, kind="finalize"), "a")
    assert held.lacks(certificate(7, epoch=2), "a")


def test_votes_of_others_are_not_ours() -> None:
    assert not votes().lacks(certificate(7, by="bcd"), "a")


async def test_what_is_written_is_held_and_reaches_the_journal() -> None:
    disk = Disk()
    held = OwnVotes(disk)
    await held.write((voted(3, NO_SEAL, kind="nullify"),))
    assert disk.records == (voted(3, NO_SEAL, kind="nullify"),)
    assert not held.lacks(certificate(3, NO_SEAL, kind="nullify"), "a")


def test_the_journal_need_not_hold_what_finality_had_passed() -> None:
    held = votes(after=(1, 7))
    assert not held.lacks(certificate(7), "a")
    assert not held.lacks(certificate(900, epoch=0), "a")
    assert held.lacks(certificate(8), "a")
    held.accounts_after((1, 8))
    assert not held.lacks(certificate(8), "a")


def test_what_is_forgotten_is_not_asked_for_again() -> None:
    held = votes(voted(6), voted(7), voted(8))
    held.forget_before((1, 7))
    assert not held.lacks(certificate(7), "a")
    assert not held.lacks(certificate(8), "a")
    assert held._held == {(1, 7, "notarize", SEAL), (1, 8, "notarize", SEAL)}
