"""Bundles with evidence: what a verification will read is fetched, proved, and put beside the documents."""

from __future__ import annotations

from typing import Final

from accord_client.api import InclusionProof, StateProof
from accord_client.bundle import Bundle, BundleState, with_evidence
from accord_client.errors import NotFoundError
from accord_client.proofs import check_record
from accord_client.sdk.reads import Reads
from accord_client.verify.bundle_check import document_keys
from accord_client.verify.ledger_facts import read_facts
from accord_ledger import codec
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.model.credential import Batch
from accord_ledger.errors import AccordError
from accord_ledger.handoff import Handoff

_ISSUING: Final[dict[str, type[IssueBody | StackBody]]] = {
    "credential_issue": IssueBody,
    "stack_award": StackBody,
}
"""Kinds of records that make a batch."""


class Exports(Reads):
    """Exports of :class:`accord_client.sdk.AccordClient`."""

    async def with_evidence(
        self,
        bundle: Bundle,
        *,
        record: InclusionProof | None = None,
        proofs: dict[bytes, StateProof] | None = None,
    ) -> Bundle:
        """The bundle with the issuing record and proofs of everything a verifier reads, as of now.

        Args:
            bundle: a draft, or one whose evidence is to be renewed.
            record: proof of the issuing record, if it is at hand (all of a batch share it).
            proofs: proofs at hand by state key, shared between the credentials of a batch; those that
                are fetched are added.

        Raises:
            NotFoundError: ``BATCH_UNKNOWN``: the batch is not on the ledger.
            NodeError, ProofError: as every read.
        """
        wanted = document_keys(bundle)
        facts, gathered = await self.gather(
            lambda ctx: read_facts(ctx, bundle.batch_id, bundle.index, wanted), proofs
        )
        if facts is None:
            raise NotFoundError("BATCH_UNKNOWN", f"the ledger has no batch {bundle.batch_id.hex()}")
        if record is None:
            record = await self.issuing_record(bundle.batch_id, facts.batch)
        return assembled(bundle, record, gathered, self.trust.handoffs)

    async def issuing_record(self, batch_id: bytes, batch: Batch) -> InclusionProof:
        """Proof of the record that issued a batch (T16) or conferred an award (T30), found in its block.

        Raises:
            NotFoundError: ``RECORD_UNKNOWN``.
        """
        block = await self.block(batch.issued_height)
        for index in range(block.first, block.first + block.count):
            _, proved, proof = await self.record(index)
            made = _ISSUING.get(proved.record.tx.kind)
            if made is not None and codec.decode(proved.record.tx.body, made).batch_id == batch_id:
                return proof
        raise NotFoundError(
            "RECORD_UNKNOWN", f"block {batch.issued_height} has no issuance of {batch_id.hex()}"
        )

    async def fresh_record(self, bundle: Bundle) -> InclusionProof | None:
        """The proof of a bundle's record under a newer checkpoint; None if it has none that holds."""
        if bundle.record is None:
            return None
        try:
            check_record(bundle.record.proof(), self.trust)
        except AccordError:
            return None
        return (await self.record(bundle.record.index))[2]


def assembled(
    bundle: Bundle,
    record: InclusionProof,
    gathered: dict[bytes, StateProof],
    handoffs: tuple[Handoff, ...],
) -> Bundle:
    """The bundle with this evidence; proofs that share a seal name it once."""
    seals: list[InclusionProof] = []
    states = []
    for key, proof in gathered.items():
        if proof.seal not in seals:
            seals.append(proof.seal)
        states.append(
            BundleState(key=key, value=proof.value, proof=proof.proof, seal=seals.index(proof.seal))
        )
    return with_evidence(bundle, record, seals, states, handoffs)
