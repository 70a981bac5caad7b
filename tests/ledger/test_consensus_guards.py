"""Guards that stand behind others: what the core would do if the first were ever wrong."""

from __future__ import annotations

from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.chain import Chain, Gap
from accord_ledger.consensus.inputs import TimerKind, Verdict
from accord_ledger.consensus.journal import Voted
from accord_ledger.consensus.proposals import Placing
from consensus_script import GENESIS, NETWORK, Seat, block, certificate, members, said

B1 = block(1)


def test_a_finalize_alone_in_the_journal_still_excludes_nullify() -> None:
    """It is always written with its notarization, which leads into the next view; this does not rely on it."""
    seat = Seat(records=(Voted(epoch=0, view=1, kind="finalize", seal=B1.hash),))
    assert seat.core.view == 1
    assert said(seat.first) == [("finalize", 1)]
    seat.give(on.WorkChanged(pending=True))
    assert said(seat.give(on.TimeoutElapsed(1, TimerKind.ADVANCE))) == []


def test_a_parent_that_is_not_certified_here_is_asked_for() -> None:
    """A proposal brings its parent's certificate, so the chain knows it; where it does not, it waits."""
    chain = Chain(GENESIS, 0)
    placing = Placing(NETWORK, members())
    assert placing.judge(block(2, B1), 2, chain) == Gap(1, 1)
    chain.add(certificate("notarize", 1, B1.hash))
    assert placing.judge(block(2, B1), 2, chain) is Verdict.VALID
