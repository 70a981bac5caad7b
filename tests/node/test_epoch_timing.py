"""How long an epoch waits for members that are silent, by their number."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config
from accord_node.epochs import for_members
from consensus_script import Seat, certificate, nullify, only
from node_network import Network, make_alliance


def turn_of_the_silent_one(config: Config, *, heard: bool) -> list[do.Effect]:
    """Four members of which m1 said nothing since view 1, and so missed its turn in view 5; the next is view 9."""
    seat = Seat(config=config)
    for view in range(1, 9):
        seat.give(on.WorkChanged(pending=True), on.TimeoutElapsed(view, on.TimerKind.LEADER))
        seat.give(on.CertificateReceived(certificate("nullify", view, who=(0, 2, 3))))
    if heard:
        seat.give(nullify(8, "m1"))
    return seat.give(on.WorkChanged(pending=True))


def test_who_missed_its_turn_gets_no_time_in_the_next_one() -> None:
    effects = turn_of_the_silent_one(for_members(Config(), 4), heard=False)
    assert only(effects, do.SendVote)[0].kind == "nullify"


def test_one_word_is_enough_to_be_waited_for_again() -> None:
    assert not only(turn_of_the_silent_one(for_members(Config(), 4), heard=True), do.SendVote)


def test_with_the_bound_of_many_members_four_would_wait_again() -> None:
    assert not only(turn_of_the_silent_one(Config(), heard=False), do.SendVote)


@pytest.mark.parametrize(("size", "views"), [(4, 4), (7, 7), (30, 20)])
def test_the_bound_is_one_round_of_turns_and_never_more_than_it_was(size: int, views: int) -> None:
    assert for_members(Config(), size).skip_after == views


async def test_a_running_node_goes_by_it(tmp_path: Path) -> None:
    async with Network(make_alliance(4), tmp_path) as running:
        assert {node.driver.core._memory.config.skip_after for node in running.nodes.values()} == {4}
