"""Every linked-data document we make has one canonical form, whoever computes it: ours, ``pyld`` and Oxigraph."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pyld.jsonld import normalize, to_rdf
from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, parse, serialize

from accord_client.documents.context_store import bundled
from accord_client.documents.json_ld import canonicalize_rdf
from foreign_documents import presentation, signed_badge, status_list, transcript

MADE: dict[str, Callable[[], dict[str, Any]]] = {
    "badge": signed_badge, "presentation": presentation, "transcript": transcript,
    "list": lambda: status_list("suspension"),
}  # fmt: skip


def loader(url: str, _options: Any = None) -> dict[str, Any]:
    return {"contextUrl": None, "documentUrl": url, "document": json.loads(bundled().texts[url])}


def by_pyld(document: dict[str, Any]) -> str:
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": loader}
    return str(normalize(document, options))


def by_oxigraph(document: dict[str, Any]) -> str:
    quads = to_rdf(document, {"format": "application/n-quads", "documentLoader": loader})
    dataset = Dataset(parse(str(quads), format=RdfFormat.N_QUADS))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    rows = (serialize(dataset, format=RdfFormat.N_QUADS) or b"").decode().split("\n")
    return "".join(sorted(f"{row}\n" for row in rows if row))


@pytest.mark.parametrize("kind", MADE)
def test_two_libraries_agree_with_us(kind: str) -> None:
    whole = MADE[kind]()
    signed = {name: value for name, value in whole.items() if name != "proof"}
    proof = whole["proof"][0] if isinstance(whole["proof"], list) else whole["proof"]
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    for document in (signed, options | {"@context": whole["@context"]}):
        made = canonicalize_rdf(document)
        assert made.count("\n") > 4
        assert made == by_pyld(document)
        assert made == by_oxigraph(document)
