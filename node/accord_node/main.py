"""The process: reads configuration, keys and genesis, runs one node with its HTTP interface, ends cleanly.

How it ends when it fails, and with which exit code: ``accord_node.failures``.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from accord_genesis.document import Genesis, open_genesis
from accord_genesis.keyfiles import find_passphrase, load_key
from accord_ledger.errors import AccordError, FatalError
from accord_node import logs
from accord_node.clock import TEST_NETWORK, ScriptedClock, SystemClock
from accord_node.config import Config, ConfigError, load
from accord_node.failures import ProcessError, end_with, named
from accord_node.http import HttpServer
from accord_node.joining import check_joined
from accord_node.node import Node, NodeKeys
from accord_node.storage.checking import find_damage, refuse_findings
from accord_node.storage.durable import replace_file
from accord_node.storage.history import find_other_history
from accord_node.storage.logfiles import LogFiles

log = structlog.get_logger("main")

COLLECT_AFTER: Final = (2_000, 5, 20)
"""Objects made and not freed before the youngest are looked at, and how often the older ones are: one look
takes about a millisecond for every thousand, which is how long it holds the event loop."""
SWITCH_SECONDS: Final = 0.001
"""Longest time a working thread keeps the interpreter while the event loop waits for it (default 5 ms)."""
STOP_SECONDS: Final = 20.0
RUN_FILE: Final = "run.json"
OWNER_FILE: Final = "party"


class RunFile(msgspec.Struct, frozen=True, kw_only=True):
    """``<data>/run.json``: where a running node is reached."""

    pid: int
    party: str
    network: str
    http: str
    peers: str


# ---- what a node is made of --------------------------------------------------------------------------


def read_keys(config: Config, folder: Path) -> NodeKeys:
    """The node's keys from their files.

    Raises:
        KeyFileError: as ``accord_genesis.keyfiles.load_key``.
    """
    keys = config.keys
    secret = find_passphrase(file=folder / keys.passphrase_file) if keys.passphrase_file else None

    link, log_key = (
        load_key(folder / keys.link, passphrase=secret),
        load_key(folder / keys.log, passphrase=secret),
    )
    vote = load_key(folder / keys.vote, passphrase=secret) if keys.vote else None
    witness = load_key(folder / keys.witness, passphrase=secret) if keys.witness else None
    status = {
        party: load_key(folder / file, passphrase=secret)
        for party, file in config.publish.status_keys.items()
    }
    coming = {
        use: load_key(folder / file, passphrase=secret)
        for use, file in msgspec.structs.asdict(keys.coming).items()
        if file
    }
    return NodeKeys(link=link, log=log_key, vote=vote, witness=witness, status=status, coming=coming)


def read_genesis(config: Config, folder: Path) -> Genesis:
    """The genesis file, signed by all founders and by this node's institution, or pinned by it.

    Raises:
        ConfigError: ``CONFIG_GENESIS``.
        ProcessError: ``GENESIS_UNSIGNED``, ``GENESIS_PIN``, or ``GENESIS_CORRUPT`` with what is wrong.
    """
    path = folder / config.genesis
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError("CONFIG_GENESIS", f"expected a genesis file at {path}: {error.strerror}") from error
    try:
        genesis = open_genesis(data, signed_by=None if config.pin else config.party)
    except AccordError as error:
        code = error.code if error.code.startswith(("GENESIS_", "RECOVERY_")) else "GENESIS_CORRUPT"
        raise ProcessError(code, f"expected the founders' genesis file in {path}: {error}") from error
    if config.pin not in ("", genesis.network.hex()):
        raise ProcessError("GENESIS_PIN", f"expected genesis {config.pin}, got {genesis.network.hex()}")
    return genesis


@contextmanager
def data_lock(data: Path) -> Iterator[None]:
    """Hold the data folder: two processes on one folder would vote twice.

    Raises:
        ProcessError: ``DATA_IN_USE`` or ``DATA_UNUSABLE``.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = (data / "lock").open("ab")
    except OSError as error:
        detail = f"expected a folder that can be written at {data}: {error.strerror}"
        raise ProcessError("DATA_UNUSABLE", detail) from error
    with held as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProcessError("DATA_IN_USE", f"expected to be alone in {data}") from error
        yield


def claim_data(data: Path, party: str) -> None:
    """Write down whose data this is, or check it: with another's journal a member could vote twice.

    Raises:
        ProcessError: ``DATA_FOREIGN``.
    """
    path = data / OWNER_FILE
    if not path.exists():
        replace_file(path, f"{party}\n".encode())
    elif (owner := path.read_bytes()[:100].decode(errors="replace").strip()) != party:
        raise ProcessError("DATA_FOREIGN", f"expected the data of {party} in {data}, got that of {owner}")


def check_journal(data: Path) -> None:
    """A member that has blocks has voted; without its journal it will follow and abstain for a while.

    Raises:
        FatalError: ``JOURNAL_MISSING``.
    """
    if not any((data / "journal").glob("journal-*")) and any(True for _ in LogFiles(data / "log").beyond(0)):
        raise FatalError("JOURNAL_MISSING", f"expected the vote journal that belongs to {data}")


# ---- run ---------------------------------------------------------------------------------------------


def run(path: Path) -> int:
    """Run a node until it is told to stop; returns the exit code."""
    try:
        config, folder = load(path)
        logs.set_up(config.logging)
        sys.setswitchinterval(SWITCH_SECONDS)
        with data_lock(folder / config.data), asyncio.Runner(loop_factory=_loop_factory(config)) as runner:
            return runner.run(_run(config, folder))
    except Exception as error:  # noqa: BLE001 - whatever ends the process is said in one line
        return end_with(error)


def _loop_factory(config: Config) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if not config.work.uvloop:
        return None
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _run(config: Config, folder: Path) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _asked_to_stop, stop, number)
    node = await _open(config, folder)
    gc.collect()
    http = HttpServer(node, folder=folder)
    run_file = folder / config.data / RUN_FILE
    try:
        await _start(node, http)
        _announce(node, http, run_file)
        _settle_collector()
        stopping = loop.create_task(stop.wait())
        ends: set[asyncio.Future[Any]] = {stopping, node.fatal}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
    finally:
        with suppress(OSError):  # a disk that fails is the news
            run_file.unlink(missing_ok=True)
        _notify("STOPPING=1")
        await _close(node, http)
    if node.fatal.done():
        return end_with(node.fatal.result())
    return 0


def _settle_collector() -> None:
    """Spare the garbage collector what lives as long as the node, and let it come less often.

    A block of records is thousands of objects that all go at once; collecting among them every few
    hundred cost a twentieth of the processor time under load (``bench/nodes.py``).
    """
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def _open(config: Config, folder: Path) -> Node:
    """The node with everything it stands on verified; nothing is opened to others yet."""
    genesis, keys = read_genesis(config, folder), read_keys(config, folder)
    claim_data(folder / config.data, config.party)
    check_joined(folder / config.data)
    return await Node.open(config, folder, genesis, keys, SystemClock())


def _asked_to_stop(stop: asyncio.Event, number: signal.Signals) -> None:
    stop.set()  # first: whoever reads our log may be gone, and saying something may fail
    asyncio.get_running_loop().remove_signal_handler(number)  # asked again, the process ends at once
    log.info("asked to stop", signal=number.name)


async def _start(node: Node, http: HttpServer) -> None:
    try:
        await node.start()
    except OSError as error:
        if (failed := named(error)).code == "DISK_FULL":
            raise failed from error
        raise ProcessError("ADDRESS_PEERS", f"{error.strerror}", path="peers") from error
    try:
        await http.start()
    except OSError as error:
        raise ProcessError("ADDRESS_HTTP", f"{error.strerror}", path="http") from error


async def _close(node: Node, http: HttpServer) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await http.close()
            await node.close()
    except TimeoutError:
        log.warning("did not stop in time", seconds=STOP_SECONDS)
    except Exception as error:  # noqa: BLE001 - what ended the node is the news, not what closing it met
        log.warning("did not close cleanly", error=repr(error))


def _announce(node: Node, http: HttpServer, run_file: Path) -> None:
    """Say where the node is reached: on standard output, in ``run.json``, to the service manager."""
    peers = f"wss://{node.config.peers.host}:{node.peer_port}/peer"
    found = RunFile(
        pid=os.getpid(), party=node.party, network=node.genesis.network.hex(), http=http.url, peers=peers
    )
    replace_file(run_file, msgspec.json.encode(found) + b"\n", durable=False)
    said = f" ({TEST_NETWORK})" if isinstance(node.clock, ScriptedClock) else ""
    sys.stdout.write(
        f"ready party={node.party} http={http.url} peers={peers} height={node.chain.base.height}{said}\n"
    )
    sys.stdout.flush()
    _notify("READY=1")


def _notify(state: str) -> None:
    """Tell systemd (``Type=notify``), if it started us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        try:
            link.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError as error:
            log.warning("service manager not told", error=error.strerror)


# ---- check -------------------------------------------------------------------------------------------


def check(path: Path) -> int:
    """Verify storage in depth, then journal and keys as a start would, without taking part.

    Returns:
        The exit code.
    """
    try:
        config, folder = load(path)
        logs.set_up(config.logging)
        data = folder / config.data
        if not any((data / name).exists() for name in ("state.sqlite", "log")):
            raise ProcessError("DATA_MISSING", f"expected a node's data in {data}")
        with data_lock(data):
            check_joined(data)
            refuse_findings(find_damage(data))
            refuse_findings(find_other_history(data, read_genesis(config, folder)))
            asyncio.run(_check(config, folder))
    except Exception as error:  # noqa: BLE001 - whatever ends the process is said in one line
        return end_with(error)
    return 0


async def _check(config: Config, folder: Path) -> None:
    if config.keys.vote:
        check_journal(folder / config.data)
    node = await _open(config, folder)
    base, mended = node.store.base, node.store.files.mended
    await node.close()
    for file in mended:
        sys.stdout.write(f"mended: {file} was damaged, and follows from the log\n")
    sys.stdout.write(
        f"sound: height={base.height} entries={base.log.size} keys={len(base.map)} "
        f"log_root={base.log.root().hex()} state_root={base.map.root.hex()}\n"
    )


def main() -> None:
    """``accord-node``."""
    from accord_node.cli import node

    node(prog_name="accord-node")
