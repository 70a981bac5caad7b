"""What the SDK reads is proved or refused, whoever of the nodes fails, lies or goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import msgspec
import pytest

from accord_client.api import StateProof
from accord_client.builders import open_enrolment
from accord_client.bundle import draft_bundle, parse_bundle
from accord_client.errors import (
    ForkError,
    NodeError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from accord_client.proofs import base64_text
from accord_client.sdk import AccordClient, AccordClientSync
from accord_client.sdk.state_keys import SHAPES, split_key
from accord_client.verify import verify_bundle
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.errors import AccordError, DecodeError, ProofError
from accord_ledger.transaction import parse_record
from client_ledger import ISSUE_TIME
from ledger_server import Fault, LedgerServer, answer_with, fail_with, hang_up, stay_silent
from sdk_ledger import a_ledger, client, records, submit_step

# ---- reading -----------------------------------------------------------------------------------------


async def test_values_and_absence_are_proved(server: LedgerServer) -> None:
    async with client(server) as accord:
        found = await accord.party("uu")
        assert found.value is not None
        assert found.value.country == "NL"
        assert found.proved
        missing = await accord.party("nobody")
        assert missing.value is None
        assert missing.proved
        plain = await accord.party("uu", proof=False)
        assert plain.value == found.value
        assert not plain.proved


async def test_typed_queries(server: LedgerServer) -> None:
    async with client(server) as accord:
        programme = await accord.programme("uu-ds")
        assert programme.programme.terms.credits == "3/1"
        assert programme.head.status == "active"
        with pytest.raises(NotFoundError) as caught:
            await accord.programme("nothing")
        assert caught.value.code == "PROGRAMME_UNKNOWN"
        with pytest.raises(NotFoundError):
            await accord.agreement("a1")
        assert (await accord.node_status()).quorum == 5
        assert [row.key[0] async for row in accord.parties()] == sorted(
            key[6:-1].decode() for key in server.ledger.values if key.startswith(b"party/")
        )


@pytest.mark.parametrize(
    "fault",
    [
        fail_with(503),
        fail_with(500),
        fail_with(429),
        hang_up,
        answer_with(b"{"),
        answer_with(b'{"value": 1}'),
        answer_with(b"<html>"),
        answer_with(b"[" * 100_000),
    ],
)
async def test_another_node_is_asked_when_one_fails(
    server: LedgerServer, second: LedgerServer, fault: Fault
) -> None:
    server.faults += [fault] * (2 if fault is hang_up else 1)  # aiohttp itself asks once more
    async with client(server, second) as accord:
        assert (await accord.party("uu")).value is not None
        assert second.requests["GET state"] == 1
        asked = server.requests["GET state"]
        await accord.party("um")
        assert server.requests["GET state"] == asked  # asked last for a while


async def test_a_silent_node_costs_one_timeout(server: LedgerServer, second: LedgerServer) -> None:
    server.faults.append(stay_silent)
    async with client(server, second, timeout=0.2) as accord:
        assert (await accord.party("uu")).proved


async def test_when_all_fail_the_error_names_them(server: LedgerServer, second: LedgerServer) -> None:
    async with client(server, second) as accord:
        server.faults += [hang_up] * 100
        second.faults += [fail_with(503)] * 100
        with pytest.raises(NodeError) as caught:
            await accord.party("uu")
        assert caught.value.code == "NODE_UNAVAILABLE"
        assert {url for url, _ in caught.value.failures} == {server.url, second.url}


async def test_a_node_that_recovers_is_waited_for(server: LedgerServer) -> None:
    server.faults += [fail_with(503, "PROOF_NOT_READY")] * 2
    async with client(server, patience=10.0) as accord:
        assert (await accord.party("uu")).proved


def forged(proof: StateProof) -> StateProof:
    return msgspec.structs.replace(proof, value=base64_text(b"\x80"))


def unproved(proof: StateProof) -> StateProof:
    return msgspec.structs.replace(proof, key=PARTIES.key("um").hex())


async def test_a_lying_node_is_passed_over(server: LedgerServer, second: LedgerServer) -> None:
    server.tamper = forged
    async with client(server, second) as accord:
        assert (await accord.party("uu")).proved
    async with client(server) as alone:
        with pytest.raises(ProofError) as caught:
            await alone.party("uu")
        assert caught.value.code == "MAP_PRESENCE"
        server.tamper = unproved
        with pytest.raises(ProofError) as caught:
            await alone.party("uu")
        assert caught.value.code == "LEDGER_KEY"


async def test_a_404_without_proof_is_no_absence(server: LedgerServer, second: LedgerServer) -> None:
    server.faults += [fail_with(404, "OBJECT_UNKNOWN")] * 2
    async with client(server) as alone:
        with pytest.raises(ProofError) as caught:
            await alone.party("uu")
        assert caught.value.code == "LEDGER_PROOF_MISSING"
    async with client(server, second) as accord:
        assert (await accord.party("uu")).value is not None


async def test_what_is_shown_of_the_log_is_what_was_asked_for(
    server: LedgerServer, second: LedgerServer
) -> None:
    """Genuine proofs of another block or record, or none, in answer to a question about this one."""
    other, index = (server.ledger.index_of(parse_record(one).tx_id) for one in records(server.ledger)[:2])
    assert index is not None
    seal = server.ledger.seals[1].seal
    async with client(server) as alone, client(server, second) as both:
        asked: list[tuple[Callable[[AccordClient], Awaitable[object]], str, str]] = [
            (lambda one: one.seal(2), "/v1/blocks/1?proof=1", "LEDGER_SEAL"),
            (lambda one: one.seal(2), "/v1/blocks/2", "LEDGER_PROOF_MISSING"),
            (lambda one: one.record(index), f"/v1/records/{other}?proof=1", "LEDGER_RECORD"),
            (lambda one: one.record(index), f"/v1/records/{index}", "LEDGER_PROOF_MISSING"),
            (lambda one: one.transaction(b"\1" * 32), f"/v1/records/{index}?proof=1", "LEDGER_RECORD"),
        ]
        for ask, shown, code in asked:
            lie = answer_with(await alone.transport.fetch(server.url, shown, limit=10**6))
            server.faults.append(lie)
            with pytest.raises(AccordError) as caught:
                await ask(alone)
            assert caught.value.code == code
        server.faults.append(lie)
        assert await both.seal(2) == seal
        assert (await alone.record(index))[1].record.entry == server.ledger.entries[index]


async def test_old_answers_are_refused(server: LedgerServer) -> None:
    now = server.ledger.version.time + 1000
    async with client(server, max_age=600.0, now=lambda: now) as accord:
        with pytest.raises(StaleError) as caught:
            await accord.party("uu")
        assert caught.value.code == "NODE_STALE"
    async with client(server, max_age=2000.0, now=lambda: now) as accord:
        assert (await accord.party("uu")).proved


async def test_a_node_that_went_back_is_behind(server: LedgerServer) -> None:
    ledger = server.ledger
    async with LedgerServer(a_ledger()) as slow:
        ledger.seal()
        async with client(server) as accord:
            await accord.party("uu")
            accord.transport.urls = (slow.url,)
            with pytest.raises(StaleError):
                await accord.party("uu")


async def test_a_fork_stops_at_once(server: LedgerServer, second: LedgerServer) -> None:
    ledger = server.ledger
    forged_note = ledger.note(root=b"\x05" * 32)
    async with client(server, second) as accord:
        accord.trust.believe(accord.trust.open(forged_note))
        with pytest.raises(ForkError) as caught:
            await accord.party("uu")
        assert caught.value.believed == forged_note


async def test_answers_are_bounded(server: LedgerServer) -> None:
    server.faults.append(answer_with(b" " * 50_000))
    async with client(server) as accord:
        accord.transport._max_response = 10_000
        with pytest.raises(DecodeError) as caught:
            await accord.party("uu")
        assert caught.value.code == "NODE_TOO_LARGE"


async def test_another_networks_node_is_refused(server: LedgerServer) -> None:
    async with client(server) as accord:
        accord.trust.network = b"\x01" * 32
        with pytest.raises(AccordError) as caught:
            await accord.node_status()
        assert caught.value.code == "LEDGER_NETWORK"
        with pytest.raises(AccordError) as caught:
            await accord.party("uu")
        assert caught.value.code == "LEDGER_NETWORK"


def test_urls_are_checked() -> None:
    for urls in ([], ["ftp://x"], ["http://x"] * 65):
        with pytest.raises(RefusedError) as caught:
            AccordClient(urls, a_ledger().trust)
        assert caught.value.code == "NODE_URL"


# ---- events and exports ------------------------------------------------------------------------------


async def test_events_resume_where_they_broke_off(server: LedgerServer, second: LedgerServer) -> None:
    wanted = [server.ledger.index_of(parse_record(entry).tx_id) for entry in records(server.ledger)]
    seen: list[int] = []
    async with client(server, second) as accord, aclosing(accord.events(0)) as stream:
        async for view in stream:
            seen.append(view.index)
            if len(seen) == len(wanted):
                break
    assert seen == wanted
    assert len(wanted) > 4
    assert server.requests["GET events"]
    assert second.requests["GET events"]


async def test_a_broken_stream_is_given_up_in_the_end(server: LedgerServer) -> None:
    server.faults += [answer_with(b"data: {\n\n", content_type="text/event-stream")] * 50
    async with client(server) as accord:
        with pytest.raises(NodeError):
            await anext(aiter(accord.events(0, patience=0.3)))


async def test_an_export_verifies_offline(server: LedgerServer, second: LedgerServer) -> None:
    ledger = server.ledger
    batch = ledger.prepare(10)
    ledger.issue(batch)
    shared: dict[bytes, StateProof] = {}
    async with client(server, second) as accord:
        first = await accord.with_evidence(draft_bundle(batch, 0), proofs=shared)
        before = server.requests["GET state"]
        other = await accord.with_evidence(
            draft_bundle(batch, 1), record=await accord.fresh_record(first), proofs=shared
        )
        assert server.requests["GET state"] == before + 1
        facts = await accord.credential(batch.batch_id, 1)
        assert facts.status == "valid"
        with pytest.raises(NotFoundError):
            await accord.credential(batch.batch_id, 10)
    for made in (first, other):
        report = verify_bundle(parse_bundle(made.to_json()), ledger.trust, at=ISSUE_TIME + 60)
        assert report.verdict == "valid", report.to_plain()


async def test_what_one_node_does_not_know_the_others_are_asked_for(
    server: LedgerServer, second: LedgerServer
) -> None:
    ledger = server.ledger
    tx_id = parse_record(records(ledger)[0]).tx_id
    async with client(server, second) as accord:
        for _ in range(2):  # who does not know is not asked last for that
            server.faults.append(fail_with(404, "TX_UNKNOWN"))
            _, proved, _ = await accord.transaction(tx_id)
            assert proved.record.tx_id == tx_id
        assert (server.requests["GET transactions"], second.requests["GET transactions"]) == (2, 2)
        with pytest.raises(NotFoundError, match="TX_UNKNOWN"):
            await accord.transaction(bytes(32))
        assert (server.requests["GET transactions"], second.requests["GET transactions"]) == (3, 3)
        second.faults.append(fail_with(404, "TX_PENDING"))
        with pytest.raises(NotFoundError, match="TX_PENDING"):
            await accord.transaction(bytes(32))


async def test_nobody_is_waited_for_long_to_say_that_there_is_no_such_thing(
    server: LedgerServer, second: LedgerServer
) -> None:
    second.faults += [stay_silent] * 2
    async with client(server, second, timeout=60.0, patience=0.2) as accord:
        for asked in (1, 1):  # and who was silent is not asked again for a while
            with pytest.raises(NotFoundError, match="TX_UNKNOWN"):
                await asyncio.wait_for(accord.transaction(bytes(32)), 20)
            assert second.requests["GET transactions"] == asked


# ---- the synchronous facade --------------------------------------------------------------------------


async def test_the_synchronous_client_does_the_same(server: LedgerServer) -> None:
    entry = submit_step(server.ledger)

    def work() -> tuple[str, bool, int, list[int]]:
        with AccordClientSync([server.url], server.ledger.trust, max_age=None) as accord:
            party = accord.party("uu").value
            receipt = accord.submit(entry)
            names = len(list(accord.parties()))
            stream = accord.events(0)
            indexes = [next(stream).index for _ in range(3)]
            stream.close()  # type: ignore[attr-defined]
            assert party is not None
            return party.country, receipt.proved, names, indexes

    country, proved, names, indexes = await asyncio.to_thread(work)
    assert (country, proved, indexes) == ("NL", True, [0, 1, 2])
    assert names == 20


def test_state_keys_agree_with_the_nodes() -> None:
    from accord_node.http.state_keys import KEY_PARTS

    for table, shape in SHAPES.items():
        assert tuple(part.kind for part in KEY_PARTS[table]) == shape, table
    assert split_key(PARTIES.key("uu")) == ("party", ("uu",))
    for bad in (b"", b"nothing/x", b"party/uu", b"batch/short", PARTIES.key("uu") + b"x"):
        with pytest.raises(DecodeError):
            split_key(bad)


def test_requests_name_their_signers() -> None:
    request = open_enrolment("bcb", bytes(16), ("award", 1))
    assert request.signers == (("bcb", "registrar"),)
