"""Programs of strangers for the tests here."""

from __future__ import annotations

from pathlib import Path

import pytest

import foreign_programs


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JavaScript programs with the packages their lock file pins."""
    return foreign_programs.javascript(tmp_path_factory.mktemp("js") / "js")


@pytest.fixture(scope="session")
def python_packages() -> Path:
    """Where the Python packages are."""
    return foreign_programs.python_packages()
