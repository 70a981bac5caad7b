"""Objects of the ledger by id, each with a proof of presence or absence on request."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from accord_client.api import Fact
from accord_ledger.codec import Wire
from accord_ledger.domain.model.parameters import PARAMETERS, ParameterHead
from accord_ledger.domain.model.parameters import Parameters as AllianceParameters
from accord_ledger.errors import DecodeError
from accord_ledger.state import Part
from accord_node.http.plain import plain
from accord_node.http.problems import ProblemError
from accord_node.http.routes import Answer, Call, Handler, Nothing, Parameters, Route
from accord_node.http.site import Site, position_of
from accord_node.http.state_keys import KEY_PARTS, decode_value, read_part, state_key, tables
from accord_node.http.versions import snapshot_version

ProofFlag = Annotated[int, Meta(ge=0, le=1, description="1: with proof")]
PathText = Annotated[str, Meta(min_length=1, max_length=128)]


class ProofQuery(Parameters, frozen=True, kw_only=True):
    """Whether to prove."""

    proof: ProofFlag = 0


class IdPath(Parameters, frozen=True, kw_only=True):
    """One id."""

    id: PathText


class VersionPath(Parameters, frozen=True, kw_only=True):
    """An id and a version."""

    id: PathText
    version: PathText


async def fact(site: Site, table: str, parts: tuple[Part, ...], *, proof: bool) -> Fact:
    """The object under a key.

    Raises:
        ProblemError: ``OBJECT_UNKNOWN`` (with proof of absence, if asked for), ``PROOF_NOT_READY``.
    """
    key = state_key(table, *parts)
    if proof:
        proved = await site.prover.states([key])
        version, raw, evidence = proved.version, proved.values[0], proved.proofs[0]
    else:
        now, raw = await site.reads.visit(lambda now: (now.height, now.value(key)))
        version, evidence = await snapshot_version(site.node, now), None
    position = position_of(version)
    if raw is None:
        raise ProblemError("OBJECT_UNKNOWN", f"no {table} under this key", position=position, proof=evidence)
    return Fact(value=plain(decode_value(table, raw)), position=position, proof=evidence)


def read_parts(table: str, given: list[str]) -> tuple[Part, ...]:
    """Key parts from an address.

    Raises:
        ProblemError: ``STATE_KEY``.
    """
    wanted = KEY_PARTS[table]
    if len(given) != len(wanted):
        names = "/".join(part.name for part in wanted)
        raise ProblemError("STATE_KEY", f"expected {len(wanted)} parts ({names}), got {len(given)}")
    try:
        return tuple(read_part(part, text) for part, text in zip(wanted, given, strict=True))
    except DecodeError as error:
        raise ProblemError(error.code, error.detail, path=error.path) from error


def by_key(table: str) -> Handler:
    """A handler for objects of one table, addressed by its key parts in order."""

    async def handler(site: Site, call: Call[Parameters, ProofQuery]) -> Answer:
        given = [str(getattr(call.path, name)) for name in call.path.__struct_fields__]
        return await fact(site, table, read_parts(table, given), proof=bool(call.query.proof))

    return handler


BY_ID: Final = {
    "parties": ("party", "A party"),
    "keys": ("key", "A key and what it may sign, whoever holds it"),
    "nodes": ("node", "Endpoint and keys of a party's node"),
    "programmes": ("programme_head", "What holds for all versions of a programme"),
    "frameworks": ("framework_head", "Newest version of a credit framework"),
    "profiles": ("profile_head", "Newest version of a jurisdiction profile"),
    "lists": ("list_head", "Newest version of a closed list"),
    "grants": ("grant", "An accreditation"),
    "agreements": ("agreement", "An agreement's status and version in force"),
    "batches": ("batch", "An issuance"),
    "enrolments": ("enrolment", "A learner's account towards one award"),
    "recognitions": ("recognition", "One recognition of credit"),
    "reviews": ("review", "The newest review of a recognition"),
}
"""Address to (table, summary), for tables whose key is one id."""

BY_VERSION: Final = {
    "programmes/{id}/{version}": ("programme", "One version of a programme"),
    "frameworks/{id}/{version}": ("framework", "One version of a credit framework"),
    "profiles/{id}/{version}": ("profile", "One version of a jurisdiction profile"),
    "lists/{id}/{version}": ("list", "One version of a closed list"),
    "agreements/{id}/{version}": ("agreement_version", "Stage and signatures of one version of an agreement"),
    "agreements/{id}/{version}/terms": ("agreement_terms", "What the parties of an agreement sign"),
}


async def parameters(site: Site, call: Call[Nothing, ProofQuery]) -> Answer:
    """Parameters of the alliance; until they are changed, the defaults, with a proof of absence."""
    try:
        return await fact(site, PARAMETERS.name, (), proof=bool(call.query.proof))
    except ProblemError as problem:
        if problem.position is None:
            raise
        defaults = ParameterHead(newest=AllianceParameters(), since=0)
        return Fact(value=plain(defaults), position=problem.position, proof=problem.proof)


_PROBLEMS = ("OBJECT_UNKNOWN", "STATE_KEY", "PROOF_NOT_READY")


def _route(address: str, table: str, summary: str, path: type[Parameters]) -> Route:
    value: type[Wire] = tables()[table]
    return Route(
        "GET", f"/v1/{address}", by_key(table), summary, Fact,
        path=path, query=ProofQuery, value=value, problems=_PROBLEMS,
    )  # fmt: skip


ROUTES: Final = (
    *(_route(f"{name}/{{id}}", table, text, IdPath) for name, (table, text) in BY_ID.items()),
    *(_route(name, table, text, VersionPath) for name, (table, text) in BY_VERSION.items()),
    _route("seats", "seats", "Parties that vote", Nothing),
    Route(
        "GET", "/v1/parameters", parameters, "Parameters of the alliance", Fact,
        query=ProofQuery, value=ParameterHead, problems=("PROOF_NOT_READY",),
    ),
)  # fmt: skip
