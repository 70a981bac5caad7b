"""Badges that differ in a few texts only: their canonical forms by filling in, some ten times as fast.

The badges of a batch say the same but for the texts at a handful of *places* (:func:`places_of`). A pattern
is made of one badge; filled with the texts of another it gives the canonical JSON (RFC 8785) and the
canonical N-Quads (RDFC-1.0), byte for byte what the general way gives: the tests compare with two
canonicalizers on generated badges. It never guesses: for a badge whose shape is not covered there is no
pattern, and where two blank nodes look alike there are no N-Quads; the caller then takes the general way.

How N-Quads come about. The lines of one subject stand together, and within them those of one predicate, so
a subject is a block whose text has gaps. Blank nodes are named by the order of their first degree hashes
(RDFC-1.0 section 4.4.3); those that no place touches are hashed once, the others for each badge.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final

from accord_client.documents.badge_quads import known_shape_quads
from accord_client.documents.jcs import canonicalize, escaped
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.rdf_canon import Quad, first_degree_hash, line, literal

Place = tuple[str | int, ...]
"""Where a text stands: member names and positions from the top."""

MAX_PLACES: Final = 64
"""Most places of a pattern; a badge with two status entries has about twelve."""

_MARK: Final = "urn:accord-place-"
_MARKS = re.compile(_MARK + r"(\d{4});")


@dataclass(frozen=True, slots=True)
class _Gapped:
    """A text with gaps, and which arguments go into them."""

    form: str
    pick: Callable[[Sequence[str]], Any] | None
    """None where there are no gaps."""

    def fill(self, arguments: Sequence[str]) -> str:
        return self.form if self.pick is None else self.form % self.pick(arguments)

    @classmethod
    def of(cls, text: str) -> _Gapped:
        parts = _MARKS.split(text)
        if len(parts) == 1:
            return cls(text, None)
        form = "%s".join(part.replace("%", "%%") for part in parts[::2])
        return cls(form, itemgetter(*map(int, parts[1::2])))


_Part = _Gapped | tuple[_Gapped, ...]
"""Lines in their order, or lines of one predicate whose order depends on what is filled in."""


@dataclass(frozen=True, slots=True)
class _Block:
    """All lines of one subject."""

    subject: _Gapped
    parts: tuple[_Part, ...]

    def fill(self, arguments: Sequence[str]) -> str:
        if len(self.parts) == 1 and isinstance(self.parts[0], _Gapped):
            return self.parts[0].fill(arguments)
        texts: list[str] = []
        for part in self.parts:
            if isinstance(part, _Gapped):
                texts.append(part.fill(arguments))
            else:
                texts += sorted({text.fill(arguments) for text in part})
        return "".join(texts)


@dataclass(frozen=True, slots=True)
class BadgePattern:
    """What all badges of one shape have in common. Made by :func:`pattern_of`."""

    places: tuple[Place, ...]
    """Where they differ, in the order of the canonical JSON."""
    names_iri: tuple[bool, ...]
    """For each place, whether what stands there names something and so must be an absolute IRI."""
    _pieces: tuple[str, ...]
    """Canonical JSON around the places."""
    _blocks: tuple[_Block, ...]
    """Subjects with an IRI."""
    _blank_blocks: tuple[_Block, ...]
    """Blank nodes, by number."""
    _hashes: tuple[tuple[str, int], ...]
    """First degree hash and number of the blank nodes that are the same in every badge."""
    _hashed: tuple[tuple[_Gapped, int], ...]
    """What is hashed of the others."""

    def values_of(self, badge: JsonObject) -> list[str]:
        """The texts of a badge of this shape."""
        return [_found(badge, place) for place in self.places]

    def canonical_json(self, values: Sequence[str], *, plain: bool = False) -> bytes:
        """RFC 8785 form of the badge with these texts.

        Args:
            values: one for each place.
            plain: nothing in them is escaped: no quotation mark, backslash or control character.
        """
        texts = [self._pieces[0]]
        for value, piece in zip(values, self._pieces[1:], strict=True):
            texts += (value if plain else escaped(value), piece)
        return "".join(texts).encode()

    def canonical_nquads(self, values: Sequence[str], *, plain: bool = False) -> bytes | None:
        """Canonical N-Quads of the badge with these texts, without its proof; None where they do not tell.

        Args:
            plain: as above.
            values: one for each place; what :attr:`names_iri` must be an absolute IRI
                (:func:`accord_client.documents.badge_quads.is_plain_iri`), and no text may hold a lone surrogate.
        """
        arguments = (
            list(values)
            if plain
            else [
                value if named else literal(value)[1:-1]
                for value, named in zip(values, self.names_iri, strict=True)
            ]
        )
        order = self._blank_order(arguments)
        blocks = {block.subject.fill(arguments): block for block in self._blocks}
        if order is None or len(blocks) != len(self._blocks):
            return None
        names = [""] * len(order)
        for rank, node in enumerate(order):
            names[node] = f"_:c14n{rank}"
        arguments += names
        texts = [blocks[subject].fill(arguments) for subject in sorted(blocks)]  # "<" comes before "_"
        texts += [self._blank_blocks[order[rank]].fill(arguments) for rank in _by_name(len(order))]
        return "".join(texts).encode()

    def _blank_order(self, arguments: Sequence[str]) -> list[int] | None:
        """Blank nodes in the order of their names; None if hashes alone do not tell."""
        hashes = [(sha256(text.fill(arguments).encode()).hexdigest(), node) for text, node in self._hashed]
        hashes += self._hashes
        hashes.sort()
        if len({digest for digest, _ in hashes}) < len(hashes):
            return None
        return [node for _, node in hashes]


def places_of(badge: JsonObject) -> list[Place]:
    """Where badges of one batch differ: who, which, what result, and the value of their one proof."""
    places: list[Place] = [("id",), ("credentialSubject", "id")]
    for member, names in (("identifier", ("identityHash", "salt")), ("result", ("value",))):
        items = _found(badge, ("credentialSubject", member))
        for position in range(len(items) if isinstance(items, list) else 0):
            places += [("credentialSubject", member, position, name) for name in names]
    status = badge.get("credentialStatus")
    several = range(len(status)) if isinstance(status, list) else ()
    entries: list[Place] = [("credentialStatus", position) for position in several]
    for entry in entries or [("credentialStatus",)]:
        places += [(*entry, name) for name in ("id", "statusListIndex")]
    proofs = badge.get("proof")
    if isinstance(proofs, list) and len(proofs) == 1:
        places.append(("proof", 0, "proofValue"))
    return [place for place in places if isinstance(_found(badge, place), str)]


def marked(badge: JsonObject, places: Sequence[Place], marks: Sequence[str]) -> JsonObject:
    """A copy of the badge with these texts at the places."""
    made = copy.deepcopy(badge)
    for place, mark in zip(places, marks, strict=True):
        holder: Any = made
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = mark
    return made


def pattern_of(badge: JsonObject) -> BadgePattern | None:
    """The pattern of a badge and all that are like it; None for shapes that are not covered.

    Args:
        badge: of the form of an Open Badge, with at most one proof; not changed.
    """
    places = places_of(badge)
    if len(places) > MAX_PLACES or _MARK in repr(badge):
        return None
    text = canonicalize(marked(badge, places, _marks(len(places)))).decode()
    places = [places[int(number)] for number in _MARKS.split(text)[1::2]]  # in the order of that text
    whole = marked(badge, places, _marks(len(places)))
    pieces = _MARKS.split(canonicalize(whole).decode())[::2]
    quads = known_shape_quads({name: value for name, value in whole.items() if name != "proof"})
    return None if quads is None else _of_quads(places, pieces, list(dict.fromkeys(quads)))


def _of_quads(places: list[Place], pieces: list[str], quads: list[Quad]) -> BadgePattern | None:
    terms = dict.fromkeys(term for quad in quads for term in (quad[0], quad[2]))
    nodes = {node: number for number, node in enumerate(term for term in terms if term[0] == "_")}
    hashes, hashed = [], []
    for node, number in nodes.items():
        near = [quad for quad in quads if node in (quad[0], quad[2])]
        if not any(_MARK in term for quad in near for term in quad):
            hashes.append((first_degree_hash(node, near), number))
        elif (text := _hash_input(node, near)) is not None:
            hashed.append((_Gapped.of(text), number))
        else:
            return None
    if len({digest for digest, _ in hashes}) < len(hashes):
        return None  # look alike in every badge
    numbers = _marks(len(places) + len(nodes))
    names = dict(zip(nodes, numbers[len(places) :], strict=True))
    subjects = dict.fromkeys(quad[0] for quad in quads if quad[0][0] == "<")
    return BadgePattern(
        tuple(places),
        tuple(f"<{mark}>" in terms for mark in numbers[: len(places)]),
        tuple(pieces),
        tuple(_block(subject, quads, names) for subject in subjects),
        tuple(_block(node, quads, names) for node in nodes),
        tuple(hashes),
        tuple(hashed),
    )


def _block(subject: str, quads: list[Quad], names: dict[str, str]) -> _Block:
    """The lines of a subject, with marks for the names of blank nodes."""
    groups: dict[str, list[str]] = {}
    for own, predicate, value, graph in quads:
        if own == subject:
            text = line((names.get(own, own), predicate, names.get(value, value), graph))
            groups.setdefault(predicate, []).append(text)
    parts: list[_Part] = []
    fixed = ""
    for _, texts in sorted(groups.items()):
        if len(texts) == 1 or not any(_MARK in text for text in texts):
            fixed += "".join(sorted(texts))
            continue
        parts += [_Gapped.of(fixed), tuple(map(_Gapped.of, texts))]
        fixed = ""
    return _Block(_Gapped.of(names.get(subject, subject)), (*parts, _Gapped.of(fixed)))


def _hash_input(node: str, near: list[Quad]) -> str | None:
    """What Hash First Degree Quads hashes (RDFC-1.0 section 4.6), where the order of its lines is always the same."""
    own: dict[str, list[str]] = {}
    others: list[str] = []
    for subject, predicate, value, graph in near:
        if subject == node:
            blinded = "_:z" if value[0] == "_" else value
            own.setdefault(predicate, []).append(line(("_:a", predicate, blinded, graph)))
        else:
            others.append(line(("_:z" if subject[0] == "_" else subject, predicate, "_:a", graph)))
    if len(others) > 1 or any(
        len(texts) > 1 and any(_MARK in text for text in texts) for texts in own.values()
    ):
        return None
    lines = "".join("".join(sorted(texts)) for _, texts in sorted(own.items()))
    other = "".join(others)
    return other + lines if other[:1] == "<" else lines + other


@lru_cache(maxsize=64)
def _by_name(count: int) -> tuple[int, ...]:
    """So many numbers in the order of their digits, which is that of the names of blank nodes: 0, 1, 10, 11, 2."""
    return tuple(sorted(range(count), key=str))


def _marks(count: int) -> list[str]:
    return [f"{_MARK}{number:04};" for number in range(count)]


def _found(badge: JsonObject, place: Place) -> Any:
    """What stands at a place; None if there is none."""
    found: Any = badge
    for step in place:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and step < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found
