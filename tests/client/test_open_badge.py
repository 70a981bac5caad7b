from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from accord_client.documents.multikey import did_key
from accord_client.documents.open_badge import build_open_badge, ledger_reference
from accord_client.documents.open_badge_check import check_open_badge, check_period, period
from accord_client.documents.open_badge_facts import (
    Alignment,
    BadgeDates,
    IssuerFacts,
    LearnerClaims,
    ProgrammeFacts,
    ResultScale,
    StatusEntry,
)
from accord_client.ids import LedgerReference, new_uuid7, uuid7, uuid_text
from accord_ledger.errors import DecodeError
from accord_ledger.keys import SigningKey

EXAMPLE = (
    Path(__file__).resolve().parents[2].parent / "shared" / "data" / "microcredential_open_badge_example.json"
)
NETWORK = bytes([7]) * 32
BATCH = bytes.fromhex("018f3a5e0000700080000000000000ff")
NOW = 1_800_000_000

ISSUER = IssuerFacts(
    "did:web:bjou.example",
    "Open University of Beijing",
    "https://bjou.example/",
    "registrar@bjou.example",
    (("ROR", "https://ror.org/00000000"), ("CHSI", "51160")),
)
PROGRAMME = ProgrammeFacts(
    id=f"urn:accord:{NETWORK.hex()}:programme:data-analysis:2",
    code="data-analysis",
    version="2",
    name="Data Analysis",
    description="Analyse and present data of a small business.",
    criteria="Complete six projects, two of them with a company.",
    credits=Fraction(3, 2),
    hours=Fraction(60),
    level=Alignment("CN-MC level 2", "https://frameworks.example/cn-mc/2", "CN-MC", "2"),
    skills=(
        Alignment.esco(
            "analyse test data", "http://data.europa.eu/esco/skill/81a2db2c-7e55-44d0-9cd9-74c25147d7cd"
        ),
    ),
    field="Business informatics",
    tags=("data", "spreadsheets"),
    result=ResultScale("Final grade", "LetterGrade", ("E", "D", "C", "B", "A"), "D"),
)
LEARNER = LearnerClaims("Doe", "Jane", email="Jane@Example.org", identifier="S-17", result="B")
DATES = BadgeDates(NOW, NOW + 3 * 365 * 86_400, NOW - 86_400)
HOLDER = SigningKey.from_seed(bytes([3]) * 32).public
REFERENCE = LedgerReference(NETWORK, BATCH, 41)
STATUS = StatusEntry("https://bjou.example/status/1", 1041)


def badge(
    programme: ProgrammeFacts = PROGRAMME,
    learner: LearnerClaims = LEARNER,
    status: tuple[StatusEntry, ...] = (STATUS,),
) -> dict[str, Any]:
    return build_open_badge(
        programme,
        ISSUER,
        learner,
        holder=HOLDER,
        reference=REFERENCE,
        dates=DATES,
        identity_salt=bytes(16),
        status=status,
    )


def test_required_members() -> None:
    made = badge()
    assert made["@context"] == [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ]
    assert made["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert made["issuer"]["id"] == "did:web:bjou.example"
    assert made["validFrom"] == "2027-01-15T08:00:00Z"
    assert made["credentialSubject"]["id"] == did_key(HOLDER)
    achievement = made["credentialSubject"]["achievement"]
    assert achievement["achievementType"] == "MicroCredential"
    assert achievement["creditsAvailable"] == made["credentialSubject"]["creditsEarned"] == 1.5
    assert [item["targetFramework"] for item in achievement["alignment"]] == ["CN-MC", "ESCO"]
    assert achievement["criteria"]["narrative"].endswith("\n\nWorkload: 60 hours.")


def test_assessment_and_quality_end_the_criteria() -> None:
    said = replace(
        PROGRAMME, assessment="project", quality=("committee approval by uu", "accredited by nvao")
    )
    narrative = badge(said)["credentialSubject"]["achievement"]["criteria"]["narrative"]
    assert narrative.endswith(
        "\n\nAssessment: project.\n\nQuality assurance: committee approval by uu; accredited by nvao."
    )


def test_the_id_is_the_ledger_record() -> None:
    made = badge()
    assert made["id"] == f"urn:accord:{'07' * 32}:018f3a5e-0000-7000-8000-0000000000ff:41"
    assert ledger_reference(made) == REFERENCE


def test_identifiers_are_salted_hashes_and_the_name_is_not() -> None:
    name, email, number = badge()["credentialSubject"]["identifier"]
    assert (name["identityHash"], name["hashed"]) == ("Jane Doe", False)
    salt = "00" * 16
    assert email["identityHash"] == "sha256$" + sha256(b"jane@example.org" + salt.encode()).hexdigest()
    assert (email["hashed"], email["salt"], number["identityType"]) == (True, salt, "identifier")
    assert "example.org" not in json.dumps(badge()["credentialSubject"])


def test_result_refers_to_its_scale() -> None:
    subject = badge()["credentialSubject"]
    described = subject["achievement"]["resultDescription"][0]
    assert subject["result"] == [{"type": ["Result"], "resultDescription": described["id"], "value": "B"}]
    with pytest.raises(DecodeError) as caught:
        badge(learner=replace(LEARNER, result="A+"))
    assert caught.value.code == "BADGE_RESULT"
    with pytest.raises(DecodeError) as caught:
        badge(programme=replace(PROGRAMME, result=None))
    assert caught.value.code == "BADGE_RESULT"


def test_status_is_one_object_or_several() -> None:
    one = badge()["credentialStatus"]
    assert (one["statusListIndex"], one["id"]) == ("1041", "https://bjou.example/status/1#1041")
    suspension = StatusEntry("https://bjou.example/status/2", 5, "suspension")
    assert len(badge(status=(STATUS, suspension))["credentialStatus"]) == 2
    assert "credentialStatus" not in badge(status=())


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(Fraction(3), "3"), (Fraction(25, 8), "3.125"), (Fraction(1, 10), "0.1"), (None, "null")],
)
def test_credits_are_exact(amount: Fraction | None, shown: str) -> None:
    subject = badge(programme=replace(PROGRAMME, credits=amount))["credentialSubject"]
    assert json.dumps(subject.get("creditsEarned")) == shown


@pytest.mark.parametrize("amount", [Fraction(1, 3), Fraction(10**400), Fraction(10**30, 3)])
def test_credits_that_decimals_cannot_carry_are_refused(amount: Fraction) -> None:
    with pytest.raises(DecodeError) as caught:
        badge(programme=replace(PROGRAMME, credits=amount))
    assert caught.value.code == "BADGE_CREDITS"


def test_names_in_the_order_of_their_script() -> None:
    assert LearnerClaims("张", "伟").full_name == "张伟"
    assert LearnerClaims("김", "민준").full_name == "김민준"
    assert LearnerClaims("Zhang", "Wei").full_name == "Wei Zhang"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 301, "\ud800", "a\u2028b"])
def test_claims_are_text(name: str) -> None:
    with pytest.raises(DecodeError) as caught:
        LearnerClaims("Doe", name)
    assert (caught.value.code, caught.value.path) == ("CLAIM_TEXT", "given_name")


def test_facts_that_make_no_badge_are_refused() -> None:
    with pytest.raises(DecodeError) as caught:
        badge(programme=replace(PROGRAMME, id="no uri"))
    assert (caught.value.code, caught.value.path) == ("BADGE_VALUE", "credentialSubject.achievement.id")


def test_a_published_example_passes() -> None:
    if not EXAMPLE.is_file():
        pytest.skip("the example badge is not here")
    check_open_badge(json.loads(EXAMPLE.read_text()))


def test_a_badge_on_the_older_data_model_passes() -> None:
    made = badge()
    made["@context"][0] = "https://www.w3.org/2018/credentials/v1"
    made["issuanceDate"], made["expirationDate"] = made.pop("validFrom"), made.pop("validUntil")
    check_open_badge(made)
    assert period(made) == (DATES.valid_from, DATES.valid_until)


def test_contexts_the_caller_knows_may_follow() -> None:
    made = badge()
    made["@context"].append("https://example.org/more")
    check_open_badge(made, contexts={"https://example.org/more"})


def test_what_badges_may_leave_out_or_add() -> None:
    made = badge()
    for name in ("name", "description", "validUntil"):
        del made[name]
    made["issuer"] = "did:web:bjou.example"
    made["evidence"] = [{"type": ["Evidence"], "id": "https://work.example/1"}]
    made["termsOfUse"] = {"type": "https://policy.example/1"}
    subject(made)["activityEndDate"] = "2027-01-14T00:00:00+08:00"
    check_open_badge(made)
    assert period(made) == (NOW, None)


Change = Callable[[dict[str, Any]], object]


def subject(made: dict[str, Any]) -> Any:
    return made["credentialSubject"]


def achievement(made: dict[str, Any]) -> Any:
    return made["credentialSubject"]["achievement"]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        (lambda m: m.pop("@context"), "BADGE_MISSING", "@context"),
        (lambda m: m["@context"].reverse(), "BADGE_CONTEXT", "@context"),
        (lambda m: m["@context"].pop(), "BADGE_CONTEXT", "@context"),
        (lambda m: m["@context"].append("https://evil.example"), "BADGE_CONTEXT", "@context[2]"),
        (lambda m: m["@context"].append({"name": "urn:x"}), "BADGE_CONTEXT", "@context[2]"),
        (lambda m: achievement(m).update({"@context": {}}), "BADGE_CONTEXT", "credentialSubject.achievement"),
        (lambda m: m["@context"].__setitem__(1, 5), "BADGE_CONTEXT", "@context[1]"),
        (lambda m: m.update(termsOfUse={"type": []}), "BADGE_TYPE", "termsOfUse[0].type"),
        (lambda m: m.update(type=["VerifiableCredential"]), "BADGE_TYPE", "type"),
        (lambda m: m.update(type="OpenBadgeCredential"), "BADGE_TYPE", "type"),
        (lambda m: m.update(type=[1]), "BADGE_VALUE", "type"),
        (lambda m: m.update(id="no uri"), "BADGE_VALUE", "id"),
        (lambda m: m.update(name=" "), "BADGE_VALUE", "name"),
        (lambda m: m.update(issuer="nobody"), "BADGE_VALUE", "issuer"),
        (lambda m: m["issuer"].update(type=["Person"]), "BADGE_TYPE", "issuer.type"),
        (lambda m: m["issuer"]["otherIdentifier"][0].pop("identifier"), "BADGE_MISSING", "issuer.otherIdentifier[0].identifier"),
        (lambda m: m.pop("validFrom"), "BADGE_MISSING", "validFrom"),
        (lambda m: m.update(validFrom="2027-01-15"), "BADGE_DATE", "validFrom"),
        (lambda m: m.update(validUntil=m["validFrom"]), "BADGE_DATE", "validUntil"),
        (lambda m: m.update(awardedDate=5), "BADGE_DATE", "awardedDate"),
        (lambda m: m.update(credentialSubject=[subject(m)]), "BADGE_VALUE", "credentialSubject"),
        (lambda m: subject(m).update(id=None), "BADGE_VALUE", "credentialSubject.id"),
        (lambda m: (subject(m).pop("id"), subject(m).pop("identifier")), "BADGE_SUBJECT", "credentialSubject"),
        (lambda m: subject(m)["identifier"][0].update(hashed="no"), "BADGE_VALUE", "credentialSubject.identifier[0].hashed"),
        (lambda m: subject(m)["identifier"][1].update(identityHash="x"), "BADGE_VALUE", "credentialSubject.identifier[1].identityHash"),
        (lambda m: subject(m).update(creditsEarned=True), "BADGE_VALUE", "credentialSubject.creditsEarned"),
        (lambda m: subject(m).update(creditsEarned=-1), "BADGE_VALUE", "credentialSubject.creditsEarned"),
        (lambda m: subject(m)["result"][0].update(resultDescription="urn:x"), "BADGE_RESULT", "credentialSubject.result[0].resultDescription"),
        (lambda m: achievement(m).pop("criteria"), "BADGE_MISSING", "credentialSubject.achievement.criteria"),
        (lambda m: achievement(m)["alignment"][0].update(targetUrl="x"), "BADGE_VALUE", "credentialSubject.achievement.alignment[0].targetUrl"),
        (lambda m: m["credentialStatus"].pop("type"), "BADGE_MISSING", "credentialStatus[0].type"),
        (lambda m: m["credentialStatus"].update(statusListIndex=5), "BADGE_VALUE", "credentialStatus[0].statusListIndex"),
        (lambda m: m["credentialStatus"].update(statusListIndex="05"), "BADGE_VALUE", "credentialStatus[0].statusListIndex"),
        (lambda m: m.update(termsOfUse={"id": "urn:x"}), "BADGE_MISSING", "termsOfUse[0].type"),
        (lambda m: m.update(evidence=["x"]), "BADGE_VALUE", "evidence[0]"),
    ],
)  # fmt: skip
def test_faults_are_named_and_placed(change: Change, code: str, path: str) -> None:
    made = copy.deepcopy(badge())
    change(made)
    with pytest.raises(DecodeError) as caught:
        check_open_badge(made)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_period_of_validity() -> None:
    made = badge()
    check_period(made, NOW)
    for at, code in [(NOW - 1, "BADGE_NOT_YET_VALID"), (DATES.valid_until or 0, "BADGE_EXPIRED")]:
        with pytest.raises(DecodeError) as caught:
            check_period(made, at)
        assert caught.value.code == code


def test_uuid7_of_the_rfc() -> None:
    """RFC 9562 appendix A.6: rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F."""
    random_bits = 0xCC3 << 68 | 0x18C4DC0C0C07398F
    made = uuid7(0x017F22E279B0, random_bits.to_bytes(10, "big"))
    assert uuid_text(made) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert new_uuid7() != new_uuid7()
    for now_ms, random_bytes in [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9))]:
        with pytest.raises(ValueError, match="expected"):
            uuid7(now_ms, random_bytes)


@pytest.mark.parametrize("parts", [(bytes(31), BATCH, 0), (NETWORK, bytes(15), 0), (NETWORK, BATCH, 2**32)])
def test_a_reference_has_bounds(parts: tuple[bytes, bytes, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        LedgerReference(*parts)


@pytest.mark.parametrize(
    "urn",
    [
        "",
        REFERENCE.urn + " ",
        REFERENCE.urn.upper(),
        REFERENCE.urn[:-2] + "041",
        REFERENCE.urn[:-2] + str(2**32),
        REFERENCE.urn.replace("-", ""),
    ],
)
def test_a_reference_has_one_spelling(urn: str) -> None:
    with pytest.raises(DecodeError) as caught:
        LedgerReference.parse(urn)
    assert caught.value.code == "LEDGER_REFERENCE"
