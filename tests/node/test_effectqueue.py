"""What is carried out when: a finalization rides with the next write, everything else goes at once."""

from __future__ import annotations

import asyncio

import pytest

from accord_ledger.block import NO_SEAL, Certificate
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import journal
from accord_ledger.consensus.inputs import TimerKind
from accord_node import effectqueue
from accord_node.effectqueue import EffectQueue

FINAL = Certificate(kind="finalize", epoch=0, view=3, seal=b"\3" * 32, votes=())
NOTARIZED = Certificate(kind="notarize", epoch=0, view=4, seal=b"\4" * 32, votes=())
TIMER = do.ScheduleTimer(4, TimerKind.SETTLE, 500)


def kept(certificate: Certificate) -> journal.Certified:
    return journal.Certified(epoch=0, view=certificate.view, certificate=certificate)


def finality() -> list[do.Effect]:
    """What the core says when a block is final."""
    return [do.Persist((kept(FINAL),)), do.SendCertificate(FINAL), do.Finalised(FINAL, FINAL.seal)]


def vote() -> list[do.Effect]:
    record = journal.Voted(epoch=0, view=4, kind="notarize", seal=NOTARIZED.seal)
    return [do.Persist((record,)), do.SendVote("notarize", 0, 4, NOTARIZED.seal)]


async def take(queue: EffectQueue) -> list[do.Effect]:
    return await asyncio.wait_for(queue.take(), 10)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test that is about it sees what is held back fall due."""
    monkeypatch.setattr(effectqueue, "HELD_SECONDS", 1000.0)


async def test_a_finalization_is_known_at_once_and_written_with_the_next_vote() -> None:
    queue, (persist, send, final) = EffectQueue(), finality()
    queue.add([persist, send, final])
    assert await take(queue) == [final]
    queue.add(vote())
    assert await take(queue) == [persist, send, *vote()]
    queue.clear()


async def test_nothing_that_only_we_see_waits_for_it_or_makes_it_written() -> None:
    queue = EffectQueue()
    work: list[do.Effect] = [TIMER, do.BuildBlock(4, FINAL.seal, FINAL, empty_only=False)]
    queue.add(finality()[:2])
    queue.add(work)
    assert await take(queue) == work
    queue.add(vote())
    assert await take(queue) == [*finality()[:2], *vote()]
    queue.clear()


@pytest.mark.parametrize(
    "binding",
    [
        [do.Persist((kept(NOTARIZED),))],
        [do.Persist((kept(FINAL), journal.Voted(epoch=0, view=4, kind="nullify", seal=NO_SEAL)))],
        [do.SendCertificate(NOTARIZED)],
        [do.SendCertificate(FINAL, "p1")],
        [do.EnteredView(5, "p1")],
    ],
)
async def test_whatever_else_is_said_or_kept_goes_behind_it_at_once(binding: list[do.Effect]) -> None:
    queue = EffectQueue()
    queue.add(finality()[:2])
    queue.add(binding)
    assert await take(queue) == [*finality()[:2], *binding]


async def test_it_is_written_soon_although_nothing_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effectqueue, "HELD_SECONDS", 0.01)
    queue = EffectQueue()
    queue.add(finality())
    assert await take(queue) == finality()[2:]
    assert await take(queue) == finality()[:2]
    queue.add(finality())  # and the next one is held back again
    assert await take(queue) == finality()[2:]
    queue.clear()


async def test_what_was_cleared_is_never_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effectqueue, "HELD_SECONDS", 0.01)
    queue = EffectQueue()
    queue.add(finality())
    await take(queue)
    queue.clear()
    queue.add([TIMER])
    assert await take(queue) == [TIMER]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.take(), 0.05)
