"""Evidence for a whole batch: what its bundles share is fetched and proved once, the rest many at a time.

Of some fifteen state values that a verifier reads, bundles of a batch differ in one: the row of what happened
to the credential, which for a fresh one is absent. So rows are asked for in bulks under one checkpoint, each
together with all that is shared; every proof is checked before it is written, and one credential of each bulk
goes through the reading that verifiers make, so that nothing they need is missing. A credential that something
has happened to gets its evidence for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from accord_client.api import InclusionProof, StateProof
from accord_client.bundle import Bundle, parse_bundle
from accord_client.errors import NotFoundError
from accord_client.evidence_text import EvidenceText, is_complete, is_draft
from accord_client.issuance import IssuanceFolder
from accord_client.proofs import base64_bytes
from accord_client.sdk.client import AccordClient
from accord_client.sdk.exports import assembled
from accord_client.verify.bundle_check import document_keys
from accord_client.verify.ledger_facts import LedgerFacts, read_facts
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.credential import CREDENTIALS, PAGE, STANDING_PAGES
from accord_ledger.state import MAX_VALUE_BYTES

BULK: Final = 256
"""Rows asked for at a time; with all that is shared they fit into one request."""

WINDOW: Final = 4096
"""Bundles whose proofs are fetched before any is written, so that most of a batch is proved at one block."""

_WRITTEN: Final = 4
"""Bulks written at a time."""

_TRIES: Final = 3
"""How often what is shared may turn out to be more than was asked for."""

Tick = Callable[[int], object]
"""Told how many more are done."""


@dataclass(frozen=True, slots=True)
class _Bulk:
    """Drafts of one page of statuses, and what was proved for them under one checkpoint."""

    drafts: Mapping[int, bytes]
    proofs: Mapping[bytes, StateProof]
    read: frozenset[bytes]
    """State keys that an untouched credential of the bulk is read with; empty if none is untouched."""
    untouched: Sequence[int]


class BatchEvidence:
    """Puts evidence into the bundles of one batch."""

    def __init__(
        self, client: AccordClient, folder: IssuanceFolder, batch_id: bytes, *, record: int | None = None
    ) -> None:
        """Nothing is fetched yet.

        Args:
            client: asked for proofs.
            folder: with a file for each credential.
            batch_id: the batch, final on the ledger.
            record: log index of the issuing record, if it is known.
        """
        self._client = client
        self._folder = folder
        self._batch_id = batch_id
        self._index = record
        self._record: InclusionProof | None = None
        self._shared: frozenset[bytes] = frozenset()
        """State keys that every untouched credential is read with, besides its page and its row."""

    async def complete(self, indexes: Sequence[int], *, tick: Tick = lambda _: None) -> int:
        """Give these bundles their evidence; how many had none.

        Args:
            indexes: ascending; at most ``WINDOW`` at a time keep memory small.
            tick: told of every bundle that has its evidence.

        Raises:
            NotFoundError: ``BATCH_UNKNOWN``: the batch is not on the ledger.
            NodeError, ProofError: as every read.
            DecodeError, KeyFileError: a file is not what it was.
        """
        drafts, others = self._open(indexes)
        tick(len(indexes) - len(drafts) - len(others))
        bulks = [await self._fetched(part) for part in _parts(drafts)]
        for bulk in bulks:
            files = dict(self._filled(bulk))
            self._folder.put(files)
            tick(len(files))
            others |= {index: parse_bundle(data) for index, data in bulk.drafts.items() if index not in files}
        for index, bundle in others.items():
            self._folder.put({index: (await self._alone(bundle)).to_json()})
            tick(1)
        return len(drafts) + len(others.keys() - drafts.keys())

    def _open(self, indexes: Sequence[int]) -> tuple[dict[int, bytes], dict[int, Bundle]]:
        """Drafts as they were written, and bundles without evidence that were written by something else."""
        drafts: dict[int, bytes] = {}
        others: dict[int, Bundle] = {}
        for index in indexes:
            data = self._folder.read(index)
            if is_draft(data):
                drafts[index] = data
            elif not is_complete(data) and (bundle := parse_bundle(data)).record is None:
                others[index] = bundle
        return drafts, others

    # ---- what is proved ------------------------------------------------------------------------------

    async def _fetched(self, drafts: Mapping[int, bytes]) -> _Bulk:
        """Everything that untouched credentials of one page are read with, proved under one checkpoint."""
        page = STANDING_PAGES.key(self._batch_id, next(iter(drafts)) // PAGE)
        rows = {index: CREDENTIALS.key(self._batch_id, index) for index in drafts}
        for _ in range(_TRIES):
            keys = [*self._shared, page, *rows.values()]
            proofs = dict(zip(keys, await self._client.prove_keys(keys), strict=True))
            touched = _touched(proofs[page])
            untouched = [
                index for index, row in rows.items() if proofs[row].value is None and index not in touched
            ]
            if not untouched:
                break
            first = untouched[0]
            read = await self._keys_read(parse_bundle(drafts[first]), dict(proofs))
            if read <= proofs.keys():
                return _Bulk(drafts, proofs, read, untouched)
            self._shared = read - {page, rows[first]}
        return _Bulk(drafts, {}, frozenset(), ())

    async def _keys_read(self, bundle: Bundle, proofs: dict[bytes, StateProof]) -> frozenset[bytes]:
        """What a verifier reads for this credential; what is not at hand is fetched."""
        signers = document_keys(bundle)

        def read(ctx: Context) -> LedgerFacts | None:
            return read_facts(ctx, bundle.batch_id, bundle.index, signers)

        facts, used = await self._client.gather(read, proofs)
        if facts is None:
            raise NotFoundError("BATCH_UNKNOWN", f"the ledger has no batch {self._batch_id.hex()}")
        if self._record is None:
            self._record = (
                await self._client.issuing_record(self._batch_id, facts.batch)
                if self._index is None
                else (await self._client.record(self._index))[2]
            )
        return frozenset(used)

    # ---- what is written -----------------------------------------------------------------------------

    def _filled(self, bulk: _Bulk) -> Iterator[tuple[int, bytes]]:
        """The files of the untouched ones."""
        if not bulk.untouched or self._record is None:
            return iter(())
        first, record = bulk.untouched[0], self._record
        read = {key: bulk.proofs[key] for key in bulk.read}
        bundle = assembled(parse_bundle(bulk.drafts[first]), record, read, self._client.trust.handoffs)
        text = EvidenceText.of(bundle, CREDENTIALS.key(self._batch_id, first))

        def filled() -> Iterator[tuple[int, bytes]]:
            for index in bulk.untouched:
                row = CREDENTIALS.key(self._batch_id, index)
                yield index, text.complete(bulk.drafts[index], row, bulk.proofs[row].proof)

        return filled()

    async def _alone(self, bundle: Bundle) -> Bundle:
        """One bundle, with evidence that is fetched for it."""
        return await self._client.with_evidence(bundle, record=self._record)


def _parts(drafts: Mapping[int, bytes]) -> Iterator[dict[int, bytes]]:
    """Bulks, none of them over two pages."""
    part: dict[int, bytes] = {}
    for index, data in drafts.items():
        if part and (len(part) == BULK or index // PAGE != next(iter(part)) // PAGE):
            yield part
            part = {}
        part[index] = data
    if part:
        yield part


def _touched(proof: StateProof) -> frozenset[int]:
    """Indexes of a page that something is known of."""
    if proof.value is None:
        return frozenset()
    page = STANDING_PAGES.decode(base64_bytes(proof.value, "value", limit=MAX_VALUE_BYTES))
    return frozenset(index for span in page.spans for index in range(span.start, span.end))
