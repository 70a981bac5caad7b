"""``accord node ...`` and ``accord-node ...``: the same commands under both names; and ``accord demo``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import click

from accord_ledger import __version__
from accord_node.config import explain

CONFIG = click.option(
    "--config",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("node.toml"),
    show_default=True,
    help="Configuration file.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="accord-node")
def node() -> None:
    """Run and inspect one node of a ledger.

    Exit codes: 0 done, 1 a named failure with what to do next, 2 wrong use, 3 the node's own state is not
    what it must be (keep the data folder, read deploy/README.md), 4 the network has activated a protocol
    version that this program does not know (install the release it names).
    """


@node.command()
@CONFIG
def run(path: Path) -> None:
    """Run the node until it is told to stop (SIGTERM or Ctrl-C)."""
    from accord_node.main import run as run_node

    sys.exit(run_node(path))


@node.command()
@CONFIG
def check(path: Path) -> None:
    """Verify log, database and state against each other, without starting."""
    from accord_node.main import check as check_storage

    sys.exit(check_storage(path))


@node.command()
def config() -> None:
    """Print a complete configuration file, every key explained."""
    click.echo(explain(), nl=False)


class _Elsewhere(click.Command):
    """A command whose module is imported when it is used."""

    def __init__(self, module: str, **options: Any) -> None:
        super().__init__(**options)
        self._module = module

    def _found(self) -> click.Command:
        command: click.Command = importlib.import_module(self._module).command
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the arguments with the real command."""
        return self._found().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the real command."""
        return ctx.command.invoke(ctx)


node.add_command(
    _Elsewhere(
        "accord_node.clock_cli",
        name="clock",
        help="Show or set what a test network's nodes take for the time.",
    )
)

node.add_command(
    _Elsewhere(
        "accord_node.keys_cli",
        name="keys",
        help="Make this node's keys and the body that puts them on the ledger (T43).",
    )
)

node.add_command(
    _Elsewhere("accord_node.snapshot_cli", name="snapshot", help="Make a snapshot others can join from.")
)

node.add_command(
    _Elsewhere("accord_node.backup_cli", name="backup", help="Copy state and log, without keys and votes.")
)

node.add_command(
    _Elsewhere("accord_node.join_cli", name="join", help="Make a new data folder from a served snapshot.")
)

node.add_command(
    _Elsewhere(
        "accord_node.ready_cli",
        name="ready",
        help="Write the body that asks for a seat, with the proof that this node follows (T42).",
    )
)

node.add_command(
    _Elsewhere(
        "accord_node.simulate.cli",
        name="simulate",
        help="Play consensus on simulated time, network and disks, from one seed.",
    )
)

node.add_command(
    _Elsewhere(
        "accord_node.recover_cli",
        name="recover",
        help="Write the genesis of a network that carries on one whose quorum is lost for good.",
    )
)

node.add_command(
    _Elsewhere(
        "accord_node.beyond_cli",
        name="beyond",
        help="List what this node knows beyond the block that a recovery carries on.",
    )
)

demo = _Elsewhere(
    "accord_node.demo.cli", name="demo", help="Play the reference scenario on a real network of nodes."
)
