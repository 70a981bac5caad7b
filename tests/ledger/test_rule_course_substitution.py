"""T27 by ``course_substitution``: certificates replace courses of a college (rows N5, N6, C5, M6; step 12)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.model.agreement import Caps
from accord_ledger.domain.model.programme import Course, ProgrammeTerms
from accord_ledger.domain.rules import CourseSubstitution
from accord_ledger.domain.rules.course_substitution import LevelClasses, ListedCourse, Substitution
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, attest

SIGNERS = ("hnrail registrar", "bcb registrar", "crrc-eval registrar")
CORE = ("RS201 3", "RS202 4", "RS203 2", "RS204 3")


def listed(*courses: str) -> tuple[ListedCourse, ...]:
    """Courses written ``RS201 3``, in order of their codes."""
    pairs = sorted(course.split() for course in courses)
    return tuple(ListedCourse(code=code, credits=f"{amount}/1") for code, amount in pairs)


def substitution(**changes: Any) -> CourseSubstitution:
    """Agreement A4 of the reference scenario."""
    level_map = (
        LevelClasses(level=1, classes=("basic",)),
        LevelClasses(level=2, classes=("core",)),
        LevelClasses(level=3, classes=("basic", "core")),
    )
    values: dict[str, Any] = {
        "rule_id": "sub",
        "source": ("cn-mc", 1),
        "target": ("cn-hvc", 1),
        "cosigners": ("bcb", "crrc-eval"),
        "substitutions": (
            Substitution(programme="crrc-ro2", courses=listed("RS201 3")),
            Substitution(programme="crrc-rs1", courses=listed("RS204 3")),
            Substitution(programme="crrc-rs2", courses=listed(*CORE[:3])),
        ),
        "level_map": level_map,
        "cap_per_credential": "8/1",
        "course_once": True,
    }
    return CourseSubstitution(**values | changes)


def certificate(name: str, level: int, **changes: Any) -> ProgrammeTerms:
    """A programme of the evaluation body."""
    values: dict[str, Any] = {"framework": ("cn-mc", 1), "credits": "2/1", "total_hours": "80/1"}
    values |= {"level": level, "category": "vocational_skill", "profile": ("cn", 1), "practice_hours": "24/1"}
    return terms(f"crrc-{name}", "crrc-eval", **values | changes)


def college(
    rule: CourseSubstitution | None = None, *more: ProgrammeTerms, course: Course | None = None, **agreed: Any
) -> tuple[Exchange, dict[str, IssuedBatch]]:
    """hnrail's award with four core courses, account N4, A4, and a batch of each certificate."""
    world = Exchange()
    world.at("2026-03-09")
    offered = [certificate("rs2", 2), certificate("ro2", 2), certificate("rs1", 1), *more]
    for programme in offered:
        world.launch(programme, ("hnrail", "endorse"))
        world.offer(programme, launch=False)
    courses = tuple(
        Course(code=code, credits=f"{amount}/1", course_class="core") for code, amount in map(str.split, CORE)
    )
    courses += () if course is None else (course,)
    award = world.award("hnrail", "140/1", "cn-hvc", total_hours="2240/1", courses=courses)
    world.enrol("n4", "hnrail", award)
    world.agree("a4", agreement("crrc-eval", "hnrail", rule or substitution(), **agreed))
    world.at("2026-04-20")
    issued = {}
    for programme in offered:
        name = programme.programme_id.removeprefix("crrc-")
        issued[name] = world.issue(programme, 12, completed_from="2026-03-09")
    return world, issued


def use(
    world: Exchange, name: str, items: list[Any], claimed: str, *targets: str, **changes: Any
) -> tuple[Any, ...]:
    """T27 into N4 by A4, with everything signed."""
    values: dict[str, Any] = {"rule": "sub", "signers": SIGNERS, "targets": targets, "consent": None}
    return world.use(name, "n4", "a4", items, claimed, **values | changes)


def test_n6_reference_step_12() -> None:
    world, issued = college()
    rs2, ro2, rs1 = (issued[name][0] for name in ("rs2", "ro2", "rs1"))
    world.refused("E_CAP_CREDENTIAL", *use(world, "r1", [rs2], "9/1", "RS201", "RS202", "RS203"))
    world.do(*use(world, "r2", [rs2], "7/1", "RS201", "RS202"))
    assert world.account("n4").courses == {"RS201": "3/1", "RS202": "4/1"}
    kept = world.recognition("r2")
    assert (kept.exact, kept.awarded, kept.dropped) == ("7/1", "7/1", "0/1")
    world.refused("E_COURSE_ALREADY_SUBSTITUTED", *use(world, "r3", [ro2], "3/1", "RS201"), detail="RS201")
    world.refused("E_LEVEL_SCOPE", *use(world, "r4", [rs1], "3/1", "RS204"))


def test_n6_registrar_evaluation_body_and_credit_bank_sign() -> None:
    world, issued = college()
    kind, body, *signers = use(world, "r1", [issued["rs2"][0]], "7/1", "RS201", "RS202")
    for missing in SIGNERS:
        rest = [signer for signer in signers if signer != missing]
        world.refused("E_SIG_MISSING", kind, body, *rest, detail=missing, author="hnrail")
    world.refused("E_HOLDER_SIG", kind, body, *SIGNERS)
    before = world.execution.weight
    world.do(kind, body, *signers)
    assert world.execution.weight - before == 4 * 10 + 16 + 12 + 2 * 2


def test_n6_the_order_of_checks_on_courses() -> None:
    world, issued = college()
    world.do(*use(world, "r1", [issued["rs2"][0]], "3/1", "RS201"))
    rs1, rs2 = issued["rs1"][0], issued["rs2"][1]
    world.refused("E_UNKNOWN_REF", *use(world, "r2", [rs1], "1/1", "RS204", "RS999"))
    world.refused("E_LEVEL_SCOPE", *use(world, "r2", [rs1], "1/1", "RS204"))
    world.refused("E_SCOPE", *use(world, "r2", [rs2], "1/1", "RS201", "RS204"))
    world.refused("E_COURSE_ALREADY_SUBSTITUTED", *use(world, "r2", [rs2], "1/1", "RS201", "RS202"))
    world.refused("E_AMOUNT", *use(world, "r2", [rs2], "1/1", "RS202", "RS203"))
    world.do(*use(world, "r2", [rs2], "6/1", "RS202", "RS203"))


def test_n6_a_reversal_opens_the_course_again() -> None:
    world, issued = college()
    world.do(*use(world, "r1", [issued["rs2"][0]], "3/1", "RS201"))
    world.reverse("r1", "hnrail registrar")
    world.do(*use(world, "r2", [issued["ro2"][0]], "3/1", "RS201"))


def test_n6_without_course_once_the_course_itself_is_full() -> None:
    world, issued = college(substitution(course_once=False))
    world.do(*use(world, "r1", [issued["rs2"][0]], "3/1", "RS201"))
    world.refused("E_CAP_COURSE", *use(world, "r2", [issued["ro2"][0]], "3/1", "RS201"))


def test_n6_advanced_certificates_replace_both_classes_and_no_map_every_one() -> None:
    advanced = certificate("rs3", 3)
    rules = substitution().substitutions
    entry = Substitution(programme="crrc-rs3", courses=listed("RS204 3"))
    world, issued = college(substitution(substitutions=(*rules, entry)), advanced)
    world.do(*use(world, "r1", [issued["rs3"][0]], "3/1", "RS204"))
    free, more = college(substitution(level_map=()))
    free.do(*use(free, "r1", [more["rs1"][0]], "3/1", "RS204"))


def test_n6_levels_outside_the_map_replace_nothing() -> None:
    world, issued = college(substitution(level_map=(LevelClasses(level=1, classes=("core",)),)))
    world.refused("E_LEVEL_SCOPE", *use(world, "r1", [issued["rs2"][0]], "3/1", "RS201"))
    world.do(*use(world, "r1", [issued["rs1"][0]], "3/1", "RS204"))


def test_n6_an_entry_for_one_level_is_not_for_another() -> None:
    two, three, four = (
        Substitution(programme="crrc-rs2", level=level, courses=listed("RS201 3")) for level in (2, 3, 4)
    )
    assert substitution(substitutions=(two, three, four)).programmes() == ("crrc-rs2",)
    for entries in ((three,), (three, four)):
        world, issued = college(substitution(substitutions=entries))
        world.refused("E_SCOPE", *use(world, "r1", [issued["rs2"][0]], "3/1", "RS201"))
    world, issued = college(substitution(substitutions=(two, four)))
    world.do(*use(world, "r1", [issued["rs2"][0]], "3/1", "RS201"))


def test_n6_a_programme_the_rule_does_not_name() -> None:
    world, issued = college(None, certificate("zz", 2))
    world.refused("E_SCOPE", *use(world, "r1", [issued["zz"][0]], "3/1", "RS201"))


def test_m6_three_credits_for_a_course_of_four() -> None:
    entry = Substitution(programme="crrc-rs2", courses=listed("RS201 4", "RS202 3"))
    world, issued = college(substitution(substitutions=(entry,)))
    item = issued["rs2"][0]
    world.refused("E_PARTIAL_COURSE", *use(world, "r1", [item], "3/1", "RS202"))
    world.refused("E_PARTIAL_COURSE", *use(world, "r1", [item], "4/1", "RS201"))
    # Both together are listed for as much as they have, and each is still not listed as a whole.
    world.refused("E_PARTIAL_COURSE", *use(world, "r1", [item], "7/1", "RS201", "RS202"))


def test_m6_a_course_that_rounding_would_cut_is_not_replaced() -> None:
    odd = Course(code="RS209", credits="5/4", course_class="core")
    world, issued = college(substitution(substitutions=(entry("RS209 5/4"),)), course=odd)
    item = issued["rs2"][0]
    for claimed in ("1/1", "5/4"):
        world.refused("E_PARTIAL_COURSE", *use(world, "r1", [item], claimed, "RS209"))


def test_n6_two_certificates_each_replace_their_own_course() -> None:
    world, issued = college()
    both = [issued["ro2"][0], issued["rs2"][0]]
    world.do(*use(world, "r1", both, "9/1", "RS201", "RS202", "RS203"))
    assert world.recognition("r1").awarded == "9/1"  # 3 and 6, neither above 8


def test_n6_the_first_item_that_lists_a_course_replaces_it() -> None:
    world, issued = college()
    rs2, ro2 = issued["rs2"][0], issued["ro2"][0]
    refused = world.refused("E_ZERO_CREDIT", *use(world, "r1", [rs2, ro2], "3/1", "RS201"))
    assert refused.path == "body.items[1]"
    two = [rs2, issued["rs2"][1]]
    world.refused("E_ZERO_CREDIT", *use(world, "r1", two, "9/1", "RS201", "RS202", "RS203"))


ORDERS = st.lists(st.sampled_from(["rs2", "ro2"]), min_size=1, max_size=2, unique=True)
TARGETS = st.lists(st.sampled_from(["RS201", "RS202", "RS203", "RS204"]), min_size=1, max_size=4, unique=True)
LISTED = {"rs2": {"RS201": 3, "RS202": 4, "RS203": 2}, "ro2": {"RS201": 3}}


def expected(items: list[str], targets: list[str]) -> str | int:
    """What must come out of it, said once more and without the rule: a code, or the credits."""
    given = dict.fromkeys(items, 0)
    for course in targets:
        able = [item for item in items if course in LISTED[item]]
        if not able:
            return "E_SCOPE"
        given[able[0]] += LISTED[able[0]][course]
    if not all(given.values()):
        return "E_ZERO_CREDIT"
    return "E_CAP_CREDENTIAL" if max(given.values()) > 8 else sum(given.values())


@settings(max_examples=25)
@given(ORDERS, TARGETS)
def test_n6_any_items_for_any_courses(names: list[str], targets: list[str]) -> None:
    world, issued = college()
    items, outcome = [issued[name][0] for name in names], expected(names, targets)
    claimed = sum(LISTED["rs2"].get(course, 0) for course in targets)
    act = use(world, "r1", items, f"{claimed}/1", *targets)
    if isinstance(outcome, str):
        world.refused(outcome, *act)
    else:
        world.do(*act)
        assert world.account("n4").recognised == f"{outcome}/1"
        assert world.account("n4").courses == {course: f"{LISTED['rs2'][course]}/1" for course in targets}


def test_n6_nothing_for_nothing() -> None:
    world, issued = college()
    world.refused("E_ZERO_CREDIT", *use(world, "r1", [issued["rs2"][0]], "0/1"))


def test_n6_caps_of_class_and_award_hold_too() -> None:
    prior = substitution(cap_class="x-certificate")
    world, issued = college(prior, caps=Caps(per_class={"x-certificate": "1/35"}))  # 4 of 140
    rs2 = issued["rs2"][0]
    world.refused("E_CAP_CLASS", *use(world, "r1", [rs2], "7/1", "RS201", "RS202"))
    world.do(*use(world, "r1", [rs2], "4/1", "RS202"))
    world, issued = college(caps=Caps(per_award="1/35"))
    world.refused("E_CAP_AWARD", *use(world, "r1", [issued["rs2"][0]], "7/1", "RS201", "RS202"))


def test_n6_match_of_content_is_attested() -> None:
    world, issued = college(substitution(min_match="7/10", requires_grade="3/5"))
    item = issued["rs2"][0]
    kind, body, *signers = use(world, "r1", [item], "3/1", "RS201")
    both = (*attest([item], "grade"), *attest([item], "match"))
    world.refused("E_ATTESTATION_MISSING", kind, body, *signers, detail="grade")
    graded = replace(body, attestations=both[:1])
    world.refused("E_ATTESTATION_MISSING", kind, graded, *signers, detail="match")
    false = (both[0], replace(both[1], document=b"\x01" * 32))
    world.refused("E_PROOF", kind, replace(body, attestations=false), *signers)
    world.refused("E_VALUE", kind, replace(body, attestations=(*both, both[1])), *signers)
    world.do(kind, replace(body, attestations=both), *signers)


def test_c5_noncredit_only_with_an_attested_assessment() -> None:
    short = certificate("nc", 2, track="noncredit", credits="0/1")
    entry = Substitution(programme="crrc-nc", courses=listed("RS203 2"))
    world, issued = college(substitution(substitutions=(entry,)), short)
    item = issued["nc"][0]
    kind, body, *signers = use(world, "r1", [item], "2/1", "RS203")
    world.refused("E_NONCREDIT", kind, body, *signers)
    world.refused("E_NONCREDIT", kind, replace(body, attestations=attest([item], "grade")), *signers)
    attested = attest([item], "assessment")
    false = (replace(attested[0], document=b"\x01" * 32),)
    world.refused("E_PROOF", kind, replace(body, attestations=false), *signers)
    world.do(kind, replace(body, attestations=attested), *signers)
    assert (world.recognition("r1").items[0].credits, world.recognition("r1").awarded) == ("0/1", "2/1")


def test_c5_every_noncredit_item_needs_its_own_attestation() -> None:
    short = certificate("nc", 2, track="noncredit", credits="0/1")
    entry = Substitution(programme="crrc-nc", courses=listed("RS203 2"))
    world, issued = college(substitution(substitutions=(entry,)), short)
    items = [issued["nc"][0], issued["nc"][1]]
    kind, body, *signers = use(world, "r1", items, "2/1", "RS203")
    refused = world.refused(
        "E_NONCREDIT", kind, replace(body, attestations=attest(items, "assessment")[:1]), *signers
    )
    assert refused.path == "body.items[1]"


def test_n13_contact_and_notional_hours_meet_by_substitution() -> None:
    world, issued = college()
    assert substitution().multiplier() is None  # no edge on the ratio graph either
    world.do(*use(world, "r1", [issued["ro2"][0]], "3/1", "RS201"))
    assert world.account("n4").recognised == "3/1"


def entry(*courses: str, programme: str = "crrc-rs2", level: int | None = None) -> Substitution:
    """An entry as written."""
    pairs = [course.split() for course in courses]
    rows = tuple(ListedCourse(code=code, credits=amount) for code, amount in pairs)
    return Substitution(programme=programme, level=level, courses=rows)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"substitutions": (entry("B 1/1", "A 1/1"),)}, "E_VALUE"),
        ({"substitutions": (entry("A 1/1", "A 2/1"),)}, "E_VALUE"),
        ({"substitutions": (entry("A 0/1"),)}, "E_VALUE"),
        ({"substitutions": (entry("A 1"),)}, "E_NUMBER"),
        ({"substitutions": (entry("A 1/1"), entry("B 1/1"))}, "E_VALUE"),
        ({"substitutions": (entry("A 1/1"), entry("B 1/1", level=2))}, "E_VALUE"),
        ({"substitutions": (entry("A 1/1"), entry("A 1/1", programme="crrc-ro2"))}, "E_VALUE"),
        ({"level_map": (LevelClasses(level=2, classes=()), LevelClasses(level=1, classes=()))}, "E_VALUE"),
        ({"level_map": (LevelClasses(level=2, classes=("core", "basic")),)}, "E_VALUE"),
        ({"cap_per_credential": "0/1"}, "E_VALUE"),
        ({"cap_per_credential": "8"}, "E_NUMBER"),
        ({"min_match": "7/5"}, "E_VALUE"),
        ({"requires_grade": "7/5"}, "E_VALUE"),
        ({"cosigners": ("crrc-eval", "bcb")}, "E_VALUE"),
    ],
)
def test_n6_values(changes: dict[str, Any], code: str) -> None:
    world = Exchange()
    proposed = agreement("crrc-eval", "hnrail", substitution(**changes))
    world.refused(
        code, "agreement_propose", ProposeBody(agreement_id="a", terms=proposed), "hnrail agreements"
    )


def test_n6_programmes_of_the_rule_are_known_when_it_is_proposed() -> None:
    world = Exchange()
    world.at("2026-03-09")
    body = ProposeBody(agreement_id="a", terms=agreement("crrc-eval", "hnrail", substitution()))
    refused = world.refused("E_UNKNOWN_REF", "agreement_propose", body, "hnrail agreements")
    assert "crrc-ro2" in refused.detail


def test_n6_the_account_is_the_receivers() -> None:
    world, issued = college()
    kind, body, *signers = use(world, "r1", [issued["rs2"][0]], "3/1", "RS201")
    world.refused("E_UNKNOWN_REF", kind, replace(body, enrolment=uid("n9")), *signers)
