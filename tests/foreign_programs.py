"""Packages of strangers, installed beside the tree: each set once for its lock file, kept in the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

INTEROP = Path(__file__).resolve().parent / "interop"
SECONDS = 300
"""For one installation."""


def javascript(folder: Path) -> Path:
    """A copy of ``interop/js`` in ``folder`` that finds the packages of its lock file; skips the test without."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node.js on PATH")
    source = INTEROP / "js"
    named = [source / name for name in ("package.json", "package-lock.json")]
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    packages = _installed("js", named, command)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return folder


def python_packages() -> Path:
    """A folder for ``PYTHONPATH`` with the packages of ``interop/python``; skips the test without."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    more = ["--target", "packages", "-r", "requirements.txt"]
    return _installed("python", [INTEROP / "python" / "requirements.txt"], [*command, *more]) / "packages"


def _installed(kind: str, named: Sequence[Path], command: Sequence[str]) -> Path:
    """The folder in which ``command`` was run once beside these files."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}".encode()
    name = sha256(b"\x00".join([version, *(path.read_bytes() for path in named)])).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "accord-interop"
    target = cache / f"{kind}-{name}"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=cache))
    try:
        for path in named:
            shutil.copy(path, made)
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False, timeout=SECONDS)
        if done.returncode:
            pytest.skip(f"the packages of strangers ({kind}) cannot be installed: {done.stderr[-200:]}")
        if not target.exists():  # somebody else may have been quicker
            made.rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target
