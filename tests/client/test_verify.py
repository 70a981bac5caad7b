from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from accord_client.badges import issuer_facts, programme_facts
from accord_client.bundle import Bundle, parse_bundle
from accord_client.documents.open_badge_facts import BadgeDates
from accord_client.verify import Report, verify_bundle
from accord_client.verify.report import CHECKS
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import BATCHES, CREDENTIALS, STANDING_PAGES, Interval
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.party import KEYS, PARTIES
from accord_ledger.domain.model.programme import PROGRAMMES
from client_ledger import DID, ISSUE_TIME, ClientLedger, issued, stranger
from domain_alliance import key_of

AT = ISSUE_TIME + 100


def bundle(index: int = 3) -> Bundle:
    ledger, batch, record = issued()
    return ledger.export(batch, index, record)


def verify(made: Bundle, *, at: int = AT, **options: Any) -> Report:
    return verify_bundle(made, issued()[0].trust, at=at, **options)


def finding(report: Report, name: str) -> tuple[str, str]:
    check = report.checks[name]
    return check.outcome, check.code


def test_a_good_bundle_passes_every_check() -> None:
    report = verify(parse_bundle(bundle().to_json()))
    assert report.verdict == "valid"
    assert list(report.checks) == list(CHECKS)
    assert {check.outcome for check in report.checks.values()} == {"passed"}
    assert report.facts["credits"] == "3/1"
    assert report.facts["status"] == "valid"
    assert report.facts["as_of"] == ISSUE_TIME
    assert json.loads(msgspec.json.encode(report.to_plain()))["verdict"] == "valid"


def test_every_credential_of_the_batch_verifies() -> None:
    assert {verify(bundle(index)).verdict for index in range(12)} == {"valid"}


Alter = Callable[[dict[str, Any]], None]


def put(*path: Any, value: Any) -> Alter:
    def change(whole: dict[str, Any]) -> None:
        target: Any = whole
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return change


def flip(*path: Any, place: int = 0) -> Alter:
    """Another hex or base64 character, of the same kind."""

    def change(whole: dict[str, Any]) -> None:
        target: Any = whole
        for step in path[:-1]:
            target = target[step]
        text = target[path[-1]]
        other = "1" if text[place] != "1" else "2"
        target[path[-1]] = text[:place] + other + text[place + 1 :]

    return change


BADGE = ("documents", 0, "content")
SUBJECT = (*BADGE, "credentialSubject")

ALTERATIONS: list[tuple[Alter, str, str]] = [
    (flip("network"), "network", "BUNDLE_NETWORK"),
    (put("batch_id", value="ff" * 16), "batch", "NOT_PROVED"),
    (put("index", value=4), "batch", "MERKLE_INCLUSION"),
    (put("index", value=4), "reference", "DOCUMENT_REFERENCE"),
    (flip("holder", "key"), "batch", "MERKLE_INCLUSION"),
    (flip("holder", "key"), "holder", "DOCUMENT_HOLDER"),
    (flip("holder", "salt"), "batch", "MERKLE_INCLUSION"),
    (flip("path", 0), "batch", "MERKLE_INCLUSION"),
    (put("path", value=[]), "batch", "MERKLE_INCLUSION"),
    (flip("documents", 0, "salt"), "batch", "MERKLE_INCLUSION"),
    (put("documents", 0, "media_type", value="application/ld+json"), "batch", "MERKLE_INCLUSION"),
    (put(*BADGE, "name", value="Another"), "batch", "MERKLE_INCLUSION"),
    (put(*BADGE, "name", value="Another"), "signature", "PROOF_SIGNATURE"),
    (put(*SUBJECT, "achievement", "creditsAvailable", value=30), "claims", "DOCUMENT_CLAIM"),
    (put(*SUBJECT, "id", value="did:web:me.example"), "holder", "MULTIKEY_DID"),
    (put(*BADGE, "validFrom", value="2030-01-01T00:00:00Z"), "dates", "BADGE_NOT_YET_VALID"),
    (put(*BADGE, "type", value=["VerifiableCredential"]), "badge", "BADGE_TYPE"),
    (put(*BADGE, "proof", value=[]), "signature", "PROOF_MISSING"),
    (put(*BADGE, "proof", 0, "cryptosuite", value="unheard-of"), "signature", "PROOF_MISSING"),
    (put(*BADGE, "proof", 0, "proofPurpose", value="authentication"), "signature", "PROOF_PURPOSE"),
    (put(*BADGE, "proof", 0, "verificationMethod", value="did:web:uu.example#1"), "signature", "PROOF_METHOD"),
    (flip("record", "path", 0), "record", "MERKLE_INCLUSION"),
    (put("record", "index", value=0), "record", "MERKLE_INCLUSION"),
    (flip("record", "checkpoint", place=-20), "quorum", "NOTE_SIGNATURE_INVALID"),
    (flip("seals", 0, "path", 0), "state", "MERKLE_INCLUSION"),
    (put("seals", 0, "checkpoint", value="x\n1\n\n"), "quorum", "NOTE_MALFORMED"),
    (flip("state", 0, "value", place=8), "state", "MAP_PRESENCE"),
    (put("state", 0, "value", value=None), "state", "MAP_ABSENCE"),
    (flip("state", 0, "proof", place=40), "state", "MAP_PRESENCE"),
    (put("handoffs", value=[{"seal": "", "finalization": "", "epoch": "", "proof": ""}]), "quorum", "CODEC_SCHEMA"),
]  # fmt: skip


@pytest.mark.parametrize(("alter", "name", "code"), ALTERATIONS)
def test_each_alteration_is_found_by_its_check(alter: Alter, name: str, code: str) -> None:
    whole = json.loads(bundle().to_json())
    alter(whole)
    report = verify(parse_bundle(json.dumps(whole).encode()))
    assert finding(report, name)[1] == code, report.checks[name]
    assert report.verdict == "invalid"


@pytest.mark.parametrize("place", range(9))
def test_without_one_state_value_nothing_is_guessed(place: int) -> None:
    made = bundle()
    short = replace(made, state=made.state[:place] + made.state[place + 1 :])
    report = verify(short)
    assert report.verdict == "unknown"
    assert finding(report, "state") == ("passed", "")
    assert finding(report, "status") == ("not_checked", "NOT_PROVED")


def test_a_record_of_something_else_is_refused() -> None:
    ledger, _, record = issued()
    made = bundle()
    assert made.record is not None
    other = replace(made, record=type(made.record).of(ledger.inclusion(record - 1)))
    assert finding(verify(other), "record") == ("failed", "LEDGER_RECORD")
    first = replace(made, record=type(made.record).of(ledger.inclusion(0)))
    assert finding(verify(first), "record") == ("failed", "RECORD_KIND")


def test_too_few_cosigners_make_the_quorum_check_fail() -> None:
    ledger, _, _ = issued()
    made = bundle()
    note = ledger.note(cosigners=("uu", "um", "uom", "suny")).decode()
    weak = replace(made, seals=(replace(made.seals[0], checkpoint=note),))
    assert finding(verify(weak), "quorum") == ("failed", "CHECKPOINT_QUORUM")
    assert finding(verify(weak), "state")[0] == "not_checked"


def test_a_draft_is_unknown() -> None:
    made = replace(bundle(), record=None, seals=(), state=())
    report = verify(made)
    assert report.verdict == "unknown"
    assert finding(report, "record") == ("not_checked", "BUNDLE_DRAFT")
    assert finding(report, "badge") == ("passed", "")


def test_status_may_be_asked_to_be_fresh() -> None:
    assert verify(bundle(), at=ISSUE_TIME + 3600, max_status_age=600).verdict == "unknown"
    assert verify(bundle(), at=ISSUE_TIME + 300, max_status_age=600).verdict == "valid"


def test_a_share_package_shows_less_and_proves_the_same() -> None:
    made = bundle()
    hidden = parse_bundle(made.share([]).to_json())
    assert b"Learner" not in hidden.to_json()
    report = verify(hidden)
    assert report.verdict == "unknown"
    assert finding(report, "batch") == ("passed", "")
    assert finding(report, "signature") == ("not_checked", "DOCUMENT_NONE")


# ---- ledgers on which something happened -----------------------------------------------------------------


def fresh(**options: Any) -> tuple[ClientLedger, Bundle]:
    """A ledger of its own with one batch whose documents were made with these options."""
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(10, **options)
    record = ledger.issue(batch)
    return ledger, ledger.export(batch, 2, record)


def again(ledger: ClientLedger, made: Bundle) -> Bundle:
    """The bundle with evidence of the newest block."""
    draft = replace(made, record=None, seals=(), state=())
    from accord_client.bundle import BundleState, with_evidence
    from accord_client.verify.bundle_check import document_keys
    from accord_client.verify.ledger_facts import read_facts
    from client_ledger import Recorded

    evidence = Recorded(ledger.values)
    ctx = evidence.context(ledger.network, ledger.version.time)
    read_facts(ctx, draft.batch_id, draft.index, document_keys(draft))
    proofs = [ledger.state_proof(key) for key in evidence.seen]
    state = [BundleState(key=bytes.fromhex(p.key), value=p.value, proof=p.proof, seal=0) for p in proofs]
    assert made.record is not None
    return with_evidence(draft, ledger.inclusion(made.record.index), [ledger.seal_proof()], state)


def status(made: Bundle, action: str, effect: str | None = None) -> StatusBody:
    spans = (Interval(start=made.index, end=made.index + 1),)
    return StatusBody(batch_id=made.batch_id, ranges=spans, action=action, effect=effect)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "effect", "signers", "code"),
    [
        ("revoke", "review", ["uu registrar"], "STATUS_REVOKED"),
        ("revoke", "reverse", ["uu registrar", "uu quality"], "STATUS_REVOKED"),
        ("suspend", None, ["uu registrar"], "STATUS_SUSPENDED"),
    ],
)
def test_a_changed_status_is_seen_by_newer_evidence(
    action: str, effect: str | None, signers: list[str], code: str
) -> None:
    ledger, made = fresh()
    ledger.do("credential_status", status(made, action, effect), *signers)
    ledger.seal()
    old = verify_bundle(made, ledger.trust, at=AT)
    new = verify_bundle(again(ledger, made), ledger.trust, at=AT)
    assert old.verdict == "valid"
    assert finding(new, "status") == ("failed", code)
    assert new.facts["as_of"] > old.facts["as_of"]


def test_old_absence_cannot_be_passed_off_as_new() -> None:
    ledger, made = fresh()
    ledger.do("credential_status", status(made, "suspend"), "uu registrar")
    ledger.seal()
    newer = again(ledger, made)
    kept = {item.key: item for item in made.state}
    page = STANDING_PAGES.key(made.batch_id, 0)
    mixed = tuple(replace(kept[page], seal=0) if item.key == page else item for item in newer.state)
    report = verify_bundle(replace(newer, state=mixed), ledger.trust, at=AT)
    assert finding(report, "state") == ("failed", "MAP_ABSENCE")


def test_a_key_revoked_later_does_not_touch_what_was_issued() -> None:
    ledger, made = fresh()
    key = key_of("uu", "issuance")
    body = KeyRevoke(key_id=key.key_id)
    ledger.do("key_revoke", body, "uu", "uu registrar")
    ledger.seal()
    assert verify_bundle(again(ledger, made), ledger.trust, at=AT).verdict == "valid"


def test_a_compromised_key_asks_for_confirmation() -> None:
    ledger, made = fresh()
    key = key_of("uu", "issuance")
    body = KeyRevoke(key_id=key.key_id, compromised_since=ISSUE_TIME - 10)
    ledger.do("key_revoke", body, "uu", "uu registrar")
    ledger.seal()
    report = verify_bundle(again(ledger, made), ledger.trust, at=AT)
    assert finding(report, "status") == ("failed", "STATUS_NEEDS_CONFIRMATION")


def facts(**changes: Any) -> Any:
    from dataclasses import replace as changed

    ledger, _, _ = issued()
    view = ledger.view()
    programme, framework = view.get(PROGRAMMES, "uu-ds", 1), view.get(FRAMEWORKS, "nl-ects", 1)
    assert programme is not None
    assert framework is not None
    made = programme_facts(programme, framework, base_url="https://uu.example")
    level = made.level
    assert level is not None
    if "code" in changes and changes["code"] == "level":
        return changed(made, level=changed(level, code="8"))
    return changed(made, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"credits": Fraction(6)},
        {"name": "Doctor of Science"},
        {"code": "level"},
        {"version": "2"},
        {"code": "uu-phd"},
    ],
)
def test_a_signed_document_that_claims_otherwise_fails(changes: dict[str, Any]) -> None:
    ledger, made = fresh(facts=facts(**changes))
    report = verify_bundle(made, ledger.trust, at=AT)
    assert finding(report, "signature") == ("passed", "")
    assert finding(report, "batch") == ("passed", "")
    assert finding(report, "claims") == ("failed", "DOCUMENT_CLAIM")
    assert report.facts["credits"] == "3/1"


def test_an_issuer_by_another_name_fails() -> None:
    from dataclasses import replace as changed

    party = issued()[0].view().get(PARTIES, "uu")
    assert party is not None
    ledger, made = fresh(issuer=changed(issuer_facts(party, DID), name="Somebody Else"))
    assert finding(verify_bundle(made, ledger.trust, at=AT), "claims") == ("failed", "DOCUMENT_CLAIM")


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        (stranger(), "PROOF_METHOD"),
        (key_of("um", "issuance"), "PROOF_METHOD"),
        (key_of("uu", "registrar"), "PROOF_METHOD"),
    ],
)
def test_only_an_issuance_key_of_the_issuer_signs_documents(signer: Any, code: str) -> None:
    ledger, made = fresh(signer=signer)
    report = verify_bundle(made, ledger.trust, at=AT)
    assert finding(report, "signature") == ("failed", code)
    assert finding(report, "issuer") == ("passed", "")


def test_periods_end() -> None:
    ledger, made = fresh(dates=BadgeDates(ISSUE_TIME, valid_until=ISSUE_TIME + 1000))
    assert verify_bundle(made, ledger.trust, at=ISSUE_TIME + 999).verdict == "valid"
    late = verify_bundle(made, ledger.trust, at=ISSUE_TIME + 1000)
    assert finding(late, "dates") == ("failed", "BADGE_EXPIRED")


def test_the_ledgers_own_period_ends_too() -> None:
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(10)
    record = ledger.issue(batch, valid_until="2026-12-31")
    made = ledger.export(batch, 0, record)
    report = verify_bundle(made, ledger.trust, at=ISSUE_TIME + 400 * 86_400)
    assert finding(report, "dates") == ("failed", "CREDENTIAL_EXPIRED")


def test_evidence_covers_just_what_is_read() -> None:
    keys = {item.key for item in bundle().state}
    _, batch, _ = issued()
    assert {BATCHES.key(batch.batch_id), CREDENTIALS.key(batch.batch_id, 3)} < keys
    assert KEYS.key(key_of("uu", "issuance").key_id) in keys
    assert len(keys) == 9
