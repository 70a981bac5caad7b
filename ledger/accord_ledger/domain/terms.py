"""What the terms of an agreement must say before anyone can sign them (T22, T24; T47 for rules alone).

``check_values`` needs no state; ``check_terms`` compares the terms with what the ledger knows, one error
code after the other over all rules, so that the first code of the row is the answer (DOMAIN.md 2.5). The
rules of a rule set were checked when it was defined and never change, so only its id and hash are.
"""

from __future__ import annotations

from collections.abc import Sequence

from accord_ledger import calendar, codec, rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.model.framework import FRAMEWORKS, Framework
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMME_HEADS
from accord_ledger.domain.model.rule_set import RULE_SETS, RuleSet
from accord_ledger.domain.rules import Rule
from accord_ledger.domain.rules.base import check_ascending
from accord_ledger.errors import Rejection
from accord_ledger.tags import Tag

RECEIVER_ROLES = frozenset({"university", "credit_bank"})
"""Roles that may recognise credit (DOMAIN.md 2.1)."""


def terms_hash(terms: AgreementTerms) -> bytes:
    """What every party names when it signs (32 bytes)."""
    return Tag.TERMS.digest(codec.encode(terms))


def rules_hash(rules: tuple[Rule, ...]) -> bytes:
    """What the terms of an agreement name a rule set by, besides its id (32 bytes)."""
    return Tag.RULE_SET.digest(codec.encode(rules))


def parties_of(terms: AgreementTerms) -> tuple[str, ...]:
    """Senders and receivers, in order, each once."""
    return tuple(sorted({*terms.senders, *terms.receivers}))


def signers_of(terms: AgreementTerms) -> tuple[str, ...]:
    """Parties and cosigners of the terms themselves, in order, each once; rule sets may add cosigners."""
    return tuple(sorted({*terms.senders, *terms.receivers, *cosigners_of(terms.rules)}))


def cosigners_of(rules: Sequence[Rule]) -> set[str]:
    """Everyone who signs each recognition under one of the rules."""
    return {party for rule in rules for party in rule.cosigners}


def signatories(ctx: Context, terms: AgreementTerms) -> frozenset[str]:
    """Everyone whose signature makes the terms binding: parties and all cosigners."""
    sets = (ctx.state.get(RULE_SETS, ref.rule_set) for ref in terms.rule_sets)
    more = (party for found in sets if found is not None for party in found.cosigners)
    return frozenset((*signers_of(terms), *more))


def expiry(terms: AgreementTerms) -> int:
    """First second (UTC) after ``valid_to``."""
    return calendar.midnight(calendar.parse_date(terms.valid_to)) + calendar.DAY


def check_values(terms: AgreementTerms, path: str) -> None:
    """Values against each other: ``E_SCHEMA``, ``E_NUMBER``, ``E_VALUE``."""
    for name in ("senders", "receivers", "self_pairs", "trust_registries"):
        check_ascending(getattr(terms, name), f"{path}.{name}")
    _check_pairs(terms, path)
    _check_scope(terms, f"{path}.scope")
    _check_caps(terms, f"{path}.caps")
    _check_accession(terms, f"{path}.accession")
    _check_dates(terms, path)
    for place, rule in enumerate(terms.rules):
        rule.check_values(f"{path}.rules[{place}]")
    if len({rule.rule_id for rule in terms.rules}) != len(terms.rules):
        raise Rejection("E_VALUE", "expected rules with ids of their own", path=f"{path}.rules")
    sets = [ref.rule_set for ref in terms.rule_sets]
    if sets != sorted(set(sets)):
        raise Rejection("E_VALUE", "expected rule sets in order, each once", path=f"{path}.rule_sets")
    if not terms.rules and not sets:
        raise Rejection("E_VALUE", "expected a rule or a rule set", path=f"{path}.rules")


def _check_pairs(terms: AgreementTerms, path: str) -> None:
    both = set(terms.senders).intersection(terms.receivers)
    if not both.issuperset(terms.self_pairs):
        raise Rejection("E_VALUE", "expected parties that send and receive", path=f"{path}.self_pairs")
    if len(parties_of(terms)) == 1 and not terms.self_pairs:
        raise Rejection(
            "E_VALUE", "expected two parties, or one paired with itself", path=f"{path}.receivers"
        )


def _check_scope(terms: AgreementTerms, path: str) -> None:
    for name in ("programmes", "categories", "audiences"):
        check_ascending(getattr(terms.scope, name), f"{path}.{name}")
    levels = terms.scope.levels
    if levels is not None and levels[0] > levels[1]:
        raise Rejection("E_VALUE", f"expected least and highest level, got {levels}", path=f"{path}.levels")


def _check_caps(terms: AgreementTerms, path: str) -> None:
    caps = terms.caps
    shares = {f"per_class.{name}": share for name, share in caps.per_class.items()}
    if caps.per_award is not None:
        shares["per_award"] = caps.per_award
    for name, share in shares.items():
        if rational.parse(share, f"{path}.{name}") > 1:
            raise Rejection("E_VALUE", f"expected a share of at most 1, got {share}", path=f"{path}.{name}")


def _check_accession(terms: AgreementTerms, path: str) -> None:
    if rational.parse(terms.accession, path) > 1:
        raise Rejection("E_VALUE", f"expected a share of at most 1, got {terms.accession}", path=path)


def _check_dates(terms: AgreementTerms, path: str) -> None:
    begin = calendar.parse_date(terms.valid_from, f"{path}.valid_from")
    if calendar.parse_date(terms.valid_to, f"{path}.valid_to") < begin:
        raise Rejection(
            "E_VALUE", f"expected a date from {begin} on, got {terms.valid_to}", path=f"{path}.valid_to"
        )
    if terms.sign_by > expiry(terms):
        raise Rejection("E_VALUE", "expected a time before the agreement expires", path=f"{path}.sign_by")
    if (terms.on_programme_withdrawal == "honour_days") != (terms.honour_days is not None):
        raise Rejection(
            "E_VALUE", "expected a number of days exactly with honour_days", path=f"{path}.honour_days"
        )


def check_window(ctx: Context, terms: AgreementTerms, path: str) -> None:
    """The draft can still be signed, and not for longer than the alliance allows (DOMAIN.md 2.2)."""
    if terms.sign_by <= ctx.time:
        raise Rejection(
            "E_SIGN_BY_PASSED", f"expected a time after {ctx.time}, got {terms.sign_by}", path=path
        )
    days = ctx.parameters.sign_by_max_days
    if terms.sign_by > ctx.time + days * calendar.DAY:
        raise Rejection("E_RANGE", f"expected at most {days} days ahead", path=path)


def check_terms(ctx: Context, terms: AgreementTerms, path: str) -> None:
    """The row's own checks of T22, left to right."""
    for party in parties_of(terms):
        ctx.known(PARTIES, party, path=path)
    for place, programme in enumerate(terms.scope.programmes):
        ctx.known(PROGRAMME_HEADS, programme, path=f"{path}.scope.programmes[{place}]")
    frameworks = known_in_rules(ctx, terms.rules, f"{path}.rules")
    _check_rule_sets(ctx, terms, f"{path}.rule_sets")
    for party in terms.receivers:
        known = ctx.state.get(PARTIES, party)
        if known is None or RECEIVER_ROLES.isdisjoint(known.roles):
            raise Rejection(
                "E_ROLE", f"expected {party} to be university or credit_bank", path=f"{path}.receivers"
            )
    check_hours(terms.rules, frameworks, f"{path}.rules")
    least = ctx.parameters.notice_min_days
    if terms.notice_days < least:
        raise Rejection(
            "E_NOTICE", f"expected at least {least} days, got {terms.notice_days}", path=f"{path}.notice_days"
        )


def known_in_rules(ctx: Context, rules: Sequence[Rule], path: str) -> list[tuple[Framework, Framework]]:
    """``E_UNKNOWN_REF`` for a cosigner, programme or framework nobody knows; the frameworks of every rule."""
    frameworks = []
    for place, rule in enumerate(rules):
        here = f"{path}[{place}]"
        for party in rule.cosigners:
            ctx.known(PARTIES, party, path=f"{here}.cosigners")
        for programme in rule.programmes():
            ctx.known(PROGRAMME_HEADS, programme, path=here)
        source = ctx.known(FRAMEWORKS, *rule.source, path=f"{here}.source")
        frameworks.append((source, ctx.known(FRAMEWORKS, *rule.target, path=f"{here}.target")))
    return frameworks


def check_hours(rules: Sequence[Rule], frameworks: Sequence[tuple[Framework, Framework]], path: str) -> None:
    """``E_NO_HOURS``, ``E_PIN_OUTSIDE_FRAMEWORK``, ``E_HOUR_KIND``: each over all rules before the next."""
    placed = [
        (rule, sides, f"{path}[{place}]")
        for place, (rule, sides) in enumerate(zip(rules, frameworks, strict=True))
    ]
    for rule, sides, here in placed:
        rule.check_hours_known(*sides, here)
    for rule, sides, here in placed:
        rule.check_pins(*sides, here)
    for rule, sides, here in placed:
        rule.check_hour_kinds(*sides, here)


def _check_rule_sets(ctx: Context, terms: AgreementTerms, path: str) -> None:
    """Sets known under the hashes that are signed; rule ids unique over the whole agreement."""
    found: list[RuleSet] = []
    for place, ref in enumerate(terms.rule_sets):
        known = ctx.known(RULE_SETS, ref.rule_set, path=f"{path}[{place}]")
        if known.hash != ref.hash:
            detail = f"expected a rule set of hash {known.hash.hex()}, got {ref.hash.hex()}"
            raise Rejection("E_UNKNOWN_REF", detail, path=f"{path}[{place}].hash")
        found.append(known)
    seen = {rule.rule_id for rule in terms.rules}
    for place, known in enumerate(found):
        if not seen.isdisjoint(known.rule_ids):
            raise Rejection("E_VALUE", "expected rules with ids of their own", path=f"{path}[{place}]")
        seen.update(known.rule_ids)
