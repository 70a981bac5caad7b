"""T39 and T40, jurisdiction profiles and closed lists: what a country asks, as data."""

from __future__ import annotations

from typing import Final, get_args

from accord_ledger import rational
from accord_ledger.domain.authority import ALLIANCE, authority
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.framework import check_next_version
from accord_ledger.domain.model.framework import (
    BANK_PROFILES,
    LIST_HEADS,
    LISTS,
    PROFILE_HEADS,
    PROFILES,
    ApprovalPolicy,
    Head,
    ListTerms,
    ProfileRef,
    ProfileTerms,
)
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import ApprovalKind, ProgrammeTerms
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.errors import Rejection
from accord_ledger.fields import check_text

BANK: Final = frozenset({"credit_bank"})
APPROVALS: Final = frozenset(get_args(ApprovalKind))


def _is_bank_profile(terms: ProfileTerms) -> bool:
    return terms.owner != ALLIANCE and not terms.owner.isupper()


class ProfileDefine(Body):
    """T39."""

    terms: ProfileTerms


@transaction_kind
class ProfileDefineKind(TransactionKind[ProfileDefine, None]):
    """A new immutable version of a profile; a credit bank's holds its ``award_cap`` and nothing else."""

    name = "profile_define"
    row = "T39"
    body = ProfileDefine
    errors = ("E_UNKNOWN_REF", "E_VERSION", "E_VALUE", "E_RANGE")
    in_genesis = True

    def values(self, body: ProfileDefine) -> None:
        """Names of fields and approvals, and the spelling of numbers."""
        terms = body.terms
        for name in terms.required:
            if name not in ProgrammeTerms.__struct_fields__:
                raise Rejection(
                    "E_VALUE", f"expected fields of a programme, got {name}", path="body.terms.required"
                )
        _check_once(terms.required, "body.terms.required")
        _check_once(terms.registries, "body.terms.registries")
        _check_once(terms.gates, "body.terms.gates")
        for policy in (terms.approval_credit, terms.approval_noncredit):
            _check_once(policy.all_of, "body.terms.approval_credit")
            _check_once(policy.any_of, "body.terms.approval_credit")
            if not APPROVALS.issuperset((*policy.all_of, *policy.any_of)):
                raise Rejection(
                    "E_VALUE", f"expected {', '.join(sorted(APPROVALS))}", path="body.terms.approval_credit"
                )
        for text in (*(terms.credits or ()), *(terms.hours or ())):
            rational.parse(text, "body.terms")
        if terms.award_cap is not None:
            rational.parse(terms.award_cap, "body.terms.award_cap")
        bare = ProfileTerms(
            profile_id=terms.profile_id, version=terms.version, owner=terms.owner, award_cap=terms.award_cap
        )
        if _is_bank_profile(terms) and terms != bare:
            raise Rejection(
                "E_VALUE", "expected nothing but award_cap in a credit bank's profile", path="body.terms"
            )

    def weight(self, ctx: Context, body: ProfileDefine) -> int:
        """8 + entries."""
        del ctx
        terms = body.terms
        policies: tuple[ApprovalPolicy, ...] = (terms.approval_credit, terms.approval_noncredit)
        approvals = sum(len(policy.all_of) + len(policy.any_of) for policy in policies)
        return 8 + len(terms.required) + len(terms.registries) + len(terms.gates) + approvals

    def signers(self, ctx: Context, body: ProfileDefine) -> Need:
        """The authority; for its own ``award_cap`` a credit bank."""
        owner = body.terms.owner
        return Signer(owner, "governance", BANK) if _is_bank_profile(body.terms) else authority(ctx, owner)

    def unused(self, ctx: Context, body: ProfileDefine) -> None:
        """Versions rise by one."""
        known = ctx.state.get(PROFILE_HEADS, body.terms.profile_id)
        check_next_version(known, body.terms.version, "body.terms.version")

    def check(self, ctx: Context, body: ProfileDefine) -> None:
        """A profile stays with its owner; ranges are ranges and the cap is a share."""
        terms = body.terms
        if _is_bank_profile(terms):
            bank = ctx.known(PARTIES, terms.owner, path="body.terms.owner")
            if "credit_bank" not in bank.roles:
                raise Rejection(
                    "E_ROLE", f"expected {terms.owner} to be a credit_bank", path="body.terms.owner"
                )
        if terms.version > 1:
            before = ctx.known(PROFILES, terms.profile_id, terms.version - 1, path="body.terms.version")
            _check_owner(before.owner, terms.owner)
        for name in ("credits", "hours"):
            bounds = getattr(terms, name)
            if bounds is not None and rational.parse(bounds[0]) > rational.parse(bounds[1]):
                raise Rejection("E_RANGE", "expected the least first", path=f"body.terms.{name}")
        if terms.award_cap is not None and rational.parse(terms.award_cap) > 1:
            raise Rejection(
                "E_RANGE", f"expected at most 1, got {terms.award_cap}", path="body.terms.award_cap"
            )

    def apply(self, ctx: Context, body: ProfileDefine, plan: None) -> None:
        """Write the version, move the head, and point the bank at it."""
        terms = body.terms
        ctx.state.put(PROFILES, terms, terms.profile_id, terms.version)
        ctx.state.put(PROFILE_HEADS, Head(version=terms.version), terms.profile_id)
        if _is_bank_profile(terms):
            ctx.state.put(BANK_PROFILES, ProfileRef(profile=(terms.profile_id, terms.version)), terms.owner)


def _check_once(values: tuple[str, ...], path: str) -> None:
    if len(set(values)) != len(values):
        raise Rejection("E_VALUE", "expected each once", path=path)


def _check_owner(before: str, now: str) -> None:
    if before != now:
        raise Rejection("E_VALUE", f"expected the owner {before}, got {now}", path="body.terms.owner")


class ListDefine(Body):
    """T40."""

    terms: ListTerms


@transaction_kind
class ListDefineKind(TransactionKind[ListDefine, None]):
    """A new immutable version of a closed list."""

    name = "list_define"
    row = "T40"
    body = ListDefine
    errors = ("E_VERSION", "E_VALUE")
    in_genesis = True

    def values(self, body: ListDefine) -> None:
        """Clean texts; entries in order of their codes, each once."""
        for place, entry in enumerate(body.terms.entries):
            for text in entry.values:
                check_text(text, f"body.terms.entries[{place}].values")
        codes = [entry.code for entry in body.terms.entries]
        if codes != sorted(set(codes)):
            raise Rejection(
                "E_VALUE", "expected entries in order of their codes, each once", path="body.terms.entries"
            )

    def weight(self, ctx: Context, body: ListDefine) -> int:
        """8 + entries."""
        del ctx
        return 8 + len(body.terms.entries)

    def signers(self, ctx: Context, body: ListDefine) -> Need:
        """The authority of the country, or for the alliance's lists 2/3 of the validators."""
        return authority(ctx, body.terms.owner)

    def unused(self, ctx: Context, body: ListDefine) -> None:
        """Versions rise by one."""
        known = ctx.state.get(LIST_HEADS, body.terms.list_id)
        check_next_version(known, body.terms.version, "body.terms.version")

    def check(self, ctx: Context, body: ListDefine) -> None:
        """A list stays with its owner."""
        terms = body.terms
        if terms.version > 1:
            before = ctx.known(LISTS, terms.list_id, terms.version - 1, path="body.terms.version")
            _check_owner(before.owner, terms.owner)

    def apply(self, ctx: Context, body: ListDefine, plan: None) -> None:
        """Write the version and move the head."""
        ctx.state.put(LISTS, body.terms, body.terms.list_id, body.terms.version)
        ctx.state.put(LIST_HEADS, Head(version=body.terms.version), body.terms.list_id)
