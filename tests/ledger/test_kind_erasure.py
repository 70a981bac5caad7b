"""T19 erasure_notice: bit ``erased``, and nothing else changes (DOMAIN.md 2.4, 3)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from accord_ledger.domain.credentials import credential_of
from accord_ledger.domain.kinds.erasure import ErasureBody
from domain_alliance import uid
from exchange_world import Exchange, IssuedBatch, exchange, holder_key

ERASE, REGISTRAR = "erasure_notice", "uu registrar"
VALIDATORS = tuple(f"{party} governance" for party in ("bcb", "hnrail", "suny", "uom"))


def notice(batch: IssuedBatch, index: int = 0, *, opened: bool = True, **changes: Any) -> ErasureBody:
    """About one credential, opened for its holder or not."""
    values: dict[str, Any] = {
        "batch_id": batch.batch_id,
        "index": index,
        "basis": "holder_request",
        "item": batch[index] if opened else None,
    }
    return ErasureBody(**values | changes)


def holder(batch: IssuedBatch, index: int = 0) -> Any:
    """The key of a credential's holder."""
    return holder_key(batch.batch_id, index)


def erased_at(world: Exchange, batch: IssuedBatch) -> int | None:
    """Since when credential 0 is erased."""
    return credential_of(world.view, batch.batch_id, 0).erased_at


def test_t19_erased_and_kept() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    before = world.execution.weight
    world.do(ERASE, notice(batch), REGISTRAR, holder(batch))
    assert world.execution.weight - before == 20 + 8
    assert erased_at(world, batch) == world.time
    assert (world.recognition("r1").status, world.account("n1").recognised) == ("live", "2/1")
    world.refused("E_ERASED", ERASE, notice(batch), REGISTRAR, holder(batch))


def test_t19_an_erased_credential_is_not_redeemed() -> None:
    world, batch = exchange()
    world.do(ERASE, notice(batch), REGISTRAR, holder(batch))
    world.refused("E_ERASED", *world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(*world.use("r1", "n1", "a1", [batch[1]], "2/1"))


def test_t19_is_no_escape_from_a_reversal() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(ERASE, notice(batch), REGISTRAR, holder(batch))
    world.revoke(batch, 0, "reverse")
    assert world.recognition("r1").status == "reversed"
    assert erased_at(world, batch) == world.time


def test_t19_the_holder_signs() -> None:
    world, batch = exchange()
    world.refused("E_HOLDER_SIG", ERASE, notice(batch), REGISTRAR)
    theirs = replace(batch[0], holder_key=holder(batch, 1).public)
    world.refused("E_PROOF", ERASE, notice(batch, item=theirs), REGISTRAR, holder(batch, 1))
    world.refused("E_PROOF", ERASE, notice(batch, item=theirs), REGISTRAR)
    world.refused("E_SIG_MISSING", ERASE, notice(batch), "um registrar", holder(batch))
    world.refused("E_SIG_MISSING", ERASE, notice(batch), "uu quality", holder(batch))


def test_t19_or_the_authority() -> None:
    world, batch = exchange()
    body = notice(batch, opened=False, basis="court")
    world.refused("E_SIG_MISSING", ERASE, body, REGISTRAR)
    world.refused("E_SIG_MISSING", ERASE, body, REGISTRAR, *VALIDATORS[:3])
    world.refused("E_SIG_MISSING", ERASE, body, *VALIDATORS)
    world.do(ERASE, body, REGISTRAR, *VALIDATORS)


def test_t19_suspended_and_withdrawn_parties_may_erase() -> None:
    world, batch = exchange()
    for index, status in ((0, "suspended"), (1, "withdrawn")):
        named: Any = status
        world.set_party("uu", named)
        world.do(ERASE, notice(batch, index), REGISTRAR, holder(batch, index))


def test_t19_names_and_values() -> None:
    world, batch = exchange()
    key = holder(batch)
    world.refused("E_VALUE", ERASE, notice(batch, item=batch[1]), REGISTRAR, holder(batch, 1))
    world.refused("E_UNKNOWN_REF", ERASE, notice(batch, opened=False, index=12), REGISTRAR, *VALIDATORS)
    unknown = notice(batch, opened=False, batch_id=uid("nothing"))
    world.refused("E_UNKNOWN_REF", ERASE, unknown, REGISTRAR, *VALIDATORS)
    world.refused("E_SCHEMA", ERASE, notice(batch, basis="whim"), REGISTRAR, key)


def test_t19_erased_comes_before_proof() -> None:
    world, batch = exchange()
    world.do(ERASE, notice(batch), REGISTRAR, holder(batch))
    broken = replace(batch[0], salt_k=b"\x00" * 32)
    world.refused("E_ERASED", ERASE, notice(batch, item=broken), REGISTRAR)
