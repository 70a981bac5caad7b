from __future__ import annotations

import importlib
import json
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from accord_client.cli.main import ENTRY_POINTS, Root, accord, own_commands
from accord_client.cli.output import EXIT_FAULT, advise, emit, json_option, progress
from accord_ledger import __version__
from accord_ledger.errors import Rejection

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


@click.command()
@json_option
@click.option("--fail", type=click.Choice(["rule", "fault", "disk", "abort"]))
def sample(fail: str | None) -> None:
    """A command of the tests."""
    if fail == "rule":
        raise Rejection("E_SAMPLE", "expected 1, got \x1b[31m2", path="body.x")
    if fail == "disk":
        raise FileNotFoundError(2, "No such file or directory", "/nowhere")
    if fail == "abort":
        raise click.Abort
    if fail == "fault":
        raise RuntimeError("a mistake of ours")
    emit({"answer": 42}, lambda out: out.print("the answer is 42"))


def broken() -> click.Command:
    raise ImportError("no module named nowhere")


ROOT = Root(name="accord", loaders=lambda: {"sample": lambda: sample, "broken": broken})


def run(*arguments: str) -> Result:
    return CliRunner().invoke(ROOT, list(arguments))


def test_a_result_is_text_or_json() -> None:
    assert run("sample").stdout == "the answer is 42\n"
    assert json.loads(run("sample", "--json").stdout) == {"answer": 42}


def test_a_refusal_says_what_where_and_what_next() -> None:
    advise({"E_SAMPLE": "Say 1."})
    result = run("sample", "--fail", "rule")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "error: E_SAMPLE",
        "  what   expected 1, got \N{REPLACEMENT CHARACTER}[31m2",
        "  where  body.x",
        "  next   Say 1.",
    ]


def test_a_refusal_is_json_if_the_result_would_be() -> None:
    advise({"E_SAMPLE": "Say 1."})
    problem = json.loads(run("sample", "--json", "--fail", "rule").stderr)
    assert problem == {
        "code": "E_SAMPLE",
        "detail": "expected 1, got \x1b[31m2",
        "path": "body.x",
        "advice": "Say 1.",
    }


def test_the_disk_is_no_fault_of_ours() -> None:
    result = run("sample", "--fail", "disk")
    assert result.exit_code == 1
    assert "error: IO" in result.stderr
    assert "/nowhere" in result.stderr


def test_a_fault_shows_no_traceback_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCORD_DEBUG", raising=False)
    result = run("sample", "--fail", "fault")
    assert result.exit_code == EXIT_FAULT
    assert "error: INTERNAL" in result.stderr
    assert "RuntimeError: a mistake of ours" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("ACCORD_DEBUG", "1")
    assert isinstance(run("sample", "--fail", "fault").exception, RuntimeError)


def test_aborting_is_quiet() -> None:
    result = run("sample", "--fail", "abort")
    assert (result.exit_code, result.stderr) == (1, "Aborted!\n")


@pytest.mark.parametrize("arguments", [["nothing"], ["sample", "--no-such"], ["sample", "--fail", "x"]])
def test_wrong_use_exits_with_two(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: accord")


def test_a_broken_command_breaks_nothing_else() -> None:
    listed = run("--help")
    assert listed.exit_code == 0
    assert "cannot be loaded" in listed.stdout
    result = run("broken", "--any", "thing")
    assert result.exit_code == 1
    assert "error: COMMAND_BROKEN" in result.stderr
    assert "ImportError: no module named nowhere" in result.stderr


def test_the_real_root_starts() -> None:
    version = CliRunner().invoke(accord, ["--version"])
    assert version.stdout == f"accord, version {__version__}\n"
    assert CliRunner().invoke(accord, ["--help"]).exit_code == 0


def test_own_commands_are_commands() -> None:
    for name, loader in own_commands().items():
        assert "_" not in name
        assert isinstance(loader(), click.Command), name


def test_registered_genesis_command_is_there() -> None:
    project = tomllib.loads(PROJECT.read_text())["project"]
    module, _, name = project["entry-points"][ENTRY_POINTS]["genesis"].partition(":")
    assert isinstance(getattr(importlib.import_module(module), name), click.Group)
    module, _, name = project["scripts"]["accord"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_progress_gives_every_item_and_prints_nothing_without_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress(range(3), "counting") as items:
        assert list(items) == [0, 1, 2]
    assert capsys.readouterr().out == ""
