"""What a client is told about each of its records: accepted, final, rejected (signed) or busy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accord_client.api import SignedRejection, SubmitResult
from accord_ledger import codec
from accord_ledger.errors import AccordError, Rejection
from accord_ledger.execute import Receipt
from accord_ledger.keys import SigningKey
from accord_ledger.tags import Tag
from accord_node.chain import Chain
from accord_node.records import entry_hash
from accord_node.storage.store import Store
from accord_node.workers import Executor


@dataclass(frozen=True, slots=True)
class Final:
    """Where a transaction became final."""

    height: int
    index: int
    receipt: Receipt


Answer = Final | Rejection


class Replies:
    """Words answers; a rejection carries this node's signature (DESIGN.md section 2)."""

    def __init__(
        self, *, party: str, log_key: SigningKey, chain: Chain, store: Store, disk: Executor
    ) -> None:
        self._party = party
        self._log_key = log_key
        self._chain = chain
        self._store = store
        self._disk = disk
        self.refused = 0
        """Rejections signed so far."""

    def answered(self, tx_id: bytes, name: bytes, answer: Answer) -> SubmitResult:
        """What became of a transaction."""
        if isinstance(answer, Rejection):
            return self.rejected(name, tx_id, answer)
        return SubmitResult(
            status="final",
            tx_id=tx_id.hex(),
            entry_hash=answer.receipt.entry_hash.hex(),
            height=answer.height,
            index=answer.index,
            warnings=list(answer.receipt.warnings),
            result=answer.receipt.result,
        )

    def named(self, tx_id: bytes, name: bytes, status: Literal["accepted", "busy"]) -> SubmitResult:
        """Nothing has become of it yet."""
        return SubmitResult(status=status, tx_id=tx_id.hex(), entry_hash=name.hex())

    def rejected(self, name: bytes, tx_id: bytes, rejection: Rejection) -> SubmitResult:
        """Refused, and signed: who holds it can show what this node said, and when."""
        self.refused += 1
        height = self._chain.base.height
        message = Tag.SIGN_REJECTION.message(codec.encode([name, height, rejection.code]))
        signed = SignedRejection(
            party=self._party,
            entry_hash=name.hex(),
            height=height,
            code=rejection.code,
            signature=self._log_key.sign(message).hex(),
        )
        return SubmitResult(
            status="rejected",
            tx_id=tx_id.hex(),
            entry_hash=name.hex(),
            code=rejection.code,
            detail=rejection.detail,
            path=rejection.path,
            rejection=signed,
        )

    async def final_again(self, tx_id: bytes, index: int) -> SubmitResult:
        """Where it stands in the log, and as which entry: its signatures may be others than these."""
        row = await self._store.database.record(index)
        entry = (await self._disk.run(lambda: self._store.files.entries(index, 1)))[0]
        result, warnings = _decode_result(row.result if row is not None else None)
        return SubmitResult(
            status="final",
            tx_id=tx_id.hex(),
            entry_hash=entry_hash(entry).hex(),
            height=row.height if row is not None else None,
            index=index,
            warnings=warnings,
            result=result,
        )


def _decode_result(raw: bytes | None) -> tuple[dict[str, str], list[str]]:
    if raw is None:
        return {}, []
    try:
        result, warnings = codec.decode(raw, tuple[dict[str, str], list[str]])
    except AccordError:
        return {}, []
    return result, warnings
