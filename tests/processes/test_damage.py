"""Damage at rest and mix-ups: a start names what is wrong in one line and opens no port; so does `check`.

Each case damages a copy of a stopped node's folder. The copy's ports are taken by the test, so a node that
came as far as opening one would say so instead of naming the damage; an undamaged copy does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from accord_ledger.merkle.tiles import TILE_WIDTH
from process_alliance import ProcessAlliance

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

PARTY, OTHER = "uu", "suny"
COMMANDS = ("run", "check")
Damage = Callable[[Path], object]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stopped(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ProcessAlliance]:
    """An alliance that ran until its log had a full bundle; one node was killed, the others stopped."""
    async with ProcessAlliance(tmp_path_factory.mktemp("damage")) as alliance:
        while (await alliance.status(PARTY)).log_size < TILE_WIDTH + 20:
            await alliance.submit(PARTY, alliance.issuances(40), final=True)
        await alliance.all_equal()
        await alliance.kill(OTHER)
    yield alliance


@pytest.fixture(scope="module")
def taken_ports() -> Iterator[list[int]]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()


def flip(name: str, at: float) -> Damage:
    """Change one bit, ``at`` of the way through a file."""

    def damage(folder: Path) -> None:
        path = folder / name
        data = bytearray(path.read_bytes())
        data[int(at * (len(data) - 1))] ^= 1
        path.write_bytes(data)

    return damage


def change_state_row(folder: Path) -> None:
    connection = sqlite3.connect(folder / "data" / "state.sqlite")
    with connection:
        done = connection.execute("UPDATE state SET value = x'80' WHERE substr(key, 1, 5) = x'6261746368'")
        assert done.rowcount > 0
    connection.close()


def remove(name: str) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def replace_with(name: str, content: bytes) -> Damage:
    def damage(folder: Path) -> None:
        remove(name)(folder)
        (folder / name).touch(mode=0o600)
        (folder / name).write_bytes(content)

    return damage


DAMAGES: dict[str, tuple[Damage, str]] = {
    "an entry bundle": (flip("data/log/tile/entries/000", 0.5), "LOG_CORRUPT"),
    "a hash tile": (flip("data/log/tile/0/000", 0.5), "LOG_CORRUPT"),
    "the tail": (flip("data/log/tail/1", 0.5), "LOG_CORRUPT"),
    "the newest seal": (flip("data/log/tail/1", 0.999), "LOG_CORRUPT"),
    "the log gone": (remove("data/log"), "LOG_CORRUPT"),
    "a state row": (change_state_row, "STATE_CORRUPT"),
    "the database header": (flip("data/state.sqlite", 0.00001), "DATABASE_CORRUPT"),
    "the database gone": (remove("data/state.sqlite"), "DATABASE_MISSING"),
    "the journal's middle": (flip("data/journal/journal-0000000001", 0.5), "JOURNAL_CORRUPT"),
    "the genesis file": (flip("genesis.accord", 0.5), "GENESIS_CORRUPT"),
    "the genesis file gone": (remove("genesis.accord"), "CONFIG_GENESIS"),
    "a key file": (replace_with("node/vote.pem", b"not a key"), "KEYFILE_MALFORMED"),
    "a key file gone": (remove("node/vote.pem"), "KEYFILE_MISSING"),
}


class Wreck:
    """Copies of a stopped node, one for each command, so that both run at once."""

    def __init__(self, alliance: ProcessAlliance, folder: Path, ports: list[int], party: str = PARTY) -> None:
        self._alliance = alliance
        self.folders = {command: folder / command for command in COMMANDS}
        for copy in self.folders.values():
            shutil.copytree(alliance.folder(party), copy)
            alliance.write_config(party, copy, http=ports[0], peers=ports[1])

    def damage(self, damage: Damage) -> None:
        for folder in self.folders.values():
            damage(folder)

    async def outcome(self, command: str) -> subprocess.CompletedProcess[str]:
        config = self.folders[command] / "node.toml"
        return await asyncio.to_thread(self._alliance.run_offline, command, config)

    async def outcomes(self) -> list[subprocess.CompletedProcess[str]]:
        return list(await asyncio.gather(*(self.outcome(command) for command in COMMANDS)))

    async def refused(self, code: str) -> None:
        """Both commands end with this code, named in the only line they say."""
        for done in await self.outcomes():
            assert is_refusal(done, code), done


def is_refusal(done: subprocess.CompletedProcess[str], code: str) -> bool:
    """Whether a command failed with one line that names the code and what to do, and said nothing else."""
    [line, *more] = done.stderr.splitlines() or [""]
    named = line.startswith((f"accord-node: {code}:", f"accord-node: {code} at ")) and " -- " in line
    return named and not more and done.stdout == "" and done.returncode in {1, 3}


@pytest.fixture
def wreck(stopped: ProcessAlliance, tmp_path: Path, taken_ports: list[int]) -> Wreck:
    return Wreck(stopped, tmp_path, taken_ports)


async def test_what_is_sound_is_called_sound_and_goes_on_to_its_ports(wreck: Wreck) -> None:
    run, check = await wreck.outcomes()
    assert run.returncode == 1
    assert "accord-node: ADDRESS_PEERS" in run.stderr
    assert check.returncode == 0, check.stderr
    assert check.stdout.startswith("sound: height=")


@pytest.mark.parametrize("what", DAMAGES)
async def test_damage_is_named_before_any_port_opens(wreck: Wreck, what: str) -> None:
    damage, code = DAMAGES[what]
    wreck.damage(damage)
    await wreck.refused(code)


async def test_a_journal_that_is_gone_is_named_by_check_and_does_not_keep_the_node_from_following(
    wreck: Wreck,
) -> None:
    wreck.damage(remove("data/journal"))
    run, check = await wreck.outcomes()
    assert is_refusal(check, "JOURNAL_MISSING")
    assert "accord-node: ADDRESS_PEERS" in run.stderr  # all was sound up to the ports


async def test_commits_that_the_database_lost_are_named(
    stopped: ProcessAlliance, tmp_path: Path, taken_ports: list[int]
) -> None:
    """SQLite takes a damaged write-ahead log for its end, silently: the files of the log know better."""
    wreck = Wreck(stopped, tmp_path, taken_ports, OTHER)
    wreck.damage(flip("data/state.sqlite-wal", 0.5))
    await wreck.refused("DATABASE_BEHIND")


async def test_another_members_key_file_is_refused(stopped: ProcessAlliance, wreck: Wreck) -> None:
    wreck.damage(lambda folder: shutil.copy(stopped.folder(OTHER) / "node" / "vote.pem", folder / "node"))
    await wreck.refused("NODE_KEYS")


async def test_another_members_data_is_refused(stopped: ProcessAlliance, wreck: Wreck) -> None:
    wreck.damage(remove("data"))
    wreck.damage(lambda folder: shutil.copytree(stopped.data(OTHER), folder / "data"))
    await wreck.refused("DATA_FOREIGN")


async def test_another_networks_data_is_refused(
    stopped: ProcessAlliance, tmp_path: Path, taken_ports: list[int]
) -> None:
    other = ProcessAlliance(tmp_path / "other")
    shutil.copytree(stopped.data(PARTY), other.data(PARTY))
    await Wreck(other, tmp_path / "copies", taken_ports).refused("DATABASE_NETWORK")


async def test_data_that_is_no_folder_is_refused(wreck: Wreck) -> None:
    wreck.damage(replace_with("data", b"a file"))
    assert is_refusal(await wreck.outcome("run"), "DATA_UNUSABLE")
    assert is_refusal(await wreck.outcome("check"), "DATA_MISSING")


async def test_check_does_not_make_a_data_folder(wreck: Wreck) -> None:
    wreck.damage(remove("data"))
    assert is_refusal(await wreck.outcome("check"), "DATA_MISSING")
    assert not (wreck.folders["check"] / "data").exists()


async def test_a_data_folder_that_cannot_be_written_is_refused(wreck: Wreck) -> None:
    data = wreck.folders["run"] / "data"
    with ReadOnly(data):
        assert is_refusal(await wreck.outcome("run"), "DATA_UNUSABLE")


class ReadOnly:
    """A folder that cannot be written: by its mode, or for root by a read-only mount of itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        (self._folder / "lock").unlink()
        if os.geteuid() != 0:
            self._folder.chmod(0o500)
            return
        made = [
            subprocess.run(["mount", *words, str(self._folder)], capture_output=True, check=False).returncode
            for words in (["--bind", str(self._folder)], ["-o", "remount,bind,ro"])
        ]
        if any(made):
            pytest.skip("root without the right to mount: no folder is read-only for it")

    def __exit__(self, *_: object) -> None:
        if os.geteuid() != 0:
            self._folder.chmod(0o700)
        else:
            subprocess.run(["umount", str(self._folder)], check=True)
