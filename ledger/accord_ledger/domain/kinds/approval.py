"""T36, T08 and T37: from draft over submitted and approved to active, each step signed (row C3)."""

from __future__ import annotations

from typing import Final

import msgspec

from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.framework import ApprovalPolicy
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMMES,
    Approval,
    ApprovalKind,
    Programme,
    ProgrammeHead,
    Stage,
)
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.domain.quality_years import follow_version
from accord_ledger.domain.signing import Need, Signer, any_of
from accord_ledger.domain.standing import ISSUER_ROLES, accredited, profile_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import Slug, Version

MAX_APPROVALS: Final = 64
"""Approvals of one version; a policy needs at most four, endorsements may follow."""

UNIVERSITY: Final = frozenset({"university"})
PATH: Final = "body.programme"


class ProgrammeStep(Body):
    """One step of one version."""

    programme: tuple[Slug, Version]


def _known(ctx: Context, ref: tuple[str, int]) -> tuple[Programme, ProgrammeHead]:
    return ctx.known(PROGRAMMES, *ref, path=PATH), ctx.known(PROGRAMME_HEADS, ref[0], path=PATH)


def _check_stage(programme: Programme, head: ProgrammeHead, allowed: tuple[Stage, ...]) -> None:
    if head.status == "withdrawn":
        raise Rejection("E_STATE", "expected a programme not withdrawn", path=PATH)
    if programme.stage not in allowed:
        raise Rejection("E_STATE", f"expected {' or '.join(allowed)}, got {programme.stage}", path=PATH)


def _any_issuer(ctx: Context, ref: tuple[str, int]) -> Need:
    issuers = ctx.known(PROGRAMMES, *ref, path=PATH).terms.issuers
    return any_of(*(Signer(issuer, "institution", ISSUER_ROLES) for issuer in issuers))


def missing_approval(programme: Programme, policy: ApprovalPolicy) -> str | None:
    """The first approval the policy still needs, or None."""
    have = {approval.kind for approval in programme.approvals}
    for kind in policy.all_of:
        if kind not in have:
            return kind
    if policy.any_of and have.isdisjoint(policy.any_of):
        return " or ".join(policy.any_of)
    return None


def policy_of(ctx: Context, programme: Programme) -> ApprovalPolicy:
    """The approval policy of the programme's profile for its track."""
    profile = profile_of(ctx, programme.terms)
    return profile.approval_credit if programme.terms.track == "credit" else profile.approval_noncredit


@transaction_kind
class ProgrammeSubmitKind(TransactionKind[ProgrammeStep, Programme]):
    """A draft goes to its committees."""

    name = "programme_submit"
    row = "T36"
    body = ProgrammeStep
    errors = ("E_UNKNOWN_REF", "E_STATE")

    def weight(self, ctx: Context, body: ProgrammeStep) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: ProgrammeStep) -> Need:
        """An issuer."""
        return _any_issuer(ctx, body.programme)

    def check(self, ctx: Context, body: ProgrammeStep) -> Programme:
        """A draft."""
        programme, head = _known(ctx, body.programme)
        _check_stage(programme, head, ("draft",))
        return programme

    def apply(self, ctx: Context, body: ProgrammeStep, plan: Programme) -> None:
        """Submitted, from now."""
        submitted = msgspec.structs.replace(plan, stage="submitted", submitted_at=ctx.time)
        ctx.state.put(PROGRAMMES, submitted, *body.programme)


class ProgrammeApprove(Body):
    """T08."""

    programme: tuple[Slug, Version]
    approval: ApprovalKind
    """``kind`` in DOMAIN.md; also the purpose of the key that signs."""
    party: Slug
    """Whose approval it is."""


@transaction_kind
class ProgrammeApproveKind(TransactionKind[ProgrammeApprove, Programme]):
    """A committee, an endorsing university or an industry partner approves a version."""

    name = "programme_approve"
    row = "T08"
    body = ProgrammeApprove
    errors = ("E_UNKNOWN_REF", "E_ROLE", "E_DUPLICATE", "E_STATE", "E_SIG_DISTINCT")

    def weight(self, ctx: Context, body: ProgrammeApprove) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: ProgrammeApprove) -> Need:
        """The approving party, with the purpose of that name."""
        del ctx
        return Signer(body.party, body.approval, UNIVERSITY if body.approval == "endorse" else frozenset())

    def unused(self, ctx: Context, body: ProgrammeApprove) -> None:
        """A party gives each approval once."""
        known = ctx.state.get(PROGRAMMES, *body.programme)
        if known and any(
            (given.kind, given.party) == (body.approval, body.party) for given in known.approvals
        ):
            raise Rejection(
                "E_DUPLICATE", f"expected no {body.approval} of {body.party} before", path="body.approval"
            )

    def check(self, ctx: Context, body: ProgrammeApprove) -> Programme:
        """Who may approve does; the stage fits; the key approved nothing else of this version (row C2)."""
        programme, head = _known(ctx, body.programme)
        _check_approver(programme, body)
        allowed: tuple[Stage, ...] = ("submitted",)
        if body.approval == "endorse":
            allowed = ("submitted", "approved", "active", "superseded")
        _check_stage(programme, head, allowed)
        if len(programme.approvals) >= MAX_APPROVALS:
            raise Rejection("E_STATE", f"expected at most {MAX_APPROVALS} approvals", path=PATH)
        used = {given.key_id for given in programme.approvals if given.kind != body.approval}
        free = [key for key in ctx.keys_of[body.party, body.approval] if key not in used]
        if not free:
            raise Rejection("E_SIG_DISTINCT", "expected a key that gave no other approval", path="signatures")
        approval = Approval(kind=body.approval, party=body.party, key_id=free[0], at=ctx.time)
        return msgspec.structs.replace(programme, approvals=(*programme.approvals, approval))

    def apply(self, ctx: Context, body: ProgrammeApprove, plan: Programme) -> None:
        """Store the approval; approved once the policy is met."""
        if plan.stage == "submitted" and missing_approval(plan, policy_of(ctx, plan)) is None:
            plan = msgspec.structs.replace(plan, stage="approved")
        ctx.state.put(PROGRAMMES, plan, *body.programme)


def _check_approver(programme: Programme, body: ProgrammeApprove) -> None:
    """The issuer's own committees, another university, or a co-developer (``E_ROLE``)."""
    terms = programme.terms
    if body.approval == "endorse":
        fits, who = body.party not in terms.issuers, "a university that does not issue it"
    elif body.approval == "industry_partner":
        fits, who = body.party in terms.co_developers, "a co-developer"
    else:
        fits, who = body.party in terms.issuers, "an issuer"
    if not fits:
        raise Rejection("E_ROLE", f"expected {who}, got {body.party}", path="body.party")


@transaction_kind
class ProgrammeActivateKind(TransactionKind[ProgrammeStep, tuple[Programme, ProgrammeHead]]):
    """A version becomes current; the one before it is superseded."""

    name = "programme_activate"
    row = "T37"
    body = ProgrammeStep
    errors = ("E_UNKNOWN_REF", "E_STATE", "E_APPROVAL_MISSING", "E_ACCREDITATION")

    def weight(self, ctx: Context, body: ProgrammeStep) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: ProgrammeStep) -> Need:
        """An issuer."""
        return _any_issuer(ctx, body.programme)

    def check(self, ctx: Context, body: ProgrammeStep) -> tuple[Programme, ProgrammeHead]:
        """Submitted or approved, the policy met, accredited where the profile asks."""
        programme, head = _known(ctx, body.programme)
        _check_stage(programme, head, ("submitted", "approved"))
        if head.current is not None and head.current > body.programme[1]:
            raise Rejection("E_STATE", f"expected a version after {head.current}", path=PATH)
        missing = missing_approval(programme, policy_of(ctx, programme))
        if missing is not None:
            raise Rejection("E_APPROVAL_MISSING", missing, path=PATH)
        profile, terms = profile_of(ctx, programme.terms), programme.terms
        if profile.accreditation and not accredited(
            ctx, terms.issuers, terms.programme_id, ctx.time, registries=profile.registries or None
        ):
            raise Rejection("E_ACCREDITATION", "expected accreditation in force", path=PATH)
        return programme, head

    def apply(self, ctx: Context, body: ProgrammeStep, plan: tuple[Programme, ProgrammeHead]) -> None:
        """Active from now; the first activation gives the programme its status."""
        programme, head = plan
        programme_id, version = body.programme
        if head.current is not None:
            before = ctx.known(PROGRAMMES, programme_id, head.current, path=PATH)
            superseded = msgspec.structs.replace(before, stage="superseded", superseded_at=ctx.time)
            ctx.state.put(PROGRAMMES, superseded, programme_id, head.current)
        active = msgspec.structs.replace(programme, stage="active", activated_at=ctx.time)
        ctx.state.put(PROGRAMMES, active, programme_id, version)
        ctx.state.put(PROGRAMME_HEADS, msgspec.structs.replace(head, current=version), programme_id)
        if head.status is None:
            change_programme_status(ctx, programme_id, "active")
        follow_version(ctx, active.terms)
