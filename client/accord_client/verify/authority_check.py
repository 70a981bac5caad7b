"""Whether everyone was authorised *then*, and whether the credential stands *now*.

The record is in the log, and only valid records enter it; these checks say the same again from state, so
that a report can name what held, and so that later revocations are seen in the light of their dates.
"""

from __future__ import annotations

from accord_client.verify.ledger_facts import LedgerFacts
from accord_client.verify.report import Report
from accord_ledger import calendar
from accord_ledger.domain.model.party import KeyRecord
from accord_ledger.domain.stacking import COMMITTEES
from accord_ledger.errors import AccordError, ProofError

CONFERRING = ("registrar", *COMMITTEES)
"""Purposes of the keys that confer an award (DOMAIN.md 2.4, T30)."""


def check_authority(report: Report, facts: LedgerFacts, at: int) -> None:
    """Judge issuer, programme, accreditation, period of validity and status.

    Args:
        report: takes the findings.
        facts: the ledger's side.
        at: POSIX seconds for which validity is asked.
    """
    for name, check in (
        ("issuer", _issuer),
        ("programme", _programme),
        ("accreditation", _accreditation),
        ("status", _status),
    ):
        try:
            report.passed(name, check(facts))
        except AccordError as error:
            report.failed_by(name, error)
    until = facts.batch.valid_until
    if until is not None and at >= calendar.midnight(calendar.parse_date(until)) + calendar.DAY:
        report.failed("dates", "CREDENTIAL_EXPIRED", f"expected use until {until}")


def check_issuance_key(key: KeyRecord | None, issuers: tuple[str, ...], issued_at: int) -> None:
    """Raise ``ProofError`` unless the key was an issuance key of one of the issuers at that time.

    Codes: ``KEY_UNKNOWN``, ``KEY_PARTY``, ``KEY_PURPOSE``, ``KEY_NOT_IN_FORCE``.
    """
    _check_key(key, issuers, ("issuance",), issued_at)


def check_conferring_key(key: KeyRecord | None, issuers: tuple[str, ...], issued_at: int) -> None:
    """The same of an award (T30): a registrar's or a committee's key; raises as :func:`check_issuance_key`."""
    _check_key(key, issuers, CONFERRING, issued_at)


def _check_key(
    key: KeyRecord | None, issuers: tuple[str, ...], purposes: tuple[str, ...], issued_at: int
) -> None:
    if key is None:
        raise ProofError("KEY_UNKNOWN", "expected a key that the ledger knows")
    if key.party not in issuers:
        raise ProofError("KEY_PARTY", f"expected a key of {' or '.join(issuers)}, got one of {key.party}")
    if key.use != "institution" or not set(purposes) & set(key.purposes):
        raise ProofError(
            "KEY_PURPOSE",
            f"expected a key for {' or '.join(purposes)}, got {', '.join(key.purposes) or key.use}",
        )
    ended = min(moment for moment in (key.valid_to, key.revoked_at, issued_at + 1) if moment is not None)
    if not key.valid_from <= issued_at < ended:
        raise ProofError("KEY_NOT_IN_FORCE", f"expected a key in force at {issued_at}")


def _issuer(facts: LedgerFacts) -> str:
    batch = facts.batch
    for signer in batch.keys:
        key = facts.keys.get(signer)
        if facts.award is None:
            check_issuance_key(key, batch.issuers, batch.issued_at)
        else:
            check_conferring_key(key, facts.programme.terms.issuers, batch.issued_at)
    for name, party in facts.parties.items():
        if party.status != "active" and party.status_since <= batch.issued_at:
            raise ProofError("PARTY_STATUS", f"expected {name} active at issuance, got {party.status}")
    return ", ".join(batch.issuers)


def _programme(facts: LedgerFacts) -> str:
    programme, batch = facts.programme, facts.batch
    if facts.missing_approval is not None:
        raise ProofError("APPROVAL_MISSING", f"expected the approval {facts.missing_approval}")
    if programme.activated_at is None or programme.activated_at > batch.issued_at:
        raise ProofError("PROGRAMME_STAGE", "expected a version that was active before the issuance")
    if facts.status_then != "active" and not batch.late:
        raise ProofError("PROGRAMME_STATUS", f"expected active at issuance, got {facts.status_then}")
    approvals = ", ".join(approval.kind for approval in programme.approvals)
    return f"{programme.terms.programme_id}@{programme.terms.version}, {approvals}"


def _accreditation(facts: LedgerFacts) -> str:
    if not facts.profile.accreditation:
        return f"the profile {facts.profile.profile_id} asks for none"
    if facts.unaccredited_at is not None:
        day = calendar.date_at(facts.unaccredited_at)
        raise ProofError("ACCREDITATION", f"expected accreditation in force on {day}")
    return "in force at completion and issuance"


def _status(facts: LedgerFacts) -> str:
    if facts.status != "valid":
        since = facts.standing.since
        raise ProofError(
            f"STATUS_{facts.status.upper()}", f"since {since}" if since else "a key was compromised"
        )
    return "valid; erased, held copies still verify" if facts.row.erased_at is not None else "valid"
