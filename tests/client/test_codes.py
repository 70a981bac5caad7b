"""The catalogue of codes: whole, in both languages, and what the documentation and the commands show."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from accord_client.cli.main import accord
from accord_client.codes.catalogue import catalogue, language_of, language_of_locale, text_of
from accord_client.codes.kinds import COMMON, in_order, kinds_giving, kinds_in_order
from accord_client.codes.pages import errors_page, transactions_page
from accord_ledger.domain.kind import kinds
from code_scan import ROOT, given
from domain_world import COMMON as COMMON_OF_TESTS


def test_every_code_of_the_sources_has_a_text() -> None:
    missing = {code: place for code, place in given().codes.items() if text_of(code) is None}
    assert missing == {}, "write their texts in client/accord_client/codes/texts"


def test_every_text_is_about_a_code_of_the_sources() -> None:
    made = tuple(given().beginnings)
    exact = [code for code in catalogue() if not code.startswith(made) and not code.endswith("_")]
    assert [code for code in exact if code not in given().codes] == []
    for beginning in (code for code in catalogue() if code.endswith("_")):
        assert any(code.startswith(beginning) for code in given().codes), beginning


def test_every_code_made_at_run_time_has_texts() -> None:
    assert {"SEAL_", "STATUS_"} <= given().beginnings
    for beginning in given().beginnings:
        assert any(code.startswith(beginning) for code in catalogue()), beginning


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_texts_are_whole_sentences_in_their_language(code: str) -> None:
    text = catalogue()[code]
    assert set(text.meanings) == set(text.advices) == {"en", "zh"}
    for said in (text.meaning("en"), text.advice("en")):
        assert re.fullmatch(r"[\x20-\x7e]+", said), said
    for said in (text.meaning("zh"), text.advice("zh"), text.family.titles["zh"]):
        assert re.search(r"[\u4e00-\u9fff]", said), said
        assert not re.search(r"[\u4e00-\u9fff][,:;]", said), said
    assert text.meaning("en").endswith((".", "..."))
    assert text.meaning("zh").endswith(("。", "..."))
    assert "|" not in "".join([*text.meanings.values(), *text.advices.values()])


def test_every_code_a_kind_declares_is_of_the_ledger() -> None:
    for kind in kinds().values():
        for code in kind.errors:
            assert catalogue()[code].family.area == "domain", (kind.name, code)


def test_every_code_of_the_rules_is_given_by_some_kind() -> None:
    own = {code for code, text in catalogue().items() if text.family.area == "domain" and code[0] == "E"}
    assert [code for code in sorted(own - COMMON) if not kinds_giving(code)] == []
    assert COMMON == COMMON_OF_TESTS


def test_rows_are_in_order() -> None:
    assert sorted(["T28a", "T3", "T28", "T12"], key=in_order) == ["T3", "T12", "T28", "T28a"]
    assert {kind.name for kind in kinds_in_order()} == set(kinds())


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("errors.md", lambda: errors_page("en")),
        ("errors.zh.md", lambda: errors_page("zh")),
        ("transactions.md", transactions_page),
    ],
)
def test_the_documentation_is_made_of_the_software(name: str, made: object) -> None:
    assert callable(made)
    assert Path(ROOT / "docs" / name).read_text(encoding="utf-8") == made(), "write it anew: make docs"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.4, zh-Hant;q=0.5", "zh"),
        ("fr, *;q=0.1", "en"),
        ("zh;q=0", "en"),
        ("zh;q=2", "en"),
        ("zhx", "en"),
        ("," * 5_000 + "zh", "en"),
    ],
)
def test_language_of_a_request(accept: str | None, language: str) -> None:
    assert language_of(accept) == language


@pytest.mark.parametrize(
    ("names", "language"),
    [(("", "zh_CN.UTF-8"), "zh"), (("C", "zh_CN"), "en"), ((None, None), "en"), (("zhx_XX",), "en")],
)
def test_language_of_a_locale(names: tuple[str | None, ...], language: str) -> None:
    assert language_of_locale(*names) == language


def test_the_command_shows_one_code_and_who_gives_it() -> None:
    result = CliRunner().invoke(accord, ["errors", "e_cap_award", "--language", "zh", "--json"])
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    text = text_of("E_CAP_AWARD")
    assert text is not None
    assert (shown["meaning"], shown["advice"]) == (text.meaning("zh"), text.advice("zh"))
    assert shown["kinds"] == ["recognise"]


def test_the_command_takes_a_code_with_its_argument() -> None:
    result = CliRunner().invoke(accord, ["errors", "E_SIG_MISSING(uu quality)"])
    assert result.exit_code == 0
    assert "A required signature is missing" in result.stdout


def test_the_command_lists_all_codes() -> None:
    result = CliRunner().invoke(accord, ["errors", "--json"])
    assert [row["code"] for row in json.loads(result.stdout)] == list(catalogue())


def test_the_command_refuses_a_code_that_is_none() -> None:
    result = CliRunner().invoke(accord, ["errors", "E_NOTHING"])
    assert result.exit_code == 1
    assert "CODE_UNKNOWN" in result.stderr


def test_failures_are_shown_in_the_language_of_the_locale() -> None:
    result = CliRunner().invoke(accord, ["errors", "E_NOTHING"], env={"LC_ALL": "zh_CN.UTF-8"})
    text = text_of("CODE_UNKNOWN")
    assert text is not None
    assert text.meaning("zh") in result.stderr
    assert text.advice("zh") in result.stderr
