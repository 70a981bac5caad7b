"""Q-B1: what covers a programme, by the rules that judge records, and fast."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.questions.reading import QuestionError
from agreement_world import amend
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange, agreement, exchange, fixed, hours
from questions_world import Asker
from use_world import shown


def asked(**changes: Any) -> dict[str, Any]:
    return {"programme": "uu-ds", "receiver": "bcb"} | changes


def test_what_three_credits_give() -> None:
    world, _ = exchange()
    [found] = Asker(world)("covering", **asked(credits="3/1", award="bjou-award"))
    assert (found.agreement, found.version, found.rule) == ("a1", 1, "hours")
    assert (found.exact, found.awarded, found.dropped) == ("21/10", "2/1", "1/10")
    assert (found.caps_left, found.ends, found.needs) == ("38/1", "2031-01-01", ("consent",))


def test_the_cap_is_that_of_the_account() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    [found] = Asker(world)("covering", **asked(enrolment=uid("n1").hex()))
    assert found.caps_left == "36/1"


@pytest.mark.parametrize(
    "scope",
    [
        {"programmes": ("other",)},
        {"categories": ("interest",)},
        {"levels": (7, 8)},
        {"audiences": ("public",)},
    ],
)
def test_what_the_scope_leaves_out_is_not_covered(scope: dict[str, Any]) -> None:
    from accord_ledger.domain.model.agreement import Scope

    world = Exchange()
    world.at("2026-03-02")
    world.launch(terms())
    world.launch(terms("other"))
    world.agree("a1", agreement("uu", "bcb", hours(), scope=Scope(**scope)))
    assert Asker(world)("covering", **asked()) == []


def test_no_trusted_grant_no_cover_across_a_border() -> None:
    world, _ = exchange(trust_registries=("MQA",))
    assert Asker(world)("covering", **asked()) == []


def test_an_award_in_other_credits_takes_nothing() -> None:
    world, _ = exchange()
    world.award("um", framework="mqf", total="76/1", profile=("mqa", 1), total_hours="3040/1")
    assert Asker(world)("covering", **asked(award="um-award")) == []


def test_it_is_covered_until_the_notice_takes_effect() -> None:
    world, _ = exchange()
    body = TerminateBody(agreement_id="a1", effective_date="2026-10-02")
    world.do("agreement_terminate", body, "uu agreements")
    [found] = Asker(world)("covering", **asked())
    assert (found.status, found.ends) == ("terminating", "2026-10-02")
    world.at("2026-10-02")
    assert Asker(world)("covering", **asked()) == []


def test_the_version_in_force_counts() -> None:
    world, _ = exchange()
    number = amend(world, rules=(hours(), fixed("1/2")))
    found = sorted((row.version, row.rule, row.awarded) for row in Asker(world)("covering", **asked()))
    assert found == [(number, "fixed", "3/2"), (number, "hours", "2/1")]


def test_evidence_gives_no_credit_and_says_so() -> None:
    world, _ = exchange()
    world.agree("e1", agreement("uu", "bcb", shown(), sign_by=world.time + 60))
    found = {row.agreement: row for row in Asker(world)("covering", **asked())}
    assert (found["e1"].use, found["e1"].exact) == ("evidence", "0/1")


def test_only_now_can_be_asked() -> None:
    world, _ = exchange()
    with pytest.raises(QuestionError) as caught:
        Asker(world)("covering", at="2026-03-10", **asked())
    assert caught.value.code == "QUESTION_AT"


def test_unknown_names_are_named() -> None:
    world, _ = exchange()
    with pytest.raises(QuestionError) as caught:
        Asker(world)("covering", **asked(programme="nothing"))
    assert caught.value.code == "OBJECT_UNKNOWN"
    with pytest.raises(QuestionError) as caught:
        Asker(world)("covering", **asked(award="uu-ds"))
    assert caught.value.code == "QUESTION_VALUE"


def test_the_award_of_another_receiver_is_no_account_of_this_one() -> None:
    world, _ = exchange()
    with pytest.raises(QuestionError) as caught:
        Asker(world)("covering", **asked(receiver="hnrail", enrolment=uid("n1").hex()))
    assert caught.value.code == "QUESTION_VALUE"


def test_rules_are_found_quickly_among_five_thousand() -> None:
    from accord_ledger.domain.kinds.rule_set import RuleSetBody
    from accord_ledger.domain.model.agreement import RuleSetRef
    from accord_ledger.domain.rules import CourseSubstitution
    from accord_ledger.domain.rules.course_substitution import ListedCourse, Substitution
    from accord_ledger.domain.terms import rules_hash

    world, _ = exchange()

    def rule(number: int, programme: str) -> CourseSubstitution:
        listed = (Substitution(programme=programme, courses=(ListedCourse(code="C2", credits="2/1"),)),)
        return CourseSubstitution(
            rule_id=f"s{number:05}", source=("nl-ects", 1), target=("cn-mc", 1), substitutions=listed
        )

    names = []
    for place in range(25):
        first = 200 * place
        rules = tuple(rule(first + n, "uu-ds" if first + n == 4321 else "other-ds") for n in range(200))
        if place == 0:
            world.launch(terms("other-ds"))
        name = uid(f"set {place}")
        world.do("rule_set_define", RuleSetBody(rule_set=name, rules=rules), "uu agreements")
        names.append(RuleSetRef(rule_set=name, hash=rules_hash(rules)))
    refs = tuple(sorted(names, key=lambda ref: ref.rule_set))
    made = replace(agreement("uu", "bcb"), rule_sets=refs, sign_by=world.time + 60)
    world.agree("big", made)
    ask = Asker(world)
    ask("covering", **asked())
    [found] = [row for row in ask("covering", **asked(award="bjou-award")) if row.agreement == "big"]
    assert (found.rule, found.awarded) == ("s04321", "2/1")
    from accord_ledger.domain.questions.covering import CoveringAsked, covering

    def elapsed() -> float:
        began = time.thread_time()
        covering(ask.reading, CoveringAsked(**asked(award="bjou-award")))
        return time.thread_time() - began

    assert min(elapsed() for _ in range(5)) < 0.010
