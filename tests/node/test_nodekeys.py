"""Which of a node's keys speak, and which mix-ups of files must not start."""

from __future__ import annotations

import pytest

from accord_ledger.block import Member, Members
from accord_ledger.domain.model.party import NODES, Node
from accord_ledger.errors import FatalError
from accord_ledger.keys import SigningKey
from accord_ledger.state import View
from accord_node.nodekeys import NodeKeys, check_node_keys
from node_network import USES, key, make_alliance

OWN = NodeKeys(key("p0", "link"), key("p0", "log"), key("p0", "vote"), key("p0", "witness"))
NEXT = key("p0", "next")


def rotating(**coming: SigningKey) -> NodeKeys:
    return NodeKeys(OWN.link, OWN.log, OWN.vote, OWN.witness, coming=coming)


def members(vote: SigningKey) -> Members:
    rows = [Member(party="p0", vote=vote.public, witness=key("p0", "witness").public)]
    rows += [
        Member(party=f"p{n}", vote=key(f"p{n}", "vote").public, witness=key(f"p{n}", "witness").public)
        for n in range(1, 4)
    ]
    return Members(epoch=3, members=tuple(rows))


def test_the_epoch_says_which_key_votes() -> None:
    keys = rotating(vote=NEXT)
    assert keys.vote_in(members(key("p0", "vote")), "p0") is OWN.vote
    assert keys.vote_in(members(NEXT), "p0") is NEXT
    assert keys.vote_in(members(key("p0", "a third")), "p0") is None
    assert keys.vote_in(members(key("p0", "vote")), "p9") is None


def test_a_link_is_opened_with_the_newest_key_the_ledger_names() -> None:
    keys = rotating(link=NEXT)

    def node(*links: SigningKey) -> Node:
        vote, log, witness = (key("p0", use).public for use in ("vote", "log", "witness"))
        return Node(
            endpoint="wss://h/peer",
            link=tuple(item.public for item in links),
            vote=vote,
            log=log,
            witness=witness,
        )

    assert keys.opening("link", node(OWN.link)) is OWN.link
    assert keys.opening("link", node(NEXT, OWN.link)) is NEXT
    assert keys.opening("link", None) is OWN.link
    assert keys.opening("log", node(OWN.link)) is OWN.log


@pytest.fixture(scope="module")
def state() -> View:
    return View(make_alliance(4).genesis.version().state)


def test_keys_that_the_ledger_names_are_fine(state: View) -> None:
    assert check_node_keys(OWN, "p0", state.get(NODES, "p0"), state) == []
    assert check_node_keys(rotating(vote=NEXT), "p0", state.get(NODES, "p0"), state) == []


def test_a_key_new_to_the_ledger_may_be_named_in_blocks_to_come(state: View) -> None:
    keys = NodeKeys(OWN.link, OWN.log, NEXT, OWN.witness)
    assert check_node_keys(keys, "p0", state.get(NODES, "p0"), state) == ["vote"]
    newcomer = NodeKeys(key("late", "link"), key("late", "log"), key("late", "vote"), key("late", "witness"))
    assert sorted(check_node_keys(newcomer, "late", None, state)) == sorted(USES)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (NodeKeys(OWN.link, OWN.log, key("p1", "vote"), OWN.witness), "the vote key of p1"),
        (NodeKeys(OWN.log, OWN.link, OWN.vote, OWN.witness), "the log key of p0"),
    ],
)
def test_files_mixed_up_do_not_start(state: View, keys: NodeKeys, said: str) -> None:
    node = state.get(NODES, "p0")
    with pytest.raises(FatalError, match="NODE_KEYS") as caught:
        check_node_keys(keys, "p0", node, state)
    assert said in caught.value.detail
