"""Badges of every form we make, drawn by Hypothesis, and one fixed example; nothing of a ledger is needed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, parse, serialize

from accord_client.documents.json_ld import to_quads
from accord_client.documents.open_badge import build_open_badge
from accord_client.documents.open_badge_facts import (
    Alignment,
    BadgeDates,
    IssuerFacts,
    LearnerClaims,
    ProgrammeFacts,
    ResultScale,
    StatusEntry,
)
from accord_client.documents.rdf_canon import line
from accord_client.ids import LedgerReference
from accord_ledger.keys import SigningKey

NOW = 1_800_000_000
REFERENCE = LedgerReference(bytes([7]) * 32, bytes.fromhex("018f3a5e0000700080000000000000ff"), 4)
HOLDER = SigningKey.from_seed(bytes([6]) * 32)
ISSUER_KEY = SigningKey.from_seed(bytes([5]) * 32)
ISSUER = IssuerFacts(
    "did:web:bjou.example",
    "Open University of Beijing",
    "https://bjou.example",
    "r@bjou.example",
    (("ror", "1"),),
)
PROGRAMME = ProgrammeFacts(
    id="https://bjou.example/programmes/data-analysis/2",
    code="data-analysis",
    version="2",
    name="Data Analysis",
    description="Analyse and present data of a small business.",
    criteria="Complete six projects.\n\nTwo of them with a company.",
    criteria_url="https://bjou.example/data-analysis",
    credits=Fraction(7, 2),
    hours=Fraction(90),
    level=Alignment("CN-MC level 2", "https://bjou.example/frameworks/cn-mc/1", "CN-MC", "2"),
    skills=(Alignment.esco("analyse big data", "http://data.europa.eu/esco/skill/47a49cd6"),),
    field="Data science",
    tags=("data",),
    result=ResultScale("Final grade", "LetterGrade", ("C", "B", "A"), "C"),
)
LEARNER = LearnerClaims("Doe", "Jane", email="jane@example.org", identifier="2027-17", result="A")


def badge(
    learner: LearnerClaims = LEARNER, programme: ProgrammeFacts = PROGRAMME, **options: Any
) -> dict[str, Any]:
    """An unsigned badge."""
    return build_open_badge(
        programme,
        options.pop("issuer", ISSUER),
        learner,
        holder=options.pop("holder", HOLDER.public),
        reference=options.pop("reference", REFERENCE),
        dates=options.pop("dates", BadgeDates(NOW)),
        identity_salt=options.pop("identity_salt", bytes(16)),
        status=options.pop("status", (StatusEntry("https://bjou.example/status/1", 4),)),
    )


_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: text.strip()
)
_name = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12).filter(
    lambda text: text.strip()
)
_ascii_uri = st.sampled_from(["https://x.example/a", "http://data.europa.eu/esco/skill/1", "urn:uuid:1"])
_maybe_text = st.none() | _text
_credits = (
    st.none()
    | st.fractions(0, 400, max_denominator=1).map(lambda v: v / 8)
    | st.sampled_from([Fraction(1, 8), Fraction(3, 1000), Fraction(10**9), Fraction(1, 2**20)])
)
_alignments = st.builds(Alignment, _text, _ascii_uri, _maybe_text, _maybe_text, _maybe_text)
_scales = st.none() | st.builds(
    ResultScale, _text, _text, st.lists(_text, max_size=4, unique=True).map(tuple), _maybe_text
)
_programmes = st.builds(
    ProgrammeFacts, id=_ascii_uri, code=_text, version=_text, name=_text, description=_text, criteria=_text,
    language=st.sampled_from(["en", "zh-Hans"]), criteria_url=st.none() | _ascii_uri, credits=_credits, hours=_credits,
    level=st.none() | _alignments, skills=st.lists(_alignments, max_size=4).map(tuple), field=_maybe_text,
    tags=st.lists(_text, max_size=3).map(tuple), result=_scales,
)  # fmt: skip
_issuers = st.builds(
    IssuerFacts, st.sampled_from(["did:web:x.example", "did:web:y.example:a"]), _text, st.none() | _ascii_uri,
    _maybe_text, st.lists(st.tuples(_text, _text), max_size=3).map(tuple),
)  # fmt: skip
_dates = st.builds(
    BadgeDates,
    st.integers(0, 2**33),
    st.none() | st.integers(2**33 + 1, 2**34),
    st.none() | st.integers(0, 2**33),
)


@st.composite
def badges(draw: st.DrawFn) -> dict[str, Any]:
    """Any badge :func:`build_open_badge` makes."""
    programme = draw(_programmes)
    free = programme.result is not None and not programme.result.allowed
    grades = st.none() | _name if free else st.none()
    learner = LearnerClaims(
        draw(_name), draw(_name), draw(st.none() | _name), draw(st.none() | _name), draw(grades)
    )
    status = tuple(
        StatusEntry("https://x.example/status", index, purpose)
        for index, purpose in draw(
            st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["revocation", "suspension"])), max_size=2)
        )
    )
    return badge(learner, programme, issuer=draw(_issuers), dates=draw(_dates), status=status)


def oxigraph(document: dict[str, Any]) -> str:
    """Quads of pyld, canonicalized by a library that shares nothing with this package."""
    text = "".join(line(quad) for quad in to_quads(document))
    dataset = Dataset(parse(text, format=RdfFormat.N_QUADS))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    lines = (serialize(dataset, format=RdfFormat.N_QUADS) or b"").decode().split("\n")
    return "".join(sorted(f"{row}\n" for row in lines if row))
