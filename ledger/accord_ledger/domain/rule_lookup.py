"""Finding rules of an agreement, inline or in its rule sets, without reading all of them (row N7).

A rule is found by its id, or by a programme that it names. Inline rules are at most 200 and stand in the
terms; of a rule set only the rows asked for are read. For queries "which rules take this programme at that
receiver": the keys of ``RECEIVER_AGREEMENTS`` that begin with the receiver name its agreements, and
:func:`rules_about` gives the rules of each.
"""

from __future__ import annotations

from collections.abc import Iterator

from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.model.rule_set import RULE_SETS, SET_PROGRAMMES, SET_RULES
from accord_ledger.domain.rules import Rule
from accord_ledger.state import View


def rule_count(state: View, terms: AgreementTerms) -> int:
    """Rules of the terms, those of their rule sets included; a set nobody knows counts none."""
    sets = (state.get(RULE_SETS, ref.rule_set) for ref in terms.rule_sets)
    return len(terms.rules) + sum(len(found.rule_ids) for found in sets if found is not None)


def find_rule(state: View, terms: AgreementTerms | None, rule_id: str) -> Rule | None:
    """The rule of this id, or None."""
    if terms is None:
        return None
    for rule in terms.rules:
        if rule.rule_id == rule_id:
            return rule
    for ref in terms.rule_sets:
        found = state.get(SET_RULES, ref.rule_set, rule_id)
        if found is not None:
            return found.rule
    return None


def rules_about(state: View, terms: AgreementTerms, programme: str) -> Iterator[Rule]:
    """Rules that name the programme, and rules that name none and so take any in scope.

    Scope, framework and level are the business of the stages of T27 (DOMAIN.md 2.5); here nothing is left
    out that they would admit.
    """
    if terms.scope.programmes and programme not in terms.scope.programmes:
        return
    for rule in terms.rules:
        named = rule.programmes()
        if not named or programme in named:
            yield rule
    for ref in terms.rule_sets:
        found = state.get(RULE_SETS, ref.rule_set)
        named_here = state.get(SET_PROGRAMMES, ref.rule_set, programme)
        ids = {*(found.general if found else ()), *(named_here.rules if named_here else ())}
        for rule_id in sorted(ids):
            stored = state.get(SET_RULES, ref.rule_set, rule_id)
            if stored is not None:
                yield stored.rule
