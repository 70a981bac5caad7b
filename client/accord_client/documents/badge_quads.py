"""The quads of a badge as we make them, without a JSON-LD processor: some thirty times as fast.

:func:`known_shape_quads` reads members by the table of :mod:`~accord_client.documents.badge_terms` and knows
nothing else. What it gives is what the library gives (the tests compare on generated documents, with two
libraries); for every document that is not wholly covered by the table it gives None, and the caller takes
the library. It never guesses and never refuses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from accord_client.documents.badge_terms import COMMON, PURPOSES, TYPES, Rule
from accord_client.documents.json_guard import MAX_SAFE_INTEGER, JsonObject
from accord_client.documents.rdf_canon import Quad, literal

CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
"""The exact contexts of the shape."""

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TYPE, _FIRST, _REST, _NIL = (f"<{_RDF}{name}>" for name in ("type", "first", "rest", "nil"))

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20<>\"{}|^`\\\ud800-\udfff]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_NODES: Final = 500
_MAX_DEPTH: Final = 8


class _OtherShapeError(Exception):
    """Something the table does not cover."""


def known_shape_quads(document: JsonObject) -> list[Quad] | None:
    """The quads of a badge or proof configuration of our shape; None for anything else.

    Args:
        document: with ``@context`` and without ``proof``.
    """
    if document.get("@context") != list(CONTEXTS):
        return None
    try:
        return _Reader().read({name: value for name, value in document.items() if name != "@context"})
    except _OtherShapeError:
        return None


class _Reader:
    def __init__(self) -> None:
        self._quads: list[Quad] = []
        self._nodes = 0

    def read(self, document: JsonObject) -> list[Quad]:
        self._node(document, 0)
        return self._quads

    def _blank(self) -> str:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise _OtherShapeError
        return f"_:n{self._nodes}"

    def _node(self, node: JsonObject, depth: int) -> str:
        if not node or depth > _MAX_DEPTH:
            raise _OtherShapeError
        subject = _iri(node["id"]) if "id" in node else self._blank()
        rules = self._types(subject, node.get("type", ()))
        for name, value in node.items():
            if name in ("id", "type"):
                continue
            rule = COMMON.get(name) or rules.get(name)
            if rule is None:
                raise _OtherShapeError
            self._member(subject, rule, value, depth)
        return subject

    def _types(self, subject: str, types: Any) -> dict[str, Rule]:
        names: Sequence[Any] = [types] if isinstance(types, str) else types
        if not isinstance(names, list | tuple):
            raise _OtherShapeError
        rules: dict[str, Rule] = {}
        for name in names:
            if not isinstance(name, str) or name not in TYPES:
                raise _OtherShapeError
            term, more = TYPES[name]
            self._quads.append((subject, _TYPE, term, ""))
            rules = rules | more if rules and more else rules or more
        return rules

    def _member(self, subject: str, rule: Rule, value: Any, depth: int) -> None:
        predicate, kind = rule
        values = value if isinstance(value, list) else [value]
        if kind == "@list":
            self._quads.append((subject, predicate, self._list(values), ""))
            return
        for item in values:
            if isinstance(item, dict) and kind in ("", "@id"):
                term = self._node(item, depth + 1)
            else:
                term = _scalar(item, kind)
            self._quads.append((subject, predicate, term, ""))

    def _list(self, values: list[Any]) -> str:
        """An RDF collection; the nodes are made from the end."""
        head = _NIL
        for item in reversed(values):
            node = self._blank()
            self._quads.append((node, _FIRST, _scalar(item, ""), ""))
            self._quads.append((node, _REST, head, ""))
            head = node
        return head


def is_plain_iri(text: str) -> bool:
    """Whether a text stands for itself where an IRI belongs."""
    return _IRI.fullmatch(text) is not None


def _iri(value: Any) -> str:
    if not isinstance(value, str) or not is_plain_iri(value):
        raise _OtherShapeError
    return f"<{value}>"


def _scalar(value: Any, kind: str) -> str:
    if isinstance(value, str):
        if kind == "@id":
            return _iri(value)
        if kind == "@vocab":
            if value not in PURPOSES:
                raise _OtherShapeError
            return PURPOSES[value]
        if not value.isascii() and _SURROGATE.search(value):
            raise _OtherShapeError
        return literal(value, datatype=kind)
    if not kind or kind.startswith("@"):
        raise _OtherShapeError
    if isinstance(value, bool):
        return literal("true" if value else "false", datatype=kind)
    return literal(_number(value), datatype=kind)


def _number(value: Any) -> str:
    """JSON-LD 1.1 section 8.6: integers as they are, others as canonical doubles."""
    if isinstance(value, int) and abs(value) <= MAX_SAFE_INTEGER:
        return str(value)
    if not isinstance(value, float) or not math.isfinite(value) or abs(value) > MAX_SAFE_INTEGER:
        raise _OtherShapeError
    if value.is_integer():
        return str(int(value))
    mantissa, _, exponent = f"{value:.15E}".partition("E")
    whole, _, digits = mantissa.partition(".")
    return f"{whole}.{digits.rstrip('0') or '0'}E{int(exponent)}"
