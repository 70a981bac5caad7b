"""Accounts and what credentials are used for: T26 to T29, T33."""

from __future__ import annotations

from collections.abc import Sequence

from accord_client.builders.request import Request, by_registrars
from accord_client.issuing import PreparedBatch
from accord_ledger.domain.attestation import Attestation, AttestedFact
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.admission import AdmissionBody
from accord_ledger.domain.kinds.benefit import BenefitClaimBody, BenefitRuleBody
from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody, EnrolmentOpenBody
from accord_ledger.domain.kinds.recognise import RecogniseBody
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.model.use import BenefitKind
from accord_ledger.merkle.proof import inclusion_proof
from accord_ledger.merkle.tree import leaf_hash


def open_enrolment(author: str, enrolment: bytes, award: tuple[str, int]) -> Request:
    """T26: an account towards an award."""
    body = EnrolmentOpenBody(enrolment=enrolment, award=award)
    return Request("enrolment_open", author, body, ((author, "registrar"),))


def close_enrolment(author: str, enrolment: bytes) -> Request:
    """T26: nothing more is recognised into the account."""
    return Request(
        "enrolment_close", author, EnrolmentCloseBody(enrolment=enrolment), ((author, "registrar"),)
    )


def recognise(
    author: str,
    *,
    recognition: bytes,
    enrolment: bytes,
    agreement: tuple[str, int],
    rule: str,
    items: Sequence[Item],
    claimed: str,
    targets: Sequence[str] = (),
    attestations: Sequence[Attestation] = (),
    consent: bytes | None = None,
    sign_by: int = 0,
    cosigners: Sequence[str] = (),
) -> Request:
    """T27: items become credit in an account; the holders of the items sign besides.

    Args:
        author: the receiver.
        recognition: fresh UUIDv7.
        enrolment: the account.
        agreement: id and version.
        rule: rule of the agreement.
        items: from :func:`item_of` or :meth:`accord_client.bundle.Bundle.item`.
        claimed: the credits that come out, ``"2/1"``.
        targets: courses of the award, or none for the award as a whole.
        attestations: what the receiver opened and checked (:func:`attest`).
        consent: hash of the holder's consent, across a border.
        sign_by: until when holders and cosigners may sign the body.
        cosigners: parties of the rule whose registrars sign with keys at hand.
    """
    body = RecogniseBody(
        recognition=recognition,
        enrolment=enrolment,
        agreement=agreement,
        rule=rule,
        items=tuple(items),
        claimed_credits=claimed,
        targets=tuple(targets),
        attestations=tuple(attestations),
        consent=consent,
        sign_by=sign_by,
    )
    return Request("recognise", author, body, by_registrars(author, cosigners))


def attest(item: int, fact: AttestedFact, documents: Sequence[bytes], position: int) -> Attestation:
    """That the receiver opened a document of an item and found a fact there (T27, T29).

    Args:
        item: place of the item in the record.
        fact: what was checked.
        documents: commitments of all documents of the credential, in order.
        position: which of them was opened.
    """
    path = inclusion_proof([leaf_hash(one) for one in documents], position, len(documents))
    return Attestation(
        item=item,
        fact=fact,
        document=documents[position],
        position=position,
        total=len(documents),
        path=tuple(path),
    )


def reverse_recognition(
    author: str, recognition: bytes, reason: str, holders: Sequence[bytes] = (), *, sign_by: int = 0
) -> Request:
    """T28: take a recognition back; with ``holder_left`` the holders' public keys, who sign too."""
    body = ReverseBody(recognition=recognition, reason=reason, holders=tuple(holders), sign_by=sign_by)
    return Request("recognise_reverse", author, body, ((author, "registrar"),))


def item_of(batch: PreparedBatch, index: int) -> Item:
    """The item that opens one credential of a prepared batch (DOMAIN.md 2.2)."""
    credential = batch.credentials[index]
    return Item(
        batch_id=batch.batch_id,
        index=index,
        documents=credential.documents_root,
        holder_key=credential.holder_public,
        salt_k=credential.holder_salt,
        path=tuple(batch.inclusion_path(index)),
    )


def attest_admission(
    author: str,
    *,
    admission: bytes,
    enrolment: bytes,
    agreement: tuple[str, int],
    rule: str,
    items: Sequence[Item],
    claimed: str,
    attestations: Sequence[Attestation] = (),
    consent: bytes | None = None,
    sign_by: int = 0,
    cosigners: Sequence[str] = (),
) -> Request:
    """T29: items entitle to enter an award, and are not spent; arguments as :func:`recognise`.

    ``claimed`` is the sum of the items' own credits.
    """
    body = AdmissionBody(
        admission=admission,
        enrolment=enrolment,
        agreement=agreement,
        rule=rule,
        items=tuple(items),
        claimed_credits=claimed,
        attestations=tuple(attestations),
        consent=consent,
        sign_by=sign_by,
    )
    return Request("admission_attest", author, body, by_registrars(author, cosigners))


def define_benefit(
    author: str,
    rule: bytes,
    programmes: Sequence[str],
    kind: BenefitKind,
    amount: tuple[int, str],
    list_id: str,
) -> Request:
    """T32: what an employer body pays for credentials of some programmes; amount in minor units, currency."""
    body = BenefitRuleBody(
        rule=rule,
        programmes=tuple(sorted(set(programmes))),
        kind=kind,
        amount_minor=amount[0],
        currency=amount[1],
        list_id=list_id,
    )
    return Request("benefit_rule", author, body, ((author, "institution"),))


def claim_benefit(
    author: str, rule: bytes, item: Item, *, consent: bytes | None = None, sign_by: int = 0
) -> Request:
    """T33: the employer body pays for one credential, once; the item's holder signs too."""
    body = BenefitClaimBody(rule=rule, item=item, consent=consent, sign_by=sign_by)
    return Request("benefit_claim", author, body, ((author, "institution"),))
