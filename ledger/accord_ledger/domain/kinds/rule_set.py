"""T47 rule_set_define: rules of a large agreement, or a template several agreements name (rows N7, P14)."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

from msgspec import Meta

from accord_ledger.domain import ratio_graph
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.agreement import MAX_RULES
from accord_ledger.domain.model.rule_set import (
    RULE_SETS,
    SET_PROGRAMMES,
    SET_RULES,
    RuleNames,
    RuleSet,
    StoredRule,
)
from accord_ledger.domain.rules import Rule
from accord_ledger.domain.rules.base import check_ascending
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.domain.terms import check_hours, cosigners_of, known_in_rules, rules_hash
from accord_ledger.fields import ObjectId


class RuleSetBody(Body):
    """T47."""

    rule_set: ObjectId
    rules: Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=MAX_RULES)]
    """In order of their ids, each once."""


@transaction_kind
class RuleSetDefine(TransactionKind[RuleSetBody, None]):
    """T47: immutable, and binding for nobody until the terms of an agreement name it with its hash."""

    name = "rule_set_define"
    row = "T47"
    body = RuleSetBody
    errors = ("E_UNKNOWN_REF", "E_NO_HOURS", "E_PIN_OUTSIDE_FRAMEWORK", "E_HOUR_KIND", "E_DUPLICATE")

    def values(self, body: RuleSetBody) -> None:
        """Rules in order, each good by itself."""
        check_ascending([rule.rule_id for rule in body.rules], "body.rules")
        for place, rule in enumerate(body.rules):
            rule.check_values(f"body.rules[{place}]")

    def weight(self, ctx: Context, body: RuleSetBody) -> int:
        """DOMAIN.md 2.12; a set of rules has no parties."""
        return 16 + 2 * len(body.rules)

    def signers(self, ctx: Context, body: RuleSetBody) -> Need:
        """Any party that signs agreements."""
        return Signer(ctx.author, "agreements")

    def unused(self, ctx: Context, body: RuleSetBody) -> None:
        """Rule set ids are used once."""
        ctx.unused(RULE_SETS, body.rule_set, path="body.rule_set")

    def check(self, ctx: Context, body: RuleSetBody) -> None:
        """What T22 asks of rules, one code after the other over all of them."""
        check_hours(body.rules, known_in_rules(ctx, body.rules, "body.rules"), "body.rules")

    def apply(self, ctx: Context, body: RuleSetBody, plan: None) -> None:
        """Store the set, a row for every rule and one for every programme that rules name."""
        stars, ratio_rules = ratio_graph.stars_of(ctx, body.rules)
        rule_hash = rules_hash(body.rules)
        rule_set = RuleSet(
            author=ctx.author,
            hash=rule_hash,
            at=ctx.time,
            rule_ids=tuple(rule.rule_id for rule in body.rules),
            general=tuple(rule.rule_id for rule in body.rules if not rule.programmes()),
            cosigners=tuple(sorted(cosigners_of(body.rules))),
            stars=stars,
            ratio_rules=ratio_rules,
        )
        ctx.state.put(RULE_SETS, rule_set, body.rule_set)
        named: defaultdict[str, list[str]] = defaultdict(list)
        for rule in body.rules:
            ctx.state.put(SET_RULES, StoredRule(rule=rule), body.rule_set, rule.rule_id)
            for programme in sorted(set(rule.programmes())):
                named[programme].append(rule.rule_id)
        for programme in sorted(named):
            names = RuleNames(rules=tuple(named[programme]))
            ctx.state.put(SET_PROGRAMMES, names, body.rule_set, programme)
        ctx.result["hash"] = rule_hash.hex()
