from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from accord_client.bundle import parse_bundle
from accord_client.cli.main import accord
from accord_client.verify import verify_bundle
from accord_client.verify.evidence import SeenValues
from accord_client.verify.many import CHUNK, FileVerifier, verify_files
from client_ledger import ISSUE_TIME, genesis_file, issued

AT = ISSUE_TIME + 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve bundles: the last one is bent, another one is no bundle, and one is a draft."""
    place = tmp_path_factory.mktemp("many")
    (place / "genesis").write_bytes(genesis_file())
    ledger, batch, record = issued()
    for index in range(12):
        (place / f"{index:02}.json").write_bytes(ledger.export(batch, index, record).to_json())
    whole = json.loads((place / "11.json").read_bytes())
    (place / "11.json").write_text(json.dumps(whole | {"index": 3}))
    (place / "04.json").write_text("{")
    (place / "07.json").write_text(json.dumps(json.loads((place / "07.json").read_bytes()) | {"state": []}))
    return place


EXPECTED = {4: ("invalid", "JSON_SYNTAX"), 7: ("unknown", "NOT_PROVED"), 11: ("invalid", "MERKLE_INCLUSION")}


@pytest.mark.parametrize("workers", [1, 2])
def test_every_file_has_its_verdict(folder: Path, workers: int) -> None:
    paths = sorted(folder.glob("*.json"))
    verifier = FileVerifier(issued()[0].trust, AT)
    found = list(verify_files(paths, verifier, workers=workers))
    assert [item.path for item in found] == paths
    for place, item in enumerate(found):
        assert (item.verdict, item.code) == EXPECTED.get(place, ("valid", "")), item


@pytest.mark.parametrize("workers", [1, 2])
def test_verdicts_come_without_reports_where_nobody_reads_them(folder: Path, workers: int) -> None:
    paths, verifier = sorted(folder.glob("*.json")), FileVerifier(issued()[0].trust, AT)
    whole = list(verify_files(paths, verifier, workers=workers))
    short = list(verify_files(paths, verifier, workers=workers, reports=False))
    assert short == [replace(item, report={}) for item in whole]
    assert [bool(item.report) for item in whole] == [place != 4 for place in range(len(paths))]


def test_many_chunks_keep_their_order(folder: Path, tmp_path: Path) -> None:
    good = [path for place, path in enumerate(sorted(folder.glob("*.json"))) if place not in EXPECTED]
    paths = [tmp_path / f"{number:04}" for number in range(3 * CHUNK)]
    for number, path in enumerate(paths):
        path.hardlink_to(good[number % len(good)])
    found = verify_files(paths, FileVerifier(issued()[0].trust, AT), workers=2, reports=False)
    assert next(found).path == paths[0]
    assert [(item.path, item.verdict) for item in found] == [(path, "valid") for path in paths[1:]]


def test_the_command_says_the_worst(folder: Path) -> None:
    pin = ["--genesis", str(folder / "genesis"), "--at", "2026-04-11T00:00:00Z"]
    names = [str(path) for path in sorted(folder.glob("*.json"))]
    some = CliRunner().invoke(accord, ["verify", *names[:4], *pin])
    assert (some.exit_code, some.stdout.count("VALID")) == (0, 4)
    assert CliRunner().invoke(accord, ["verify", *names[5:9], *pin]).exit_code == 2
    every = CliRunner().invoke(accord, ["verify", *names, *pin, "--json"])
    assert every.exit_code == 1
    said = json.loads(every.stdout)
    assert said["verdict"] == "invalid"
    assert [item["code"] for item in said["files"] if item["verdict"] == "invalid"] == [
        "JSON_SYNTAX",
        "MERKLE_INCLUSION",
    ]


def test_what_was_seen_is_seen_again_only_as_it_was(folder: Path) -> None:
    seen, trust = SeenValues(), issued()[0].trust
    good = json.loads((folder / "01.json").read_bytes())

    def verdict(whole: dict[str, object]) -> str:
        return verify_bundle(parse_bundle(json.dumps(whole).encode()), trust, at=AT, seen=seen).verdict

    assert verdict(good) == "valid"
    bent = json.loads(json.dumps(good))
    bent["state"][0]["value"] = None
    assert verdict(bent) == "invalid"
    assert verdict(good) == "valid"
