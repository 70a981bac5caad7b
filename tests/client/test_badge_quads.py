from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.documents.badge_quads import CONTEXTS, known_shape_quads
from accord_client.documents.badge_terms import COMMON, PURPOSES, TYPES
from accord_client.documents.json_ld import canonicalize_rdf, to_quads
from accord_client.documents.open_badge_check import CONTEXTS as BADGE_CONTEXTS
from accord_client.documents.rdf_canon import canonical_nquads
from accord_ledger.errors import DecodeError
from badge_documents import LEARNER, badge, badges, oxigraph


def fast(document: dict[str, Any]) -> str:
    quads = known_shape_quads(document)
    assert quads is not None
    return canonical_nquads(quads)


def test_the_shape_is_the_one_we_make() -> None:
    assert CONTEXTS == BADGE_CONTEXTS
    assert fast(badge()) == canonicalize_rdf(badge()) == oxigraph(badge())


@settings(max_examples=60, deadline=None)
@given(badges())
def test_every_badge_we_make_is_the_same_by_two_libraries(document: dict[str, Any]) -> None:
    made = fast(document)
    assert made == canonicalize_rdf(document)
    assert made == oxigraph(document)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_is_changed_the_fast_way_agrees_or_stands_back(data: st.DataObject) -> None:
    document = copy.deepcopy(badge())
    place: Any = document
    for _ in range(data.draw(st.integers(0, 3))):
        inner = [
            item
            for item in (place.values() if isinstance(place, dict) else place)
            if isinstance(item, dict | list) and item
        ]
        if not inner:
            break
        place = data.draw(st.sampled_from(inner))
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    values = [
        "x",
        "",
        "urn:x:1",
        "_:b1",
        1,
        1.5,
        1e300,
        True,
        None,
        [],
        {},
        ["a", "a"],
        {"id": "urn:x:2"},
        {"@value": "x"},
        "\ud800",
    ]
    name = data.draw(
        st.sampled_from(keys + (["id", "type", "grade", "url", "name"] if isinstance(place, dict) else []))
    )
    place[name] = data.draw(st.sampled_from(values))
    quads = known_shape_quads(document)
    if quads is not None:
        assert canonical_nquads(quads) == canonicalize_rdf(document)


def of_type(name: str, member: str, value: object) -> list[str]:
    """What the library says a member of a type means: predicate and object of its one quad."""
    quads = to_quads({"@context": list(CONTEXTS), "id": "urn:x:1", "type": name, member: value})
    return [f"{quad[1]} {quad[2]}" for quad in quads if "rdf-syntax-ns#" not in quad[1]]


@pytest.mark.parametrize("name", list(TYPES))
def test_the_table_is_what_the_contexts_say(name: str) -> None:
    term, rules = TYPES[name]
    types = to_quads({"@context": list(CONTEXTS), "id": "urn:x:1", "type": name})
    assert [quad[2] for quad in types] == [term]
    for member, (predicate, kind) in (COMMON | rules).items():
        value, shown = "urn:x:2", '"urn:x:2"'
        if kind == "@vocab":
            for purpose, iri in PURPOSES.items():
                assert of_type(name, member, purpose) == [f"{predicate} {iri}"]
            continue
        if kind == "@list":
            nil = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>"
            assert of_type(name, member, []) == [f"{predicate} {nil}"]
            continue
        wanted = "<urn:x:2>" if kind == "@id" else f"{shown}^^<{kind}>" if kind else shown
        assert of_type(name, member, value) == [f"{predicate} {wanted}"]


@pytest.mark.parametrize(
    "change",
    [
        {"grade": "A"},
        {"@context": [CONTEXTS[0]]},
        {"type": ["VerifiableCredential", "Diploma"]},
        {"name": None},
        {"name": {"@value": "x", "@language": "en"}},
        {"id": "_:b1"},
        {"id": "urn:x> <urn:y"},
        {"proof": []},
        {"issuer": {}},
        {"evidence": [{"type": "Evidence"}]},
    ],
)
def test_other_documents_go_through_the_library(change: dict[str, Any]) -> None:
    assert known_shape_quads(badge() | change) is None


def test_a_deep_or_wide_badge_is_left_to_the_library() -> None:
    deep: dict[str, Any] = {"type": "Profile", "name": "x"}
    for _ in range(20):
        deep = {"type": "Achievement", "creator": deep}
    assert known_shape_quads(badge() | {"issuer": deep}) is None
    wide = badge()
    wide["credentialSubject"]["identifier"] *= 600
    assert known_shape_quads(wide) is None
    with pytest.raises(DecodeError) as caught:
        canonicalize_rdf(wide)
    assert caught.value.code == "JSONLD_TOO_LARGE"
    assert LEARNER.full_name in fast(badge())
