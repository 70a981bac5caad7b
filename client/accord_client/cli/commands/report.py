"""``accord report``: reports for auditors and regulators, in English or Chinese."""

from __future__ import annotations

import click

from accord_client.cli.answers import command_for
from accord_ledger.domain.questions.question import questions


@click.group()
def command() -> None:
    """Reports over the whole ledger; numbers of people below the alliance's least cell are hidden.

    A "-" stands for what is hidden or not known.
    """


for _question in questions().values():
    if _question.report is not None:
        command.add_command(command_for(_question, language=True))
