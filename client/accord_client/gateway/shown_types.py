"""The types of a credential, as they are written and as their contexts expand them."""

from __future__ import annotations

from typing import Final

from accord_client.documents.json_guard import JsonObject
from accord_client.documents.json_ld import to_quads
from accord_client.gateway import vc_values as v
from accord_client.gateway.open_contexts import OpenContexts, has_inline

_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


def types_of(credential: JsonObject, contexts: OpenContexts) -> set[str]:
    """Every type of a credential whose form is good, by its term and by its IRI (OpenID4VP 1.0, B.1.1).

    Raises:
        DecodeError: as :func:`accord_client.documents.json_ld.to_quads`.
    """
    part: JsonObject = {"@context": credential["@context"], "type": credential["type"]}
    known = contexts.fresh() if has_inline(part) else contexts
    written = {item for item in v.items(credential["type"]) if isinstance(item, str)}
    return written | {quad[2][1:-1] for quad in to_quads(part, known) if quad[1] == _TYPE}
