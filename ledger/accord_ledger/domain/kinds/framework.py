"""T05 and T06, credit frameworks and the maps between their levels."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from msgspec import Meta

from accord_ledger import rational
from accord_ledger.domain.authority import REGULATOR, REGULATORS, authority, validators
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.framework import (
    FRAMEWORK_HEADS,
    FRAMEWORKS,
    LEVEL_MAPS,
    Framework,
    FrameworkTerms,
    Head,
    Level,
    LevelMap,
)
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.signing import Need, Signer, all_of, any_of
from accord_ledger.domain.standing import AGENCY_ROLES, active_first
from accord_ledger.errors import Rejection
from accord_ledger.fields import Slug, Version, check_language_map


def check_next_version(known: Head | None, version: int, path: str) -> None:
    """``E_VERSION`` unless this is the last version + 1."""
    last = known.version if known else 0
    if version != last + 1:
        raise Rejection("E_VERSION", f"expected version {last + 1}, got {version}", path=path)


def _agencies(ctx: Context, country: str) -> list[Signer]:
    """Quality agencies of the country among those that signed this record with ``quality``."""
    signed = (ctx.state.get(PARTIES, party) for party, purpose in ctx.present if purpose == "quality")
    able = [p.party_id for p in signed if p and p.country == country and "quality_agency" in p.roles]
    return [Signer(party, "quality", AGENCY_ROLES) for party in active_first(ctx, able)]


def _local_definers(ctx: Context, country: str) -> Need:
    found = ctx.state.get(REGULATORS, country)
    regulators = [Signer(party, "governance", REGULATOR) for party in (found.parties if found else ())]
    options = [*regulators, *_agencies(ctx, country)]
    return any_of(*options) if options else Signer(f"regulator or quality agency of {country}", "governance")


class FrameworkDefine(Body):
    """T05."""

    terms: FrameworkTerms


@transaction_kind
class FrameworkDefineKind(TransactionKind[FrameworkDefine, Framework]):
    """A new immutable version of a framework."""

    name = "framework_define"
    row = "T05"
    body = FrameworkDefine
    errors = ("E_UNKNOWN_REF", "E_VERSION", "E_VALUE", "E_FRAMEWORK_WIDENS")
    in_genesis = True

    def values(self, body: FrameworkDefine) -> None:
        """Hours exactly where there is an hour kind; every interval in order."""
        terms = body.terms
        check_language_map(terms.unit, "body.terms.unit")
        if rational.parse(terms.quantum, "body.terms.quantum") == 0:
            raise Rejection("E_VALUE", "expected a quantum above 0", path="body.terms.quantum")
        hours = (terms.hours_min, terms.hours_max)
        if any((bound is None) != (terms.hour_kind == "none") for bound in hours):
            raise Rejection(
                "E_VALUE", "expected hours exactly where there is an hour kind", path="body.terms.hours_min"
            )
        if (interval := _hours(terms)) is not None and not 0 < interval[0] <= interval[1]:
            raise Rejection("E_VALUE", "expected 0 < hours_min <= hours_max", path="body.terms.hours_min")
        if terms.levels is not None and terms.levels[0] > terms.levels[1]:
            raise Rejection("E_VALUE", "expected the lowest level first", path="body.terms.levels")
        if terms.mc_credits is not None:
            low, high = (rational.parse(text, "body.terms.mc_credits") for text in terms.mc_credits)
            if low > high:
                raise Rejection("E_VALUE", "expected the smallest size first", path="body.terms.mc_credits")

    def weight(self, ctx: Context, body: FrameworkDefine) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: FrameworkDefine) -> Need:
        """The authority, or a quality agency of the country."""
        country = body.terms.country
        return any_of(*_agencies(ctx, country), authority(ctx, country))

    def unused(self, ctx: Context, body: FrameworkDefine) -> None:
        """Versions rise by one."""
        known = ctx.state.get(FRAMEWORK_HEADS, body.terms.framework_id)
        check_next_version(known, body.terms.version, "body.terms.version")

    def check(self, ctx: Context, body: FrameworkDefine) -> Framework:
        """A framework stays with its country, and narrows its parent."""
        terms = body.terms
        if terms.version > 1:
            before = ctx.known(FRAMEWORKS, terms.framework_id, terms.version - 1, path="body.terms.version")
            if before.terms.country != terms.country:
                raise Rejection("E_VALUE", f"expected {before.terms.country}", path="body.terms.country")
        root = (terms.framework_id, terms.version)
        if terms.parent is not None:
            parent = ctx.known(FRAMEWORKS, *terms.parent, path="body.terms.parent")
            check_narrows(parent.terms, terms)
            root = parent.root
        definers = tuple(sorted({party for party, _, _ in ctx.signed}))
        return Framework(terms=terms, root=root, defined_at=ctx.time, definers=definers)

    def apply(self, ctx: Context, body: FrameworkDefine, plan: Framework) -> None:
        """Write the version and move the head."""
        terms = body.terms
        ctx.state.put(FRAMEWORKS, plan, terms.framework_id, terms.version)
        ctx.state.put(FRAMEWORK_HEADS, Head(version=terms.version), terms.framework_id)


def _hours(terms: FrameworkTerms) -> tuple[Fraction, Fraction] | None:
    if terms.hours_min is None or terms.hours_max is None:
        return None
    return (
        rational.parse(terms.hours_min, "body.terms.hours_min"),
        rational.parse(terms.hours_max, "body.terms.hours_max"),
    )


def check_narrows(parent: FrameworkTerms, child: FrameworkTerms) -> None:
    """``E_FRAMEWORK_WIDENS`` unless hours and levels of the child lie inside its parent's (row E4)."""
    outer, inner = _hours(parent), _hours(child)
    if parent.hour_kind != child.hour_kind:
        raise Rejection(
            "E_FRAMEWORK_WIDENS",
            f"expected {parent.hour_kind} hours, got {child.hour_kind}",
            path="body.terms.hour_kind",
        )
    # of one kind of hours both have an interval or neither
    if outer is not None and inner is not None and not outer[0] <= inner[0] <= inner[1] <= outer[1]:
        detail = f"expected hours inside [{outer[0]}, {outer[1]}], got [{inner[0]}, {inner[1]}]"
        raise Rejection("E_FRAMEWORK_WIDENS", detail, path="body.terms.hours_min")
    if child.levels is not None and (
        parent.levels is None or child.levels[0] < parent.levels[0] or child.levels[1] > parent.levels[1]
    ):
        detail = f"expected levels inside {parent.levels}, got {child.levels}"
        raise Rejection("E_FRAMEWORK_WIDENS", detail, path="body.terms.levels")


class LevelMapBody(Body):
    """T06: which level of one framework is which of another; unmapped levels are never equal."""

    source: tuple[Slug, Version]
    target: tuple[Slug, Version]
    levels: Annotated[tuple[tuple[Level, Level], ...], Meta(min_length=1, max_length=21)]
    """(level of the source, level of the target), in order of the source."""


@transaction_kind
class LevelMapKind(TransactionKind[LevelMapBody, None]):
    """A directed map between the levels of two framework versions; a later one replaces it."""

    name = "level_map"
    row = "T06"
    body = LevelMapBody
    errors = ("E_UNKNOWN_REF", "E_LEVEL_RANGE")
    in_genesis = True

    def values(self, body: LevelMapBody) -> None:
        """Each level of the source once, in order."""
        sources = [level for level, _ in body.levels]
        if sources != sorted(set(sources)):
            raise Rejection(
                "E_VALUE", "expected levels of the source in order, each once", path="body.levels"
            )

    def weight(self, ctx: Context, body: LevelMapBody) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: LevelMapBody) -> Need:
        """Who may define either framework, one for each; 2/3 of the validators stand for both."""
        countries = [
            ctx.known(FRAMEWORKS, *name, path=path).terms.country
            for name, path in ((body.source, "body.source"), (body.target, "body.target"))
        ]
        return any_of(
            validators(ctx), all_of(*(_local_definers(ctx, country) for country in dict.fromkeys(countries)))
        )

    def check(self, ctx: Context, body: LevelMapBody) -> None:
        """Both frameworks exist and have these levels."""
        source = ctx.known(FRAMEWORKS, *body.source, path="body.source").terms
        target = ctx.known(FRAMEWORKS, *body.target, path="body.target").terms
        for place, (low, high) in enumerate(body.levels):
            _check_level(source, low, f"body.levels[{place}][0]")
            _check_level(target, high, f"body.levels[{place}][1]")

    def apply(self, ctx: Context, body: LevelMapBody, plan: None) -> None:
        """Write the map."""
        ctx.state.put(LEVEL_MAPS, LevelMap(levels=body.levels), *body.source, *body.target)


def _check_level(terms: FrameworkTerms, level: int, path: str) -> None:
    if terms.levels is None or not terms.levels[0] <= level <= terms.levels[1]:
        raise Rejection("E_LEVEL_RANGE", f"expected a level of {terms.framework_id}, got {level}", path=path)
