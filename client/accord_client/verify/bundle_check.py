"""The course of a verification: first the evidence, then what the ledger says, then the documents.

What cannot be judged because something before it failed is *not checked*, never passed. Proofs are
judged by the pin; rules are those of the core, read through proved values.
"""

from __future__ import annotations

from dataclasses import dataclass

from accord_client.bundle import Bundle, BundleDocument
from accord_client.documents.jcs import is_sd_jwt
from accord_client.documents.multikey import decode_multikey
from accord_client.proofs import ProvedSeal, check_record, check_seal
from accord_client.trust import Trust
from accord_client.verify.authority_check import check_authority
from accord_client.verify.document_check import check_documents
from accord_client.verify.evidence import Evidence, NotProvedError, SeenValues
from accord_client.verify.ledger_facts import LedgerFacts, read_facts
from accord_client.verify.report import Report
from accord_client.verify.sd_jwt_check import token_key
from accord_ledger import codec
from accord_ledger.credential import check_credential, holder_commitment
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.errors import AccordError, FatalError, ProofError, Rejection
from accord_ledger.keys import key_id, verifies
from accord_ledger.transaction import ParsedRecord, signed_message

QUORUM_CODES = ("CHECKPOINT_", "NOTE_", "TRUST_")
"""Codes that speak of who signed a checkpoint, not of what stands under it."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Evidence that passed."""

    evidence: Evidence
    time: int
    """Block time of the oldest seal that state was proved at."""
    height: int
    roots: tuple[bytes, ...]
    """State roots, by seal."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A report with what it rests on, for those who judge more bundles of the same batch."""

    report: Report
    proven: Proven | None = None
    facts: LedgerFacts | None = None


def verify_bundle(
    bundle: Bundle,
    trust: Trust,
    *,
    at: int,
    max_status_age: int | None = None,
    seen: SeenValues | None = None,
) -> Report:
    """Judge a bundle.

    Args:
        bundle: from :func:`accord_client.bundle.parse_bundle`.
        trust: the verifier's own pin.
        at: POSIX seconds for which validity is asked: now, mostly.
        max_status_age: seconds; an older status leaves ``freshness`` not checked.
        seen: values proved before, for a verifier of many bundles.
    """
    return judge_bundle(bundle, trust, at=at, max_status_age=max_status_age, seen=seen).report


def judge_bundle(
    bundle: Bundle,
    trust: Trust,
    *,
    at: int,
    max_status_age: int | None = None,
    seen: SeenValues | None = None,
) -> Judgement:
    """As :func:`verify_bundle`, with what the report rests on."""
    report = Report()
    trust = trust.of_network(bundle.network)
    if bundle.network != trust.network:
        detail = f"expected {trust.network.hex()}, got {bundle.network.hex()}"
        report.failed("network", "BUNDLE_NETWORK", detail)
        return Judgement(report.finish("the bundle is of another network"))
    report.passed("network")
    try:
        trust = _followed(report, bundle, trust)
    except FatalError as error:  # not the bundle's fault: this program is too old to judge
        report.open("quorum", error.code, error.detail)
        check_documents(report, bundle, None, at)
        return Judgement(report.finish("this program does not know the protocol of the ledger"))
    record = _record(report, bundle, trust)
    proven = _state(report, bundle, trust, SeenValues() if seen is None else seen)
    if proven is not None:
        _check_batch(report, bundle, proven)
    facts = _facts(report, bundle, trust, proven)
    if facts is None or proven is None:
        check_documents(report, bundle, None, at)
        return Judgement(report.finish("the evidence does not say"))
    report.facts = facts.to_plain() | {"as_of": proven.time, "as_of_height": proven.height}
    if record is not None:
        _check_record(report, bundle, record, facts)
    check_authority(report, facts, at)
    check_documents(report, bundle, facts, at)
    _check_freshness(report, proven.time, at, max_status_age)
    return Judgement(report.finish("the evidence does not say"), proven, facts)


# ---- evidence ----------------------------------------------------------------------------------------


def _blame(report: Report, name: str, error: AccordError) -> None:
    """A bad checkpoint is a matter of the quorum, everything else of the check itself."""
    report.failed_by("quorum" if error.code.startswith(QUORUM_CODES) else name, error)
    report.open(name, error.code, "a checkpoint that is not believed")


def _followed(report: Report, bundle: Bundle, trust: Trust) -> Trust:
    """The pin with the bundle's hand-offs followed, for this verification; the pin alone if one is bad.

    Raises:
        FatalError: ``VERSION_UNKNOWN``.
    """
    if trust.members is None:  # a policy stands for its own epoch, and no hand-off changes it
        return trust
    try:
        handoffs = [item.handoff(f"handoffs[{place}]") for place, item in enumerate(bundle.handoffs)]
        return trust.following(handoffs)
    except FatalError:
        raise
    except AccordError as error:
        report.failed_by("quorum", error)
        return trust


def _record(report: Report, bundle: Bundle, trust: Trust) -> ParsedRecord | None:
    if bundle.record is None:
        report.open("record", "BUNDLE_DRAFT", "the bundle holds no issuing record")
        return None
    try:
        proved = check_record(bundle.record.proof(), trust, path="record")
    except AccordError as error:
        _blame(report, "record", error)
        return None
    report.passed("quorum", f"{len(proved.believed.cosigners)} members cosigned")
    return proved.record


def _state(report: Report, bundle: Bundle, trust: Trust, seen: SeenValues) -> Proven | None:
    """Every seal, then every value; one bad value spoils the evidence."""
    seals: list[ProvedSeal] = []
    try:
        for place, seal in enumerate(bundle.seals):
            seals.append(check_seal(seal.proof(), trust, path=f"seals[{place}]"))
        values: dict[bytes, bytes | None] = {}
        for place, item in enumerate(bundle.state):
            root, path = seals[item.seal].seal.state_root, f"state[{place}]"
            values[item.key] = seen.check(root, item.key, item.value, item.proof, path=path)
    except AccordError as error:
        _blame(report, "state", error)
        return None
    if not seals:
        report.open("state", "BUNDLE_DRAFT", "the bundle proves no state")
        return None
    oldest = min((seals[number] for number in {item.seal for item in bundle.state} or {0}), key=_height)
    report.passed("state", f"{len(values)} values as of block {oldest.seal.height}")
    roots = tuple(seal.seal.state_root for seal in seals)
    return Proven(Evidence(values), oldest.seal.time, oldest.seal.height, roots)


def _height(seal: ProvedSeal) -> int:
    return seal.seal.height


def _facts(report: Report, bundle: Bundle, trust: Trust, proven: Proven | None) -> LedgerFacts | None:
    if proven is None:
        return None
    ctx = proven.evidence.context(trust.network, proven.time)
    try:
        facts = read_facts(ctx, bundle.batch_id, bundle.index, document_keys(bundle))
    except NotProvedError as error:
        for name in ("issuer", "programme", "accreditation", "claims", "status"):
            report.open(name, error.code, error.detail)
        return None
    except AccordError as error:  # a ledger that contradicts itself, or values of another table
        report.failed_by("state", error)
        return None
    return facts


def document_keys(bundle: Bundle) -> list[bytes]:
    """Ids of the keys that documents say they are signed with, those that can be read, each once."""
    found: dict[bytes, None] = {}
    for document in bundle.documents:
        for method in _methods(document):
            try:
                found[key_id(decode_multikey(str(method).rpartition("#")[2]))] = None
            except AccordError:
                continue  # the signature check names what is wrong with it
    return list(found)[:16]


def _methods(document: BundleDocument) -> list[object]:
    """URLs of the keys a document says it is signed with."""
    if is_sd_jwt(document.media_type or ""):
        try:
            return [token_key(document)]
        except AccordError:
            return []  # the form check names what is wrong with it
    proofs = document.content.get("proof") if isinstance(document.content, dict) else None
    items = proofs if isinstance(proofs, list) else [proofs]
    return [proof.get("verificationMethod") for proof in items if isinstance(proof, dict)]


# ---- what the ledger holds ---------------------------------------------------------------------------


def _check_record(report: Report, bundle: Bundle, record: ParsedRecord, facts: LedgerFacts) -> None:
    """The record is the issuance of this batch, and keys of its issuers signed it."""
    try:
        if _said(record, facts) != _held(bundle, facts):
            raise Rejection("RECORD_BATCH", "expected the batch, root, number and programme of the ledger")
        for signer in facts.batch.keys:
            _check_signature(record, signer, facts)
    except AccordError as error:
        report.failed_by("record", error)
        return
    report.passed("record", f"{record.tx_id.hex()}")


def _said(record: ParsedRecord, facts: LedgerFacts) -> tuple[object, ...]:
    """What the issuing record says: batch, root, number, status positions, and what it was issued for."""
    expected = "credential_issue" if facts.award is None else "stack_award"
    if record.tx.kind != expected:
        raise Rejection("RECORD_KIND", f"expected {expected}, got {record.tx.kind}")
    if facts.award is None:
        issued = codec.decode(record.tx.body, IssueBody)
        place = (issued.status_list, issued.status_start)
        return issued.batch_id, issued.merkle_root, issued.count, *place, issued.programme
    stacked = codec.decode(record.tx.body, StackBody)
    place = (stacked.status_list, stacked.status_start)
    return stacked.batch_id, stacked.merkle_root, 1, *place, stacked.enrolment


def _held(bundle: Bundle, facts: LedgerFacts) -> tuple[object, ...]:
    """The same as the ledger holds it; an award names its programme by the learner's enrolment."""
    batch = facts.batch
    reason = batch.programme if facts.award is None else facts.award.enrolment
    place = (batch.status_list, batch.status_start)
    return bundle.batch_id, batch.merkle_root, batch.count, *place, reason


def _check_signature(record: ParsedRecord, signer: bytes, facts: LedgerFacts) -> None:
    key = facts.keys.get(signer)
    for name, scope, signature in record.signatures:
        if name == signer and key is not None:
            message = signed_message(scope, record.tx_id, record.body_hash)
            if verifies(key.public, message, signature):
                return
    raise Rejection("RECORD_SIGNATURE", f"expected a valid signature of {signer.hex()}")


def _check_batch(report: Report, bundle: Bundle, proven: Proven) -> None:
    try:
        batch = proven.evidence.load(BATCHES, BATCHES.key(bundle.batch_id))
        if batch is None:
            raise ProofError("BATCH_UNKNOWN", "the ledger holds no batch of this id")
        check_credential(
            bundle.batch_id,
            bundle.index,
            bundle.documents_root(),
            holder_commitment(bundle.holder.salt, bundle.holder.key),
            path=bundle.path,
            count=batch.count,
            merkle_root=batch.merkle_root,
        )
    except NotProvedError as error:
        report.open("batch", error.code, error.detail)
    except AccordError as error:
        report.failed_by("batch", error)
    else:
        report.passed("batch", place_in_batch(bundle.index, batch.count))


def place_in_batch(index: int, count: int) -> str:
    """What a report says of a credential that stands at its place."""
    return f"{index + 1} of {count}"


def _check_freshness(report: Report, time: int, at: int, max_age: int | None) -> None:
    age = at - time
    if max_age is not None and age > max_age:
        report.open("freshness", "STATUS_OLD", f"expected at most {max_age} s, got {age} s")
        return
    report.passed("freshness", f"{max(age, 0)} s old")
