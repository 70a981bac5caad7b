"""``accord genuine`` believes what a package proves, and nothing that it merely says."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_client.bundle import Bundle
from accord_client.cli.commands.genuine import Judged
from accord_client.documents.open_badge_facts import BadgeDates
from accord_client.verify import verify_bundle
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.questions.credential import Genuine
from client_ledger import ISSUE_TIME, ClientLedger, issued

AT = ISSUE_TIME + 100


def told(**changes: Any) -> Genuine:
    """What the ledger says now."""
    values: dict[str, Any] = {
        "status": "valid", "issuer": ("uu",), "programme": "uu-ds", "title": {"en": "Data Science"}, "level": 6,
        "credits": "3/1", "framework": "nl-ects", "issued_month": "2026-04", "valid_until": None,
        "accreditation": None, "accreditation_at_issue": None, "erased": False,
    }  # fmt: skip
    return Genuine(**values | changes)


def package(index: int = 3) -> Bundle:
    ledger, batch, record = issued()
    return ledger.export(batch, index, record)


def judged(made: Bundle, *, at: int = AT, **changes: Any) -> Judged:
    return Judged.of(verify_bundle(made, issued()[0].trust, at=at), told(**changes))


def test_what_proves_itself_and_is_in_force() -> None:
    found = judged(package())
    assert (found.good, found.heading()) == (True, "GENUINE AND IN FORCE")


@pytest.mark.parametrize(
    "without",
    [{"record": None}, {"state": ()}, {"seals": (), "state": ()}, {"record": None, "seals": (), "state": ()}],
)
def test_a_package_without_evidence_is_not_called_genuine(without: dict[str, Any]) -> None:
    """Anybody can write one about a credential that exists, with their own name in it."""
    found = judged(replace(package(), **without))
    assert (found.failed, found.genuine, found.good, found.heading()) == ([], False, False, "NOT PROVED")
    assert {"record", "state", "batch", "signature"} & {check.name for check in found.unproved}


def test_a_package_that_shows_no_document_is_not_called_genuine() -> None:
    assert judged(package().share(())).heading() == "NOT PROVED"


def test_a_changed_package_is_false() -> None:
    assert judged(replace(package(), index=4)).heading() == "NOT GENUINE"


@pytest.mark.parametrize("changes", [{"status": "revoked"}, {"status": "expired"}, {"erased": True}])
def test_what_the_ledger_does_not_stand_by_is_not_in_force(changes: dict[str, Any]) -> None:
    found = judged(package(), **changes)
    assert (found.genuine, found.good, found.heading()) == (True, False, "NOT IN FORCE")


def test_a_document_past_its_own_end_is_not_in_force() -> None:
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(3, dates=BadgeDates(ISSUE_TIME, valid_until=ISSUE_TIME + 1000))
    made = ledger.export(batch, 1, ledger.issue(batch))
    for at, good in ((ISSUE_TIME + 999, True), (ISSUE_TIME + 1000, False), (ISSUE_TIME - 1, False)):
        found = Judged.of(verify_bundle(made, ledger.trust, at=at), told())
        assert (found.genuine, found.good) == (True, good)


def test_the_status_of_an_old_package_is_the_ledgers_of_now() -> None:
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(3)
    record = ledger.issue(batch)
    span = (Interval(start=1, end=2),)
    body = StatusBody(batch_id=batch.batch_id, ranges=span, action="suspend")
    ledger.do("credential_status", body, "uu registrar")
    ledger.seal()
    report = verify_bundle(ledger.export(batch, 1, record), ledger.trust, at=AT)
    assert report.checks["status"].code == "STATUS_SUSPENDED"
    assert Judged.of(report, told()).good  # reinstated since
    assert not Judged.of(report, told(status="suspended")).good
