"""What T07 checks of a programme's terms: first alone, then against framework, profile and lists.

The checks stand in the order of DOMAIN.md 2.5, "Register"; the first that fails is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from accord_ledger import calendar, rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.lists import listed
from accord_ledger.domain.model.framework import FRAMEWORKS, PROFILES, FrameworkTerms, ProfileTerms
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.domain.standing import accredited, party
from accord_ledger.errors import Rejection
from accord_ledger.fields import check_language_map

PATH = "body.terms"

LISTED = (("field", "fields"), ("sector", "sectors"), ("skill_area", "skill-areas"))
"""Fields whose code must stand in a list (T40), and the name of that list."""


def check_values(terms: ProgrammeTerms) -> None:
    """Values against each other, without state: ``E_SCHEMA``, ``E_NUMBER``, ``E_VALUE``."""
    check_language_map(terms.title, f"{PATH}.title")
    for place, outcome in enumerate(terms.outcomes):
        check_language_map(outcome.text, f"{PATH}.outcomes[{place}].text")
    if terms.last_content_update is not None:
        calendar.parse_date(terms.last_content_update, f"{PATH}.last_content_update")
    _check_unique(terms)
    _check_form(terms)
    _check_amounts(terms)
    if terms.threshold > len(terms.issuers):
        raise Rejection("E_VALUE", f"expected at most {len(terms.issuers)} signers", path=f"{PATH}.threshold")


def _check_unique(terms: ProgrammeTerms) -> None:
    named: dict[str, Iterable[str]] = {
        "issuers": terms.issuers,
        "co_developers": terms.co_developers,
        "required_courses": terms.required_courses,
        "occupations": terms.occupations,
        "audience": terms.audience,
        "courses": [course.code for course in terms.courses],
    }
    for name, values in named.items():
        once = list(values)
        if len(set(once)) != len(once):
            raise Rejection("E_VALUE", "expected each once", path=f"{PATH}.{name}")


def _check_form(terms: ProgrammeTerms) -> None:
    """Fields that belong to one form only (rows M2, M3): ``E_SCHEMA`` elsewhere."""
    if terms.form != "decoupled" and (terms.parent_course is not None or terms.overlap is not None):
        raise Rejection(
            "E_SCHEMA", "expected a parent course of a decoupled item only", path=f"{PATH}.parent_course"
        )
    if terms.form != "award" and (terms.courses or terms.countable_total or terms.residency):
        raise Rejection(
            "E_SCHEMA", "expected courses, countable_total and residency of an award only", path=PATH
        )


def _check_amounts(terms: ProgrammeTerms) -> None:
    amount = rational.parse(terms.credits, f"{PATH}.credits")
    hours = rational.parse(terms.total_hours, f"{PATH}.total_hours")
    if (terms.track == "credit") != (amount > 0):
        raise Rejection(
            "E_VALUE", "expected credits above 0 exactly on the credit track", path=f"{PATH}.credits"
        )
    if rational.parse(terms.practice_hours, f"{PATH}.practice_hours") > hours:
        raise Rejection(
            "E_VALUE", "expected no more practice than hours in all", path=f"{PATH}.practice_hours"
        )
    if terms.projects_enterprise > terms.projects_all:
        raise Rejection("E_VALUE", "expected no more than projects_all", path=f"{PATH}.projects_enterprise")
    for name, limit in (("overlap", Fraction(1)), ("residency", Fraction(1)), ("countable_total", amount)):
        text = getattr(terms, name)
        if text is not None and rational.parse(text, f"{PATH}.{name}") > limit:
            raise Rejection("E_VALUE", f"expected at most {limit}, got {text}", path=f"{PATH}.{name}")
    for place, course in enumerate(terms.courses):
        if rational.parse(course.credits, f"{PATH}.courses[{place}].credits") == 0:
            raise Rejection("E_VALUE", "expected credits above 0", path=f"{PATH}.courses[{place}].credits")


def check_lists(ctx: Context, terms: ProgrammeTerms) -> None:
    """Codes stand in the lists that count in the country of the first issuer (``E_VALUE``)."""
    country = party(ctx, terms.issuers[0], f"{PATH}.issuers[0]").country
    for name, list_name in LISTED:
        code = getattr(terms, name)
        if code is not None and not listed(ctx, list_name, country, code):
            raise Rejection(
                "E_VALUE", f"expected a code of the list {list_name}, got {code}", path=f"{PATH}.{name}"
            )


def check_metadata(ctx: Context, terms: ProgrammeTerms, profile: ProfileTerms) -> None:
    """What the form and then the profile require is there: ``E_METADATA_MISSING`` of the first missing field."""
    own = ("parent_course", "overlap") if terms.form == "decoupled" else ()
    for name in (*own, *profile.required):
        if getattr(terms, name) not in (None, (), {}):
            continue
        # Row U1: a statement of quality assurance is asked of providers nobody accredits.
        if name == "qa_statement_hash" and accredited(
            ctx, terms.issuers, terms.programme_id, ctx.time, registries=profile.registries or None
        ):
            continue
        raise Rejection("E_METADATA_MISSING", name, path=f"{PATH}.{name}")


def check_level(terms: ProgrammeTerms, framework: FrameworkTerms) -> None:
    """``E_LEVEL_RANGE`` unless the framework has the level."""
    levels = framework.levels
    if terms.level is not None and (levels is None or not levels[0] <= terms.level <= levels[1]):
        raise Rejection(
            "E_LEVEL_RANGE", f"expected a level in {levels}, got {terms.level}", path=f"{PATH}.level"
        )


def check_size(ctx: Context, terms: ProgrammeTerms, framework: FrameworkTerms, profile: ProfileTerms) -> None:
    """Hours, then credits, inside what alliance and profile allow; outside what is usual: a warning."""
    if terms.form == "award":
        return
    hours = rational.parse(terms.total_hours)
    least = rational.parse(ctx.parameters.programme_hours_min)
    if hours < least or not _inside(hours, profile.hours):
        raise Rejection(
            "E_HOURS_RANGE",
            f"expected the profile's range from {least}, got {hours}",
            path=f"{PATH}.total_hours",
        )
    if hours > rational.parse(ctx.parameters.programme_hours_soft_max):
        ctx.warnings.append("W_HOURS_RANGE")
    if terms.track == "noncredit":
        return
    amount = rational.parse(terms.credits)
    if not _inside(amount, profile.credits):
        raise Rejection("E_CREDIT_RANGE", f"expected {profile.credits}, got {amount}", path=f"{PATH}.credits")
    if not _inside(amount, framework.mc_credits):
        ctx.warnings.append("W_CREDIT_RANGE")


def _inside(value: Fraction, bounds: tuple[str, str] | None) -> bool:
    return bounds is None or rational.parse(bounds[0]) <= value <= rational.parse(bounds[1])


def check_credit(terms: ProgrammeTerms, framework: FrameworkTerms) -> None:
    """Hours per credit inside the framework's interval, then credits on its quantum (rows E1, P1)."""
    if terms.track == "noncredit":
        return
    amount = rational.parse(terms.credits)
    if framework.hours_min is not None and framework.hours_max is not None:
        each = rational.parse(terms.total_hours) / amount
        if not rational.parse(framework.hours_min) <= each <= rational.parse(framework.hours_max):
            detail = f"expected {framework.hours_min} to {framework.hours_max}, got {each}"
            raise Rejection("E_HOURS_PER_CREDIT", detail, path=f"{PATH}.total_hours")
    if amount % rational.parse(framework.quantum) != 0:
        raise Rejection(
            "E_QUANTUM", f"expected a multiple of {framework.quantum}, got {amount}", path=f"{PATH}.credits"
        )


def check_gates(ctx: Context, terms: ProgrammeTerms, profile: ProfileTerms) -> None:
    """The quality gates the profile has, in the order assessed, practice, projects, hours claim."""
    if terms.form == "award":
        return
    limits = ctx.parameters
    hours = rational.parse(terms.total_hours)
    if "assessed" in profile.gates and not terms.assessed:
        raise Rejection("E_NOT_ASSESSED", "expected an assessed programme", path=f"{PATH}.assessed")
    practice = rational.parse(terms.practice_hours)
    if "practice" in profile.gates and practice < rational.parse(limits.practice_min) * hours:
        detail = f"expected {limits.practice_min} of {hours} hours, got {practice}"
        raise Rejection("E_QUALITY_PRACTICE", detail, path=f"{PATH}.practice_hours")
    needed = rational.parse(limits.projects_min) * terms.projects_all
    if "projects" in profile.gates and terms.projects_enterprise < needed:
        detail = f"expected {limits.projects_min} of {terms.projects_all}, got {terms.projects_enterprise}"
        raise Rejection("E_QUALITY_PROJECTS", detail, path=f"{PATH}.projects_enterprise")
    claims = terms.category == "vocational_skill" and hours < rational.parse(limits.hours_claim_min)
    if "hours_claim" in profile.gates and claims:
        detail = f"expected {limits.hours_claim_min} hours for a vocational skill, got {hours}"
        raise Rejection("E_HOURS_CLAIM", detail, path=f"{PATH}.total_hours")


def framework_and_profile(ctx: Context, terms: ProgrammeTerms) -> tuple[FrameworkTerms, ProfileTerms]:
    """What the terms are measured by, or ``E_UNKNOWN_REF``."""
    framework = ctx.known(FRAMEWORKS, *terms.framework, path=f"{PATH}.framework").terms
    return framework, ctx.known(PROFILES, *terms.profile, path=f"{PATH}.profile")
