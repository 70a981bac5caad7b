"""Agreements and rule sets: T22 to T25, T28a, T47."""

from __future__ import annotations

from collections.abc import Sequence

from accord_client.builders.request import Request
from accord_ledger.domain.kinds.agreement import ProposeBody, SignBody, TerminateBody
from accord_ledger.domain.kinds.agreement_change import AmendBody
from accord_ledger.domain.kinds.membership import JoinBody, LeaveBody
from accord_ledger.domain.kinds.refusal import RefuseBody
from accord_ledger.domain.kinds.rule_set import RuleSetBody
from accord_ledger.domain.model.agreement import AgreementTerms, RuleSetRef
from accord_ledger.domain.rules import Rule
from accord_ledger.domain.terms import rules_hash, terms_hash


def propose_agreement(author: str, agreement_id: str, terms: AgreementTerms) -> Request:
    """T22: a draft for everybody to sign."""
    body = ProposeBody(agreement_id=agreement_id, terms=terms)
    return Request("agreement_propose", author, body, ((author, "agreements"),))


def sign_agreement(author: str, agreement: tuple[str, int], terms: AgreementTerms) -> Request:
    """T23: the author signs exactly these terms."""
    body = SignBody(agreement=agreement, terms_hash=terms_hash(terms))
    return Request("agreement_sign", author, body, ((author, "agreements"),))


def terminate_agreement(author: str, agreement_id: str, effective_date: str) -> Request:
    """T25: notice of one party."""
    body = TerminateBody(agreement_id=agreement_id, effective_date=effective_date)
    return Request("agreement_terminate", author, body, ((author, "agreements"),))


def amend_agreement(author: str, agreement_id: str, base: int, terms: AgreementTerms) -> Request:
    """T24: new terms in place of version ``base``, for everybody to sign (T23)."""
    body = AmendBody(agreement_id=agreement_id, base=base, terms=terms)
    return Request("agreement_amend", author, body, ((author, "agreements"),))


def join_agreement(
    author: str,
    agreement: tuple[str, int],
    *,
    party: str = "",
    sends: bool = False,
    receives: bool = False,
    self_pair: bool = False,
    members: Sequence[str] = (),
    sign_by: int = 0,
) -> Request:
    """T25 join: the newcomer (the author unless said) takes the terms as they are.

    Args:
        author: who submits.
        agreement: the version in force.
        party: the newcomer.
        sends: it sends.
        receives: it receives.
        self_pair: it may also receive from itself.
        members: parties that sign with keys at hand, as the accession rule asks.
        sign_by: until when the others may sign the body.
    """
    newcomer = party or author
    body = JoinBody(
        agreement=agreement,
        party=newcomer,
        sends=sends,
        receives=receives,
        self_pair=self_pair,
        sign_by=sign_by,
    )
    signers = tuple((name, "agreements") for name in dict.fromkeys((author, newcomer, *members)))
    return Request("agreement_join", author, body, signers)


def leave_agreement(author: str, agreement_id: str, effective_date: str) -> Request:
    """T25 leave: notice of one party about its own part."""
    body = LeaveBody(agreement_id=agreement_id, effective_date=effective_date)
    return Request("agreement_leave", author, body, ((author, "agreements"),))


def define_rule_set(author: str, rule_set: bytes, rules: Sequence[Rule]) -> Request:
    """T47: rules that terms can name (:func:`rule_set_ref`)."""
    body = RuleSetBody(rule_set=rule_set, rules=tuple(rules))
    return Request("rule_set_define", author, body, ((author, "agreements"),))


def rule_set_ref(rule_set: bytes, rules: Sequence[Rule]) -> RuleSetRef:
    """How the terms of an agreement name a rule set: who signs them signs its rules too."""
    return RuleSetRef(rule_set=rule_set, hash=rules_hash(tuple(rules)))


def refuse_recognition(author: str, agreement: tuple[str, int], rule: str, reason: str) -> Request:
    """T28a: that a request was refused, and why by code; nothing says whose."""
    body = RefuseBody(agreement=agreement, rule=rule, reason=reason)
    return Request("recognise_refuse", author, body, ((author, "registrar"),))
