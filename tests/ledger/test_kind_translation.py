"""T15 title_translation, and what a title in English opens (row E9)."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.kinds.translation import TitleTranslation
from accord_ledger.domain.model.programme import PROGRAMMES, TRANSLATIONS, Translation
from accord_ledger.domain.titles import title_in
from domain_world import World, terms
from exchange_world import Exchange, IssuedBatch, agreement, grant_uu, hours

DUTCH = {"nl": "Datawetenschap"}


@pytest.fixture
def world() -> World:
    world = World()
    world.register(terms(title=DUTCH))
    return world


def to(language: str = "en", text: str = "Data Science", **changes: Any) -> TitleTranslation:
    values: dict[str, Any] = {"programme": ("uu-ds", 1), "language": language, "text": text}
    return TitleTranslation(**values | changes)


def titles(world: World, *languages: str) -> list[str | None]:
    known = world.get(PROGRAMMES, "uu-ds", 1).terms
    return [title_in(world.execution._view, known, language) for language in languages]


@pytest.mark.parametrize("translator", ["uu", "bcb", "hnrail", "nvao"])
def test_t15_issuer_receiver_or_agency(world: World, translator: str) -> None:
    world.do("title_translation", to(), translator)
    assert titles(world, "en", "nl", "zh") == ["Data Science", "Datawetenschap", None]
    kept: Translation = world.get(TRANSLATIONS, "uu-ds", 1, "en")
    assert (kept.author, kept.at) == (translator, world.time)


@pytest.mark.parametrize("other", ["cisco-my", "kettle", "aud-1", "moe-cn"])
def test_t15_nobody_else(world: World, other: str) -> None:
    world.refused("E_ROLE", "title_translation", to(), other)


def test_t15_a_provider_translates_its_own(world: World) -> None:
    own = terms("ne", "cisco-my", title=DUTCH, framework=("mqf", 1), total_hours="120/1")
    world.register(own)
    world.do("title_translation", to(programme=("ne", 1)), "cisco-my")


def test_t15_by_the_institution_itself(world: World) -> None:
    world.refused("E_SIG_MISSING", "title_translation", to(), "uu registrar")


def test_t15_what_an_issuer_set_stays(world: World) -> None:
    world.refused("E_DUPLICATE", "title_translation", to("nl", "Anders"), "hnrail")
    world.refused("E_DUPLICATE", "title_translation", to("nl", "Anders"), "uu")
    world.do("title_translation", to(), "uu")
    for author in ("uu", "hnrail", "nvao"):
        world.refused("E_DUPLICATE", "title_translation", to(text="Other"), author)
    assert titles(world, "en") == ["Data Science"]


def test_t15_the_issuer_has_the_last_word(world: World) -> None:
    world.do("title_translation", to(text="Datas"), "hnrail")
    world.do("title_translation", to(text="Data"), "nvao")
    world.do("title_translation", to(), "uu")
    assert world.get(TRANSLATIONS, "uu-ds", 1, "en").author == "uu"


def test_t15_belongs_to_one_version(world: World) -> None:
    world.do("title_translation", to(), "uu")
    world.register(terms(title=DUTCH, version=2))
    assert title_in(world.execution._view, world.get(PROGRAMMES, "uu-ds", 2).terms, "en") is None
    world.refused("E_UNKNOWN_REF", "title_translation", to(programme=("uu-ds", 3)), "uu")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("xx", "X"), ("eng", "X"), ("iw", "X"), ("en-ZZ", "X"), ("en-Latx", "X"), ("EN", "X"), ("und", "X"),
        ("en-GB-oxendict", "X"), ("en", ""), ("en", "a\u200bb"), ("en", "e\u0301"), ("en", "x" * 301),
    ],
)  # fmt: skip
def test_t15_languages_and_texts_there_are(world: World, language: str, text: str) -> None:
    world.refused("E_SCHEMA", "title_translation", to(language, text), "uu")


def test_t15_weighs_eight(world: World) -> None:
    before = world.execution.weight
    world.do("title_translation", to("zh-Hant", "資料科學"), "uu")
    assert world.execution.weight - before == 10 + 8


def abroad() -> tuple[Exchange, IssuedBatch]:
    """``uu-ds`` with a Dutch title alone, agreed with bcb and issued."""
    world = Exchange()
    world.at("2026-03-02")
    grant_uu(world)
    programme = world.offer(terms(title=DUTCH))
    world.enrol("n1", "bcb", world.award())
    world.agree("a1", agreement("uu", "bcb", hours()))
    world.at("2026-04-01")
    return world, world.issue(programme)


@pytest.mark.parametrize("translator", ["uu", "bcb", "nvao"])
def test_row_e9_after_a_translation_it_is_recognised_abroad(translator: str) -> None:
    world, batch = abroad()
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    world.refused("E_LANG_MISSING", *use, detail="en")
    world.do("title_translation", to("de", "Datenwissenschaft"), translator)
    world.refused("E_LANG_MISSING", *use)
    world.do("title_translation", to(), translator)
    world.do(*use)
