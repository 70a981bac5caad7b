"""Ready frameworks, profiles and lists, so that an alliance begins with what its countries already use.

Each preset is data of a transaction kind that genesis may hold (T05, T39, T40): an alliance takes those
it wants by name, and changes any of them later by transaction. Numbers are those of DOMAIN.md 2.3 and
section 1, whose rows are named beside them. Lists live in ``preset_lists``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from accord_genesis.files import CeremonyError
from accord_genesis.preset_lists import LISTS
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.kinds.profile import ListDefine, ProfileDefine
from accord_ledger.domain.model.framework import ApprovalPolicy, FrameworkTerms, ProfileTerms

FRAMEWORKS: Final = (
    # P1: 1 credit = 40 h; the step of 1/2 is DOMAIN.md's own. P2: elementary, intermediate, advanced.
    FrameworkTerms(
        framework_id="cn-mc",
        version=1,
        country="CN",
        unit={"en": "micro-credential credit", "zh": "微证书学分"},
        hour_kind="notional",
        hours_min="40/1",
        hours_max="40/1",
        quantum="1/2",
        levels=(1, 3),
    ),
    # N13: many colleges count 1 credit = 16 class hours; contact hours are never converted by ratio.
    FrameworkTerms(
        framework_id="cn-hvc",
        version=1,
        country="CN",
        unit={"en": "college credit", "zh": "学分"},
        hour_kind="contact",
        hours_min="16/1",
        hours_max="16/1",
        quantum="1/2",
    ),
    # E1: 1 credit = 25 to 30 h. E2: micro-credentials usually have 1 to 6. E7: EQF has 8 levels.
    FrameworkTerms(
        framework_id="ects",
        version=1,
        country="alliance",
        unit={"en": "ECTS credit"},
        hour_kind="notional",
        hours_min="25/1",
        hours_max="30/1",
        quantum="1/2",
        levels=(1, 8),
        mc_credits=("1/1", "6/1"),
    ),
    # E3: 28 h, 3 to 30 EC, and from 1 EC for universities in the experiment of 2025 to 2027 (E2).
    FrameworkTerms(
        framework_id="nl-ects",
        version=1,
        country="NL",
        unit={"en": "EC", "nl": "EC (studiepunt)"},
        hour_kind="notional",
        hours_min="28/1",
        hours_max="28/1",
        quantum="1/2",
        levels=(1, 8),
        mc_credits=("1/1", "30/1"),
        parent=("ects", 1),
    ),
    # U3: points without hours; 12.5 are one subject, a MicroCert is a quarter of that. AQF has 10 levels.
    FrameworkTerms(
        framework_id="uom",
        version=1,
        country="AU",
        unit={"en": "credit point"},
        hour_kind="none",
        quantum="25/8",
        levels=(1, 10),
    ),
    # C7: 45 nominal hours, or 15 x 50 minutes + 30 h = 85/2 clock hours; an agreement pins one of them.
    FrameworkTerms(
        framework_id="us-sch",
        version=1,
        country="US",
        unit={"en": "semester credit hour"},
        hour_kind="notional",
        hours_min="85/2",
        hours_max="45/1",
        quantum="1/1",
    ),
    # M1: 1 credit = 40 notional hours; MQF has 8 levels.
    FrameworkTerms(
        framework_id="mqf",
        version=1,
        country="MY",
        unit={"en": "MQF credit", "ms": "kredit MQF"},
        hour_kind="notional",
        hours_min="40/1",
        hours_max="40/1",
        quantum="1/1",
        levels=(1, 8),
    ),
)
"""DOMAIN.md 2.3, the table of frameworks."""

_ACADEMIC = ApprovalPolicy(any_of=("academic_committee",))
_EITHER_COMMITTEE = ApprovalPolicy(any_of=("academic_committee", "curriculum_committee"))
_BOTH_COMMITTEES = ApprovalPolicy(all_of=("academic_committee", "curriculum_committee"))
_ACADEMIC_OR_ENDORSED = ApprovalPolicy(any_of=("academic_committee", "endorse"))

PROFILES: Final = (
    # C1: exactly these fields. C2: both committees for credit, either one otherwise.
    ProfileTerms(
        profile_id="suny-2018",
        version=1,
        owner="US",
        required=("title", "audience", "issuers", "credits", "transferability"),
        approval_credit=_BOTH_COMMITTEES,
        approval_noncredit=_EITHER_COMMITTEE,
    ),
    # E11, Council Recommendation 2022/C 243/02 Annex I; learner and date are in the document itself,
    # quality assurance is what accreditation grants show.
    ProfileTerms(
        profile_id="eu-2022",
        version=1,
        owner="alliance",
        required=(
            "title",
            "issuers",
            "outcomes",
            "credits",
            "total_hours",
            "level",
            "assessment_type",
            "participation",
        ),
        approval_credit=_ACADEMIC,
        approval_noncredit=_ACADEMIC,
        registries=("EQAR",),
    ),
    # U1: assessed; a provider nobody accredits states how it assures quality.
    ProfileTerms(
        profile_id="nmf",
        version=1,
        owner="AU",
        required=("outcomes", "qa_statement_hash"),
        approval_credit=_ACADEMIC,
        approval_noncredit=_ACADEMIC,
        registries=("TEQSA",),
        gates=("assessed",),
    ),
    # M1 to M3; what a decoupled item must name follows from its form.
    ProfileTerms(
        profile_id="mqa",
        version=1,
        owner="MY",
        required=("outcomes",),
        approval_credit=_ACADEMIC,
        approval_noncredit=_ACADEMIC,
        registries=("MQA",),
    ),
    # P3, P4, N11: the gates; P5, P6: the annual close; endorsed by another university where the issuer
    # has no academic committee (C9).
    ProfileTerms(
        profile_id="cn",
        version=1,
        owner="CN",
        required=("outcomes",),
        approval_credit=_ACADEMIC_OR_ENDORSED,
        approval_noncredit=_ACADEMIC_OR_ENDORSED,
        registries=("CN-TI",),
        gates=("practice", "projects", "hours_claim"),
        annual=True,
    ),
    # DOMAIN.md 6: an academic committee approves, nothing else is asked.
    ProfileTerms(
        profile_id="neutral",
        version=1,
        owner="alliance",
        approval_credit=_ACADEMIC,
        approval_noncredit=_ACADEMIC,
    ),
)
"""DOMAIN.md section 6, the profiles of countries and of the alliance."""


_SUNY, _EU = PROFILES[0], PROFILES[1]

NARROWER_PROFILES: Final = (
    # C6: one campus takes 1 to 15 credits, another up to 18 (under 6 only what leads to employment, which
    # no number says).
    msgspec.structs.replace(_SUNY, profile_id="suny-oneonta", credits=("1/1", "15/1")),
    msgspec.structs.replace(_SUNY, profile_id="suny-canton", credits=("1/1", "18/1")),
    # E2, E3: 3 to 30 EC, from 1 EC in the experiment of 2025 to 2027; 28 hours each.
    msgspec.structs.replace(
        _EU, profile_id="nl-2025", owner="NL", credits=("1/1", "30/1"), hours=("28/1", "840/1")
    ),
)
"""Profiles of single campuses and member states: those above with size ranges of their own."""


def bank_profile(bank: str, award_cap: str) -> ProfileTerms:
    """The profile of a credit bank: the share of an award it lets be recognised (N8).

    Args:
        bank: party id of the credit bank; its profile has the same id.
        award_cap: rational, at most ``1/1``.
    """
    return ProfileTerms(profile_id=bank, version=1, owner=bank, award_cap=award_cap)


BANK_PROFILES: Final = (bank_profile("bcb", "1/2"),)
"""N8: Beijing's interim measures of 2026, at most half of the credits of graduation."""

Named = tuple[str, Body]
"""A transaction kind and its body."""


def _catalogue() -> dict[str, Named]:
    found: dict[str, Named] = {}
    for framework in FRAMEWORKS:
        found[framework.framework_id] = ("framework_define", FrameworkDefine(terms=framework))
    for profile in (*PROFILES, *NARROWER_PROFILES, *BANK_PROFILES):
        found[profile.profile_id] = ("profile_define", ProfileDefine(terms=profile))
    for terms in LISTS:
        found[terms.list_id] = ("list_define", ListDefine(terms=terms))
    return found


CATALOGUE: Final[Mapping[str, Named]] = MappingProxyType(_catalogue())
"""Every preset by its id."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "frameworks": tuple(terms.framework_id for terms in FRAMEWORKS),
        "profiles": tuple(terms.profile_id for terms in PROFILES),
        "lists": tuple(terms.list_id for terms in LISTS),
        "all": tuple(terms.framework_id for terms in FRAMEWORKS)
        + tuple(terms.profile_id for terms in PROFILES)
        + tuple(terms.list_id for terms in LISTS),
    }
)
"""Names that stand for several presets; narrower profiles and those of credit banks are only ever taken by
their own names."""


def choose(names: Iterable[str]) -> tuple[Named, ...]:
    """The presets of these names and groups, each once, with the frameworks they narrow.

    Raises:
        CeremonyError: ``PRESET_UNKNOWN``.
    """
    chosen: dict[str, Named] = {}
    waiting = [single for name in names for single in GROUPS.get(name, (name,))]
    while waiting:
        name = waiting.pop()
        found = CATALOGUE.get(name)
        if found is None:
            known = ", ".join([*GROUPS, *CATALOGUE])
            raise CeremonyError("PRESET_UNKNOWN", f"expected one of {known}, got {name[:64]!r}")
        chosen[name] = found
        body = found[1]
        if isinstance(body, FrameworkDefine) and body.terms.parent is not None:
            waiting.append(body.terms.parent[0])
    return tuple(chosen[name] for name in sorted(chosen))
