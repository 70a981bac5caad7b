"""Records through the SDK: final and proved, or a named error; whatever answers get lost or lie."""

from __future__ import annotations

import msgspec
import pytest

from accord_client.errors import ClientError, ExpiredError, NotFinalError, RejectedError
from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.errors import AccordError, Rejection
from accord_ledger.transaction import parse_record
from ledger_server import LedgerServer, answer_with, fail_with
from sdk_ledger import client, records, submit_step


async def test_a_record_becomes_final_and_is_proved(server: LedgerServer) -> None:
    entry = submit_step(server.ledger)
    async with client(server) as accord:
        receipt = await accord.submit(entry)
        assert receipt.final
        assert receipt.proved
        assert receipt.tx_id == parse_record(entry).tx_id
        assert server.ledger.entries[receipt.index or 0] == entry
        assert accord.floor == receipt.height
        assert await accord.submit(entry) == receipt


async def test_a_lost_answer_is_asked_again_with_the_same_bytes(
    server: LedgerServer, second: LedgerServer
) -> None:
    server.lose_answers = 1
    async with client(server, second) as accord:
        receipt = await accord.submit(submit_step(server.ledger))
    assert receipt.final
    assert second.requests["POST transactions"] == 1
    assert sum(receipt.tx_id == parse_record(e).tx_id for e in records(server.ledger)) == 1


async def test_a_refusal_after_a_lost_answer_is_doubted(server: LedgerServer, second: LedgerServer) -> None:
    """The second node refuses what the first one has made final already."""
    entry = submit_step(server.ledger)
    server.lose_answers = 1
    refusal = {"status": "rejected", "code": "E_STATE", "tx_id": parse_record(entry).tx_id.hex()}
    body = {"results": [refusal], "position": msgspec.to_builtins(server.ledger.position())}
    second.faults.append(answer_with(msgspec.json.encode(body)))
    async with client(server, second) as accord:
        receipt = await accord.submit(entry)
    assert receipt.final
    assert receipt.proved


async def test_a_refusal_is_named(server: LedgerServer) -> None:
    entry = server.ledger.entry("programme_submit", ProgrammeStep(programme=("none", 1)), "uu")
    async with client(server) as accord:
        with pytest.raises(RejectedError) as caught:
            await accord.submit(entry)
        assert caught.value.code == "E_UNKNOWN_REF"
        with pytest.raises(Rejection):
            await accord.submit(b"\x80")


async def test_accepted_is_asked_again_until_final(server: LedgerServer) -> None:
    server.accept_only = 2
    async with client(server) as accord:
        assert (await accord.submit(submit_step(server.ledger))).final
    assert server.requests["POST transactions"] == 3


async def test_not_waiting_is_possible(server: LedgerServer) -> None:
    server.accept_only = 1
    async with client(server) as accord:
        receipt = await accord.submit(submit_step(server.ledger), wait=False)
        assert not receipt.final
        server.accept_only = 10**6
        with pytest.raises(NotFinalError):
            await accord.submit(submit_step(server.ledger), timeout=0.3)


async def test_a_record_that_expired_is_said_to_be(server: LedgerServer) -> None:
    server.accept_only = 10**6
    entry = submit_step(server.ledger, expires=server.ledger.version.time)
    async with client(server) as accord:
        with pytest.raises(ExpiredError) as caught:
            await accord.submit(entry)
        assert caught.value.code == "E_TX_EXPIRED"


async def test_bulk_gives_each_its_own_outcome(server: LedgerServer, second: LedgerServer) -> None:
    ledger = server.ledger
    good = submit_step(ledger)
    bad = ledger.entry("programme_submit", ProgrammeStep(programme=("none", 1)), "uu")
    server.faults.append(fail_with(503))
    done: list[int] = []
    async with client(server, second) as accord:
        outcomes = await accord.submit_many([good, bad, good], progress=done.append)
    assert [isinstance(outcome, ClientError) for outcome in outcomes] == [False, True, False]
    assert outcomes[0] == outcomes[2]
    assert done == [3]


async def test_a_false_receipt_is_found_out(server: LedgerServer) -> None:
    """A node says final; no node proves it."""
    entry = submit_step(server.ledger)
    lie = {"status": "final", "tx_id": parse_record(entry).tx_id.hex(), "height": 1, "index": 0}
    body = {"results": [lie], "position": msgspec.to_builtins(server.ledger.position())}
    server.faults.append(answer_with(msgspec.json.encode(body)))
    async with client(server) as accord:
        with pytest.raises(AccordError) as caught:
            await accord.submit(entry)
        assert caught.value.code == "TX_UNKNOWN"
