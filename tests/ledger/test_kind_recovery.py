"""T46 recovery_declare: the first record of a network that continues another."""

from __future__ import annotations

import pytest

from accord_ledger import keys
from accord_ledger.domain.kinds.recovery import RecoveryDeclare
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.model.epoch import RECOVERY, Prefix, Recovery
from accord_ledger.execute import Execution
from accord_ledger.state import MemorySource, View
from domain_alliance import GENESIS_TIME, SEATS, genesis_state
from domain_world import NETWORK, World, first_version
from epoch_world import QUORUM, step

ALL = tuple(f"{party} governance" for party in SEATS)
OLD = Prefix(network=b"\1" * 32, height=812, seal=b"\2" * 32, log_root=b"\3" * 32, state_root=b"\4" * 32)


class Continued(World):
    """A network whose genesis says that it continues another."""

    def __init__(self) -> None:
        view = View(MemorySource())
        view.put(RECOVERY, Recovery(prefix=OLD, count=1, lost=("lost-u",)))
        self.values = genesis_state() | {k: v for k, v in view.changes().items() if v is not None}
        self.version = first_version(self.values)
        self.nonce = 0
        self.execution = Execution(NETWORK, self.version, GENESIS_TIME, keys.verifies)


def declared(prefix: Prefix = OLD, lost: tuple[str, ...] = ("lost-u",)) -> RecoveryDeclare:
    return RecoveryDeclare(prefix=prefix, lost=lost)


def test_t46_the_first_record_declares_it() -> None:
    world = Continued()
    step(world)
    world.do("recovery_declare", declared(), *ALL)
    assert world.execution.weight == 10 * 6 + 8
    assert world.get(RECOVERY) == Recovery(prefix=OLD, count=1, lost=("lost-u",), declared=2)
    world.refused("E_STATE", "recovery_declare", declared(), *ALL)


def test_t46_all_members_sign() -> None:
    world = Continued()
    for missing in ALL:
        signers = [signer for signer in ALL if signer != missing]
        world.refused("E_SIG_MISSING", "recovery_declare", declared(), *signers, detail=missing)


def test_t46_only_where_genesis_continues_another() -> None:
    World().refused("E_STATE", "recovery_declare", declared(), *ALL)


@pytest.mark.parametrize("blocks", [0, 1])
def test_t46_nothing_else_comes_before_it(blocks: int) -> None:
    world = Continued()
    for _ in range(blocks):
        step(world)
    body = SeatRevoke(party="uu")
    world.refused(
        "E_STATE", "seat_revoke", body, *QUORUM, detail="expected recovery_declare as the first record"
    )
    world.do("recovery_declare", declared(), *ALL)
    world.do("seat_revoke", body, *QUORUM)


@pytest.mark.parametrize(
    "body",
    [
        *(
            declared(Prefix(**{name: getattr(OLD, name) for name in OLD.__struct_fields__} | change))
            for change in (
                {"network": bytes(32)},
                {"height": 813},
                {"seal": bytes(32)},
                {"log_root": bytes(32)},
                {"state_root": bytes(32)},
            )
        ),
        declared(lost=("other-u",)),
        declared(lost=("lost-u", "other-u")),
        declared(lost=("b-u", "a-u")),
        declared(lost=("a-u", "a-u")),
    ],
)
def test_t46_it_says_what_genesis_says(body: RecoveryDeclare) -> None:
    Continued().refused("E_VALUE", "recovery_declare", body, *ALL)
