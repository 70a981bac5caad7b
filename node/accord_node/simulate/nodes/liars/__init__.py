"""Liars among whole nodes: one kind in each file, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from accord_node.simulate.nodes.liars.double_voter import DoubleVoter
from accord_node.simulate.nodes.liars.equivocator import Equivocator
from accord_node.simulate.nodes.liars.forger import Forger
from accord_node.simulate.nodes.liars.liar import Liar
from accord_node.simulate.nodes.liars.silent import Silent
from accord_node.simulate.nodes.liars.twins import Twins
from accord_node.simulate.nodes.liars.withholder import Withholder

LIARS: Final[Mapping[str, type[Liar]]] = {
    "double_voter": DoubleVoter,
    "equivocator": Equivocator,
    "forger": Forger,
    "silent": Silent,
    "twins": Twins,
    "withholder": Withholder,
}
