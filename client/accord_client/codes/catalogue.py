"""The catalogue of codes: family, meaning and advice of each, in English and Chinese.

Every text is there in both languages, whole; a file that says otherwise is refused when it is read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
FILES: Final = ("domain", "ledger", "node", "client", "genesis")
"""Files of texts, the rules of the ledger first."""
MAX_ACCEPT_LANGUAGE: Final = 1_000
"""Longest ``Accept-Language`` that is read."""

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*_?")
_RANGE: Final = re.compile(
    r"([A-Za-z*]{1,8}(?:-[A-Za-z0-9]{1,8})*)(?:\s*;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)


@dataclass(frozen=True, slots=True)
class Family:
    """Codes that belong together."""

    name: str
    area: str
    """The file it stands in: ``domain``, ``ledger``, ``node``, ``client`` or ``genesis``."""
    titles: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class CodeText:
    """What one code means."""

    code: str
    """The code; with ``_`` at its end it stands for every code that begins so and has no text of its own."""
    family: Family
    meanings: Mapping[Language, str]
    advices: Mapping[Language, str]

    def meaning(self, language: Language = "en") -> str:
        """What happened, in one or two sentences."""
        return self.meanings[language]

    def advice(self, language: Language = "en") -> str:
        """What the sender should do."""
        return self.advices[language]


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, CodeText]:
    """Every code, by family in the order of the files.

    Raises:
        ValueError: the files of the package are not what they must be.
    """
    found: dict[str, CodeText] = {}
    for area in FILES:
        data = resources.files(__package__).joinpath("texts", f"{area}.toml").read_text(encoding="utf-8")
        for name, table in tomllib.loads(data)["family"].items():
            for text in _family(name, area, table):
                if text.code in found:
                    raise ValueError(
                        f"{text.code} stands twice, in {found[text.code].family.name} and {name}"
                    )
                found[text.code] = text
    return MappingProxyType(found)


def text_of(code: str) -> CodeText | None:
    """The text of a code, or None for one that this release does not know (a newer node may)."""
    return catalogue().get(code) or catalogue().get(code.split("_", maxsplit=1)[0] + "_")


def _family(name: str, area: str, table: dict[str, Any]) -> list[CodeText]:
    family = Family(name, area, {language: table[language] for language in LANGUAGES})
    general: dict[str, str] = table.get("advice", {})
    return [
        _code_text(code, family, texts, general)
        for code, texts in table.items()
        if code not in {*LANGUAGES, "advice"}
    ]


def _code_text(code: str, family: Family, texts: dict[str, list[str]], general: dict[str, str]) -> CodeText:
    if not _CODE.fullmatch(code) or set(texts) != set(LANGUAGES):
        raise ValueError(f"expected a code with its text in {LANGUAGES}, got {code}: {sorted(texts)}")
    if len({len(parts) for parts in texts.values()}) != 1:
        raise ValueError(f"expected the same of {code} in both languages")
    advices = {
        language: parts[1] if len(parts) == 2 else general[language]
        for language, parts in texts.items()
        if language in LANGUAGES
    }
    meanings = {language: parts[0] for language, parts in texts.items()}
    return CodeText(code, family, meanings, advices)  # type: ignore[arg-type]  # keys compared above


def language_of(accept: str | None) -> Language:
    """The language an ``Accept-Language`` header asks for (RFC 9110, 12.5.4); English if it asks for neither."""
    best: tuple[float, Language] = (0.0, "en")
    for part in (accept or "")[:MAX_ACCEPT_LANGUAGE].split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            continue
        weight = float(match[2] or 1)
        for language in LANGUAGES:
            if match[1].lower().split("-")[0] in {language, "*"} and weight > best[0]:
                best = (weight, language)
    return best[1]


def language_of_locale(*names: str | None) -> Language:
    """The language of the first locale that is set (``LC_ALL``, ``LC_MESSAGES``, ``LANG``): ``zh_CN.UTF-8`` is zh."""
    chosen = next((name for name in names if name), "")
    return "zh" if re.match(r"zh(?![a-z])", chosen) else "en"
