"""Bundles of a batch judged by what differs in them: the same verdicts and reports as each for itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as change

from accord_client.bundle import MAX_BUNDLE_BYTES, BundleState, parse_bundle
from accord_client.documents.badge_pattern import pattern_of
from accord_client.documents.cryptosuites import rdfc_hash_data
from accord_client.documents.multikey import encode_multikey, multibase_encode
from accord_client.documents.open_badge_facts import LearnerClaims
from accord_client.issuing import JcsSigner, RdfcSigner
from accord_client.makers import bitstring_ranges
from accord_client.verify.batch_pattern import BatchPattern
from accord_client.verify.bundle_check import judge_bundle
from accord_client.verify.known_batches import KnownBatches
from accord_client.verify.many import FileVerdict, FileVerifier
from accord_client.verify.pattern_making import pattern_of_bundle
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import CREDENTIALS, PAGE, STANDING_PAGES, Interval
from accord_ledger.errors import AccordError, DecodeError
from client_ledger import ISSUE_TIME, ClientLedger, issued, stranger

AT, COUNT = ISSUE_TIME + 100, 12
NAME = Path("bundle")
LISTS = bitstring_ranges("https://uu.example/v1/status-lists/uu/list-1", 0)


@cache
def world() -> tuple[ClientLedger, tuple[bytes, ...]]:
    """A batch of badges and tokens, with two status entries each."""
    ledger = ClientLedger()
    ledger.programme()
    return ledger, exported(ledger, tokens=True, status=LISTS)


def exported(ledger: ClientLedger, **options: Any) -> tuple[bytes, ...]:
    batch = ledger.prepare(COUNT, **options)
    record = ledger.issue(batch)
    return tuple(ledger.export(batch, index, record).to_json() for index in range(COUNT))


def shared(data: bytes, positions: tuple[int, ...]) -> bytes:
    return parse_bundle(data).share(positions).to_json()


def verdict(verifier: FileVerifier, data: bytes) -> FileVerdict | str:
    try:
        return verifier.judge(NAME, data)
    except AccordError as error:
        return f"{error.code} {error.detail}"


def cold(data: bytes, **options: Any) -> FileVerdict | str:
    return verdict(FileVerifier(world()[0].trust, AT, **options), data)


def pattern(data: bytes) -> BatchPattern | None:
    bundle = parse_bundle(data)
    return pattern_of_bundle(data, bundle, judge_bundle(bundle, world()[0].trust, at=AT), AT)


SHOWN = [(0, 1), (0,), (1,)]


@pytest.mark.parametrize("positions", SHOWN)
def test_what_fits_a_pattern_has_the_report_it_has_alone(positions: tuple[int, ...]) -> None:
    files = [shared(data, positions) for data in world()[1]]
    found = pattern(files[3])
    assert found is not None
    for data in files:
        alike, alone = found.judge(data), cold(data)
        assert alike is not None
        assert isinstance(alone, FileVerdict)
        assert (alike.verdict, alike.report) == (alone.verdict, alone.report)
        assert alone.verdict == "valid"


@cache
def warm(positions: tuple[int, ...]) -> tuple[FileVerifier, list[bytes]]:
    """A verifier that has patterns of these bundles."""
    verifier = FileVerifier(world()[0].trust, AT)
    files = [shared(data, positions) for data in world()[1]]
    assert {verifier.judge(NAME, data).verdict for data in files} == {"valid"}
    return verifier, files


def differing(files: list[bytes]) -> list[int]:
    """Offsets at which two bundles differ."""
    return [place for place, (one, other) in enumerate(zip(*files[:2], strict=False)) if one != other]


@pytest.mark.parametrize("positions", SHOWN)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_is_altered_a_verifier_that_knows_the_batch_finds_what_a_new_one_finds(
    positions: tuple[int, ...], data: st.DataObject
) -> None:
    verifier, files = warm(positions)
    good = data.draw(st.sampled_from(files))
    start = data.draw(st.sampled_from(differing(files)) | st.integers(0, len(good) - 1))
    end = min(start + data.draw(st.sampled_from([0, 1, 1, 2, 64])), len(good))
    other = data.draw(st.sampled_from(files))[start:end]
    put = data.draw(
        st.sampled_from([b"0", b"1", b"Z", b'"', b"\\", b" ", b"\n", b"\x00", b"\xc3", b"", other])
    )
    bent = good[:start] + put + good[end:]
    assert verdict(verifier, bent) == cold(bent)


@pytest.mark.parametrize("place", range(0, 22_000, 900))
def test_one_bit_of_what_is_shared_is_not_passed_over(place: int) -> None:
    verifier, files = warm((0,))
    bent = bytearray(files[5])
    bent[place] ^= 1
    found = verdict(verifier, bytes(bent))
    assert found == cold(bytes(bent))
    assert not isinstance(found, FileVerdict) or found.verdict != "valid"


def test_parts_of_another_credential_do_not_pass() -> None:
    verifier, files = warm((0, 1))
    one, other = json.loads(files[2]), json.loads(files[3])
    row = next(place for place, item in enumerate(one["state"]) if item != other["state"][place])
    for path in (["index"], ["holder"], ["path"], ["documents"], ["state", row], ["state", row, "key"]):
        mixed: Any = json.loads(files[2])
        source, target = other, mixed
        for step in path[:-1]:
            source, target = source[step], target[step]
        target[path[-1]] = source[path[-1]]
        text = json.dumps(mixed, indent=1, ensure_ascii=False, separators=(",", ": ")).encode() + b"\n"
        found = verdict(verifier, text)
        assert isinstance(found, FileVerdict), path
        assert found.verdict != "valid", path
        assert found == cold(text)


@pytest.mark.parametrize("spelling", [b"07", b"+7", b"7.0", b"7_0", b"-7", b"\xd9\xa7", b"7e0"])
def test_an_index_has_one_spelling(spelling: bytes) -> None:
    verifier, files = warm((0,))
    bent = files[7].replace(b'\n "index": 7,', b'\n "index": ' + spelling + b",", 1)
    assert bent != files[7]
    found = verdict(verifier, bent)
    assert found == cold(bent)
    assert not isinstance(found, FileVerdict) or found.verdict != "valid"


def test_a_hash_has_one_spelling() -> None:
    verifier, files = warm((0,))
    salt = str(json.loads(files[7])["holder"]["salt"])
    for spelling in (salt.upper(), f"{salt[:62]}  ", f" {salt[:63]}", f"{salt[:32]} {salt[33:]}"):
        bent = files[7].replace(salt.encode(), spelling.encode())
        found = verdict(verifier, bent)
        assert isinstance(found, str)
        assert found == cold(bent)


def test_a_path_has_one_spelling() -> None:
    verifier, files = warm((0,))
    first = str(json.loads(files[7])["path"][0])
    for old, new in ((first, first.upper()), (first, f"{first[:63]} "), (f'{first}",\n  "', f'{first}", "')):
        bent = files[7].replace(old.encode(), new.encode())
        assert verdict(verifier, bent) == cold(bent)


def test_nothing_may_stand_between_the_last_gap_and_the_rest() -> None:
    verifier, files = warm((0,))
    known = pattern(files[1])
    assert known is not None
    cut = len(files[1]) - len(known.text.rest)
    for more in (b'",\n   "seal": 0,\n   "x": "', b" ", b"A"):
        bent = files[1][:cut] + more + files[1][cut:]
        assert known.judge(bent) is None
        assert verdict(verifier, bent) == cold(bent)


@dataclass(frozen=True)
class Bending:
    """An issuer that makes some badges of its batch wrong, and signs and commits to them all the same."""

    signer: RdfcSigner

    @classmethod
    def of(cls, key: Any, method: str, created: int) -> Bending:
        return cls(RdfcSigner(key, method, created))

    def __call__(self, badge: dict[str, Any]) -> dict[str, Any]:
        number = int(badge["id"].rpartition(":")[2])
        change, code = BENT.get(number, (None, ""))
        if change is None:
            return self.signer(badge)
        if code.startswith("PROOF_"):
            badge = self.signer(badge)
            change(badge)
            return badge
        if number == NO_ADDRESS:
            return self.sign_lines(self.signer(badge), change)
        change(badge)
        return self.signer(badge)

    def sign_lines(self, badge: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Signs lines that no canonicalizer would write."""
        known = pattern_of(badge)
        assert known is not None
        config = {name: value for name, value in badge["proof"][0].items() if name != "proofValue"}
        first = rdfc_hash_data({name: value for name, value in badge.items() if name != "proof"}, config)[:32]
        change(badge)
        lines = known.canonical_nquads(known.values_of(badge)) or b""
        badge["proof"][0]["proofValue"] = multibase_encode(
            self.signer.key.sign(first + sha256(lines).digest())
        )
        return badge


NO_ADDRESS = 8


def put(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(badge: dict[str, Any]) -> None:
        target: Any = badge
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return change


OTHER = "did:key:" + encode_multikey(stranger().public)
WHO = ("credentialSubject", "identifier")
BENT: dict[int, tuple[Callable[[dict[str, Any]], None], str]] = {
    3: (put("credentialSubject", "id", value=OTHER), "DOCUMENT_HOLDER"),
    4: (put("id", value=f"urn:accord:{bytes(32).hex()}:{UUID(int=1)}:4"), "DOCUMENT_REFERENCE"),
    5: (put("credentialStatus", 1, "statusListIndex", value="6"), "STATUS_POSITION"),
    6: (put(*WHO, 0, "identityHash", value="Somebody Else"), "PROOF_SIGNATURE"),
    7: (put("proof", 0, "proofValue", value="z" + "2" * 87), "PROOF_MALFORMED"),
    NO_ADDRESS: (put("credentialStatus", 0, "id", value="no address"), "BADGE_VALUE"),
    9: (put(*WHO, 0, "identityHash", value="  "), "BADGE_VALUE"),
    10: (put(*WHO, 1, "identityHash", value="sha256$0"), "BADGE_VALUE"),
    11: (put(*WHO, 1, "salt", value=""), ""),
}


def test_what_an_issuer_committed_to_is_judged_all_the_same() -> None:
    ledger = ClientLedger()
    ledger.programme()
    claims = [LearnerClaims("Doe", f"L{number}", email=f"l{number}@x.example") for number in range(COUNT)]
    files = exported(ledger, claims=claims, sign=Bending.of, status=LISTS)
    verifier = FileVerifier(ledger.trust, AT)
    found = [verdict(verifier, data) for data in files]
    assert found == [verdict(FileVerifier(ledger.trust, AT), data) for data in files]
    codes = [item.code if isinstance(item, FileVerdict) else item for item in found]
    assert codes == [BENT[index][1] if index in BENT else "" for index in range(COUNT)]


def test_values_stay_in_their_order() -> None:
    ledger, batch, record = issued()
    row = ledger.state_proof(CREDENTIALS.key(batch.batch_id, 5))
    more = BundleState(key=bytes.fromhex(row.key), value=row.value, proof=row.proof, seal=0)
    verifier, files = FileVerifier(ledger.trust, AT), []
    for index in (2, 3, 4, 7):
        bundle = ledger.export(batch, index, record)
        own = CREDENTIALS.key(batch.batch_id, index)
        place = next(place for place, item in enumerate(bundle.state) if item.key == own)
        state = (*bundle.state[: place + 1], more, *bundle.state[place + 1 :])
        files.append(change(bundle, state=state).to_json())
    assert {verifier.judge(NAME, data).verdict for data in files[:3]} == {"valid"}
    with pytest.raises(DecodeError) as caught:
        verifier.judge(NAME, files[3])
    assert caught.value.code == "BUNDLE_STATE"


def test_disclosures_are_judged_though_no_commitment_covers_them() -> None:
    verifier, files = warm((1,))
    one, other = (json.loads(data) for data in files[2:4])
    texts = [base64.b64decode(whole["documents"][1]["data"]).split(b"~") for whole in (one, other)]
    for parts in (
        [texts[0][0], *texts[1][1:]],
        [*texts[0][:2], texts[0][1], b""],
        [*texts[0][:2], b""],
        [texts[0][0], b"", *texts[0][1:]],
    ):
        one["documents"][1]["data"] = base64.b64encode(b"~".join(parts)).decode()
        bent = json.dumps(one, indent=1, ensure_ascii=False).encode() + b"\n"
        assert verdict(verifier, bent) == cold(bent)


def test_a_file_beyond_the_bound_fits_no_pattern() -> None:
    verifier, files = warm((0,))
    huge = files[4].replace(b'"Learner', b'"' + b"x" * MAX_BUNDLE_BYTES + b"Learner")
    assert verdict(verifier, huge) == cold(huge)


def test_a_touched_credential_is_judged_in_full_and_others_beside_it_are_not_held_up() -> None:
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(COUNT)
    record = ledger.issue(batch)
    for action, start in (("suspend", 4), ("revoke", 7)):
        spans = (Interval(start=start, end=start + 1),)
        effect = "review" if action == "revoke" else None
        body = StatusBody(batch_id=batch.batch_id, ranges=spans, action=action, effect=effect)  # type: ignore[arg-type]
        ledger.do("credential_status", body, "uu registrar")
    ledger.seal()
    files = [ledger.export(batch, index, record).to_json() for index in range(COUNT)]
    verifier = FileVerifier(ledger.trust, AT)
    found = [verdict(verifier, data) for data in files]
    assert found == [verdict(FileVerifier(ledger.trust, AT), data) for data in files]
    codes = {
        place: item.code for place, item in enumerate(found) if isinstance(item, FileVerdict) and item.code
    }
    assert codes == {4: "STATUS_SUSPENDED", 7: "STATUS_REVOKED"}
    first = parse_bundle(files[0])
    judged = judge_bundle(first, ledger.trust, at=AT)
    known = pattern_of_bundle(files[0], first, judged, AT)
    assert known is not None
    assert [place for place, data in enumerate(files) if known.judge(data) is None] == [4, 7]


def test_the_statuses_of_another_page_say_nothing() -> None:
    ledger = ClientLedger()
    ledger.programme(entrants=2 * PAGE)
    batch = ledger.prepare(PAGE + 4)
    record = ledger.issue(batch)
    verifier = FileVerifier(ledger.trust, AT)
    near = [ledger.export(batch, index, record) for index in (2, 3, PAGE - 1)]
    for bundle in near:
        assert verifier.judge(NAME, bundle.to_json()).verdict == "valid"
    far = ledger.export(batch, PAGE, record)
    page = STANDING_PAGES.key(batch.batch_id, 1)
    place = next(place for place, item in enumerate(far.state) if item.key == page)
    bent = change(far, state=(*far.state[:place], near[0].state[place], *far.state[place + 1 :])).to_json()
    found = verdict(verifier, bent)
    assert isinstance(found, FileVerdict)
    assert (found.verdict, found.code) == ("unknown", "NOT_PROVED")
    assert verifier.judge(NAME, far.to_json()).verdict == "valid"


def test_another_pin_time_or_freshness_forgets_what_was_known() -> None:
    ledger, files = world()
    verifier = FileVerifier(ledger.trust, AT)
    for data in files[:4]:
        verifier.judge(NAME, data)
    verifier.max_status_age = 10
    assert verdict(verifier, files[5]) == cold(files[5], max_status_age=10)
    verifier.at = ISSUE_TIME - 10**6
    assert verdict(verifier, files[6]) == verdict(FileVerifier(ledger.trust, verifier.at), files[6])
    verifier.at, verifier.max_status_age = AT, None
    other = replace(ledger.trust, network=bytes(32))
    verifier.trust = other
    found = verdict(verifier, files[7])
    assert isinstance(found, FileVerdict)
    assert found.code == "BUNDLE_NETWORK"


def test_an_old_status_is_said_of_every_bundle() -> None:
    ledger, files = world()
    verifier = FileVerifier(ledger.trust, AT, 10)
    for data in files:
        found = verdict(verifier, data)
        assert found == cold(data, max_status_age=10)
        assert isinstance(found, FileVerdict)
        assert (found.verdict, found.code) == ("unknown", "STATUS_OLD")


def test_what_does_not_lend_itself_has_no_pattern() -> None:
    files = world()[1]
    assert pattern(json.dumps(json.loads(files[0])).encode()) is None  # another layout
    assert pattern(shared(files[0], ())) is None  # nothing disclosed: not judged good
    other = ClientLedger()
    other.programme()
    jcs = exported(other, sign=JcsSigner)[0]
    bundle = parse_bundle(jcs)
    assert pattern_of_bundle(jcs, bundle, judge_bundle(bundle, other.trust, at=AT), AT) is None


def test_a_batch_seen_once_makes_no_pattern() -> None:
    ledger, files = world()
    known, basis = KnownBatches(), ("pin",)
    for number, data in enumerate(files[:3]):
        found = known.judge(data, basis)
        assert (found is None) == (number < 2)
        bundle = parse_bundle(data)
        known.learn(data, bundle, judge_bundle(bundle, ledger.trust, at=AT), AT)
    assert known.judge(files[0], ("another pin",)) is None
    assert known.judge(files[0], basis) is None
