"""``accord award``: from a list of graduates to conferred awards, with holders who sign at once, later, or never."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accord_client.bundle import parse_bundle
from award_desk import account, arguments, award, award_desk, award_ledger, listed, wallet
from client_cli import Desk, serving, today
from ledger_server import LedgerServer, fail_with


@pytest.fixture
def server() -> Iterator[LedgerServer]:
    """A ledger with a programme and an award of two of its credentials."""
    with serving(award_ledger()) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: LedgerServer) -> Desk:
    return award_desk(tmp_path, server)


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
