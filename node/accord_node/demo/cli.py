"""``accord demo``: the demonstration as a command."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import click

from accord_ledger.errors import AccordError
from accord_node.demo.founding import NODES, OBSERVER
from accord_node.demo.story import Demonstration
from accord_node.demo.telling import Teller

BATCHES = 16
QUICK_BATCHES = 4


@click.command("demo")
@click.option(
    "--exit",
    "leave",
    is_flag=True,
    help="End the nodes when the story is told, instead of waiting for Ctrl-C.",
)
@click.option("--quick", is_flag=True, help="Fewer credentials.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Keep everything here instead of in a temporary folder."
)
def command(folder: Path | None, *, leave: bool, quick: bool) -> None:
    """Found an alliance of four on this machine and tell its story, from ceremony to audit.

    Exit codes: 0 the audit found the ledger clean, 1 it did not, or something failed.
    """
    kept = folder is not None
    place = folder or Path(tempfile.mkdtemp(prefix="accord-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        good = asyncio.run(_run(place, leave=leave, batches=QUICK_BATCHES if quick else BATCHES))
    finally:
        if not kept:
            shutil.rmtree(place, ignore_errors=True)
    sys.exit(0 if good else 1)


async def _run(folder: Path, *, leave: bool, batches: int) -> bool:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    teller = Teller()
    story = Demonstration(folder, teller, batches=batches)
    telling = asyncio.ensure_future(story.play())

    def interrupt() -> None:
        ended.set()
        telling.cancel()

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, interrupt)
    try:
        good = await telling
        if not leave and not ended.is_set():
            _show_addresses(story, teller)
            await ended.wait()
    except asyncio.CancelledError:
        if not ended.is_set():
            raise
        good = True
    except AccordError as error:
        teller.console.print(f"\n[bold red]The story broke off:[/bold red] {error}", markup=True)
        good = False
    finally:
        await story.stop()
    teller.console.print("\nAll nodes ended.")
    return good


def _show_addresses(story: Demonstration, teller: Teller) -> None:
    founded = story.founded
    teller.chapter("The alliance goes on until Ctrl-C")
    for party in NODES:
        teller.say(f"{party:<7} {founded.url(party)}")
    teller.say("What an employer opens, in any browser:")
    teller.say(f"  {story.link}")
    teller.say("In a second terminal:")
    teller.say(f"  export ACCORD_NODES={founded.url('uu')} ACCORD_GENESIS={founded.genesis_file}")
    teller.say(f"  export UU_URL={founded.public_url('uu')}")
    teller.say("  .venv/bin/accord status")
    teller.say("  .venv/bin/accord show agreement uu-bcb")
    batch, index = story.learner
    teller.say(f"  .venv/bin/accord story {batch.batch_id.hex()} {index}")
    teller.say(f"  .venv/bin/accord verify {story.folder / 'learner.accord.json'}")
    address = f"{story.lists}/revocation"
    teller.say(f"  curl --cacert {founded.authority.certificate} {address}")
    teller.say(f"  .venv/bin/accord audit {founded.url(OBSERVER)} --genesis {founded.genesis_file}")
