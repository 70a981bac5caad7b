"""``accord watch``: final records as they come."""

from __future__ import annotations

import json
from itertools import islice

import click

from accord_client.api import RecordView
from accord_client.cli.connection import Link, connected
from accord_client.cli.output import clean, wants_json
from accord_client.documents.timestamps import stamp_text
from accord_client.plain import to_plain


@click.command()
@click.option("--from", "first", type=click.IntRange(min=0), default=None, help="Log index; now if absent.")
@click.option("--author", help="Only records of this party.")
@click.option("--kind", help="Only records of this kind.")
@click.option("--count", type=click.IntRange(min=1), default=None, help="Stop after so many.")
@connected
def command(link: Link, first: int | None, author: str | None, kind: str | None, count: int | None) -> None:
    """Print final records, one a line; resumes at another node when one fails."""
    with link.client() as client:
        for view in islice(client.events(first, author=author, kind=kind), count):
            click.echo(_line(view))


def _line(view: RecordView) -> str:
    if wants_json():
        return json.dumps(to_plain(view), ensure_ascii=False)
    warnings = f"  {', '.join(view.warnings)}" if view.warnings else ""
    text = f"{view.index:>8}  {stamp_text(view.time)}  {view.author:<16} {view.kind}  {view.tx_id[:16]}{warnings}"
    return clean(text)
