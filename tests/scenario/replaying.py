"""A process of its own that executes a log from the genesis file and prints the state root of every height.

``python replaying.py <log>``; with ``REVERSED`` in the environment, dictionaries are filled in the opposite
order. Nothing is taken from the seals but time, proposer and view: every root is computed here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from accord_genesis.document import open_genesis
from accord_ledger import keys
from accord_ledger.authmap.map import AuthMap
from accord_ledger.blockreader import Block, BlockReader
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.execute import Execution
from accord_ledger.state import MemorySource
from scenario.parties import genesis_file


def blocks(data: bytes) -> Iterator[Block]:
    """Blocks of a file of length-prefixed entries."""
    reader, at = BlockReader(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        block = reader.add(data[at + 4 : at + 4 + size])
        at += 4 + size
        if block is not None:
            yield block


def ordered(values: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The same dictionary, filled from its other end if that was asked for."""
    items = list(values.items())
    return dict(reversed(items) if "REVERSED" in os.environ else items)


def main(log: Path) -> None:
    """Execute and print."""
    genesis = open_genesis(genesis_file())
    values = ordered(genesis.values)
    version = replace(genesis.version(), map=AuthMap.build(values.items()), state=MemorySource(values))
    for block in blocks(log.read_bytes()):
        seal = block.sealed.seal
        execution = Execution(genesis.network, version, seal.time, keys.verifies)
        for record in block.records:
            if not isinstance(record, Prepared):
                raise SystemExit(f"height {seal.height}: {record.code}")
            execution.add(record)
        done = execution.close(
            proposer=seal.proposer, view=seal.view, parent_certificate=seal.parent_certificate
        )
        if done.sealed.entry != block.sealed.entry:
            raise SystemExit(f"height {seal.height}: another seal")
        after = values | done.changes
        values = ordered({key: value for key, value in after.items() if value is not None})
        version = replace(done.version, state=MemorySource(values))
        print(version.map.root.hex())
    if AuthMap.build(values.items()).root != version.map.root:
        raise SystemExit("the map is not the one its content makes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
