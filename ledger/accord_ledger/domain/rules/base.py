"""What every rule of an agreement says, and what the stages of T27 ask of it (DOMAIN.md 2.3, 2.5).

A rule kind is one struct in a file of its own: its fields are its terms, its methods are its arithmetic.
Adding a kind is adding a file and naming it in the union of :mod:`accord_ledger.domain.rules`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from accord_ledger import rational
from accord_ledger.codec import Wire
from accord_ledger.domain.attestation import AttestedFact
from accord_ledger.domain.items import Presented
from accord_ledger.domain.model.framework import Framework
from accord_ledger.domain.model.programme import Course
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, RationalText, Slug, Version

FrameworkRef = tuple[Slug, Version]
"""Framework id and version."""

Use = Literal["credit", "admission", "evidence"]
"""What a rule lets a credential do: be spent for credit, count for an admission (T29), or only be shown."""

NoncreditUse = Literal["never", "assessed", "always"]
"""When items of the noncredit track may be used; ``assessed``: with an attested assessment (row C5)."""


def check_ascending(names: Sequence[str], path: str) -> None:
    """``E_VALUE`` unless the names stand in order, each once: one spelling per set."""
    if list(names) != sorted(set(names)):
        raise Rejection("E_VALUE", "expected names in order, each once", path=path)


def check_share(share: str | None, path: str) -> None:
    """``E_NUMBER``, or ``E_VALUE`` for more than the whole; None is fine."""
    if share is not None and rational.parse(share, path) > 1:
        raise Rejection("E_VALUE", f"expected a share of at most 1, got {share}", path=path)


@dataclass(frozen=True, slots=True)
class Replaced:
    """A course of the award and the item that replaces it whole."""

    course: Course
    item: int
    """Place of the item in the record."""
    credits: Fraction
    """What the rule lists for the course."""


class RuleTerms(Wire):
    """Terms that rules of every kind may carry."""

    rule_id: Slug
    """Unique in its agreement."""
    source: FrameworkRef
    """Framework of the items: it, or one that narrows it."""
    target: FrameworkRef
    """Framework of the credits that arise."""
    cap_class: Code | None = None
    """``class`` in DOMAIN.md: which class cap counts what the rule gives."""
    cosigners: Annotated[tuple[Slug, ...], Meta(max_length=8)] = ()
    """Parties that sign every recognition under the rule with ``registrar``."""
    requires_grade: RationalText | None = None
    """Least grade (share of the best); the receiver attests that it opened the document and checked."""
    atomic: bool = False
    """What is awarded must be whole target courses."""

    use: ClassVar[Use] = "credit"
    """What the items are used for; only ``credit`` spends them."""
    noncredit: ClassVar[NoncreditUse] = "never"

    def check_values(self, path: str) -> None:
        """Numbers and values against each other: ``E_NUMBER``, ``E_VALUE``."""
        check_ascending(self.cosigners, f"{path}.cosigners")
        check_share(self.requires_grade, f"{path}.requires_grade")

    def check_hours_known(self, source: Framework, target: Framework, path: str) -> None:
        """``E_NO_HOURS`` where the rule needs hours that a framework does not have."""

    def check_pins(self, source: Framework, target: Framework, path: str) -> None:
        """``E_PIN_OUTSIDE_FRAMEWORK`` unless every pin lies inside the interval of its framework."""

    def check_hour_kinds(self, source: Framework, target: Framework, path: str) -> None:
        """``E_HOUR_KIND`` where hours of different kinds would be set against each other."""

    def programmes(self) -> Sequence[str]:
        """Programmes the rule names, each once; they must be known when it is proposed."""
        return ()

    def facts(self) -> tuple[AttestedFact, ...]:
        """What the receiver attests about every item (stage 8)."""
        return ("grade",) if self.requires_grade is not None else ()

    def check_item(self, item: Presented, path: str) -> None:
        """Stage 5 of T27 for one item, besides the agreement's scope: ``E_SCOPE``."""

    def check_items(self, items: Sequence[Presented]) -> None:
        """Stage 8 of T27, what the items must be to one another."""

    def replaced(
        self, items: Sequence[Presented], courses: Sequence[Course], counted: Collection[str]
    ) -> tuple[Replaced, ...]:
        """Stage 8 of T27, courses: which item replaces which of the target courses.

        Args:
            items: what was presented.
            courses: the target courses.
            counted: codes of the courses that hold credit in the account already.

        Raises:
            Rejection: ``E_LEVEL_SCOPE``, ``E_SCOPE``, ``E_COURSE_ALREADY_SUBSTITUTED``.
        """
        del items, courses, counted
        return ()

    def check_whole(self, items: int, replaced: Sequence[Replaced]) -> None:
        """Stage 9 of T27: every item gives something, every course is replaced as a whole."""

    def check_per_credential(self, replaced: Sequence[Replaced]) -> None:
        """Stage 10 of T27: ``E_CAP_CREDENTIAL``."""

    def multiplier(self) -> Fraction | None:
        """Target credits per source credit, the edge on the ratio graph; None: no edge."""
        return None

    def exact(self, item_credits: Sequence[Fraction], replaced: Sequence[Replaced] = ()) -> Fraction:
        """Exact credits for the items together, before the one rounding."""
        raise NotImplementedError
