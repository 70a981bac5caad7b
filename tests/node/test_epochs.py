"""Members, keys and versions change in running nodes, and nothing final is lost or stops for it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from accord_client.audit.run import audit
from accord_client.audit.source import FolderSource
from accord_ledger.domain.kinds.seat import SeatGrant, SeatRevoke
from accord_ledger.errors import FatalError
from accord_node.newcomer import NotReadyError
from epoch_network import Changing, Load, make_epoch_alliance
from node_network import USES, issue_entry, key, programme_entries
from waiting import until


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Changing]:
    """Four members; three more parties whose nodes follow."""
    async with Changing(make_epoch_alliance(4, 3), tmp_path) as running:
        for entry in programme_entries(running.alliance, "p0", "prog"):
            await running.final(entry)
        yield running


def issue(network: Changing, number: int) -> bytes:
    return issue_entry(network.alliance, "p0", "prog", number)


async def audited(network: Changing) -> None:
    """A stranger replays what one node published: every epoch's certificates and the newest checkpoint."""
    log = network.folder / "o2" / "data" / "log"
    size = network.nodes["o2"].chain.base.log.size

    def published() -> int:
        return int((log / "checkpoint").read_bytes().split(b"\n")[1])

    await until(lambda: published() >= size, "published")
    report = await audit(FolderSource(log), network.alliance.genesis_file)
    assert report.clean, report.findings or report.failure


async def test_from_four_members_to_five_to_seven_to_five_under_load(network: Changing) -> None:
    async with Load(network, lambda number: issue(network, number), "p1", "p3") as load:
        for party in ("o0", "o1", "o2"):
            await network.grant(party)
            await load.more(4)
        assert len(network.members()) == 7
        for party in ("p2", "o0"):
            await network.revoke(party)
            await load.more(4)
    assert network.members() == ("o1", "o2", "p0", "p1", "p3")
    assert load.statuses() == {"final"}
    assert network.newest().members.epoch == 5
    await network.settled()
    await network.ready()
    await audited(network)
    assert [party for party, node in network.nodes.items() if node.epochs.voting] == [
        "p0",
        "p1",
        "p3",
        "o1",
        "o2",
    ]


async def test_every_key_of_a_members_node_is_replaced_and_it_goes_on_voting(network: Changing) -> None:
    await network.rekey("p1")
    member = next(item for item in network.newest().members.members if item.party == "p1")
    assert member.vote == network.alliance.files("p1", "vote")[-1].public != key("p1", "vote").public
    await network.stop("p2")  # what becomes final now needs p1's new vote key
    await network.final(issue(network, 1))
    await network.settled()
    for item in USES:  # the old files are gone
        del network.alliance.files("p1", item)[0]
    await network.stop("p1")
    await network.start("p1", "p2")
    await network.final(issue(network, 2), at="p1")
    await network.settled()


async def test_a_lost_vote_key_is_replaced_although_journal_and_data_are_lost_too(network: Changing) -> None:
    await network.stop("p3")
    shutil.rmtree(network.folder / "p3")
    network.alliance.files("p3", "vote")[:] = [key("p3", "another", "vote")]
    await network.changed(network.alliance.entry("node_keys_set", "p3", network.alliance.node_keys_set("p3")))
    await network.start("p3")
    await network.ready()
    await network.stop("p2")
    await network.final(issue(network, 1))
    await network.settled()


async def test_without_the_named_vote_key_a_member_follows_and_says_so(network: Changing) -> None:
    network.alliance.files("p3", "vote").append(key("p3", "elsewhere", "vote"))
    await network.changed(network.alliance.entry("node_keys_set", "p3", network.alliance.node_keys_set("p3")))
    await until(
        lambda: network.nodes["p3"].chain.base.height == network.newest().chain.base.height, "follows"
    )
    assert network.nodes["p3"].readiness() == (
        False, "following without a vote: the vote key of epoch 1 is not here"
    )  # fmt: skip
    await network.final(issue(network, 1), at="p3")


async def test_away_for_several_epochs_a_member_catches_up_and_votes(network: Changing) -> None:
    await network.stop("p3")
    await network.grant("o0")
    await network.rekey("p1")
    await network.revoke("o0")
    await network.final(issue(network, 1))
    await network.start("p3")
    await network.in_epoch(3)
    await network.settled()
    await network.stop("p2")
    await network.final(issue(network, 2), at="p3")


async def test_all_stopped_between_two_epochs_begin_the_next_one(network: Changing) -> None:
    await network.rekey("p1", "vote")
    height = network.newest().chain.base.height
    await network.stop()
    await network.start()
    await network.in_epoch(1)
    await network.final(issue(network, 1))
    await network.settled()
    assert network.newest().chain.base.height > height


async def test_a_party_that_joins_later_proves_that_it_follows_and_gets_a_vote(network: Changing) -> None:
    await network.join("late")
    await network.grant("late")
    assert "late" in network.members()
    await network.stop("p2")
    await network.final(issue(network, 1), at="late")
    await network.settled()


async def test_no_seat_for_who_cannot_show_that_its_state_is_right(network: Changing) -> None:
    await network.join("late")
    newcomer = network.nodes["late"]
    await until(lambda: newcomer.chain.base.height == network.newest().chain.base.height, "follows")
    good = await network.proof("late")
    for ready in (
        msgspec.structs.replace(good, signature=bytes(64)),
        msgspec.structs.replace(good, signature=(await network.proof("p0")).signature),
        None,
    ):
        body = SeatGrant(party="late", ready=ready)
        refused = await network.submit(network.by_members("seat_grant", "late", body))
        assert (refused.status, refused.code) == ("rejected", "E_NOT_READY")
    assert network.newest().members.epoch == 0


async def test_a_node_whose_keys_the_ledger_does_not_name_proves_nothing(network: Changing) -> None:
    network.alliance.files("p3", "vote").append(key("p3", "elsewhere", "vote"))
    await network.changed(network.alliance.entry("node_keys_set", "p3", network.alliance.node_keys_set("p3")))
    with pytest.raises(NotReadyError, match="NOT_READY_KEY"):
        await network.proof("p3")


async def test_changes_that_would_leave_no_quorum_are_refused(network: Changing) -> None:
    entry = network.by_members("seat_revoke", "p0", SeatRevoke(party="p3"))
    refused = await network.submit(entry)
    assert (refused.status, refused.code) == ("rejected", "E_STATE")
    too_few = network.signed("seat_grant", "o0", SeatGrant(party="o0", ready=await network.proof("o0")),
                             [("p0", "governance"), ("p1", "governance"), ("o0", "institution")])  # fmt: skip
    assert (await network.submit(too_few)).code == "E_SIG_MISSING"
    assert network.newest().members.epoch == 0
    await network.final(issue(network, 1))


async def test_a_version_nobody_knows_stops_every_node_after_the_last_block_it_understands(
    network: Changing,
) -> None:
    await network.final(network.activate(2))
    for party, node in network.nodes.items():
        await until(node.fatal.done, f"{party} stopped")
        error = node.fatal.result()
        assert isinstance(error, FatalError)
        assert error.code == "VERSION_UNKNOWN"
        assert "a release that knows version 2 is needed" in error.detail
        ready, reason = node.readiness()
        assert not ready
        assert "VERSION_UNKNOWN" in reason
    heights = {node.chain.base.height for node in network.nodes.values()}
    assert len(heights) == 1
    await network.stop()
    with pytest.raises(FatalError, match="VERSION_UNKNOWN"):
        await network.start("p0")
