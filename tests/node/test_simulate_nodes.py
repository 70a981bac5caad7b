"""Whole nodes on simulated time: the seed decides everything, and nothing that was promised is broken."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from accord_node.doubt import Doubt
from accord_node.simulate.disk import Loss
from accord_node.simulate.nodes import Scenario, run
from accord_node.simulate.nodes.liars import LIARS
from accord_node.simulate.nodes.net import Weather
from accord_node.simulate.nodes.run import game
from accord_node.simulate.nodes.scenarios import SCENARIOS

HARD = SCENARIOS["nodes_restarts_5_equivocator"]
SHORT = Scenario(records=3, spread=0.5)
PLACES = range(3, 140, 27)
"""Of those that the first host passes in a short calm run; all of them in the campaign."""
LOSSES = list(Loss)
CALM_LIARS = {f"nodes_{kind}_4" for kind in LIARS}
"""Every day their storms are enough."""


def die(place: int, loss: Loss) -> None:
    report = run(5, replace(SHORT, die_at=place, loss=loss))
    assert report.good, report.explain()
    assert report.deaths == 1


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in CALM_LIARS])
def test_a_seed_of_each_scenario(name: str) -> None:
    report = run(11, SCENARIOS[name])
    assert report.good, report.explain()
    assert report.height > 0


@pytest.mark.campaign
@pytest.mark.parametrize("name", SCENARIOS)
def test_seeds_of_each_scenario(name: str) -> None:
    for seed in range(100, 120):
        report = run(seed, SCENARIOS[name])
        assert report.good, report.explain()


def test_progress_is_promised_while_no_more_than_f_lie_or_are_in_doubt() -> None:
    with game(11, replace(SCENARIOS["nodes_calm_4"], members=5, liars=("withholder",))) as played:
        played.play()
        assert (played.stuck, played._without_quorum()) == ((), ())
        node = played.hosts["p0"].node
        assert node is not None
        node.epochs._doubt = Doubt(fresh=False)
        assert played._without_quorum() == ()  # it never died: what keeps it from knowing?
        played.hosts["p0"].deaths = 1
        assert played._without_quorum() == ("p0", "p4")


def test_a_first_start_beside_a_silent_member_is_not_waited_for() -> None:
    with game(11, SCENARIOS["nodes_late_4"]) as played:
        played.play()
        assert played.oracle.violations == []
        assert played.stuck == ()
        assert played.oracle.log.height == played.hosts["p2"].height > 3
        assert played.hosts["p2"].deaths == 0


def test_without_the_file_beside_its_key_nothing_would_be_final_any_more() -> None:
    with game(11, SCENARIOS["nodes_late_4"]) as played:
        (played.hosts["p2"].disk.root / "keys" / "vote.unused").unlink()
        played.play()
        assert any("not everything is final in time" in line for line in played.oracle.violations)
        node = played.hosts["p2"].node
        assert node is not None
        assert node.epochs.abstaining


@pytest.mark.parametrize("seed", range(6))
def test_hosts_that_die_and_come_back_in_a_storm(seed: int) -> None:
    report = run(seed, SCENARIOS["nodes_restarts_4"])
    assert report.good, report.explain()
    assert report.deaths > 0


@pytest.mark.parametrize("place", PLACES)
def test_a_death_at_a_place_where_disk_or_network_is_touched(place: int) -> None:
    die(place, LOSSES[place % len(LOSSES)])


@pytest.mark.campaign
@pytest.mark.parametrize("loss", Loss)
def test_a_death_at_each_place_where_disk_or_network_is_touched(loss: Loss) -> None:
    places = run(5, SHORT).places
    assert places > 100
    for place in range(1, places + 1):
        die(place, loss)


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = run(3, HARD), run(3, HARD)
    assert first.transcript == second.transcript
    assert first.digest == second.digest


def test_the_same_seed_gives_the_same_run_in_another_interpreter() -> None:
    """Neither the order of sets nor that of addresses in memory may count."""
    program = (
        "from accord_node.simulate.nodes import run;"
        "from accord_node.simulate.nodes.scenarios import SCENARIOS;"
        "print(run(3, SCENARIOS['nodes_restarts_5_equivocator']).digest)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == run(3, HARD).digest


def test_different_seeds_give_different_runs() -> None:
    assert len({run(seed, Scenario(records=2)).digest for seed in range(4)}) == 4


def test_all_that_was_accepted_becomes_final_although_all_died_at_once() -> None:
    report = run(2, SCENARIOS["nodes_all_die"])
    assert report.good, report.explain()
    assert report.deaths == 4


def test_a_member_that_votes_twice_is_accused() -> None:
    report = run(1, SCENARIOS["nodes_double_voter_4"])
    assert report.good, report.explain()
    assert report.accused == {"p3"}


def test_more_liars_than_a_third_are_noticed() -> None:
    """With two of four telling the two others different things, something promised is broken in the end."""
    scenario = replace(
        SCENARIOS["nodes_storm_4"],
        liars=("equivocator", "withholder"),
        weather=Weather(breaks=0.05),
        heal_at=2.0,
        limit=0.5,
    )
    reports = [run(seed, scenario) for seed in range(3)]
    assert any("VIOLATION" in report.explain() for report in reports)


def test_the_transcript_says_who_said_what_when() -> None:
    report = run(1, Scenario(records=1))
    proposal = next(line for line in report.transcript if "PROPOSAL view 1" in line)
    when, who, arrow, to = proposal.split()[:4]
    assert float(when) > 0
    assert (who[0], arrow, to[0]) == ("p", "->", "p")
    assert any("final: height 1" in line for line in report.transcript)
