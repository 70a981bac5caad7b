"""``accord ask``: the questions institutions, auditors, employers and learners have."""

from __future__ import annotations

import click

from accord_client.cli.answers import command_for
from accord_ledger.domain.questions.question import questions


@click.group()
def command() -> None:
    """Ask the ledger a question; where it can be proved, the answer is computed here from proved values.

    All answer for an earlier date or block too (--at). Notes say what an answer does not know. With --replay
    the whole log is executed here, and nothing a node says is believed.
    """


for _question in questions().values():
    command.add_command(command_for(_question, language=False))
