"""Drafts of terms: what T22, T23 and T24 share (DOMAIN.md 2.4, 2.10).

To an amendment the parties of the version it amends sign as well, so that nobody is amended out.
"""

from __future__ import annotations

from accord_ledger.domain.agreement_life import agreement_of, check_in_force, queue_draft_end
from accord_ledger.domain.context import Context
from accord_ledger.domain.membership import Ref, current_parties, is_leaving
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    Agreement,
    AgreementTerms,
    AgreementVersion,
)
from accord_ledger.domain.rule_lookup import rule_count
from accord_ledger.domain.terms import parties_of, signatories, terms_hash
from accord_ledger.errors import Rejection


def terms_weight(ctx: Context, terms: AgreementTerms) -> int:
    """DOMAIN.md 2.12 for T22 and T24."""
    return 16 + len(parties_of(terms)) + 2 * rule_count(ctx.state, terms)


def store_draft(ctx: Context, ref: Ref, terms: AgreementTerms, base: int | None) -> None:
    """Write a draft and queue its end; ``base``: the version it amends, if any."""
    run_off = ctx.parameters.run_off_default_days if terms.run_off_days is None else terms.run_off_days
    draft = AgreementVersion(
        stage="draft", terms_hash=terms_hash(terms), run_off_days=run_off, proposed_at=ctx.time, base=base
    )
    ctx.state.put(AGREEMENT_TERMS, terms, *ref)
    ctx.state.put(AGREEMENT_VERSIONS, draft, *ref)
    queue_draft_end(ctx, ref, terms.sign_by)


def needed_for(ctx: Context, agreement_id: str, version: AgreementVersion, terms: AgreementTerms) -> set[str]:
    """Everybody who has to sign a draft: its parties and cosigners, and whom it would amend out."""
    needed = set(signatories(ctx, terms))
    agreement = ctx.state.get(AGREEMENTS, agreement_id)
    if version.base is not None and agreement is not None:
        needed.update(current_parties(ctx, agreement_id, agreement))
    return needed


def check_base(ctx: Context, agreement_id: str, base: int, terms: AgreementTerms) -> None:
    """What an amendment amends is in force and has not been amended since, and nobody named leaves."""
    agreement = agreement_of(ctx, agreement_id, "body.agreement")
    check_in_force(ctx, agreement_id, agreement, "body.agreement")
    if agreement.current != base:
        detail = f"expected an amendment of version {agreement.current}, got one of {base}"
        raise Rejection("E_STATE", detail, path="body.agreement")
    check_nobody_leaves(ctx, agreement_id, agreement, terms)


def check_nobody_leaves(ctx: Context, agreement_id: str, agreement: Agreement, terms: AgreementTerms) -> None:
    """A party that gave notice comes back when its run-off is over, not before (DOMAIN.md 2.10)."""
    for party in parties_of(terms):
        if is_leaving(ctx, agreement, agreement_id, party):
            raise Rejection(
                "E_STATE", f"expected parties that stay, got {party}, which is leaving", path="body"
            )
