"""What tests of the SDK speak to: a small ledger, a client of its servers, and a record to submit."""

from __future__ import annotations

from typing import Any

from accord_client.sdk import AccordClient
from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.errors import Rejection
from accord_ledger.transaction import parse_record
from client_ledger import ClientLedger
from domain_world import terms
from ledger_server import LedgerServer


def a_ledger() -> ClientLedger:
    """With one programme to read and one draft to submit."""
    ledger = ClientLedger()
    ledger.programme()
    ledger.register(terms("uu-two"))
    ledger.seal()
    return ledger


def client(*servers: LedgerServer, **options: Any) -> AccordClient:
    """Of these servers, trusting the first one's network."""
    options = {"max_age": None, "patience": 0.5, "timeout": 5.0} | options
    return AccordClient([server.url for server in servers], servers[0].ledger.trust, **options)


def submit_step(ledger: ClientLedger, **options: Any) -> bytes:
    """A record that the ledger takes: the draft is submitted for approval."""
    return ledger.entry("programme_submit", ProgrammeStep(programme=("uu-two", 1)), "uu", **options)


def records(ledger: ClientLedger) -> list[bytes]:
    """Entries that are records, oldest first."""
    found = []
    for entry in ledger.entries:
        try:
            parse_record(entry)
        except Rejection:
            continue
        found.append(entry)
    return found
