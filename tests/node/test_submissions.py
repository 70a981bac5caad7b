"""Transactions in: one answer for one transaction, nothing lost, nobody pays for another's flood."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.domain.kinds.key import KeyRotate
from accord_ledger.domain.kinds.party import NewKey
from accord_ledger.domain.pipeline import prepare
from accord_ledger.keys import key_id
from accord_ledger.transaction import Draft
from accord_node.chain import Refused
from accord_node.intake import READ_AT_ONCE
from accord_node.messages import Batch
from accord_node.peer import Outcome, Topic
from accord_node.rechecking import PATIENCE_SECONDS
from accord_node.records import entry_hash
from node_network import Alliance, issue_entry, key, make_alliance, programme_entries
from peer_mesh import Mesh
from spine import FullDisk, HandClock, Spine
from waiting import until


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    async with Mesh(tmp_path / "mesh", ["p0", "p1"]) as made:
        yield made


@pytest.fixture
async def spine(alliance: Alliance, tmp_path: Path, mesh: Mesh) -> AsyncIterator[Spine]:
    made = await Spine.open(alliance, tmp_path, mesh, "p0")
    await made.grow(programme_entries(alliance, "p0", "prog"))
    yield made
    await made.close()


def issue(alliance: Alliance, number: int) -> bytes:
    return issue_entry(alliance, "p0", "prog", number)


def resigned(alliance: Alliance, entry: bytes, *purposes: str) -> bytes:
    """The same transaction under other signatures: another entry with the same id."""
    tx = prepare(entry).record.tx
    body = prepare(entry).body
    draft = Draft(
        network=tx.network, kind=tx.kind, author=tx.author, body=body, expires=tx.expires, nonce=tx.nonce
    )
    for purpose in purposes:
        draft.sign(key(tx.author, purpose))
    return draft.entry()


async def test_two_requests_with_the_same_records_in_opposite_order_do_not_wait_for_each_other(
    alliance: Alliance, spine: Spine
) -> None:
    read = await spine.reader.read([issue(alliance, number) for number in range(80)])
    async with asyncio.timeout(30):  # from here on both take turns record by record
        answers = await asyncio.gather(
            spine.submissions._answer_all(read), spine.submissions._answer_all(read[::-1])
        )
    assert {result.status for answer in answers for result in answer} == {"accepted"}
    assert len(spine.mempool) == len(read)


async def gossip(spine: Spine, *entries: bytes, sender: str = "p1") -> Outcome:
    payload = codec.encode(Batch(entries=entries))
    return await spine.submissions.intake.on_batch(Topic.TRANSACTIONS, payload, sender)


async def accepted(spine: Spine, *entries: bytes) -> None:
    results = await spine.submissions.submit(entries, wait=False, timeout=0)
    assert [result.status for result in results] == ["accepted"] * len(entries), results


async def test_the_same_entry_twice_in_one_request_has_one_answer(spine: Spine, alliance: Alliance) -> None:
    entry = issue(alliance, 0)
    await accepted(spine, entry, issue(alliance, 1), entry)
    assert len(spine.mempool) == 2


async def test_submitting_again_while_the_first_is_on_its_way_gives_its_answer(
    spine: Spine, alliance: Alliance
) -> None:
    entry = issue(alliance, 0)
    await asyncio.gather(*(accepted(spine, entry) for _ in range(5)))
    assert spine.submissions.accepted == 1
    assert spine.pending.waiting == 1


async def test_nobody_is_told_accepted_before_it_is_durable(spine: Spine, alliance: Alliance) -> None:
    entry, gate = issue(alliance, 0), threading.Event()
    held = asyncio.create_task(spine.workers.run(gate.wait))  # the disk is slow
    first = asyncio.create_task(accepted(spine, entry))
    await until(lambda: len(spine.mempool) == 1, "on its way")
    second = asyncio.create_task(accepted(spine, entry))
    done, _ = await asyncio.wait({first, second}, timeout=0.05)
    gate.set()
    await asyncio.gather(held, first, second)
    assert not done
    assert spine.pending.waiting == 1


async def test_other_signatures_under_a_known_id_name_the_entry_that_counts(
    spine: Spine, alliance: Alliance
) -> None:
    first = issue(alliance, 0)
    other = resigned(alliance, first, "issuance", "registrar")
    await accepted(spine, first)
    (again,) = await spine.submissions.submit([other], wait=False, timeout=0)
    assert (again.status, again.entry_hash) == ("accepted", entry_hash(first).hex())
    await spine.grow([first])
    (final,) = await spine.submissions.submit([other], wait=True, timeout=5)
    assert (final.status, final.entry_hash) == ("final", entry_hash(first).hex())


async def test_other_signatures_in_the_block_settle_the_transaction_that_waits(
    spine: Spine, alliance: Alliance
) -> None:
    first = issue(alliance, 0)
    other = resigned(alliance, first, "issuance", "registrar")
    waiting = asyncio.create_task(spine.submissions.submit([first], wait=True, timeout=20))
    await until(lambda: len(spine.mempool) == 1, "accepted")
    await until(lambda: spine.pending.waiting == 1, "durable")
    await spine.grow([other])
    (result,) = await waiting
    assert (result.status, result.entry_hash) == ("final", entry_hash(other).hex())
    assert len(spine.mempool) == 0
    await until(lambda: spine.pending.waiting == 0, "settled")


async def test_who_goes_away_leaves_no_future_and_others_still_get_their_answer(
    spine: Spine, alliance: Alliance
) -> None:
    entry = issue(alliance, 0)
    gone, stays = (
        asyncio.create_task(spine.submissions.submit([entry], wait=True, timeout=20)) for _ in range(2)
    )
    await until(lambda: spine.pending.waiting == 1, "durable")
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await spine.grow([entry])
    assert (await stays)[0].status == "final"
    assert spine.submissions.waited_for == 0


async def test_a_wait_that_times_out_leaves_no_future(spine: Spine, alliance: Alliance) -> None:
    results = await spine.submissions.submit([issue(alliance, 0)], wait=True, timeout=0.01)
    assert results[0].status == "accepted"
    assert spine.submissions.waited_for == 0


async def test_accepted_of_a_transaction_known_by_gossip_is_durable_too(
    spine: Spine, alliance: Alliance
) -> None:
    entry = issue(alliance, 0)
    assert await gossip(spine, entry) is Outcome.ACCEPT
    assert spine.pending.waiting == 0
    await accepted(spine, entry)
    assert spine.pending.waiting == 1


async def test_of_a_request_larger_than_the_room_the_rest_is_busy_and_not_lost(
    spine: Spine, alliance: Alliance
) -> None:
    spine.mempool.capacity, spine.mempool.author_share = 3, 1.0
    results = await spine.submissions.submit([issue(alliance, n) for n in range(5)], wait=False, timeout=0)
    assert [result.status for result in results] == ["accepted"] * 3 + ["busy"] * 2
    assert spine.pending.waiting == len(spine.mempool) == 3


async def test_large_records_are_gossiped_in_batches_that_fit(
    spine: Spine, alliance: Alliance, mesh: Mesh
) -> None:
    entries = [issue(alliance, number) for number in range(40)]
    spine.submissions.intake.gossip([entry * 60 for entry in entries])
    other = mesh.nodes["p1"]
    await until(lambda: len(other.received) >= 2, "more than one batch")
    assert all(len(payload) < 700_000 for _, payload in other.received)


async def test_a_full_disk_stops_the_node_and_gives_no_answer(
    alliance: Alliance, tmp_path: Path, mesh: Mesh
) -> None:
    disk = FullDisk(tmp_path / "full")
    disk.room = 10
    spine = await Spine.open(alliance, tmp_path, mesh, "p0", pending_disk=disk)
    await spine.grow(programme_entries(alliance, "p0", "prog"))
    with pytest.raises(OSError, match="no space"):
        await spine.submissions.submit([issue(alliance, 0)], wait=False, timeout=0)
    assert isinstance(spine.fatal[0], OSError)
    assert spine.pending.waiting == 0
    await spine.close()


# -- peers ---------------------------------------------------------------------------------------------


def forged(alliance: Alliance, author: str, number: int) -> bytes:
    """Says it is the author's; signed by a key nobody knows."""
    entry = issue_entry(alliance, author, "prog", number)
    tx = prepare(entry).record.tx
    draft = Draft(
        network=tx.network,
        kind=tx.kind,
        author=author,
        body=prepare(entry).body,
        expires=tx.expires,
        nonce=tx.nonce,
    )
    draft.sign(key("nobody", str(number)))
    return draft.entry()


async def test_a_flood_in_anothers_name_takes_none_of_its_room(spine: Spine, alliance: Alliance) -> None:
    flood = [forged(alliance, "p0", number) for number in range(50)]
    assert await gossip(spine, *flood) is Outcome.IGNORE
    assert len(spine.mempool) == 0
    assert spine.submissions.intake.unproven == 50


async def test_a_batch_of_both_kinds_is_taken_in_part_and_its_good_part_goes_on(
    spine: Spine, alliance: Alliance, mesh: Mesh
) -> None:
    good = issue(alliance, 0)
    assert await gossip(spine, forged(alliance, "p0", 1), good, sender="somebody") is Outcome.IGNORE
    assert entry_hash(good) in spine.mempool
    part = codec.encode(Batch(entries=(good,)))
    await until(lambda: mesh.nodes["p1"].has(Topic.TRANSACTIONS, part), "relayed as ours")


async def test_a_record_signed_by_a_key_of_a_block_to_come_enters_when_it_is_known(
    spine: Spine, alliance: Alliance
) -> None:
    new, old = key("p0", "new issuance"), key("p0", "issuance")
    proof = new.prove_possession(alliance.genesis.network, "p0", "institution")
    fresh = NewKey(alg="ed25519", public=new.public, purposes=("issuance",), proof=proof)
    rotate = KeyRotate(party="p0", replaces=key_id(old.public), key=fresh)
    entry = issue(alliance, 0)
    tx = prepare(entry).record.tx
    draft = Draft(
        network=tx.network,
        kind=tx.kind,
        author="p0",
        body=prepare(entry).body,
        expires=tx.expires,
        nonce=tx.nonce,
    )
    draft.sign(new)
    assert await gossip(spine, draft.entry()) is Outcome.IGNORE
    await spine.grow([alliance.entry("key_rotate", "p0", rotate, "issuance")])
    assert entry_hash(draft.entry()) in spine.mempool


async def test_a_wrong_signature_of_a_known_key_is_bad(spine: Spine, alliance: Alliance) -> None:
    entry = issue(alliance, 0)
    signature = prepare(entry).record.signatures[0][2]
    broken = entry.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
    assert await gossip(spine, broken) is Outcome.BAD


async def test_old_records_out_of_the_log_are_ignored_not_pooled(spine: Spine, alliance: Alliance) -> None:
    entry = alliance.entry(
        "programme_submit", "p0", prepare(programme_entries(alliance, "p0", "x")[1]).body, lifetime=3
    )
    await spine.execute(spine.block([], time=spine.clock.now() + 10))
    done = spine.chain.head()
    await spine.finaliser.commit(next(iter(spine.chain._blocks.values())), None)
    assert done.time > prepare(entry).record.tx.expires
    assert await gossip(spine, entry) is Outcome.IGNORE
    assert len(spine.mempool) == 0


async def test_a_batch_no_honest_node_makes_is_bad(spine: Spine) -> None:
    assert await gossip(spine, *[b"x"] * 257) is Outcome.BAD
    assert await gossip(spine, *[b"x" * 60_000] * 12) is Outcome.BAD


async def test_far_behind_batches_are_passed_over_unread_also_those_that_wait_their_turn(
    spine: Spine, alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def batch(number: int) -> list[bytes]:
        return [issue_entry(alliance, "p0", "prog", 800 + 3 * number + place) for place in range(3)]

    batches = [batch(number) for number in range(2 * READ_AT_ONCE)]
    senders = ("p1", "p2") * READ_AT_ONCE
    said = zip(batches, senders, strict=True)
    taken = asyncio.gather(*(gossip(spine, *entries, sender=sender) for entries, sender in said))
    await asyncio.sleep(0)  # as many as may are being read
    monkeypatch.setattr(spine.submissions.intake, "_behind", lambda: True)
    assert await taken == [Outcome.ACCEPT] * READ_AT_ONCE + [Outcome.IGNORE] * READ_AT_ONCE
    assert len(spine.mempool) == 3 * READ_AT_ONCE
    monkeypatch.undo()
    assert await gossip(spine, *batches[-1]) is Outcome.ACCEPT


async def test_a_batch_without_news_is_not_relayed(spine: Spine, alliance: Alliance) -> None:
    entry = issue(alliance, 0)
    assert await gossip(spine, entry) is Outcome.ACCEPT
    assert await gossip(spine, entry) is Outcome.IGNORE


# -- refused and expired -------------------------------------------------------------------------------


def refused(spine: Spine, entry: bytes) -> None:
    rejection = spine.submissions._trial.attempt(prepare(entry), spine.clock.now())
    assert rejection is not None
    spine.submissions.on_refused([Refused(prepare(entry), rejection)])


async def test_what_a_block_refused_waits_for_what_it_builds_on(spine: Spine, alliance: Alliance) -> None:
    first, second, *_ = programme_entries(alliance, "p0", "other")
    await gossip(spine, second)
    refused(spine, second)
    assert entry_hash(second) in spine.mempool
    assert not spine.mempool.has_work(frozenset())
    await gossip(spine, first)
    assert len(spine.mempool.candidates(10, frozenset())) == 2


async def test_what_had_its_time_is_refused_and_its_sender_told(spine: Spine, alliance: Alliance) -> None:
    entry = issue(alliance, 0)
    waiting = asyncio.create_task(spine.submissions.submit([entry], wait=True, timeout=20))
    await until(lambda: spine.pending.waiting == 1, "durable")
    conflict = issue_entry(alliance, "p0", "prog", 0, count=2)
    await spine.grow([conflict])
    refused(spine, entry)
    assert not waiting.done()
    spine.clock.ticks += PATIENCE_SECONDS
    spine.submissions.tick()
    (result,) = await asyncio.wait_for(waiting, 20)
    assert result.status == "rejected"
    assert result.rejection is not None
    assert len(spine.mempool) == 0


async def test_our_clock_drops_nothing_that_block_time_still_allows(spine: Spine, alliance: Alliance) -> None:
    entry = issue(alliance, 0)
    await accepted(spine, entry)
    spine.clock.time += 1800  # a clock that is fast
    spine.submissions.tick()
    assert len(spine.mempool) == 1
    assert spine.mempool.candidates(10, frozenset(), spine.clock.now()) == []
    spine.clock.time += 3600  # no finality for longer than anything may live
    spine.submissions.tick()
    assert len(spine.mempool) == 0


async def test_a_duplicate_in_our_own_block_is_no_refusal(spine: Spine, alliance: Alliance) -> None:
    first = issue(alliance, 0)
    other = resigned(alliance, first, "issuance", "registrar")
    await accepted(spine, first)
    block = await spine.execute(spine.block([other]))
    spine.clock.ticks += 100
    spine.submissions._trial.dropped()
    spine.submissions._trial._begin()
    refused(spine, first)
    assert entry_hash(first) in spine.mempool
    await spine.finaliser.commit(block, None)
    assert len(spine.mempool) == 0


# -- restart -------------------------------------------------------------------------------------------


async def test_accepted_transactions_come_back_and_final_ones_do_not(
    spine: Spine, alliance: Alliance, tmp_path: Path, mesh: Mesh
) -> None:
    entries = [issue(alliance, number) for number in range(3)]
    await accepted(spine, *entries)
    await spine.grow(entries[:1])
    await spine.close()
    again = await Spine.open(alliance, tmp_path, mesh, "p0", clock=HandClock())
    assert await again.submissions.restore(again.pending.open()) == 2
    assert all(entry_hash(entry) in again.mempool for entry in entries[1:])
    assert all(again.mempool.get(entry_hash(entry)).local for entry in entries[1:])  # type: ignore[union-attr]
    await again.close()


async def test_what_is_said_again_is_not_the_item_that_was_heard_before(
    spine: Spine, alliance: Alliance, mesh: Mesh
) -> None:
    await accepted(spine, *[issue(alliance, number) for number in range(300)])
    before = len(mesh.nodes["p1"].received)
    for _ in range(4):
        spine.submissions.intake.regossip()
    await until(lambda: len(mesh.nodes["p1"].received) > before, "heard anew")
