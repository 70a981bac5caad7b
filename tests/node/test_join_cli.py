"""The commands around snapshots, as an operator uses them: one line, an exit code, and a folder that starts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from accord_node.cli import node
from accord_node.failures import ProcessError
from accord_node.joining import FOLDER
from accord_node.main import data_lock
from accord_node.readmodel import ReadModel
from accord_node.storage.snapshot import MANIFEST
from node_network import Alliance, make_alliance
from snapshot_ledger import Donor, make_donor


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
def donor(alliance: Alliance, tmp_path: Path) -> Donor:
    return asyncio.run(make_donor(alliance, tmp_path / "p0", records=3))


def configured(alliance: Alliance, folder: Path, party: str) -> str:
    """A configuration of this party's node; its path."""
    folder.mkdir(exist_ok=True)
    (folder / "genesis.accord").write_bytes(alliance.genesis_file)
    (folder / "node.toml").write_text(f'party = "{party}"\n')
    return str(folder / "node.toml")


def called(*words: str) -> Result:
    return CliRunner().invoke(node, words)


def test_made_joined_and_once_only(alliance: Alliance, donor: Donor, tmp_path: Path) -> None:
    theirs, ours = configured(alliance, tmp_path / "p0", "p0"), configured(alliance, tmp_path / "p1", "p1")
    made = called("snapshot", "make", "--config", theirs)
    assert (made.exit_code, made.output[:17]) == (0, "snapshot height=4"), made.output
    done = called("join", "--config", ours, "--from", str(donor.log))
    assert done.exit_code == 0, done.output
    assert done.output.endswith("joined height=4 entries=18: start it with accord-node run\n")
    again = called("join", "--config", ours, "--from", str(donor.log))
    assert again.exit_code == 1
    assert "SNAPSHOT_DATA" in again.output
    reads = ReadModel(tmp_path / "p1" / "data" / "state.sqlite")
    assert asyncio.run(reads.visit(lambda now: now.known_from)) == 4
    reads.close()
    reads = ReadModel(donor.data / "state.sqlite")
    assert asyncio.run(reads.visit(lambda now: now.known_from)) == 0
    reads.close()


def test_a_snapshot_goes_where_it_is_told(alliance: Alliance, donor: Donor, tmp_path: Path) -> None:
    theirs = configured(alliance, tmp_path / "p0", "p0")
    assert called("snapshot", "make", "--config", theirs, "--out", str(tmp_path / "mirror")).exit_code == 0
    assert (tmp_path / "mirror" / MANIFEST).read_bytes() == (donor.log / MANIFEST).read_bytes()


def test_a_backup_is_all_a_join_needs(alliance: Alliance, tmp_path: Path) -> None:
    asyncio.run(make_donor(alliance, tmp_path / "p0"))  # more than one bundle of entries
    theirs, ours = configured(alliance, tmp_path / "p0", "p0"), configured(alliance, tmp_path / "p1", "p1")
    for _ in range(2):
        made = called("backup", "--config", theirs, str(tmp_path / "safe"))
        assert (made.exit_code, made.output[:15]) == (0, "backup height=4"), made.output
    assert {path.name for path in (tmp_path / "safe").iterdir()} == {"snapshot", "tile"}
    done = called("join", "--config", ours, "--from", str(tmp_path / "safe"))
    assert done.exit_code == 0, done.output


def test_a_failure_is_one_line_with_its_code(alliance: Alliance, tmp_path: Path) -> None:
    ours = configured(alliance, tmp_path / "p1", "p1")
    failed = called("join", "--config", ours, "--from", str(tmp_path / "nowhere"))
    assert failed.exit_code == 1
    assert "SNAPSHOT_UNKNOWN" in failed.output.splitlines()[-1]
    missing = called("snapshot", "make", "--config", ours)
    assert missing.exit_code == 1
    assert "SNAPSHOT_NONE" in missing.output


def test_an_unfinished_join_does_not_start_in_silence(
    alliance: Alliance, donor: Donor, tmp_path: Path
) -> None:
    ours = configured(alliance, tmp_path / "p1", "p1")
    (donor.log / donor.manifest.state[0].path).unlink()
    assert "SNAPSHOT_GONE" in called("join", "--config", ours, "--from", str(donor.log)).output
    assert (tmp_path / "p1" / "data" / FOLDER).is_dir()
    with (
        pytest.raises(ProcessError),
        data_lock(tmp_path / "p1" / "data"),
        data_lock(tmp_path / "p1" / "data"),
    ):
        raise AssertionError("two joins at once")
