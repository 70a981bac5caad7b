"""``accord node backup``: beside :mod:`accord_node.snapshot_cli`, with which it has everything in common."""

from __future__ import annotations

from accord_node.snapshot_cli import backup as command

__all__ = ["command"]
