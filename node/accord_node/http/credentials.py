"""One credential: its batch, its status page and its own row, read and proved together.

The ledger keeps rows only for what is exceptional; a credential without any is untouched and valid, and
the proof of that is a proof of absence.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from accord_client.api import CredentialFact, CredentialView, StateProof
from accord_client.verify.evidence import Evidence, NotProvedError
from accord_ledger.domain.credentials import credential_of, standing_of
from accord_ledger.domain.model.award import MAX_DEPTH
from accord_ledger.domain.model.credential import (
    BATCHES,
    CREDENTIALS,
    PAGE,
    STANDING_PAGES,
    Batch,
    Credential,
    Standing,
)
from accord_ledger.errors import FatalError
from accord_ledger.execute import Version
from accord_ledger.state import View
from accord_node.http.plain import plain
from accord_node.http.problems import ProblemError
from accord_node.http.routes import Call, Parameters, Route
from accord_node.http.site import Site, position_of
from accord_node.http.state import ProofQuery
from accord_node.http.versions import snapshot_version


class CredentialPath(Parameters, frozen=True, kw_only=True):
    """A credential's name."""

    batch_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    index: Annotated[int, Meta(ge=0, le=131_071)]


MAX_ROUNDS: Final = 2 * MAX_DEPTH + 2
"""Most rounds of reading: the awards above a credential are read one by one, and are so few."""


async def credential(site: Site, call: Call[CredentialPath, ProofQuery]) -> CredentialFact:
    """Status and uses of one credential; an award that holds it no more is not shown."""
    batch_id, index = bytes.fromhex(call.path.batch_id), call.path.index
    keys = [
        BATCHES.key(batch_id),
        STANDING_PAGES.key(batch_id, index // PAGE),
        CREDENTIALS.key(batch_id, index),
    ]
    for _ in range(MAX_ROUNDS):
        version, evidence, proofs = await _read(site, keys, proof=bool(call.query.proof))
        state = View(evidence)
        batch = state.get(BATCHES, batch_id)
        if batch is None or index >= batch.count:
            what = "no batch of this id" if batch is None else f"the batch has {batch.count} credentials"
            position, proof = position_of(version), proofs[0] if proofs else None
            raise ProblemError("OBJECT_UNKNOWN", what, position=position, proof=proof)
        try:
            row = credential_of(state, batch_id, index)
        except NotProvedError as error:  # the award it was stacked into, and what holds that
            keys.append(error.key)
            continue
        view = _view(call.path, batch, standing_of(state, batch_id, index), row)
        return CredentialFact(value=view, position=position_of(version), proofs=proofs)
    raise FatalError("STATE_CORRUPT", f"expected at most {MAX_DEPTH} awards above a credential")


async def _read(site: Site, keys: list[bytes], *, proof: bool) -> tuple[Version, Evidence, list[StateProof]]:
    """The values of one height, with proofs if they are wanted."""
    if proof:
        proved = await site.prover.states(keys)
        return proved.version, Evidence(dict(zip(keys, proved.values, strict=True))), list(proved.proofs)
    height, values = await site.reads.visit(lambda now: (now.height, {key: now.value(key) for key in keys}))
    return await snapshot_version(site.node, height), Evidence(values), []


def _view(path: CredentialPath, batch: Batch, standing: Standing, row: Credential) -> CredentialView:
    return CredentialView(
        batch_id=path.batch_id,
        index=path.index,
        status=standing.status,
        status_since=standing.since,
        effect=standing.effect,
        confirmed_at=standing.confirmed_at,
        replaced=standing.replaced,
        erased_at=row.erased_at,
        spends=plain(row.spends),
        stacked_into=None if row.stacked_into is None else row.stacked_into.hex(),
        batch=plain(batch),
    )


ROUTES: Final = (
    Route(
        "GET", "/v1/credentials/{batch_id}/{index}", credential, "Status and uses of one credential",
        CredentialFact, path=CredentialPath, query=ProofQuery, problems=("OBJECT_UNKNOWN", "PROOF_NOT_READY"),
    ),
)  # fmt: skip
