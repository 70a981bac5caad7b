"""Agreements that change: amendments, newcomers, leavers and rule sets, on top of the exchange."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from accord_ledger.domain.kinds.agreement_change import AmendBody
from accord_ledger.domain.kinds.membership import JoinBody, LeaveBody
from accord_ledger.domain.kinds.rule_set import RuleSetBody
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS, AgreementTerms, RuleSetRef
from accord_ledger.domain.rules import Rule
from accord_ledger.domain.terms import rules_hash, signers_of
from accord_ledger.execute import Receipt
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, grant_uu, hours

AMEND, JOIN, LEAVE, SIGN = "agreement_amend", "agreement_join", "agreement_leave", "agreement_sign"


def terms_of(world: Exchange, agreement_id: str = "a1", version: int = 1) -> AgreementTerms:
    """Terms of a version as they were signed."""
    found: AgreementTerms = world.get(AGREEMENT_TERMS, agreement_id, version)
    return found


def amendment(world: Exchange, agreement_id: str = "a1", base: int = 1, **changes: Any) -> AmendBody:
    """T24 of the base with some terms changed, to be signed within a minute."""
    terms = replace(terms_of(world, agreement_id, base), **{"sign_by": world.time + 60, **changes})
    return AmendBody(agreement_id=agreement_id, base=base, terms=terms)


def propose_amendment(world: Exchange, body: AmendBody, by: str = "uu") -> int:
    """T24; the number of the draft."""
    receipt = world.do(AMEND, body, f"{by} agreements")
    return int(receipt.result["version"])


def sign_all(world: Exchange, body: AmendBody, version: int, *others: str) -> None:
    """T23 of everybody in turn, of the terms and besides."""
    for party in sorted({*signers_of(body.terms), *others}):
        sign(world, body, version, party)


def sign(world: Exchange, body: AmendBody, version: int, party: str) -> Receipt:
    """T23 of one party."""
    return world.do(SIGN, signature(world, body, version), f"{party} agreements")


def signature(world: Exchange, body: AmendBody, version: int) -> Any:
    """The body of T23 for a draft."""
    return replace(world.sign_body(body.agreement_id, body.terms), agreement=(body.agreement_id, version))


def amend(world: Exchange, agreement_id: str = "a1", base: int = 1, **changes: Any) -> int:
    """T24 and T23 of everybody: the number of the version now in force."""
    body = amendment(world, agreement_id, base, **changes)
    number = propose_amendment(world, body)
    sign_all(world, body, number)
    return number


def join(party: str, agreement_id: str = "a1", version: int = 1, **sides: bool) -> JoinBody:
    """T25 join, as a sender unless said otherwise."""
    return JoinBody(agreement=(agreement_id, version), party=party, **(sides or {"sends": True}))


def leave(world: Exchange, party: str, effective: str, agreement_id: str = "a1") -> Receipt:
    """T25 leave."""
    return world.do(
        LEAVE, LeaveBody(agreement_id=agreement_id, effective_date=effective), f"{party} agreements"
    )


def define(world: Exchange, name: str, *rules: Rule, by: str = "uu") -> RuleSetRef:
    """T47: how terms name the set."""
    world.do("rule_set_define", RuleSetBody(rule_set=uid(name), rules=rules), f"{by} agreements")
    return RuleSetRef(rule_set=uid(name), hash=rules_hash(rules))


def multilateral(
    senders: str = "uom uu", receivers: str = "bcb hnrail", *rules: Rule, **changes: Any
) -> tuple[Exchange, IssuedBatch]:
    """As :func:`exchange_world.exchange`, with ``a1`` between several parties."""
    world = Exchange()
    world.at("2026-03-02")
    grant_uu(world)
    programme = world.offer(terms())
    world.enrol("n1", "bcb", world.award())
    world.agree("a1", agreement(senders, receivers, *(rules or (hours(),)), **changes))
    world.at("2026-04-01")
    batch = world.issue(programme)
    world.at("2026-04-05")
    return world, batch
