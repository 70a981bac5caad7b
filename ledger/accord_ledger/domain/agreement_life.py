"""The life of an agreement by date: in force, run-off with its cut-off, ended (DOMAIN.md 2.10).

Whether something is in force is always computed from dates and block time; the due effects here only
let the stored status and the ratio graph follow.
"""

from __future__ import annotations

from dataclasses import dataclass

from accord_ledger import calendar
from accord_ledger.domain import ratio_graph
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import due_effect, schedule
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    Agreement,
    AgreementStatus,
    AgreementTerms,
    AgreementVersion,
    Notice,
)
from accord_ledger.domain.model.credential import Batch
from accord_ledger.domain.terms import expiry

DRAFT_ENDS = "agreement_draft"
AGREEMENT_ENDS = "agreement_end"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when an agreement version works, in ledger time (seconds UTC)."""

    begin: int
    end: int
    """First second of the run-off."""
    run_off_end: int
    """First second after the run-off."""
    notice: Notice | None
    """The notice that ended it, or None if it expired."""

    def before_cut_off(self, batch: Batch) -> bool:
        """Whether the credentials were issued before the cut-off: the notice, or else ``valid_to``."""
        if self.notice is None:
            return batch.effective_at < self.end
        return batch.effective_height < self.notice.height


def span_of(agreement: Agreement, version: AgreementVersion, terms: AgreementTerms) -> Span:
    """When an active version works."""
    begin = calendar.midnight(calendar.parse_date(terms.valid_from))
    end, notice = expiry(terms), agreement.notice
    if notice is not None:
        effective = calendar.midnight(calendar.parse_date(notice.effective))
        if effective <= end:
            end = effective
        else:
            notice = None
    return Span(begin, end, end + version.run_off_days * calendar.DAY, notice)


def agreement_of(ctx: Context, agreement_id: str, path: str) -> Agreement:
    """The named agreement, or ``E_UNKNOWN_REF``."""
    return ctx.known(AGREEMENTS, agreement_id, path=path)


def set_status(ctx: Context, agreement_id: str, agreement: Agreement, status: AgreementStatus) -> None:
    """Write a new status, in force from now."""
    ctx.state.put(
        AGREEMENTS,
        Agreement(status=status, status_since=ctx.time, current=agreement.current, notice=agreement.notice),
        agreement_id,
    )


def activate(ctx: Context, ref: tuple[str, int], version: AgreementVersion, terms: AgreementTerms) -> None:
    """Bring a fully signed version into force: it enters the ratio graph and its end is queued."""
    ctx.state.put(AGREEMENT_VERSIONS, version, *ref)
    ctx.state.put(AGREEMENTS, Agreement(status="active", status_since=ctx.time, current=ref[1]), ref[0])
    ratio_graph.enter(ctx, ref, terms)
    schedule(ctx, expiry(terms), AGREEMENT_ENDS, ref[0].encode())


@due_effect(DRAFT_ENDS)
def _lapse(ctx: Context, subject: bytes) -> None:
    """A draft that was not signed in time: its terms go, its id stays used."""
    agreement_id = subject.decode()
    agreement = ctx.state.get(AGREEMENTS, agreement_id)
    if agreement is None or agreement.status != "draft":
        return
    draft = ctx.known(AGREEMENT_VERSIONS, agreement_id, 1, path="agreement")
    lapsed = AgreementVersion(
        stage="lapsed", terms_hash=draft.terms_hash, run_off_days=draft.run_off_days,
        proposed_at=draft.proposed_at, signatures=draft.signatures,
    )  # fmt: skip
    ctx.state.put(AGREEMENT_VERSIONS, lapsed, agreement_id, 1)
    ctx.state.delete(AGREEMENT_TERMS, agreement_id, 1)
    set_status(ctx, agreement_id, agreement, "lapsed")


@due_effect(AGREEMENT_ENDS)
def _advance(ctx: Context, subject: bytes) -> None:
    """An effective date, a ``valid_to`` or the end of a run-off was reached."""
    agreement_id = subject.decode()
    agreement = ctx.state.get(AGREEMENTS, agreement_id)
    if agreement is None or agreement.current is None or agreement.status == "ended":
        return
    ref = (agreement_id, agreement.current)
    terms = ctx.known(AGREEMENT_TERMS, *ref, path="agreement")
    span = span_of(agreement, ctx.known(AGREEMENT_VERSIONS, *ref, path="agreement"), terms)
    if ctx.time >= span.run_off_end:
        set_status(ctx, agreement_id, agreement, "ended")
        ratio_graph.leave(ctx, ref, terms)
    elif ctx.time >= span.end and agreement.status in {"active", "terminating"}:
        set_status(ctx, agreement_id, agreement, "run_off" if span.notice else "expired")
        schedule(ctx, span.run_off_end, AGREEMENT_ENDS, subject)
