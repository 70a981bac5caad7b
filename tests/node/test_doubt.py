"""Restart is not restore: a journal that may not be the newest makes its member abstain until that is safe."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger.block import Member, Members
from accord_node.doubt import AHEAD, BEGINNING, Doubt
from accord_node.messages import Status
from epoch_network import Changing, make_epoch_alliance
from node_network import issue_entry, key, programme_entries
from waiting import until

MEMBERS = Members(
    epoch=2,
    members=tuple(
        Member(party=f"p{n}", vote=key(f"p{n}", "vote").public, witness=key(f"p{n}", "witness").public)
        for n in range(4)
    ),
)


def status(view: int, *, epoch: int = 2, height: int = 9) -> Status:
    return Status(epoch=epoch, height=height, view=view, cosigned=0)


def doubt(*views: int, fresh: bool = False, height: int = 9) -> Doubt:
    made = Doubt(fresh=fresh)
    for number, view in enumerate(views, 1):
        made.note(f"p{number}", status(view, height=height), MEMBERS)
    return made


def test_the_highest_view_of_a_quorum_of_others_bounds_every_old_vote() -> None:
    assert doubt(7, 9).bound(MEMBERS, "p0", 3) is None
    assert doubt(7, 9, 8).bound(MEMBERS, "p0", 3) == 10


def test_what_strangers_and_we_ourselves_say_counts_for_nothing() -> None:
    made = doubt(7, 9)
    made.note("p9", status(8), MEMBERS)
    made.note("p0", status(8), MEMBERS)
    assert made.bound(MEMBERS, "p0", 3) is None


def test_who_is_in_another_epoch_says_nothing_of_this_one() -> None:
    made = doubt(7, 9)
    made.note("p3", status(99, epoch=1), MEMBERS)
    assert made.bound(MEMBERS, "p0", 3) is None
    made.note("p3", status(3), MEMBERS)
    assert made.bound(MEMBERS, "p0", 3) == 10


def test_linked_to_fewer_than_a_quorum_all_of_them_count_and_the_bound_lies_higher() -> None:
    assert doubt(7).bound(MEMBERS, "p0", 2) is None
    assert doubt(7, 9).bound(MEMBERS, "p0", 2) == 9 + AHEAD


def test_where_nothing_was_ever_final_a_network_begins() -> None:
    assert doubt(1, fresh=True, height=0).bound(MEMBERS, "p0", 3) is None
    assert doubt(1, 1, fresh=True, height=0).bound(MEMBERS, "p0", 3) == BEGINNING


def test_with_an_empty_folder_beside_a_network_that_runs_nothing_begins() -> None:
    made = doubt(1, fresh=True, height=0)
    made.note("p2", status(5, height=3), MEMBERS)
    assert made.bound(MEMBERS, "p0", 3) is None
    made.note("p3", status(5, height=3), MEMBERS)
    assert made.bound(MEMBERS, "p0", 3) == 6


# -- in running nodes ------------------------------------------------------------------------------------


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Changing]:
    async with Changing(make_epoch_alliance(4), tmp_path) as running:
        for entry in programme_entries(running.alliance, "p0", "prog"):
            await running.final(entry)
        await running.settled()
        yield running


async def abstains_until_it_is_safe(network: Changing) -> None:
    """With p2 away p3's vote is needed, and not given; with p2 back finality passes, and p3 votes again."""
    await network.stop("p2")
    await network.start("p3")
    node = network.nodes["p3"]
    assert node.epochs.doubtful
    entry = issue_entry(network.alliance, "p0", "prog", 1)
    (waiting,) = await network.nodes["p0"].submissions.submit([entry], wait=True, timeout=3)
    assert waiting.status == "accepted"
    ready, reason = node.readiness()
    assert not ready
    assert "abstaining" in reason
    assert not any(member == "p3" for _, member in voters_heard(network))
    await network.start("p2")
    await until(lambda: not node.epochs.doubtful, "safe")
    await network.final(entry)
    await network.stop("p2")
    await network.final(issue_entry(network.alliance, "p0", "prog", 2))
    assert not any(other.evidence for other in network.nodes.values())


def voters_heard(network: Changing) -> set[tuple[int, str]]:
    """(view, member) of every vote p0 has counted in the views around its own since p3 is back."""
    hearing = network.nodes["p0"].driver.hearing
    view = network.nodes["p0"].driver.view
    return {(at, member) for at, heard in hearing._heard.items() for _, member in heard if at == view}


async def test_without_its_journal_a_member_abstains_until_finality_has_passed_it(network: Changing) -> None:
    await network.stop("p3")
    shutil.rmtree(network.folder / "p3" / "data" / "journal")
    await abstains_until_it_is_safe(network)


async def test_told_by_all_members_it_votes_in_no_view_it_may_have_voted_in(network: Changing) -> None:
    await network.stop("p3")
    shutil.rmtree(network.folder / "p3" / "data" / "journal")
    await network.start("p3")
    node = network.nodes["p3"]
    await until(
        lambda: "until finality has passed view" in node.epochs.abstaining, "told"
    )  # nothing is to be done
    through = max(network.nodes[other].driver.core.view for other in ("p0", "p1", "p2")) + 1
    assert f"passed view {through} " in node.epochs.abstaining
    assert node.driver.core._memory.abstain_through == through
    for number in range(1, 4):
        await network.final(issue_entry(network.alliance, "p0", "prog", number))
    await until(lambda: not node.epochs.doubtful, "safe")


async def test_without_all_of_its_data_too(network: Changing) -> None:
    await network.stop("p3")
    shutil.rmtree(network.folder / "p3" / "data")
    (network.folder / "p3.token").unlink()
    await abstains_until_it_is_safe(network)


async def test_an_older_copy_of_the_data_is_known_by_the_token_outside(network: Changing) -> None:
    await network.stop("p3")
    copy = network.folder / "copy"
    shutil.copytree(network.folder / "p3" / "data", copy)
    await network.start("p3")
    await network.stop("p2")
    await network.final(issue_entry(network.alliance, "p0", "prog", 0))
    await network.start("p2")
    await network.stop("p3")
    shutil.rmtree(network.folder / "p3" / "data")
    copy.rename(network.folder / "p3" / "data")
    await abstains_until_it_is_safe(network)


async def test_a_restart_in_the_middle_of_it_abstains_again(network: Changing) -> None:
    await network.stop("p3")
    shutil.rmtree(network.folder / "p3" / "data" / "journal")
    await network.stop("p2")
    await network.start("p3")
    await network.stop("p3")
    await network.start("p3")
    assert network.nodes["p3"].epochs.doubtful


async def test_after_a_clean_restart_nothing_is_in_doubt(network: Changing) -> None:
    await network.stop("p3")
    await network.start("p3")
    assert not network.nodes["p3"].epochs.doubtful
