"""The configuration: complete, explained, closed to what it does not know."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord_node.config import Config, ConfigError, Section, explain, load, parse

MINIMAL = {"party": "tecmilenio"}


def sections(kind: type[Section] = Config, path: str = "") -> list[tuple[str, type[Section]]]:
    found = [(path, kind)]
    for field in msgspec.structs.fields(kind):
        if isinstance(field.default, Section):
            found += sections(type(field.default), f"{path}.{field.name}".strip("."))
    return found


def test_the_explanation_is_a_configuration_with_every_default() -> None:
    data = tomllib.loads(explain().replace("your-party-id", "tecmilenio"))
    assert parse(data) == parse(MINIMAL)


def test_the_explanation_names_every_key() -> None:
    data = tomllib.loads(explain())
    for path, kind in sections():
        table: Any = data
        for name in filter(None, path.split(".")):
            table = table[name]
        assert set(table) == {field.name for field in msgspec.structs.fields(kind)}, path


def test_the_explanation_explains_every_key() -> None:
    lines = explain().splitlines()
    keys = [at for at, line in enumerate(lines) if " = " in line and not line.startswith("#")]
    bare = [lines[at] for at in keys if not at or not lines[at - 1].startswith("#")]
    assert len(keys) > 40
    assert bare == []


def test_the_deployed_example_is_the_explanation() -> None:
    example = Path(__file__).resolve().parents[2] / "deploy" / "node.toml"
    assert example.read_text(encoding="utf-8") == explain()


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, ""),
        ({"party": "Not A Slug"}, "party"),
        ({"party": "a", "http": {"prot": 80}}, "http"),
        ({"party": "a", "http": {"port": 65_536}}, "http.port"),
        ({"party": "a", "http": {"port": "80"}}, "http.port"),
        ({"party": "a", "consensus": {"delta_ms": 0}}, "consensus.delta_ms"),
        ({"party": "a", "peers": {"links": ["A"]}}, "peers.links[0]"),
        ({"party": "a", "logging": {"level": "loud"}}, "logging.level"),
        ({"party": "a", "colour": "red"}, ""),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(data: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigError) as failure:
        parse(data)
    assert (failure.value.code, failure.value.path) == ("CONFIG_VALUE", path)


def test_a_file_is_read_with_the_folder_its_paths_start_from(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('party = "p0"\n', encoding="utf-8")
    config, folder = load(file)
    assert (config.party, folder) == ("p0", tmp_path.resolve())


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "CONFIG_MISSING"), (b"party =", "CONFIG_SYNTAX"), (b"\xff\xfe", "CONFIG_SYNTAX")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, code: str) -> None:
    file = tmp_path / "node.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as failure:
        load(file)
    assert failure.value.code == code
