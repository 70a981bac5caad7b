"""Stages 5 to 7 of T27: is what was presented covered by the agreement (DOMAIN.md 2.5).

Sender, scope and endorsement; trust across a border; what a later withdrawal of the programme means.
"""

from __future__ import annotations

from collections.abc import Sequence

from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.items import Presented
from accord_ledger.domain.model.account import CONSENTS, ConsentUse
from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.model.framework import FRAMEWORKS, Framework
from accord_ledger.domain.model.party import PARTIES, Party, status_at
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.domain.rules import Rule
from accord_ledger.domain.standing import accredited
from accord_ledger.domain.titles import title_in
from accord_ledger.errors import Rejection

ABROAD_LANGUAGE = "en"
"""A title in this language is needed across a border (row E9)."""


def eligible_senders(
    ctx: Context, presented: Presented, terms: AgreementTerms, receiver: str, path: str
) -> tuple[Party, ...]:
    """Signing issuers that may send to the receiver under the agreement; at least one."""
    senders = [
        issuer
        for issuer in presented.batch.issuers
        if issuer in terms.senders and (issuer != receiver or issuer in terms.self_pairs)
    ]
    if not senders:
        issuers = ", ".join(presented.batch.issuers)
        raise Rejection(
            "E_SCOPE", f"expected a sender of the agreement to {receiver}, got {issuers}", path=path
        )
    parties = tuple(ctx.known(PARTIES, sender, path=path) for sender in senders)
    working = tuple(party for party in parties if status_at(party, ctx.time) != "suspended")
    if not working:
        raise Rejection("E_AGREEMENT_NOT_ACTIVE", f"expected {senders[0]} not suspended", path=path)
    return working


def check_scope(
    ctx: Context,
    presented: Presented,
    terms: AgreementTerms,
    rule: Rule,
    path: str,
    *,
    assessed: bool = False,
) -> None:
    """Programme, category, level, framework, audience and track; then endorsement.

    Args:
        ctx: the record's view.
        presented: the item.
        terms: of the agreement.
        rule: by which it is used.
        path: where the item stands.
        assessed: an assessment of the item is attested.
    """
    programme, scope = presented.programme.terms, terms.scope
    if scope.programmes and programme.programme_id not in scope.programmes:
        raise Rejection("E_SCOPE", f"expected a programme in scope, got {programme.programme_id}", path=path)
    allowed = scope.categories or ("degree_bridging", "vocational_skill")
    if programme.category not in allowed:
        detail = f"expected {' or '.join(allowed)}, got {programme.category}"
        raise Rejection("E_CATEGORY_SCOPE", detail, path=path)
    levels = scope.levels
    if levels is not None and (programme.level is None or not levels[0] <= programme.level <= levels[1]):
        detail = f"expected level {levels[0]} to {levels[1]}, got {programme.level}"
        raise Rejection("E_LEVEL_SCOPE", detail, path=path)
    _check_framework(ctx, presented.framework, rule, path)
    _check_audience(programme, terms, path)
    if programme.track == "noncredit" and not _takes_noncredit(rule, assessed=assessed):
        raise Rejection("E_NONCREDIT", "expected an item of the credit track", path=path)
    rule.check_item(presented, path)
    if rule.use != "evidence" and not _has_university(ctx, presented):
        raise Rejection("E_NOT_ENDORSED", "expected a university to issue or endorse it", path=path)


def _takes_noncredit(rule: Rule, *, assessed: bool) -> bool:
    return rule.noncredit == "always" or (rule.noncredit == "assessed" and assessed)


def _has_university(ctx: Context, presented: Presented) -> bool:
    """A university signed the issue, alone or with others, or endorsed the programme (row C9)."""
    if any(approval.kind == "endorse" for approval in presented.programme.approvals):
        return True
    issuers = (ctx.known(PARTIES, issuer, path="item") for issuer in presented.batch.issuers)
    return any("university" in issuer.roles for issuer in issuers)


def _check_framework(ctx: Context, framework: Framework, rule: Rule, path: str) -> None:
    if not _narrows(ctx, framework, rule.source[0]):
        detail = f"expected credits of {rule.source[0]}, got {framework.terms.framework_id}"
        raise Rejection("E_SCOPE", detail, path=path)


def _check_audience(programme: ProgrammeTerms, terms: AgreementTerms, path: str) -> None:
    audiences = terms.scope.audiences
    if audiences and not set(audiences).intersection(programme.audience):
        raise Rejection("E_SCOPE", f"expected a programme for {' or '.join(audiences)}", path=path)


def _narrows(ctx: Context, framework: Framework, ancestor: str) -> bool:
    """Whether a framework is ``ancestor`` (any version of it) or one below it; chains are short."""
    while framework.terms.framework_id != ancestor:
        parent = framework.terms.parent
        if parent is None:
            return False
        framework = ctx.known(FRAMEWORKS, *parent, path="framework")
    return True


def check_award(ctx: Context, rule: Rule, award: ProgrammeTerms) -> None:
    """The rule's target credits are credits of the award: one root framework (``E_SCOPE``)."""
    target = ctx.known(FRAMEWORKS, *rule.target, path="body.rule")
    own = ctx.known(FRAMEWORKS, *award.framework, path="body.enrolment")
    if target.root[0] != own.root[0]:
        detail = f"expected an award in credits of {target.root[0]}, got {own.root[0]}"
        raise Rejection("E_SCOPE", detail, path="body.enrolment")


def check_border(
    ctx: Context,
    presented: Sequence[Presented],
    senders: Sequence[tuple[Party, ...]],
    *,
    terms: AgreementTerms,
    receiver: Party,
    consent: bytes | None,
) -> None:
    """Stage 6: a trusted grant at issuance, an English title, consent given and not used before."""
    abroad = False
    for place, (item, parties) in enumerate(zip(presented, senders, strict=True)):
        if any(party.country == receiver.country for party in parties):
            continue
        abroad = True
        _check_abroad(ctx, item, terms, f"body.items[{place}]")
    check_consent(ctx, consent, needed=abroad)


def check_consent(ctx: Context, consent: bytes | None, *, needed: bool) -> None:
    """``E_CONSENT_MISSING`` across a border; one that is given was not used before (``E_DUPLICATE``)."""
    if needed and consent is None:
        raise Rejection(
            "E_CONSENT_MISSING", "expected a consent for use across a border", path="body.consent"
        )
    if consent is not None:
        ctx.unused(CONSENTS, consent, path="body.consent")


def use_consent(ctx: Context, consent: bytes | None, by: bytes) -> None:
    """Note where a consent was used, if one was given."""
    if consent is not None:
        ctx.state.put(CONSENTS, ConsentUse(by=by), consent)


def _check_abroad(ctx: Context, item: Presented, terms: AgreementTerms, path: str) -> None:
    """A grant on the programme or on any issuer that signed counts, sender or not."""
    programme, batch = item.programme.terms, item.batch
    if not accredited(
        ctx,
        batch.issuers,
        programme.programme_id,
        batch.effective_at,
        registries=terms.trust_registries,
        cross_border=True,
    ):
        detail = (
            f"expected a cross-border grant of {' or '.join(terms.trust_registries) or 'a trusted registry'}"
        )
        raise Rejection("E_NOT_TRUSTED_CROSS_BORDER", detail, path=path)
    if title_in(ctx.state, programme, ABROAD_LANGUAGE) is None:
        raise Rejection("E_LANG_MISSING", ABROAD_LANGUAGE, path=path)


def check_withdrawal(ctx: Context, presented: Sequence[Presented], terms: AgreementTerms) -> None:
    """Stage 7: what the agreement says about programmes withdrawn since."""
    for place, item in enumerate(presented):
        if item.head.status != "withdrawn" or terms.on_programme_withdrawal == "honour":
            continue
        since = calendar.date_at(item.head.history[-1].since)
        days = terms.honour_days or 0
        if terms.on_programme_withdrawal == "refuse" or ctx.today > calendar.add_days(since, days):
            raise Rejection(
                "E_PROGRAMME_WITHDRAWN",
                f"expected a programme not withdrawn on {since}",
                path=f"body.items[{place}]",
            )
