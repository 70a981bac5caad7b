"""A genesis that continues a network which lost its quorum, and the epoch every genesis begins with."""

from __future__ import annotations

import msgspec
import pytest

from accord_genesis.document import Continuation, Genesis, execute, network_hash
from accord_ledger import codec
from accord_ledger.domain.model.epoch import EPOCHS, RECOVERY, Prefix, Recovery
from accord_ledger.domain.model.party import NODES
from accord_ledger.state import MemorySource, View
from genesis_alliance import make_alliance

OLD = Prefix(network=b"\1" * 32, height=812, seal=b"\2" * 32, log_root=b"\3" * 32, state_root=b"\4" * 32)


@pytest.fixture(scope="module")
def genesis(tmp_path_factory: pytest.TempPathFactory) -> Genesis:
    return execute(codec.encode(make_alliance(tmp_path_factory.mktemp("genesis")).genesis.document))


def state(found: Genesis) -> View:
    return View(MemorySource(found.values))


def test_what_is_continued_stands_in_the_document_and_in_state(genesis: Genesis) -> None:
    continues = Continuation(prefix=OLD, count=2)
    data = codec.encode(msgspec.structs.replace(genesis.document, continues=continues))
    found = execute(data)
    assert state(found).get(RECOVERY) == Recovery(prefix=OLD, count=2)
    assert found.network == network_hash(data) != genesis.network
    assert found.members == genesis.members


def test_an_ordinary_network_continues_nothing(genesis: Genesis) -> None:
    assert state(genesis).get(RECOVERY) is None


def test_state_holds_the_first_epoch(genesis: Genesis) -> None:
    first = state(genesis).get(EPOCHS, 0)
    assert first is not None
    assert (first.members, first.version, first.first) == (genesis.members, 1, 1)
    nodes = [state(genesis).get(NODES, member.party) for member in genesis.members.members]
    assert first.logs == tuple(node.log for node in nodes if node is not None)
    assert genesis.version().epoch_first == 1
    assert not genesis.version().ends_epoch
