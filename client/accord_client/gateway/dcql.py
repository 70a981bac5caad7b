"""DCQL (OpenID4VP 1.0, section 6): what a verifier asks for, and whether what came answers it.

Understood are ``credentials`` with ``id``, ``format`` (``dc+sd-jwt`` and ``ldp_vc``), ``meta``, ``claims``,
``claim_sets`` and ``multiple``, and ``credential_sets``. A query that uses anything else is refused when it is
made, so that no answer is ever judged by less than was asked. Every presentation proves possession of the
holder's key; a query cannot do without.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from accord_client.documents.json_guard import JsonObject
from accord_client.gateway.problems import GatewayError
from accord_client.gateway.web import members
from accord_ledger.errors import ProofError

FORMATS: Final = {"dc+sd-jwt": "vct_values", "ldp_vc": "type_values"}
"""Formats, with the name of what each may be narrowed by."""

MAX_QUERIES: Final = 16
MAX_CLAIMS: Final = 64
MAX_PATH: Final = 16
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """One claim that is wanted."""

    id: str
    path: tuple[str | int | None, ...]
    values: tuple[Any, ...]
    """One of these, if any are named."""

    def met(self, credential: JsonObject) -> bool:
        """Whether a credential has it (sections 6.4.1 and 7.1)."""
        found = select(credential, self.path)
        if not self.values:
            return bool(found)
        return any(_same(item, value) for item in found for value in self.values)


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential that is wanted."""

    id: str
    format: str
    types: tuple[Any, ...]
    """``vct_values``, or ``type_values`` (each an array of types that are all wanted)."""
    claims: tuple[ClaimQuery, ...]
    claim_sets: tuple[tuple[str, ...], ...]
    multiple: bool

    def check_claims(self, credential: JsonObject) -> None:
        """Raise ``ProofError`` ``DCQL_CLAIM`` unless the claims asked for are there."""
        met = {claim.id for claim in self.claims if claim.met(credential)}
        sets: Sequence[Sequence[str]] = self.claim_sets or ([claim.id for claim in self.claims],)
        if not any(met.issuperset(wanted) for wanted in sets):
            missing = [".".join(map(str, claim.path)) for claim in self.claims if claim.id not in met]
            raise ProofError("DCQL_CLAIM", f"expected {', '.join(missing)[:200]}", path=self.id)


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query."""

    credentials: dict[str, CredentialQuery]
    sets: tuple[tuple[tuple[tuple[str, ...], ...], bool], ...]
    """Options (each a list of ids), and whether one of them is required."""

    def check_answered(self, given: set[str]) -> None:
        """Whether these ids answer the query (section 6.4.2).

        Raises:
            ProofError: ``DCQL_UNASKED`` or ``DCQL_MISSING``.
        """
        if foreign := given - set(self.credentials):
            raise ProofError("DCQL_UNASKED", f"expected only what was asked, got {sorted(foreign)[:4]}")
        if not self.sets and (missing := set(self.credentials) - given):
            raise ProofError("DCQL_MISSING", f"expected {sorted(missing)[:4]} too")
        for options, required in self.sets:
            if required and not any(given.issuperset(option) for option in options):
                raise ProofError(
                    "DCQL_MISSING", f"expected one of {[list(option) for option in options][:4]}"
                )


def select(value: Any, path: Sequence[str | int | None]) -> list[Any]:
    """What stands at a claims path (section 7.1.1); nothing where it leads nowhere."""
    found = [value]
    for step in path:
        reached: list[Any] = []
        for item in found:
            if isinstance(step, str) and isinstance(item, dict) and step in item:
                reached.append(item[step])
            elif step is None and isinstance(item, list):
                reached.extend(item)
            elif isinstance(step, int) and isinstance(item, list) and step < len(item):
                reached.append(item[step])
        found = reached
    return found


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and left == right


# ---- reading -----------------------------------------------------------------------------------------


def read_query(value: JsonObject) -> Query:
    """A query that can be judged.

    Raises:
        GatewayError: ``BODY_*`` (missing, unknown or of another type) or ``DCQL_FORM``.
    """
    members(value, {"credentials": list}, {"credential_sets": list}, "dcql_query")
    listed = [
        _credential(item, f"dcql_query.credentials[{place}]")
        for place, item in enumerate(_some(value["credentials"], "credentials"))
    ]
    credentials = {item.id: item for item in listed}
    if len(credentials) != len(listed):
        raise GatewayError("DCQL_FORM", "expected each id once", path="dcql_query.credentials")
    sets = value.get("credential_sets")
    read = () if sets is None else tuple(_set(item, credentials) for item in _some(sets, "credential_sets"))
    return Query(credentials, read)


def _some(value: list[Any], path: str, most: int = MAX_QUERIES) -> list[Any]:
    if not 1 <= len(value) <= most:
        raise GatewayError("DCQL_FORM", f"expected 1 to {most} items", path=path)
    return value


def _object(value: Any, path: str) -> JsonObject:
    if not isinstance(value, dict):
        raise GatewayError("DCQL_FORM", "expected an object", path=path)
    return value


def _id(value: Any, path: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise GatewayError("DCQL_FORM", "expected letters, digits, _ and -", path=f"{path}.id")
    return value


def _credential(value: Any, path: str) -> CredentialQuery:
    members(
        _object(value, path), {"id": str, "format": str, "meta": dict},
        {"claims": list, "claim_sets": list, "multiple": bool, "require_cryptographic_holder_binding": bool}, path,
    )  # fmt: skip
    if value["format"] not in FORMATS or not value.get("require_cryptographic_holder_binding", True):
        raise GatewayError("DCQL_FORM", f"expected {' or '.join(FORMATS)} with holder binding", path=path)
    narrow = FORMATS[value["format"]]
    members(value["meta"], {narrow: list}, {}, f"{path}.meta")
    kinds = _some(value["meta"][narrow], f"{path}.meta.{narrow}")
    for kind in kinds:
        texts = kind if narrow == "type_values" else [kind]
        if not isinstance(texts, list) or not texts or not all(isinstance(item, str) for item in texts):
            raise GatewayError("DCQL_FORM", "expected types", path=f"{path}.meta.{narrow}")
    claims = tuple(
        _claim(item, f"{path}.claims[{place}]", place)
        for place, item in enumerate(
            _some(value["claims"], f"{path}.claims", MAX_CLAIMS) if "claims" in value else []
        )
    )
    names = {claim.id for claim in claims}
    sets = tuple(_ids(item, names, f"{path}.claim_sets") for item in value.get("claim_sets", []))
    if len(names) != len(claims) or ("claim_sets" in value and not sets):
        raise GatewayError("DCQL_FORM", "expected each id once, and sets of them", path=path)
    return CredentialQuery(
        _id(value["id"], path), value["format"], tuple(kinds), claims, sets, value.get("multiple", False)
    )


def _claim(value: Any, path: str, place: int) -> ClaimQuery:
    members(_object(value, path), {"path": list}, {"id": str, "values": list}, path)
    steps = _some(value["path"], f"{path}.path", MAX_PATH)
    for step in steps:
        number = isinstance(step, int) and not isinstance(step, bool) and step >= 0
        if not (isinstance(step, str) or step is None or number):
            raise GatewayError("DCQL_FORM", "expected names, indexes from 0 and null", path=f"{path}.path")
    values = _some(value["values"], f"{path}.values", MAX_CLAIMS) if "values" in value else []
    if not all(isinstance(item, str | int | bool) for item in values):
        raise GatewayError("DCQL_FORM", "expected text, integers or booleans", path=f"{path}.values")
    name = _id(value["id"], path) if "id" in value else f"claim {place}"
    return ClaimQuery(name, tuple(steps), tuple(values))


def _ids(value: Any, known: set[str], path: str) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(item, str) and item in known for item in value)
    ):
        raise GatewayError("DCQL_FORM", "expected ids of this query", path=path)
    return tuple(value)


def _set(value: Any, known: dict[str, CredentialQuery]) -> tuple[tuple[tuple[str, ...], ...], bool]:
    path = "dcql_query.credential_sets"
    members(_object(value, path), {"options": list}, {"required": bool}, path)
    options = tuple(_ids(item, set(known), path) for item in _some(value["options"], path))
    return options, value.get("required", True)
