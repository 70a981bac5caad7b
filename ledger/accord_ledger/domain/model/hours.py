"""Hours accounts: fragmented learning that adds up to one credential (DOMAIN.md 1.7, row P13).

Who learns stands nowhere, and when only as sums at steps of a week or more; the daily log stays with the
issuer under ``log_root``.
"""

from __future__ import annotations

from typing import Literal

from accord_ledger.codec import Wire
from accord_ledger.fields import Count, DateText, Digest, ObjectId, Seconds, Slug, Version
from accord_ledger.state import Table


class HoursAccount(Wire):
    """One learner's hours towards one programme."""

    programme: Slug
    start: DateText
    """First day that counts."""
    status: Literal["open", "completed", "used"] = "open"
    """``completed``: supports one credential; ``used``: did."""
    opened_at: Seconds
    cumulative_minutes: Count = 0
    """Minutes since the start, as of the last checkpoint."""
    practice_minutes: Count = 0
    """Minutes of practice among them."""
    period_end: DateText | None = None
    """Last day the last checkpoint counts; None before the first."""
    log_root: Digest | None = None
    """Commitment of the last checkpoint to the log behind its sums."""
    version: Version | None = None
    """Version of the programme it was completed for."""
    completed_at: Seconds | None = None
    batch_id: ObjectId | None = None
    """Batch of the one credential it supports."""


HOURS: Table[HoursAccount] = Table("hours", HoursAccount, busy=True)
"""By account id."""
