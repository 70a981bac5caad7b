"""T07, registering a version of a programme."""

from __future__ import annotations

import msgspec

from accord_ledger.domain import programme_terms
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.framework import check_next_version
from accord_ledger.domain.model.framework import Head
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMMES,
    Programme,
    ProgrammeHead,
    ProgrammeTerms,
)
from accord_ledger.domain.signing import Need
from accord_ledger.domain.standing import issuer_signers
from accord_ledger.errors import Rejection


class ProgrammeRegister(Body):
    """T07."""

    terms: ProgrammeTerms


@transaction_kind
class ProgrammeRegisterKind(TransactionKind[ProgrammeRegister, ProgrammeHead]):
    """A new version of a programme, as a draft."""

    name = "programme_register"
    row = "T07"
    body = ProgrammeRegister
    errors = (
        "E_UNKNOWN_REF",
        "E_VERSION",
        "E_PROGRAMME_WITHDRAWN",
        "E_VALUE",
        "E_METADATA_MISSING",
        "E_LEVEL_RANGE",
        "E_HOURS_RANGE",
        "E_CREDIT_RANGE",
        "E_HOURS_PER_CREDIT",
        "E_QUANTUM",
        "E_NOT_ASSESSED",
        "E_QUALITY_PRACTICE",
        "E_QUALITY_PROJECTS",
        "E_HOURS_CLAIM",
    )

    def values(self, body: ProgrammeRegister) -> None:
        """Everything the terms say about each other."""
        programme_terms.check_values(body.terms)

    def weight(self, ctx: Context, body: ProgrammeRegister) -> int:
        """16 + outcomes + occupations + courses, of an award and required ones."""
        del ctx
        terms = body.terms
        return (
            16
            + len(terms.outcomes)
            + len(terms.occupations)
            + len(terms.courses)
            + len(terms.required_courses)
        )

    def signers(self, ctx: Context, body: ProgrammeRegister) -> Need:
        """Each issuer."""
        del ctx
        return issuer_signers(body.terms, "institution")

    def unused(self, ctx: Context, body: ProgrammeRegister) -> None:
        """Versions rise by one."""
        head = ctx.state.get(PROGRAMME_HEADS, body.terms.programme_id)
        known = Head(version=head.latest) if head else None
        check_next_version(known, body.terms.version, "body.terms.version")

    def check(self, ctx: Context, body: ProgrammeRegister) -> ProgrammeHead:
        """DOMAIN.md 2.5, "Register", in its order."""
        terms = body.terms
        framework, profile = programme_terms.framework_and_profile(ctx, terms)
        _check_named(ctx, terms)
        head = ctx.state.get(PROGRAMME_HEADS, terms.programme_id)
        if head is not None and head.status == "withdrawn":
            raise Rejection(
                "E_PROGRAMME_WITHDRAWN", "expected a programme not withdrawn", path="body.terms.programme_id"
            )
        if head is not None and set(head.issuers) != set(terms.issuers):
            raise Rejection(
                "E_VALUE", f"expected the issuers {', '.join(head.issuers)}", path="body.terms.issuers"
            )
        programme_terms.check_lists(ctx, terms)
        programme_terms.check_metadata(ctx, terms, profile)
        programme_terms.check_level(terms, framework)
        programme_terms.check_size(ctx, terms, framework, profile)
        programme_terms.check_credit(terms, framework)
        programme_terms.check_gates(ctx, terms, profile)
        if head is None:
            return ProgrammeHead(issuers=terms.issuers, latest=terms.version)
        return msgspec.structs.replace(head, latest=terms.version)

    def apply(self, ctx: Context, body: ProgrammeRegister, plan: ProgrammeHead) -> None:
        """Write the draft and what is newest."""
        terms = body.terms
        ctx.state.put(
            PROGRAMMES, Programme(terms=terms, registered_at=ctx.time), terms.programme_id, terms.version
        )
        ctx.state.put(PROGRAMME_HEADS, plan, terms.programme_id)


def _check_named(ctx: Context, terms: ProgrammeTerms) -> None:
    """Co-developers and the parent course exist."""
    for place, name in enumerate(terms.co_developers):
        ctx.known(PARTIES, name, path=f"body.terms.co_developers[{place}]")
    if terms.parent_course is not None:
        award_id, code = terms.parent_course
        newest = ctx.known(PROGRAMME_HEADS, award_id, path="body.terms.parent_course").latest
        award = ctx.known(PROGRAMMES, award_id, newest, path="body.terms.parent_course")
        if all(course.code != code for course in award.terms.courses):
            raise Rejection(
                "E_UNKNOWN_REF",
                f"expected a course of {award_id}, got {code}",
                path="body.terms.parent_course",
            )
