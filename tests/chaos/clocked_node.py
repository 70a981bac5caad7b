"""A node whose wall clock the test can set at any moment, and which may live in a network namespace.

    python clocked_node.py OFFSET_FILE NAMESPACE|- run --config node.toml

``OFFSET_FILE`` holds eight bytes, the seconds to add to the time of day (big-endian, signed); the test
writes it, the node sees it at its next look. The monotonic clock, which timers go by, is the machine's.
The program that ships knows nothing of this.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import time
from pathlib import Path

OFFSET_BYTES = 8


def shift_time(path: Path) -> None:
    """Replace ``time.time`` before anything of ours is imported."""
    with path.open("rb") as file:
        view = mmap.mmap(file.fileno(), OFFSET_BYTES, prot=mmap.PROT_READ)
    real = time.time

    def shifted() -> float:
        return real() + int.from_bytes(view[:OFFSET_BYTES], "big", signed=True)

    time.time = shifted


def enter_namespace(name: str) -> None:
    """Move this process into a network namespace made by ``ip netns add``."""
    libc = ctypes.CDLL(None, use_errno=True)
    file = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if libc.setns(file, 0):
            raise OSError(ctypes.get_errno(), f"cannot enter the network namespace {name}")
    finally:
        os.close(file)


def main() -> None:
    """Set the surroundings, then be ``accord-node``."""
    offset, namespace, *rest = sys.argv[1:]
    shift_time(Path(offset))
    if namespace != "-":
        enter_namespace(namespace)
    sys.argv[1:] = rest
    from accord_node.main import main as node

    node()


if __name__ == "__main__":
    main()
