"""Every command that a page prints exists, with every option it is printed with; so does every target of make."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from accord_client.cli.main import accord
from accord_node.cli import _Elsewhere, node

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md"), *ROOT.glob("models/*.md"))
    if path.name not in {"errors.md", "errors.zh.md"}
)  # fmt: skip
PROGRAMS: dict[str, click.Command] = {"accord": accord, "accord-node": node}
_CODE = re.compile(r"`((?:accord|accord-node|make) [^`]+)`|^(?: {4,}|```\n)(.+)$", re.MULTILINE)
_COMMAND = re.compile(r"^(?:\$ )?(?:\S*/bin/)?(accord|accord-node|make) (.+)$")


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Programs with their words, in one line of code or several that end in a backslash."""
    for found in _CODE.finditer(text.replace("\\\n", " ")):
        line = re.split(r"\s#|\s[>|&]", (found[1] or found[2]).strip())[0]
        if (said := _COMMAND.match(line)) is not None:
            yield said[1], _words(said[2])


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a line that goes on in the next one
        return line.split()


def _options(command: click.Command) -> set[str]:
    """Of this command; of a group those of its commands too, for lines that leave out which one."""
    real = command._found() if isinstance(command, _Elsewhere) else command
    at = click.Context(real)
    below = (
        [real.get_command(at, name) for name in real.list_commands(at)]
        if isinstance(real, click.Group)
        else []
    )
    own = {option for item in real.get_params(at) for option in (*item.opts, *item.secondary_opts)}
    return own.union(*(_options(item) for item in below if item is not None))


def missing(command: click.Command, words: list[str]) -> str:
    """What of this the command does not know; empty if it knows everything."""
    if isinstance(command, click.Group) and words and re.fullmatch(r"[a-z-]*[a-z]", words[0]):
        below = command.get_command(click.Context(command), words[0])
        return words[0] if below is None else missing(below, words[1:])
    known = _options(command)
    return " ".join(word for word in words if word.startswith("--") and word.partition("=")[0] not in known)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_prints_exists(page: str) -> None:
    for program, words in commands((ROOT / page).read_text()):
        if program == "make":
            assert words[0] in targets() or "=" in words[0], words
        else:
            assert missing(PROGRAMS[program], words) == "", (program, words)


def test_the_pages_print_many() -> None:
    found = [said for page in PAGES for said in commands((ROOT / page).read_text())]
    assert len(found) > 100


@pytest.mark.parametrize(
    "line",
    [
        "nothing",
        "show --nothing",
        "node keys --nothing",
        "audit --nothing",
        "genesis nothing",
        "issue --as=uu --nothing=1",
    ],
)
def test_what_does_not_exist_is_noticed(line: str) -> None:
    assert missing(accord, line.split())
