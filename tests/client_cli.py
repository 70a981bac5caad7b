"""The command line against a peer in a thread: real key files, a real genesis file, real HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from accord_client.cli.main import accord
from accord_genesis.keyfiles import write_key
from accord_ledger.calendar import date_at
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.rules import HoursRatio
from client_ledger import ClientLedger, genesis_file
from domain_alliance import key_of
from domain_world import terms
from ledger_server import LedgerServer


def today() -> str:
    """The UTC day."""
    return str(date_at(int(time.time())))


def current_ledger() -> ClientLedger:
    """A ledger of today: a programme ``uu-ds`` with an intake, and an award of bcb's member bjou."""
    ledger = ClientLedger()
    ledger.close()
    ledger.open(int(time.time()) - 30)
    ledger.launch(terms("uu-ds"))
    day = today()
    offering = CourseOffering(programme="uu-ds", term_start=day, term_end=day, entrants=1000)
    ledger.do("course_offering", offering, "uu registrar")
    ledger.seal(1)
    return ledger


def agreement_terms() -> AgreementTerms:
    """From uu to bcb by hours, for those whom nvao vouches for abroad."""
    rule = HoursRatio(
        rule_id="hours", source=("nl-ects", 1), target=("cn-mc", 1), source_pin="28/1", target_pin="40/1"
    )
    return AgreementTerms(
        senders=("uu",), receivers=("bcb",), rules=(rule,), valid_from=today(), valid_to="2090-12-31",
        sign_by=int(time.time()) + 86_400, notice_days=180, trust_registries=("EQAR",),
    )  # fmt: skip


@contextmanager
def serving(ledger: ClientLedger, made: Callable[..., LedgerServer] = LedgerServer) -> Iterator[LedgerServer]:
    """A peer in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = made(ledger)
    server.step = 0

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    try:
        run(server.__aenter__())
        yield server
        run(server.__aexit__())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Desk:
    """A folder with a pin and keys, and a node to talk to."""

    def __init__(self, folder: Path, *urls: str) -> None:
        self.folder = folder
        self.genesis = folder / "genesis.accord"
        self.genesis.write_bytes(genesis_file())
        self.environment = {
            "ACCORD_NODES": " ".join(urls),
            "ACCORD_GENESIS": str(self.genesis),
            "ACCORD_KEYS": str(folder / "keys"),
            "ACCORD_PATIENCE": "0.3",
        }

    def keys(self, party: str, *purposes: str) -> Desk:
        """Key files of a party, without passphrase: scrypt is slow on purpose."""
        for purpose in purposes:
            path = self.folder / "keys" / party / f"{purpose}.pem"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_key(path, key_of(party, purpose), passphrase=None)
        return self

    def run(self, *arguments: str, code: int = 0, **environment: str) -> Result:
        """One command; its exit code is as expected, and nothing but that escapes."""
        result = CliRunner().invoke(accord, list(arguments), env=self.environment | environment)
        assert result.exit_code == code, (result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def json(self, *arguments: str, **options: Any) -> Any:
        """One command's JSON."""
        return json.loads(self.run(*arguments, "--json", **options).stdout)

    def refused(self, code: str, *arguments: str, **options: Any) -> Result:
        """A command that fails with this code, and says so once, on standard error."""
        result = self.run(*arguments, code=1, **options)
        assert f"error: {code}" in result.stderr, result.output
        assert "Traceback" not in result.output
        return result

    def write(self, name: str, value: Any) -> str:
        """A JSON file."""
        path = self.folder / name
        path.write_text(json.dumps(value))
        return str(path)
