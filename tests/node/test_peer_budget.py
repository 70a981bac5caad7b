"""Budgets: rates with bursts, and bans that grow and are forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from accord_node.peer import PeerConfig
from accord_node.peer.budget import Account, TokenBucket


class _Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 500)), max_size=50))
def test_waiting_as_told_keeps_the_rate(steps: list[tuple[float, int]]) -> None:
    now, spent = 0.0, 0
    bucket = TokenBucket(100.0, 200.0, now)
    for pause, amount in steps:
        now += pause
        spent += amount
        now += bucket.spend(amount, now)
    assert spent <= 200 + 100 * now + 1e-6


def test_traffic_within_the_burst_never_waits() -> None:
    account = Account(PeerConfig(), _Hand())
    assert account.charge(1_000_000, 1000) == 0


def test_small_offences_are_forgiven_with_time() -> None:
    clock = _Hand()
    account = Account(PeerConfig(), clock)
    for _ in range(50):
        assert not account.offend(40)
        clock.now += 40
    assert not account.offend(60)
    assert account.offend(60)


def test_bans_double_up_to_a_limit_and_start_anew_after_good_conduct() -> None:
    clock = _Hand()
    account = Account(PeerConfig(ban_min_seconds=1, ban_max_seconds=8), clock)
    lengths = []
    for _ in range(5):
        assert account.offend(100)
        lengths.append(account.banned_for())
        clock.now += account.banned_for()
    assert lengths == [1, 2, 4, 8, 8]
    clock.now += 9
    assert account.offend(100)
    assert account.banned_for() == 1
