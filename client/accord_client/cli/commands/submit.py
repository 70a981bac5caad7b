"""``accord submit``: any kind of transaction from a JSON body."""

from __future__ import annotations

from pathlib import Path

import click

from accord_client.builders import Request
from accord_client.cli.connection import Link, Signing, connected, read_signatures, signing, submit
from accord_client.errors import RefusedError
from accord_client.plain import MAX_BODY_JSON, body_from_json, kind_names
from accord_genesis.files import read_public


class ListsKinds(click.Command):
    """A command whose help ends with every kind there is."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The kinds, read only when somebody asks for help."""
        del ctx
        with formatter.section("Kinds"):
            formatter.write_text(", ".join(kind_names()))


@click.command(cls=ListsKinds)
@click.argument("kind")
@click.argument("body", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--sign", "signers", multiple=True, metavar="[PARTY:]PURPOSE", help="A key that signs; repeat.")
@click.option(
    "--signature", "signatures", multiple=True, type=click.Path(path_type=Path, dir_okay=False),
    help="A file of accord sign-body; repeat.",
)  # fmt: skip
@signing
@connected
def command(
    link: Link,
    signing: Signing,
    kind: str,
    body: Path,
    signers: tuple[str, ...],
    signatures: tuple[Path, ...],
) -> None:
    """Submit a transaction of KIND with the JSON BODY (bytes in hex) and wait until it is final."""
    made = body_from_json(kind, read_public(body, limit=MAX_BODY_JSON))
    named = [_signer(item, signing.party) for item in signers] or [(signing.party, "institution")]
    if all(party != signing.party for party, _ in named):
        raise RefusedError("SIGNER_AUTHOR", f"expected a key of {signing.party} among the signers")
    request = Request(kind, signing.party, made, tuple(named))
    submit(link, signing, request, bodies=read_signatures(signatures))


def _signer(text: str, party: str) -> tuple[str, str]:
    head, colon, purpose = text.rpartition(":")
    return (head, purpose) if colon else (party, purpose)
