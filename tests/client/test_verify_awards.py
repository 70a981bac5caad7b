"""Awards (T30): conferred by registrars and committees, worth elsewhere what their own components are."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accord_client.verify.authority_check import check_conferring_key
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.model.party import KEYS
from accord_ledger.errors import ProofError
from client_ledger import ISSUE_TIME
from conferred_ledger import AT, confer
from domain_alliance import key_of


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
