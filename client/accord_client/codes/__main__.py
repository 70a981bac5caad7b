"""Writes the pages that are made of the software: ``python -m accord_client.codes [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from accord_client.codes.pages import errors_page, transactions_page


def main() -> None:
    """Into ``docs`` unless another folder is named."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    (folder / "errors.md").write_text(errors_page("en"), encoding="utf-8")
    (folder / "errors.zh.md").write_text(errors_page("zh"), encoding="utf-8")
    (folder / "transactions.md").write_text(transactions_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
