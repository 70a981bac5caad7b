"""Wires between nodes in network namespaces of their own: one bridge, one veth pair for each node.

To be used by root inside ``unshare --net --mount --pid --fork --kill-child --mount-proc``, so that
whatever happens nothing of it is left on the machine: :func:`command` makes that call, :func:`missing`
says what is not there. Traffic with the test itself (HTTP) is never touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence

BRIDGE = "accord0"
PREFIX = "10.99.0."
HERE = "1"
FIRST = 11


def missing() -> str:
    """Why namespaces cannot be used here; "" if they can."""
    if os.geteuid() != 0:
        return "not root"
    for program in ("ip", "nft", "unshare", "mount"):
        if shutil.which(program) is None:
            return f"no {program}"
    script = (
        "ip link add name accordtest type bridge && ip netns add accordtest && nft add table inet accordtest"
    )
    done = subprocess.run(
        [*_fresh(), "sh", "-c", f"{_own_run()} && {script}"], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def _fresh() -> list[str]:
    return ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def _own_run() -> str:
    return "mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns"


def command(arguments: Sequence[str]) -> list[str]:
    """The same program again, alone with its network, its processes and its mounts."""
    words = '"$@"'
    return [*_fresh(), "sh", "-c", f"{_own_run()} && exec {words}", "sh", sys.executable, *arguments]


def _run(*words: str, text: str = "") -> None:
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")


class Namespaces:
    """The bridge, the namespaces and their packet filters."""

    def __init__(self, parties: Iterable[str]) -> None:
        self.addresses = {party: f"{PREFIX}{FIRST + place}" for place, party in enumerate(parties)}

    def open(self) -> None:
        """Make everything."""
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "addr", "add", f"{PREFIX}{HERE}/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        for place, (party, address) in enumerate(self.addresses.items()):
            _run("ip", "netns", "add", party)
            _run("ip", "link", "add", f"veth{place}", "type", "veth", "peer", "name", "eth0", "netns", party)
            _run("ip", "link", "set", f"veth{place}", "master", BRIDGE, "up")
            _run("ip", "-n", party, "addr", "add", f"{address}/24", "dev", "eth0")
            _run("ip", "-n", party, "link", "set", "eth0", "up")
            _run("ip", "-n", party, "link", "set", "lo", "up")

    def filter(self, party: str, rules: Iterable[str]) -> None:
        """What a node does not hear; replaces what it did not hear before."""
        lines = "\n".join(rules)
        table = f"table inet chaos {{\nchain heard {{\ntype filter hook input priority 0\n{lines}\n}}\n}}\n"
        text = f"table inet chaos\ndelete table inet chaos\n{table}"
        _run("ip", "netns", "exec", party, "nft", "-f", "-", text=text)

    def deaf(self, party: str, others: Iterable[str]) -> None:
        """A node hears nothing from these others; they may hear it."""
        self.filter(party, [f"ip saddr {self.addresses[other]} drop" for other in others])

    def lossy(self, party: str, percent: int) -> None:
        """A node loses so many of the packets other nodes send it."""
        rules = [
            f"ip saddr {address} numgen random mod 100 < {percent} drop"
            for other, address in self.addresses.items()
            if other != party
        ]
        self.filter(party, rules)

    def unplug(self, party: str) -> None:
        """Take its cable, HTTP included."""
        _run("ip", "-n", party, "link", "set", "eth0", "down")

    def heal(self) -> None:
        """Every cable in its place, nothing filtered."""
        for party in self.addresses:
            _run("ip", "-n", party, "link", "set", "eth0", "up")
            self.filter(party, [])
