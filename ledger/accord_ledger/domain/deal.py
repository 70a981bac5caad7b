"""Stage 3 of T27, and what stage 4 asks of the agreement: which version may be used now, and for what.

DOMAIN.md 2.5 and 2.10; T27 and T29 name an agreement version and a rule of it, and a :class:`Deal` is what
came of that:

* In force: the current version, for anything; an older one if the current terms say ``grandfather``, for
  what was issued under it.
* In run-off, of the agreement or of a party that left: only what was issued before the cut-off, and each
  credential under the version active when it was issued. What is older than the first version counts as
  issued under that.
* The blocks of activation decide what was issued under which version, as the block of the notice decides
  what was issued before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.agreement_life import span_of
from accord_ledger.domain.context import Context
from accord_ledger.domain.membership import Ref, departure_of, effective_at, terms_of
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    Agreement,
    AgreementTerms,
    AgreementVersion,
)
from accord_ledger.domain.model.credential import Batch
from accord_ledger.domain.rule_lookup import find_rule
from accord_ledger.domain.rules import Rule
from accord_ledger.domain.rules.base import Use
from accord_ledger.errors import Rejection


@dataclass(frozen=True, slots=True)
class End:
    """An end that was reached, of the agreement or of one party's part in it: its run-off began."""

    over: bool
    """The run-off is over as well."""
    notice_height: int | None
    """Block of the notice: the cut-off. None: the agreement expired."""
    at: int
    """Without a notice the cut-off, in seconds UTC."""

    def admits(self, batch: Batch) -> bool:
        """Whether credentials of the batch may still be used."""
        if self.over:
            return False
        if self.notice_height is None:
            return batch.effective_at < self.at
        return batch.effective_height < self.notice_height


@dataclass(frozen=True, slots=True)
class Deal:
    """An agreement version as far as one record is concerned."""

    terms: AgreementTerms
    """Its terms, with everybody who joined it."""
    rule: Rule
    receiver: str
    version: AgreementVersion
    chosen: bool
    """An older version that the holder may choose, or the current one."""
    ends: tuple[End, ...]
    """Reached ends of the agreement and of the receiver's part."""
    departed: Callable[[str], End | None]
    """The end of a party's own part, if it was reached."""

    def check_in_time(self, batch: Batch, path: str) -> None:
        """Stage 4 of T27: ``E_AGREEMENT_ENDED`` if the credentials came too late, or under other terms.

        A batch with no sender among its issuers is judged by the agreement and the receiver alone; that it
        is out of scope is for stage 5 to say.
        """
        senders = self._senders(batch) or [""]
        if not any(self._admits(batch, sender) for sender in senders):
            detail = "expected a credential issued before the cut-off, and under this version"
            raise Rejection("E_AGREEMENT_ENDED", detail, path=path)

    def terms_for(self, batch: Batch) -> AgreementTerms:
        """The terms without the issuers from whom this batch can no longer be taken; for stage 5."""
        gone = [issuer for issuer in self._senders(batch) if not self._admits(batch, issuer)]
        if not gone:
            return self.terms
        return replace(self.terms, senders=tuple(name for name in self.terms.senders if name not in gone))

    def _senders(self, batch: Batch) -> list[str]:
        return [
            issuer
            for issuer in batch.issuers
            if issuer in self.terms.senders and (issuer != self.receiver or issuer in self.terms.self_pairs)
        ]

    def _admits(self, batch: Batch, sender: str) -> bool:
        own = self.departed(sender)
        ends = self.ends if own is None else (*self.ends, own)
        if not ends:
            return self.chosen and (self.version.stage == "active" or self._issued_under(batch))
        return self._issued_under(batch) and all(end.admits(batch) for end in ends)

    def _issued_under(self, batch: Batch) -> bool:
        version, height = self.version, batch.effective_height
        if version.base is not None and height < (version.activated_height or 0):
            return False
        return version.superseded_height is None or height < version.superseded_height


def rule_named(ctx: Context, ref: Ref, rule_id: str) -> Rule | None:
    """The rule of this name in the terms, whether in force or not; None if there is none."""
    return find_rule(ctx.state, ctx.state.get(AGREEMENT_TERMS, *ref), rule_id)


def deal_of(ctx: Context, ref: Ref, rule_id: str, uses: Sequence[Use]) -> Deal:
    """An agreement with the author as receiver and this rule, and a version of it that may be used.

    Args:
        ctx: the record's view.
        ref: agreement id and version.
        rule_id: rule of the agreement.
        uses: what the record may use credentials for; a rule for anything else is no rule for it.

    Raises:
        Rejection: ``E_NO_AGREEMENT``; ``E_AGREEMENT_NOT_ACTIVE`` for a draft, or before ``valid_from``;
            ``E_AGREEMENT_ENDED`` when the run-off is over, or an amendment took the version's place.
    """
    agreement = ctx.state.get(AGREEMENTS, ref[0])
    version = ctx.state.get(AGREEMENT_VERSIONS, *ref)
    if agreement is None or version is None:
        raise Rejection(
            "E_NO_AGREEMENT", f"expected a known agreement, got {ref[0]}@{ref[1]}", path="body.agreement"
        )
    terms = terms_of(ctx, ref)
    rule = find_rule(ctx.state, terms, rule_id)
    if terms is not None and (ctx.author not in terms.receivers or rule is None or rule.use not in uses):
        detail = f"expected {ctx.author} to receive by rule {rule_id} for {' or '.join(uses)}"
        raise Rejection("E_NO_AGREEMENT", detail, path="body.rule")
    if terms is None or rule is None or version.activated_at is None:
        raise Rejection(
            "E_AGREEMENT_NOT_ACTIVE", f"expected it active, got {version.stage}", path="body.agreement"
        )
    if ctx.time < calendar.midnight(calendar.parse_date(terms.valid_from)):
        raise Rejection(
            "E_AGREEMENT_NOT_ACTIVE", f"expected use from {terms.valid_from} on", path="body.agreement"
        )
    deal = Deal(
        terms=terms,
        rule=rule,
        receiver=ctx.author,
        version=version,
        chosen=version.stage == "active" or _grandfathers(ctx, ref[0], agreement),
        ends=_ends(ctx, agreement, ref),
        departed=partial(_departed, ctx, agreement, ref),
    )
    if any(end.over for end in deal.ends):
        raise Rejection(
            "E_AGREEMENT_ENDED", "expected an agreement whose run-off is not over", path="body.agreement"
        )
    # Where parties have left, a superseded version may be what their run-off needs: stage 4 knows.
    if not (deal.chosen or deal.ends or agreement.departures):
        raise Rejection("E_AGREEMENT_ENDED", "expected the version in force", path="body.agreement")
    return deal


def _grandfathers(ctx: Context, agreement_id: str, agreement: Agreement) -> bool:
    """Whether the terms in force leave holders the choice (DOMAIN.md 2.10)."""
    terms = ctx.state.get(AGREEMENT_TERMS, agreement_id, agreement.current or 1)
    return terms is not None and terms.grandfather


def _ends(ctx: Context, agreement: Agreement, ref: Ref) -> tuple[End, ...]:
    current = (ref[0], agreement.current or ref[1])
    version = ctx.known(AGREEMENT_VERSIONS, *current, path="body.agreement")
    terms = ctx.known(AGREEMENT_TERMS, *current, path="body.agreement")
    span = span_of(agreement, version, terms)
    own = _departed(ctx, agreement, ref, ctx.author)
    if ctx.time < span.end:
        return () if own is None else (own,)
    height = span.notice.height if span.notice is not None else None
    end = End(ctx.time >= span.run_off_end, height, span.end)
    return (end,) if own is None else (end, own)


def _departed(ctx: Context, agreement: Agreement, ref: Ref, party: str) -> End | None:
    departure = departure_of(ctx, agreement, ref, party)
    if departure is None:
        return None
    before = departure.over is not None and ref[1] <= departure.over
    if not before and ctx.time < effective_at(departure):
        return None
    over = before or ctx.time >= departure.run_off_until
    return End(over, departure.notice.height, effective_at(departure))
