"""``accord verify`` with files that somebody made to break it: each is refused by name, quickly, in little memory."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from accord_client.bundle import MAX_BUNDLE_BYTES
from accord_client.cli.main import accord
from accord_client.documents.multikey import encode_multikey
from client_ledger import genesis_file, issued, stranger

AT = "2026-04-11T00:00:00Z"
SECONDS = 3.0
"""Of processor time; all but the blank nodes take some hundredths."""
MEMORY = 160 * 1024 * 1024
"""Of the whole process: the program, and a file of the largest size as text and as objects."""
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@cache
def good() -> bytes:
    ledger, batch, record = issued()
    return ledger.export(batch, 3, record).to_json()


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The bundle with something done to its badge."""
    whole = json.loads(good())
    change(whole["documents"][0]["content"])
    return json.dumps(whole).encode()


def verify(folder: Path, data: bytes) -> tuple[int, str]:
    """Exit code and everything said, within bounds."""
    (folder / "genesis").write_bytes(genesis_file())
    (folder / "bundle").write_bytes(data)
    command = ["verify", str(folder / "bundle"), "--genesis", str(folder / "genesis"), "--at", AT]
    begin = time.process_time()
    result = CliRunner().invoke(accord, command)
    assert time.process_time() - begin < SECONDS
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def bomb(size: int) -> str:
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(size), mtime=0)).decode().rstrip("=")


def mutual(count: int) -> list[dict[str, Any]]:
    """Blank nodes of which each leads to all others: no name for any of them without trying all orders."""
    nodes = [f"_:b{number}" for number in range(count)]
    return [
        {"id": node, "type": ["Evidence"], "https://x.example/p": [{"id": other} for other in nodes if other != node]}
        for node in nodes
    ]  # fmt: skip


def as_status_list(badge: dict[str, Any]) -> None:
    badge["type"] = ["VerifiableCredential", "BitstringStatusListCredential"]
    badge["credentialSubject"] = {"type": "BitstringStatusList", "encodedList": bomb(64 * 1024 * 1024)}


def image(name: str) -> bytes:
    """The bundle with a picture as its badge, in the member of JSON or of files."""
    whole = json.loads(good())
    document = whole["documents"][0]
    del document["content"]
    document[name] = base64.b64encode(PNG).decode()
    return json.dumps(whole).encode()


def in_proof(name: str, value: str) -> Callable[[dict[str, Any]], object]:
    return lambda badge: badge["proof"][0].update({name: value})


NOBODY = f"did:web:nowhere.example#{encode_multikey(stranger().public)}"

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "remote context": (lambda: changed(lambda b: b["@context"].append("https://evil.example/c")), "BADGE_CONTEXT"),
    "remote context in the tree": (
        lambda: changed(lambda b: b["issuer"].update({"@context": "https://evil.example/c"})), "BADGE_CONTEXT",
    ),
    "huge": (lambda: b'{"a":"' + b"x" * MAX_BUNDLE_BYTES + b'"}', "FILE_"),
    "many values": (lambda: b"[" + b"0," * (MAX_BUNDLE_BYTES // 2 - 2) + b"0]", "JSON_TYPE"),
    "deep": (lambda: b'{"a":' * 500_000, "JSON_DEPTH"),
    "deep and closed": (lambda: b"[" * 60 + b"]" * 60, "JSON_DEPTH"),
    "member twice": (lambda: good().replace(b'"index"', b'"index": 1, "index"', 1), "JSON_DUPLICATE"),
    "no UTF-8": (lambda: good().replace(b"Learner", b"Learn\xff\xfe", 1), "JSON_ENCODING"),
    "half a character": (lambda: good().replace(b"Learner", b"Learn\\ud800", 1), "JSON_ENCODING"),
    "a number beyond all": (lambda: good().replace(b'"index": 3', b'"index": 1e999', 1), "JSON_NUMBER"),
    "not a number": (lambda: good().replace(b'"index": 3', b'"index": NaN', 1), "JSON_NUMBER"),
    "list that inflates": (lambda: changed(as_status_list), "BADGE_TYPE"),
    "file that inflates": (lambda: gzip.compress(good() + bytes(64 * 1024 * 1024)), "JSON_ENCODING"),
    "wrong purpose": (lambda: changed(in_proof("proofPurpose", "authentication")), "PROOF_PURPOSE"),
    "DID of nothing": (lambda: changed(in_proof("verificationMethod", "did:web:nowhere.example#1")), "PROOF_METHOD"),
    "DID of nobody": (lambda: changed(in_proof("verificationMethod", NOBODY)), "NOT_PROVED"),
    "cut short": (lambda: good()[:-100], "JSON_SYNTAX"),
    "cut in a character": (lambda: good()[: len(good()) // 2] + b"\xe4", "JSON_"),
    "empty": (lambda: b"", "JSON_SYNTAX"),
    "linked blank nodes": (lambda: changed(lambda b: b.update(evidence=mutual(8))), "RDF_TOO_COMPLEX"),
    "image as JSON": (lambda: image("content"), "MERKLE_INCLUSION"),
    "image as a file": (lambda: image("data"), "BUNDLE_DOCUMENT"),
    "image alone": (lambda: PNG, "JSON_ENCODING"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_by_name(name: str, tmp_path: Path) -> None:
    make, code = REFUSED[name]
    status, said = verify(tmp_path, make())
    assert status == 1, said
    assert code in said


def test_the_bundle_itself_is_good(tmp_path: Path) -> None:
    assert verify(tmp_path, good())[0] == 0


MEASURED = """
import sys
from pathlib import Path
from accord_client.cli.main import accord
try:
    accord(sys.argv[1:], prog_name="accord")
finally:
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""
"""The command line; its last line is the most memory this program had, in KiB."""


@pytest.mark.parametrize("name", ["huge", "many values", "deep", "list that inflates", "linked blank nodes"])
def test_it_takes_little_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "genesis").write_bytes(genesis_file())
    (tmp_path / "bundle").write_bytes(REFUSED[name][0]())
    command = [sys.executable, "-c", MEASURED, "verify", "bundle", "--genesis", "genesis", "--at", AT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert int(done.stderr.split()[-1]) * 1024 < MEMORY
