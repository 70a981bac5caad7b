"""Four real nodes as processes on this machine, and the records to load them with."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Self

import aiohttp
import msgspec

from accord_client.api import SubmitRequest, SubmitResponse, SubmitResult
from accord_client.ids import new_uuid7
from accord_ledger import codec
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.programme import Outcome, ProgrammeTerms
from accord_ledger.transaction import Draft
from accord_node.demo.founding import FOUNDERS, Founded, found
from accord_node.demo.processes import NodeProcess

ISSUERS = ("hnrail", "suny", "uu")
FRAMEWORKS = {"hnrail": ("cn-mc", "neutral", "1/1", "40/1", 1), "suny": ("us-sch", "neutral", "1/1", "45/1", None), "uu": ("nl-ects", "neutral", "1/1", "28/1", 6)}  # fmt: skip
LIFETIME_SECONDS = 3000


class Alliance:
    """Founded, started, ready to be loaded."""

    def __init__(self, folder: Path, *, lifetime: int = LIFETIME_SECONDS) -> None:
        self._lifetime = lifetime
        self.founded: Founded = found(folder)
        self.nodes = {
            party: NodeProcess(party, self.founded.config(party), self.founded.url(party))
            for party in FOUNDERS
        }
        self.session: aiohttp.ClientSession
        self._issued = dict.fromkeys(ISSUERS, 0)
        self._lists = dict.fromkeys(ISSUERS, 0)

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=180),
            headers={"Accept-Encoding": "identity"},  # on this machine, as the SDK does
        )
        for node in self.nodes.values():
            await node.start()
        for node in self.nodes.values():
            await node.wait_ready(self.session)
        for issuer in ISSUERS:
            for entry in self._programme(issuer):
                (result,) = await self.submit("uu", [entry], final=True)
                if result.status != "final":
                    raise RuntimeError(f"set-up was refused: {result}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(node.stop() for node in self.nodes.values()))
        await self.session.close()

    def _draft(self, kind: str, author: str, body: object) -> Draft:
        return Draft(
            network=self.founded.genesis.network,
            kind=kind,
            author=author,
            body=body,
            expires=int(time.time()) + self._lifetime,
            nonce=secrets.token_bytes(16),
        )

    def _signed(self, kind: str, author: str, body: object, purpose: str) -> bytes:
        return self._draft(kind, author, body).sign(self.founded.keys[author].institution[purpose]).entry()  # type: ignore[index]

    def _programme(self, issuer: str) -> list[bytes]:
        framework, profile, amount, hours, level = FRAMEWORKS[issuer]
        today = datetime.now(UTC).date()
        name = f"{issuer}-bench"
        terms = ProgrammeTerms(
            programme_id=name, version=1, title={"en": "Benchmark"}, outcomes=(Outcome(text={"en": "Measure"}),),
            framework=(framework, 1), level=level, category="degree_bridging", form="standalone", track="credit",
            credits=amount, total_hours=hours, assessed=True, issuers=(issuer,), profile=(profile, 1),
        )  # fmt: skip
        step = ProgrammeStep(programme=(name, 1))
        approve = ProgrammeApprove(programme=(name, 1), approval="academic_committee", party=issuer)
        intakes = [
            CourseOffering(programme=name, term_start=str(today - timedelta(days=5 + n)), term_end=str(today), entrants=1_000_000)
            for n in range(20)
        ]  # fmt: skip
        return [
            self._signed("programme_register", issuer, ProgrammeRegister(terms=terms), "institution"),
            self._signed("programme_submit", issuer, step, "institution"),
            self._signed("programme_approve", issuer, approve, "academic_committee"),
            self._signed("programme_activate", issuer, step, "institution"),
            *(self._signed("course_offering", issuer, body, "registrar") for body in intakes),
        ]

    def issuances(self, count: int, *, size: int = 1) -> list[bytes]:
        """Signed issuances of ``size`` credentials each, spread over the issuers, one signature each."""
        today = str(datetime.now(UTC).date())
        entries: list[bytes] = []
        for number in range(count):
            issuer = ISSUERS[number % len(ISSUERS)]
            start = self._issued[issuer]
            if start + size > 2**20:
                self._lists[issuer], start = self._lists[issuer] + 1, 0
            self._issued[issuer] = start + size
            body = IssueBody(
                batch_id=new_uuid7(), programme=(f"{issuer}-bench", 1), count=size,
                merkle_root=sha256(secrets.token_bytes(16)).digest(), status_list=f"list-{self._lists[issuer]}",
                status_start=start, completed_from=today, completed_to=today, single=size < 10,
            )  # fmt: skip
            entries.append(self._signed("credential_issue", issuer, body, "issuance"))
        return entries

    async def submit(self, party: str, entries: Sequence[bytes], *, final: bool) -> list[SubmitResult]:
        """Send records to one node over HTTP and wait as asked."""
        request = SubmitRequest(entries=list(entries), wait="final" if final else "accepted", timeout=120.0)
        url = f"{self.founded.url(party)}/v1/transactions"
        headers = {"Content-Type": "application/msgpack"}
        async with self.session.post(url, data=codec_msgpack(request), headers=headers) as answer:
            data = await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{party} answered {answer.status}: {data[:300]!r}")
            return msgspec.json.decode(data, type=SubmitResponse).results

    async def metrics(self, party: str) -> dict[str, float]:
        """Every sample of a node's ``/metrics``."""
        async with self.session.get(f"{self.founded.url(party)}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return {
            line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for line in lines
            if line and not line.startswith("#")
        }

    def disk_bytes(self, party: str) -> dict[str, int]:
        """Bytes on disk by part: log, database, journal, pending."""
        data = self.founded.config(party).parent / "data"
        found: dict[str, int] = {}
        for path in data.rglob("*"):
            if path.is_file():
                part = path.relative_to(data).parts[0].split(".")[0]
                found[part] = found.get(part, 0) + path.stat().st_blocks * 512
        return found


def codec_msgpack(request: SubmitRequest) -> bytes:
    """The request as MessagePack."""
    return msgspec.msgpack.encode(request)


__all__ = ["Alliance", "codec"]
