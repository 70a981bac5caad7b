"""Rule sets: the rules of agreements too large for one log entry (T47; rows N7 and P14).

A set never changes and binds nobody by itself; agreements name it with its hash, several may name the same.
Its rules stand in rows of their own, by id and by the programmes they name, so that finding one never means
reading the others.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.domain.model.agreement import MAX_RULES, RatioStar
from accord_ledger.domain.rules import Rule
from accord_ledger.fields import Count, Digest, Seconds, Slug
from accord_ledger.state import Table

MAX_COSIGNERS: Final = 8 * MAX_RULES


class RuleSet(Wire):
    """What the terms of an agreement need to know of a set without reading its rules."""

    author: Slug
    hash: Digest
    at: Seconds
    rule_ids: Annotated[tuple[Slug, ...], Meta(max_length=MAX_RULES)]
    """In order, each once."""
    general: Annotated[tuple[Slug, ...], Meta(max_length=MAX_RULES)] = ()
    """Those of its rules that name no programme, in order."""
    cosigners: Annotated[tuple[Slug, ...], Meta(max_length=MAX_COSIGNERS)] = ()
    """Of all its rules, in order, each once: they sign the terms as well."""
    stars: tuple[RatioStar, ...] = ()
    """What its ratio rules put on the ratio graph."""
    ratio_rules: Count = 0


class StoredRule(Wire):
    """One rule of a set."""

    rule: Rule


class RuleNames(Wire):
    """Rules of one set, by id, in order."""

    rules: Annotated[tuple[Slug, ...], Meta(max_length=MAX_RULES)]


RULE_SETS: Table[RuleSet] = Table("rule_set", RuleSet)
"""By rule set id."""
SET_RULES: Table[StoredRule] = Table("rule_set_rule", StoredRule)
"""By rule set id and rule id."""
SET_PROGRAMMES: Table[RuleNames] = Table("rule_set_programme", RuleNames)
"""By rule set id and programme: the rules of the set that name the programme."""
