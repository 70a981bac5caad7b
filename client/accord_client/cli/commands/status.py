"""``accord status``: how the nodes are, each asked by itself."""

from __future__ import annotations

from typing import Any

import click

from accord_client.api import NodeStatus
from accord_client.cli.connection import NODES_VARIABLE, Link, connected
from accord_client.cli.output import emit, table
from accord_client.errors import RefusedError
from accord_client.plain import to_plain
from accord_client.sdk.sync import AccordClientSync
from accord_client.trust import Trust
from accord_ledger.errors import AccordError


@click.command()
@connected
def command(link: Link) -> None:
    """Show every node: height, members, whether it is ready and why not. Fails if none is."""
    if not link.nodes:
        raise RefusedError("NODE_NONE", f"expected --node URL or {NODES_VARIABLE}")
    trust = link.trust()
    found = [(url, _ask(url, trust)) for url in link.nodes]
    value = [{"url": url} | _plain(answer) for url, answer in found]
    emit(
        value,
        lambda out: table(
            out, ("node", "party", "height", "log", "pending", "state"), [_row(*item) for item in found]
        ),
    )
    if not any(isinstance(answer, NodeStatus) and answer.ready for _, answer in found):
        raise click.exceptions.Exit(1)


def _ask(url: str, trust: Trust) -> NodeStatus | AccordError:
    with AccordClientSync([url], trust, max_age=None, patience=1.0, timeout=5.0) as client:
        try:
            return client.node_status()
        except AccordError as error:
            return error


def _plain(answer: NodeStatus | AccordError) -> dict[str, Any]:
    if isinstance(answer, AccordError):
        return {"ready": False, "error": str(answer)}
    plain: dict[str, Any] = to_plain(answer)
    return plain


def _row(url: str, answer: NodeStatus | AccordError) -> tuple[str, ...]:
    if isinstance(answer, AccordError):
        return (url, "", "", "", "", str(answer))
    state = "ready" if answer.ready else f"not ready: {answer.reason}"
    if answer.test_network:
        state += " (test network, scripted clock)"
    role = answer.party if answer.voting else f"{answer.party} (observer)"
    return (url, role, str(answer.position.height), str(answer.log_size), str(answer.pending), state)
