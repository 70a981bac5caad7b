"""T27 by ``evidence``: credentials are shown, nothing is credited or spent (DOMAIN.md 2.5; row C9)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.credentials import credential_of, put_credential
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.model.account import CONSENTS, ENROLMENTS, RECOGNITIONS
from accord_ledger.domain.model.agreement import Scope
from accord_ledger.domain.model.credential import CREDENTIALS, Credential
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.domain.model.use import EVIDENCE, Evidence, ShownItem
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.domain.rules import Evidence as EvidenceRule
from domain_alliance import uid
from exchange_world import Exchange, IssuedBatch, attest, exchange, hours
from use_world import shown


def evidence(rule: EvidenceRule | None = None, **agreed: Any) -> tuple[Exchange, IssuedBatch]:
    """The usual world, with ``hours`` and ``shown`` in agreement ``a1``."""
    return exchange(rules=(hours(), rule or shown()), **agreed)


def show(world: Exchange, name: str, items: list[Any], **changes: Any) -> tuple[Any, ...]:
    """T27 under ``shown``."""
    return world.use(name, "n1", "a1", items, "0/1", **{"rule": "shown"} | changes)


def test_evidence_is_noted_and_nothing_else_changes() -> None:
    world, batch = evidence()
    account = world.get(ENROLMENTS, uid("n1"))
    act = show(world, "e1", [batch[0]])
    receipt = world.do(*act)
    kept = Evidence(
        receiver="bcb", enrolment=uid("n1"), agreement=("a1", 1), rule="shown",
        items=(ShownItem(batch_id=batch.batch_id, index=0),), at=world.time, height=1 + world.version.height,
    )  # fmt: skip
    assert world.get(EVIDENCE, uid("e1")) == kept
    assert receipt.result == {}
    assert world.get(ENROLMENTS, uid("n1")) == account
    assert world.get(RECOGNITIONS, uid("e1")) is None
    assert world.get(CREDENTIALS, batch.batch_id, 0) is None
    assert world.get(CONSENTS, act[1].consent).by == uid("e1")
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_evidence_of_what_was_spent_before() -> None:
    world, batch = evidence()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    put_credential(world.context(), batch.batch_id, 1, Credential(stacked_into=uid("award batch")))
    spent = credential_of(world.view, batch.batch_id, 0)
    world.do(*show(world, "e1", [batch[0], batch[1]]))
    assert credential_of(world.view, batch.batch_id, 0) == spent


def test_c9_unendorsed_for_credit_and_as_evidence() -> None:
    world, batch = evidence()
    world.view.put(PARTIES, replace(world.get(PARTIES, "uu"), roles=("provider",)), "uu")
    world.refused("E_NOT_ENDORSED", *world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(*show(world, "e1", [batch[0]]))


def test_c5_noncredit_as_evidence() -> None:
    world, batch = evidence()
    known = world.get(PROGRAMMES, "uu-ds", 1)
    noncredit = replace(known.terms, track="noncredit", credits="0/1")
    world.view.put(PROGRAMMES, replace(known, terms=noncredit), "uu-ds", 1)
    world.refused("E_NONCREDIT", *world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(*show(world, "e1", [batch[0]]))


def test_evidence_ends_before_the_amount() -> None:
    world, batch = evidence()
    world.do(*show(world, "e1", [batch[0]], claimed_credits="37/1"))
    assert world.account("n1").recognised == "0/1"


@pytest.mark.parametrize(
    ("agreed", "code"),
    [
        ({"scope": Scope(levels=(7, 8))}, "E_LEVEL_SCOPE"),
        ({"scope": Scope(audiences=("public",))}, "E_SCOPE"),
        ({"trust_registries": ("TEQSA",)}, "E_NOT_TRUSTED_CROSS_BORDER"),
    ],
)
def test_evidence_must_be_in_scope_and_trusted(agreed: dict[str, Any], code: str) -> None:
    world, batch = evidence(**agreed)
    world.refused(code, *show(world, "e1", [batch[0]]))


def test_evidence_must_be_valid_proved_and_signed_for() -> None:
    world, batch = evidence()
    kind, body, *signers = show(world, "e1", [batch[0]])
    world.refused("E_HOLDER_SIG", kind, body, signers[0])
    world.refused("E_PROOF", kind, replace(body, items=(replace(batch[0], index=1),)), *signers)
    world.refused("E_CONSENT_MISSING", kind, replace(body, consent=None), *signers)
    world.refused("E_BUNDLE_DUPLICATE", kind, replace(body, items=(batch[0], batch[0])), *signers)
    world.revoke(batch, 0, "review")
    world.refused("E_REVOKED", kind, body, *signers)


def test_evidence_stages_7_and_8_hold() -> None:
    world, batch = evidence(shown(requires_grade="3/5"), on_programme_withdrawal="refuse")
    act = show(world, "e1", [batch[0]])
    world.refused("E_ATTESTATION_MISSING", *act)
    world.refused("E_UNKNOWN_REF", *show(world, "e1", [batch[0]], targets=("C9",)))
    world.do(*show(world, "e1", [batch[0]], attestations=attest([batch[0]])))
    change_programme_status(world.context(), "uu-ds", "withdrawn")
    world.refused("E_PROGRAMME_WITHDRAWN", *show(world, "e2", [batch[1]]))


def test_an_id_serves_one_use_only() -> None:
    world, batch = evidence()
    world.do(*show(world, "e1", [batch[0]]))
    world.refused("E_DUPLICATE", *show(world, "e1", [batch[1]]))
    world.refused("E_DUPLICATE", *world.use("e1", "n1", "a1", [batch[0]], "2/1"))
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.refused("E_DUPLICATE", *show(world, "r1", [batch[1]]))


def test_evidence_is_no_recognition_to_reverse() -> None:
    world, batch = evidence()
    world.do(*show(world, "e1", [batch[0]]))
    body = ReverseBody(recognition=uid("e1"), reason="error")
    world.refused("E_UNKNOWN_REF", "recognise_reverse", body, "bcb registrar")


def test_evidence_makes_no_edge() -> None:
    assert shown().multiplier() is None
    assert shown().exact([]) == 0
