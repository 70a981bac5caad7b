"""Contexts of foreign documents: known URLs, and inline contexts that can only add meaning.

VC Data Model 2.0, section 4.3, allows objects among the contexts. An object may define terms; it may not
fetch, change how relative names are read, hide a keyword behind another name, or make a term vanish, because
what vanishes is not signed. What the base context protects stays protected (JSON-LD 1.1, section 4.1.11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from accord_client.documents.context_store import MAX_CONTEXTS, Contexts, bundled
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.open_badge_check import is_uri
from accord_ledger.errors import DecodeError

MAX_TERMS: Final = 256
"""Most terms of one inline context."""

MAX_NESTED: Final = 4
"""Deepest nesting of contexts inside terms."""

_CONTAINERS: Final = frozenset({"@set", "@list", "@language"})
"""Containers whose content all becomes statements; in the others, keys are dropped."""

_VALUE_TYPES: Final = frozenset({"@id", "@vocab", "@json", "@none"})
_DEFINITION: Final = frozenset(
    {"@id", "@type", "@container", "@context", "@language", "@direction", "@protected", "@prefix"}
)


@dataclass(frozen=True, slots=True, eq=False)
class OpenContexts(Contexts):
    """Known contexts, and inline ones beside them."""

    def check(self, value: object, path: str = "@context") -> None:
        """See :meth:`Contexts.check`; objects are judged instead of refused.

        Raises:
            DecodeError: ``CONTEXT_MISSING``, ``CONTEXT_COUNT``, ``CONTEXT_UNKNOWN``, ``CONTEXT_INLINE``
                (a definition that hides, drops or rearranges) or ``CONTEXT_FORM``.
        """
        self._check(value, path, 0)

    def _check(self, value: object, path: str, depth: int) -> None:
        listed = value if isinstance(value, list) else [value]
        if value is None or not listed:
            raise DecodeError("CONTEXT_MISSING", "expected at least one context", path=path)
        if len(listed) > MAX_CONTEXTS or depth > MAX_NESTED:
            raise DecodeError(
                "CONTEXT_COUNT", f"expected at most {MAX_CONTEXTS}, {MAX_NESTED} deep", path=path
            )
        for place, item in enumerate(listed):
            here = f"{path}[{place}]"[:200]
            if isinstance(item, dict):
                self._check_inline(item, here, depth)
            elif not isinstance(item, str):
                raise DecodeError("CONTEXT_FORM", f"expected a URL or an object, got {item!r:.40}", path=here)
            elif item not in self.texts:
                raise DecodeError(
                    "CONTEXT_UNKNOWN", f"expected a known context, got {item[:120]!r}", path=here
                )

    def _check_inline(self, context: JsonObject, path: str, depth: int) -> None:
        if len(context) > MAX_TERMS:
            raise DecodeError("CONTEXT_COUNT", f"expected at most {MAX_TERMS} terms", path=path)
        if set(context) == {"@context"}:  # a context wrapped as a document of its own; readers unwrap it
            self._check(context["@context"], f"{path}.@context"[:200], depth + 1)
            return
        for name, value in context.items():
            here = f"{path}.{name}"[:200]
            if name.startswith("@"):
                _check_keyword(name, value, here)
            elif isinstance(value, dict):
                self._check_definition(value, here, depth)
            else:
                _check_name(value, here)

    def _check_definition(self, definition: JsonObject, path: str, depth: int) -> None:
        if foreign := set(definition) - _DEFINITION:
            raise DecodeError("CONTEXT_INLINE", f"expected none of {sorted(foreign)[:4]}", path=path)
        if "@id" in definition:
            _check_name(definition["@id"], f"{path}.@id")
        kind = definition.get("@type", "@id")
        if not isinstance(kind, str) or (kind.startswith("@") and kind not in _VALUE_TYPES):
            raise DecodeError("CONTEXT_INLINE", "expected a type of values", path=f"{path}.@type")
        containers = definition.get("@container", [])
        for container in containers if isinstance(containers, list) else [containers]:
            if not isinstance(container, str) or container not in _CONTAINERS:
                raise DecodeError(
                    "CONTEXT_INLINE", f"expected one of {sorted(_CONTAINERS)}", path=f"{path}.@container"
                )
        if "@context" in definition:
            self._check(definition["@context"], f"{path}.@context", depth + 1)

    def fresh(self) -> OpenContexts:
        """The same contexts apart from everything a library remembers of these."""
        return OpenContexts(self.texts)


def _check_keyword(name: str, value: Any, path: str) -> None:
    good = (
        (name == "@version" and value == 1.1)
        or (name == "@protected" and isinstance(value, bool))
        or (name == "@vocab" and is_uri(value))
        or (name == "@language" and isinstance(value, str))
        or (name == "@direction" and value in ("ltr", "rtl"))
    )
    if not good:
        raise DecodeError("CONTEXT_INLINE", "expected a keyword that only adds meaning", path=path)


def _check_name(value: Any, path: str) -> None:
    """What a term stands for: an IRI, or a prefix and a suffix."""
    if not isinstance(value, str) or not is_uri(value):
        raise DecodeError("CONTEXT_INLINE", f"expected an IRI, got {value!r:.60}", path=path)


def has_inline(value: Any) -> bool:
    """Whether a document names an inline context anywhere."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            context = item.get("@context")
            if any(isinstance(part, dict) for part in (context if isinstance(context, list) else [context])):
                return True
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return False


@cache
def _open_bundled() -> OpenContexts:
    return OpenContexts(bundled().texts)


def open_contexts(more: Mapping[str, bytes] | None = None) -> OpenContexts:
    """The bundled contexts, and those the operator vouches for.

    Args:
        more: texts by URL; a bundled one is never replaced.
    """
    known = _open_bundled()
    return known if not more else OpenContexts(MappingProxyType({**more, **known.texts}))
