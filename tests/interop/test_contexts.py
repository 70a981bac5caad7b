"""The contexts we bundle are those that strangers' packages bundle: the same terms, whatever the bytes.

For Open Badges 3.0.3 two texts are published under one URL. What we sign means the same under both, or a
verifier with the other text would call our badges forged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld

from accord_client.documents.context_store import bundled
from accord_client.documents.open_badge_check import CONTEXTS
from foreign_documents import transcript, unsigned

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "jsonld-contexts"
PACKAGED = {
    "https://www.w3.org/ns/credentials/v2": "@digitalbazaar/credentials-context/contexts/v2.jsonld",
    "https://www.w3.org/2018/credentials/v1": "@digitalbazaar/credentials-context/contexts/v1.jsonld",
    "https://w3id.org/security/data-integrity/v2": "@digitalbazaar/data-integrity-context/contexts/data-integrity-v2.jsonld",
    "https://w3id.org/security/suites/ed25519-2020/v1": "ed25519-signature-2020-context/contexts/ed25519-signature-2020-v1.jsonld",
}  # fmt: skip


@pytest.mark.parametrize("url", PACKAGED)
def test_a_bundled_context_has_the_terms_of_the_packaged_one(url: str, scripts: Path) -> None:
    packaged = json.loads((scripts / "node_modules" / PACKAGED[url]).read_bytes())
    assert bundled().parsed(url) == packaged


def quads(document: dict[str, Any], badges: dict[str, Any]) -> str:
    """What a document means to whoever has this text of the Open Badges context."""
    texts = {url: json.loads(text) for url, text in bundled().texts.items()} | {CONTEXTS[1]: badges}

    def load(url: str, _options: Any = None) -> dict[str, Any]:
        return {"contextUrl": None, "documentUrl": url, "document": texts[url]}

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    unproved = {name: value for name, value in document.items() if name != "proof"}
    found: str = jsonld.normalize(unproved, options)
    return found


@pytest.mark.parametrize("document", [unsigned(), transcript()], ids=["badge", "transcript"])
def test_both_published_texts_of_the_badge_context_give_one_meaning(document: dict[str, Any]) -> None:
    other = VECTORS / "ob-v3p0-context-3.0.3-npm.json"
    if not other.exists():
        pytest.skip("the third-party vectors are not here")
    ours, theirs = bundled().parsed(CONTEXTS[1]), json.loads(other.read_bytes())
    assert ours != theirs
    assert quads(document, ours) == quads(document, theirs)
    assert "IdentityObject" in quads(document, ours)
