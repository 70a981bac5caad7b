"""``python -m bench``: everything, one after another; ``--quick`` for a first look."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from bench.table import heading, machine, row

HERE = Path(__file__).parent


def main() -> None:
    """Run each benchmark in a process of its own, so that none warms the other's caches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="smaller sizes, no growth to 100,000 transactions"
    )
    parser.add_argument(
        "only",
        nargs="*",
        choices=[
            "authmap",
            "rules",
            "ceiling",
            "large",
            "audit",
            "documents",
            "issue",
            "gossip",
            "nodes",
            [],
        ],
        help="just these",
    )
    arguments = parser.parse_args()
    heading("Accord benchmarks")
    row("machine", machine())
    sizes = {
        "authmap": ["--keys", "100000" if arguments.quick else "1000000"],
        "rules": ["5000" if arguments.quick else "20000"],
        "ceiling": ["4000", "3"] if arguments.quick else [],
        "large": ["--batches", "100000", "--recognitions", "10000"] if arguments.quick else [],
        "audit": [],
        "documents": ["--count", "100", "--batch", "1000"] if arguments.quick else [],
        "issue": ["--count", "1000"] if arguments.quick else [],
        "gossip": ["--quick"] if arguments.quick else [],
        "nodes": ["--quick"] if arguments.quick else [],
    }
    failed = False
    for name in arguments.only or sizes:
        heading(f"bench/{name}.py")
        sys.stdout.flush()
        command = [sys.executable, "-m", f"bench.{name}", *sizes[name]]
        failed |= subprocess.run(command, check=False, cwd=HERE.parent, env=os.environ).returncode != 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
