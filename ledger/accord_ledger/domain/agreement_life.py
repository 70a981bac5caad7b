"""The life of an agreement by date: in force, amended, run-off with its cut-off, ended (DOMAIN.md 2.10).

Whether something is in force is always computed from dates and block time; the due effects here only
let the stored status and the ratio graph follow.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain import ratio_graph
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import due_effect, schedule
from accord_ledger.domain.membership import Ref, current_parties, effective_at, terms_of
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    DEPARTURES,
    RATIO_ENTRIES,
    RECEIVER_AGREEMENTS,
    Agreement,
    AgreementStatus,
    AgreementTerms,
    AgreementVersion,
    Departure,
    Notice,
    RatioEntry,
    ReceiverAgreement,
)
from accord_ledger.domain.terms import expiry
from accord_ledger.errors import Rejection

DRAFT_ENDS = "agreement_draft"
AGREEMENT_ENDS = "agreement_end"
VERSION_ENDS = "agreement_version_end"
DEPARTURE_ENDS = "departure_end"
PARTY_ENDS = "departure_version_end"


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


def check_in_force(ctx: Context, agreement_id: str, agreement: Agreement, path: str) -> AgreementTerms:
    """``E_STATE`` unless the agreement is active, without notice and not expired; its terms."""
    ref = (agreement_id, agreement.current or 1)
    terms = ctx.state.get(AGREEMENT_TERMS, *ref)
    version = ctx.state.get(AGREEMENT_VERSIONS, *ref)
    if (
        terms is None
        or version is None
        or agreement.status != "active"
        or ctx.time >= span_of(agreement, version, terms).end
    ):
        raise Rejection("E_STATE", f"expected an active agreement, got {agreement.status}", path=path)
    return terms


def check_notice(ctx: Context, agreement_id: str, agreement: Agreement, effective: str) -> None:
    """The author is a party (``E_ROLE``), the agreement active (``E_STATE``), notice long enough (``E_NOTICE``)."""
    if agreement.current is not None and ctx.author not in current_parties(ctx, agreement_id, agreement):
        raise Rejection("E_ROLE", f"expected a party to it, got {ctx.author}", path="author")
    terms = check_in_force(ctx, agreement_id, agreement, "body.agreement_id")
    earliest = calendar.add_days(ctx.today, terms.notice_days)
    if calendar.parse_date(effective) < earliest:
        raise Rejection(
            "E_NOTICE", f"expected {earliest} or later, got {effective}", path="body.effective_date"
        )


def check_inflation(ctx: Context, ref: Ref, entry: RatioEntry | None, path: str) -> None:
    """``E_CYCLE_INFLATION`` with the cycle, or a warning where the alliance chose that (DOMAIN.md 2.7)."""
    cycle = ratio_graph.inflation(ctx, ref, entry)
    if cycle is None:
        return
    if ctx.parameters.cycle_policy == "reject":
        raise Rejection("E_CYCLE_INFLATION", str(cycle), path=path)
    ctx.warnings.append("W_CYCLE_INFLATION")


def set_status(ctx: Context, agreement_id: str, agreement: Agreement, status: AgreementStatus) -> None:
    """Write a new status, in force from now."""
    ctx.state.put(AGREEMENTS, replace(agreement, status=status, status_since=ctx.time), agreement_id)


def queue_draft_end(ctx: Context, ref: Ref, sign_by: int) -> None:
    """Queue the end of a draft that nobody may have signed by then."""
    schedule(ctx, sign_by, DRAFT_ENDS, _subject(ref))


def activate(ctx: Context, ref: Ref, version: AgreementVersion, terms: AgreementTerms) -> None:
    """Bring a fully signed version into force, in place of the one it amends, and queue its end.

    It enters the ratio graph; the version before it stays there, since it is what a run-off goes back to.
    """
    ctx.state.put(AGREEMENT_VERSIONS, version, *ref)
    agreement = agreement_of(ctx, ref[0], "agreement")
    if version.base is None:
        agreement = replace(agreement, status="active", status_since=ctx.time)
    else:
        base = ctx.known(AGREEMENT_VERSIONS, ref[0], version.base, path="agreement")
        old = replace(base, stage="superseded", superseded_at=ctx.time, superseded_height=ctx.height)
        ctx.state.put(AGREEMENT_VERSIONS, old, ref[0], version.base)
    ctx.state.put(AGREEMENTS, replace(agreement, current=ref[1]), ref[0])
    ratio_graph.put_entry(ctx, ref, ratio_graph.entry_of(ctx, terms))
    for receiver in terms.receivers:
        list_receiver(ctx, ref[0], receiver)
    schedule(ctx, expiry(terms), AGREEMENT_ENDS, ref[0].encode())


def list_receiver(ctx: Context, agreement_id: str, receiver: str) -> None:
    """Note that a party receives under the agreement, until its run-off is over."""
    if not ctx.state.exists(RECEIVER_AGREEMENTS, receiver, agreement_id):
        ctx.state.put(RECEIVER_AGREEMENTS, ReceiverAgreement(since=ctx.time), receiver, agreement_id)


def depart(ctx: Context, agreement_id: str, departure: Departure) -> None:
    """Note that a party leaves, and queue the ends of its notice and of its run-off."""
    agreement, party = agreement_of(ctx, agreement_id, "agreement"), departure.notice.party
    if not ctx.state.exists(DEPARTURES, agreement_id, party):
        changed = replace(agreement, departures=agreement.departures + 1)
        ctx.state.put(AGREEMENTS, changed, agreement_id)
    ctx.state.put(DEPARTURES, departure, agreement_id, party)
    schedule(ctx, effective_at(departure), DEPARTURE_ENDS, _subject((agreement_id, departure.version), party))


def _subject(ref: Ref, party: str = "") -> bytes:
    return f"{ref[0]}@{ref[1]}@{party}".encode()


def _named(subject: bytes) -> tuple[Ref, str]:
    name, number, party = subject.decode().split("@")
    return (name, int(number)), party


@due_effect(DRAFT_ENDS)
def _lapse(ctx: Context, subject: bytes) -> None:
    """A draft that was not signed in time: its terms go, its number stays used."""
    ref, _ = _named(subject)
    draft = ctx.state.get(AGREEMENT_VERSIONS, *ref)
    if draft is None or draft.stage != "draft":
        return
    ctx.state.put(AGREEMENT_VERSIONS, replace(draft, stage="lapsed"), *ref)
    ctx.state.delete(AGREEMENT_TERMS, *ref)
    agreement = agreement_of(ctx, ref[0], "agreement")
    if agreement.status == "draft":
        set_status(ctx, ref[0], agreement, "lapsed")


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
        schedule(ctx, ctx.time, VERSION_ENDS, _subject(ref))
    elif ctx.time >= span.end and agreement.status in {"active", "terminating"}:
        set_status(ctx, agreement_id, agreement, "run_off" if span.notice else "expired")
        schedule(ctx, span.run_off_end, AGREEMENT_ENDS, subject)


@due_effect(VERSION_ENDS)
def _retire(ctx: Context, subject: bytes) -> None:
    """One version of an ended agreement leaves the graph; the one before it is next in the queue."""
    ref, _ = _named(subject)
    ratio_graph.put_entry(ctx, ref, None)
    terms = terms_of(ctx, ref)
    for receiver in terms.receivers if terms is not None else ():
        ctx.state.delete(RECEIVER_AGREEMENTS, receiver, ref[0])
    _schedule_base(ctx, VERSION_ENDS, ref)


def _schedule_base(ctx: Context, kind: str, ref: Ref, party: str = "") -> None:
    version = ctx.known(AGREEMENT_VERSIONS, *ref, path="agreement")
    if version.base is not None:
        schedule(ctx, ctx.time, kind, _subject((ref[0], version.base), party))


@due_effect(DEPARTURE_ENDS)
def _depart_on(ctx: Context, subject: bytes) -> None:
    """A party's notice, or its run-off, is over; one effect of a departure waits at a time."""
    ref, party = _named(subject)
    departure = ctx.known(DEPARTURES, ref[0], party, path="agreement")
    if departure.version != ref[1]:  # it came back and left again before this effect had its turn
        return
    if ctx.time >= departure.run_off_until:
        ctx.state.put(DEPARTURES, replace(departure, status="ended"), ref[0], party)
        schedule(ctx, ctx.time, PARTY_ENDS, subject)
        if not _came_back(ctx, ref, party):
            ctx.state.delete(RECEIVER_AGREEMENTS, party, ref[0])
    else:
        ctx.state.put(DEPARTURES, replace(departure, status="run_off"), ref[0], party)
        schedule(ctx, departure.run_off_until, DEPARTURE_ENDS, subject)


def _came_back(ctx: Context, ref: Ref, party: str) -> bool:
    """Whether a version newer than the one it left names the party again: this effect waited its turn."""
    current = agreement_of(ctx, ref[0], "agreement").current or ref[1]
    terms = terms_of(ctx, (ref[0], current)) if current > ref[1] else None
    return terms is not None and party in terms.receivers


@due_effect(PARTY_ENDS)
def _remove(ctx: Context, subject: bytes) -> None:
    """A party that left goes out of one version's entry on the graph; the one before it is next."""
    ref, party = _named(subject)
    entry = ctx.state.get(RATIO_ENTRIES, *ref)
    if entry is not None:
        ratio_graph.put_entry(ctx, ref, ratio_graph.without(entry, party))
    _schedule_base(ctx, PARTY_ENDS, ref, party)
