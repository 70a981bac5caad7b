"""Offline verification: everything a bundle claims, judged by the verifier's own pin, check by check.

    report = verify_bundle(parse_bundle(data), Trust.from_genesis(genesis_file), at=now)
    report.verdict        # "valid", "invalid" or "unknown"

Nothing is fetched, and no clock is read: what time it is, is an argument.
"""

from __future__ import annotations

from accord_client.verify.bundle_check import verify_bundle
from accord_client.verify.report import Check, Outcome, Report, Verdict

__all__ = ["Check", "Outcome", "Report", "Verdict", "verify_bundle"]
