"""``accord export``: every format by its command, private files, and the losses said."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from accord_client.documents.share_link import parse_share_link
from client_cli import Desk
from client_ledger import ClientLedger, issued
from export_badges import NOW, badge, revocations

AT = ("--at", "2027-02-01T00:00:00Z")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    ledger, batch, record = issued()
    (tmp_path / "mine.accord.json").write_bytes(ledger.export(batch, 3, record).to_json())
    desk.write("badge.json", badge())
    return desk


def path(desk: Desk, name: str) -> str:
    return str(desk.folder / name)


@pytest.mark.parametrize(
    ("arguments", "suffix", "begins"),
    [
        (("clr",), ".json", b"{"),
        (("badge",), ".json", b'{"@context":["https://www.w3.org/ns/credentials/v2"'),
        (("elm", "--country", "NL"), ".jsonld", b"{"),
        (("certificate", "--language", "zh"), ".pdf", b"%PDF-1"),
        (("share",), ".html", b"<!doctype html>"),
    ],
)
def test_a_bundle_in_each_format(desk: Desk, arguments: tuple[str, ...], suffix: str, begins: bytes) -> None:
    out = path(desk, f"out{suffix}")
    said = desk.json("export", arguments[0], path(desk, "mine.accord.json"), *arguments[1:], "--out", out)
    data = Path(out).read_bytes()
    assert data.startswith(begins)
    assert said["bytes"] == len(data)
    assert stat.S_IMODE(Path(out).stat().st_mode) == 0o600
    assert all(set(loss) == {"fact", "reason"} for loss in said["losses"])
    desk.refused(
        "KEYFILE_EXISTS", "export", arguments[0], path(desk, "mine.accord.json"), *arguments[1:], "--out", out
    )


def test_documents_leave_the_bundle_as_they_were_signed(desk: Desk, tmp_path: Path) -> None:
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(10, tokens=True)
    (tmp_path / "both.accord.json").write_bytes(ledger.export(batch, 3, ledger.issue(batch)).to_json())
    for kind, document in zip(("badge", "token"), batch.credentials[3].documents, strict=True):
        desk.run("export", kind, path(desk, "both.accord.json"), "--out", path(desk, kind))
        assert (tmp_path / kind).read_bytes() == document.content
    desk.refused(
        "EXPORT_BADGE", "export", "token", path(desk, "mine.accord.json"), "--out", path(desk, "none")
    )


def test_elmo_takes_the_name_in_two_parts(desk: Desk) -> None:
    given = (
        "export",
        "elmo",
        path(desk, "badge.json"),
        "--out",
        path(desk, "x.xml"),
        "--family",
        "Doe",
        "--given",
    )
    assert desk.json(*given, "Zoë")["media_type"] == "application/xml"
    desk.refused("ELMO_NAME", *given, "Nobody")


def test_links_and_codes(desk: Desk) -> None:
    bundle = path(desk, "mine.accord.json")
    link = desk.json("export", "link", bundle, "--node", "https://node.example", "--name", "Zoë")["link"]
    assert (parse_share_link(link).index, parse_share_link(link).name) == (3, "Zoë")
    assert (
        link in desk.run("export", "link", bundle, "--node", "https://node.example", "--name", "Zoë").stdout
    )
    profile = desk.json("export", "linkedin", bundle, "--url", link)["link"]
    assert profile.startswith("https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME&")
    desk.run("export", "qr", link, "--out", path(desk, "code.svg"))
    desk.refused("EXPORT_FORM", "export", "qr", link, "--out", path(desk, "code.gif"))
    assert (
        desk.json("export", "did", "did:web:uu.example")["url"] == "https://uu.example/.well-known/did.json"
    )


def test_a_foreign_badge_is_checked(desk: Desk) -> None:
    evidence = path(desk, "evidence.json")
    listed = ("--status-list", desk.write("list.json", revocations(until=NOW + 86_400 * 365)))
    desk.run("export", "check", path(desk, "badge.json"), *AT, code=2)
    said = desk.json("export", "check", path(desk, "badge.json"), *AT, *listed, "--evidence", evidence)
    assert (said["verdict"], said["kind"]) == ("good", "open_badge")
    assert json.loads(Path(evidence).read_text())["type"] == ["Evidence"]
    desk.write("bad.json", badge() | {"name": "Other"})
    assert "PROOF_SIGNATURE" in desk.run("export", "check", path(desk, "bad.json"), *AT, code=1).stdout
    desk.write("open.json", badge(signed=False))
    desk.run("export", "check", path(desk, "open.json"), *AT, code=2)
