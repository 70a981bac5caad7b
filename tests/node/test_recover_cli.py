"""A recovery as operators do it: recover, beyond, sign, merge, verify, join; one line and an exit code each."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from accord_genesis.cli import genesis as genesis_cli
from accord_genesis.document import open_genesis, open_unfinished
from accord_genesis.keyfiles import write_key
from accord_node.cli import node
from accord_node.disk import DirectoryDisk
from accord_node.pending import PendingLog
from accord_node.storage.snapshot import MANIFEST, read_manifest
from accord_node.storage.store import Store
from accord_node.workers import Workers
from node_network import Alliance, issue_entry, key, make_alliance
from recovery_network import SEATS, recognise
from snapshot_ledger import Growing, beginning, make_donor


def configured(alliance: Alliance, folder: Path, party: str) -> str:
    """A configuration of this party's node; its path."""
    folder.mkdir(exist_ok=True)
    (folder / "genesis.accord").write_bytes(alliance.genesis_file)
    (folder / "node.toml").write_text(f'party = "{party}"\n')
    return str(folder / "node.toml")


WORDS = ("--name", "Carried on", "--origin", "ledger.example/test-2", "--reason", "Fire at p2 and p3")


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4, 2)


def called(*words: str) -> Result:
    return CliRunner().invoke(node, words)


def ceremony(*words: str) -> Result:
    return CliRunner().invoke(genesis_cli, words)


def recover(folder: Path, source: Path, *more: str) -> Result:
    seats = [word for party in SEATS for word in ("--seat", party)]
    return called(
        "recover", "--from", str(source), "--genesis", str(folder / "old.accord"), *seats, *WORDS,
        "--out", str(folder / "new.accord"), "--declaration", str(folder / "declare.json"), *more,
    )  # fmt: skip


def prepared(alliance: Alliance, folder: Path, blocks: int = 3) -> None:
    """The old genesis file, and p0's stopped node."""
    asyncio.run(make_donor(alliance, folder / "p0", records=3, blocks=blocks))
    (folder / "old.accord").write_bytes(alliance.genesis_file)
    configured(alliance, folder / "p0", "p0")


def test_the_whole_procedure(alliance: Alliance, tmp_path: Path) -> None:
    prepared(alliance, tmp_path)
    made = recover(tmp_path, tmp_path / "p0" / "data")
    assert made.exit_code == 0, made.output
    new = str(tmp_path / "new.accord")
    body = json.loads((tmp_path / "declare.json").read_text())
    assert (body["lost"], body["prefix"]["height"]) == (["p2", "p3"], 4)
    found = called("beyond", "--config", str(tmp_path / "p0" / "node.toml"), new)
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "nothing beyond it"), found.output
    for party in SEATS:
        (tmp_path / party / "keys").mkdir(parents=True)
        write_key(tmp_path / party / "keys" / "governance.pem", key(party, "governance"), passphrase=None)
        signature = str(tmp_path / f"{party}.signature")
        signed = ceremony(
            "sign", new, "--party", party, "--keys", str(tmp_path / party / "keys"), "--no-passphrase", "--yes",
            "--out", signature,
        )  # fmt: skip
        assert signed.exit_code == 0, signed.output
        assert ceremony("merge", new, signature).exit_code == 0
    verified = ceremony("verify", new, "--party", "o0")
    assert verified.exit_code == 0, verified.output
    assert "RECOVERY 1" in verified.output
    file = (tmp_path / "new.accord").read_bytes()
    carried = Alliance(file, open_genesis(file), SEATS, {})
    ours = configured(carried, tmp_path / "o0", "o0")
    joined = called("join", "--config", ours, "--from", str(tmp_path / "p0" / "data" / "log"))
    assert joined.output.endswith("joined height=4 entries=18: start it with accord-node run\n"), (
        joined.output
    )


def test_the_document_follows_from_what_goes_in(alliance: Alliance, tmp_path: Path) -> None:
    prepared(alliance, tmp_path)
    created = str(alliance.genesis.document.created + 3600)
    assert recover(tmp_path, tmp_path / "p0" / "data", "--created", created).exit_code == 0
    first = (tmp_path / "new.accord").read_bytes()
    (tmp_path / "new.accord").unlink()
    (tmp_path / "declare.json").unlink()
    backup = called("backup", "--config", str(tmp_path / "p0" / "node.toml"), str(tmp_path / "safe"))
    assert backup.exit_code == 0, backup.output
    assert recover(tmp_path, tmp_path / "safe", "--created", created).exit_code == 0
    assert open_unfinished((tmp_path / "new.accord").read_bytes()).network == open_unfinished(first).network


def test_node_keys_made_under_the_old_genesis_are_taken(alliance: Alliance, tmp_path: Path) -> None:
    prepared(alliance, tmp_path)
    for use in ("link", "vote", "log", "witness"):
        write_key(tmp_path / "p0" / f"{use}.pem", key("p0", use), passphrase=None)
    (tmp_path / "p0" / "node.toml").write_text(
        'party = "p0"\n[keys]\nlink = "link.pem"\nvote = "vote.pem"\nlog = "log.pem"\nwitness = "witness.pem"\n'
        '[keys.coming]\nvote = "vote-2.pem"\n'
    )
    node_keys = tmp_path / "node-keys.json"
    made = called(
        "keys",
        "--config",
        str(tmp_path / "p0" / "node.toml"),
        "--endpoint",
        "wss://p0.example/peer",
        str(node_keys),
    )
    assert made.exit_code == 0, made.output
    assert recover(tmp_path, tmp_path / "p0" / "data", "--node", str(node_keys)).exit_code == 0
    genesis = open_unfinished((tmp_path / "new.accord").read_bytes())
    assert genesis.members.vote_key("p0") not in (None, key("p0", "vote").public)


async def grown(alliance: Alliance, folder: Path) -> None:
    """One more block becomes final at p0."""
    workers = Workers("grown")
    store = await Store.open(folder / "p0" / "data", beginning(alliance), workers)
    growing = Growing(alliance, store)
    growing._final = read_manifest((folder / "p0" / "data" / "log" / MANIFEST).read_bytes()).finalization
    await growing.block([issue_entry(alliance, "p0", "prog", 777)])
    await store.close()
    workers.close()


def test_a_final_block_that_is_not_carried_is_shown_before_anybody_signs(
    alliance: Alliance, tmp_path: Path
) -> None:
    prepared(alliance, tmp_path)
    assert recover(tmp_path, tmp_path / "p0" / "data").exit_code == 0
    asyncio.run(grown(alliance, tmp_path))
    found = called("beyond", "--config", str(tmp_path / "p0" / "node.toml"), str(tmp_path / "new.accord"))
    assert found.exit_code == 1
    assert "final and not carried: 1" in found.output
    assert "DO NOT SIGN" in found.output


def test_what_was_acknowledged_and_not_final_is_listed(alliance: Alliance, tmp_path: Path) -> None:
    prepared(alliance, tmp_path)
    waiting = [issue_entry(alliance, "p0", "prog", 999), recognise(alliance, "r9", 1)]
    disk = DirectoryDisk(tmp_path / "p0" / "data" / "pending")
    log = PendingLog(disk)
    log.open()
    log.append(waiting)
    disk.close()
    assert recover(tmp_path, tmp_path / "p0" / "data").exit_code == 0
    found = called(
        "beyond", "--config", str(tmp_path / "p0" / "node.toml"), str(tmp_path / "new.accord"), "--json"
    )
    assert found.exit_code == 0, found.output
    rows = json.loads(found.output)["records"]
    assert [(row["place"], row["kind"], row["author"]) for row in rows] == [
        ("pending", "credential_issue", "p0"), ("pending", "recognise", "p1"),
    ]  # fmt: skip
    assert [bytes.fromhex(row["entry"]) for row in rows] == waiting


def test_a_refusal_is_one_line_with_its_code(alliance: Alliance, tmp_path: Path) -> None:
    prepared(alliance, tmp_path)
    few = called(
        "recover", "--from", str(tmp_path / "p0" / "data"), "--genesis", str(tmp_path / "old.accord"),
        "--seat", "p0", "--seat", "p1", *WORDS, "--out", str(tmp_path / "new.accord"),
    )  # fmt: skip
    assert few.exit_code == 1
    assert "GENESIS_MEMBERS" in few.output
    old_origin = recover(tmp_path, tmp_path / "p0" / "data", "--origin", "ledger.example/test")
    assert "RECOVERY_ORIGIN" in old_origin.output
    assert not (tmp_path / "new.accord").exists()
