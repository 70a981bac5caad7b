"""The bundle (``.accord.json``): everything needed to verify one credential, but the verifier's pin.

FORMATS.md section 2: documents with salts, the path in the batch, the issuing record with its place in
the log, and state proofs. A bundle names its network; it never brings a root of trust, and nothing here
is believed because it stands here: :mod:`accord_client.verify` judges it.

Reading is strict: unknown members, duplicates, other types and whatever exceeds a bound are named errors.
A *share package* is a bundle whose other documents are only commitments (:meth:`Bundle.share`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from accord_client.api import InclusionProof
from accord_client.documents import sd_jwt
from accord_client.documents.jcs import canonicalize, covered_part, is_json
from accord_client.documents.json_guard import load_object
from accord_client.ids import LedgerReference
from accord_client.issuing import PreparedBatch, PreparedCredential, PreparedDocument
from accord_client.plain import from_plain, to_plain
from accord_client.proofs import base64_bytes, base64_text
from accord_ledger import codec
from accord_ledger.authmap.proof import MapProof
from accord_ledger.block import Certificate
from accord_ledger.codec import MAX_ENTRY_BYTES
from accord_ledger.credential import MAX_DOCUMENTS, document_commitment, documents_root
from accord_ledger.domain.items import MAX_PATH, Item
from accord_ledger.domain.model.epoch import Epoch
from accord_ledger.errors import DecodeError
from accord_ledger.fields import Digest, Index, ObjectId, PublicKey, Salt
from accord_ledger.handoff import MAX_HANDOFF_BYTES, Handoff
from accord_ledger.merkle.proof import MAX_PROOF
from accord_ledger.note import MAX_NOTE_BYTES
from accord_ledger.state import MAX_VALUE_BYTES

FORMAT: Final = "accord-bundle/v1"
MEDIA_TYPE: Final = "application/vnd.accord.bundle+json"

MAX_BUNDLE_BYTES: Final = 4 * 1024 * 1024
"""Largest bundle file."""

MAX_DEPTH: Final = 40
"""Deepest nesting: documents have up to 32 levels and stand three levels down."""

MAX_STATES: Final = 256
"""Most state values; an ordinary bundle has about twelve."""

MAX_SEALS: Final = 16
"""Most seals that state values are proved at; most bundles have one."""

MAX_FILE_BYTES: Final = 2 * 1024 * 1024
"""Largest document that is no JSON."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the members of a bundle: closed to what is not described."""


class BundleDocument(_Part, frozen=True, kw_only=True):
    """One document under the leaf: opened, or only its commitment."""

    media_type: Annotated[str, Meta(max_length=127)] | None = None
    salt: Salt | None = None
    content: Any = None
    """A JSON document, in any indentation."""
    data: Annotated[str, Meta(max_length=2 * MAX_FILE_BYTES)] | None = None
    """Any other document, base64."""
    commitment: Digest | None = None
    """``document_j`` of a document that is not disclosed."""

    @property
    def opened(self) -> bool:
        """Whether the document is here."""
        return self.salt is not None

    def committed(self) -> bytes:
        """The bytes the commitment covers; raises ``DecodeError`` ``JCS_*`` or ``LEDGER_BASE64``."""
        if self.data is not None:
            return covered_part(self.media_type or "", self.file())
        return canonicalize(self.content)

    def file(self) -> bytes:
        """A document that is no JSON, whole; raises ``DecodeError`` ``LEDGER_BASE64``."""
        return base64_bytes(self.data or "", "documents.data", limit=MAX_FILE_BYTES)

    def digest(self) -> bytes:
        """``document_j``."""
        if self.commitment is not None:
            return self.commitment
        return document_commitment(self.media_type or "", self.salt or b"", self.committed())


class BundleHolder(_Part, frozen=True, kw_only=True):
    """Opens the holder commitment of the leaf."""

    key: PublicKey
    salt: Salt


class BundleEntry(_Part, frozen=True, kw_only=True):
    """A log entry and its path to a cosigned checkpoint."""

    index: Annotated[int, Meta(ge=0, lt=2**53)]
    entry: Annotated[str, Meta(max_length=2 * MAX_ENTRY_BYTES)]
    """Base64."""
    path: Annotated[tuple[Digest, ...], Meta(max_length=MAX_PROOF)]
    checkpoint: Annotated[str, Meta(max_length=MAX_NOTE_BYTES)]
    """C2SP note, verbatim."""

    def proof(self) -> InclusionProof:
        """As the interface has it."""
        path = [item.hex() for item in self.path]
        return InclusionProof(index=self.index, entry=self.entry, path=path, checkpoint=self.checkpoint)

    @classmethod
    def of(cls, proof: InclusionProof) -> BundleEntry:
        """From an answer of a node (checked before)."""
        path = tuple(bytes.fromhex(item) for item in proof.path)
        return cls(index=proof.index, entry=proof.entry, path=path, checkpoint=proof.checkpoint)


class BundleState(_Part, frozen=True, kw_only=True):
    """One state value, or its absence, proved at one of the seals."""

    key: Annotated[bytes, Meta(min_length=2, max_length=512)]
    value: Annotated[str, Meta(max_length=2 * MAX_VALUE_BYTES)] | None
    """Base64; null proves absence."""
    proof: Annotated[str, Meta(max_length=128 * 1024)]
    """Canonical map proof, base64."""
    seal: Annotated[int, Meta(ge=0, lt=MAX_SEALS)]
    """Which of ``seals``."""


class BundleHandoff(_Part, frozen=True, kw_only=True):
    """The end of an epoch: the change seal, its finalization, and the epoch that follows, with its proof."""

    seal: Annotated[str, Meta(max_length=64 * 1024)]
    """Canonical seal, base64."""
    finalization: Annotated[str, Meta(max_length=64 * 1024)]
    """Canonical certificate, base64."""
    epoch: Annotated[str, Meta(max_length=64 * 1024)]
    """Canonical ``epoch`` value of state: members, protocol version, log keys; base64."""
    proof: Annotated[str, Meta(max_length=128 * 1024)]
    """Canonical map proof that the seal's state holds it, base64."""

    def handoff(self, path: str) -> Handoff:
        """As the ledger has it, for :meth:`accord_client.trust.Trust.follow`; raises ``DecodeError``."""
        limit = MAX_HANDOFF_BYTES
        return Handoff(
            seal=base64_bytes(self.seal, f"{path}.seal", limit=limit),
            finalization=codec.decode(
                base64_bytes(self.finalization, f"{path}.finalization", limit=limit), Certificate
            ),
            epoch=codec.decode(base64_bytes(self.epoch, f"{path}.epoch", limit=limit), Epoch),
            proof=codec.decode(base64_bytes(self.proof, f"{path}.proof", limit=limit), MapProof, limit=limit),
        )

    @classmethod
    def of(cls, handoff: Handoff) -> BundleHandoff:
        """From one that was followed."""
        return cls(
            seal=base64_text(handoff.seal),
            finalization=base64_text(codec.encode(handoff.finalization)),
            epoch=base64_text(codec.encode(handoff.epoch)),
            proof=base64_text(codec.encode(handoff.proof)),
        )


class Bundle(_Part, frozen=True, kw_only=True):
    """One credential with its evidence."""

    format: Literal["accord-bundle/v1"]
    network: Digest
    """Hash of the genesis document, as the exporter says; named, never trusted."""
    batch_id: ObjectId
    index: Index
    documents: Annotated[tuple[BundleDocument, ...], Meta(min_length=1, max_length=MAX_DOCUMENTS)]
    holder: BundleHolder
    path: Annotated[tuple[Digest, ...], Meta(max_length=MAX_PATH)]
    """Merkle path of the leaf in the batch."""
    record: BundleEntry | None = None
    """The issuing record; None in a draft that was not issued yet."""
    seals: Annotated[tuple[BundleEntry, ...], Meta(max_length=MAX_SEALS)] = ()
    state: Annotated[tuple[BundleState, ...], Meta(max_length=MAX_STATES)] = ()
    """Ascending by key, each key once."""
    handoffs: Annotated[tuple[BundleHandoff, ...], Meta(max_length=1000)] = ()
    """Epoch changes since the pin; none in epoch 0."""

    @property
    def reference(self) -> LedgerReference:
        """Which credential of which network this claims to be."""
        return LedgerReference(self.network, self.batch_id, self.index)

    def documents_root(self) -> bytes:
        """Root over the documents' commitments; raises ``DecodeError``."""
        return documents_root([document.digest() for document in self.documents])

    def item(self) -> Item:
        """The item that opens this credential to the ledger (T27, T30, T33)."""
        return Item(
            batch_id=self.batch_id,
            index=self.index,
            documents=self.documents_root(),
            holder_key=self.holder.key,
            salt_k=self.holder.salt,
            path=self.path,
        )

    def share(self, positions: Iterable[int]) -> Bundle:
        """The bundle with only these documents opened (DOMAIN.md 3)."""
        kept = set(positions)
        documents = tuple(
            document if place in kept else BundleDocument(commitment=document.digest())
            for place, document in enumerate(self.documents)
        )
        return replace(self, documents=documents)

    def disclose(self, position: int, names: Iterable[str]) -> Bundle:
        """The bundle with only these claims of an SD-JWT shown; its commitment stays the same.

        Raises:
            DecodeError: ``SDJWT_*``: no SD-JWT, or no such claims.
        """
        document = self.documents[position]
        shown = sd_jwt.parse(sd_jwt.text_of(document.file())).select(names)
        shorter = replace(document, data=base64_text(shown.encode()))
        return replace(self, documents=(*self.documents[:position], shorter, *self.documents[position + 1 :]))

    def to_json(self) -> bytes:
        """The file, indented for people."""
        members = to_plain(replace(self, documents=()))
        members["documents"] = [_document_members(document) for document in self.documents]
        return _indented(msgspec.json.encode(members))


def _indented(compact: bytes) -> bytes:
    return msgspec.json.format(compact, indent=1) + b"\n"


def draft_bundle(batch: PreparedBatch, index: int) -> Bundle:
    """The bundle of a prepared credential, before there is evidence."""
    credential = batch.credentials[index]
    return Bundle(
        format="accord-bundle/v1",
        network=credential.reference.network,
        batch_id=batch.batch_id,
        index=index,
        documents=tuple(_opened(document) for document in credential.documents),
        holder=BundleHolder(key=credential.holder_public, salt=credential.holder_salt),
        path=tuple(batch.inclusion_path(index)),
    )


def draft_head(credential: PreparedCredential) -> bytes:
    """The file of :func:`draft_bundle` up to its path, which is known when all of its batch are made; compact."""
    reference = credential.reference
    members = {
        "format": FORMAT,
        "network": reference.network.hex(),
        "batch_id": reference.batch_id.hex(),
        "index": reference.index,
        "documents": [_prepared_members(document) for document in credential.documents],
        "holder": {"key": credential.holder_public.hex(), "salt": credential.holder_salt.hex()},
    }
    return msgspec.json.encode(members)


def draft_file(head: bytes, path: Iterable[bytes]) -> bytes:
    """The file of a draft.

    Args:
        head: as :func:`draft_head` made it.
        path: of its leaf in the batch.
    """
    rest = b'],"record":null,"seals":[],"state":[],"handoffs":[]}'
    hashes = ",".join([f'"{item.hex()}"' for item in path]).encode()
    return _indented(b"".join((head[:-1], b',"path":[', hashes, rest)))


def draft_json(batch: PreparedBatch, index: int) -> bytes:
    """The file of :func:`draft_bundle`; JSON documents go into it as they are, and are not read again."""
    return draft_file(draft_head(batch.credentials[index]), batch.inclusion_path(index))


def _prepared_members(document: PreparedDocument) -> dict[str, Any]:
    head = {"media_type": document.media_type, "salt": document.salt.hex()}
    if is_json(document.media_type):
        return head | {"content": msgspec.Raw(document.content)}
    return head | {"data": base64_text(document.content)}


def parse_bundle(data: bytes) -> Bundle:
    """The bundle in a file; nothing in it has been verified.

    Raises:
        DecodeError: ``JSON_*`` (:mod:`accord_client.documents.json_guard`), ``PLAIN_VALUE`` (a member
            that is unknown, missing, too long or of another type), ``BUNDLE_DOCUMENT``, ``BUNDLE_STATE``
            (not ascending by key) or ``BUNDLE_SEAL`` (no such seal).
    """
    bundle = from_plain(load_object(data, limit=MAX_BUNDLE_BYTES, depth=MAX_DEPTH), Bundle)
    for place, document in enumerate(bundle.documents):
        _check_document(document, f"documents[{place}]")
    keys = [item.key for item in bundle.state]
    if any(left >= right for left, right in pairwise(keys)):
        raise DecodeError("BUNDLE_STATE", "expected values ascending by key, each key once", path="state")
    for place, item in enumerate(bundle.state):
        if item.seal >= len(bundle.seals):
            raise DecodeError(
                "BUNDLE_SEAL", f"expected one of {len(bundle.seals)} seals", path=f"state[{place}].seal"
            )
    return bundle


def _check_document(document: BundleDocument, path: str) -> None:
    hidden = document.commitment is not None
    opened = document.salt is not None and document.media_type is not None
    parts = (document.salt, document.media_type, document.content, document.data)
    one_body = (document.content is None) != (document.data is None)
    good = not any(part is not None for part in parts) if hidden else opened and one_body
    if good and opened:
        good = is_json(document.media_type or "") == (document.data is None)
    if not good:
        raise DecodeError(
            "BUNDLE_DOCUMENT",
            "expected media_type, salt and content (of JSON) or data (of anything else), or a commitment alone",
            path=path,
        )


def _opened(document: PreparedDocument) -> BundleDocument:
    if is_json(document.media_type):
        content = msgspec.json.decode(document.content)  # made here, in its canonical form
        return BundleDocument(media_type=document.media_type, salt=document.salt, content=content)
    data = base64_text(document.content)
    return BundleDocument(media_type=document.media_type, salt=document.salt, data=data)


def _document_members(document: BundleDocument) -> dict[str, Any]:
    if document.commitment is not None:
        return {"commitment": document.commitment.hex()}
    head = {"media_type": document.media_type, "salt": (document.salt or b"").hex()}
    if document.data is not None:
        return head | {"data": document.data}
    return head | {"content": document.content}


def with_evidence(
    bundle: Bundle,
    record: InclusionProof,
    seals: Sequence[InclusionProof],
    state: Iterable[BundleState],
    handoffs: Iterable[Handoff] = (),
) -> Bundle:
    """The bundle with its evidence put in, or renewed; hand-offs from genesis on."""
    return replace(
        bundle,
        record=BundleEntry.of(record),
        seals=tuple(BundleEntry.of(seal) for seal in seals),
        state=tuple(sorted(state, key=lambda item: item.key)),
        handoffs=tuple(BundleHandoff.of(handoff) for handoff in handoffs),
    )
