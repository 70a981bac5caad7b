"""T11, what an issuer reports of one programme and year, signed by a competent agency too.

Any programme may report; under an annual profile the close of the year asks for it (DOMAIN.md 2.8).
"""

from __future__ import annotations

from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.party import check_set
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES
from accord_ledger.domain.model.quality import (
    QUALITY_REPORTS,
    AreaCounts,
    QualityMetrics,
    QualityReport,
    Year,
)
from accord_ledger.domain.quality_years import check_open, check_year
from accord_ledger.domain.signing import Need, Signer, all_of, any_of
from accord_ledger.domain.standing import ISSUER_ROLES, active_first, competent_agency
from accord_ledger.errors import Rejection
from accord_ledger.fields import Slug

PATH = "body.metrics"


class QualityReportBody(Body):
    """T11."""

    programme: Slug
    year: Year
    metrics: QualityMetrics


@transaction_kind
class QualityReportKind(TransactionKind[QualityReportBody, QualityReport]):
    """The metrics of one year of a programme."""

    name = "quality_report"
    row = "T11"
    body = QualityReportBody
    errors = ("E_UNKNOWN_REF", "E_VALUE", "E_DUPLICATE", "E_STATE")

    def values(self, body: QualityReportBody) -> None:
        """No part is larger than its whole (row N4), and content there is."""
        metrics = body.metrics
        if metrics.content_items == 0:
            raise Rejection("E_VALUE", "expected at least one item of content", path=f"{PATH}.content_items")
        _check_part(metrics.content_updated, metrics.content_items, f"{PATH}.content_updated")
        _check_part(metrics.courses_with_industry, metrics.courses_total, f"{PATH}.courses_with_industry")
        check_set(tuple(counts.area for counts in metrics.areas), f"{PATH}.areas")
        for place, counts in enumerate(metrics.areas):
            _check_area(counts, f"{PATH}.areas[{place}]")

    def weight(self, ctx: Context, body: QualityReportBody) -> int:
        """16."""
        del ctx, body
        return 16

    def signers(self, ctx: Context, body: QualityReportBody) -> Need:
        """An issuer, with ``quality``, and a competent agency."""
        head = ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme")
        programme = ctx.known(PROGRAMMES, body.programme, head.current or head.latest, path="body.programme")
        issuers = (Signer(issuer, "quality", ISSUER_ROLES) for issuer in active_first(ctx, head.issuers))
        return all_of(any_of(*issuers), competent_agency(ctx, programme))

    def check(self, ctx: Context, body: QualityReportBody) -> QualityReport:
        """A year there is, reported once, before its close."""
        check_year(ctx, body.programme, body.year, "body.year")
        ctx.unused(QUALITY_REPORTS, body.programme, body.year, path="body.year")
        check_open(ctx, body.programme, body.year, "body.year")
        (issuer, _, _), (agency, _, _) = ctx.signed
        return QualityReport(metrics=body.metrics, issuer=issuer, agency=agency, at=ctx.time)

    def apply(self, ctx: Context, body: QualityReportBody, plan: QualityReport) -> None:
        """Keep the report."""
        ctx.state.put(QUALITY_REPORTS, plan, body.programme, body.year)


def _check_part(part: int, whole: int, path: str) -> None:
    if part > whole:
        raise Rejection("E_VALUE", f"expected at most {whole}, got {part}", path=path)


def _check_area(counts: AreaCounts, path: str) -> None:
    _check_part(counts.completed, counts.entered, f"{path}.completed")
    _check_part(counts.passed, counts.entered, f"{path}.passed")
    _check_part(counts.excellent, counts.passed, f"{path}.excellent")
