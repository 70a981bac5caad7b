"""Chaos with real processes: ``make chaos SEED=1 MINUTES=5 [NETWORK=namespaces] [ONLY="disk full"]``.

Four members and an observer under load, one fault after another chosen by the seed, judged by
:mod:`chaos.judge`. Ends with 1 if anything was violated. The seed decides which faults come in which
order and where they hit; the machine decides the rest, so a run is not repeated to the message.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chaos.alliance import ChaosAlliance
from chaos.faults import usable
from chaos.game import Game
from chaos.namespaces import command, missing
from process_alliance import EVERYONE

KEPT = Path(tempfile.gettempdir()) / "accord-chaos-kept"
"""Where the nodes' folders are kept after a violation, keys of this test alliance included."""


async def play(
    seed: int, seconds: float, folder: Path, *, namespaces: bool, only: str, rounds: int = 0
) -> Game:
    """One run of so many seconds, or of so many faults; prints a line for each fault."""
    faults = usable(namespaces=namespaces, only=only)
    async with ChaosAlliance(folder, random.Random(seed), namespaces=namespaces) as alliance:
        end = time.monotonic() + seconds
        game = Game(alliance, random.Random(seed), lambda line: print(line, flush=True))
        await game.run(faults, lambda: len(game.rounds) < rounds if rounds else time.monotonic() < end)
        if alliance.judge.violations:
            for party in EVERYONE:
                print(f"\n-- end of the log of {party}\n{alliance.last_lines(party, 40)}")
            print(f"\neverything the nodes left is kept in {KEPT}")
            await asyncio.to_thread(shutil.copytree, folder, KEPT, dirs_exist_ok=True)
    return game


def report(game: Game) -> int:
    """Print what was seen; returns the exit code."""
    judge = game.alliance.judge
    slowest = max((done.recovered for done in game.rounds), default=0.0)
    print(
        f"\n{len(game.rounds)} faults; {len(judge.acknowledged):,} transactions acknowledged, all looked for; "
        f"{len(judge.entries):,} entries, {len(judge.seals):,} blocks; "
        f"{len(game.alliance.ballots.given):,} (member, view) read in journals; slowest recovery {slowest:.1f} s; "
        f"damage unnoticed {len(game.unnoticed)} of {game.damaged}"
    )
    for line in game.unnoticed:
        print(f"unnoticed: {line}")
    for line in judge.violations:
        print(f"VIOLATION: {line}")
    return 1 if judge.violations else 0


def main() -> int:
    """Parse, move into namespaces if asked to, play."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--network", choices=("loopback", "namespaces"), default="loopback")
    parser.add_argument("--only", default="", help="faults by name, with commas between")
    parser.add_argument("--rounds", type=int, default=0, help="so many faults, however long they take")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    spaces = given.network == "namespaces"
    if not usable(namespaces=spaces, only=given.only):
        parser.error(f"expected a fault, got {given.only}")
    if spaces and not given.inside:
        if reason := missing():
            print(f"skipped: no network namespaces here: {reason}")
            return 0
        return subprocess.run(command(["-m", "chaos", *sys.argv[1:], "--inside"]), check=False).returncode
    length = f"{given.rounds} faults" if given.rounds else f"{given.minutes:g} minutes"
    print(f"seed {given.seed}, {length}, {given.network}", flush=True)
    with tempfile.TemporaryDirectory(prefix="accord-chaos-") as folder:
        return report(
            asyncio.run(
                play(
                    given.seed,
                    given.minutes * 60,
                    Path(folder),
                    namespaces=spaces,
                    only=given.only,
                    rounds=given.rounds,
                )
            )
        )


if __name__ == "__main__":
    sys.exit(main())
