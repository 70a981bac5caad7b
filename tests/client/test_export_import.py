"""Import of foreign badges and transcripts; and CTDL of programmes and agreements."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from accord_client.documents.clr import export_clr
from accord_client.documents.ctdl import PROGRAMME_CARRIES, export_agreement, export_programme
from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.documents.export_evidence import as_evidence, import_credential, resolver_of, with_evidence
from accord_client.documents.export_facts import badge_facts
from accord_client.documents.multikey import did_key, did_key_method
from accord_client.issuing import JcsSigner
from accord_ledger.domain.model.framework import Framework, FrameworkTerms
from accord_ledger.domain.rules import FixedRatio
from accord_ledger.errors import AccordError
from client_cli import agreement_terms
from domain_world import terms
from export_badges import HOLDER, ISSUER, NOW, badge

RESOLVE = resolver_of([], at=NOW)


def judged(document: dict[str, Any], at: int = NOW + 1) -> Any:
    return import_credential(json.dumps(document).encode(), RESOLVE, at=at)


def test_a_foreign_badge_that_verifies_becomes_evidence() -> None:
    found = judged(badge())
    assert (found.verdict, found.kind, found.issuer) == ("good", "open_badge", "Universiteit Utrecht")
    evidence = as_evidence(found)
    assert evidence["id"] == f"urn:sha256:{found.digest.removeprefix('sha256-')}"
    assert "Doe" not in json.dumps(evidence)
    made = with_evidence(badge(index=9, signed=False), [evidence])
    signed = JcsSigner(ISSUER, did_key_method(ISSUER.public), NOW)(made)
    assert judged(signed).verdict == "good"
    assert signed["evidence"] == [evidence]
    with pytest.raises(AccordError, match="EVIDENCE_SIGNED"):
        with_evidence(signed, [evidence])


def web_badge() -> dict[str, Any]:
    """A badge of an issuer whose DID document is not at hand."""
    document = badge(signed=False)
    document["issuer"] = document["issuer"] | {"id": "did:web:uu.example"}
    return add_proof(document, create_proof(document, ISSUER, "did:web:uu.example#k", NOW))


@pytest.mark.parametrize(
    ("document", "verdict", "code"),
    [
        (badge() | {"name": "Other"}, "bad", "PROOF_SIGNATURE"),
        (badge(signed=False), "unknown", "PROOF_MISSING"),
        (web_badge(), "unknown", "PROOF_METHOD"),
        (badge() | {"validFrom": "soon"}, "bad", "BADGE_DATE"),
    ],
)
def test_what_does_not_verify_is_no_evidence(document: dict[str, Any], verdict: str, code: str) -> None:
    found = judged(document)
    assert (found.verdict, found.code) == (verdict, code)
    with pytest.raises(AccordError, match="EVIDENCE_VERDICT"):
        as_evidence(found)


def test_an_expired_badge_is_bad() -> None:
    assert judged(badge(), at=NOW + 10**8).code == "BADGE_EXPIRED"


def test_a_transcript_is_judged_with_everything_in_it() -> None:
    publisher = {"id": did_key(HOLDER.public), "type": ["Profile"], "name": "The learner"}
    sign = JcsSigner(HOLDER, did_key_method(HOLDER.public), NOW)
    made = export_clr([badge_facts(badge())], publisher, name="T", at=NOW, sign=sign)
    document = json.loads(made.content)
    found = judged(document)
    assert (found.kind, found.verdict, [item.verdict for item in found.inner]) == ("clr", "good", ["good"])
    document["credentialSubject"]["verifiableCredential"][0]["name"] = "Other"
    spoilt = judged(document)
    assert (spoilt.verdict, [item.verdict for item in spoilt.inner]) == ("bad", ["bad"])


@pytest.mark.parametrize(
    "data", [b"[]", b"{}", b'{"type":["VerifiableCredential"]}', b'{"type":5}', b"no json"]
)
def test_other_documents_are_refused(data: bytes) -> None:
    with pytest.raises(AccordError):
        import_credential(data, RESOLVE, at=NOW)


# ---- CTDL --------------------------------------------------------------------------------------------


def framework() -> Framework:
    made = FrameworkTerms(
        framework_id="nl-ects",
        version=1,
        country="NL",
        unit={"en": "EC"},
        hour_kind="notional",
        quantum="1/2",
    )
    return Framework(terms=made, root=("ects", 1))


def test_a_programme_in_ctdl() -> None:
    said = terms("uu-ds")
    made = export_programme(said, framework(), base_url="https://node.example/", status="active")
    document = json.loads(made.content)
    assert document["@type"] == "ceterms:MicroCredential"
    assert document["ceterms:name"] == dict(said.title)
    assert document["ceterms:requires"][0]["ceterms:creditValue"][0]["schema:value"] == 3.0
    assert document["ceterms:ctid"].startswith("ce-")
    assert made == export_programme(said, framework(), base_url="https://node.example", status="active")


def test_every_member_of_a_programme_is_carried_or_named() -> None:
    plain = msgspec.structs.replace(terms("uu-ds"), validity_months=24, projects_all=3, region="NL-UT")
    lost = {loss.fact for loss in export_programme(plain, framework(), base_url="https://n.example").losses}
    assert {"validity_months", "projects_all", "region", "category", "form"} <= lost
    assert not lost & PROGRAMME_CARRIES


def test_an_agreement_in_ctdl() -> None:
    made = export_agreement("a1", 1, agreement_terms(), base_url="https://node.example")
    graph = json.loads(made.content)["@graph"]
    assert [item["@type"] for item in graph] == ["ceterms:TransferAgreement", "ceterms:TransferValueProfile"]
    assert graph[0]["ceterms:hasPart"] == [graph[1]["@id"]]
    lost = {loss.fact for loss in made.losses}
    assert {"notice_days", "trust_registries", "rules.source_pin", "class"} <= lost


def test_a_ratio_that_is_no_decimal_is_named() -> None:
    def export(ratio: str) -> Any:
        rule = FixedRatio(rule_id="r", source=("nl-ects", 1), target=("cn-mc", 1), ratio=ratio)
        agreed = msgspec.structs.replace(agreement_terms(), rules=(rule,))
        return export_agreement("a1", 1, agreed, base_url="https://node.example")

    exact, third = export("7/10"), export("1/3")
    value = json.loads(exact.content)["@graph"][1]["ceterms:transferValue"][0]
    assert value["schema:value"] == 0.7
    assert "rules.ratio" not in {loss.fact for loss in exact.losses}
    assert "rules.ratio" in {loss.fact for loss in third.losses}
    assert "1/3 credits" in third.content.decode()
