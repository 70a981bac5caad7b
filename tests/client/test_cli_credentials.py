from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from msgspec.structs import replace

from accord_client.bundle import parse_bundle
from accord_client.cli.ranges import RANGES, merged
from accord_client.documents.multikey import did_key
from accord_client.wallet import Wallet, save_wallet
from accord_ledger.domain.kinds.accreditation import AccreditationGrant
from accord_ledger.domain.kinds.agreement import ProposeBody, SignBody
from accord_ledger.domain.model.programme import Course
from accord_ledger.domain.terms import terms_hash
from client_cli import Desk, agreement_terms, current_ledger, serving, today
from client_ledger import DID, ClientLedger, genesis
from domain_world import terms
from ledger_server import LedgerServer, fail_with

LEARNERS = 12
PASSPHRASE = "correct horse"


def ledger_with_agreement() -> ClientLedger:
    ledger = current_ledger()
    award = terms(
        "bjou-award", "bjou", form="award", framework=("cn-mc", 1), credits="76/1", level=None,
        total_hours="3040/1", courses=(Course(code="C1", credits="4/1", course_class="basic"),),
    )  # fmt: skip
    ledger.launch(award)
    made = agreement_terms()
    grant = AccreditationGrant(
        grant_id=bytes(16), agency="nvao", party="uu", scope="party", registry="EQAR", cross_border=True,
        valid_from=today(), valid_to="2090-12-31",
    )  # fmt: skip
    ledger.do("accreditation_grant", grant, "nvao quality")
    ledger.do("agreement_propose", ProposeBody(agreement_id="a1", terms=made), "uu agreements")
    for party in ("uu", "bcb"):
        body = SignBody(agreement=("a1", 1), terms_hash=terms_hash(made))
        ledger.do("agreement_sign", body, f"{party} agreements")
    ledger.seal(0)
    return ledger


@pytest.fixture
def server() -> Iterator[LedgerServer]:
    with serving(ledger_with_agreement()) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: LedgerServer) -> Desk:
    desk = Desk(tmp_path, server.url).keys("uu", "issuance", "registrar", "quality")
    rows = [f"Doe,Learner {number}," for number in range(LEARNERS)]
    (tmp_path / "learners.csv").write_text("\n".join(["family_name,given_name,holder", *rows]) + "\n")
    return desk


def issue(desk: Desk, *more: str, folder: str = "out", **options: Any) -> Any:
    arguments = (
        "issue", str(desk.folder / "learners.csv"), str(desk.folder / folder), "--programme", "uu-ds", "--as", "uu",
        "--did", DID, "--completed", today(), today(), "--status-list", "list-1",
        "--status-url", "https://uu.example/v1/status-lists/uu/list-1", "--base-url", "https://uu.example", *more,
    )  # fmt: skip
    if options.pop("refused", None):
        return desk.run(*arguments, code=1)
    return desk.json(*arguments, **options)


def test_a_class_is_issued_and_every_bundle_verifies(desk: Desk, server: LedgerServer) -> None:
    made = issue(desk)
    assert made["count"] == LEARNERS
    folder = desk.folder / "out"
    bundles = sorted(folder.glob("*.accord.json"))
    assert len(bundles) == LEARNERS
    for path in bundles:
        assert desk.json("verify", str(path), ACCORD_NODES="")["verdict"] == "valid"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed = (folder / "learners.csv").read_text().splitlines()
    assert len(listed) == LEARNERS + 1
    shown = desk.run("verify", str(bundles[0]), ACCORD_NODES="").stdout
    assert shown.startswith("VALID")
    assert "3 EC (nl-ects, level 6)" in shown
    assert issue(desk)["bundles_written"] == 0
    assert server.requests["POST transactions"] == 1


def test_a_second_batch_takes_the_next_positions(desk: Desk) -> None:
    issue(desk)
    issue(desk, folder="second")
    first = json.loads((desk.folder / "out" / "batch.json").read_text())
    second = json.loads((desk.folder / "second" / "batch.json").read_text())
    assert (first["body"]["status_start"], second["body"]["status_start"]) == (0, LEARNERS)


def test_issuing_continues_after_a_failure(desk: Desk, server: LedgerServer) -> None:
    """The answer to the submission is lost, then evidence cannot be fetched; then everything works."""
    server.lose_answers = 1
    issue(desk, "--lifetime", "600")
    bundle = desk.folder / "out" / "0003.accord.json"
    full = parse_bundle(bundle.read_bytes())
    bundle.write_bytes(replace(full, record=None, seals=(), state=()).to_json())
    server.faults += [fail_with(503)] * 400
    assert "NODE_UNAVAILABLE" in issue(desk, refused=True).stderr
    server.faults.clear()
    assert issue(desk)["bundles_written"] == 1
    assert desk.json("verify", str(bundle))["verdict"] == "valid"


def test_a_folder_of_something_else_is_left_alone(desk: Desk) -> None:
    (desk.folder / "out").mkdir()
    (desk.folder / "out" / "thesis.txt").write_text("mine")
    assert "ISSUE_FOLDER" in issue(desk, refused=True).stderr
    issue(desk, folder="good")
    path = desk.folder / "good" / "0001.accord.json"
    path.write_bytes(path.read_bytes().replace(b"Learner", b"Leaver"))
    assert "ISSUE_FOLDER" in issue(desk, folder="good", refused=True).stderr


def test_what_the_ledger_refuses_is_said(desk: Desk) -> None:
    (desk.folder / "keys" / "uu" / "issuance.pem").unlink()
    desk.keys("um", "issuance")
    result = desk.run(
        "issue", str(desk.folder / "learners.csv"), str(desk.folder / "out"), "--programme", "uu-ds@1", "--as", "um",
        "--did", DID, "--completed", today(), today(), "--status-list", "list-1",
        "--status-url", "https://um.example/v1/status-lists/um/list-1", "--base-url", "https://um.example", code=1,
    )  # fmt: skip
    assert "E_SIG_MISSING" in result.stderr


def test_status_changes_show_after_a_refresh(desk: Desk) -> None:
    batch = issue(desk)["batch_id"]
    path = str(desk.folder / "out" / "0003.accord.json")
    desk.run("suspend", batch, "3,5-6", "--as", "uu")
    assert desk.json("verify", path)["verdict"] == "valid"
    desk.run("refresh", path)
    result = desk.run("verify", path, code=1)
    assert result.stdout.startswith("INVALID")
    assert "STATUS_SUSPENDED" in result.stdout
    desk.run("reinstate", batch, "3", "--as", "uu")
    desk.run("refresh", path)
    assert desk.json("verify", path)["verdict"] == "valid"
    desk.refused("E_STATE", "reinstate", batch, "3", "--as", "uu")
    desk.run("revoke", batch, "3-4", "--effect", "reverse", "--as", "uu")
    assert desk.json("show", "credential", f"{batch}/4")["value"]["status"] == "revoked"
    assert desk.json("show", "batch", batch)["value"]["count"] == LEARNERS


def with_wallets(desk: Desk) -> Wallet:
    """The first learner has a wallet."""
    wallet, key = Wallet.create().request_key(genesis().network)
    save_wallet(desk.folder / "wallet", wallet, PASSPHRASE.encode(), new=True)
    rows = [f"Doe,Learner {n},{did_key(key.public) if n == 0 else ''}" for n in range(LEARNERS)]
    (desk.folder / "learners.csv").write_text("\n".join(["family_name,given_name,holder", *rows]) + "\n")
    return wallet


def own_bundle(desk: Desk) -> str:
    folder = desk.folder / "out"
    with_key = {path.name[:4] for path in folder.glob("*.holder.json")}
    (name,) = {path.name[:4] for path in folder.glob("*.accord.json")} - with_key
    return str(folder / f"{name}.accord.json")


def recognise(desk: Desk, enrolment: str, *more: str) -> tuple[str, ...]:
    terms_ = ("--enrolment", enrolment, "--agreement", "a1", "--rule", "hours", "--claimed", "2/1")
    return ("recognise", own_bundle(desk), *terms_, "--consent", "77" * 32, "--as", "bcb", *more)


def test_recognition_with_the_wallet_at_hand(desk: Desk) -> None:
    with_wallets(desk)
    issue(desk)
    desk.keys("bcb", "registrar")
    enrolment = desk.json("enrolment", "open", "bjou-award", "--as", "bcb")["enrolment"]
    arguments = recognise(desk, enrolment, "--wallet", str(desk.folder / "wallet"))
    made = desk.json(*arguments, ACCORD_WALLET_PASSPHRASE=PASSPHRASE)
    assert made["kind"] == "recognise"
    shown = desk.json("show", "enrolment", enrolment)
    assert shown["value"]["recognised"] == "2/1"
    desk.run("refresh", own_bundle(desk))
    report = desk.json("verify", own_bundle(desk))
    assert report["verdict"] == "valid"
    [redeemed] = report["facts"]["redeemed"]
    assert (redeemed["by"], redeemed["agreement"]) == ("bcb", "a1")
    assert redeemed["recognition"] == made["recognition"].replace("-", "")
    assert redeemed["at"] >= report["facts"]["issued_at"]
    desk.run("reverse", made["recognition"], "--reason", "error", "--as", "bcb")
    assert desk.json("show", "recognition", made["recognition"])["value"]["status"] == "reversed"
    desk.run("enrolment", "close", enrolment, "--as", "bcb")


def test_recognition_with_a_holder_far_away(desk: Desk) -> None:
    with_wallets(desk)
    issue(desk)
    desk.keys("bcb", "registrar")
    enrolment = desk.json("enrolment", "open", "bjou-award@1", "--as", "bcb")["enrolment"]
    body, signature = str(desk.folder / "body.json"), str(desk.folder / "holder.json")
    desk.run(*recognise(desk, enrolment, "--write-body", body))
    desk.run(
        "sign-body", "recognise", body, signature, "--wallet", str(desk.folder / "wallet"),
        "--bundle", own_bundle(desk), ACCORD_PASSPHRASE=PASSPHRASE,
    )  # fmt: skip
    desk.refused("E_HOLDER_SIG", "recognise", "--body", body, "--as", "bcb")
    desk.run("recognise", "--body", body, "--signature", signature, "--as", "bcb")
    assert desk.json("show", "enrolment", enrolment)["value"]["recognised"] == "2/1"


def test_verify_says_unknown_and_invalid(desk: Desk) -> None:
    issue(desk)
    path = desk.folder / "out" / "0000.accord.json"
    old = desk.run("verify", str(path), "--max-status-age", "-1000000", code=2)
    assert old.stdout.startswith("UNKNOWN")
    whole = json.loads(path.read_bytes())
    whole["index"] = 1
    other = desk.write("other.json", whole)
    assert desk.json("verify", other, code=1)["verdict"] == "invalid"
    desk.refused(
        "JSON_SYNTAX", "verify", desk.write("broken.json", 1)[:-5] and str(desk.genesis)
    ) if False else None
    broken = desk.folder / "broken.json"
    broken.write_text("{")
    desk.refused("JSON_SYNTAX", "verify", str(broken))
    desk.refused("TRUST_MISSING", "verify", str(path), ACCORD_GENESIS="")
    desk.refused("VERIFY_AT", "verify", str(path), "--at", "yesterday")
    early = desk.json("verify", str(path), "--at", "2020-01-01T00:00:00Z", code=1)
    assert {check["name"] for check in early["checks"] if check["outcome"] == "failed"} == {"dates"}


def test_indexes_are_written_as_people_do() -> None:
    assert RANGES.convert("3,7-9,8,10", None, None) == ((3, 4), (7, 11))
    assert merged([(5, 6), (0, 2), (2, 3)]) == ((0, 3), (5, 6))
    for bad in ("", "a", "3-2", "1,,2", "131072", "-1"):
        with pytest.raises(click.BadParameter):
            RANGES.convert(bad, None, None)
