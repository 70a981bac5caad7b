"""What peers say by the batch costs only what it is worth: old records no signature check, a flood no one else's turn."""

from __future__ import annotations

import asyncio
import threading

from accord_ledger import codec
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.pipeline import prepare
from accord_node.intake import READ_OF_ONE
from accord_node.messages import Batch
from accord_node.peer import Outcome, Topic
from node_network import Alliance, issue_entry, key
from spine import Spine


async def gossip(spine: Spine, entries: list[bytes], sender: str) -> Outcome:
    payload = codec.encode(Batch(entries=tuple(entries)))
    return await spine.submissions.intake.on_batch(Topic.TRANSACTIONS, payload, sender)


def batch(alliance: Alliance, number: int, *, lifetime: int = 600) -> list[bytes]:
    entries = []
    for place in range(3):
        made = prepare(issue_entry(alliance, "p0", "prog", 10 * number + place)).record
        body = codec.decode(bytes(made.tx.body), IssueBody)
        draft = alliance.draft("credential_issue", "p0", body, lifetime=lifetime, nonce=made.tx.nonce)
        draft.sign(key("p0", "issuance"))
        entries.append(draft.entry())
    return entries


async def test_records_that_have_expired_cost_no_signature_check(spine: Spine, alliance: Alliance) -> None:
    old = batch(alliance, 1, lifetime=-3600)
    assert await gossip(spine, old, "p1") is Outcome.IGNORE
    assert (spine.cache.checked, spine.submissions.intake.unproven, len(spine.mempool)) == (0, 0, 0)
    assert await gossip(spine, batch(alliance, 1), "p1") is Outcome.ACCEPT
    assert spine.cache.checked == 3


async def test_a_flood_of_one_peer_does_not_stand_in_line_before_another(
    spine: Spine, alliance: Alliance
) -> None:
    gate = threading.Event()
    held = asyncio.create_task(spine.workers.run(gate.wait))  # until all stand in line
    order: list[str] = []

    async def say(number: int, sender: str) -> None:
        await gossip(spine, batch(alliance, number), sender)
        order.append(sender)

    flood = [asyncio.create_task(say(number, "p1")) for number in range(1, 13)]
    await asyncio.sleep(0)
    honest = asyncio.create_task(say(20, "p2"))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(held, honest, *flood)
    assert order.index("p2") <= READ_OF_ONE
    assert not spine.submissions.intake._lines


async def test_what_waits_its_turn_and_is_given_up_leaves_nothing(spine: Spine, alliance: Alliance) -> None:
    said = [asyncio.create_task(gossip(spine, batch(alliance, number), "p1")) for number in range(1, 7)]
    await asyncio.sleep(0)
    for task in said:
        task.cancel()
    await asyncio.gather(*said, return_exceptions=True)
    assert not spine.submissions.intake._lines
    assert await gossip(spine, batch(alliance, 9), "p1") is Outcome.ACCEPT
