"""T10 course_offering: terms of courses and intakes."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.kinds import offering
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.model.programme import OFFERINGS, YEAR_COUNTS, Course
from domain_world import World, terms


@pytest.fixture
def world() -> World:
    world = World()
    world.register(terms(required_courses=("HI-1", "HI-2")))
    return world


def term(start: str, finish: str, course: str | None = "HI-1", **more: Any) -> CourseOffering:
    return CourseOffering(programme="uu-ds", course=course, term_start=start, term_end=finish, **more)


def starts(world: World, course: str = "HI-1") -> list[str]:
    return [known.term_start for known in world.get(OFFERINGS, "uu-ds", course).terms]


def test_t10_terms_are_kept_in_order(world: World) -> None:
    for first, last in (
        ("2026-09-01", "2026-12-20"),
        ("2026-03-09", "2026-05-15"),
        ("2026-09-01", "2026-11-01"),
    ):
        world.do("course_offering", term(first, last), "uu registrar")
    assert starts(world) == ["2026-03-09", "2026-09-01", "2026-09-01"]
    assert world.get(OFFERINGS, "uu-ds", "HI-2") is None


def test_t10_entrants_count_in_the_year_the_term_ends(world: World) -> None:
    for first, last, entrants in (
        ("2026-03-02", "2026-03-25", 40),
        ("2026-08-03", "2026-08-31", 12),
        ("2026-12-01", "2027-01-31", 7),
    ):
        world.do("course_offering", term(first, last, None, entrants=entrants), "uu registrar")
    assert world.get(YEAR_COUNTS, "uu-ds", 2026).entrants == 52
    assert world.get(YEAR_COUNTS, "uu-ds", 2027).entrants == 7


def test_t10_by_a_registrar_of_an_issuer(world: World) -> None:
    body = term("2026-03-09", "2026-05-15")
    world.refused("E_SIG_MISSING", "course_offering", body, "uu")
    world.refused("E_SIG_MISSING", "course_offering", body, "um registrar")


def test_t10_at_most_thirty_days_back(world: World) -> None:
    world.at("2026-05-01")
    world.refused("E_BACKDATED", "course_offering", term("2026-03-31", "2026-05-15"), "uu registrar")
    world.do("course_offering", term("2026-04-01", "2026-05-15"), "uu registrar")
    intake = term("2026-03-31", "2026-05-15", None, entrants=40)
    world.refused("E_BACKDATED", "course_offering", intake, "uu registrar")


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("E_UNKNOWN_REF", term("2026-03-09", "2026-05-15", "HI-3")),
        ("E_VALUE", term("2026-03-09", "2026-03-08")),
        ("E_VALUE", term("2026-03-09", "2026-05-15", None)),
        ("E_VALUE", term("2026-03-09", "2026-05-15", entrants=3)),
        ("E_SCHEMA", term("2026-13-01", "2026-13-02")),
        ("E_SCHEMA", term("2026-03-09", "2026-05-15", None, entrants=10**6 + 1)),
        (
            "E_UNKNOWN_REF",
            CourseOffering(programme="x", term_start="2026-03-09", term_end="2026-05-15", entrants=1),
        ),
    ],
)
def test_t10_errors(world: World, code: str, body: CourseOffering) -> None:
    world.refused(code, "course_offering", body, "uu registrar")


def test_t10_courses_of_the_newest_version_and_of_awards(world: World) -> None:
    world.register(terms(version=2, required_courses=("HI-3",)))
    world.do("course_offering", term("2026-03-09", "2026-05-15", "HI-3"), "uu registrar")
    world.refused(
        "E_UNKNOWN_REF", "course_offering", term("2026-03-09", "2026-05-15", "HI-1"), "uu registrar"
    )
    courses = (Course(code="C1", credits="3/1", course_class="core"),)
    world.register(terms("um-degree", "um", form="award", courses=courses))
    body = CourseOffering(programme="um-degree", course="C1", term_start="2026-03-09", term_end="2026-05-15")
    world.do("course_offering", body, "um registrar")


def test_t10_courses_of_the_version_in_force(world: World) -> None:
    first = terms(required_courses=("HI-1", "HI-2"))
    world.submit(first)
    world.approve(first, "uu")
    world.activate(first)
    world.register(terms(version=2, required_courses=("HI-3",)))
    world.do("course_offering", term("2026-03-09", "2026-05-15", "HI-1"), "uu registrar")


def test_t10_terms_that_can_matter_stay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past terms make room but for the newest of them; terms ahead never do."""
    monkeypatch.setattr(offering, "MAX_TERMS", 3)
    for first in ("2026-03-01", "2026-03-02", "2026-06-01"):
        world.do("course_offering", term(first, "2026-12-31"), "uu registrar")
    world.at("2026-03-03")
    world.do("course_offering", term("2026-07-01", "2026-12-31"), "uu registrar")
    assert starts(world) == ["2026-03-02", "2026-06-01", "2026-07-01"]
    world.refused("E_RANGE", "course_offering", term("2026-08-01", "2026-12-31"), "uu registrar")


def test_t10_entrants_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "MAX_ENTRANTS", 50)
    world.do("course_offering", term("2026-03-09", "2026-05-15", None, entrants=50), "uu registrar")
    more = term("2026-03-09", "2026-05-15", None, entrants=1)
    world.refused("E_RANGE", "course_offering", more, "uu registrar")
