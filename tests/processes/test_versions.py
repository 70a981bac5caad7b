"""A version that some programs do not know: those stop by name, the others go on, and an upgrade joins again."""

from __future__ import annotations

import pytest

from accord_ledger.domain.kinds.version import VersionActivate
from process_alliance import MEMBERS, ProcessAlliance

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

_PROGRAM = """
import accord_ledger.block as block
block.KNOWN_VERSIONS = frozenset({1, 2})
from accord_node.main import main
main()
"""
NEWER = ("-c", _PROGRAM)
"""A later release, as far as this test needs one: it knows version 2, which changes nothing."""


async def test_the_old_program_stops_after_its_last_block_and_the_upgraded_one_joins_again(
    alliance: ProcessAlliance,
) -> None:
    newer = [party for party in alliance.nodes if party != "bcb"]
    for party in newer:  # one after the other: the alliance goes on meanwhile
        await alliance.nodes[party].stop()
        alliance.nodes[party].program = NEWER
        await alliance.start(party)
    governance = tuple((party, "governance") for party in MEMBERS)
    entry = alliance.signed_by(
        "version_activate", "uu", VersionActivate(version=2), *governance, ("uu", "institution")
    )
    (result,) = await alliance.submit("uu", [entry], final=True)
    assert result.status == "final", result
    assert await alliance.nodes["bcb"].ended() == 4
    said = alliance.last_lines("bcb")
    assert "VERSION_UNKNOWN" in said
    assert "a release that knows version 2 is needed" in said
    (later,) = await alliance.submit("uu", alliance.issuances(1), final=True)
    assert later.status == "final", later
    again = alliance.run_offline("run", alliance.config("bcb"))
    assert (again.returncode, "VERSION_UNKNOWN" in again.stderr) == (4, True), again.stderr
    alliance.nodes["bcb"].program = NEWER
    await alliance.start("bcb")
    await alliance.all_equal(at_least=later.height or 0)
    assert (await alliance.status("bcb")).epoch == 1
