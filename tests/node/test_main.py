"""The process: four real ones on loopback, told to stop; and every failure in one line with an exit code."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
import structlog
from click.testing import CliRunner

from accord_genesis.keyfiles import write_key
from accord_ledger.errors import AccordError, FatalError
from accord_node import failures, main
from accord_node.cli import node
from accord_node.config import explain, load
from accord_node.node import NodeKeys
from node_network import USES, Alliance, key, make_alliance, programme_entries
from waiting import until, until_so

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """What a command configures for its process does not outlive its test."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level, interval = root.handlers[:], root.level, sys.getswitchinterval()
    yield
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level
    sys.setswitchinterval(interval)


def write_node(alliance: Alliance, folder: Path, party: str, extra: str = "") -> Path:
    """A node's folder: configuration, genesis file and keys."""
    (folder / "keys").mkdir(parents=True)
    for use in USES:
        write_key(folder / "keys" / f"{use}.pem", key(party, use), passphrase=None)
    (folder / "genesis.accord").write_bytes(alliance.genesis_file)
    file = folder / "node.toml"
    file.write_text(
        f'party = "{party}"\n{extra}\n[keys]\nvote = "keys/vote.pem"\nwitness = "keys/witness.pem"\n'
        f"[http]\nport = 0\n[peers]\nport = {alliance.ports[party]}\n"
        "[consensus]\ndelta_ms = 200\nheartbeat_seconds = 2\n",
        encoding="utf-8",
    )
    return file


async def start(*arguments: str) -> asyncio.subprocess.Process:
    path = os.pathsep.join(str(ROOT / name) for name in ("ledger", "genesis", "client", "node"))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "accord_node", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


async def end(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    async with asyncio.timeout(40):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def wait_ready(file: Path, session: aiohttp.ClientSession) -> str:
    run = file.parent / "data" / "run.json"
    await until(run.exists, "says where it listens", 40)
    url: str = json.loads(run.read_text())["http"]

    async def ready() -> bool:
        return (await session.get(f"{url}/readyz")).status == 200

    await until_so(ready, "is ready", 40)
    return url


@pytest.mark.processes
async def test_four_processes_agree_stop_cleanly_and_pass_the_check(tmp_path: Path) -> None:
    alliance = make_alliance(4)
    files = [write_node(alliance, tmp_path / party, party) for party in alliance.parties]
    processes = [await start("run", "--config", str(file)) for file in files]
    async with aiohttp.ClientSession() as session:
        urls = [await wait_ready(file, session) for file in files]
        for entry in programme_entries(alliance, "p0", "welding"):
            headers = {"Content-Type": "application/octet-stream"}
            address = f"{urls[0]}/v1/transactions?wait=final"
            async with session.post(address, data=entry, headers=headers) as answer:
                assert (await answer.json())["results"][0]["status"] == "final", await answer.text()
    second = await end(await start("run", "--config", str(files[0])))
    for process in processes:
        process.send_signal(signal.SIGTERM)
    ends = [await end(process) for process in processes]
    assert second[0] == failures.EXIT_NAMED
    assert "DATA_IN_USE" in second[2]
    assert [code for code, _, _ in ends] == [0, 0, 0, 0], ends[0][2][-2000:]
    assert all(out.startswith("ready party=p") for _, out, _ in ends)
    assert not (tmp_path / "p0" / "data" / "run.json").exists()
    code, out, _ = await end(await start("check", "--config", str(files[0])))
    assert (code, out.split(" ")[0]) == (0, "sound:")
    await check_finds_damage(tmp_path / "p1", files[1])


async def check_finds_damage(folder: Path, file: Path) -> None:
    (partial, *_) = (folder / "data" / "log" / "tile" / "0" / "000.p").iterdir()
    partial.write_bytes(partial.read_bytes()[::-1])
    code, out, _ = await end(await start("check", "--config", str(file)))
    assert code == 0
    assert f"mended: {partial}" in out
    with closing(sqlite3.connect(folder / "data" / "state.sqlite")) as db:
        db.execute("UPDATE record SET author = 'p9' WHERE idx = (SELECT MIN(idx) FROM record)")
        db.commit()
    code, _, err = await end(await start("check", "--config", str(file)))
    assert code == failures.EXIT_FATAL
    assert "DATABASE_CORRUPT" in err
    assert "p9" in err
    tail = folder / "data" / "log" / "tail" / "0"
    data = bytearray(tail.read_bytes())
    data[40] ^= 1
    tail.write_bytes(data)
    code, _, err = await end(await start("check", "--config", str(file)))
    assert code == failures.EXIT_FATAL
    assert "LOG_CORRUPT" in err
    assert "deploy/README.md" in err


async def failure(file: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = await asyncio.to_thread(main.check, file)
    [line] = [line for line in capfd.readouterr().err.splitlines() if line.startswith("accord-node: ")]
    return code, line


async def test_a_missing_file_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, line = await failure(tmp_path / "none.toml", capfd)
    assert code == failures.EXIT_NAMED
    assert "CONFIG_MISSING" in line
    assert "accord-node config" in line


async def test_a_node_that_never_ran_has_nothing_to_check(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write_node(make_alliance(4), tmp_path / "p0", "p0")
    code, line = await failure(file, capfd)
    assert (code, "DATA_MISSING" in line) == (failures.EXIT_NAMED, True)


def test_a_genesis_its_institution_did_not_sign_is_refused(tmp_path: Path) -> None:
    alliance = make_alliance(4)
    file = write_node(alliance, tmp_path / "p0", "p0")
    file.write_text(file.read_text().replace('party = "p0"', 'party = "stranger"'))
    config, folder = load(file)
    with pytest.raises(AccordError) as refused:
        main.read_genesis(config, folder)
    assert refused.value.code == "GENESIS_UNSIGNED"
    assert "sign" in failures.next_step("GENESIS_UNSIGNED")


def test_keys_are_read_and_an_observer_has_two(tmp_path: Path) -> None:
    alliance = make_alliance(4)
    file = write_node(alliance, tmp_path / "p0", "p0")
    config, folder = load(file)
    assert publics(main.read_keys(config, folder)) == publics(alliance.node_keys("p0"))
    file.write_text('party = "p0"\n')
    config, folder = load(file)
    assert publics(main.read_keys(config, folder)) == publics(alliance.node_keys("p0", observer=True))


def publics(keys: NodeKeys) -> list[bytes | None]:
    return [None if one is None else one.public for one in (keys.link, keys.log, keys.vote, keys.witness)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AccordError("CONFIG_VALUE"), 1),
        (FatalError("LOG_CORRUPT"), 3),
        (FatalError("NODE_KEYS"), 1),
        (FatalError("DATABASE_NETWORK"), 1),
        (FatalError("STATE_DIVERGED"), 3),
        (RuntimeError("defect"), 3),
    ],
)
def test_exit_codes(error: Exception, code: int) -> None:
    assert failures.exit_code(error) == code


def test_a_folder_is_used_by_one_process(tmp_path: Path) -> None:
    with (
        main.data_lock(tmp_path),
        pytest.raises(failures.ProcessError, match="DATA_IN_USE"),
        main.data_lock(tmp_path),
    ):
        pass
    with main.data_lock(tmp_path):
        pass


def test_the_command_prints_the_configuration() -> None:
    done = CliRunner().invoke(node, ["config"])
    assert (done.exit_code, done.output) == (0, explain())


def test_wrong_use_is_exit_code_two() -> None:
    assert CliRunner().invoke(node, ["run", "--colour"]).exit_code == 2
