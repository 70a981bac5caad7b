"""Deterministic simulation of whole nodes: ``run(seed, scenario) -> Report``.

The real node, from the peer handshake to the database, on a seeded scheduler. Replaced are the event loop
and its threads (:mod:`.loop`, :mod:`.database`), the clock (:mod:`.host`), connections (:mod:`.net`) and
what a disk keeps (:mod:`.disk`); nothing else. The seed decides everything. A report that is not good
carries a transcript that reads as who said what, when.
"""

from __future__ import annotations

from accord_node.simulate.nodes.run import Report, run
from accord_node.simulate.nodes.scenario import Scenario

__all__ = ["Report", "Scenario", "run"]
