"""Transactions that may not have expired yet, out of the tail of a log that has been verified.

They are remembered against replay (DESIGN.md section 2) and are no part of state. At a thousand a second an
hour of them is millions, so bundles are read once each and of a record only what is asked for: its form was
judged before it entered the log, and the log's root has just been compared.
"""

from __future__ import annotations

from typing import Final

import msgspec

from accord_ledger.block import SealedBytes
from accord_ledger.blockreader import RECORD_START
from accord_ledger.errors import DecodeError, FatalError
from accord_ledger.execute import RecentTransactions
from accord_ledger.merkle.tiles import TILE_WIDTH
from accord_ledger.transaction import MAX_LIFETIME_SECONDS, transaction_id
from accord_node.storage.logfiles import LogFiles


class _Record(msgspec.Struct, gc=False):
    tx: msgspec.Raw


class _Transaction(msgspec.Struct, gc=False):
    expires: int


_record: Final = msgspec.msgpack.Decoder(_Record)
_transaction: Final = msgspec.msgpack.Decoder(_Transaction)


def recent_transactions(files: LogFiles, size: int, time: int) -> RecentTransactions:
    """Those of the first ``size`` entries that may come again at block time ``time`` (UTC seconds) or later.

    Args:
        files: opened, so that its entries are those its root commits to.
        size: ends with a seal.
        time: of that seal.

    Raises:
        FatalError: ``LOG_CORRUPT``: an entry is neither record nor seal.
    """
    recent = RecentTransactions()
    at = size
    while at > 0:
        first = (at - 1) // TILE_WIDTH * TILE_WIDTH
        for entry in reversed(files.entries(first, at - first)):
            try:
                if entry[:1] != RECORD_START:
                    if SealedBytes.parse(entry).seal.time < time - MAX_LIFETIME_SECONDS:
                        return recent
                    continue
                tx_bytes = bytes(_record.decode(entry).tx)
                expires = _transaction.decode(tx_bytes).expires
            except (DecodeError, msgspec.MsgspecError) as error:
                raise FatalError("LOG_CORRUPT", f"expected records and seals: {error}") from error
            if expires > time:
                recent.add(transaction_id(tx_bytes), expires)
        at = first
    return recent
