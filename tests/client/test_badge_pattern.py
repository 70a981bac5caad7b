"""Canonical forms by filling in, against two canonicalizers, and where there is no pattern."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.documents.badge_pattern import BadgePattern, pattern_of, places_of
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_ld import canonicalize_rdf, to_quads
from accord_client.documents.open_badge_facts import LearnerClaims, StatusEntry
from accord_client.documents.rdf_canon import canonical_nquads
from accord_client.ids import LedgerReference
from accord_ledger.keys import SigningKey
from badge_documents import LEARNER, PROGRAMME, REFERENCE, badge, badges, oxigraph

LIST = "https://bjou.example/status/1"


def pattern(document: dict[str, Any]) -> BadgePattern:
    found = pattern_of(document)
    assert found is not None
    return found


def another(number: int, name: str = "Zoë") -> dict[str, Any]:
    """A badge of the same batch for somebody else."""
    return badge(
        LearnerClaims(name, f"{number}", email=f"{number}@x.example", identifier=f"s{number}", result="B"),
        holder=SigningKey.from_seed(bytes([number]) * 32).public,
        reference=LedgerReference(REFERENCE.network, REFERENCE.batch_id, number),
        identity_salt=bytes([number]) * 16,
        status=(StatusEntry(LIST, number),),
    )


def test_badges_of_a_batch_differ_at_these_places_only() -> None:
    first, other = badge(), another(9)
    places = places_of(first)
    assert places == places_of(other)
    found = pattern(first)
    for document in (first, other):
        assert found.canonical_json(found.values_of(document)) == canonicalize(document)


@pytest.mark.parametrize("number", range(20))
def test_other_learners_have_the_same_lines_as_by_two_canonicalizers(number: int) -> None:
    document, found = another(number), pattern(badge())
    lines = found.canonical_nquads(found.values_of(document))
    assert lines is not None
    assert lines.decode() == canonicalize_rdf(document) == oxigraph(document)


@settings(max_examples=40, deadline=None)
@given(badges(), st.data())
def test_whatever_is_filled_in_it_is_what_the_library_says(
    document: dict[str, Any], data: st.DataObject
) -> None:
    found = pattern_of(document)
    if found is None:
        return  # blank nodes that only their neighbourhood tells apart
    values = found.values_of(document)
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
    iri = st.sampled_from(["urn:x:1", "urn:x:2", "https://x.example/a", "did:web:x.example", "urn:x:é"])
    for place, (path, named) in enumerate(zip(found.places, found.names_iri, strict=True)):
        if data.draw(st.booleans()):
            values[place] = data.draw(iri if named else text)
            holder: Any = document
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = values[place]
    assert found.canonical_json(values) == canonicalize(document)
    lines = found.canonical_nquads(values)
    if lines is not None:
        assert lines.decode() == canonicalize_rdf(document)


def test_a_proof_is_a_place_of_the_json_and_not_of_the_lines() -> None:
    signed = badge() | {"proof": [{"type": "DataIntegrityProof", "proofValue": "z1"}]}
    found = pattern(signed)
    assert found.places[-1] == ("proof", 0, "proofValue")
    values = [*found.values_of(badge() | {"proof": [{"proofValue": "z2"}]})]
    assert b'"proofValue":"z2"' in found.canonical_json(values)
    assert (found.canonical_nquads(values) or b"").decode() == canonicalize_rdf(badge())


def test_two_subjects_of_one_name_are_left_to_the_general_way() -> None:
    found = pattern(badge())
    values = found.values_of(badge())
    names = [place for place, named in enumerate(found.names_iri) if named]
    values[names[0]] = values[names[1]]
    assert found.canonical_nquads(values) is None


def test_blank_nodes_that_look_alike_are_left_to_the_general_way() -> None:
    document = badge(replace(LEARNER, identifier=None, email="a@x.example"))
    twins = document["credentialSubject"]["identifier"]
    twins.append(copy.deepcopy(twins[1]) | {"salt": "another"})
    found = pattern(document)
    values = found.values_of(document)
    assert (found.canonical_nquads(values) or b"").decode() == canonicalize_rdf(document)
    salts = [place for place, path in enumerate(found.places) if path[-1] == "salt"]
    values[salts[0]] = values[salts[1]]
    assert found.canonical_nquads(values) is None


@pytest.mark.parametrize(
    "change",
    [
        {"grade": "A"},
        {"type": ["VerifiableCredential", "Diploma"]},
        {"name": "urn:accord-place-0000;"},
        {"description": "x urn:accord-place-0001; y"},
    ],
)
def test_other_shapes_have_no_pattern(change: dict[str, Any]) -> None:
    assert pattern_of(badge() | change) is None


def test_signs_of_formats_stand_for_themselves() -> None:
    document = badge(programme=replace(PROGRAMME, name="100 % %s {0} %(a)s", criteria='"\\\n'))
    found = pattern(document)
    values = found.values_of(document)
    assert found.canonical_json(values) == canonicalize(document)
    assert (found.canonical_nquads(values) or b"").decode() == canonicalize_rdf(document)


def test_lines_of_one_predicate_are_in_the_order_of_what_is_filled_in() -> None:
    entries = tuple(StatusEntry(f"{LIST}/{purpose}", 1, purpose) for purpose in ("revocation", "suspension"))
    document = badge(status=entries)
    found = pattern(document)
    for first, second in (("urn:a", "urn:b"), ("urn:b", "urn:a")):
        document["credentialStatus"][0]["id"], document["credentialStatus"][1]["id"] = first, second
        lines = found.canonical_nquads(found.values_of(document))
        assert (lines or b"").decode() == canonical_nquads(to_quads(document))
