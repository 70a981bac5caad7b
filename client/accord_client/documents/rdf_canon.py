"""RDF Dataset Canonicalization (RDFC-1.0, W3C Recommendation 2024) with a bound on the work.

Blank nodes get names that depend on nothing but the graph, so two signers see the same bytes. For graphs
made to be hard, the algorithm takes time that grows with a factorial; the libraries at hand run it to the
end. Here every step is counted and a *budget* ends it with a named error: a real credential uses almost
none of it.

A quad is four terms in N-Quads syntax, ``("<iri>", "<iri>", '"text"', "")``; the last is empty in the
default graph. A term is a blank node if it begins with ``_:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import permutations
from typing import Final

from accord_ledger.errors import DecodeError

Quad = tuple[str, str, str, str]
"""Subject, predicate, object, graph."""

MAX_QUADS: Final = 8_000
"""Most quads canonicalized; a badge has about a hundred."""

WORK: Final = 20_000
"""Most steps spent on blank nodes that look alike (about a tenth of a second)."""

MAX_DEPTH: Final = 64
"""Longest chain of blank nodes that look alike."""

_ESCAPES: Final = {
    **{code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)},
    **{ord(sign): "\\" + name for sign, name in zip('\b\t\n\f\r"\\', 'btnfr"\\', strict=True)},
}
_SPECIAL = re.compile(r'[\x00-\x1f\x7f"\\]')


def literal(value: str, *, datatype: str = "", language: str = "") -> str:
    """A literal term in canonical N-Quads (RDFC-1.0 section 5)."""
    text = f'"{value.translate(_ESCAPES) if _SPECIAL.search(value) else value}"'
    if language:
        return f"{text}@{language}"
    return f"{text}^^<{datatype}>" if datatype else text


def line(quad: Quad) -> str:
    """One line of N-Quads."""
    subject, predicate, value, graph = quad
    return f"{subject} {predicate} {value} {graph} .\n" if graph else f"{subject} {predicate} {value} .\n"


def canonical_nquads(quads: Iterable[Quad], *, work: int = WORK) -> str:
    """The canonical N-Quads of a dataset.

    Args:
        quads: in any order; duplicates count once.
        work: budget for blank nodes that only their neighbourhood tells apart.

    Raises:
        DecodeError: ``RDF_TOO_LARGE`` or ``RDF_TOO_COMPLEX``.
    """
    dataset = list(dict.fromkeys(quads))
    if len(dataset) > MAX_QUADS:
        raise DecodeError("RDF_TOO_LARGE", f"expected at most {MAX_QUADS} quads, got {len(dataset)}")
    names = _Canonicalizer(dataset, work).names()
    name = names.get
    lines = [
        line((name(subject, subject), predicate, name(value, value), name(graph, graph)))
        for subject, predicate, value, graph in dataset
    ]
    lines.sort()
    return "".join(lines)


class _Issuer:
    """Names in the order they are asked for (RDFC-1.0 section 4.5)."""

    __slots__ = ("issued", "prefix")

    def __init__(self, prefix: str, issued: dict[str, str] | None = None) -> None:
        self.prefix = prefix
        self.issued = {} if issued is None else issued

    def issue(self, node: str) -> str:
        """The name of a node, new if it has none."""
        return self.issued.setdefault(node, f"{self.prefix}{len(self.issued)}")

    def copy(self) -> _Issuer:
        """An issuer that goes its own way from here."""
        return _Issuer(self.prefix, dict(self.issued))


class _Canonicalizer:
    """One run (RDFC-1.0 section 4.2, canonicalization state)."""

    def __init__(self, quads: list[Quad], work: int) -> None:
        self._quads: dict[str, list[Quad]] = {}
        for quad in quads:
            subject, _, value, graph = quad
            if subject[0] == "_":
                self._quads.setdefault(subject, []).append(quad)
            if value[0] == "_" and value != subject:
                self._quads.setdefault(value, []).append(quad)
            if graph and graph[0] == "_" and graph not in (subject, value):
                self._quads.setdefault(graph, []).append(quad)
        self._first = {node: first_degree_hash(node, near) for node, near in self._quads.items()}
        self._canonical = _Issuer("_:c14n")
        self._left = work

    def names(self) -> dict[str, str]:
        """Canonical name of every blank node (section 4.4.3)."""
        groups: dict[str, list[str]] = {}
        for node, digest in self._first.items():
            groups.setdefault(digest, []).append(node)
        for _, nodes in sorted(groups.items()):
            if len(nodes) == 1:
                self._canonical.issue(nodes[0])
        for _, nodes in sorted(groups.items()):
            if len(nodes) > 1:
                self._tell_apart(nodes)
        return self._canonical.issued

    def _tell_apart(self, nodes: list[str]) -> None:
        paths = []
        for node in nodes:
            if node not in self._canonical.issued:
                issuer = _Issuer("_:b")
                issuer.issue(node)
                paths.append(self._n_degree(node, issuer, 0))
        for _, issuer in sorted(paths, key=lambda path: path[0]):
            for node in issuer.issued:
                self._canonical.issue(node)

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise DecodeError("RDF_TOO_COMPLEX", "expected blank nodes that can be told apart in few steps")

    def _related(self, node: str, issuer: _Issuer) -> dict[str, list[str]]:
        """Neighbouring blank nodes by related hash (sections 4.7 and 4.8, step 3)."""
        found: dict[str, list[str]] = {}
        near = self._quads[node]
        self._spend(len(near))
        for quad in near:
            for position, other in (("s", quad[0]), ("o", quad[2]), ("g", quad[3])):
                if other == node or not other.startswith("_:"):
                    continue
                name = self._canonical.issued.get(other) or issuer.issued.get(other) or self._first[other]
                predicate = "" if position == "g" else quad[1]
                found.setdefault(_hash(position + predicate + name), []).append(other)
        return found

    def _n_degree(self, node: str, issuer: _Issuer, depth: int) -> tuple[str, _Issuer]:
        """Hash N-Degree Quads (section 4.8)."""
        if depth > MAX_DEPTH:
            raise DecodeError("RDF_TOO_COMPLEX", f"expected chains of at most {MAX_DEPTH} like nodes")
        data = ""
        for digest, nodes in sorted(self._related(node, issuer).items()):
            chosen, chosen_issuer = "", issuer
            for path, tried in self._paths(nodes, issuer, depth):
                if not chosen or path < chosen:
                    chosen, chosen_issuer = path, tried
            data += digest + chosen
            issuer = chosen_issuer
        return _hash(data), issuer

    def _paths(self, nodes: list[str], issuer: _Issuer, depth: int) -> Iterator[tuple[str, _Issuer]]:
        """A path for each order of the nodes (step 5.4); the early exits there only save time."""
        for order in permutations(nodes):
            self._spend(len(order))
            tried, path, deeper = issuer.copy(), "", []
            for node in order:
                if (known := self._canonical.issued.get(node)) is not None:
                    path += known
                    continue
                if node not in tried.issued:
                    deeper.append(node)
                path += tried.issue(node)
            for node in deeper:
                digest, after = self._n_degree(node, tried, depth + 1)
                path += f"{tried.issue(node)}<{digest}>"
                tried = after
            yield path, tried


def first_degree_hash(node: str, quads: list[Quad]) -> str:
    """Hash First Degree Quads (RDFC-1.0 section 4.6).

    Args:
        node: the blank node.
        quads: all it occurs in, each once.
    """
    lines = [
        line((_blinded(subject, node), predicate, _blinded(value, node), _blinded(graph, node)))
        for subject, predicate, value, graph in quads
    ]
    lines.sort()
    return _hash("".join(lines))


def _blinded(term: str, node: str) -> str:
    if term[:1] != "_":
        return term
    return "_:a" if term == node else "_:z"


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
