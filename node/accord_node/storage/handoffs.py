"""Hand-offs of the epochs that have ended: one immutable file each, beside the tiles.

``<log>/handoff/<epoch>`` holds the canonical hand-off that ended the epoch. It is written before the block
that ended it is committed: the state it is proved in is the node's newest then, and never again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from accord_ledger.block import Members
from accord_ledger.errors import AccordError, DecodeError, FatalError
from accord_ledger.handoff import MAX_HANDOFF_BYTES, Handoff, check_handoff, read_handoff
from accord_node.storage.durable import replace_file

FOLDER: Final = "handoff"


class Handoffs:
    """The folder of hand-offs of one log. Methods read and write files: call them in a thread.

    Args:
        log: folder of the log files.
    """

    def __init__(self, log: Path) -> None:
        self._folder = log / FOLDER

    def write(self, network: bytes, members: Members, handoff: Handoff) -> None:
        """Keep a hand-off durably; writing the same epoch again replaces its file.

        Args:
            network: hash of the genesis document.
            members: of the epoch that ended.
            handoff: made here, and checked once more: what we serve must verify.

        Raises:
            FatalError: ``HANDOFF_BAD``: it does not verify.
            OSError: the disk.
        """
        try:
            check_handoff(network, members, handoff)
        except AccordError as error:
            raise FatalError("HANDOFF_BAD", f"expected a hand-off that verifies: {error}") from error
        replace_file(self._folder / str(members.epoch), handoff.encode())

    def read(self, epoch: int) -> bytes | None:
        """The canonical hand-off that ended this epoch; None while it has not ended.

        Raises:
            FatalError: ``HANDOFF_CORRUPT``: the file is not one.
        """
        path = self._folder / str(epoch)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_HANDOFF_BYTES + 1)
        except FileNotFoundError:
            return None
        try:
            read_handoff(data)
        except DecodeError as error:
            raise FatalError("HANDOFF_CORRUPT", f"expected a hand-off: {error}", path=str(path)) from error
        return data
