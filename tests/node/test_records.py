"""What is refused is refused for good; what nobody can prove yet is neither refused nor believed."""

from __future__ import annotations

import asyncio

from accord_ledger import codec
from accord_ledger.block import Vote
from accord_ledger.domain.kinds.accusation import EvidenceSubmit
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_ledger.keys import SigningKey
from accord_node.records import Refusal, entry_hash
from node_network import Alliance, issue_entry, key, make_alliance, programme_entries
from spine import Spine


def signed_by(alliance: Alliance, author: str, signer: SigningKey, *, broken: bool = False) -> bytes:
    body = codec.decode(bytes(prepare(issue_entry(alliance, author, "prog", 1)).record.tx.body), IssueBody)
    draft = alliance.draft("credential_issue", author, body)
    draft.sign(signer)
    entry = draft.entry()
    if broken:
        signature = prepare(entry).record.signatures[0][2]
        entry = entry.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
    return entry


async def test_a_wrong_signature_of_a_known_key_is_refused(spine: Spine, alliance: Alliance) -> None:
    entry = signed_by(alliance, "p0", key("p0", "issuance"), broken=True)
    ((answer, proven),) = await spine.reader.read_authored([entry])
    assert isinstance(answer, Refusal)
    assert answer.rejection.code == "E_SIG_INVALID"
    assert not proven


async def test_a_signature_by_an_unknown_key_is_no_offence_and_no_proof(
    spine: Spine, alliance: Alliance
) -> None:
    entry = signed_by(alliance, "p0", key("p0", "not yet registered"))
    ((answer, proven),) = await spine.reader.read_authored([entry])
    assert isinstance(answer, Prepared)
    assert not proven


async def test_a_signature_by_somebody_elses_key_does_not_make_its_author(
    spine: Spine, alliance: Alliance
) -> None:
    ((answer, proven),) = await spine.reader.read_authored([signed_by(alliance, "p0", key("p1", "issuance"))])
    assert isinstance(answer, Prepared)
    assert not proven


async def test_the_authors_own_key_does(spine: Spine, alliance: Alliance) -> None:
    entries = programme_entries(alliance, "p0", "prog")
    assert [proven for _, proven in await spine.reader.read_authored(entries)] == [True] * len(entries)


async def test_of_evidence_alone_the_log_key_of_its_authors_node_does(
    spine: Spine, alliance: Alliance
) -> None:
    said = [
        Vote(kind="notarize", epoch=0, view=3, seal=bytes([at]) * 32, member="p3", signature=bytes(64))
        for at in (1, 2)
    ]

    async def proven(kind: str, body: codec.Wire, signer: SigningKey) -> bool:
        draft = alliance.draft(kind, "p0", body)
        draft.sign(signer)
        ((answer, found),) = await spine.reader.read_authored([draft.entry()])
        assert isinstance(answer, Prepared)
        return found

    evidence = EvidenceSubmit(first=said[0], second=said[1])
    issue = codec.decode(bytes(prepare(issue_entry(alliance, "p0", "prog", 1)).record.tx.body), IssueBody)
    assert await proven("evidence_submit", evidence, key("p0", "log"))
    assert not await proven("evidence_submit", evidence, key("p1", "log"))
    assert not await proven("evidence_submit", evidence, key("p0", "witness"))
    assert not await proven("credential_issue", issue, key("p0", "log"))


async def test_a_record_of_another_network_is_refused(spine: Spine) -> None:
    other = make_alliance(5)
    ((answer, _),) = await spine.reader.read_authored([issue_entry(other, "p0", "prog", 0)])
    assert isinstance(answer, Refusal)
    assert answer.rejection.path == "network"


async def test_two_who_wait_for_one_record_do_not_disturb_each_other(
    spine: Spine, alliance: Alliance
) -> None:
    entry, other = (issue_entry(alliance, "p0", "prog", number) for number in (0, 1))
    both = asyncio.create_task(spine.reader.arrivals([entry_hash(entry), entry_hash(other)], 20))
    short = await spine.reader.arrivals([entry_hash(entry), entry_hash(other)], 0.01)
    assert short == {}
    await spine.reader.read([entry])
    await spine.reader.read([other])
    assert set(await both) == {entry_hash(entry), entry_hash(other)}
    assert spine.reader.expected == 0


async def test_who_stops_waiting_leaves_nothing_behind(spine: Spine) -> None:
    waiting = asyncio.create_task(spine.reader.arrivals([bytes(32), b"\1" * 32], 20))
    await asyncio.sleep(0)
    assert spine.reader.expected == 2
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert spine.reader.expected == 0
