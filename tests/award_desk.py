"""A registrar who confers awards from the command line: a ledger with an award, a list of graduates, their wallet."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accord_client.wallet import Wallet, save_wallet
from client_cli import Desk, current_ledger, today
from client_ledger import ClientLedger
from domain_world import terms
from ledger_server import LedgerServer

PASSPHRASE = "correct horse"
LEARNERS = 10


def award_ledger() -> ClientLedger:
    """A ledger with a programme and an award of two of its credentials."""
    ledger = current_ledger()
    ledger.launch(terms("uu-cert", "uu", form="award", credits="6/1", total_hours="168/1"))
    ledger.seal(0)
    return ledger


def award_desk(folder: Path, server: LedgerServer) -> Desk:
    """A registrar with ten credentials issued, and a wallet that holds the keys of the first four holders."""
    desk = Desk(folder, server.url).keys("uu", "issuance", "registrar", "academic_committee")
    desk.environment |= {"ACCORD_WALLET_PASSPHRASE": PASSPHRASE, "ACCORD_PASSPHRASE": PASSPHRASE}
    (folder / "learners.csv").write_text("family_name,given_name\n" + "Doe,Jane\n" * LEARNERS)
    desk.json(
        "issue", str(folder / "learners.csv"), str(folder / "out"), "--programme", "uu-ds", "--as", "uu",
        "--completed", today(), today(), "--status-list", "list-1", "--base-url", "https://uu.example",
        ACCORD_PASSPHRASE="",
    )  # fmt: skip
    wallet = Wallet.create()
    for index in range(4):
        held = json.loads((folder / "out" / f"{index:04}.holder.json").read_bytes())
        wallet = wallet.adopt(bytes.fromhex(held["seed"]))
    save_wallet(folder / "wallet", wallet, PASSPHRASE.encode(), new=True)
    return desk


def account(desk: Desk) -> str:
    """A fresh account towards the award."""
    opened = desk.json("enrolment", "open", "uu-cert", "--as", "uu", ACCORD_PASSPHRASE="")
    name: str = opened["enrolment"]
    return name


def listed(desk: Desk, *rows: tuple[str, Sequence[int]]) -> str:
    """A list of graduates: accounts and the credentials each award rests on."""
    path = desk.folder / "graduates.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("family_name", "given_name", "enrolment", "components"))
        for name, indexes in rows:
            bundles = ";".join(f"out/{index:04}.accord.json" for index in indexes)
            writer.writerow(("Doe", "Zoë", name, bundles))
    return str(path)


def arguments(desk: Desk, graduates: str, *more: str, folder: str = "awards") -> tuple[str, ...]:
    """The command, into the folder ``awards``."""
    return (
        "award", graduates, str(desk.folder / folder), "--as", "uu", "--status-list", "awards", "--base-url", "https://uu.example", *more,
    )  # fmt: skip


def award(desk: Desk, graduates: str, *more: str, **options: Any) -> list[Any]:
    """One run; what it says of each award."""
    made = desk.json(*arguments(desk, graduates, *more), ACCORD_PASSPHRASE="", **options)
    found: list[Any] = made["awards"]
    return found


def wallet(desk: Desk) -> tuple[str, str]:
    """The holders' wallet is at hand."""
    return ("--wallet", str(desk.folder / "wallet"))
