"""Which stable codes the sources can give: read from their syntax trees, nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = ("ledger", "genesis", "client", "node")

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_WORD: Final = re.compile(r"[A-Z]{2,}")
"""A code of a single word is only taken where an error is made of it."""
_ERRORS: Final = re.compile(r"\w+Error|Rejection|InvalidBlock|Finding")
_OTHERS: Final = re.compile(r"LC_ALL|LC_MESSAGES|ACCORD_\w+|NOTIFY_SOCKET|CERTIFICATION_NAME")
"""Names of the same form that are no codes: variables of the environment, a word of another site."""
_NOT_GIVEN: Final = ("advice.py", "problems.py")
"""Modules that say something about codes which others give."""


@dataclass(slots=True)
class Given:
    """What the sources hold.

    Attributes:
        codes: each code with the first place it stands at.
        beginnings: of codes that are made at run time, such as ``SEAL_``.
    """

    codes: dict[str, str] = field(default_factory=dict)
    beginnings: set[str] = field(default_factory=set)


@lru_cache(maxsize=1)
def given() -> Given:
    """Every code in the four packages."""
    found = Given()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name not in _NOT_GIVEN:
                _scan(ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT)), found)
    return found


def _scan(tree: ast.AST, place: str, found: Given) -> None:
    for node in _meant(tree):
        if isinstance(node, ast.JoinedStr):
            first = node.values[0] if node.values else None
            if isinstance(first, ast.Constant) and re.fullmatch(r"[A-Z]+_", str(first.value)):
                found.beginnings.add(str(first.value))
        elif isinstance(node, ast.Call) and _ERRORS.fullmatch(_name(node.func)) and node.args:
            code = node.args[0]
            if isinstance(code, ast.Constant) and _WORD.fullmatch(str(code.value)):
                found.codes.setdefault(str(code.value), f"{place}:{node.lineno}")
        elif isinstance(node, ast.Constant) and _is_code(node.value):
            found.codes.setdefault(str(node.value), f"{place}:{node.lineno}")


def _is_code(value: object) -> bool:
    return isinstance(value, str) and bool(_CODE.fullmatch(value)) and not _OTHERS.fullmatch(value)


def _meant(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but lists of exported names, and advice."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        exports = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        advice = isinstance(node, ast.Call) and _name(node.func) == "advise"
        if not exports and not advice:
            yield node
            waiting += ast.iter_child_nodes(node)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
