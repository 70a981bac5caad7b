"""Members that break the rules, one kind in each file; :data:`CAST` has them by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from accord_node.simulate.member import Member
from accord_node.simulate.villains.contradictor import Contradictor
from accord_node.simulate.villains.detour import Detour
from accord_node.simulate.villains.double_voter import DoubleVoter
from accord_node.simulate.villains.equivocator import Equivocator
from accord_node.simulate.villains.forger import Forger
from accord_node.simulate.villains.replayer import Replayer
from accord_node.simulate.villains.silent import Silent
from accord_node.simulate.villains.slow import Slow
from accord_node.simulate.villains.twins import Twins
from accord_node.simulate.villains.withholder import Withholder

CAST: Final[Mapping[str, type[Member]]] = {
    "contradictor": Contradictor,
    "detour": Detour,
    "double_voter": DoubleVoter,
    "equivocator": Equivocator,
    "forger": Forger,
    "replayer": Replayer,
    "silent": Silent,
    "slow": Slow,
    "twins": Twins,
    "withholder": Withholder,
}
