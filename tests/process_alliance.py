"""Four real members and an observer: `accord-node run` processes on loopback, with TLS and real files.

    async with ProcessAlliance(tmp_path) as alliance:
        results = await alliance.submit("uu", alliance.issuances(3), final=True)
        await alliance.nodes["suny"].kill()
        await alliance.all_equal()

Founded by the real ceremony; reached over HTTP only, as an institution would.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Self

import aiohttp
import msgspec

from accord_client.api import NodeStatus, RecordListing, SubmitRequest, SubmitResponse, SubmitResult
from accord_client.ids import new_uuid7
from accord_ledger import codec
from accord_ledger.block import VoteKind
from accord_ledger.consensus import journal
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.programme import Outcome, ProgrammeTerms
from accord_ledger.transaction import Draft
from accord_node.demo.processes import NodeProcess
from accord_node.disk import DirectoryDisk
from accord_node.wal import Wal
from genesis_alliance import Alliance as Founded
from genesis_alliance import applicant, make_alliance
from node_network import free_ports
from waiting import until_so

MEMBERS = ("bcb", "hnrail", "suny", "uu")
OBSERVER = "aud-1"
EVERYONE = (*MEMBERS, OBSERVER)
AUTHOR = "uu"
PROGRAMME = "welding"
LIFETIME_SECONDS = 3000
PATIENCE_SECONDS = 45.0
GONE = (aiohttp.ClientError, ConnectionError, TimeoutError)
"""How a node that was killed answers."""


class NodeFaultError(Exception):
    """A node answered that it cannot."""


class ProcessAlliance:
    """Founds the alliance in an empty folder; entering starts it and makes a programme to issue from."""

    def __init__(
        self,
        folder: Path,
        *,
        members: Sequence[str] = MEMBERS,
        delta_ms: int = 200,
        heartbeat_seconds: int = 2,
    ) -> None:
        self.members = tuple(members)
        self.everyone = (*self.members, OBSERVER)
        ports = free_ports(2 * len(self.everyone))
        self.http_ports = dict(zip(self.everyone, ports, strict=False))
        self.peer_ports = dict(zip(self.everyone, ports[len(self.everyone) :], strict=True))
        self.founded = _found(
            folder,
            {party: f"wss://{self.host(party)}:{port}/peer" for party, port in self.peer_ports.items()},
        )
        self.nodes: dict[str, NodeProcess] = {}
        self.seated: list[str] = []
        """Parties besides ``MEMBERS`` whose configuration names vote and witness keys."""
        self.session: aiohttp.ClientSession
        self._timing = f"delta_ms = {delta_ms}\nheartbeat_seconds = {heartbeat_seconds}\n"
        self._next = 0
        for party in self.everyone:
            self.write_config(party, self.folder(party))
            self.nodes[party] = self.process(party)

    def process(self, party: str) -> NodeProcess:
        """What runs a node; others may give it surroundings of its own."""
        return NodeProcess(party, self.config(party), self.url(party))

    def host(self, _party: str) -> str:
        """Address of a node's interfaces."""
        return "127.0.0.1"

    def listens(self, party: str) -> int:
        """Port where a node waits for peers; its endpoint, unless something stands between."""
        return self.peer_ports[party]

    # -- files -------------------------------------------------------------------------------------

    def folder(self, party: str) -> Path:
        """The node's folder: keys, genesis, configuration, data."""
        return self.founded.folder / party

    def data(self, party: str) -> Path:
        return self.folder(party) / "data"

    def config(self, party: str) -> Path:
        return self.folder(party) / "node.toml"

    def url(self, party: str) -> str:
        return f"http://{self.host(party)}:{self.http_ports[party]}"

    def write_config(
        self, party: str, folder: Path, *, http: int = 0, peers: int = 0, data: str = "data"
    ) -> Path:
        """Configuration and genesis of one node in ``folder``; its keys stand in ``folder/node``."""
        voting = party in self.members or party in self.seated
        uses = ("link", "log", "vote", "witness") if voting else ("link", "log")
        keys = "\n".join(f'{use} = "node/{use}.pem"' for use in uses)
        (folder / "genesis.accord").write_bytes(self.founded.genesis_bytes)
        path = folder / "node.toml"
        path.write_text(
            f'party = "{party}"\ndata = "{data}"\n[keys]\n{keys}\n'
            f'[http]\nhost = "{self.host(party)}"\nport = {http or self.http_ports[party]}\n'
            f'[peers]\nhost = "{self.host(party)}"\nport = {peers or self.listens(party)}\n'
            f"[consensus]\n{self._timing}[logging]\nlevel = 'info'\n",
            encoding="utf-8",
        )
        return path

    def log(self, party: str) -> str:
        """Everything a node said on standard output and error, of all its runs."""
        path = self.folder(party) / "node.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def last_lines(self, party: str, count: int = 15) -> str:
        """The end of a node's log."""
        return "\n".join(self.log(party).splitlines()[-count:])

    # -- running -----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        try:
            await self.start(*self.everyone)
            for entry in self._programme():
                (result,) = await self.submit(AUTHOR, [entry], final=True)
                assert result.status == "final", result
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(node.stop() for node in self.nodes.values()))
        await self.session.close()

    async def start(self, *parties: str) -> None:
        """Start nodes together and wait until each makes progress."""
        for party in parties:
            await self.nodes[party].start()
        await asyncio.gather(*(self.nodes[party].wait_ready(self.session) for party in parties))

    async def kill(self, *parties: str) -> None:
        """SIGKILL to all of them before any is waited for."""
        await asyncio.gather(*(self.nodes[party].kill() for party in parties))

    # -- records -----------------------------------------------------------------------------------

    def _signed(self, kind: str, body: codec.Wire, purpose: str = "institution") -> bytes:
        draft = Draft(
            network=self.founded.network, kind=kind, author=AUTHOR, body=body,
            expires=int(time.time()) + LIFETIME_SECONDS, nonce=secrets.token_bytes(16),
        )  # fmt: skip
        return draft.sign(self.founded.key(AUTHOR, purpose)).entry()

    def signed_by(self, kind: str, author: str, body: codec.Wire, *signers: tuple[str, str]) -> bytes:
        """A record by several parties, with these keys of theirs."""
        draft = Draft(
            network=self.founded.network, kind=kind, author=author, body=body,
            expires=int(time.time()) + LIFETIME_SECONDS, nonce=secrets.token_bytes(16),
        )  # fmt: skip
        for party, purpose in signers:
            draft.sign(self.founded.key(party, purpose))
        return draft.entry()

    def _programme(self) -> list[bytes]:
        today = datetime.now(UTC).date()
        terms = ProgrammeTerms(
            programme_id=PROGRAMME, version=1, title={"en": "Welding"}, outcomes=(Outcome(text={"en": "Weld"}),),
            framework=("nl-ects", 1), level=6, category="degree_bridging", form="standalone", track="credit",
            credits="1/1", total_hours="28/1", assessed=True, issuers=(AUTHOR,), profile=("neutral", 1),
        )  # fmt: skip
        step = ProgrammeStep(programme=(PROGRAMME, 1))
        approve = ProgrammeApprove(programme=(PROGRAMME, 1), approval="academic_committee", party=AUTHOR)
        start = str(today - timedelta(days=5))
        intake = CourseOffering(
            programme=PROGRAMME, term_start=start, term_end=str(today), entrants=1_000_000
        )
        return [
            self._signed("programme_register", ProgrammeRegister(terms=terms)),
            self._signed("programme_submit", step),
            self._signed("programme_approve", approve, "academic_committee"),
            self._signed("programme_activate", step),
            self._signed("course_offering", intake, "registrar"),
        ]

    def issuance(self, status_list: str, place: int) -> bytes:
        """A signed issuance; two of one place in one status list contradict each other."""
        today = str(datetime.now(UTC).date())
        body = IssueBody(
            batch_id=new_uuid7(), programme=(PROGRAMME, 1), count=1,
            merkle_root=sha256(secrets.token_bytes(16)).digest(), status_list=status_list, status_start=place,
            completed_from=today, completed_to=today, single=True,
        )  # fmt: skip
        return self._signed("credential_issue", body, "issuance")

    def issuances(self, count: int) -> list[bytes]:
        """Issuances that go well together."""
        self._next += count
        return [self.issuance("list", self._next - left) for left in range(count, 0, -1)]

    # -- asking ------------------------------------------------------------------------------------

    async def submit(
        self, party: str, entries: Sequence[bytes], *, final: bool, timeout: float = 45.0
    ) -> list[SubmitResult]:
        """Send records to one node and wait as asked."""
        request = SubmitRequest(entries=list(entries), wait="final" if final else "accepted", timeout=timeout)
        async with self.session.post(
            f"{self.url(party)}/v1/transactions",
            data=msgspec.msgpack.encode(request),
            headers={"Content-Type": "application/msgpack"},
        ) as answer:
            data = await answer.read()
            if answer.status >= 500:
                raise NodeFaultError(f"{party} answered {answer.status}: {data[:300]!r}")
            assert answer.status == 200, (party, answer.status, data[:300])
            return msgspec.json.decode(data, type=SubmitResponse).results

    async def get(self, party: str, address: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        async with self.session.get(self.url(party) + address) as answer:
            return answer.status, await answer.read()

    async def status(self, party: str) -> NodeStatus:
        code, data = await self.get(party, "/v1/status")
        assert code == 200, (party, code, data[:300])
        return msgspec.json.decode(data, type=NodeStatus)

    async def checkpoint_size(self, party: str) -> int | None:
        """Size of the newest checkpoint a node serves; None if it serves none yet."""
        code, data = await self.get(party, "/checkpoint")
        return int(data.split(b"\n")[1]) if code == 200 else None

    async def evidence(self, party: str) -> list[object]:
        code, data = await self.get(party, "/v1/evidence")
        assert code == 200, (party, code, data[:300])
        items: list[object] = msgspec.json.decode(data)["items"]
        return items

    async def final_ids(self, party: str, *, since: int = 0) -> dict[str, tuple[int, int]]:
        """(index, height) of every final transaction a node lists."""
        found: dict[str, tuple[int, int]] = {}
        first: int | None = since
        while first is not None:
            code, data = await self.get(party, f"/v1/records?from={first}&limit=500")
            assert code == 200, (party, code, data[:300])
            page = msgspec.json.decode(data, type=RecordListing)
            found |= {item.tx_id: (item.index, item.height) for item in page.items}
            first = page.next
        return found

    # -- conditions --------------------------------------------------------------------------------

    async def until(
        self, condition: Callable[[], Awaitable[bool]], what: str, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Return once the condition holds; fail by name if it does not in time."""
        await until_so(condition, what, seconds)

    async def all_equal(self, *parties: str, at_least: int = 0) -> NodeStatus:
        """Wait until nodes stand at one height with one seal, one state and one log."""
        seen: list[NodeStatus] = []

        async def equal() -> bool:
            seen[:] = await asyncio.gather(*(self.status(party) for party in parties or self.everyone))
            facts = {(item.position.block_hash, item.position.state_root, item.log_size) for item in seen}
            return len(facts) == 1 and seen[0].position.height >= at_least

        await self.until(equal, f"one ledger on {parties or self.everyone}")
        return seen[0]

    def run_offline(
        self, command: str, config: Path, *arguments: str, timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """`accord-node` with this command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "accord_node", command, "--config", str(config), *arguments],
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip


def _found(folder: Path, endpoints: dict[str, str]) -> Founded:
    members = [
        replace(
            applicant(party, seat=party != OBSERVER, endpoint=endpoints[party]),
            country="NL",
            region="NL-UT",
        )
        for party in endpoints
    ]
    return make_alliance(
        folder, founders=members[:-1], observers=members[-1:], created=int(time.time()) - 60, seed="processes"
    )


# ---- votes ---------------------------------------------------------------------------------------------

Votes = dict[tuple[str, int, int], dict[VoteKind, set[bytes]]]
"""By (member, epoch, view): the seals voted for, by kind."""


def read_votes(party: str, folder: Path, votes: Votes) -> int:
    """Add what a member's journal holds (a copy: opening one may cut it); returns how many votes."""
    count = 0
    for record in Wal(DirectoryDisk(folder), secrets.token_bytes(16)).recovered():
        if isinstance(record, journal.Voted):
            kinds = votes.setdefault((party, record.epoch, record.view), {})
            kinds.setdefault(record.kind, set()).add(record.seal)
            count += 1
    return count


def contradictions(votes: Votes) -> list[str]:
    """Votes no honest member gives (DESIGN.md section 4, step 8)."""
    found = []
    for place, kinds in votes.items():
        if any(len(kinds.get(kind, ())) > 1 for kind in ("notarize", "finalize")):
            found.append(f"{place}: two seals of one kind")
        if "nullify" in kinds and "finalize" in kinds:
            found.append(f"{place}: nullify and finalize")
    return found
