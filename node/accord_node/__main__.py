"""``python -m accord_node`` is ``accord-node``."""

from __future__ import annotations

from accord_node.main import main

if __name__ == "__main__":
    main()
