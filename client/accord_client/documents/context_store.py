"""The JSON-LD contexts that documents may name: bundled, pinned by digest, and never fetched.

``contexts/index.json`` lists each with its URL, SHA-256, licence and source. A file that is not what the
list says stops everything that needs it; a URL that is not in the list is refused by its name. What a
document *means* is decided by its contexts, so another text under a known URL would change every signature.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from accord_ledger.errors import DecodeError, FatalError

MAX_CONTEXTS: Final = 16
"""Most contexts one document may name."""


@dataclass(frozen=True, slots=True, eq=False)
class Contexts:
    """Contexts by URL."""

    texts: MappingProxyType[str, bytes] = field(repr=False)
    """The files, byte for byte as published (``relatedResource`` digests are over these bytes)."""

    def parsed(self, url: str) -> dict[str, Any]:
        """The context document under a URL, a fresh copy.

        Raises:
            DecodeError: ``CONTEXT_UNKNOWN``: not among the bundled ones; nothing is fetched.
        """
        if url not in self.texts:
            raise DecodeError("CONTEXT_UNKNOWN", f"expected a bundled context, got {url[:120]!r}")
        document: dict[str, Any] = json.loads(self.texts[url])
        return document

    def check(self, value: object, path: str = "@context") -> None:
        """Refuse a document's ``@context`` unless it is one URL or an array of URLs that are known.

        Raises:
            DecodeError: ``CONTEXT_MISSING``, ``CONTEXT_COUNT``, ``CONTEXT_INLINE`` (an object: what it
                means would be the signer's invention) or ``CONTEXT_UNKNOWN``.
        """
        listed = value if isinstance(value, list) else [value]
        if value is None or not listed:
            raise DecodeError("CONTEXT_MISSING", "expected at least one context", path=path)
        if len(listed) > MAX_CONTEXTS:
            raise DecodeError(
                "CONTEXT_COUNT", f"expected at most {MAX_CONTEXTS}, got {len(listed)}", path=path
            )
        for item in listed:
            if not isinstance(item, str):
                raise DecodeError("CONTEXT_INLINE", f"expected a URL, got a {type(item).__name__}", path=path)
            if item not in self.texts:
                raise DecodeError(
                    "CONTEXT_UNKNOWN", f"expected a bundled context, got {item[:120]!r}", path=path
                )

    def having(self, url: str, text: bytes) -> Contexts:
        """These contexts and one more that the caller vouches for."""
        return Contexts(MappingProxyType({**self.texts, url: text}))


@cache
def bundled() -> Contexts:
    """The contexts of this package, each found to have its digest.

    Raises:
        FatalError: ``CONTEXT_DIGEST``: a file of the installation was changed.
    """
    folder = files("accord_client.documents") / "contexts"
    texts: dict[str, bytes] = {}
    for item in json.loads((folder / "index.json").read_bytes()):
        text = (folder / item["file"]).read_bytes()
        check_digest(item["file"], text, item["sha256"])
        texts[item["url"]] = text
    return Contexts(MappingProxyType(texts))


def check_digest(name: str, text: bytes, expected: str) -> None:
    """Raise ``FatalError`` ``CONTEXT_DIGEST`` unless ``text`` has this SHA-256 (hex)."""
    found = sha256(text).hexdigest()
    if found != expected:
        raise FatalError("CONTEXT_DIGEST", f"expected {expected}, got {found}", path=name)
