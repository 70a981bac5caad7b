"""Quality years and hours accounts: T11 to T13, T20, T21, T41."""

from __future__ import annotations

from typing import Literal

from accord_client.builders.request import Request
from accord_ledger.domain.kinds.feedback import EmployerFeedback
from accord_ledger.domain.kinds.hours import HoursCheckpointBody, HoursCompleteBody, HoursOpenBody
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.kinds.year_close import QualityYearClose
from accord_ledger.domain.model.quality import QualityMetrics


def report_quality(
    author: str, agency: str, programme: str, year: int, metrics: QualityMetrics, *, sign_by: int = 0
) -> Request:
    """T11: an issuer's report on one year, signed by it and a competent agency.

    With ``sign_by`` the agency signs the body elsewhere.
    """
    body = QualityReportBody(programme=programme, year=year, metrics=metrics, sign_by=sign_by)
    agencies = () if sign_by else ((agency, "quality"),)
    return Request("quality_report", author, body, ((author, "quality"), *agencies))


def file_feedback(
    author: str, programme: str, period: str, satisfied: int, responses: int, method_hash: bytes
) -> Request:
    """T12: how satisfied employers were in a month (``YYYY-MM``) or quarter (``YYYY-Qn``)."""
    body = EmployerFeedback(
        programme=programme, period=period, responses=responses, satisfied=satisfied, method_hash=method_hash
    )
    return Request("employer_feedback", author, body, ((author, "institution"),))


def close_quality_year(
    author: str, programme: str, year: int, purpose: Literal["quality", "governance"] = "quality"
) -> Request:
    """T13: by a competent agency, or with ``governance`` by any validator."""
    body = QualityYearClose(programme=programme, year=year)
    return Request("quality_year_close", author, body, ((author, purpose),))


def open_hours(author: str, account: bytes, programme: str, start: str) -> Request:
    """T41: an account for one learner's hours, whose name stands nowhere."""
    body = HoursOpenBody(account=account, programme=programme, start=start)
    return Request("hours_open", author, body, ((author, "registrar"),))


def log_hours(
    author: str, account: bytes, minutes: tuple[int, int], log_root: bytes, period_end: str
) -> Request:
    """T20: minutes since the start, and those of practice among them, as of a day."""
    body = HoursCheckpointBody(
        account=account,
        cumulative_minutes=minutes[0],
        practice_minutes=minutes[1],
        log_root=log_root,
        period_end=period_end,
    )
    return Request("hours_checkpoint", author, body, ((author, "registrar"),))


def complete_hours(
    author: str, agency: str, account: bytes, programme: tuple[str, int], *, sign_by: int = 0
) -> Request:
    """T21: the hours are reached, say an issuer and a competent agency; with ``sign_by`` it signs elsewhere."""
    body = HoursCompleteBody(account=account, programme=programme, sign_by=sign_by)
    agencies = () if sign_by else ((agency, "quality"),)
    return Request("hours_complete", author, body, ((author, "registrar"), *agencies))
