"""Every key of the configuration file takes effect: which test shows it, and those that no other test holds."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
import uvloop

from accord_genesis.keyfiles import KeyFileError, write_key
from accord_ledger.domain.pipeline import Prepared
from accord_node import logs, main
from accord_node.chain import Limits
from accord_node.config import Config, ConfigError, Logging, Section, parse
from accord_node.http import HttpServer
from accord_node.node import Node
from node_network import USES, Alliance, WallClock, issue_entry, key, make_alliance, programme_entries
from peer_mesh import Mesh
from spine import Spine, prepared

OWN = Path(__file__).name
SHOWN = {
    "party": "test_main.py::test_a_genesis_its_institution_did_not_sign_is_refused",
    "genesis": f"{OWN}::test_the_genesis_file_is_the_one_that_is_named",
    "pin": "test_membership.py::test_a_pin_of_another_network_is_refused",
    "data": f"{OWN}::test_a_node_is_made_as_its_file_says",
    "token": "test_doubt.py::test_an_older_copy_of_the_data_is_known_by_the_token_outside",
    "keys.link": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "keys.log": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "keys.vote": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "keys.witness": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "keys.passphrase_file": f"{OWN}::test_encrypted_keys_are_opened_with_the_passphrase_of_the_file",
    "keys.coming.link": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "keys.coming.log": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "keys.coming.vote": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "keys.coming.witness": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "http.host": f"{OWN}::test_clients_and_peers_are_served_where_the_file_says_and_nowhere_else",
    "http.port": "test_http_server.py::test_a_port_in_use_is_an_error_and_leaves_nothing",
    "http.certificate": "test_http_server.py::test_tls",
    "http.private_key": "test_http_server.py::test_tls",
    "http.max_connections": "test_http_page.py::test_connections_beyond_the_limit_wait",
    "http.submissions_at_once": "test_http_submit.py::test_too_many_at_once_are_told_to_come_back",
    "publish.url": "test_http_status_lists.py::test_every_party_has_a_did_document",
    "publish.status_keys": f"{OWN}::test_each_key_is_read_from_the_file_that_is_named",
    "publish.status_ttl_seconds": "test_http_status_lists.py::test_a_cache_can_keep_it",
    "publish.status_window_seconds": "test_http_status_lists.py::test_a_cache_can_keep_it",
    "peers.host": f"{OWN}::test_clients_and_peers_are_served_where_the_file_says_and_nowhere_else",
    "peers.port": f"{OWN}::test_clients_and_peers_are_served_where_the_file_says_and_nowhere_else",
    "peers.links": "test_node_network.py::test_links_cut_to_a_ring_or_a_line",
    "consensus.delta_ms": f"{OWN}::test_a_node_is_made_as_its_file_says",
    "consensus.heartbeat_seconds": "test_node_network.py::test_an_idle_network_is_silent_but_for_heartbeats",
    "consensus.pace_ms": "test_workshop.py::test_a_block_under_load_waits_for_its_turn_and_a_full_one_does_not",
    "consensus.block_records": f"{OWN}::test_our_own_blocks_hold_no_more_than_the_limits",
    "consensus.block_bytes": f"{OWN}::test_our_own_blocks_hold_no_more_than_the_limits",
    "pool.capacity": "test_mempool.py::test_a_full_pool_takes_nothing_more",
    "pool.author_share": "test_mempool.py::test_one_author_never_gets_more_than_its_share",
    "pool.max_bytes": "test_mempool.py::test_a_full_pool_takes_nothing_more",
    "work.signature_processes": f"{OWN}::test_a_node_is_made_as_its_file_says",
    "work.signature_threads": f"{OWN}::test_a_node_is_made_as_its_file_says",
    "work.signatures_remembered": "test_signatures.py::test_the_newest_are_remembered_and_old_ones_forgotten",
    "work.state_values_cached": "test_state_source.py::test_what_is_remembered_is_bounded",
    "work.database_cache_mib": f"{OWN}::test_a_node_is_made_as_its_file_says",
    "work.settle_rows": "test_settling.py::test_rows_wait_and_are_settled_a_slice_with_each_block",
    "work.uvloop": f"{OWN}::test_the_event_loop_is_the_one_that_is_asked_for",
    "logging.level": f"{OWN}::test_logs_have_the_level_and_the_form_that_are_asked_for",
    "logging.format": f"{OWN}::test_logs_have_the_level_and_the_form_that_are_asked_for",
}
"""Key of the file to the test that fails where it is ignored; how it gets there: the test that makes a node."""


def names(kind: type[Section] = Config, path: str = "") -> Iterator[str]:
    for field in msgspec.structs.fields(kind):
        name = f"{path}.{field.name}".strip(".")
        if isinstance(field.default, Section):
            yield from names(type(field.default), name)
        else:
            yield name


def test_every_key_has_a_test() -> None:
    assert set(SHOWN) == set(names())
    for place in set(SHOWN.values()):
        file, name = place.split("::")
        source = (Path(__file__).parent / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), place


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


# -- files ---------------------------------------------------------------------------------------------


def test_each_key_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    made = {f"{place}-{use}": key(place, use) for place in ("now", "next") for use in USES}
    made["delegated"] = key("p0", "status")
    for name, one in made.items():
        write_key(tmp_path / f"{name}.key", one, passphrase=None)
    files = {place: {use: f"{place}-{use}.key" for use in USES} for place in ("now", "next")}
    config = parse(
        {
            "party": "p0",
            "keys": {**files["now"], "coming": files["next"]},
            "publish": {"status_keys": {"p0": "delegated.key"}},
        }
    )
    keys = main.read_keys(config, tmp_path)
    for use in USES:
        assert getattr(keys, use).public == made[f"now-{use}"].public
        assert keys.coming[use].public == made[f"next-{use}"].public
    assert {party: one.public for party, one in keys.status.items()} == {"p0": made["delegated"].public}


def test_encrypted_keys_are_opened_with_the_passphrase_of_the_file(tmp_path: Path) -> None:
    for use in ("link", "log"):
        write_key(tmp_path / f"{use}.pem", key("p0", use), passphrase=b"correct horse")
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    named = {"party": "p0", "keys": {"link": "link.pem", "log": "log.pem", "passphrase_file": "secret"}}
    assert main.read_keys(parse(named), tmp_path).link.public == key("p0", "link").public
    del named["keys"]["passphrase_file"]  # type: ignore[attr-defined]  # a table of the file
    with pytest.raises(KeyFileError, match="KEYFILE_PASSPHRASE"):
        main.read_keys(parse(named), tmp_path)


def test_the_genesis_file_is_the_one_that_is_named(alliance: Alliance, tmp_path: Path) -> None:
    (tmp_path / "founding").write_bytes(alliance.genesis_file)
    found = main.read_genesis(parse({"party": "p0", "genesis": "founding"}), tmp_path)
    assert found.network == alliance.genesis.network
    with pytest.raises(ConfigError, match="CONFIG_GENESIS"):
        main.read_genesis(parse({"party": "p0"}), tmp_path)


# -- a node --------------------------------------------------------------------------------------------

FILE: dict[str, Any] = {
    "party": "p0",
    "data": "elsewhere",
    "peers": {"links": ["p1", "p2"]},
    "consensus": {
        "delta_ms": 321, "heartbeat_seconds": 77, "pace_ms": 250, "block_records": 12, "block_bytes": 70_000,
    },
    "pool": {"capacity": 40, "author_share": 0.25, "max_bytes": 5_000},
    "work": {
        "signature_threads": 3, "signature_processes": False, "signatures_remembered": 22, "state_values_cached": 44,
        "database_cache_mib": 2, "settle_rows": 99,
    },
}  # fmt: skip


async def test_a_node_is_made_as_its_file_says(alliance: Alliance, tmp_path: Path) -> None:
    """Where each value of the file arrives; what it does there is shown by the tests that are named above."""
    keys = alliance.node_keys("p0")
    node = await Node.open(parse(FILE), tmp_path, alliance.genesis, keys, WallClock())
    try:
        assert (tmp_path / "elsewhere" / "state.sqlite").exists()
        assert node.network._config.links == ("p1", "p2")
        assert node.epochs._config.delta == 321
        assert node.standing._timing.heartbeat_seconds == 77
        assert node.driver.services.limits == Limits(12, 70_000, 0.25)
        pool = node.mempool
        assert (pool.capacity, pool.author_share, pool.max_bytes) == (40, 0.25, 5_000)
        assert node._threads["signatures"]._pool._max_workers == 3
        assert node.checkers is None
        assert node.cache._capacity == 11  # of each of its two halves
        assert node.store.base.state._capacity == 22  # type: ignore[attr-defined]  # it is the durable one
        assert node.store.database._settle_rows == 99
        [(pages,)] = await node.store.database._db.execute_fetchall("PRAGMA cache_size")
        assert pages == -2 * 1024
    finally:
        await node.close()


async def test_clients_and_peers_are_served_where_the_file_says_and_nowhere_else(
    alliance: Alliance, tmp_path: Path
) -> None:
    here = {"host": "127.0.0.2", "port": 0}
    named = {"party": "p0", "http": here, "peers": {"host": "127.0.0.3", "port": alliance.ports["p0"]}}
    node = await Node.open(
        parse(named), tmp_path, alliance.genesis, alliance.node_keys("p0"), WallClock()
    )  # fmt: skip
    await node.start()
    server = HttpServer(node)
    try:
        await server.start()
        assert server.url == f"http://127.0.0.2:{server.port}"
        assert node.peer_port == alliance.ports["p0"]
        for host, port in (("127.0.0.2", server.port), ("127.0.0.3", node.peer_port)):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
    finally:
        await server.close()
        await node.close()


def test_the_event_loop_is_the_one_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, fast = (parse({"party": "p0", "work": {"uvloop": wanted}}) for wanted in (False, True))
    assert main._loop_factory(plain) is None
    assert main._loop_factory(fast) is uvloop.new_event_loop
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert main._loop_factory(fast) is None


# -- blocks --------------------------------------------------------------------------------------------


@pytest.fixture
async def spine(alliance: Alliance, tmp_path: Path) -> Any:
    async with Mesh(tmp_path / "mesh", ["p0"]) as mesh:
        made = await Spine.open(alliance, tmp_path, mesh, "p0")
        await made.grow(programme_entries(alliance, "p0", "prog"))
        yield made
        await made.close()


def waiting(spine: Spine, count: int) -> list[Prepared]:
    entries = [issue_entry(spine.alliance, "p0", "prog", number) for number in range(count)]
    return prepared(*entries)


@pytest.mark.parametrize("bound", ["records", "body_bytes"])
async def test_our_own_blocks_hold_no_more_than_the_limits(spine: Spine, bound: str) -> None:
    items = waiting(spine, 5)
    size = sum(len(item.record.entry) for item in items[:3])
    limits = Limits(records=3) if bound == "records" else Limits(body_bytes=size)
    base = spine.chain.base
    built, refused = await spine.chain.build(
        base.seal_hash, None, items, proposer="p0", view=9, time=base.time + 1, limits=limits
    )
    assert ([item.record.entry for item in built.prepared], refused) == (
        [item.record.entry for item in items[:3]],
        [],
    )


# -- logs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "shown"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)]
)  # fmt: skip
@pytest.mark.parametrize("form", ["json", "console"])
def test_logs_have_the_level_and_the_form_that_are_asked_for(level: Any, shown: int, form: Any) -> None:
    before, root = structlog.get_config(), logging.getLogger()
    handlers, kept = root.handlers[:], root.level
    out = io.StringIO()
    try:
        logs.set_up(Logging(level=level, format=form), out)
        log = structlog.get_logger("test")
        log.debug("first", party="p0")
        log.info("second", party="p0")
        log.warning("third", party="p0")
    finally:
        structlog.configure(**before)
        root.handlers[:], root.level = handlers, kept
    lines = out.getvalue().splitlines()
    assert len(lines) == shown
    for line in lines:
        if form == "json":
            assert json.loads(line)["party"] == "p0"
        else:
            assert "party=p0" in re.sub(r"\x1b\[[0-9;]*m", "", line)
