"""There is a builder for every kind of transaction, and ``accord submit`` takes them all."""

from __future__ import annotations

import ast
import inspect
import json

import pytest

from accord_client import builders
from accord_client.cli.commands.submit import command
from accord_client.plain import body_from_json, kind_names, to_plain
from accord_ledger.domain.kind import kinds
from good_bodies import SAMPLES


def built() -> set[str]:
    """Kinds that builders make requests of: the first words given to ``Request``, or to a helper of it."""
    found = set()
    for name in (
        "agreements",
        "alliance",
        "awards",
        "credentials",
        "network",
        "programmes",
        "quality",
        "recognition",
    ):
        tree = ast.parse(inspect.getsource(getattr(builders, name)))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Request", "_step")
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def test_every_kind_has_a_builder() -> None:
    assert built() == {name for name, kind in kinds().items() if kind.as_transaction}


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_submit_reads_the_body_of_a_kind(kind: str) -> None:
    assert body_from_json(kind, json.dumps(to_plain(SAMPLES[kind])).encode()) == SAMPLES[kind]


def test_the_help_of_submit_lists_every_kind() -> None:
    shown = command.get_help(command.make_context("submit", [], resilient_parsing=True))
    words = set(shown.replace(",", " ").replace(".", " ").split())
    assert set(kind_names()) <= words
