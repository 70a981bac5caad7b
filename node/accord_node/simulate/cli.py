"""``accord node simulate``: play one seed of one scenario and read who said what, when."""

from __future__ import annotations

import sys

import click

from accord_node.simulate import nodes
from accord_node.simulate.nodes.scenarios import SCENARIOS as NODES
from accord_node.simulate.run import run
from accord_node.simulate.scenarios import DRAWN, SCENARIOS, scenario_of

NAMES = sorted([*SCENARIOS, DRAWN, *NODES])


@click.command()
@click.option("--seed", type=int, default=0, show_default=True, help="Decides everything.")
@click.option("--scenario", type=click.Choice(NAMES), default="storm_4", show_default=True, metavar="NAME")
@click.option("--list", "listed", is_flag=True, help="Names of all scenarios.")
@click.option("--quiet", is_flag=True, help="The transcript only if something was violated.")
def command(seed: int, scenario: str, *, listed: bool, quiet: bool) -> None:
    """Play consensus, or whole nodes, on simulated time, network and disks, and judge it.

    Scenarios named nodes_... play whole nodes, the others consensus alone. Prints one line for each thing said
    or done: the time (milliseconds; of whole nodes seconds), who, what. Exit code 1 if anything was violated.
    """
    if listed:
        click.echo("\n".join(NAMES))
        return
    whole = NODES.get(scenario)
    report = run(seed, scenario_of(scenario, seed)) if whole is None else nodes.run(seed, whole)
    if not (quiet and report.good):
        click.echo(report.explain())
    click.echo(
        f"{scenario} seed {seed}: {len(report.violations)} violations, height {report.height}, "
        f"{report.messages} messages, {report.deaths} crashes, digest {report.digest}"
    )
    sys.exit(0 if report.good else 1)
