"""The epoch every genesis begins with, and that an ordinary one continues nothing."""

from __future__ import annotations

import msgspec
import pytest

from accord_genesis.document import Genesis, execute
from accord_ledger import codec
from accord_ledger.domain.model.epoch import EPOCHS, RECOVERY
from accord_ledger.domain.model.party import NODES
from accord_ledger.errors import ProofError
from accord_ledger.state import MemorySource, View
from genesis_alliance import make_alliance
from recovery_world import document, lost, recovery


@pytest.fixture(scope="module")
def genesis(tmp_path_factory: pytest.TempPathFactory) -> Genesis:
    return execute(codec.encode(make_alliance(tmp_path_factory.mktemp("genesis")).genesis.document))


def state(found: Genesis) -> View:
    return View(MemorySource(found.values))


def test_what_is_continued_cannot_be_said_without_showing_it(genesis: Genesis) -> None:
    continues = document(recovery(lost()[0])).continues
    data = codec.encode(msgspec.structs.replace(genesis.document, continues=continues))
    with pytest.raises(ProofError) as caught:
        execute(data)
    assert caught.value.code == "RECOVERY_EVIDENCE"


def test_an_ordinary_network_continues_nothing(genesis: Genesis) -> None:
    assert state(genesis).get(RECOVERY) is None
    assert genesis.lineage() == (genesis,)
    assert genesis.entries == 0


def test_state_holds_the_first_epoch(genesis: Genesis) -> None:
    first = state(genesis).get(EPOCHS, 0)
    assert first is not None
    assert (first.members, first.version, first.first) == (genesis.members, 1, 1)
    nodes = [state(genesis).get(NODES, member.party) for member in genesis.members.members]
    assert first.logs == tuple(node.log for node in nodes if node is not None)
    assert genesis.version().epoch_first == 1
    assert not genesis.version().ends_epoch
