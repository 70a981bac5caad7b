"""Records through the SDK: final and proved, or a named error; whatever answers get lost or lie."""

from __future__ import annotations

import time

import msgspec
import pytest

from accord_client.errors import ClientError, ExpiredError, NotFinalError, RefusedError, RejectedError
from accord_client.sdk.answers import Receipt
from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.errors import AccordError, Rejection
from accord_ledger.transaction import parse_record
from ledger_server import Fault, LedgerServer, answer_with, fail_with
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


async def test_one_node_alone_cannot_call_a_record_expired(
    server: LedgerServer, second: LedgerServer
) -> None:
    """Whoever believed it would make another record, and both could become final."""
    entry = submit_step(server.ledger)
    expires = parse_record(entry).tx.expires
    claim = {"status": "accepted", "tx_id": parse_record(entry).tx_id.hex()}
    position = msgspec.to_builtins(server.ledger.position()) | {"time": expires + 1}
    server.faults.append(answer_with(msgspec.json.encode({"results": [claim], "position": position})))
    async with client(server, second, now=lambda: expires - 60) as accord:
        assert (await accord.submit(entry)).final


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


def false_receipt(server: LedgerServer, entry: bytes, height: int = 1) -> Fault:
    lie = {"status": "final", "tx_id": parse_record(entry).tx_id.hex(), "height": height, "index": height}
    body = {"results": [lie], "position": msgspec.to_builtins(server.ledger.position())}
    return answer_with(msgspec.json.encode(body))


async def test_a_false_receipt_is_found_out(server: LedgerServer) -> None:
    """A node says final; no node proves it."""
    entry = submit_step(server.ledger)
    server.faults.append(false_receipt(server, entry))
    async with client(server) as accord:
        with pytest.raises(AccordError) as caught:
            await accord.submit(entry)
        assert caught.value.code == "TX_UNKNOWN"


async def test_what_one_node_falsely_calls_final_is_sent_to_another(
    server: LedgerServer, second: LedgerServer
) -> None:
    entry = submit_step(server.ledger)
    server.faults.append(false_receipt(server, entry))
    async with client(server, second) as accord:
        receipt = await accord.submit(entry)
    assert (receipt.final, receipt.proved, receipt.node) == (True, True, second.url)
    assert second.requests["POST transactions"] == 1


async def test_a_height_that_nobody_proves_keeps_no_answer_away(server: LedgerServer) -> None:
    """One false word must not make every honest node look as if it were behind."""
    entry = submit_step(server.ledger)
    async with client(server) as accord:
        for send in (accord.submit_many([entry]), accord.submit(entry, prove=False)):
            server.faults.append(false_receipt(server, entry, 2**50))
            await send
            assert (await accord.party("uu")).proved
        [receipt] = await accord.submit_many([entry])
        assert accord.floor == receipt.height == server.ledger.version.height  # type: ignore[union-attr]


async def test_a_proof_is_asked_of_who_may_have_it(server: LedgerServer, second: LedgerServer) -> None:
    """Who made it final fails at once, and the other does not know it yet."""
    entry = submit_step(server.ledger)
    async with client(server, second, patience=5.0) as accord:
        [receipt] = await accord._settle([entry], wait=True, deadline=time.monotonic() + 5)
        assert isinstance(receipt, Receipt)
        server.faults.append(fail_with(503, "PROOF_NOT_READY"))
        second.faults.append(fail_with(404, "TX_UNKNOWN"))
        assert (await accord.prove_receipt(receipt, entry)).proved


async def test_a_false_refusal_is_passed_over_and_a_true_one_named(
    server: LedgerServer, second: LedgerServer
) -> None:
    async with client(server, second) as accord:
        server.faults.append(fail_with(400, "HTTP_QUERY"))
        assert (await accord.party("uu")).proved
        server.faults += [fail_with(413, "HTTP_TOO_LARGE")] * 2
        second.faults += [fail_with(400, "HTTP_BODY")] * 2
        with pytest.raises(RefusedError) as caught:
            await accord.submit(submit_step(server.ledger))
        assert caught.value.code in ("HTTP_TOO_LARGE", "HTTP_BODY")
