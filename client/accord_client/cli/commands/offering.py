"""``accord offering``: a term of a course, or an intake of a programme."""

from __future__ import annotations

import click

from accord_client import builders
from accord_client.cli.connection import Link, Signing, connected, signing, submit


@click.command()
@click.argument("programme")
@click.argument("start", metavar="YYYY-MM-DD")
@click.argument("end", metavar="YYYY-MM-DD")
@click.option("--course", help="A course of the programme; without it, an intake.")
@click.option("--entrants", type=click.IntRange(0, 10**6), default=0, help="How many begin, of an intake.")
@signing
@connected
def command(
    link: Link, signing: Signing, programme: str, start: str, end: str, course: str | None, entrants: int
) -> None:
    """File a term of PROGRAMME from START to END."""
    request = builders.offer_course(signing.party, programme, start, end, course=course, entrants=entrants)
    submit(link, signing, request)
