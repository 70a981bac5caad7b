"""Stacking an award, by T30 or anew by T31: who signs, what counts, what it weighs (DOMAIN.md 2.4, 2.5).

Own components are items like any other; what was recognised stands in the enrolment's account. Only the
former make the award redeemable elsewhere (DOMAIN.md 0.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from accord_ledger import rational
from accord_ledger.conversion.caps import check_threshold, threshold
from accord_ledger.domain.accounts import has_open_review, live_count, live_recognitions
from accord_ledger.domain.awards import Stacking
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import credential_of, holding_award
from accord_ledger.domain.items import Item, Presented, present
from accord_ledger.domain.kinds.approval import policy_of
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, Enrolment
from accord_ledger.domain.model.award import AWARDS, MAX_DEPTH, Component
from accord_ledger.domain.model.credential import Batch, Credential
from accord_ledger.domain.model.framework import FRAMEWORKS, Framework
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, Programme
from accord_ledger.domain.signing import Need, Signer, all_of, any_of, k_of
from accord_ledger.domain.standing import ISSUER_ROLES
from accord_ledger.errors import Rejection

COMMITTEES = ("academic_committee", "curriculum_committee")
PATH = "body.components"


def stack_weight(ctx: Context, enrolment_id: bytes, components: int) -> int:
    """DOMAIN.md 2.12, T30: 24 + 12 x components + 2 x live recognitions."""
    enrolment = ctx.state.get(ENROLMENTS, enrolment_id)
    return 24 + 12 * components + 2 * (live_count(enrolment) if enrolment is not None else 0)


def stack_signers(ctx: Context, award: Programme) -> Need:
    """The author's registrar, of the award's issuers to its threshold; and the committees of its policy."""
    issuers = award.terms.issuers
    registrars = [Signer(issuer, "registrar", ISSUER_ROLES) for issuer in issuers if issuer != ctx.author]
    own = Signer(ctx.author, "registrar", ISSUER_ROLES)
    others = k_of(award.terms.threshold - 1, registrars)
    return all_of(own, others, *_committees(ctx, award))


def _committees(ctx: Context, award: Programme) -> list[Need]:
    """Every committee the policy asks for by ``all_of``, one of those it offers by ``any_of``."""
    policy, issuers = policy_of(ctx, award), award.terms.issuers

    def of_an_issuer(committee: str) -> Need:
        return any_of(*(Signer(issuer, committee) for issuer in issuers))

    needs = [of_an_issuer(kind) for kind in policy.all_of if kind in COMMITTEES]
    offered = [of_an_issuer(kind) for kind in policy.any_of if kind in COMMITTEES]
    return [*needs, any_of(*offered)] if offered else needs


def check_award_active(ctx: Context, award: Programme) -> None:
    """``E_PROGRAMME_STATUS`` unless the award is still given; a learner may finish an older version."""
    head = ctx.known(PROGRAMME_HEADS, award.terms.programme_id, path="body.enrolment")
    if head.status != "active":
        raise Rejection(
            "E_PROGRAMME_STATUS", f"expected an active award, got {head.status}", path="body.enrolment"
        )


def check_stacking(
    ctx: Context,
    award: Programme,
    enrolment_id: bytes,
    items: Sequence[Item],
    *,
    restacked: bytes | None = None,
) -> Stacking:
    """Stage 4 for the own components, their scope, the award's credits, its residency (Stack, T30).

    Args:
        ctx: the record's view.
        award: the award's programme version.
        enrolment_id: the account it rests on.
        items: own components.
        restacked: the award that is restacked; what it holds may stay in it.

    Raises:
        Rejection: what stage 4 says, ``E_SCOPE``, ``E_STACK_SHORT``, ``E_RESIDENCY``, ``E_NUMBER``.
    """
    framework = ctx.known(FRAMEWORKS, *award.terms.framework, path="body.enrolment")
    presented = _present(ctx, items, restacked)
    depth = 1
    for place, item in enumerate(presented):
        if item.item.batch_id == restacked:
            detail = "expected a component other than the award itself"
            raise Rejection("E_SCOPE", detail, path=f"{PATH}[{place}]")
        _check_scope(ctx, item, framework, f"{PATH}[{place}]")
        depth = max(depth, 1 + _depth(ctx, item.item.batch_id))
    _check_depth(ctx, depth, restacked)
    enrolment = ctx.known(ENROLMENTS, enrolment_id, path="body.enrolment")
    counted, left_out, recognised = _recognised(ctx, enrolment_id, enrolment)
    own = sum((item.credits for item in presented), Fraction(0))
    total = rational.parse(award.terms.credits)
    check_threshold("E_STACK_SHORT", own + recognised, total, PATH)
    quantum = rational.parse(framework.terms.quantum)
    share = rational.parse(award.terms.residency or "0/1")
    check_threshold("E_RESIDENCY", own, threshold(total, share, quantum), PATH)
    redeemable = rational.format(own)
    rational.parse(redeemable, PATH)  # what is redeemed is added and multiplied like any number of a body
    return Stacking(
        enrolment=enrolment_id,
        components=tuple(_component(item) for item in presented),
        recognitions=counted,
        left_out=left_out,
        redeemable=redeemable,
        recognised=rational.format(recognised),
        depth=depth,
    )


def _present(ctx: Context, items: Sequence[Item], restacked: bytes | None) -> list[Presented]:
    def in_time(batch: Batch, path: str) -> None:
        """No run-off for what a party issued itself."""

    def unspent(row: Credential, path: str) -> None:
        held = row.stacked_into
        if held is not None and (restacked is None or holding_award(ctx.state, held) != restacked):
            raise Rejection("E_LINEAGE_SPENT", "expected a credential that is no part of an award", path=path)
        if row.spends:
            raise Rejection("E_ALREADY_REDEEMED", "expected a credential that was not recognised", path=path)

    return [
        present(ctx, item, f"{PATH}[{place}]", in_time=in_time, unspent=unspent)
        for place, item in enumerate(items)
    ]


def _check_scope(ctx: Context, item: Presented, award: Framework, path: str) -> None:
    if ctx.author not in item.batch.issuers:
        detail = f"expected a credential {ctx.author} issued, got one of {', '.join(item.batch.issuers)}"
        raise Rejection("E_SCOPE", detail, path=path)
    if item.framework.root[0] != award.root[0]:
        detail = f"expected credits of {award.root[0]}, got {item.framework.root[0]}"
        raise Rejection("E_SCOPE", detail, path=path)


def _depth(ctx: Context, batch_id: bytes) -> int:
    award = ctx.state.get(AWARDS, batch_id)
    return award.depth if award is not None else 0


def _check_depth(ctx: Context, depth: int, restacked: bytes | None) -> None:
    """Awards stand above their components, so that none is ever built on itself (``E_SCOPE``)."""
    most = MAX_DEPTH
    if restacked is not None and has_lineage(ctx, restacked):
        most = ctx.known(AWARDS, restacked, path="award").depth
    if depth > most:
        raise Rejection("E_SCOPE", f"expected awards stacked at most {most} deep, got {depth}", path=PATH)


def has_lineage(ctx: Context, award_id: bytes) -> bool:
    """Whether another award holds this one as own component."""
    return credential_of(ctx.state, award_id, 0).stacked_into is not None


def _recognised(
    ctx: Context, enrolment_id: bytes, enrolment: Enrolment
) -> tuple[tuple[bytes, ...], tuple[bytes, ...], Fraction]:
    """Live recognitions that count, those left out, and what the former sum up to."""
    counted, left_out = [], []
    total = rational.parse_state(enrolment.recognised)
    for name in live_recognitions(ctx, enrolment_id, enrolment):
        if has_open_review(ctx, name):
            left_out.append(name)
            recognition = ctx.known(RECOGNITIONS, name, path="recognition")
            total -= rational.parse_state(recognition.awarded)
        else:
            counted.append(name)
    return tuple(counted), tuple(left_out), total


def _component(item: Presented) -> Component:
    return Component(
        batch_id=item.item.batch_id,
        index=item.item.index,
        holder=item.holder,
        credits=rational.format(item.credits),
    )
