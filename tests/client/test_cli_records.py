from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord_client.plain import to_plain
from accord_ledger.domain.kinds.approval import ProgrammeApprove
from accord_ledger.domain.model.programme import PROGRAMMES
from client_cli import Desk, agreement_terms, current_ledger, serving, today
from domain_world import terms
from ledger_server import LedgerServer, fail_with


@pytest.fixture
def server() -> Iterator[LedgerServer]:
    with serving(current_ledger()) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: LedgerServer) -> Desk:
    return Desk(tmp_path, server.url).keys(
        "uu", "institution", "registrar", "academic_committee", "agreements"
    )


def test_a_programme_goes_from_draft_to_active(desk: Desk) -> None:
    file = desk.write("terms.json", to_plain(terms("uu-new")))
    receipt = desk.json("programme", "register", file, "--as", "uu")
    assert receipt["final"]
    assert receipt["proved"]
    desk.run("programme", "submit", "uu-new@1", "--as", "uu")
    refused = desk.refused("E_APPROVAL_MISSING", "programme", "activate", "uu-new@1", "--as", "uu")
    assert "academic_committee" in refused.stderr
    desk.run("programme", "approve", "uu-new@1", "academic_committee", "--as", "uu")
    assert "final and proved" in desk.run("programme", "activate", "uu-new@1", "--as", "uu").stdout
    desk.run("offering", "uu-new", today(), today(), "--entrants", "30", "--as", "uu")
    shown = desk.json("show", "programme", "uu-new")
    assert shown["value"]["head"]["status"] == "active"
    assert "Data Science" in desk.run("show", "programme", "uu-new@1").stdout


def test_a_committee_signs_elsewhere_and_the_registrar_submits(desk: Desk, server: LedgerServer) -> None:
    server.ledger.register(terms("uu-new"))
    server.ledger.submit(terms("uu-new"))
    server.ledger.seal(0)
    sign_by = int(time.time()) + 86_400
    body = ProgrammeApprove(
        programme=("uu-new", 1), approval="academic_committee", party="uu", sign_by=sign_by
    )
    file, signature = desk.write("body.json", to_plain(body)), str(desk.folder / "signature.json")
    arguments = ("sign-body", "programme_approve", file, signature, "--as", "uu", "--purpose")
    desk.run(*arguments, "academic_committee")
    (desk.folder / "keys" / "uu" / "academic_committee.pem").unlink()
    approve = (
        "programme",
        "approve",
        "uu-new@1",
        "academic_committee",
        "--as",
        "uu",
        "--signature",
        signature,
    )
    desk.refused("BODY_SIGNATURE_OTHER", *approve, "--sign-by", "17")
    desk.run(*approve, "--sign-by", str(sign_by))
    programme = server.ledger.view().get(PROGRAMMES, "uu-new", 1)
    assert programme is not None
    assert programme.stage == "approved"


def test_any_kind_goes_by_its_json_body(desk: Desk) -> None:
    body = {"programme": "uu-ds", "term_start": today(), "term_end": today(), "entrants": 3}
    file = desk.write("body.json", body)
    receipt = desk.json("submit", "course_offering", file, "--as", "uu", "--sign", "registrar")
    assert receipt["kind"] == "course_offering"
    desk.refused("KIND_UNKNOWN", "submit", "nonsense", file, "--as", "uu")
    bad = desk.write("bad.json", body | {"colour": "red"})
    desk.refused("PLAIN_VALUE", "submit", "course_offering", bad, "--as", "uu", "--sign", "registrar")
    desk.refused("E_SIG_MISSING", "submit", "course_offering", file, "--as", "uu", "--sign", "institution")
    desk.refused("KEYFILE_MISSING", "submit", "course_offering", file, "--as", "uu", "--sign", "quality")
    desk.refused("SIGNER_AUTHOR", "submit", "course_offering", file, "--as", "uu", "--sign", "um:registrar")


def test_an_agreement_is_proposed_signed_and_ended(desk: Desk) -> None:
    desk.keys("bcb", "agreements")
    file = desk.write("terms.json", to_plain(agreement_terms()))
    desk.run("agreement", "propose", "a1", file, "--as", "uu")
    desk.run("agreement", "sign", "a1", "--as", "uu")
    assert desk.json("show", "agreement", "a1")["value"]["version"]["stage"] == "draft"
    desk.run("agreement", "sign", "a1@1", "--as", "bcb")
    shown = desk.json("agreement", "show", "a1")
    assert shown["value"]["agreement"]["status"] == "active"
    assert shown["value"]["terms"]["rules"][0]["kind"] == "hours_ratio"
    desk.refused("E_STATE", "agreement", "sign", "a1", "--as", "uu")
    desk.refused("E_NOTICE", "agreement", "terminate", "a1", today(), "--as", "uu")


def test_subjects_are_proved_or_said_not_to_be_there(desk: Desk) -> None:
    party = desk.json("show", "party", "uu")
    assert party["value"]["country"] == "NL"
    desk.refused("OBJECT_UNKNOWN", "show", "party", "nobody")
    desk.refused("OBJECT_UNKNOWN", "show", "enrolment", "00" * 16)
    desk.refused("OBJECT_UNKNOWN", "show", "recognition", "00" * 16)
    desk.refused("BATCH_UNKNOWN", "show", "credential", "00" * 16 + "/0")
    desk.refused("SUBJECT_ID", "show", "credential", "00" * 16)
    desk.refused("SUBJECT_ID", "show", "batch", "zz")
    desk.refused("AGREEMENT_UNKNOWN", "agreement", "show", "nothing")


def test_events_are_lines(desk: Desk) -> None:
    lines = desk.run("watch", "--from", "0", "--count", "3").stdout.splitlines()
    assert [line.split()[3] for line in lines] == [
        "programme_register",
        "programme_submit",
        "programme_approve",
    ]
    first = json.loads(desk.run("watch", "--from", "0", "--count", "1", "--json").stdout)
    assert first["kind"] == "programme_register"


def test_status_asks_each_node(desk: Desk, server: LedgerServer) -> None:
    shown = desk.json("status")
    assert shown[0]["ready"]
    assert server.url in desk.run("status").stdout
    away = "http://127.0.0.1:9"
    both = desk.json("status", "--node", away, "--node", server.url)
    assert [item["ready"] for item in both] == [False, True]
    desk.run("status", "--node", away, code=1)


def test_what_is_missing_is_named(desk: Desk, tmp_path: Path) -> None:
    desk.refused("NODE_NONE", "show", "party", "uu", ACCORD_NODES="")
    desk.refused("TRUST_MISSING", "show", "party", "uu", ACCORD_GENESIS="")
    desk.refused("FILE_MISSING", "show", "party", "uu", "--genesis", str(tmp_path / "none"))
    desk.refused("NODE_UNAVAILABLE", "show", "party", "uu", ACCORD_NODES="http://127.0.0.1:9")
    assert desk.run("show", "planet", "earth", code=2)


def test_the_pin_remembers(desk: Desk, server: LedgerServer) -> None:
    memory = desk.folder / "newest"
    desk.run("show", "party", "uu", "--memory", str(memory))
    assert memory.read_bytes() == server.ledger.note()
    server.faults.append(fail_with(503))
    desk.run("show", "party", "uu", "--memory", str(memory))


def test_old_state_is_refused(desk: Desk) -> None:
    desk.refused("NODE_STALE", "show", "party", "uu", "--max-age", "0.000001")
    desk.run("show", "party", "uu", "--max-age", "0")
