"""``accord award``: from a list of graduates to conferred awards, with holders who sign at once, later, or never."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from accord_client.bundle import parse_bundle
from accord_client.wallet import Wallet, save_wallet
from client_cli import Desk, current_ledger, serving, today
from domain_world import terms
from ledger_server import LedgerServer, fail_with

PASSPHRASE = "correct horse"
LEARNERS = 10


@pytest.fixture
def server() -> Iterator[LedgerServer]:
    """A ledger with a programme and an award of two of its credentials."""
    ledger = current_ledger()
    ledger.launch(terms("uu-cert", "uu", form="award", credits="6/1", total_hours="168/1"))
    ledger.seal(0)
    with serving(ledger) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: LedgerServer) -> Desk:
    """A registrar with ten credentials issued, and a wallet that holds the keys of all their holders."""
    desk = Desk(tmp_path, server.url).keys("uu", "issuance", "registrar", "academic_committee")
    desk.environment |= {"ACCORD_WALLET_PASSPHRASE": PASSPHRASE, "ACCORD_PASSPHRASE": PASSPHRASE}
    (tmp_path / "learners.csv").write_text("family_name,given_name\n" + "Doe,Jane\n" * LEARNERS)
    desk.json(
        "issue", str(tmp_path / "learners.csv"), str(tmp_path / "out"), "--programme", "uu-ds", "--as", "uu",
        "--completed", today(), today(), "--status-list", "list-1", "--base-url", "https://uu.example",
        ACCORD_PASSPHRASE="",
    )  # fmt: skip
    wallet = Wallet.create()
    for index in range(4):
        held = json.loads((tmp_path / "out" / f"{index:04}.holder.json").read_bytes())
        wallet = wallet.adopt(bytes.fromhex(held["seed"]))
    save_wallet(tmp_path / "wallet", wallet, PASSPHRASE.encode(), new=True)
    return desk


def account(desk: Desk) -> str:
    """A fresh account towards the award."""
    opened = desk.json("enrolment", "open", "uu-cert", "--as", "uu", ACCORD_PASSPHRASE="")
    name: str = opened["enrolment"]
    return name


def listed(desk: Desk, *rows: tuple[str, Sequence[int]]) -> str:
    """A list of graduates: accounts and the credentials each award rests on."""
    path = desk.folder / "graduates.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("family_name", "given_name", "enrolment", "components"))
        for name, indexes in rows:
            bundles = ";".join(f"out/{index:04}.accord.json" for index in indexes)
            writer.writerow(("Doe", "Zoë", name, bundles))
    return str(path)


def arguments(desk: Desk, graduates: str, *more: str, folder: str = "awards") -> tuple[str, ...]:
    return (
        "award", graduates, str(desk.folder / folder), "--as", "uu", "--status-list", "awards", "--base-url", "https://uu.example", *more,
    )  # fmt: skip


def award(desk: Desk, graduates: str, *more: str, **options: Any) -> list[Any]:
    made = desk.json(*arguments(desk, graduates, *more), ACCORD_PASSPHRASE="", **options)
    found: list[Any] = made["awards"]
    return found


def wallet(desk: Desk) -> tuple[str, str]:
    return ("--wallet", str(desk.folder / "wallet"))


def test_an_award_is_conferred_and_its_bundle_verifies(desk: Desk, server: LedgerServer) -> None:
    graduates = listed(desk, (account(desk), (0, 1)))
    [made] = award(desk, graduates, *wallet(desk))
    assert made["state"] == "conferred", made
    path = desk.folder / "awards" / made["file"]
    report = desk.json("verify", str(path), ACCORD_NODES="")
    assert report["verdict"] == "valid"
    assert (report["facts"]["programme"], report["facts"]["redeemable"]) == ("uu-cert", "6/1")
    bundle = parse_bundle(path.read_bytes())
    assert [item.media_type for item in bundle.documents] == ["application/vc", "application/dc+sd-jwt"]
    assert bundle.documents[0].content["awardedDate"].startswith(today())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    issuer, entries = (bundle.documents[0].content[name] for name in ("issuer", "credentialStatus"))
    assert issuer["id"] == "did:web:uu.example:parties:uu"
    assert entries[0]["statusListCredential"] == "https://uu.example/v1/status-lists/uu/awards/revocation"
    before = server.requests["POST transactions"]
    assert award(desk, graduates)[0]["state"] == "conferred"
    assert server.requests["POST transactions"] == before


def test_an_award_waits_until_every_holder_has_signed(desk: Desk) -> None:
    graduates = listed(desk, (account(desk), (0, 1)), (account(desk), (2, 3)))
    batch = json.loads((desk.folder / "out" / "batch.json").read_bytes())["body"]["batch_id"]
    first, second = (item["detail"].replace("-", "") for item in award(desk, graduates))
    assert (first, second) == tuple(f"for the holders of {batch}/{i}, {batch}/{i + 1}" for i in (0, 2))
    folder = desk.folder / "awards"
    for name, index in (("a", 0), ("b", 1)):
        desk.run(
            "sign-body", "stack_award", str(folder / "0000.body.json"), str(folder / f"0000.{name}.signature.json"),
            *wallet(desk), "--bundle", str(desk.folder / "out" / f"{index:04}.accord.json"),
        )  # fmt: skip
        states = [item["state"] for item in award(desk, graduates)]
        assert states == (["waiting", "waiting"] if name == "a" else ["conferred", "waiting"])
    assert [item["state"] for item in award(desk, graduates, *wallet(desk))] == ["conferred"] * 2


def test_one_refused_award_does_not_hold_up_the_others(desk: Desk) -> None:
    graduates = listed(desk, (account(desk), (0,)), (account(desk), (2, 3)))
    short, good = award(desk, graduates, *wallet(desk), code=1)
    assert (short["state"], short["detail"].split()[0]) == ("refused", "E_STACK_SHORT")
    assert good["state"] == "conferred"
    said = desk.run(*arguments(desk, graduates, *wallet(desk)), ACCORD_PASSPHRASE="", code=1).stdout
    assert "1 of 2 awards conferred" in said


def test_it_continues_after_a_failure(desk: Desk, server: LedgerServer) -> None:
    graduates = listed(desk, (account(desk), (0, 1)))
    award(desk, graduates)
    server.lose_answers = 1
    server.faults += [fail_with(503)] * 2
    assert award(desk, graduates, *wallet(desk))[0]["state"] == "conferred"


@pytest.mark.parametrize(
    ("rows", "code", "place"),
    [
        ([("018f3a5e000070008000000000000001", (0,))], "OBJECT_UNKNOWN", "line 2"),
        ([("today", (0,))], "CSV_ROW", "line 2, enrolment"),
        ([("open", (0,)), ("open", (1,))], "CSV_ROW", "line 3, enrolment"),
        ([("open", (99,))], "FILE_MISSING", "line 2"),
        ([], "CSV_ROW", "graduates.csv"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(desk: Desk, rows: Any, code: str, place: str) -> None:
    known = account(desk)
    rows = [(known if name == "open" else name, indexes) for name, indexes in rows]
    result = desk.refused(code, *arguments(desk, listed(desk, *rows)), ACCORD_PASSPHRASE="")
    assert place in result.stderr
    assert not (desk.folder / "awards").exists()


def test_documents_that_were_changed_are_not_conferred(desk: Desk) -> None:
    graduates = listed(desk, (account(desk), (0, 1)))
    award(desk, graduates)
    path = desk.folder / "awards" / "0000.accord.json"
    path.write_text(path.read_text().replace("Zo", "Xo"))
    desk.refused("ISSUE_FOLDER", *arguments(desk, graduates, *wallet(desk)), ACCORD_PASSPHRASE="")
