"""Who was authorised at issuance: states that a whole quorum vouches for, in which something was not in order then.

Rules keep such an issuance out of the log; a verifier says it again from state, and names what did not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from accord_client.verify import Report, verify_bundle
from accord_ledger.calendar import DAY, date_at
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.model.framework import PROFILES
from accord_ledger.domain.model.party import KEYS, PARTIES
from accord_ledger.domain.model.programme import (
    GRANTS,
    PARTY_GRANTS,
    PROGRAMME_HEADS,
    PROGRAMMES,
    Grants,
    StatusChange,
)
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.transaction import parse_record
from client_ledger import ISSUE_TIME, ClientLedger
from domain_alliance import key_of

AT = ISSUE_TIME + 100
BATCH = bytes(15) + b"\x01"
KEY = key_of("uu", "issuance").key_id
GRANT = bytes(15) + b"\x07"
Change = Callable[[ClientLedger], None]


def judged(*changes: Change) -> Report:
    """A credential whose evidence is of a block that holds these changes."""
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(3)
    record = ledger.issue(batch)
    for change in changes:
        change(ledger)
    ledger.seal()
    return verify_bundle(ledger.export(batch, 1, record), ledger.trust, at=AT)


def put(table: Any, *parts: Any, **members: Any) -> Change:
    """Other members of a value that is there."""

    def change(ledger: ClientLedger) -> None:
        found = ledger.execution._view.get(table, *parts)
        assert found is not None
        ledger.execution._view.put(table, replace(found, **members), *parts)

    return change


def key(**members: Any) -> Change:
    return put(KEYS, KEY, **members)


def party(**members: Any) -> Change:
    return put(PARTIES, "uu", **members)


def programme(**members: Any) -> Change:
    return put(PROGRAMMES, "uu-ds", 1, **members)


def status(*changes: tuple[Any, int]) -> Change:
    history = tuple(StatusChange(status=name, since=since) for name, since in changes)
    return put(PROGRAMME_HEADS, "uu-ds", history=history)


def asked_for(**members: Any) -> tuple[Change, Change]:
    """The profile asks for accreditation; um's grant with other members is uu's."""

    def grant(ledger: ClientLedger) -> None:
        view: Any = ledger.execution._view
        [name] = view.get(PARTY_GRANTS, "um").ids
        view.put(GRANTS, replace(view.get(GRANTS, name), party="uu", **members), GRANT)
        view.put(PARTY_GRANTS, Grants(ids=(GRANT,)), "uu")

    return put(PROFILES, "neutral", 1, accreditation=True, registries=("MQA",)), grant


NONE, IN_FORCE = "asks for none", "in force at completion and issuance"
GOOD: list[tuple[str, tuple[Change, ...]]] = [
    (NONE, ()),
    (NONE, (key(revoked_at=ISSUE_TIME + 1),)),
    (NONE, (key(valid_to=ISSUE_TIME + 1),)),
    (NONE, (party(status="suspended", status_since=ISSUE_TIME + 1),)),
    (NONE, (status(("active", ISSUE_TIME - 9), ("suspended", ISSUE_TIME + 1)),)),
    (IN_FORCE, asked_for()),
    (IN_FORCE, asked_for(withdrawn_at=ISSUE_TIME + 1)),
]


@pytest.mark.parametrize(("accreditation", "changes"), GOOD)
def test_what_ended_later_does_not_touch_what_was_issued(
    accreditation: str, changes: tuple[Change, ...]
) -> None:
    report = judged(*changes)
    assert report.verdict == "valid", report.to_plain()
    assert accreditation in report.checks["accreditation"].detail


NOT_THEN: list[tuple[str, str, tuple[Change, ...]]] = [
    ("issuer", "KEY_UNKNOWN", (lambda ledger: ledger.execution._view.delete(KEYS, KEY),)),
    ("issuer", "KEY_PARTY", (key(party="um"),)),
    ("issuer", "KEY_PURPOSE", (key(purposes=("registrar",)),)),
    ("issuer", "KEY_PURPOSE", (key(use="vote"),)),
    ("issuer", "KEY_NOT_IN_FORCE", (key(valid_from=ISSUE_TIME + 1),)),
    ("issuer", "KEY_NOT_IN_FORCE", (key(valid_to=ISSUE_TIME),)),
    ("issuer", "KEY_NOT_IN_FORCE", (key(revoked_at=ISSUE_TIME),)),
    ("issuer", "PARTY_STATUS", (party(status="suspended", status_since=ISSUE_TIME),)),
    ("programme", "APPROVAL_MISSING", (programme(approvals=()),)),
    ("programme", "PROGRAMME_STAGE", (programme(activated_at=None),)),
    ("programme", "PROGRAMME_STAGE", (programme(activated_at=ISSUE_TIME + 1),)),
    ("programme", "PROGRAMME_STATUS", (status(("suspended", ISSUE_TIME)),)),
    ("accreditation", "ACCREDITATION", asked_for()[:1]),
    ("accreditation", "ACCREDITATION", asked_for(withdrawn_at=ISSUE_TIME)),
    ("accreditation", "ACCREDITATION", asked_for(registry="OTHER")),
    ("accreditation", "ACCREDITATION", asked_for(valid_to="2026-03-31")),
    ("record", "RECORD_SIGNATURE", (key(public=key_of("um", "issuance").public),)),
    ("record", "RECORD_BATCH", (put(BATCHES, BATCH, count=4),)),
    ("record", "RECORD_BATCH", (put(BATCHES, BATCH, status_start=1),)),
    ("record", "RECORD_BATCH", (put(BATCHES, BATCH, status_list="list-2"),)),
    ("batch", "MERKLE_INCLUSION", (put(BATCHES, BATCH, merkle_root=bytes(32)),)),
]


@pytest.mark.parametrize(("name", "code", "changes"), NOT_THEN)
def test_what_did_not_hold_at_issuance_is_named(name: str, code: str, changes: tuple[Change, ...]) -> None:
    report = judged(*changes)
    check = report.checks[name]
    assert (check.outcome, check.code) == ("failed", code), check
    assert report.verdict == "invalid"


COMPLETED, ISSUED = (str(date_at(moment)) for moment in (ISSUE_TIME - DAY, ISSUE_TIME))


@pytest.mark.parametrize("period", [{"valid_from": ISSUED}, {"valid_to": COMPLETED}])
def test_accreditation_is_asked_for_at_completion_and_at_issuance(period: dict[str, str]) -> None:
    completed = put(BATCHES, BATCH, completed_from=COMPLETED, completed_to=COMPLETED)
    assert judged(completed, *asked_for()).checks["accreditation"].outcome == "passed"
    assert judged(completed, *asked_for(**period)).checks["accreditation"].code == "ACCREDITATION"


def test_the_record_is_one_that_its_issuer_signed() -> None:
    """Cosigned by a quorum, and yet the signature in it is nobody's."""
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(3)
    record = ledger.issue(batch)
    [(_, _, signature)] = parse_record(ledger.entries[record]).signatures
    entry = ledger.entries[record].replace(signature, bytes(64))
    ledger.entries[record], ledger.leaves[record] = entry, leaf_hash(entry)
    report = verify_bundle(ledger.export(batch, 1, record), ledger.trust, at=AT)
    assert (report.checks["record"].outcome, report.checks["record"].code) == ("failed", "RECORD_SIGNATURE")
    assert report.checks["quorum"].outcome == "passed"
