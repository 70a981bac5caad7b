"""One credential: its batch, its status page and its own row, read and proved together.

The ledger keeps rows only for what is exceptional; a credential without any is untouched and valid, and
the proof of that is a proof of absence.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from accord_client.api import CredentialFact, CredentialView
from accord_ledger.domain.model.credential import (
    BATCHES,
    CREDENTIALS,
    PAGE,
    STANDING_PAGES,
    Batch,
    Credential,
    Standing,
)
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


async def credential(site: Site, call: Call[CredentialPath, ProofQuery]) -> CredentialFact:
    """Status and uses of one credential."""
    batch_id, index = bytes.fromhex(call.path.batch_id), call.path.index
    keys = [
        BATCHES.key(batch_id),
        STANDING_PAGES.key(batch_id, index // PAGE),
        CREDENTIALS.key(batch_id, index),
    ]
    if call.query.proof:
        proved = await site.prover.states(keys)
        version, values, proofs = proved.version, proved.values, list(proved.proofs)
    else:
        height, values = await site.reads.visit(
            lambda now: (now.height, tuple(now.value(key) for key in keys))
        )
        version, proofs = await snapshot_version(site.node, height), []
    position = position_of(version)
    batch = None if values[0] is None else BATCHES.decode(values[0])
    if batch is None or index >= batch.count:
        what = "no batch of this id" if batch is None else f"the batch has {batch.count} credentials"
        raise ProblemError("OBJECT_UNKNOWN", what, position=position, proof=proofs[0] if proofs else None)
    row = Credential() if values[2] is None else CREDENTIALS.decode(values[2])
    view = _view(call.path, batch, _standing(values[1], index), row)
    return CredentialFact(value=view, position=position, proofs=proofs)


def _standing(page: bytes | None, index: int) -> Standing:
    spans = () if page is None else STANDING_PAGES.decode(page).spans
    return next((span.standing for span in spans if span.start <= index < span.end), Standing())


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
