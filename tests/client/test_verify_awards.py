"""Awards (T30): conferred by registrars and committees, worth elsewhere what their own components are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from accord_client.badges import programme_facts
from accord_client.bundle import Bundle, draft_bundle
from accord_client.issuing import PreparedBatch, bitstring_ranges
from accord_client.verify import Report, verify_bundle
from accord_client.verify.authority_check import check_conferring_key
from accord_ledger.domain.kinds.enrolment import EnrolmentOpenBody
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.party import KEYS
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.errors import ProofError
from accord_ledger.keys import SigningKey
from client_ledger import ISSUE_TIME, ClientLedger
from domain_alliance import key_of, uid
from domain_world import ref, terms

AT = ISSUE_TIME + 200
START = 40
CONFERRING = ("uu registrar", "uu academic_committee")


@dataclass
class Conferred:
    """A ledger with an award of two components of 3 EC each."""

    ledger: ClientLedger
    batch: PreparedBatch
    components: PreparedBatch
    record: int

    def bundle(self) -> Bundle:
        return self.ledger.export(self.batch, 0, self.record)

    def report(self, made: Bundle | None = None) -> Report:
        return verify_bundle(made or self.bundle(), self.ledger.trust, at=AT)


def confer(**changes: Any) -> Conferred:
    ledger = ClientLedger()
    ledger.programme()
    award = ledger.launch(terms("uu-cert", "uu", form="award", credits="6/1", total_hours="168/1"))
    components = ledger.prepare(10)
    ledger.issue(components)
    ledger.do("enrolment_open", EnrolmentOpenBody(enrolment=uid("e1"), award=ref(award)), "uu registrar")
    ledger.seal()
    view = ledger.view()
    programme, framework = view.get(PROGRAMMES, "uu-cert", 1), view.get(FRAMEWORKS, "nl-ects", 1)
    assert programme is not None
    assert framework is not None
    said = programme_facts(programme, framework, base_url="https://uu.example")
    lists = bitstring_ranges("https://uu.example/v1/status-lists/uu/awards", START)
    batch = ledger.prepare(1, batch=bytes(15) + b"\x09", facts=said, status=lists)
    items = [draft_bundle(components, index).item() for index in (2, 3)]
    holders = [SigningKey.from_seed(components.credentials[index].holder_seed or b"") for index in (2, 3)]
    body = StackBody(
        enrolment=uid("e1"), components=tuple(items), batch_id=batch.batch_id, merkle_root=batch.root,
        status_list="awards", status_start=START,
    )  # fmt: skip
    ledger.add(ledger.entry("stack_award", replace(body, **changes), *CONFERRING, *holders))
    record = len(ledger.entries)
    ledger.seal()
    return Conferred(ledger, batch, components, record)


def test_an_award_verifies_offline_and_says_what_it_is_worth() -> None:
    done = confer()
    report = done.report()
    assert report.verdict == "valid", report.to_plain()
    assert (report.facts["credits"], report.facts["redeemable"]) == ("6/1", "6/1")
    component = done.report(done.ledger.export(done.components, 2, 0))
    assert component.facts["stacked_into"] == done.batch.batch_id.hex()
    assert component.facts["redeemable"] == "3/1"


def test_the_record_must_be_the_one_that_conferred_it() -> None:
    done = confer()
    issuance = next(
        index for index in range(len(done.ledger.entries))
        if b"credential_issue" in done.ledger.entries[index]
    )  # fmt: skip
    report = done.report(done.ledger.export(done.batch, 0, issuance))
    assert report.checks["record"].code == "RECORD_KIND"
    credential = done.ledger.export(done.components, 5, done.record)
    assert done.report(credential).checks["record"].code == "RECORD_KIND"


def test_an_award_conferred_with_a_key_that_was_stolen_by_then_waits() -> None:
    done = confer()
    stolen = KeyRevoke(key_id=key_of("uu", "academic_committee").key_id, compromised_since=ISSUE_TIME - 5)
    done.ledger.do("key_revoke", stolen, "uu", "uu registrar")
    done.ledger.seal()
    assert done.report().checks["status"].code == "STATUS_NEEDS_CONFIRMATION"


@pytest.mark.parametrize(
    ("party", "purposes", "code"),
    [("uu", ("issuance",), "KEY_PURPOSE"), ("uu", (), "KEY_PURPOSE"), ("um", ("registrar",), "KEY_PARTY")],
)
def test_only_registrars_and_committees_of_its_issuers_confer(
    party: str, purposes: tuple[str, ...], code: str
) -> None:
    known = confer().ledger.view().get(KEYS, key_of("uu", "registrar").key_id)
    assert known is not None
    check_conferring_key(known, ("uu",), AT)
    with pytest.raises(ProofError, match=code):
        check_conferring_key(replace(known, party=party, purposes=purposes), ("uu",), AT)


def test_a_revoked_award_frees_its_components() -> None:
    done = confer()
    body = StatusBody(
        batch_id=done.batch.batch_id, ranges=(Interval(start=0, end=1),), action="revoke", effect="review"
    )
    done.ledger.do("credential_status", body, "uu registrar")
    done.ledger.seal()
    assert done.report().checks["status"].code == "STATUS_REVOKED"
    record = next(i for i, raw in enumerate(done.ledger.entries) if b"credential_issue" in raw)
    component = done.report(done.ledger.export(done.components, 2, record))
    assert component.verdict == "valid", component.to_plain()
    assert component.facts["stacked_into"] is None
