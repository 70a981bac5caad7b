"""What a node takes from the machine it runs on, besides the event loop, files and the clock.

The event loop is whichever runs; files are real files, whose durability is ``accord_node.storage.durable``'s
seam. A simulation gives another machine, loop, clock and sync, and nothing else of a node is replaced.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from accord_node.peer import TlsIdentity
from accord_node.peer.sockets import Net
from accord_node.storage.database import Connect, open_connection


@dataclass(frozen=True, slots=True)
class Machine:
    """Chance, connections, and the thread of the database.

    Attributes:
        chance: nonces, jitter, whom to link to; unpredictable in production.
        net: opens connections between nodes; None: WebSockets over TLS.
        connect: opens the database's connection.
        certificate: with ``net``, what its other side shows as ours (DER in production).
        near: whether the event loop may wait for the disk itself, while that is quick.
    """

    chance: random.Random = field(default_factory=random.SystemRandom)
    net: Net | None = None
    connect: Connect = open_connection
    certificate: bytes = b""
    near: bool = True

    def identity(self, folder: Path) -> TlsIdentity:
        """What callers see of us; made in ``folder`` unless ``net`` brings its own."""
        if self.net is None:
            return TlsIdentity.load_or_create(folder)
        return TlsIdentity(folder, folder, sha256(self.certificate).digest())
