"""What can go wrong. Each fault is injected, lasts, and is ended; while at most f members are in trouble
(one of four) the others must go on, and that is tried each time.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
from contextlib import ExitStack
from pathlib import Path

from chaos.game import Fault, Game
from process_alliance import EVERYONE, MEMBERS, OBSERVER

CLOCK_JUMPS = (-400 * 86_400, -7200, -3600, -20, -6, 6, 20, 3600, 7200, 400 * 86_400)
"""Seconds; a voter waits for times more than 5 s ahead of its clock."""
END_SECONDS = 60.0
"""Within which a node whose disk fails has said so and ended."""
DISK_CODES = ("DISK_FULL", "DISK_FAILED")


def _one(game: Game) -> tuple[str, list[str]]:
    """A member, and the others."""
    victim = game.rng.choice(MEMBERS)
    return victim, [party for party in MEMBERS if party != victim]


async def _last(game: Game, least: float = 1.0, most: float = 4.0) -> None:
    """How long the trouble lasts."""
    await asyncio.sleep(game.rng.uniform(least, most))


# -- processes ------------------------------------------------------------------------------------------


async def kill_one(game: Game) -> str:
    victim = game.rng.choice(EVERYONE)
    await game.alliance.kill(victim)
    await game.goes_on([party for party in EVERYONE if party != victim], f"{victim} killed")
    await game.alliance.start(victim)
    return victim


async def kill_observer(game: Game) -> str:
    """The observer stays away for a while and has much to catch up with, under load."""
    await game.alliance.kill(OBSERVER)
    await _last(game, 4.0, 10.0)
    await game.alliance.start(OBSERVER)
    return OBSERVER


async def kill_all(game: Game) -> str:
    await game.alliance.kill(*MEMBERS)
    game.alliance.read_ballots()
    await game.alliance.start(*MEMBERS)
    return "every member at once"


async def kill_while_starting(game: Game) -> str:
    """Killed again and again at moments of its start, recovery included."""
    victim, others = _one(game)
    node, times = game.alliance.nodes[victim], game.rng.randint(2, 3)
    for _ in range(times):
        await game.alliance.kill(victim)
        await node.start()
        await _last(game, 0.1, 2.5)
    await game.alliance.kill(victim)
    await game.goes_on(others, f"{victim} killed while starting")
    await game.alliance.start(victim)
    return f"{victim}, {times} times"


def _signal(game: Game, party: str, number: signal.Signals) -> None:
    os.kill(game.alliance.nodes[party].pid, number)


async def freeze_one(game: Game) -> str:
    victim, others = _one(game)
    with ExitStack() as stack:
        _signal(game, victim, signal.SIGSTOP)
        stack.callback(_signal, game, victim, signal.SIGCONT)
        await game.goes_on(others, f"{victim} frozen")
        await _last(game)
    return victim


async def freeze_two(game: Game) -> str:
    """No quorum is left; nothing is lost and nothing forks."""
    victims = game.rng.sample(MEMBERS, 2)
    with ExitStack() as stack:
        for victim in victims:
            _signal(game, victim, signal.SIGSTOP)
            stack.callback(_signal, game, victim, signal.SIGCONT)
        await _last(game)
    return " and ".join(victims)


async def clock_jump(game: Game) -> str:
    """One member's time of day is wrong, then right again."""
    victim, others = _one(game)
    jump = game.rng.choice(CLOCK_JUMPS)
    game.wrong_clocks.add(victim)
    game.alliance.set_clock(victim, jump)
    try:
        await game.goes_on(others, f"clock of {victim} {jump:+} s")
        await _last(game)
    finally:
        game.alliance.set_clock(victim, 0)
    return f"{victim} {jump:+} s"


async def restart_with_wrong_clock(game: Game) -> str:
    """It starts while its time is wrong, and is put right while it runs."""
    victim, others = _one(game)
    jump = game.rng.choice(CLOCK_JUMPS)
    await game.alliance.kill(victim)
    game.wrong_clocks.add(victim)
    game.alliance.set_clock(victim, jump)
    try:
        await game.alliance.nodes[victim].start()
        await game.alliance.nodes[victim].wait_live(game.alliance.session)
        await game.goes_on(others, f"{victim} started with its clock {jump:+} s")
    finally:
        game.alliance.set_clock(victim, 0)
    return f"{victim} {jump:+} s"


# -- disks ----------------------------------------------------------------------------------------------


async def disk_full(game: Game) -> str:
    """Files of one node may not grow: it must end by itself, by name, and come back when they may."""
    victim, others = _one(game)
    node, before = game.alliance.nodes[victim], len(game.alliance.log(victim))
    journals = (game.alliance.data(victim) / "journal").glob("journal-*")
    limit = max(path.stat().st_size for path in journals) + game.rng.randint(0, 8192)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (limit, limit))
    try:
        ended = await asyncio.wait_for(node.ended(), END_SECONDS)
    except TimeoutError:
        game.alliance.judge.violated(f"{victim} goes on although it cannot write")
        ended = await node.stop()
    last = game.alliance.log(victim)[before:].rstrip().rpartition("\n")[2]
    if ended != 1 or not last.startswith(tuple(f"accord-node: {code}" for code in DISK_CODES)):
        game.alliance.judge.violated(f"{victim} with a full disk ended with {ended}: {last[:300]}")
    await game.goes_on(others, f"disk of {victim} full")
    await game.alliance.start(victim)
    return f"{victim}: {last.removeprefix('accord-node: ').partition(':')[0]}"


def _flip_a_bit(game: Game, path: Path) -> str:
    data = bytearray(path.read_bytes())
    at = game.rng.randrange(len(data))
    data[at] ^= 1 << game.rng.randrange(8)
    path.write_bytes(data)
    return f"byte {at:,} of {len(data):,}"


def _is_needed(path: Path) -> bool:
    """Not SQLite's index of shared memory, nor a tile that was partial once and is kept for old readers."""
    return path.suffix != ".sqlite-shm" and path.parent.suffix != ".p"


async def corrupt_file(game: Game) -> str:
    """One bit of one file of a killed node's copy is flipped: `check` must name the damage."""
    victim, others = _one(game)
    await game.alliance.kill(victim)
    copy = game.alliance.folder(victim).parent / "damaged"
    await asyncio.to_thread(shutil.copytree, game.alliance.folder(victim), copy)
    part = game.rng.choice(("log", "journal", "state.sqlite"))
    found = [*(copy / "data").glob(f"{part}*"), *(copy / "data" / part).rglob("*")]
    files = sorted(path for path in found if path.is_file() and path.stat().st_size)
    path = game.rng.choice([path for path in files if _is_needed(path)])
    where = f"{path.relative_to(copy / 'data')} {_flip_a_bit(game, path)}"
    config = game.alliance.write_config(victim, copy)
    done = await asyncio.to_thread(game.alliance.run_offline, "check", config)
    await asyncio.to_thread(shutil.rmtree, copy)
    game.damaged += 1
    code = done.stderr.removeprefix("accord-node: ").partition(":")[0].partition(" ")[0]
    if done.returncode == 0:
        game.unnoticed.append(where)
        code = "unnoticed"
    elif done.stderr.count("\n") != 1 or not done.stderr.startswith("accord-node: "):
        game.alliance.judge.violated(f"damage of {where} has no name: {done.stderr[-500:]}")
    await game.goes_on(others, f"{victim} down")
    await game.alliance.start(victim)
    return f"{victim} {where}: {code}"


# -- network --------------------------------------------------------------------------------------------


async def part_one(game: Game) -> str:
    victim, others = _one(game)
    game.alliance.part([victim])
    await game.goes_on(others, f"{victim} cut off")
    await _last(game)
    return victim


async def part_halves(game: Game) -> str:
    """Two and two: neither side has a quorum."""
    half = game.rng.sample(MEMBERS, 2)
    game.alliance.part(half)
    await _last(game, 2.0, 8.0)
    return " and ".join(half)


async def one_way(game: Game) -> str:
    """One member speaks and hears nothing, or hears and cannot speak."""
    victim, others = _one(game)
    deaf = game.rng.random() < 0.5
    everyone_else = {party for party in EVERYONE if party != victim}
    game.alliance.deafen({victim: everyone_else} if deaf else {party: {victim} for party in everyone_else})
    await game.goes_on(others, f"{victim} {'deaf' if deaf else 'mute'}")
    return f"{victim} {'deaf' if deaf else 'mute'}"


async def no_links_at_all(game: Game) -> str:
    for party in EVERYONE:
        game.alliance.part([party])
    others = {party: set(EVERYONE) - {party} for party in EVERYONE}
    game.alliance.deafen(others)
    await _last(game, 2.0, 8.0)
    return "nobody hears anybody"


async def slow_and_out_of_order(game: Game) -> str:
    """Every direction of every pair has its own delay, changing with each piece."""
    assert game.alliance.proxy is not None
    most = game.rng.choice((0.05, 0.2, 0.5))
    for one in EVERYONE:
        for other in EVERYONE:
            wire = game.alliance.proxy.wires[one, other]
            wire.least, wire.most = sorted((game.rng.uniform(0, most), game.rng.uniform(0, most)))
    await game.goes_on(MEMBERS, f"delays up to {most} s")
    await _last(game, 2.0, 6.0)
    return f"up to {most} s"


async def connections_break(game: Game) -> str:
    """Connections of changing nodes are reset, many times."""
    assert game.alliance.proxy is not None
    broken = 0
    for _ in range(game.rng.randint(5, 15)):
        broken += game.alliance.proxy.cut(game.rng.choice(EVERYONE))
        await _last(game, 0.05, 0.5)
    return f"{broken} connections"


async def slow_and_kill(game: Game) -> str:
    """Delays everywhere while one member dies and comes back."""
    await slow_and_out_of_order(game)
    return f"delays and kill {await kill_one(game)}"


async def packets_lost(game: Game) -> str:
    """Every node loses packets, none hears of it."""
    assert game.alliance.namespaces is not None
    percent = game.rng.choice((5, 15, 30))
    for party in EVERYONE:
        game.alliance.namespaces.lossy(party, percent)
    await _last(game, 4.0, 10.0)
    return f"{percent} %"


async def cable_out(game: Game) -> str:
    """A member's only interface goes down, for peers and for clients."""
    assert game.alliance.namespaces is not None
    victim, others = _one(game)
    game.alliance.namespaces.unplug(victim)
    await game.goes_on([*others, OBSERVER], f"cable of {victim} out")
    await _last(game)
    return victim


FAULTS = (
    Fault("kill one", kill_one),
    Fault("kill observer", kill_observer),
    Fault("kill all", kill_all),
    Fault("kill in start", kill_while_starting),
    Fault("freeze one", freeze_one),
    Fault("freeze two", freeze_two),
    Fault("clock jump", clock_jump),
    Fault("clock at start", restart_with_wrong_clock),
    Fault("disk full", disk_full),
    Fault("corrupt file", corrupt_file),
    Fault("part one", part_one),
    Fault("part halves", part_halves),
    Fault("one way", one_way),
    Fault("no links", no_links_at_all),
    Fault("delays", slow_and_out_of_order, "proxy"),
    Fault("resets", connections_break, "proxy"),
    Fault("delays and kill", slow_and_kill, "proxy"),
    Fault("loss", packets_lost, "namespaces"),
    Fault("cable out", cable_out, "namespaces"),
)


def usable(*, namespaces: bool, only: str = "") -> list[Fault]:
    """Faults that can be made on this kind of network, or some of them by name, with commas between."""
    kind, names = "namespaces" if namespaces else "proxy", only.split(",")
    return [fault for fault in FAULTS if fault.needs in ("", kind) and (not only or fault.name in names)]
