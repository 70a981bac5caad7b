"""``accord verify`` as on another machine: a process of its own, without sockets and without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

BLOCKED = """
import sys

def watch(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"used a socket: {event}")

sys.addaudithook(watch)
from accord_client.cli.main import accord
accord(sys.argv[1:], prog_name="accord")
"""
"""The command line, ended by its first socket."""


def verify_alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``accord verify`` in a process of its own, without sockets, and without a network where that is allowed."""
    alone = ["unshare", "-rn"]
    allowed = shutil.which("unshare") and not subprocess.run([*alone, "true"], check=False).returncode
    command = [*(alone if allowed else []), sys.executable, "-I", "-c", BLOCKED, "verify", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
