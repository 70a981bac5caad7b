"""A component of an award over HTTP: held while the award stands, free again once it is revoked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import convert

from accord_client.api import CredentialFact
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.enrolment import EnrolmentOpenBody
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.model.credential import CREDENTIALS, Interval
from accord_ledger.domain.model.programme import Outcome, ProgrammeTerms
from domain_alliance import uid
from exchange_world import IssuedBatch, holder_key
from http_proofs import opened
from node_network import key, programme_entries

session = pytest.mark.asyncio(loop_scope="session")
DAY = str(datetime.now(UTC).date())


def award_records(alliance: Any, programme: str, award: str) -> list[bytes]:
    """An award, an account for it, and ten credentials to stack."""
    terms = ProgrammeTerms(
        programme_id=award, version=1, title={"en": "Award"}, outcomes=(Outcome(text={"en": "Know it"}),),
        framework=("ects", 1), level=6, category="degree_bridging", form="award", track="credit",
        credits="6/1", total_hours="168/1", assessed=True, issuers=("p0",), profile=("neutral", 1),
    )  # fmt: skip
    step, approve = (
        ProgrammeStep(programme=(award, 1)),
        ProgrammeApprove(programme=(award, 1), approval="academic_committee", party="p0"),
    )
    batch = IssuedBatch.make(programme, 10)
    issue = IssueBody(
        batch_id=batch.batch_id, programme=(programme, 1), count=10, merkle_root=batch.root,
        status_list="stacked", status_start=0, completed_from=DAY, completed_to=DAY,
    )  # fmt: skip
    return [
        *programme_entries(alliance, "p0", programme),
        alliance.entry("programme_register", "p0", ProgrammeRegister(terms=terms)),
        alliance.entry("programme_submit", "p0", step),
        alliance.entry("programme_approve", "p0", approve, "academic_committee"),
        alliance.entry("programme_activate", "p0", step),
        alliance.entry("credential_issue", "p0", issue, "issuance"),
        alliance.entry(
            "enrolment_open", "p0", EnrolmentOpenBody(enrolment=uid(award), award=(award, 1)), "registrar"
        ),
    ]


def stack_entry(alliance: Any, programme: str, award: str) -> bytes:
    """T30 of the first two credentials, signed by their holders."""
    batch, made = IssuedBatch.make(programme, 10), IssuedBatch.make(award, 1)
    body = StackBody(
        enrolment=uid(award), components=(batch[0], batch[1]), batch_id=made.batch_id, merkle_root=made.root,
        status_list="awards", status_start=0,
    )  # fmt: skip
    draft = alliance.draft("stack_award", "p0", body)
    for signer in (key("p0", "registrar"), key("p0", "academic_committee")):
        draft.sign(signer)
    for index in range(2):
        draft.sign(holder_key(batch.batch_id, index))
    found: bytes = draft.entry()
    return found


@session
async def test_a_component_is_free_when_its_award_is_revoked(served: Any) -> None:
    alliance, batch, made = served.alliance, IssuedBatch.make("stackable", 10), IssuedBatch.make("cert", 1)
    results = await served.submit(*award_records(alliance, "stackable", "cert"))
    results += await served.submit(stack_entry(alliance, "stackable", "cert"))
    assert {item["status"] for item in results} == {"final"}, results
    address = f"/v1/credentials/{batch.batch_id.hex()}/0"
    held = await served.get(address)
    assert held["value"]["stacked_into"] == made.batch_id.hex()
    assert (await served.get(f"/v1/credentials/{batch.batch_id.hex()}/2"))["value"]["stacked_into"] is None
    revoke = StatusBody(
        batch_id=made.batch_id, ranges=(Interval(start=0, end=1),), action="revoke", effect="review"
    )
    await served.submit(alliance.entry("credential_status", "p0", revoke, "registrar"))
    for query in ("", "?proof=1"):
        freed = convert(await served.get(address + query), CredentialFact)
        assert freed.value.stacked_into is None
    keys = [opened(proof)[0] for proof in freed.proofs]
    assert CREDENTIALS.key(batch.batch_id, 0) in keys
    assert AWARDS.key(made.batch_id) in keys
