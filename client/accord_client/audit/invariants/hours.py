"""Hours accounts: each that was used supports one batch of one credential, and no two the same (row P13)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.model.hours import HOURS, HoursAccount
from accord_ledger.domain.model.programme import PROGRAMMES

ORDER: Final = ("open", "completed", "used")


class Hours:
    """Keeps every account as the block before left it, and which batch rests on which."""

    tables = (HOURS,)

    def __init__(self) -> None:
        self._known: dict[bytes, HoursAccount] = {}
        self._batches: dict[bytes, bytes] = {}
        """Batch id to the account it rests on."""

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Judge the accounts a block wrote."""
        for name, account in rows.of(HOURS):
            before = self._known.get(name)
            if account is None:
                yield rows.broken("hours", f"account {name.hex()} kept", "removed")
                continue
            yield from _course(rows, name, account, before)
            if account.status != "open":
                yield from _enough(rows, name, account)
            if account.status == "used":
                yield from self._used(rows, name, account)
            elif account.batch_id is not None:
                yield rows.broken("hours", f"no batch of account {name.hex()}", account.batch_id.hex())
            self._known[name] = account

    def _used(self, rows: Rows, name: bytes, account: HoursAccount) -> Iterator[Finding]:
        batch_id = account.batch_id
        batch = rows.get(BATCHES, batch_id) if batch_id is not None else None
        where = f"account {name.hex()}"
        if batch_id is None or batch is None:
            yield rows.broken("hours", f"the batch that used {where}", "none")
            return
        if batch.count != 1 or batch.programme != (account.programme, account.version):
            got = f"{batch.count} of {batch.programme[0]}@{batch.programme[1]}"
            yield rows.broken("hours", f"1 of {account.programme}@{account.version} for {where}", got)
        other = self._batches.setdefault(batch_id, name)
        if other != name:
            yield rows.broken(
                "hours", f"batch {batch_id.hex()} for one account", f"{other.hex()}, {name.hex()}"
            )


def _course(rows: Rows, name: bytes, account: HoursAccount, before: HoursAccount | None) -> Iterator[Finding]:
    """An account goes one way, and what closed it stays."""
    if before is None:
        return
    where = f"account {name.hex()}"
    if ORDER.index(account.status) < ORDER.index(before.status):
        yield rows.broken("hours", f"{where} {before.status} or further", account.status)
    if account.cumulative_minutes < before.cumulative_minutes:
        got = str(account.cumulative_minutes)
        yield rows.broken("hours", f"at least {before.cumulative_minutes} minutes in {where}", got)
    if before.status == "used" and account.batch_id != before.batch_id:
        yield rows.broken("hours", f"the batch of {where} to stay", str(account.batch_id))


def _enough(rows: Rows, name: bytes, account: HoursAccount) -> Iterator[Finding]:
    """Whoever closed it had the hours, and the practice, of the version it was closed for."""
    version = account.version
    programme = rows.get(PROGRAMMES, account.programme, version) if version is not None else None
    where = f"account {name.hex()}"
    if programme is None:
        yield rows.broken("hours", f"the programme version of {where}", str(version))
        return
    for what, minutes, needed in (
        ("minutes", account.cumulative_minutes, programme.terms.total_hours),
        ("minutes of practice", account.practice_minutes, programme.terms.practice_hours),
    ):
        if minutes < 60 * Fraction(needed):
            yield rows.broken("hours", f"at least {60 * Fraction(needed)} {what} in {where}", str(minutes))
