from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from accord_genesis.acts import parse_acts
from accord_genesis.ceremony import join
from accord_genesis.document import SignedDocument, open_unfinished
from accord_genesis.statement import open_statement
from accord_genesis.summary import summarise, witness_policy
from accord_ledger import codec
from accord_ledger.checkpoint import Checkpoint, cosign, portable_note
from accord_ledger.errors import ProofError
from accord_ledger.merkle.tree import EMPTY_ROOT
from accord_ledger.note import NoteSigner
from accord_ledger.policy import parse_policy
from genesis_alliance import CREATED, ORIGIN, Alliance, applicant, make_alliance

ACTS = {
    "registry_entry": [
        {"agency": "q", "registry": "EQAR", "period": {"valid_from": "2026-03-01", "valid_to": "2030-12-31"}}
    ],
    "accreditation_grant": [
        {
            "agency": "q",
            "party": "a",
            "scope": "party",
            "registry": "EQAR",
            "cross_border": True,
            "valid_from": "2026-03-01",
            "valid_to": "2030-02-28",
        }
    ],
    "policy_set": [{"review_days": 30}],
}
AGENCY = replace(applicant("q", seat=False, endpoint=None), roles=("quality_agency",))


@pytest.fixture(scope="module")
def alliance(tmp_path_factory: pytest.TempPathFactory) -> Alliance:
    folder = tmp_path_factory.mktemp("summary")
    return make_alliance(folder, observers=["e"], others=[AGENCY], extra_acts=parse_acts(ACTS))


def test_it_says_who_is_in_and_what_it_begins_with(alliance: Alliance) -> None:
    found = summarise(alliance.genesis)
    assert (found.network, found.origin, found.created) == (alliance.network.hex(), ORIGIN, CREATED)
    assert (found.members, found.faults, found.quorum) == (("a", "b", "c", "d"), 1, 3)
    assert {line.party: line.place for line in found.parties} == {
        **dict.fromkeys("abcd", "seat"),
        "e": "observer",
        "q": "none",
    }
    assert "nl-ects@1" in found.frameworks
    assert found.accreditation == ("q in EQAR", "q accredits a across borders (EQAR)")
    assert found.parameters == ("review_days 30",)
    assert (found.missing, found.complete) == ((), True)


def test_fingerprints_are_those_the_parties_saw(alliance: Alliance) -> None:
    for line in summarise(alliance.genesis).parties[:1]:
        who = applicant("a", seat=True, endpoint=alliance.endpoints["a"])
        assert open_statement(join(who, alliance.secrets["a"])).fingerprint == line.fingerprint


def test_missing_signatures_are_named(alliance: Alliance) -> None:
    file = codec.decode(alliance.genesis_bytes, SignedDocument, limit=10**7)
    for keep, missing, complete in ((4, ("e",), True), (0, ("a", "b", "c", "d", "e"), False)):
        part = msgspec.structs.replace(file, signatures=file.signatures[:keep])
        found = summarise(open_unfinished(codec.encode(part)))
        assert (found.missing, found.complete) == (missing, complete)


def test_the_policy_opens_what_a_quorum_cosigned(alliance: Alliance) -> None:
    policy = parse_policy(witness_policy(alliance.genesis).format())
    assert len(policy.logs) == 5
    assert set(policy.witnesses) == {f"{ORIGIN}/{party}" for party in "abcd"}
    checkpoint = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    for log in "ae":  # a member's log key, and an observer's
        lines = [
            cosign(checkpoint.text(), alliance.node_key(party, "witness"), f"{ORIGIN}/{party}", CREATED)
            for party in "abc"
        ]
        signature = NoteSigner(ORIGIN, alliance.node_key(log, "log")).sign(checkpoint.text())
        assert policy.open(portable_note(checkpoint, signature, lines)).checkpoint == checkpoint
        with pytest.raises(ProofError, match="CHECKPOINT_QUORUM"):
            policy.open(portable_note(checkpoint, signature, lines[:2]))


def warnings(tmp_path: Path, **options: object) -> str:
    alliance = make_alliance(tmp_path, presets=(), **options)  # type: ignore[arg-type]  # test builder
    return "\n".join(summarise(alliance.genesis, now=CREATED).warnings)


def seat(name: str, host: str, **fields: object) -> object:
    return replace(applicant(name, seat=True, endpoint=f"wss://{host}/peer"), **fields)  # type: ignore[arg-type]  # test builder


def test_a_plain_alliance_has_no_warnings(tmp_path: Path) -> None:
    assert warnings(tmp_path, founders=[seat(name, f"{name}.example") for name in "abcd"]) == ""


def test_what_weakens_an_alliance_is_said(tmp_path: Path) -> None:
    founders = [seat(name, f"{name}.example") for name in "abc"]
    founders += [seat("d", "a.example", controlled_by=("a",)), seat("e", "e.example", controlled_by=("a",))]
    text = warnings(tmp_path, founders=founders, created=CREATED + 100)
    assert "5 members tolerate 1 faulty, as 4 do" in text
    assert "a, d share the host a.example" in text
    assert "a and d are not independent" in text
    assert "d and e are not independent" in text
    assert "100 s in the future" in text


def test_test_networks_say_so(tmp_path: Path) -> None:
    founders = [seat(name, f"{name}.example") for name in "abcd"]
    text = warnings(tmp_path, founders=founders, scripted_clock=True, created=CREATED + 100)
    assert text.startswith("TEST NETWORK")
    assert "future" not in text
