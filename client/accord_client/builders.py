"""Requests to the ledger: which kind, what body, whose signatures; and the drafts that carry them.

A :class:`Request` says what is asked and who must sign; :class:`Author` turns it into a signed record with
keys from a keyring. Signatures that take days (committees, cosigners, holders) are made over the body and
travel as small files (:class:`BodySignature`); they count until the body's own ``sign_by``.

The functions below are thin: one for each thing people do, naming the signers of DOMAIN.md 2.4.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from accord_client.body_signature import BodySignature
from accord_client.errors import RefusedError
from accord_client.issuing import PreparedBatch
from accord_client.keyring import Signer, SignerSource
from accord_client.plain import from_plain
from accord_ledger.domain.items import Item
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.agreement import ProposeBody, SignBody, TerminateBody
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody, EnrolmentOpenBody
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.recognise import RecogniseBody
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.kinds.status import Action, Effect, StatusBody
from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.model.programme import ApprovalKind, ProgrammeTerms
from accord_ledger.domain.terms import terms_hash
from accord_ledger.keys import key_id
from accord_ledger.transaction import Draft

DEFAULT_LIFETIME: Final = 600
"""Seconds a record may take to become final, if the caller does not say; the ledger allows an hour."""

NONCE_BYTES: Final = 16

Purposed = tuple[str, str]
"""(party, purpose) of a signer."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something an institution asks of the ledger."""

    kind: str
    author: str
    """Party that submits."""
    body: Body
    signers: tuple[Purposed, ...]
    """Whose keys sign the transaction; the first is one of the author."""


@dataclass(frozen=True, slots=True)
class Author:
    """Makes signed records for one network with keys from a keyring."""

    network: bytes
    keys: SignerSource
    lifetime: int = DEFAULT_LIFETIME
    """Seconds until ``expires``."""
    now: Callable[[], float] = field(default=time.time)
    """Ledger time, roughly: the machine's clock unless the network's is scripted."""

    def draft(self, request: Request) -> Draft:
        """The unsigned transaction with a fresh nonce."""
        return Draft(
            network=self.network,
            kind=request.kind,
            author=request.author,
            body=request.body,
            expires=int(self.now()) + self.lifetime,
            nonce=secrets.token_bytes(NONCE_BYTES),
        )

    def sign(
        self,
        request: Request,
        *,
        bodies: Iterable[BodySignature] = (),
        holders: Iterable[Signer] = (),
    ) -> Draft:
        """The transaction signed by every signer of the request.

        Args:
            request: what is asked.
            bodies: signatures made over the body beforehand.
            holders: holder keys at hand, which sign the transaction.

        Raises:
            KeyFileError, RefusedError: a key is missing.
            RefusedError: ``BODY_SIGNATURE_OTHER``: a signature over another body.
        """
        draft = self.draft(request)
        for party, purpose in request.signers:
            _sign(draft, self.keys.signer(party, purpose))
        for holder in holders:
            _sign(draft, holder)
        for body in bodies:
            if body.body_hash != draft.body_hash:
                raise RefusedError(
                    "BODY_SIGNATURE_OTHER",
                    f"expected a signature over {draft.body_hash.hex()}, got one over {body.body_hash.hex()}",
                )
            draft.attach(key_id(body.public), "body", body.signature)
        return draft

    def entry(self, request: Request, **more: Iterable[BodySignature] | Iterable[Signer]) -> bytes:
        """The canonical record; arguments as :meth:`sign`."""
        return self.sign(request, **more).entry()  # type: ignore[arg-type]  # passed through as they are


def _sign(draft: Draft, signer: Signer) -> None:
    draft.attach(signer.key_id, "tx", signer.sign(draft.message("tx")))


# ---- programmes --------------------------------------------------------------------------------------


def register_programme(terms: ProgrammeTerms, author: str = "") -> Request:
    """T07: a new version of a programme; every issuer signs."""
    author = author or terms.issuers[0]
    others = [issuer for issuer in terms.issuers if issuer != author]
    signers = tuple((party, "institution") for party in (author, *others))
    return Request("programme_register", author, ProgrammeRegister(terms=terms), signers)


def submit_programme(author: str, programme: str, version: int) -> Request:
    """T36: a draft goes to its committees."""
    return _step("programme_submit", author, programme, version)


def activate_programme(author: str, programme: str, version: int) -> Request:
    """T37: a version becomes current."""
    return _step("programme_activate", author, programme, version)


def _step(kind: str, author: str, programme: str, version: int) -> Request:
    return Request(kind, author, ProgrammeStep(programme=(programme, version)), ((author, "institution"),))


def approve_programme(
    party: str, programme: str, version: int, approval: ApprovalKind, *, author: str = "", sign_by: int = 0
) -> Request:
    """T08: a committee, an endorsing university or an industry partner approves; its key signs."""
    body = ProgrammeApprove(programme=(programme, version), approval=approval, party=party, sign_by=sign_by)
    author = author or party
    signers = ((party, approval),) if author == party else ((author, "institution"), (party, approval))
    return Request("programme_approve", author, body, signers)


def change_programme_status(author: str, programme: str, status: str, reason: str, purpose: str) -> Request:
    """T14: pause, suspend, retire or resume."""
    body = from_plain({"programme": programme, "status": status, "reason": reason}, ProgrammeStatusBody)
    return Request("programme_status", author, body, ((author, purpose),))


def offer_course(
    author: str, programme: str, start: str, end: str, *, course: str | None = None, entrants: int = 0
) -> Request:
    """T10: a term of a course, or an intake of the programme with its entrants."""
    body = CourseOffering(
        programme=programme, course=course, term_start=start, term_end=end, entrants=entrants
    )
    return Request("course_offering", author, body, ((author, "registrar"),))


# ---- credentials -------------------------------------------------------------------------------------


def issue_batch(
    author: str,
    batch: PreparedBatch,
    *,
    programme: tuple[str, int],
    status_list: str,
    status_start: int,
    completed: tuple[str, str],
    valid_until: str | None = None,
    issuers: Sequence[str] = (),
) -> Request:
    """T16: the root and number of a prepared batch; every issuer named signs.

    Args:
        author: issuer whose status list it is.
        batch: see :func:`accord_client.issuing.prepare_batch`.
        programme: id and version.
        status_list: name of one of the author's lists.
        status_start: first of ``batch.count`` fresh positions.
        completed: first and last day of completion.
        valid_until: last day of validity.
        issuers: all that sign, if more than the author.
    """
    body = IssueBody(
        batch_id=batch.batch_id,
        programme=programme,
        count=batch.count,
        merkle_root=batch.root,
        status_list=status_list,
        status_start=status_start,
        completed_from=completed[0],
        completed_to=completed[1],
        valid_until=valid_until,
        single=batch.count < 10,
    )
    signers = tuple((party, "issuance") for party in dict.fromkeys((author, *issuers)))
    return Request("credential_issue", author, body, signers)


def change_status(
    author: str,
    batch_id: bytes,
    ranges: Iterable[tuple[int, int]],
    action: Action,
    effect: Effect | None = None,
) -> Request:
    """T17: revoke, suspend, reinstate or confirm; ``reverse`` and ``confirm`` need ``quality`` too."""
    spans = tuple(Interval(start=start, end=end) for start, end in ranges)
    body = StatusBody(batch_id=batch_id, ranges=spans, action=action, effect=effect)
    signers: tuple[Purposed, ...] = ((author, "registrar"),)
    if effect == "reverse" or action == "confirm":
        signers += ((author, "quality"),)
    return Request("credential_status", author, body, signers)


# ---- agreements --------------------------------------------------------------------------------------


def propose_agreement(author: str, agreement_id: str, terms: AgreementTerms) -> Request:
    """T22: a draft for everybody to sign."""
    body = ProposeBody(agreement_id=agreement_id, terms=terms)
    return Request("agreement_propose", author, body, ((author, "agreements"),))


def sign_agreement(author: str, agreement: tuple[str, int], terms: AgreementTerms) -> Request:
    """T23: the author signs exactly these terms."""
    body = SignBody(agreement=agreement, terms_hash=terms_hash(terms))
    return Request("agreement_sign", author, body, ((author, "agreements"),))


def terminate_agreement(author: str, agreement_id: str, effective_date: str) -> Request:
    """T25: notice of one party."""
    body = TerminateBody(agreement_id=agreement_id, effective_date=effective_date)
    return Request("agreement_terminate", author, body, ((author, "agreements"),))


# ---- recognition -------------------------------------------------------------------------------------


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
        consent=consent,
        sign_by=sign_by,
    )
    return Request(
        "recognise",
        author,
        body,
        tuple((party, "registrar") for party in dict.fromkeys((author, *cosigners))),
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
