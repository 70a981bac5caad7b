"""All or nothing: so many items of one series, each of one size, for one listed grant (row U3)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated

from msgspec import Meta

from accord_ledger import rational
from accord_ledger.conversion.whole import bundle_multiplier, check_bundle_count
from accord_ledger.domain.items import MAX_ITEMS, Presented
from accord_ledger.domain.rules.base import Replaced, RuleTerms
from accord_ledger.errors import Rejection
from accord_ledger.fields import RationalText


class Bundle(RuleTerms, tag_field="kind", tag="bundle"):
    """DOMAIN.md 2.3, ``bundle``; the items are of one series and of different programmes."""

    count: Annotated[int, Meta(ge=1, le=MAX_ITEMS)]
    """Items it takes, exactly."""
    item_credits: RationalText
    """Source credits of each item, exactly."""
    grant: RationalText
    """Target credits for all together."""

    def check_values(self, path: str) -> None:
        """See :class:`RuleTerms`."""
        super().check_values(path)
        bundle_multiplier(
            self.count,
            rational.parse(self.item_credits, f"{path}.item_credits"),
            rational.parse(self.grant, f"{path}.grant"),
            path,
        )

    def check_item(self, item: Presented, path: str) -> None:
        """See :class:`RuleTerms`: an item of another size is out of scope."""
        if item.credits != rational.parse(self.item_credits):
            detail = f"expected an item of {self.item_credits} credits, got {item.credits}"
            raise Rejection("E_SCOPE", detail, path=path)

    def check_items(self, items: Sequence[Presented]) -> None:
        """See :class:`RuleTerms`; in the order of DOMAIN.md 2.5, stage 8."""
        programmes = [item.batch.programme[0] for item in items]
        if len(set(programmes)) < len(programmes):
            raise Rejection("E_BUNDLE_DUPLICATE", "expected items of different programmes", path="body.items")
        check_bundle_count(self.count, len(items), "body.items")
        group = items[0].programme.terms.group
        for place, item in enumerate(items):
            if group is None or item.programme.terms.group != group:
                raise Rejection(
                    "E_BUNDLE_MISMATCH", "expected items of one series", path=f"body.items[{place}]"
                )
        if group is not None and group.kind != "series":
            raise Rejection("E_BUNDLE_KIND", f"expected a series, got a {group.kind}", path="body.items")

    def multiplier(self) -> Fraction | None:
        """See :class:`RuleTerms`."""
        return bundle_multiplier(self.count, rational.parse(self.item_credits), rational.parse(self.grant))

    def exact(self, item_credits: Sequence[Fraction], replaced: Sequence[Replaced] = ()) -> Fraction:
        """See :class:`RuleTerms`."""
        return rational.parse(self.grant)
