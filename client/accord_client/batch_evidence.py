"""Evidence for a whole batch: what its bundles share is fetched and proved once, the rest many at a time.

Of some fifteen state values that a verifier reads, bundles of a batch differ in one: the row of what happened
to the credential, which for a fresh one is absent. So rows are asked for segment by segment, each bulk under one
checkpoint and together with all that is shared; every proof is checked before it is written, and one credential of
each bulk goes through the reading that verifiers make, so that nothing they need is missing. While the next bulk is
asked for, workers write the bundles of the last ones. A credential that something has happened to gets its evidence
for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from accord_client.api import InclusionProof, StateProof
from accord_client.bundle import Bundle, parse_bundle
from accord_client.draft_segments import SEGMENT, Drafts, Segment
from accord_client.errors import NotFoundError
from accord_client.evidence_text import EvidenceText, is_complete
from accord_client.issuance import IssuanceFolder
from accord_client.issue_workers import Finished, Finishing, IssueWorkers, withdraw
from accord_client.issuing import BatchTree
from accord_client.private_files import fresh_name, fresh_token, publish
from accord_client.proofs import base64_bytes
from accord_client.sdk.client import AccordClient
from accord_client.sdk.exports import assembled
from accord_client.verify.bundle_check import document_keys
from accord_client.verify.ledger_facts import LedgerFacts, read_facts
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.credential import CREDENTIALS, PAGE, STANDING_PAGES
from accord_ledger.state import MAX_VALUE_BYTES

PUBLISHED: Final = 1024
"""Bundles that are put on disk together."""

_TRIES: Final = 3
"""How often what is shared may turn out to be more than was asked for."""

Tick = Callable[[int], object]
"""Told how many more are done."""


@dataclass(frozen=True, slots=True)
class _Bulk:
    """Drafts of one segment, and what was proved for them under one checkpoint."""

    drafts: Drafts
    proofs: Mapping[bytes, StateProof]
    read: frozenset[bytes]
    """State keys that an untouched credential of the bulk is read with; empty if none is untouched."""
    untouched: Sequence[int]


class BatchEvidence:
    """Makes the bundles of one batch out of its drafts."""

    def __init__(
        self,
        client: AccordClient,
        folder: IssuanceFolder,
        tree: BatchTree,
        workers: IssueWorkers,
        *,
        record: int | None = None,
    ) -> None:
        """Nothing is fetched yet.

        Args:
            client: asked for proofs.
            folder: with a draft or a bundle of each credential.
            tree: of the batch, which is final on the ledger.
            workers: write the bundles.
            record: log index of the issuing record, if it is known.
        """
        self._client = client
        self._folder = folder
        self._tree = tree
        self._batch_id = tree.batch_id
        self._workers = workers
        self._index = record
        self._record: InclusionProof | None = None
        self._shared: frozenset[bytes] = frozenset()
        """State keys that every untouched credential is read with, besides its page and its row."""
        self._token = fresh_token()
        self._fresh: list[Finished] = []
        """What was written and is not on disk yet."""
        self._leaving: list[Finished] = []
        """What is being put on disk."""
        self._publishing: asyncio.Task[None] | None = None

    async def complete(self, indexes: Sequence[int], *, tick: Tick = lambda _: None) -> int:
        """Give these credentials their bundles, all of them on disk at the end; how many had none.

        Args:
            indexes: ascending.
            tick: told of every bundle that is there.

        Raises:
            NotFoundError: ``BATCH_UNKNOWN``: the batch is not on the ledger.
            NodeError, ProofError: as every read.
            DecodeError, KeyFileError: a file is not what it was.
        """
        wanted = self._without_evidence(indexes)
        tick(len(indexes) - len(wanted))
        others: dict[int, Bundle] = {}
        try:
            await self._in_bulks(wanted, others, tick)
            await self._published()
            await self._publish(tick)
        except BaseException:
            await self._withdraw()
            raise
        for index, bundle in others.items():
            await self._alone(index, bundle)
            tick(1)
        return len(wanted)

    def _without_evidence(self, indexes: Sequence[int]) -> list[int]:
        there, drafted = self._folder.bundles(), self._folder.segments()
        return [
            index
            for index in indexes
            if index not in there or not self._has_evidence(index, drafted=index - index % SEGMENT in drafted)
        ]

    def _has_evidence(self, index: int, *, drafted: bool) -> bool:
        """Whether a bundle is finished; one that is drafted is made anew, whatever stands in its place."""
        data = self._folder.read(index)
        return is_complete(data) or (not drafted and parse_bundle(data).record is not None)

    async def _in_bulks(self, wanted: Sequence[int], others: dict[int, Bundle], tick: Tick) -> None:
        """Have bulks written by workers, one more of them under way than can work; the rest goes to ``others``."""
        under_way: list[asyncio.Task[Finished]] = []
        segments = self._folder.segments()
        try:
            for start, group in groupby(wanted, key=lambda index: index - index % SEGMENT):
                if start not in segments:  # written by something else
                    others |= {index: parse_bundle(self._folder.read(index)) for index in group}
                    continue
                segment = Segment.read(self._folder.path, start, self._tree.count)
                bulk = await self._fetched(Drafts(segment, self._tree, list(group)))
                touched = set(bulk.drafts.indexes) - set(bulk.untouched)
                others |= {index: parse_bundle(bulk.drafts[index]) for index in sorted(touched)}
                if bulk.untouched:
                    under_way.append(asyncio.create_task(self._workers.finish(self._finishing(bulk))))
                while len(under_way) > self._workers.processes + 1:
                    await self._written(await under_way.pop(0), tick)
            while under_way:
                await self._written(await under_way.pop(0), tick)
        finally:
            for task in under_way:
                with suppress(Exception):  # another failure is on its way already
                    self._fresh.append(await task)

    # ---- what is on disk -----------------------------------------------------------------------------

    async def _written(self, finished: Finished, tick: Tick) -> None:
        self._fresh.append(finished)
        if sum(len(one.bundles) for one in self._fresh) >= PUBLISHED:
            await self._published()
            self._publishing = asyncio.create_task(self._publish(tick))

    async def _published(self) -> None:
        """Wait for what is being put on disk."""
        if self._publishing is not None:
            await self._publishing

    async def _publish(self, tick: Tick) -> None:
        """Put what was written on disk, and let bundles have their names; others are written meanwhile."""
        self._leaving, self._fresh = self._fresh, []
        if not self._leaving:
            return
        bundles = [name for one in self._leaving for name in one.bundles]
        fresh = [fresh_name(name, self._token) for name in bundles]
        fresh += [name for one in self._leaving for name in one.others]
        await asyncio.to_thread(publish, self._folder.path, fresh, bundles, self._token)
        self._leaving = []
        tick(len(bundles))

    async def _withdraw(self) -> None:
        """Of a run that failed, no bundle is left that did not get its name."""
        with suppress(Exception):  # another failure is on its way already
            await self._published()
        withdraw(self._folder.path, [*self._leaving, *self._fresh], self._token)

    async def _alone(self, index: int, bundle: Bundle) -> None:
        """One bundle, with evidence that is fetched for it."""
        done = await self._client.with_evidence(bundle, record=self._record)
        self._folder.finish_alone(index, done, self._tree.count)

    # ---- what is proved ------------------------------------------------------------------------------

    async def _fetched(self, drafts: Drafts) -> _Bulk:
        """Everything that untouched credentials of one segment are read with, proved under one checkpoint."""
        page = STANDING_PAGES.key(self._batch_id, drafts.segment.start // PAGE)
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

    def _finishing(self, bulk: _Bulk) -> Finishing:
        """The bundles of the untouched ones."""
        first, record = bulk.untouched[0], self._record
        if record is None:
            raise NotFoundError("BATCH_UNKNOWN", f"no record of batch {self._batch_id.hex()}")
        read = {key: bulk.proofs[key] for key in bulk.read}
        bundle = assembled(parse_bundle(bulk.drafts[first]), record, read, self._client.trust.handoffs)
        keys = {index: CREDENTIALS.key(self._batch_id, index) for index in bulk.untouched}
        return Finishing(
            folder=self._folder.path,
            network=bundle.network,
            batch_id=self._batch_id,
            count=self._tree.count,
            start=bulk.drafts.segment.start,
            text=EvidenceText.of(bundle, keys[first]),
            rows=[
                (index, self._tree.inclusion_path(index), bulk.proofs[key].proof)
                for index, key in keys.items()
            ],
            token=self._token,
        )


def _touched(proof: StateProof) -> frozenset[int]:
    """Indexes of a page that something is known of."""
    if proof.value is None:
        return frozenset()
    page = STANDING_PAGES.decode(base64_bytes(proof.value, "value", limit=MAX_VALUE_BYTES))
    return frozenset(index for span in page.spans for index in range(span.start, span.end))
