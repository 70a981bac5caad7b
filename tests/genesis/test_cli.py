from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from accord_client.cli.main import Root
from accord_genesis import keyfiles
from accord_genesis.cli import genesis
from accord_genesis.document import open_genesis
from accord_genesis.keyfiles import load_key
from accord_genesis.terminal import ADVICE
from accord_ledger.policy import parse_policy

FOUNDERS = ("bcb", "suny", "um", "uu")
WHERE = {"bcb": "CN-BJ", "suny": "US-NY", "um": "MY-14", "uu": "NL-UT", "uom": "AU-VIC", "nvao": "NL-ZH"}
ROLE = {"bcb": "credit_bank", "nvao": "quality_agency"}
ACTS = """
[[registry_entry]]
agency = "nvao"
registry = "EQAR"
period = { valid_from = 2026-03-01, valid_to = 2030-12-31 }
"""
PLAIN = ("--role", "university", "--name", "en=Utrecht University", "--region", "NL-UT")
ROOT = Root(name="accord", loaders=lambda: {"genesis": lambda: genesis})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACCORD_PASSPHRASE", raising=False)
    return tmp_path


def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
    result = CliRunner().invoke(ROOT, ["genesis", *arguments], input=typed)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def join(party: str, *more: str, seat: bool = True, code: int = 0) -> Result:
    """Join without a passphrase: scrypt is slow on purpose."""
    node = ["--endpoint", f"wss://{party}.example/peer"] if party != "nvao" else []
    return run(
        "join",
        party,
        *("--role", ROLE.get(party, "university"), "--name", f"en=Institution {party}"),
        *(
            "--region",
            WHERE.get(party, "XA-E"),
            *node,
            *(["--seat"] if seat else []),
            "--no-passphrase",
            *more,
        ),
        code=code,
    )


def assemble(*more: str, out: str = "genesis.accord", code: int = 0) -> Result:
    statements = [str(path) for path in sorted(Path().glob("*.statement"))]
    options = ("--name", "Demo", "--origin", "ledger.example/demo", "--created", "2026-03-01T00:00:00Z")
    return run("new", *statements, *options, "--out", out, *more, code=code)


def sign(party: str, *more: str, code: int = 0) -> Result:
    return run("sign", "--statement", f"{party}.statement", "--yes", "--no-passphrase", *more, code=code)


def network_of(result: Result) -> str:
    network: str = json.loads(result.stdout)["network"]
    return network


def test_four_founders_and_an_observer_found_an_alliance(folder: Path) -> None:
    for party in FOUNDERS:
        join(party)
    join("uom", seat=False)
    join("nvao", seat=False)
    (folder / "acts.toml").write_text(ACTS)
    network = network_of(assemble("--acts", "acts.toml", "--preset", "all", "--preset", "bcb", "--json"))
    for party in (*FOUNDERS, "uom"):
        sign(party, "--network", network)
    merged = run("merge", "genesis.accord", *[f"{party}.genesis-signature" for party in (*FOUNDERS, "uom")])
    assert network in merged.stdout
    verified = run("verify", "--party", "uom", "--network", network, "--policy", "policy", "--json")
    found = json.loads(verified.stdout)
    assert (found["network"], found["quorum"], found["members"]) == (network, 3, list(FOUNDERS))
    assert found["complete"]
    assert found["accreditation"] == ["nvao in EQAR"]
    assert parse_policy((folder / "policy").read_bytes()).format().decode() == found["policy"]
    opened = open_genesis((folder / "genesis.accord").read_bytes(), signed_by="uom")
    assert opened.network.hex() == network


def test_people_read_what_they_need(folder: Path) -> None:
    joined = join("uu")
    fingerprint = next(line for line in joined.stdout.splitlines() if line.startswith("fingerprint"))[
        17:
    ].strip()
    assert "next: Send uu.statement" in joined.stdout
    for party in ("bcb", "suny", "um"):
        join(party)
    shown = assemble().stdout
    for text in ("quorum", "3 of 4; 1 may fail or lie", "nl-ects@1", "Institution uu", fingerprint):
        assert text in shown
    asked = run("sign", "--statement", "uu.statement", "--no-passphrase", typed="n\n", code=1)
    assert "Sign this network for uu?" in asked.stderr
    assert not (folder / "uu.genesis-signature").exists()
    run("sign", "--statement", "uu.statement", "--no-passphrase", typed="y\n")
    assert (folder / "uu.genesis-signature").exists()


def test_keys_lie_apart_and_open_with_the_passphrase(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_PASSPHRASE", "correct horse battery")
    run("join", "uu", *PLAIN, "--endpoint", "wss://uu.example/peer")
    institution, node = folder / "keys/uu/institution", folder / "keys/uu/node"
    assert load_key(institution / "registrar.pem", passphrase=b"correct horse battery")
    assert {path.stem for path in node.iterdir()} == {"link", "vote", "log", "witness"}
    assert load_key(node / "vote.pem")


def test_a_founder_signs_with_its_passphrase_file(folder: Path) -> None:
    (folder / "secret").write_text("correct horse battery\n")
    (folder / "secret").chmod(0o600)
    for party in FOUNDERS[:3]:
        join(party)
    seat = ("--endpoint", "wss://uu.example/peer", "--seat", "--purpose", "governance")
    run("join", "uu", *PLAIN, *seat, "--passphrase-file", "secret")
    assemble()
    refused(sign("uu", code=1), "KEYFILE_PASSPHRASE")
    run("sign", "--statement", "uu.statement", "--yes", "--passphrase-file", "secret")
    assert (folder / "uu.genesis-signature").exists()


def test_node_keys_may_be_encrypted_too(folder: Path) -> None:
    (folder / "secret").write_text("another passphrase\n")
    (folder / "secret").chmod(0o600)
    join("uu", "--node-passphrase-file", "secret")
    assert load_key(folder / "keys/uu/node/vote.pem", passphrase=b"another passphrase")


def test_purposes_can_be_chosen(folder: Path) -> None:
    join("uu", "--purpose", "registrar", "--purpose", "governance")
    names = {path.stem for path in (folder / "keys/uu/institution").iterdir()}
    assert names == {"institution", "registrar", "governance"}


def test_unencrypted_keys_are_warned_about(folder: Path) -> None:
    assert "without a passphrase" in join("uu").stderr
    assert load_key(folder / "keys/uu/institution/institution.pem")


def test_a_typed_passphrase_is_asked_for_twice(folder: Path) -> None:
    run("join", "uu", *PLAIN, "--purpose", "registrar", typed="correct horse\ncorrect horse\n")
    assert load_key(folder / "keys/uu/institution/institution.pem", passphrase=b"correct horse")


def refused(result: Result, code: str) -> None:
    """The failure names its code, says what to do, and shows no traceback."""
    assert f"error: {code}" in result.stderr
    assert f"next   {ADVICE[code]}" in result.stderr
    assert "Traceback" not in result.output


def test_joining_twice_changes_nothing(folder: Path) -> None:
    join("uu")
    before = (folder / "uu.statement").read_bytes()
    refused(join("uu", code=1), "FILE_EXISTS")
    (folder / "uu.statement").unlink()
    refused(join("uu", code=1), "KEYFILE_EXISTS")
    assert before
    assert not (folder / "uu.statement").exists()


def test_a_refused_party_leaves_no_keys(folder: Path) -> None:
    refused(join("nvao", "--endpoint", "wss://n.example/", code=1), "STATEMENT_SEAT")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "more", [("--region", "NL"), ("--endpoint", "http://u.example/"), ("--name", "EN=x")]
)
def test_values_without_a_place_are_named(folder: Path, more: tuple[str, ...]) -> None:
    refused(run("join", "uu", *PLAIN, "--no-passphrase", *more, code=1), "JOIN_VALUE")
    refused(run("join", "No Slug", *PLAIN, "--no-passphrase", code=1), "JOIN_VALUE")
    assert list(folder.iterdir()) == []


def test_a_charter_without_a_place_is_named(folder: Path) -> None:
    for party in FOUNDERS:
        join(party)
    refused(assemble("--name", "", code=1), "CHARTER_VALUE")
    refused(assemble("--created", "9" * 15, code=1), "CHARTER_VALUE")
    refused(assemble("--origin", "two words", code=1), "GENESIS_ORIGIN")
    assemble("--created", "next year", code=2)
    assert not (folder / "genesis.accord").exists()


def test_every_code_of_the_ceremony_has_advice() -> None:
    folder = Path(keyfiles.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    families = "ACTS|CHARTER|FILE|GENESIS|JOIN|KEYFILE|KEYS|PRESET|STATEMENT"
    codes = set(re.findall(rf'"((?:{families})_[A-Z_]+)"', source))
    assert len(codes) > 20
    assert codes - set(ADVICE) == set()


def test_three_founders_are_too_few(folder: Path) -> None:
    for party in ("bcb", "suny", "um"):
        join(party)
    refused(assemble(code=1), "GENESIS_MEMBERS")
    assert not (folder / "genesis.accord").exists()


def test_a_tampered_statement_is_named(folder: Path) -> None:
    for party in FOUNDERS:
        join(party)
    data = bytearray((folder / "um.statement").read_bytes())
    data[60] ^= 1
    (folder / "um.statement").write_bytes(data)
    result = assemble(code=1)
    refused(result, "STATEMENT_SIGNATURE")
    assert "um.statement" in result.stderr


def test_a_founder_does_not_sign_what_it_did_not_say(folder: Path) -> None:
    for party in FOUNDERS:
        join(party)
    (folder / "uu.statement").rename("true")
    join("uu", "--keys", "other/institution", "--node-keys", "other/node")
    assemble()
    asked = run("sign", "--statement", "true", "--no-passphrase", typed="y\n", code=1)
    refused(asked, "STATEMENT_ALTERED")
    assert "Sign this network" not in asked.stderr
    assert not (folder / "uu.genesis-signature").exists()


def test_verify_refuses_what_is_not_complete(folder: Path) -> None:
    for party in FOUNDERS:
        join(party)
    assemble()
    for party in ("bcb", "suny", "um"):
        sign(party)
    merged = run(
        "merge", "genesis.accord", *[f"{party}.genesis-signature" for party in ("bcb", "suny", "um")]
    )
    assert "Ask uu to sign" in merged.stdout
    refused(run("verify", code=1), "GENESIS_UNSIGNED")
    problem = json.loads(run("verify", "--json", code=1).stderr)
    assert (problem["code"], problem["advice"]) == ("GENESIS_UNSIGNED", ADVICE["GENESIS_UNSIGNED"])
    assert network_of(run("show"))


def test_another_network_is_neither_signed_nor_verified(folder: Path) -> None:
    for party in FOUNDERS:
        join(party)
    assemble()
    refused(sign("uu", "--network", "00" * 32, code=1), "GENESIS_NETWORK")
    assemble("--preset", "ects", out="other.accord")
    run("sign", "other.accord", "--statement", "uu.statement", "--yes", "--no-passphrase")
    refused(run("merge", "genesis.accord", "uu.genesis-signature", code=1), "GENESIS_NETWORK")
    for party in FOUNDERS:
        sign(party, "--out", f"{party}.signed")
    run("merge", "genesis.accord", *[f"{party}.signed" for party in FOUNDERS])
    run("verify")
    refused(run("verify", "--network", "00" * 32, code=1), "GENESIS_NETWORK")


@pytest.mark.parametrize(
    "arguments",
    [
        ("join", "uu"),
        ("join", "uu", "--role", "king", "--name", "en=U", "--region", "NL-UT"),
        ("join", "uu", "--role", "university", "--name", "Utrecht", "--region", "NL-UT"),
        ("join", "uu", *PLAIN, "--seat"),
        ("join", "uu", *PLAIN, "--name", "=U"),
        ("join", "uu", *PLAIN, "--name", "nl="),
        ("join", "uu", *PLAIN, "--name", "en=Utrecht again"),
        ("join", "uu", *PLAIN, "--no-passphrase", "--passphrase-file", "secret"),
        ("new", "--name", "x", "--origin", "y"),
        ("verify", "genesis.accord", "--network"),
        ("unknown",),
    ],
)
def test_wrong_use_exits_with_two(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, code=2)
    assert "Error:" in result.stderr
    assert list(folder.iterdir()) == []


def test_presets_are_listed() -> None:
    assert json.loads(run("presets", "--json").stdout)["frameworks"][:2] == ["cn-mc", "cn-hvc"]
    assert "semester credit hour" in run("presets").stdout


def test_every_command_and_option_is_explained() -> None:
    assert run("--help").stdout.count("\n  1. join") == 1
    for name, command in genesis.commands.items():
        assert command.help, name
        assert [
            option.name for option in command.params if isinstance(option, click.Option) and not option.help
        ] == []
