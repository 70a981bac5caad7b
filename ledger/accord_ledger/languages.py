"""Which language tags exist (BCP 47): a language, with a script and a region if it needs them.

One spelling per tag: ``en``, ``zh-Hant``, ``pt-BR``; lower case, title case, upper case, and no subtag
that another one has replaced. Variants, extensions and private use are not accepted.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from accord_ledger.errors import Rejection
from accord_ledger.language_subtags import REGIONS, SCRIPTS, THREE_LETTERS, TWO_LETTERS

_FORM: Final = re.compile(r"([a-z]{2,3})(?:-([A-Z][a-z]{3}))?(?:-([A-Z]{2}|[0-9]{3}))?")
_MAX_TAG: Final = len("abc-Abcd-AB") + 1
_LANGUAGES: Final = frozenset(TWO_LETTERS.split()).union(
    word[:2] + last for word in THREE_LETTERS.split() for last in word[2:]
)
_SCRIPTS: Final = frozenset(SCRIPTS.split())
_REGIONS: Final = frozenset(REGIONS.split())


@lru_cache(maxsize=1024)
def _exists(tag: str) -> bool:
    match = _FORM.fullmatch(tag)
    if match is None:
        return False
    language, script, region = match.groups()
    return (
        language in _LANGUAGES
        and (script is None or script in _SCRIPTS)
        and (region is None or region in _REGIONS)
    )


def is_language(tag: str) -> bool:
    """Whether the tag is well formed, and each of its subtags is registered."""
    return len(tag) <= _MAX_TAG and _exists(tag)


def check_language(tag: str, path: str) -> None:
    """Raise ``E_SCHEMA`` unless the language tag exists."""
    if not is_language(tag):
        raise Rejection("E_SCHEMA", f"expected an existing language tag, got {tag[:40]!a}", path=path)
