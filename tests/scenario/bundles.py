"""Bundles of the scenario's credentials, with evidence of a stage's newest block.

The learner keeps the document to itself: the bundle holds its commitment, as a share package does.
"""

from __future__ import annotations

from accord_client.api import InclusionProof, StateProof
from accord_client.bundle import Bundle, BundleDocument, BundleHolder, BundleState, with_evidence
from accord_client.proofs import base64_text
from accord_client.trust import Trust
from accord_client.verify import Report, verify_bundle
from accord_client.verify.ledger_facts import read_facts
from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.merkle.proof import inclusion_proof
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.transaction import parse_record
from audit_world import checkpoint_note
from client_ledger import Recorded
from exchange_world import document, salt
from scenario.memory_stage import MemoryStage
from scenario.parties import genesis_file
from scenario.programmes import held, issued

DOCUMENT_CHECKS = {"badge", "reference", "signature", "holder", "claims", "dates", "position", "resources"}
"""Checks that need the document itself."""


def bundle_of(stage: MemoryStage, batch: str, index: int) -> Bundle:
    """One credential of a batch of the table, as its holder exports it now."""
    item = held(batch, index)
    draft = Bundle(
        format="accord-bundle/v1",
        network=stage.network,
        batch_id=item.batch_id,
        index=index,
        documents=(BundleDocument(commitment=document(item.batch_id, index)),),
        holder=BundleHolder(key=item.holder_key, salt=salt(item.batch_id, index)),
        path=item.path,
    )
    evidence = Recorded(stage.source.values)
    read_facts(evidence.context(stage.network, stage.version.time), item.batch_id, index)
    seal = _inclusion(stage, len(stage.log) - 1)
    keyed = AuthMap.build(stage.source.values.items())
    values = [_value(stage, keyed, key, seal) for key in evidence.seen]
    state = [
        BundleState(key=bytes.fromhex(one.key), value=one.value, proof=one.proof, seal=0) for one in values
    ]
    return with_evidence(draft, _inclusion(stage, _record_of(stage, batch)), [seal], state)


def verified(bundle: Bundle, at: int) -> Report:
    """What a stranger finds who has the genesis file alone."""
    return verify_bundle(bundle, Trust.from_genesis(genesis_file()), at=at)


def _record_of(stage: MemoryStage, batch: str) -> int:
    """Log index of the record that issued a batch."""
    for place, entry in enumerate(stage.log):
        if issued(batch).root in entry and parse_record(entry).tx.kind == "credential_issue":
            return place
    raise AssertionError(f"{batch} was not issued")


def _inclusion(stage: MemoryStage, index: int) -> InclusionProof:
    leaves = [leaf_hash(entry) for entry in stage.log]
    return InclusionProof(
        index=index,
        entry=base64_text(stage.log[index]),
        path=[item.hex() for item in inclusion_proof(leaves, index, len(leaves))],
        checkpoint=checkpoint_note(stage.log).decode(),
    )


def _value(stage: MemoryStage, keyed: AuthMap, key: bytes, seal: InclusionProof) -> StateProof:
    value = stage.source.values.get(key)
    proof = base64_text(codec.encode(keyed.prove(key)))
    return StateProof(
        key=key.hex(), value=None if value is None else base64_text(value), proof=proof, seal=seal
    )
