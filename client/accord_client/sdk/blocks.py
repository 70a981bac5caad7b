"""Blocks and records by time: seals that are proved, and listings that are a node's word until proved."""

from __future__ import annotations

from collections.abc import AsyncIterator

from accord_client.api import BlockView, RecordListing, RecordView
from accord_client.errors import TrustError
from accord_client.proofs import check_entry
from accord_client.sdk.reads import Reads
from accord_ledger.block import Seal, SealedBytes
from accord_ledger.errors import DecodeError

LISTED = "100"
"""Records of one page."""


class Blocks(Reads):
    """What :class:`accord_client.sdk.AccordClient` knows of blocks."""

    async def seal(self, height: int) -> Seal:
        """The seal of a block: its time, and which records it closes; proved to be in the log.

        Raises:
            TrustError: ``LEDGER_PROOF_MISSING``, ``LEDGER_SEAL`` (no seal, or another one).
            NodeError, ProofError: as :meth:`Transport.call`.
        """

        def accept(view: BlockView) -> Seal:
            if view.proof is None:
                raise TrustError("LEDGER_PROOF_MISSING", "expected a proof of the seal")
            proved = check_entry(view.proof, self.trust)
            try:
                seal = SealedBytes.parse(proved.entry).seal
            except DecodeError as error:
                raise TrustError("LEDGER_SEAL", f"expected a seal: {error}") from error
            if seal.network != self.trust.network_of(proved.index) or seal.height != height:
                raise TrustError("LEDGER_SEAL", f"expected the seal of block {height}, got {seal.height}")
            if proved.index != seal.first + seal.count:
                raise TrustError(
                    "LEDGER_SEAL", f"expected it at {seal.first + seal.count}, got {proved.index}"
                )
            self.trust.believe(proved.believed)
            return seal

        address = f"/v1/blocks/{height}"
        return (await self.transport.call("GET", address, BlockView, accept, params={"proof": "1"})).value

    async def records(
        self, first: int = 0, *, kind: str | None = None, author: str | None = None
    ) -> AsyncIterator[RecordView]:
        """Final records in log order, as a node lists them; :meth:`record` proves one.

        Args:
            first: log index to begin at.
            kind: of these transactions only.
            author: of this party only.
        """
        wanted = {name: value for name, value in (("kind", kind), ("author", author)) if value}
        start: int | None = first
        while start is not None:
            params = {"from": str(start), "limit": LISTED, **wanted}
            page = (
                await self.transport.call(
                    "GET", "/v1/records", RecordListing, lambda page: page, params=params
                )
            ).value
            for view in page.items:
                yield view
            start = page.next if page.next is not None and page.next > start else None
