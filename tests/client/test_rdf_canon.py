from __future__ import annotations

import random
import time
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld.jsonld import normalize
from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, parse, serialize

from accord_client.documents import rdf_canon
from accord_client.documents.rdf_canon import Quad, canonical_nquads, line, literal
from accord_ledger.errors import DecodeError

P, Q = "<urn:p>", "<urn:q>"
_node = st.integers(0, 4).map(lambda number: f"_:n{number}")
_subject = _node | st.sampled_from(["<urn:a>", "<urn:b>"])
_object = _subject | st.sampled_from([literal("x"), literal('y"\n'), literal("z", language="en")])
_quads = st.lists(
    st.tuples(_subject, st.sampled_from([P, Q]), _object, st.sampled_from(["", "", "<urn:g>", "_:n1"])),
    max_size=9,
)


def by_oxigraph(quads: list[Quad]) -> str:
    dataset = Dataset(parse("".join(map(line, quads)), format=RdfFormat.N_QUADS))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    rows = (serialize(dataset, format=RdfFormat.N_QUADS) or b"").decode().split("\n")
    return "".join(sorted(f"{row}\n" for row in rows if row))


def twice(quad: Quad) -> bool:
    """A blank node in two places of a quad; pyld counts the quad twice then, others once, as the text says."""
    nodes = [term for term in (quad[0], quad[2], quad[3]) if term.startswith("_:")]
    return len(nodes) != len(set(nodes))


def by_pyld(quads: list[Quad]) -> str:
    options = {
        "algorithm": "URDNA2015",
        "inputFormat": "application/n-quads",
        "format": "application/n-quads",
    }
    return str(normalize("".join(map(line, quads)), options))


@settings(max_examples=200, deadline=None)
@given(_quads)
def test_the_same_as_two_libraries(quads: list[Quad]) -> None:
    made = canonical_nquads(quads)
    assert made == by_oxigraph(quads)
    if not any(twice(quad) for quad in quads):
        assert made == by_pyld(quads)


@settings(max_examples=100, deadline=None)
@given(_quads, st.randoms(use_true_random=False))
def test_names_and_order_of_the_input_do_not_matter(quads: list[Quad], chance: random.Random) -> None:
    names = [f"_:m{number}" for number in range(5)]
    chance.shuffle(names)
    renamed = {f"_:n{number}": name for number, name in enumerate(names)}
    other = [tuple(renamed.get(term, term) for term in quad) for quad in quads]
    chance.shuffle(other)
    assert canonical_nquads(quads) == canonical_nquads(other)  # type: ignore[arg-type]  # four terms each


@settings(max_examples=150, deadline=None)
@given(
    st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=12),
    st.randoms(use_true_random=False),
)
def test_graphs_of_like_nodes_have_one_form(edges: set[tuple[int, int]], chance: random.Random) -> None:
    quads: list[Quad] = [(f"_:n{a}", P, f"_:n{b}", "") for a, b in sorted(edges)]
    names = list(range(5))
    chance.shuffle(names)
    renamed: list[Quad] = [(f"_:n{names[a]}", P, f"_:n{names[b]}", "") for a, b in sorted(edges)]
    chance.shuffle(renamed)
    assert canonical_nquads(quads) == canonical_nquads(renamed) == by_oxigraph(quads)


@pytest.mark.parametrize("number", range(12))
def test_branches_that_differ_only_further_down_have_one_order(number: int) -> None:
    """Another predicate is another order of hashes, so that each kind of node comes first at some number."""
    tree, edge = [("r", "a"), ("r", "b"), ("a", "c"), ("b", "d")], f"<urn:p{number}>"
    quads: list[Quad] = [
        (f"_:{up}{copy}", edge, f"_:{down}{copy}", "") for copy in (1, 2) for up, down in tree
    ]
    quads += [(f"_:{leaf}{copy}", P, literal(leaf), "") for copy in (1, 2) for leaf in ("c", "d")]
    made = canonical_nquads(quads)
    assert made == canonical_nquads(quads[::-1]) == by_oxigraph(quads)


def test_two_of_a_kind_in_a_ring() -> None:
    ring: list[Quad] = [(f"_:r{here}", P, f"_:r{(here + 1) % 5}", "") for here in range(5)]
    assert canonical_nquads(ring) == by_oxigraph(ring)


def code_of(quads: list[Quad]) -> str:
    begin = time.perf_counter()
    with pytest.raises(DecodeError) as caught:
        canonical_nquads(quads)
    assert time.perf_counter() - begin < 10
    return caught.value.code


@pytest.mark.parametrize("count", [8, 12, 40])
def test_nodes_that_all_know_each_other_are_refused(count: int) -> None:
    clique: list[Quad] = [(f"_:n{a}", P, f"_:n{b}", "") for a, b in permutations(range(count), 2)]
    assert code_of(clique) == "RDF_TOO_COMPLEX"


@pytest.mark.parametrize("count", [300, 4000])
def test_long_chains_of_like_nodes_are_refused(count: int) -> None:
    """Also one that the work allowed would lead along deeper than calls may nest."""
    ring: list[Quad] = [(f"_:r{here}", P, f"_:r{(here + 1) % count}", "") for here in range(count)]
    assert code_of(ring) == "RDF_TOO_COMPLEX"


def test_many_pairs_of_like_nodes_are_refused_in_time() -> None:
    star: list[Quad] = [(f"_:a{here}", P, f"_:b{there}", "") for here in range(60) for there in range(60)]
    assert code_of(star) == "RDF_TOO_COMPLEX"


def test_too_many_quads_are_refused() -> None:
    assert (
        code_of([("<urn:a>", P, literal(str(n)), "") for n in range(rdf_canon.MAX_QUADS + 1)])
        == "RDF_TOO_LARGE"
    )


def test_like_nodes_that_touch_nothing_are_cheap() -> None:
    twins: list[Quad] = [("<urn:a>", P, f"_:n{number}", "") for number in range(500)]
    assert canonical_nquads(twins).count("\n") == 500
