"""T47 rule_set_define, agreements made of rule sets, and finding one rule among thousands (rows N7, P14)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger import codec
from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.kinds.rule_set import RuleSetBody
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENTS,
    RATIO_ENTRIES,
    RECEIVER_AGREEMENTS,
    AgreementTerms,
    RuleSetRef,
    Scope,
)
from accord_ledger.domain.model.rule_set import RULE_SETS, SET_PROGRAMMES, SET_RULES
from accord_ledger.domain.rule_lookup import find_rule, rule_count, rules_about
from accord_ledger.domain.rules import CourseSubstitution
from accord_ledger.domain.rules.course_substitution import ListedCourse, Substitution
from accord_ledger.domain.terms import rules_hash
from agreement_world import SIGN, amend, define, multilateral
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange, agreement, exchange, fixed, hours

DEFINE, PROPOSE = "rule_set_define", "agreement_propose"
UU = "uu agreements"


def substitution(rule_id: str, *programmes: str, **more: Any) -> CourseSubstitution:
    """A rule that takes these programmes for course C1."""
    listed = tuple(
        Substitution(programme=name, courses=(ListedCourse(code="C1", credits="4/1"),)) for name in programmes
    )
    values: dict[str, Any] = {"source": ("nl-ects", 1), "target": ("cn-mc", 1), "substitutions": listed}
    return CourseSubstitution(rule_id=rule_id, **values | more)


def with_sets(world: Exchange, *sets: RuleSetRef, **more: Any) -> AgreementTerms:
    """uu to bcb by rule sets alone."""
    ordered = tuple(sorted(sets, key=lambda one: one.rule_set))
    return agreement("uu", "bcb", rule_sets=ordered, sign_by=world.time + 60, **more)


def test_t47_stores_every_rule_by_id_and_programme() -> None:
    world, _ = exchange()
    rules = (hours(), substitution("sub", "uu-ds", cosigners=("crrc-eval",)))
    before = world.execution.weight
    receipt = world.do(DEFINE, RuleSetBody(rule_set=uid("set"), rules=rules), UU)
    assert world.execution.weight - before == 10 + 16 + 4
    assert receipt.result == {"hash": rules_hash(rules).hex()}
    kept = world.get(RULE_SETS, uid("set"))
    assert (kept.rule_ids, kept.general, kept.cosigners) == (("hours", "sub"), ("hours",), ("crrc-eval",))
    assert (kept.ratio_rules, [star.ratio for star in kept.stars]) == (1, ["7/10"])
    assert world.get(SET_RULES, uid("set"), "sub").rule == rules[1]
    assert world.get(SET_PROGRAMMES, uid("set"), "uu-ds").rules == ("sub",)


def test_t47_ids_are_used_once_and_anyone_with_agreements_defines() -> None:
    world, _ = exchange()
    body = RuleSetBody(rule_set=uid("set"), rules=(hours(),))
    world.refused("E_SIG_MISSING", DEFINE, body, "uu registrar")
    world.do(DEFINE, body, "crrc-eval agreements")
    world.refused("E_DUPLICATE", DEFINE, replace(body, rules=(fixed(),)), UU)


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ((), "E_SCHEMA"),
        ((hours(), fixed()), "E_VALUE"),
        ((fixed(), fixed()), "E_VALUE"),
        ((fixed("0/1"),), "E_VALUE"),
        ((fixed("2/4"),), "E_NUMBER"),
        ((hours("nobody"),), "E_UNKNOWN_REF"),
        ((hours(target="nobody"),), "E_UNKNOWN_REF"),
        ((hours(cosigners=("nobody",)),), "E_UNKNOWN_REF"),
        ((substitution("sub", "nobody"),), "E_UNKNOWN_REF"),
        ((hours("uom"),), "E_NO_HOURS"),
        ((hours(pins="24/1 40/1"),), "E_PIN_OUTSIDE_FRAMEWORK"),
        ((hours(target="cn-hvc", pins="28/1 16/1"),), "E_HOUR_KIND"),
        ((hours(pins="24/1 40/1", rule_id="a"), hours("uom", rule_id="b")), "E_NO_HOURS"),
    ],
)
def test_t47_says_of_rules_what_t22_says(rules: Any, code: str) -> None:
    world, _ = exchange()
    world.refused(code, DEFINE, RuleSetBody(rule_set=uid("set"), rules=rules), UU)


def test_t22_names_rule_sets_with_their_hashes() -> None:
    world, _ = exchange()
    one, two = define(world, "one", fixed()), define(world, "two", hours())
    proposed = with_sets(world, one, two)
    body = ProposeBody(agreement_id="a2", terms=proposed)
    unknown = replace(one, rule_set=uid("three"))
    for sets, code in (
        ((unknown,), "E_UNKNOWN_REF"),
        ((replace(one, hash=two.hash),), "E_UNKNOWN_REF"),
        (tuple(reversed(proposed.rule_sets)), "E_VALUE"),
        ((one, one), "E_VALUE"),
        ((), "E_VALUE"),
    ):
        world.refused(code, PROPOSE, replace(body, terms=replace(proposed, rule_sets=sets)), UU)
    for changed in (
        with_sets(world, one, define(world, "again", fixed())),
        replace(proposed, rules=(hours(),)),
    ):
        world.refused("E_VALUE", PROPOSE, replace(body, terms=changed), UU)
    before = world.execution.weight
    world.do(PROPOSE, body, UU)
    assert world.execution.weight - before == 10 + 16 + 2 + 4


def test_t23_cosigners_of_a_set_sign_and_its_rules_weigh() -> None:
    world, _ = exchange()
    shared = define(world, "shared", fixed("1/2"), hours(cosigners=("crrc-eval",)))
    proposed = with_sets(world, shared)
    world.propose("a2", proposed)
    for party in ("uu", "bcb"):
        world.do(SIGN, world.sign_body("a2", proposed), f"{party} agreements")
    assert world.get(AGREEMENTS, "a2").status == "draft"
    before = world.execution.weight
    world.do(SIGN, world.sign_body("a2", proposed), "crrc-eval agreements")
    assert world.execution.weight - before == 10 + 16 + 4 + (2 + 2 + 4)  # a1 has two nodes and two edges
    assert [star.rule for star in world.get(RATIO_ENTRIES, "a2", 1).stars] == ["hours"]


def test_t23_cycle_check_sees_the_rules_of_a_set() -> None:
    world, _ = exchange()
    proposed = replace(
        with_sets(world, define(world, "back", fixed("2/1", "cn-mc", "ects"))), senders=("bcb",)
    )
    proposed = replace(proposed, receivers=("uu",))
    world.propose("a2", proposed)
    world.do(SIGN, world.sign_body("a2", proposed), "bcb agreements")
    refused = world.refused("E_CYCLE_INFLATION", SIGN, world.sign_body("a2", proposed), UU)
    assert "7/5" in refused.detail


def test_t27_uses_a_rule_of_a_set_with_its_cosigners() -> None:
    world, batch = exchange()
    ref = define(world, "set", fixed("1/2"), hours(cosigners=("crrc-eval",)))
    proposed = with_sets(world, ref)
    world.agree("a2", proposed)
    world.do(SIGN, world.sign_body("a2", proposed), "crrc-eval agreements")
    use = world.use("r1", "n1", "a2", [batch[0]], "2/1")
    world.refused("E_SIG_MISSING", *use, detail="crrc-eval registrar")
    world.do(*use, "crrc-eval registrar")
    world.refused("E_NO_AGREEMENT", *world.use("r2", "n1", "a2", [batch[1]], "2/1", rule="other"))


def test_p14_one_template_in_the_agreements_of_three_colleges() -> None:
    world, _ = multilateral()
    ref = define(world, "template", substitution("sub", "uu-ds"))
    for college in ("hnrail", "suny", "um"):
        world.agree(f"of-{college}", replace(with_sets(world, ref), receivers=(college,)))
        rules = list(rules_about(world.view, world.get(AGREEMENT_TERMS, f"of-{college}", 1), "uu-ds"))
        assert [rule.rule_id for rule in rules] == ["sub"]
        assert world.get(RECEIVER_AGREEMENTS, college, f"of-{college}") is not None


def test_rules_about_a_programme_name_it_or_none() -> None:
    world, _ = exchange()
    world.launch(terms("other"))
    sets = [
        define(world, "one", fixed(), substitution("sub-a", "uu-ds")),
        define(world, "two", substitution("sub-b", "other", "uu-ds")),
    ]
    made = replace(with_sets(world, *sets), rules=(hours(), substitution("sub-c", "other")))

    def names(programme: str) -> set[str]:
        return {rule.rule_id for rule in rules_about(world.view, made, programme)}

    assert names("uu-ds") == {"fixed", "hours", "sub-a", "sub-b"}
    assert names("other") == {"fixed", "hours", "sub-b", "sub-c"}
    assert names("third") == {"fixed", "hours"}
    scoped = replace(made, scope=Scope(programmes=("uu-ds",)))
    assert not list(rules_about(world.view, scoped, "other"))


def test_an_amendment_may_change_the_rule_sets() -> None:
    world, batch = exchange()
    amend(world, rules=(), rule_sets=(define(world, "set", fixed("1/2")),))
    use = world.use("r1", "n1", "a1", [batch[0]], "3/2", agreement=("a1", 2), rule="fixed")
    world.do(*use)


N7_RULES = 4_278
"""Rules of the national vocational credit bank (row N7)."""


def test_n7_thousands_of_rules_load_and_one_is_found_at_once() -> None:
    world, _ = exchange()
    rules = [substitution(f"rule-{number:04d}", "uu-ds") for number in range(N7_RULES - 1)]
    rules.append(substitution("rule-last", "uu-ds2"))
    world.launch(terms("uu-ds2"))
    sets = [define(world, f"set {start}", *rules[start : start + 200]) for start in range(0, len(rules), 200)]
    proposed = with_sets(world, *sets)
    assert rule_count(world.view, proposed) == N7_RULES
    assert len(codec.encode(proposed)) < 4096
    world.agree("bank", proposed)
    world.at("2026-04-05", seconds=1)
    found: AgreementTerms = world.get(AGREEMENT_TERMS, "bank", 1)
    start = time.process_time()
    by_id = find_rule(world.view, found, "rule-last")
    by_programme = list(rules_about(world.view, found, "uu-ds2"))
    assert time.process_time() - start < 0.01
    assert by_id == rules[-1]
    assert by_programme == [rules[-1]]
