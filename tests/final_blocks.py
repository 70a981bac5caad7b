"""Chains of final blocks, executed on a version, as somebody who was away gets them."""

from __future__ import annotations

from collections.abc import Sequence

from accord_ledger.domain.pipeline import prepare
from accord_ledger.execute import Executed, Execution, Version
from accord_ledger.keys import verifies
from accord_node.stretch import Stretch, execute_stretch
from node_network import Alliance, issue_entry, programme_entries
from spine import finalization


def bodies(alliance: Alliance, count: int) -> list[list[bytes]]:
    """A programme, then one issuance a block, every third block empty."""
    issued = (
        [] if number % 3 == 2 else [issue_entry(alliance, "p0", "prog", number)] for number in range(count)
    )
    return [programme_entries(alliance, "p0", "prog"), *issued]


def chain_on(alliance: Alliance, base: Version, records: Sequence[Sequence[bytes]]) -> list[Executed]:
    """A block for each list of records, one on the other, executed as any block is."""
    made: list[Executed] = []
    version = base
    for entries in records:
        execution = Execution(alliance.genesis.network, version, version.time + 5, verifies)
        for entry in entries:
            execution.add(prepare(entry))
        certificate = None
        if not version.begins:
            certificate = finalization(alliance, version.seal_hash, version.height, "notarize")
        made.append(execution.close(proposer="p0", view=version.height + 1, parent_certificate=certificate))
        version = made[-1].version
    return made


def stretch_of(alliance: Alliance, base: Version, blocks: Sequence[Executed]) -> Stretch:
    """The same blocks executed again, together."""
    given = [(block.sealed, block.prepared) for block in blocks]
    return execute_stretch(alliance.genesis.network, base, given, verifies)
