from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from accord_client.documents import context_store
from accord_client.documents.context_store import bundled, check_digest
from accord_client.documents.json_guard import load_object
from accord_client.documents.json_ld import MAX_VALUES, canonicalize_rdf
from accord_ledger.errors import DecodeError, FatalError
from badge_documents import badge

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
VC2 = "https://www.w3.org/ns/credentials/v2"
PLAIN: dict[str, Any] = {
    "@context": [VC2],
    "id": "urn:uuid:1",
    "type": ["VerifiableCredential"],
    "issuer": "did:x:1",
}


def code_of(document: dict[str, Any]) -> str:
    with pytest.raises(DecodeError) as caught:
        canonicalize_rdf(document)
    return caught.value.code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"@context": [VC2, "https://evil.example/context"]}, "CONTEXT_UNKNOWN"),
        ({"@context": [VC2, {"name": "https://evil.example/name"}]}, "CONTEXT_INLINE"),
        ({"@context": [VC2, None]}, "CONTEXT_INLINE"),
        ({"@context": []}, "CONTEXT_MISSING"),
        ({"@context": [VC2] * 17}, "CONTEXT_COUNT"),
        ({"issuer": {"id": "did:x:1", "@context": "https://evil.example/c"}}, "CONTEXT_UNKNOWN"),
        ({"grade": "A"}, "JSONLD_UNDEFINED"),
        ({"type": ["VerifiableCredential", "Diploma"]}, "JSONLD_UNDEFINED"),
        ({"evidence": {"id": "urn:x:1", "type": "Diploma"}}, "JSONLD_UNDEFINED"),
        ({"": "x"}, "JSONLD_UNDEFINED"),
        ({"id": "relative"}, "JSONLD_IRI"),
        ({"id": "urn:x> <urn:p> <urn:o> .\n<urn:y"}, "JSONLD_IRI"),
        ({"id": "urn:\ud800"}, "JSONLD_IRI"),
        ({"issuer": "relative"}, "JSONLD_IRI"),
        ({"_:blank": "x"}, "JSONLD_IRI"),
        ({"issuer": {"id": 7}}, "JSONLD_INVALID"),
        ({"name": None}, "JSONLD_NULL"),
        ({"name": [None]}, "JSONLD_NULL"),
        ({"name": float("nan")}, "JSONLD_NUMBER"),
        ({"name": {"@value": "x", "@language": "no tag"}}, "JSONLD_LANGUAGE"),
        ({"issuer": {"@graph": []}}, "JSONLD_KEYWORD"),
        ({"issuer": {"@included": []}}, "JSONLD_KEYWORD"),
        ({"@reverse": {"issuer": "did:x:2"}}, "JSONLD_KEYWORD"),
        ({"name": ["x"] * 501}, "JSONLD_TOO_LARGE"),
        ({"evidence": [{"id": "urn:x:1"}] * 499 + [{"name": ["y"] * 400}] * 10}, "JSONLD_TOO_LARGE"),
    ],
)
def test_what_would_not_be_signed_as_it_is_read_is_refused(change: dict[str, Any], code: str) -> None:
    assert code_of(PLAIN | change) == code


def test_a_surrogate_in_text_is_refused() -> None:
    with pytest.raises((DecodeError, UnicodeEncodeError)):
        canonicalize_rdf(PLAIN | {"name": "\ud800"}).encode()


def test_no_contexts_at_all() -> None:
    assert code_of({"name": "x"}) == "CONTEXT_MISSING"


def test_deep_documents_are_refused() -> None:
    deep: dict[str, Any] = {"name": "x"}
    for _ in range(60):
        deep = {"evidence": deep, "type": "VerifiableCredential"}
    assert code_of(PLAIN | deep) == "JSONLD_DEPTH"


def test_the_largest_document_takes_bounded_time() -> None:
    parts = [
        {
            "id": "urn:x:9",
            "type": "VerifiableCredential",
            "issuer": [f"urn:{block}:{item}" for item in range(490)],
        }
        for block in range(8)
    ]
    begin = time.perf_counter()
    assert code_of(PLAIN | {"evidence": parts}) == "JSONLD_TOO_LARGE"
    spread = [{**part, "id": f"urn:x:{place}"} for place, part in enumerate(parts)]
    assert canonicalize_rdf(PLAIN | {"evidence": spread})
    assert time.perf_counter() - begin < 30
    assert MAX_VALUES == 4_000


def test_numbers_are_read_as_every_json_reader_does() -> None:
    one, two = badge(), badge()
    one["credentialSubject"]["creditsEarned"], two["credentialSubject"]["creditsEarned"] = 7.0, 7
    assert canonicalize_rdf(one) == canonicalize_rdf(two)


def test_direction_of_text_is_covered() -> None:
    text = canonicalize_rdf(PLAIN | {"name": {"@value": "x", "@language": "ar", "@direction": "rtl"}})
    assert '"x"^^<https://www.w3.org/ns/i18n#ar_rtl>' in text


def test_control_characters_have_one_spelling() -> None:
    text = canonicalize_rdf(PLAIN | {"name": 'a\b\t\n\f\r"\\\x00\x1f\x7f\x85'})
    assert '"a\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001F\\u007F\x85"' in text


def test_a_badge_of_somebody_else() -> None:
    if not SHARED.is_dir():
        pytest.skip("the example badge is not here")
    example = load_object((SHARED / "data" / "microcredential_open_badge_example.json").read_bytes())
    example.pop("proof", None)
    assert "http://data.europa.eu/esco/skill/" in canonicalize_rdf(example)


# ---- contexts ----------------------------------------------------------------------------------------


def test_bundled_contexts_are_those_the_recommendations_print() -> None:
    digests = {url: sha256(text).hexdigest() for url, text in bundled().texts.items()}
    assert digests[VC2] == "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"
    integrity = digests["https://w3id.org/security/data-integrity/v2"]
    assert integrity == "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4"


def test_every_context_has_its_licence_beside_it() -> None:
    folder = Path(context_store.__file__).parent / "contexts"
    index = load_object(b'{"items":' + (folder / "index.json").read_bytes() + b"}")["items"]
    assert {item["file"] for item in index} | {"index.json", "licences"} == {
        path.name for path in folder.iterdir()
    }
    assert all((folder / item["licence"]).stat().st_size > 500 and item["source"] for item in index)


def test_a_changed_context_stops_everything() -> None:
    with pytest.raises(FatalError) as caught:
        check_digest("x.jsonld", b"{}", "00" * 32)
    assert (caught.value.code, caught.value.path) == ("CONTEXT_DIGEST", "x.jsonld")
    with pytest.raises(DecodeError):
        bundled().parsed("https://evil.example/")


def test_both_published_texts_of_the_badge_context_mean_the_same_for_us() -> None:
    folder = SHARED / "vectors" / "jsonld-contexts"
    if not folder.is_dir():
        pytest.skip("the other text of the context is not here")
    url = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
    other = bundled().having(url, (folder / "ob-v3p0-context-3.0.3-npm.json").read_bytes())
    assert canonicalize_rdf(badge(), other) == canonicalize_rdf(badge())
