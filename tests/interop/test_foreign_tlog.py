"""A log that real nodes wrote, verified by programs that know nothing of Accord.

``tlogcheck`` (Go, golang.org/x/mod) opens the checkpoint, counts cosignatures, hashes every entry and proves
every record from the tiles. ``aics-tlog`` (Python 3.12) does the like with a third implementation, where it is
installed: ``AICS_TLOG_PYTHON`` names the interpreter that has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from accord_client.audit.checkpoints import keys_of, read
from accord_client.audit.run import audit
from accord_client.audit.source import FolderSource
from accord_ledger.domain.model.party import NODES
from accord_ledger.merkle.tiles import tile_path
from accord_ledger.note import encode_base64
from accord_ledger.policy import Policy, parse_policy
from node_network import Network, issue_entry, make_alliance, programme_entries
from waiting import until

HERE = Path(__file__).resolve().parent
RECORDS = 300
"""Enough for a full tile."""


@dataclass(frozen=True)
class NodeLog:
    """What one node left on disk, and what strangers need to judge it."""

    folder: Path
    policy: Path
    genesis: bytes

    def copy(self, target: Path) -> NodeLog:
        """A copy to damage."""
        return NodeLog(Path(shutil.copytree(self.folder, target)), self.policy, self.genesis)


async def _filled(network: Network) -> None:
    """Records through one node, until their checkpoint has its quorum on it."""
    node = network.nodes["p0"]
    for entry in programme_entries(network.alliance, "p0", "prog"):
        assert (await node.submissions.submit([entry], wait=True, timeout=30))[0].status == "final"
    entries = [issue_entry(network.alliance, "p0", "prog", number) for number in range(RECORDS)]
    results = await node.submissions.submit(entries, wait=True, timeout=60)
    assert {result.status for result in results} == {"final"}
    size = node.chain.base.log.size
    checkpoint = node.store.files.root / "checkpoint"
    await until(
        lambda: checkpoint.exists() and read(checkpoint.read_bytes()).size >= size, "the checkpoint on disk"
    )


@pytest.fixture
async def log(tmp_path: Path) -> NodeLog:
    alliance = make_alliance(4)
    async with Network(alliance, tmp_path / "nodes") as network:
        await _filled(network)
        folder = network.nodes["p0"].store.files.root
    genesis = alliance.genesis
    logs = [NODES.decode(value).log for key, value in genesis.values.items() if key.startswith(NODES.prefix)]
    keys = keys_of(genesis.document.origin, logs, genesis.members)
    policy = tmp_path / "policy"
    policy.write_bytes(Policy.of_members(keys.logs, keys.witnesses, keys.quorum).format())
    return NodeLog(folder, policy, alliance.genesis_file)


@pytest.fixture(scope="session")
def tlogcheck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go verifier, built."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go toolchain on PATH")
    program = tmp_path_factory.mktemp("tlogcheck") / "tlogcheck"
    built = subprocess.run(
        [go, "build", "-o", str(program), "."],
        cwd=HERE / "tlogcheck",
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode and "dial tcp" in built.stderr:
        pytest.skip("golang.org/x/mod cannot be downloaded")
    assert built.returncode == 0, built.stderr
    return program


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def verify(program: Path, log: NodeLog) -> subprocess.CompletedProcess[str]:
    return _run(str(program), str(log.folder), str(log.policy))


def _flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(bytes(data))


def _bend_entry(folder: Path) -> None:
    _flip(folder / "tile/entries/000", 100)


def _bend_tile(folder: Path) -> None:
    _flip(folder / tile_path(0, 0), 40)


def _bend_checkpoint(folder: Path) -> None:
    note = (folder / "checkpoint").read_text().split("\n")
    note[1] = str(int(note[1]) - 1)
    (folder / "checkpoint").write_text("\n".join(note))


def _drop_cosigners(folder: Path) -> None:
    lines = (folder / "checkpoint").read_text().splitlines(keepends=True)
    (folder / "checkpoint").write_text("".join(lines[:-2]))


async def test_go_verifies_a_log_of_real_nodes(log: NodeLog, tlogcheck: Path) -> None:
    checkpoint = read((log.folder / "checkpoint").read_bytes())
    done = verify(tlogcheck, log)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["origin"], seen["size"]) == (checkpoint.origin, checkpoint.size)
    assert seen["root"] == encode_base64(checkpoint.root)
    assert seen["cosigners"] >= 3
    ours = await audit(FolderSource(log.folder), log.genesis)
    assert ours.clean, [str(found) for found in ours.findings]
    assert ours.entries == checkpoint.size
    assert ours.records >= RECORDS


BENT: list[tuple[Callable[[Path], None], str]] = [
    (_bend_entry, "root"),
    (_bend_tile, "record 0"),
    (_bend_checkpoint, "signature"),
    (_drop_cosigners, "cosignatures"),
]


async def test_go_and_the_audit_refuse_the_same_damage(log: NodeLog, tlogcheck: Path, tmp_path: Path) -> None:
    for bend, word in BENT:
        damaged = log.copy(tmp_path / bend.__name__)
        bend(damaged.folder)
        done = verify(tlogcheck, damaged)
        assert done.returncode == 1, bend.__name__
        assert word in done.stderr, done.stderr
        assert (await audit(FolderSource(damaged.folder), log.genesis)).findings, bend.__name__


AICS = """
import sys
from pathlib import Path
from aics_tlog import HttpTileReader, audit_tiles, parse_note, parse_vkey, verify_checkpoint

source, quorum, now, *keys = sys.argv[1:]
reader = HttpTileReader(Path(source).as_uri())
note = parse_note(reader.read_checkpoint().decode())
signers = [parse_vkey(key) for key in keys]
witnesses = [key for key in signers if key.key_type == 4]
logs = [key for key in signers if key.key_type == 1]
verdicts = [verify_checkpoint(note, log, witnesses, int(quorum), now=int(now)) for log in logs]
good = [verdict for verdict in verdicts if verdict.ok]
if not good:
    sys.exit(str([verdict.error for verdict in verdicts]))
report = audit_tiles(reader, good[0].size, good[0].root)
print(good[0].size, good[0].cosignature_count, report.bundles)
"""
"""The verifier by aics-tlog: log signature, cosignatures, every tile and every bundle."""


async def test_aics_tlog_verifies_the_same_log(log: NodeLog) -> None:
    python = os.environ.get("AICS_TLOG_PYTHON")
    if not python:
        pytest.skip("AICS_TLOG_PYTHON names no interpreter with aics-tlog")
    rules = parse_policy(log.policy.read_bytes())
    keys = [str(key) for key in (*rules.logs, *rules.witnesses.values())]
    quorum = rules.groups["members"].threshold
    done = _run(python, "-c", AICS, str(log.folder), str(quorum), str(int(time.time())), *keys)
    assert done.returncode == 0, done.stderr
    size, cosigners, bundles = (int(word) for word in done.stdout.split())
    assert size == read((log.folder / "checkpoint").read_bytes()).size
    assert cosigners >= quorum
    assert bundles == -(-size // 256)
