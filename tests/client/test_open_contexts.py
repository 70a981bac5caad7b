from __future__ import annotations

from typing import Any

import pytest

from accord_client.documents.json_ld import canonicalize_rdf
from accord_client.documents.open_badge_check import VC2_CONTEXT
from accord_client.gateway.open_contexts import MAX_TERMS, OpenContexts, has_inline, open_contexts
from accord_ledger.errors import AccordError

MINE = "https://x.example/mine#"
BAD: list[tuple[str, Any]] = [
    ("CONTEXT_INLINE", {"a": None}),
    ("CONTEXT_INLINE", {"a": "@id"}),
    ("CONTEXT_INLINE", {"a": "relative"}),
    ("CONTEXT_INLINE", {"@vocab": None}),
    ("CONTEXT_INLINE", {"@vocab": ""}),
    ("CONTEXT_INLINE", {"@base": "https://x.example/"}),
    ("CONTEXT_INLINE", {"@import": "https://x.example/context"}),
    ("CONTEXT_INLINE", {"@propagate": False}),
    ("CONTEXT_INLINE", {"@version": 1.0}),
    ("CONTEXT_INLINE", {"a": {"@id": None}}),
    ("CONTEXT_INLINE", {"a": {"@id": "@type"}}),
    ("CONTEXT_INLINE", {"a": {"@reverse": "https://x.example/a"}}),
    ("CONTEXT_INLINE", {"a": {"@id": MINE, "@nest": "b"}}),
    ("CONTEXT_INLINE", {"a": {"@id": MINE, "@container": "@index"}}),
    ("CONTEXT_INLINE", {"a": {"@id": MINE, "@container": ["@set", "@graph"]}}),
    ("CONTEXT_INLINE", {"a": {"@id": MINE, "@type": "@graph"}}),
    ("CONTEXT_UNKNOWN", {"a": {"@id": MINE, "@context": "https://x.example/context"}}),
    ("CONTEXT_INLINE", {"a": {"@id": MINE, "@context": {"b": None}}}),
    ("CONTEXT_INLINE", {"@context": {"a": None}}),
    ("CONTEXT_INLINE", {"@context": {"a": MINE}, "b": MINE}),
    ("CONTEXT_UNKNOWN", {"@context": "https://x.example/context"}),
    ("CONTEXT_UNKNOWN", "https://x.example/context"),
    ("CONTEXT_COUNT", {f"t{number}": MINE for number in range(MAX_TERMS + 1)}),
    ("CONTEXT_FORM", 1),
    ("CONTEXT_FORM", None),
    ("CONTEXT_FORM", [VC2_CONTEXT]),
]


@pytest.mark.parametrize(("code", "context"), BAD)
def test_what_hides_drops_or_fetches_is_refused(code: str, context: Any) -> None:
    with pytest.raises(AccordError) as caught:
        open_contexts().check([VC2_CONTEXT, context])
    assert caught.value.code == code
    assert caught.value.path.startswith("@context[1]")


def test_contexts_inside_contexts_end() -> None:
    context: dict[str, Any] = {"a": MINE}
    for _ in range(8):
        context = {"a": {"@id": MINE, "@context": context}}
    with pytest.raises(AccordError, match="CONTEXT_COUNT"):
        open_contexts().check([VC2_CONTEXT, context])


def document(*contexts: Any, **members: Any) -> dict[str, Any]:
    return {"@context": [VC2_CONTEXT, *contexts], "type": ["VerifiableCredential"]} | members


def test_an_inline_context_gives_a_term_its_meaning() -> None:
    context = {
        "@protected": True, "grade": f"{MINE}grade", "list": {"@id": f"{MINE}list", "@container": "@list"},
        "nested": {"@id": f"{MINE}nested", "@context": {"inner": f"{MINE}inner"}},
    }  # fmt: skip
    made = document(context, grade="A", list=["a", "b"], nested={"inner": 1})
    quads = canonicalize_rdf(made, open_contexts().fresh())
    wrapped = made | {"@context": [VC2_CONTEXT, {"@context": context}]}
    assert canonicalize_rdf(wrapped, open_contexts().fresh()) == quads
    assert f'<{MINE}grade> "A"' in quads
    assert f"<{MINE}inner>" in quads


@pytest.mark.parametrize(
    ("contexts", "members"),
    [
        ([], {"grade": "A"}),
        ([{"VerifiableCredential": f"{MINE}Other"}], {}),
        ([{"@protected": True, "a": f"{MINE}a"}, {"a": f"{MINE}b"}], {"a": "x"}),
        ([], {"type": ["VerifiableCredential", "Undefined"]}),
    ],
)
def test_what_is_undefined_or_redefined_is_refused(contexts: list[Any], members: dict[str, Any]) -> None:
    with pytest.raises(AccordError, match="JSONLD_"):
        canonicalize_rdf(document(*contexts, **members), open_contexts().fresh())


def test_inline_contexts_are_seen_wherever_they_stand() -> None:
    assert not has_inline(document())
    assert has_inline(document({"a": MINE}))
    assert has_inline({"verifiableCredential": [document({"a": MINE})]})
    assert has_inline({"@context": {"a": MINE}})


def test_the_operator_vouches_for_more_and_never_for_less() -> None:
    more = open_contexts({"https://x.example/c": b'{"@context": {}}', VC2_CONTEXT: b"{}"})
    more.check([VC2_CONTEXT, "https://x.example/c"])
    assert more.texts[VC2_CONTEXT] == open_contexts().texts[VC2_CONTEXT]
    assert isinstance(more, OpenContexts)
