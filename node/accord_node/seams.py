"""The seams: everything that touches time or disk does it through these, so a simulator can replace them."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> int:
        """UTC seconds since 1970; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin; never goes back."""
        ...


class Disk(Protocol):
    """One flat directory of append-only files. Every call blocks; run it in a thread.

    What was appended is durable once ``sync`` of that file has returned, a file's existence and name
    once ``sync_directory`` has returned; until then a crash keeps all, some or none of it. Failures
    raise ``OSError``, after which nothing may be assumed of the file but what was synced before.
    """

    def names(self) -> list[str]:
        """Names of all files, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """The whole file."""
        ...

    def append(self, name: str, data: bytes) -> None:
        """Write at the end of the file, which is created if it does not exist."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut the file to ``size`` bytes."""
        ...

    def sync(self, name: str) -> None:
        """Make the file's content durable (``fdatasync``)."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give the file another name, replacing whatever had it, at once or not at all."""
        ...

    def remove(self, name: str) -> None:
        """Delete the file."""
        ...

    def sync_directory(self) -> None:
        """Make creations, renames and removals durable."""
        ...
