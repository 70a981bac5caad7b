"""A deterministic simulator that tries to break consensus: ``run(seed, scenario) -> Report``.

Real cores and real journals; simulated time, network, disks, signatures and application. The seed
decides everything. A report that is not good carries a transcript that reads as who said what, when.
"""

from __future__ import annotations

from accord_node.simulate.run import Report, Scenario, run

__all__ = ["Report", "Scenario", "run"]
