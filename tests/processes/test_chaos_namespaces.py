"""One short run of chaos between network namespaces: what no proxy can do, with nft and cables."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from chaos.namespaces import missing

pytestmark = pytest.mark.processes

FAULTS = ("loss", "cable out", "part halves")
TESTS = Path(__file__).resolve().parents[1]


async def test_lost_packets_a_cable_out_and_a_partition_violate_nothing() -> None:
    if reason := await asyncio.to_thread(missing):
        pytest.skip(f"no network namespaces here: {reason}")
    options = [
        "--seed",
        "7",
        "--network",
        "namespaces",
        "--only",
        ",".join(FAULTS),
        "--rounds",
        str(len(FAULTS)),
    ]
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chaos",
        *options,
        cwd=TESTS,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        told = (await run.communicate())[0].decode()
    finally:
        if run.returncode is None:
            os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == 0, told
    assert set(re.findall(r"^ +\d+  (.+?)  ", told, re.MULTILINE)) == set(FAULTS), told
    [counts] = re.findall(r"(\d+) faults; ([\d,]+) transactions acknowledged", told)
    assert int(counts[0]) == len(FAULTS)
    assert int(counts[1].replace(",", "")) > 0
