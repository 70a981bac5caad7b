"""``accord node simulate``: play one seed of one scenario and read who said what, when."""

from __future__ import annotations

import sys

import click

from accord_node.simulate.run import run
from accord_node.simulate.scenarios import SCENARIOS


@click.command()
@click.option("--seed", type=int, default=0, show_default=True, help="Decides everything.")
@click.option(
    "--scenario", type=click.Choice(sorted(SCENARIOS)), default="storm_4", show_default=True, metavar="NAME"
)
@click.option("--list", "listed", is_flag=True, help="Names of all scenarios.")
@click.option("--quiet", is_flag=True, help="The transcript only if something was violated.")
def command(seed: int, scenario: str, *, listed: bool, quiet: bool) -> None:
    """Play consensus on simulated time, network and disks, and judge it.

    Prints one line for each thing said or done: milliseconds, who, what. Exit code 1 if anything was violated.
    """
    if listed:
        click.echo("\n".join(sorted(SCENARIOS)))
        return
    report = run(seed, SCENARIOS[scenario])
    if not (quiet and report.good):
        click.echo(report.explain())
    click.echo(
        f"{scenario} seed {seed}: {len(report.violations)} violations, height {report.height}, "
        f"{report.messages} messages, {report.deaths} crashes, digest {report.digest}"
    )
    sys.exit(0 if report.good else 1)
