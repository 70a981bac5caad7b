"""``accord genesis``: the founders' ceremony at the terminal.

Files in, files out; what the steps do stands in ``ceremony``. Every command shows what it did and what
comes next. Secrets are only ever read from private files, the environment or a hidden prompt.
"""

from __future__ import annotations

import click

from accord_genesis.cli.advice import ADVICE
from accord_genesis.cli.assemble import list_presets, new
from accord_genesis.cli.check import show, verify
from accord_genesis.cli.joining import join
from accord_genesis.cli.signing import merge, sign
from accord_genesis.terminal import advise

_HELP = """Found an alliance: from each institution's keys to one signed genesis file.

\b
1. join    every party, on its own machine, makes its keys and a statement
2. new     one of them puts all statements into one document
3. sign    every founder checks its own statement in it and signs its hash
4. merge   the signatures go into the file
5. verify  anybody checks the whole; every node does so when it starts

Send statements, documents and signatures by any channel; compare fingerprints and the network hash by
another one, such as the telephone. Keys never leave the machine that made them.
"""


@click.group(help=_HELP)
def genesis() -> None:
    """The group ``accord genesis``."""


for command in (join, new, sign, merge, verify, show, list_presets):
    genesis.add_command(command)

advise(ADVICE)
