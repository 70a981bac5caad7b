"""A certificate replaces listed courses, each as a whole (rows N5 and N6; DOMAIN.md 2.3).

Which item replaces a target course follows from the record alone: the first item in listed order whose
certificate admits the class of the course by its level and lists the course. The order is the receiver's,
so is a second recognition where two certificates could replace the same course.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from accord_ledger import rational
from accord_ledger.codec import Wire
from accord_ledger.conversion.caps import check_cap
from accord_ledger.conversion.whole import check_whole_course, course_substitution
from accord_ledger.domain.attestation import AttestedFact
from accord_ledger.domain.items import Presented
from accord_ledger.domain.model.framework import Level
from accord_ledger.domain.model.programme import Course, ProgrammeTerms
from accord_ledger.domain.rules.base import NoncreditUse, Replaced, RuleTerms, check_ascending, check_share
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, RationalText, Slug

CourseClass = Literal["basic", "core", "elective"]


class ListedCourse(Wire):
    """A course of the receiver's award, and the credits it is replaced for."""

    code: Code
    credits: RationalText


class Substitution(Wire):
    """What the certificates of one programme replace."""

    programme: Slug
    level: Level | None = None
    """Only certificates of this level; None: of any."""
    courses: Annotated[tuple[ListedCourse, ...], Meta(min_length=1, max_length=60)]
    """In order of their codes, each once."""


class LevelClasses(Wire):
    """Course classes that certificates of one level may replace."""

    level: Level
    classes: Annotated[tuple[CourseClass, ...], Meta(max_length=3)]
    """In order, each once."""


class CourseSubstitution(RuleTerms, tag_field="kind", tag="course_substitution"):
    """DOMAIN.md 2.3, ``course_substitution``."""

    substitutions: Annotated[tuple[Substitution, ...], Meta(min_length=1, max_length=500)]
    """In order of programme and level; a programme stands once, or once for each level."""
    level_map: Annotated[tuple[LevelClasses, ...], Meta(max_length=21)] = ()
    """In order of level; empty: every level replaces courses of every class."""
    cap_per_credential: RationalText | None = None
    """Most credits one certificate gives."""
    course_once: bool = False
    """A course that holds credit in the account is not replaced again."""
    min_match: RationalText | None = None
    """Least share of the course's content; the receiver attests that it compared."""

    noncredit: ClassVar[NoncreditUse] = "assessed"

    def check_values(self, path: str) -> None:
        """See :class:`RuleTerms`."""
        super().check_values(path)
        _check_order(self.substitutions, f"{path}.substitutions")
        for place, one in enumerate(self.substitutions):
            _check_courses(one.courses, f"{path}.substitutions[{place}].courses")
        levels = [entry.level for entry in self.level_map]
        if levels != sorted(set(levels)):
            raise Rejection("E_VALUE", "expected levels in order, each once", path=f"{path}.level_map")
        for place, entry in enumerate(self.level_map):
            check_ascending(entry.classes, f"{path}.level_map[{place}].classes")
        check_share(self.min_match, f"{path}.min_match")
        cap = self.cap_per_credential
        if cap is not None and rational.parse(cap, f"{path}.cap_per_credential") == 0:
            raise Rejection("E_VALUE", "expected a cap above 0", path=f"{path}.cap_per_credential")

    def programmes(self) -> Sequence[str]:
        """See :class:`RuleTerms`."""
        return tuple(dict.fromkeys(one.programme for one in self.substitutions))

    def facts(self) -> tuple[AttestedFact, ...]:
        """See :class:`RuleTerms`."""
        return (*super().facts(), "match") if self.min_match is not None else super().facts()

    def replaced(
        self, items: Sequence[Presented], courses: Sequence[Course], counted: Collection[str]
    ) -> tuple[Replaced, ...]:
        """See :class:`RuleTerms`; all levels, then all listings, then all that was counted before."""
        able = [self._able(items, place, course) for place, course in enumerate(courses)]
        listings = [self._listing(item.programme.terms) for item in items]
        found = []
        for place, course in enumerate(courses):
            item = next((item for item in able[place] if course.code in listings[item]), None)
            if item is None:
                detail = f"expected a course the rule lists, got {course.code}"
                raise Rejection("E_SCOPE", detail, path=f"body.targets[{place}]")
            found.append(Replaced(course, item, listings[item][course.code]))
        for place, course in enumerate(courses):
            if self.course_once and course.code in counted:
                raise Rejection("E_COURSE_ALREADY_SUBSTITUTED", course.code, path=f"body.targets[{place}]")
        return tuple(found)

    def _able(self, items: Sequence[Presented], place: int, course: Course) -> list[int]:
        """Places of the items whose level admits the class of the course: ``E_LEVEL_SCOPE`` if there is none."""
        levels = {entry.level for entry in self.level_map if course.course_class in entry.classes}
        able = [
            number
            for number, item in enumerate(items)
            if not self.level_map or item.programme.terms.level in levels
        ]
        if not able:
            got = ", ".join(str(item.programme.terms.level) for item in items[:3])
            detail = f"expected a level that replaces {course.course_class} courses, got {got}"
            raise Rejection("E_LEVEL_SCOPE", detail, path=f"body.targets[{place}]")
        return able

    def _listing(self, programme: ProgrammeTerms) -> dict[str, Fraction]:
        """Courses the certificates of a programme replace, with their credits."""
        place = bisect_left(self.substitutions, programme.programme_id, key=lambda one: one.programme)
        for one in self.substitutions[place:]:
            if one.programme != programme.programme_id:
                break
            if one.level in (None, programme.level):
                return {course.code: rational.parse(course.credits) for course in one.courses}
        return {}

    def check_whole(self, items: int, replaced: Sequence[Replaced]) -> None:
        """See :class:`RuleTerms`: ``E_ZERO_CREDIT``, then ``E_PARTIAL_COURSE``."""
        used = {one.item for one in replaced}
        for place in range(items):
            if place not in used:
                raise Rejection(
                    "E_ZERO_CREDIT", "expected a course the item replaces", path=f"body.items[{place}]"
                )
        for place, one in enumerate(replaced):
            check_whole_course(one.credits, rational.parse(one.course.credits), f"body.targets[{place}]")

    def check_per_credential(self, replaced: Sequence[Replaced]) -> None:
        """See :class:`RuleTerms`."""
        if self.cap_per_credential is None:
            return
        cap = rational.parse(self.cap_per_credential)
        given: dict[int, Fraction] = {}
        for one in replaced:
            given[one.item] = given.get(one.item, Fraction(0)) + one.credits
        for place in sorted(given):
            check_cap("E_CAP_CREDENTIAL", Fraction(0), given[place], cap, f"body.items[{place}]")

    def exact(self, item_credits: Sequence[Fraction], replaced: Sequence[Replaced] = ()) -> Fraction:
        """See :class:`RuleTerms`: what is listed, whatever the items' own credits."""
        return course_substitution(one.credits for one in replaced)


def _check_order(substitutions: Sequence[Substitution], path: str) -> None:
    """In order of programme and level, each once, and a level everywhere or nowhere for one programme."""
    names = [(one.programme, -1 if one.level is None else one.level) for one in substitutions]
    if names != sorted(set(names)):
        raise Rejection("E_VALUE", "expected programmes and levels in order, each once", path=path)
    for before, after in pairwise(names):
        if before[0] == after[0] and before[1] == -1:
            raise Rejection("E_VALUE", f"expected one entry for {after[0]} or one for each level", path=path)


def _check_courses(courses: Sequence[ListedCourse], path: str) -> None:
    check_ascending([course.code for course in courses], path)
    for place, course in enumerate(courses):
        if rational.parse(course.credits, f"{path}[{place}].credits") == 0:
            raise Rejection("E_VALUE", "expected credits above 0", path=f"{path}[{place}].credits")
