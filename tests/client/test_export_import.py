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
from export_badges import HOLDER, ISSUER, NOW, badge, revocations

RESOLVE = resolver_of([], at=NOW)
NONE_REVOKED = (revocations(),)


def judged(document: dict[str, Any], at: int = NOW + 1, lists: Any = NONE_REVOKED) -> Any:
    return import_credential(json.dumps(document).encode(), RESOLVE, at=at, lists=lists)


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


@pytest.mark.parametrize(
    ("lists", "verdict", "code"),
    [
        ([], "unknown", "STATUS_UNCHECKED"),
        ([revocations(4, 6)], "good", ""),
        ([revocations(5)], "bad", "STATUS_REVOKED"),
        ([revocations(key=HOLDER)], "bad", "STATUS_VERIFICATION_ERROR"),
        ([revocations(until=NOW)], "bad", "STATUS_VERIFICATION_ERROR"),
        ([revocations() | {"id": "https://uu.example/other"}], "unknown", "STATUS_UNCHECKED"),
    ],
)
def test_a_badge_is_good_only_if_its_status_list_says_so(lists: Any, verdict: str, code: str) -> None:
    found = judged(badge(), lists=lists)
    assert (found.verdict, found.code) == (verdict, code)
    if verdict != "good":
        with pytest.raises(AccordError, match="EVIDENCE_VERDICT"):
            as_evidence(found)


def test_a_status_of_a_kind_nobody_knows_is_unchecked() -> None:
    for entry in (
        {"id": "https://uu.example/s", "type": "OtherStatus"},
        badge()["credentialStatus"] | {"statusPurpose": "message"},
    ):
        document = badge(signed=False) | {"credentialStatus": entry}
        found = judged(JcsSigner(ISSUER, did_key_method(ISSUER.public), NOW)(document))
        assert (found.verdict, found.code) == ("unknown", "STATUS_UNCHECKED")


def transcript(*badges: dict[str, Any], at: int = NOW, **members: Any) -> dict[str, Any]:
    """A transcript that the learner put together and signed."""
    publisher = {"id": did_key(HOLDER.public), "type": ["Profile"], "name": "The learner"}
    sign = JcsSigner(HOLDER, did_key_method(HOLDER.public), NOW)
    made = json.loads(export_clr([badge_facts(badge())], publisher, name="T", at=at, sign=sign).content)
    del made["proof"]
    if badges:
        made["credentialSubject"]["verifiableCredential"] = list(badges)
    return sign(made | members)


def test_a_transcript_is_judged_with_everything_in_it() -> None:
    document = transcript()
    found = judged(document)
    assert (found.kind, found.verdict, [item.verdict for item in found.inner]) == ("clr", "good", ["good"])
    assert as_evidence(found)["genre"] == "Comprehensive Learner Record"
    document["credentialSubject"]["verifiableCredential"][0]["name"] = "Other"
    spoilt = judged(document)
    assert (spoilt.verdict, [item.verdict for item in spoilt.inner]) == ("bad", ["bad"])


@pytest.mark.parametrize(
    ("badges", "lists", "verdict", "code"),
    [
        ((badge(), badge() | {"name": "Other"}), NONE_REVOKED, "bad", "PROOF_SIGNATURE"),
        ((badge(), web_badge()), NONE_REVOKED, "unknown", "PROOF_METHOD"),
        ((web_badge(), badge() | {"name": "Other"}), NONE_REVOKED, "bad", "PROOF_SIGNATURE"),
        ((badge(),), (), "unknown", "STATUS_UNCHECKED"),
        ((badge(),), (revocations(5),), "bad", "STATUS_REVOKED"),
    ],
)
def test_a_transcript_is_as_good_as_the_worst_in_it(
    badges: tuple[dict[str, Any], ...], lists: Any, verdict: str, code: str
) -> None:
    found = judged(transcript(*badges), lists=lists)
    assert (found.verdict, found.code) == (verdict, code)
    with pytest.raises(AccordError, match="EVIDENCE_VERDICT"):
        as_evidence(found)


def test_a_transcript_ends_and_begins_with_its_dates() -> None:
    ended = transcript(validUntil="2027-01-15T08:00:02Z")
    assert judged(ended).verdict == "good"
    assert judged(ended, at=NOW + 2).code == "BADGE_EXPIRED"
    assert judged(transcript(at=NOW + 60)).code == "BADGE_NOT_YET_VALID"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[]", "JSON_TYPE"), (b"{}", "EVIDENCE_KIND"), (b'{"type":["VerifiableCredential"]}', "EVIDENCE_KIND"),
        (b'{"type":5}', "EVIDENCE_KIND"), (b"no json", "JSON_SYNTAX"),
        (b'{"type":"ClrCredential","credentialSubject":{"verifiableCredential":["x"]}}', "EVIDENCE_KIND"),
    ],
)  # fmt: skip
def test_other_documents_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(AccordError) as caught:
        import_credential(data, RESOLVE, at=NOW)
    assert caught.value.code == code


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
