"""The scripted clock of a test network: commanded, never back, and said in everything the node puts out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from accord_client.api import ClockRequest, ClockState
from accord_client.cli.main import accord
from accord_client.clock import clock_command
from accord_client.errors import RefusedError
from accord_client.sdk import AccordClient
from accord_client.trust import Trust
from accord_genesis.keyfiles import write_key
from accord_node.clock import ClockError, ScriptedClock, ledger_clock
from accord_node.config import parse
from accord_node.http import HttpServer
from accord_node.node import Node, NodeKeys
from genesis_alliance import CLOCK, CREATED, Alliance, make_alliance
from node_network import WallClock, key
from spine import HandClock

session = pytest.mark.asyncio(loop_scope="session")
NETWORK = bytes(32)
DAY = 86_400


def scripted(begin: int = CREATED) -> tuple[ScriptedClock, HandClock]:
    real = HandClock()
    return ScriptedClock(NETWORK, CLOCK.public, begin, real), real


def at(time: int, network: bytes = NETWORK) -> ClockRequest:
    return clock_command(network, time, CLOCK)


def test_it_shows_the_time_of_the_newest_command_and_runs_on() -> None:
    clock, real = scripted()
    real.time += 10 * DAY  # the machine's clock means nothing
    assert clock.now() == CREATED
    clock.command(at(CREATED + DAY))
    assert clock.now() == CREATED + DAY
    real.ticks += 2.5
    assert clock.now() == CREATED + DAY + 2
    assert clock.monotonic() == real.monotonic()


def test_a_command_into_the_past_is_refused_and_one_that_comes_again_does_nothing() -> None:
    clock, real = scripted()
    clock.command(at(CREATED + DAY))
    real.ticks += 5
    clock.command(at(CREATED + DAY))
    assert clock.now() == CREATED + DAY + 5
    with pytest.raises(ClockError) as caught:
        clock.command(at(CREATED + DAY - 1))
    assert (caught.value.code, clock.now()) == ("CLOCK_BACKWARD", CREATED + DAY + 5)


@pytest.mark.parametrize(
    "command",
    [
        at(CREATED + DAY, bytes(31) + b"\1"),
        clock_command(NETWORK, CREATED + DAY, key("p0", "governance")),
        ClockRequest(time=CREATED + 2 * DAY, signature=at(CREATED + DAY).signature),
    ],
    ids=["another network", "another key", "another time"],
)
def test_only_the_clocks_own_key_on_this_network_commands_it(command: ClockRequest) -> None:
    clock, _ = scripted()
    with pytest.raises(ClockError) as caught:
        clock.command(command)
    assert (caught.value.code, clock.now()) == ("CLOCK_SIGNATURE", CREATED)


@given(st.lists(st.tuples(st.sampled_from(["command", "follow", "pass"]), st.integers(0, 1000))))
def test_it_never_goes_back(events: list[tuple[str, int]]) -> None:
    clock, real = scripted()
    newest = 0
    for kind, amount in events:
        before = clock.now()
        if kind == "pass":
            real.ticks += amount
        elif kind == "follow":
            clock.follow(CREATED + amount)
            assert clock.now() >= CREATED + amount
        elif amount < newest:
            with pytest.raises(ClockError, match="CLOCK_BACKWARD"):
                clock.command(at(CREATED + amount))
        else:
            clock.command(at(CREATED + amount))
            newest = amount
            assert clock.now() >= CREATED + amount
        assert clock.now() >= before


def test_a_network_on_real_time_keeps_the_machines_clock(tmp_path: Path) -> None:
    real = HandClock()
    assert ledger_clock(make_alliance(tmp_path).genesis, real, CREATED) is real


# ---- a node ------------------------------------------------------------------------------------------


@asynccontextmanager
async def one_node(folder: Path) -> AsyncIterator[tuple[Alliance, Node, HttpServer]]:
    """The first node of a test network, by itself."""
    alliance = make_alliance(folder / "genesis", scripted_clock=True)
    link, log, vote, witness = (alliance.node_key("a", use) for use in ("link", "log", "vote", "witness"))
    config = parse({"party": "a", "peers": {"port": 0}, "http": {"port": 0}})
    node = await Node.open(
        config, folder / "node", alliance.genesis, NodeKeys(link, log, vote, witness), WallClock()
    )
    server = HttpServer(node)
    try:
        await node.start()
        await server.start()
        yield alliance, node, server
    finally:
        await server.close()
        await node.close()


async def test_a_node_obeys_the_sdk_and_says_what_it_is_everywhere(tmp_path: Path) -> None:
    async with one_node(tmp_path) as (alliance, node, server):
        assert CREATED <= node.clock.now() < CREATED + 60
        trust = Trust.from_genesis(alliance.genesis_bytes)
        async with AccordClient([server.url], trust) as client:
            [answer] = (await client.set_clock(CREATED + 400 * DAY, CLOCK)).values()
            assert isinstance(answer, ClockState)
            assert answer.test_network
            assert CREATED + 400 * DAY <= node.clock.now() < CREATED + 400 * DAY + 60
            [refused] = (await client.set_clock(CREATED + DAY, CLOCK)).values()
            assert isinstance(refused, RefusedError)
            assert refused.code == "CLOCK_BACKWARD"
        async with aiohttp.ClientSession(server.url) as web:
            for address in ("/v1/status", "/livez", "/readyz", "/metrics", "/", "/nothing", "/v1/clock"):
                async with web.get(address) as page:
                    assert page.headers["Accord-Test-Network"] == "test network with a scripted clock"
            async with web.get("/livez") as page:
                assert await page.text() == "ok, test network with a scripted clock\n"
            async with web.get("/metrics") as page:
                assert "accord_test_network 1.0" in await page.text()


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"json": {"time": CREATED + DAY, "signature": "00" * 64}}, 403, "CLOCK_SIGNATURE"),
    ({"json": {"time": CREATED + DAY, "signature": "00"}}, 400, "HTTP_BODY"),
    ({"json": {"time": -1, "signature": "00" * 64}}, 400, "HTTP_BODY"),
    ({"json": {"time": 2**63, "signature": "00" * 64}}, 400, "HTTP_BODY"),
    ({"data": b"[" * 500, "headers": {"Content-Type": "application/json"}}, 400, "HTTP_BODY"),
    ({"data": b" " * 2000, "headers": {"Content-Type": "application/json"}}, 413, "HTTP_TOO_LARGE"),
    ({"data": b"time=1", "headers": {"Content-Type": "text/plain"}}, 415, "HTTP_MEDIA_TYPE"),
]


async def test_a_node_refuses_what_is_no_command(tmp_path: Path) -> None:
    async with one_node(tmp_path) as (_, node, server), aiohttp.ClientSession(server.url) as web:
        for request, status, code in BAD:
            async with web.post("/v1/clock", **request) as answer:
                assert (answer.status, (await answer.json(content_type=None))["code"]) == (status, code)
        assert node.clock.now() < CREATED + 60


async def test_the_command_line_shows_and_sets_the_time_of_every_node(tmp_path: Path) -> None:
    write_key(tmp_path / "clock.pem", CLOCK, passphrase=None)
    async with one_node(tmp_path) as (alliance, node, server):

        async def run(*arguments: str, nodes: tuple[str, ...] = (server.url,)) -> Result:
            named = [word for url in nodes for word in ("--node", url)]
            genesis = ["--genesis", str(alliance.genesis_file)]
            line = ["node", "clock", *named, *genesis, "--json", *arguments]
            return await asyncio.to_thread(CliRunner().invoke, accord, line)

        setting = ("--set", "2027-04-05", "--key", str(tmp_path / "clock.pem"))
        result = await run(*setting)
        assert result.exit_code == 0, result.output
        [row] = json.loads(result.stdout)
        assert row["node"] == server.url
        assert (row["time"][:10], row["test_network"]) == ("2027-04-05", True)
        assert node.clock.now() >= 1_806_883_200
        [shown] = json.loads((await run()).stdout)
        assert shown["time"][:10] == "2027-04-05"
        unheard = await run(*setting, nodes=(server.url, "http://127.0.0.1:1"))
        assert unheard.exit_code == 1
        assert [row.get("code") for row in json.loads(unheard.stdout)] == [None, "NODE_CONNECTION"]
        backward = await run("--set", "2027-01-01", *setting[2:])
        assert (backward.exit_code, "CLOCK_BACKWARD" in backward.stderr) == (1, True)
        assert (await run("--set", "2027-05-05")).exit_code == 2


@session
async def test_on_real_time_nobody_sets_the_clock_and_nothing_says_test(served: Any) -> None:
    command = {"time": CREATED, "signature": "00" * 64}
    async with served.client.post("/v1/clock", json=command) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (409, "CLOCK_REAL")
        assert "Accord-Test-Network" not in answer.headers
    assert "test_network" not in await served.get("/v1/clock")
    async with served.client.get("/livez") as page:
        assert await page.text() == "ok\n"
    trust = Trust.from_genesis(served.alliance.genesis_file)
    async with AccordClient([served.server.url], trust) as client:
        with pytest.raises(RefusedError, match="CLOCK_REAL"):
            await client.set_clock(CREATED, CLOCK)
