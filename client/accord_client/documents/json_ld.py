"""From a JSON-LD document to RDF quads: by the ``pyld`` library, offline, with nothing dropped unseen.

JSON-LD quietly leaves out whatever no context defines, and what is left out is not signed. So an undefined
member or type, a relative IRI, a ``null`` and a keyword that changes the structure are refused by name.
Contexts are the bundled ones only (:mod:`accord_client.documents.context_store`). Numbers are brought to
the form every JSON reader would give them (``7.0`` is ``7``).
"""

from __future__ import annotations

import re
from typing import Any, Final

from accord_client.documents.context_store import Contexts, bundled
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.rdf_canon import Quad, canonical_nquads, literal
from accord_ledger.errors import DecodeError

MAX_VALUES: Final = 4_000
"""Most members and array items of a document; a badge has about 150. pyld compares the values of a property
pairwise, so time can grow with the square."""

MAX_ITEMS: Final = 500
"""Most items of one array."""

MAX_DEPTH: Final = 32
"""Deepest nesting."""

_KEYWORDS: Final = frozenset({"@context", "@id", "@type", "@value", "@language", "@direction"})
"""Keywords a document may use itself; the others only rearrange what it says."""

UNDEFINED: Final = "urn:accord:undefined-term#"
"""Vocabulary that stands in for terms no context defines, so that they show up instead of vanishing."""

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\\ud800-\udfff]*")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
_XSD_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_LANG_STRING: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"


def canonicalize_rdf(document: JsonObject, contexts: Contexts | None = None) -> str:
    """Canonical N-Quads of any JSON-LD document (RDFC-1.0).

    Args:
        document: from :func:`accord_client.documents.json_guard.load_object`; not changed.
        contexts: those it may name; the bundled ones unless a caller vouches for more.

    Raises:
        DecodeError: ``CONTEXT_*`` (:meth:`Contexts.check`), ``JSONLD_UNDEFINED`` (a term no context
            defines), ``JSONLD_IRI``, ``JSONLD_NULL``, ``JSONLD_KEYWORD``, ``JSONLD_LANGUAGE``,
            ``JSONLD_TOO_LARGE``, ``JSONLD_DEPTH``, ``JSONLD_NUMBER``, ``JSONLD_INVALID`` (whatever else
            JSON-LD forbids), ``RDF_TOO_LARGE`` or ``RDF_TOO_COMPLEX``.
    """
    return canonical_nquads(to_quads(document, contexts))


def to_quads(document: JsonObject, contexts: Contexts | None = None) -> list[Quad]:
    """The quads of a document, in no particular order; raises as :func:`canonicalize_rdf`."""
    known = bundled() if contexts is None else contexts
    plain = _Guard(known).checked(document)
    from accord_client.documents import pyld_processor

    return [_quad(*parts) for parts in pyld_processor.triples(plain, known)]


class _Guard:
    """Refuses what JSON-LD would drop or rearrange, and counts."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._count = 0

    def checked(self, document: JsonObject) -> JsonObject:
        """A copy with numbers in their one form."""
        if "@context" not in document:
            self._contexts.check(None)
        found: JsonObject = self._value(document, "", 0)
        return found

    def _value(self, value: Any, path: str, depth: int) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise DecodeError("JSONLD_TOO_LARGE", f"expected at most {MAX_VALUES} values", path=path[:200])
        if depth > MAX_DEPTH:
            raise DecodeError("JSONLD_DEPTH", f"expected at most {MAX_DEPTH} levels", path=path[:200])
        if isinstance(value, dict):
            return {name: self._member(name, item, path, depth) for name, item in value.items()}
        if isinstance(value, list):
            if len(value) > MAX_ITEMS:
                raise DecodeError(
                    "JSONLD_TOO_LARGE",
                    f"expected at most {MAX_ITEMS} items, got {len(value)}",
                    path=path[:200],
                )
            return [self._value(item, f"{path}[{place}]", depth + 1) for place, item in enumerate(value)]
        if value is None:
            raise DecodeError("JSONLD_NULL", "expected a value: JSON-LD drops null", path=path[:200])
        return _number(value, path) if isinstance(value, float) else value

    def _member(self, name: str, value: Any, path: str, depth: int) -> Any:
        place = f"{path}.{name}" if path else name
        if name == "@context":
            self._contexts.check(value, place[:200])
            return value
        if name.startswith("@") and name not in _KEYWORDS:
            raise DecodeError("JSONLD_KEYWORD", f"expected none of {name[:40]}", path=place[:200])
        return self._value(value, place, depth + 1)


def _number(value: float, path: str) -> int | float:
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN is not itself
        raise DecodeError("JSONLD_NUMBER", "expected a finite number", path=path[:200])
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def check_iri(text: str) -> str:
    """``<text>``; raises ``DecodeError`` for what is no absolute IRI or stands for an undefined term."""
    if text.startswith(UNDEFINED):
        name = text.removeprefix(UNDEFINED)[:80]
        raise DecodeError("JSONLD_UNDEFINED", f"expected terms that a context defines, got {name!r}")
    if not _IRI.fullmatch(text):
        raise DecodeError("JSONLD_IRI", f"expected an absolute IRI, got {text[:80]!r}")
    return f"<{text}>"


def _quad(subject: str, predicate: str, value: tuple[str, str, str] | str, graph: str) -> Quad:
    return _resource(subject), check_iri(predicate), _object(value), _resource(graph) if graph else ""


def _resource(text: str) -> str:
    return text if text.startswith("_:") else check_iri(text)


def _object(value: tuple[str, str, str] | str) -> str:
    if isinstance(value, str):
        return _resource(value)
    text, datatype, language = value
    if language:
        if not _LANGUAGE.fullmatch(language) or len(language) > 64:
            raise DecodeError("JSONLD_LANGUAGE", f"expected a BCP 47 tag, got {language[:40]!r}")
        return literal(text, language=language)
    if datatype in ("", _XSD_STRING, _LANG_STRING):
        return literal(text)
    return literal(text, datatype=check_iri(datatype)[1:-1])
