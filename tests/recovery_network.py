"""An alliance of real nodes that loses its quorum for good, and the network that carries it on.

p0 issues, p1 recognises; p2 and p3 are lost with their folders; o0 and o1 followed, and take seats.

    async with Network(alliance, folder) as net: ...      # records, then everything stops
    carried = await carry_on(alliance, folder, "p0")      # snapshot of p0, document, signatures, data folders
    async with Network(carried, folder / "new") as net: ...
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from accord_client.audit.source import FolderSource
from accord_genesis.ceremony import merge
from accord_genesis.document import Genesis, open_genesis
from accord_genesis.recovery import Plan, countersign, declaration, recover
from accord_ledger import calendar
from accord_ledger.domain.kinds.agreement import ProposeBody, SignBody
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.enrolment import EnrolmentOpenBody
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.recognise import RecogniseBody
from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.model.programme import Outcome, ProgrammeTerms
from accord_ledger.domain.rules import FixedRatio
from accord_ledger.domain.terms import terms_hash
from accord_ledger.keys import SigningKey
from accord_node.carrying import carry
from accord_node.node import NodeKeys
from accord_node.recovering import fetch, old_network
from accord_node.storage.snapshotting import back_up
from domain_alliance import uid
from exchange_world import IssuedBatch, holder_key
from node_network import Alliance, Network, key, programme_entries

SEATS = ("o0", "o1", "p0", "p1")
LOST = ("p2", "p3")
BATCH = IssuedBatch.make("before the loss", 12)


class CarriedAlliance(Alliance):
    """Whoever was an observer may have a seat now."""

    def node_keys(self, party: str, *, observer: bool = False) -> NodeKeys:
        del observer
        return super().node_keys(party)


# ---- records -------------------------------------------------------------------------------------------


def signed(alliance: Alliance, kind: str, author: str, body: Any, *signers: str | SigningKey) -> bytes:
    """A record by ``party purpose`` signers and holders."""
    draft = alliance.draft(kind, author, body)
    for signer in signers:
        draft.sign(key(*signer.split(" ")) if isinstance(signer, str) else signer)
    return draft.entry()


def founding_records(alliance: Alliance) -> list[bytes]:
    """A programme of p0 with a batch, an award and an account of p1, and an agreement between the two."""
    today = datetime.now(UTC).date()
    award = ProgrammeTerms(
        programme_id="award", version=1, title={"en": "Award"}, outcomes=(Outcome(text={"en": "All of it"}),),
        framework=("ects", 1), category="degree_bridging", form="award", track="credit", credits="60/1",
        total_hours="1680/1", assessed=True, issuers=("p1",), profile=("neutral", 1),
    )  # fmt: skip
    step = ProgrammeStep(programme=("award", 1))
    approve = ProgrammeApprove(programme=("award", 1), approval="academic_committee", party="p1")
    agreed = AgreementTerms(
        senders=("p0",), receivers=("p1",),
        rules=(FixedRatio(rule_id="fixed", source=("ects", 1), target=("ects", 1), ratio="1/1"),),
        valid_from=str(today), valid_to=str(today + timedelta(days=900)),
        sign_by=calendar.midnight(today + timedelta(days=20)), notice_days=180, run_off_days=365,
    )  # fmt: skip
    sign = SignBody(agreement=("a1", 1), terms_hash=terms_hash(agreed))
    batch = IssueBody(
        batch_id=BATCH.batch_id, programme=("ds", 1), count=len(BATCH.leaves), merkle_root=BATCH.root,
        status_list="list-1", status_start=0, completed_from=str(today), completed_to=str(today),
    )  # fmt: skip
    return [
        *programme_entries(alliance, "p0", "ds"),
        signed(alliance, "credential_issue", "p0", batch, "p0 issuance"),
        signed(alliance, "programme_register", "p1", ProgrammeRegister(terms=award), "p1 institution"),
        signed(alliance, "programme_submit", "p1", step, "p1 institution"),
        signed(alliance, "programme_approve", "p1", approve, "p1 academic_committee"),
        signed(alliance, "programme_activate", "p1", step, "p1 institution"),
        signed(alliance, "agreement_propose", "p0", ProposeBody(agreement_id="a1", terms=agreed), "p0 agreements"),
        signed(alliance, "agreement_sign", "p0", msgspec.structs.replace(sign, parties=("p0",)), "p0 agreements"),
        signed(alliance, "agreement_sign", "p1", msgspec.structs.replace(sign, parties=("p1",)), "p1 agreements"),
        signed(
            alliance, "enrolment_open", "p1", EnrolmentOpenBody(enrolment=uid("n1"), award=("award", 1)),
            "p1 registrar",
        ),
    ]  # fmt: skip


def recognise(alliance: Alliance, name: str, index: int) -> bytes:
    """T27 of one credential of the batch into p1's account."""
    item = BATCH[index]
    body = RecogniseBody(
        recognition=uid(name), enrolment=uid("n1"), agreement=("a1", 1), rule="fixed", items=(item,),
        claimed_credits="3/1",
    )  # fmt: skip
    return signed(alliance, "recognise", "p1", body, "p1 registrar", holder_key(item.batch_id, item.index))


def declare(alliance: Alliance, parties: Sequence[str] = SEATS) -> bytes:
    """T46 of a network that carries another on."""
    body = declaration(alliance.genesis)
    return signed(
        alliance, "recovery_declare", parties[0], body, *(f"{party} governance" for party in parties)
    )


async def accepted(net: Network, party: str, *entries: bytes) -> list[int]:
    """Submit, wait until all are final; heights."""
    results = await net.nodes[party].submissions.submit(list(entries), wait=True, timeout=60)
    assert {item.status for item in results} == {"final"}, results
    return [item.height or 0 for item in results]


async def refused(net: Network, party: str, entry: bytes) -> str:
    """Submit something that is refused; its code."""
    (result,) = await net.nodes[party].submissions.submit([entry], wait=True, timeout=60)
    assert result.status == "rejected", result
    return result.rejection.code if result.rejection is not None else ""


# ---- recovery ------------------------------------------------------------------------------------------


def plan(alliance: Alliance, **changes: Any) -> Plan:
    """o0, o1, p0 and p1 go on, with the nodes the old ledger knows."""
    values: dict[str, Any] = {
        "name": "Test alliance, carried on", "origin": "ledger.example/test-2",
        "created": int(time.time()), "reason": "The machine rooms of p2 and p3 burnt down", "seats": SEATS,
    }  # fmt: skip
    del alliance
    return Plan(**values | changes)


async def document(alliance: Alliance, snapshot: Path, scratch: Path, wanted: Plan) -> bytes:
    """The genesis file of the recovery, before anybody signed."""
    scratch.mkdir(parents=True)
    manifest = await fetch(FolderSource(snapshot), scratch)
    with old_network(manifest, scratch, alliance.genesis_file) as old:
        return recover(wanted, old)


def sign_all(file: bytes, parties: Sequence[str] = SEATS) -> bytes:
    """The file with the signatures of these parties."""
    return merge(file, [countersign(file, party, key(party, "governance")) for party in parties])


def carried_alliance(alliance: Alliance, file: bytes, parties: tuple[str, ...] = SEATS) -> Alliance:
    """The alliance of the new network; nodes keep their keys and addresses."""
    return CarriedAlliance(file, open_genesis(file), parties, alliance.ports)


async def carry_all(genesis: Genesis, snapshot: Path, folder: Path, own: dict[str, Path]) -> None:
    """The data folder of every node of the new network; survivors out of their own."""
    for party in SEATS:
        data = folder / party / "data"
        data.mkdir(parents=True)
        await carry(data, genesis, own.get(party) or FolderSource(snapshot))


async def carry_on(alliance: Alliance, folder: Path, survivor: str, **changes: Any) -> Alliance:
    """Everything from a stopped survivor's folder to data folders below ``folder / "new"``."""
    snapshot = folder / "snapshot"
    back_up(folder / survivor / "data", snapshot)
    file = sign_all(await document(alliance, snapshot, folder / "scratch", plan(alliance, **changes)))
    made = carried_alliance(alliance, file)
    await carry_all(made.genesis, snapshot, folder / "new", {survivor: folder / survivor / "data"})
    return made
