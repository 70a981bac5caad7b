"""The network itself: seats, nodes, versions, evidence, recovery and audits (T34, T42 to T46)."""

from __future__ import annotations

from collections.abc import Sequence

from accord_client.builders.request import Request, by_authority
from accord_ledger.domain.kinds.accusation import EvidenceSubmit
from accord_ledger.domain.kinds.audit_anchor import AuditAnchorBody, AuditResult
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.kinds.recovery import RecoveryDeclare
from accord_ledger.domain.kinds.seat import SeatGrant, SeatRevoke
from accord_ledger.domain.kinds.version import VersionActivate


def grant_seat(author: str, grant: SeatGrant, members: Sequence[str], *, newcomer: bool = True) -> Request:
    """T42: n - f members with ``governance``, and the newcomer unless it signs elsewhere."""
    signers = by_authority(author, members)
    own = ((grant.party, "institution"),) if newcomer else ()
    return Request("seat_grant", author, grant, (*signers, *own))


def revoke_seat(author: str, party: str, members: Sequence[str]) -> Request:
    """T42: a party votes no more; n - f members sign."""
    return Request("seat_revoke", author, SeatRevoke(party=party), by_authority(author, members))


def set_node_keys(body: NodeKeysSet) -> Request:
    """T43: where a party's node is, and its keys."""
    return Request("node_keys_set", body.party, body, ((body.party, "institution"),))


def activate_version(author: str, version: int, members: Sequence[str]) -> Request:
    """T44: the protocol version of the next epoch; n - f members sign."""
    return Request(
        "version_activate", author, VersionActivate(version=version), by_authority(author, members)
    )


def submit_evidence(author: str, evidence: EvidenceSubmit) -> Request:
    """T45: two votes that no honest member signs both of."""
    return Request("evidence_submit", author, evidence, ((author, "institution"),))


def declare_recovery(author: str, recovery: RecoveryDeclare, members: Sequence[str]) -> Request:
    """T46: all members of the new genesis go on from the old network's last block."""
    return Request("recovery_declare", author, recovery, by_authority(author, members))


def anchor_audit(
    author: str, height: int, state_root: bytes, findings_hash: bytes, result: AuditResult
) -> Request:
    """T34: what an auditor found up to a height."""
    body = AuditAnchorBody(height=height, state_root=state_root, findings_hash=findings_hash, result=result)
    return Request("audit_anchor", author, body, ((author, "institution"),))
