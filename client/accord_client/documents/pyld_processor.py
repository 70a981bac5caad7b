"""The ``pyld`` library behind one function: expanded strictly, from bundled contexts, never fetching.

Its import takes a third of a second, so it is imported when the first document needs it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from pyld import jsonld
from pyld.context_resolver import ContextResolver
from pyld.identifier_issuer import IdentifierIssuer

from accord_client.documents.context_store import Contexts
from accord_client.documents.json_ld import MAX_ITEMS, UNDEFINED, check_iri
from accord_ledger.errors import AccordError, DecodeError

Triple = tuple[str, str, tuple[str, str, str] | str, str]
"""Subject, predicate, object (IRI, blank node, or (text, datatype, language)), graph or empty."""

_lock: Final = threading.Lock()
"""One document at a time: the library's caches are not made for threads."""

_LEAVES: Final = frozenset({"@id", "@type", "@value", "@language", "@direction", "@index"})
_KEYWORDS: Final = _LEAVES | {"@list", "@graph", "@set"}


class _Strict(jsonld.JsonLdProcessor):  # type: ignore[misc]  # the library has no types
    """Terms that no context defines become IRIs of a marker vocabulary instead of nothing."""

    def _get_initial_context(self, options: dict[str, Any]) -> Any:
        context = super()._get_initial_context(options)
        return {**context, "@vocab": UNDEFINED}

    def expand(self, input_: Any, options: dict[str, Any]) -> Any:
        """See the library; then everything that would be dropped on the way to RDF is refused."""
        expanded = super().expand(input_, options)
        _check_expanded(expanded)
        return expanded


def triples(document: dict[str, Any], contexts: Contexts) -> list[Triple]:
    """The statements of a document whose contexts were checked.

    Raises:
        DecodeError: ``JSONLD_INVALID``, ``JSONLD_IRI`` or ``JSONLD_DEPTH``.
    """
    with _lock:
        try:
            dataset = _Strict().to_rdf(document, _options(contexts))
        except jsonld.JsonLdError as error:
            raise _named(error) from error
        except RecursionError as error:
            raise DecodeError("JSONLD_DEPTH", "expected a document of bounded depth") from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise DecodeError("JSONLD_INVALID", f"expected JSON-LD: {str(error)[:120]}") from error
    return list(_flat(dataset))


def _options(contexts: Contexts) -> dict[str, Any]:
    def load(url: str, _: Any) -> dict[str, Any]:
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": contexts.parsed(url),
        }

    return {
        "base": None,
        "documentLoader": load,
        "contextResolver": ContextResolver(_parsed(contexts), load),
        "processingMode": "json-ld-1.1",
        "produceGeneralizedRdf": False,
        "identifierIssuer": IdentifierIssuer("_:b"),
        "rdfDirection": "i18n-datatype",
    }


@lru_cache(maxsize=4)
def _parsed(_: Contexts) -> dict[str, Any]:
    """The library's cache of parsed contexts, apart for each collection of them; bounded by their number."""
    return {}


def _named(error: BaseException) -> AccordError:
    """The innermost reason."""
    cause: BaseException | None = error
    said = ""
    while cause is not None:
        if isinstance(cause, AccordError):
            return cause
        said = str(cause).partition("\n")[0] or said
        cause = cause.__cause__
    return DecodeError("JSONLD_INVALID", f"expected JSON-LD: {said[:160]}")


def _check_expanded(value: Any) -> None:
    """Refuse names and references that lead nowhere in RDF, and nodes whose parts would pile up."""
    pending, sizes = [value], dict[tuple[str, str], int]()
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
            continue
        if not isinstance(item, dict):
            continue
        node = str(item.get("@id", ""))
        for name, inner in item.items():
            _check_names(name, inner)
            if name not in _LEAVES:
                pending.append(inner)
            if node and name != "@id":
                size = sizes[node, name] = sizes.get((node, name), 0) + len(inner)
                if size > MAX_ITEMS:
                    raise DecodeError(
                        "JSONLD_TOO_LARGE", f"expected at most {MAX_ITEMS} values of a property"
                    )


def _check_names(name: str, inner: Any) -> None:
    if name in ("@id", "@type"):
        for text in inner if isinstance(inner, list) else [inner]:
            if not str(text).startswith("_:") and text != "@json":
                check_iri(str(text))
    elif name not in _KEYWORDS:
        check_iri(name)


def _flat(dataset: dict[str, list[dict[str, Any]]]) -> Iterator[Triple]:
    for graph, rows in dataset.items():
        for row in rows:
            found = row["object"]
            value: tuple[str, str, str] | str = found["value"]
            if found["type"] == "literal":
                value = (str(found["value"]), found.get("datatype") or "", found.get("language") or "")
            yield (
                row["subject"]["value"],
                row["predicate"]["value"],
                value,
                "" if graph == "@default" else graph,
            )
