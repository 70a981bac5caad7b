"""``accord dry-run``: what would the ledger say of a record (Q-R1)."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from accord_client.cli.connection import PARTY_VARIABLE, Link, connected
from accord_client.cli.output import emit, facts
from accord_client.errors import RefusedError
from accord_client.plain import MAX_BODY_JSON, body_from_json, to_plain
from accord_client.sdk.questions import Answered
from accord_genesis.files import read_public
from accord_ledger.codec import MAX_ENTRY_BYTES
from accord_ledger.domain.questions.dry_run import Verdict

EXIT_NOT_TAKEN = 1
_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("kind", required=False, default="")
@click.argument("body", required=False, type=_file)
@click.option("--entry", type=_file, help="Instead: a signed record, as bytes.")
@click.option(
    "--as", "party", envvar=PARTY_VARIABLE, default="", metavar="PARTY", help="Who would submit it."
)
@click.option(
    "--with", "others", multiple=True, metavar="PARTY",
    help="A party that signs where the rules do not name it, such as the competent agency; repeat.",
)  # fmt: skip
@click.option("--proof/--no-proof", default=True, help="Reach the verdict here again, or believe the node.")
@connected
@click.pass_context
def command(
    ctx: click.Context,
    link: Link,
    kind: str,
    body: Path | None,
    entry: Path | None,
    party: str,
    others: tuple[str, ...],
    *,
    proof: bool,
) -> None:
    """Try a transaction of KIND with the JSON BODY as if everybody who must sign had signed.

    Nothing is submitted and nothing changes. Exit code: 0 it would be taken, 1 it would be refused.
    """
    if (entry is None) == (body is None):
        raise RefusedError("DRY_RUN_OPTION", "expected KIND and BODY, or --entry")
    if body is not None and not party:
        raise RefusedError("DRY_RUN_OPTION", f"expected --as PARTY, or {PARTY_VARIABLE}")
    with link.client() as client:
        if entry is not None:
            found = client.dry_run(read_public(entry, limit=MAX_ENTRY_BYTES), proof=proof)
        else:
            made = body_from_json(kind, read_public(body or Path(), limit=MAX_BODY_JSON))
            found = client.dry_run(kind=kind, author=party, body=made, others=others, proof=proof)
    _show(found)
    ctx.exit(0 if found.value.ok else EXIT_NOT_TAKEN)


def _show(found: Answered[Verdict]) -> None:
    verdict = to_plain(found.value)
    where = {
        "height": found.height, "block_hash": found.block_hash, "state_root": found.state_root,
        "time": found.time, "proved": found.proved,
    }  # fmt: skip

    def people(out: Console) -> None:
        taken = found.value.ok
        out.print(
            "would be taken" if taken else f"would be refused: {found.value.code}",
            style="green" if taken else "red",
        )
        rows = [
            (name, _text(value)) for name, value in verdict.items() if value and name not in ("ok", "code")
        ]
        facts(out, [*rows, ("block", f"{found.height} ({'proved' if found.proved else 'a node says so'})")])

    emit(verdict | where, people)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
