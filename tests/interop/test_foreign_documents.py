"""Every kind of document we make, judged by programs that know nothing of Accord, as it is and altered.

JavaScript: Digital Bazaar's and the Digital Credentials Consortium's libraries, and SD-JWT by the OpenWallet
Foundation. Python: openvc, AWR/2, the SD-JWT reference implementation, and token-status-list with jwcrypto.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from foreign_documents import given
from foreign_programs import INTEROP

Verdicts = dict[str, dict[str, str]]
"""By case, what each verifier says: empty if it verifies."""

VERIFIERS = {
    "badge": {"digitalbazaar", "digitalcredentials", "openvc"},
    "jcs": {"digitalbazaar", "openvc", "awr"},
    "token": {"sd-jwt-js", "openvc", "sd-jwt-python"},
    "shown token": {"sd-jwt-js", "openvc", "sd-jwt-python"},
    "presentation": {"digitalbazaar", "digitalcredentials", "openvc"},
    "transcript": {"digitalbazaar", "digitalcredentials", "openvc"},
    "list": {"digitalbazaar", "digitalcredentials", "openvc"},
    "status token": {"sd-jwt-js", "openvc", "token-status-list"},
}

UNSEEN = {("transcript/unknown term", "openvc")}
"""What a verifier cannot find, and why is said in its program."""


def answers(command: list[str], folder: Path, **environment: str) -> dict[str, dict[str, str]]:
    """What one program says of every case."""
    done = subprocess.run(
        command, cwd=folder, input=json.dumps(given()), capture_output=True, text=True, check=False,
        timeout=100, env={"PATH": os.environ["PATH"], **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def verdicts(scripts: Path, python_packages: Path) -> Verdicts:
    """Everybody's verdict of everything."""
    program = INTEROP / "python" / "verify_documents.py"
    said = answers(["node", "verify_documents.mjs"], scripts) | answers(
        [sys.executable, "-S", str(program)], INTEROP, PYTHONPATH=str(python_packages)
    )
    found: Verdicts = defaultdict(dict)
    for verifier, cases in said.items():
        for case, reason in cases.items():
            found[case][verifier] = reason
    return found


def cases(kind: str, verdicts: Verdicts) -> dict[str, Any]:
    return {name: said for name, said in verdicts.items() if name.startswith(f"{kind}/")}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", VERIFIERS)
def test_strangers_verify_it(kind: str, verdicts: Verdicts) -> None:
    assert verdicts[f"{kind}/good"] == dict.fromkeys(VERIFIERS[kind], "")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", VERIFIERS)
def test_strangers_refuse_it_altered(kind: str, verdicts: Verdicts) -> None:
    altered = {name: said for name, said in cases(kind, verdicts).items() if not name.endswith("/good")}
    assert len(altered) >= 4
    for name, said in altered.items():
        assert set(said) == VERIFIERS[kind], name
        fooled = {verifier for verifier, reason in said.items() if not reason}
        assert {(name, verifier) for verifier in fooled} <= UNSEEN, said
