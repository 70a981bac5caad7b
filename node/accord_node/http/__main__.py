"""Writes the page about the interface anew: ``python -m accord_node.http [FOLDER]`` (``make docs``)."""

from __future__ import annotations

import sys
from pathlib import Path

from accord_node.http.reference import reference
from accord_node.http.table import ROUTES


def main() -> None:
    """Into ``docs`` unless another folder is named."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    (folder / "api.md").write_text(reference(ROUTES), encoding="utf-8")


if __name__ == "__main__":
    main()
