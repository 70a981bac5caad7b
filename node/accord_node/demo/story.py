"""The demonstration's story: each function a chapter; every line is printed from what happened."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import aiohttp

from accord_client import builders as do
from accord_client.audit import run as auditing
from accord_client.audit.source import open_source
from accord_client.builders import Request
from accord_client.bundle import draft_bundle, parse_bundle
from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.share_link import SharedCredential, share_link
from accord_client.errors import ClientError, RejectedError
from accord_client.ids import new_uuid7
from accord_client.issuing import LearnerDocument, PreparedBatch, prepare_batch
from accord_client.keyring import Keyring
from accord_client.sdk import AccordClient, Receipt
from accord_client.trust import Trust
from accord_client.verify.bundle_check import verify_bundle
from accord_ledger.domain.kinds.accreditation import AccreditationGrant
from accord_node.demo import catalogue, online
from accord_node.demo.acts import AWARD, Institutions, holder_of, today
from accord_node.demo.founding import FOUNDERS, NODES, OBSERVER, Founded, found
from accord_node.demo.front import Fronts
from accord_node.demo.processes import NodeProcess
from accord_node.demo.telling import Teller

BATCH = 250
"""Credentials in a batch."""
DESK = 200
"""Credentials issued one by one, as at a registrar's desk."""
DESK_CHUNK = 10
LEARNER = 3
"""Whose file is kept, of the first batch."""
REVOKED = 2
"""Whose credential is revoked, of the same."""


class Demonstration:
    """Everything the chapters share."""

    def __init__(self, folder: Path, teller: Teller, *, batches: int) -> None:
        self.folder = folder
        self.tell = teller
        self.batches = batches
        self.founded: Founded
        self.nodes: dict[str, NodeProcess] = {}
        self.fronts: Fronts | None = None
        self.session: aiohttp.ClientSession
        self.who: Institutions
        self.issued: dict[str, PreparedBatch] = {}
        """Programme to its first batch."""
        self.learner: tuple[PreparedBatch, int]
        self.enrolment = new_uuid7()
        self.recognition = b""

    async def play(self) -> bool:
        """The whole story; whether the audit found the ledger clean."""
        self.found()
        await self.start()
        urls = [self.founded.url(party) for party in FOUNDERS]
        trust = Trust.from_genesis(self.founded.genesis_file.read_bytes())
        async with AccordClient(urls, trust) as client:
            self.who = Institutions(self.founded, client, Keyring(self.folder / "institutions"))
            await self.register()
            await self.issue()
            await self.agree()
            await self.recognise()
            await self.refuse()
            await self.kill_one()
            await self.show_bundle()
        return await self.audit()

    @property
    def link(self) -> str:
        """What the learner of the file gives to an employer."""
        batch, _ = self.learner
        return share_link(self.founded.url("uu"), SharedCredential(batch.batch_id, LEARNER))

    @property
    def lists(self) -> str:
        """Where the status lists of uu's credentials are published."""
        return self.who.list_url("uu")

    # -- chapters ----------------------------------------------------------------------------------

    def found(self) -> None:
        """Four founders hold the ceremony."""
        self.tell.chapter("1. Four institutions found an alliance")
        with self.tell.timed() as timing:
            self.founded = found(self.folder)
        genesis = self.founded.genesis
        members = ", ".join(member.party for member in genesis.members.members)
        self.tell.say(f"each made its keys in a folder of its own and signed the same document: {members}")
        self.tell.say(
            f"network {genesis.network.hex()[:16]}..., {len(genesis.values)} state values, quorum {genesis.members.quorum} of {genesis.members.size}"
        )
        self.tell.say(
            f"the observer {OBSERVER} and the parties bjou and nvao are in it without a vote ({timing.seconds:.1f} s)"
        )

    async def start(self) -> None:
        """Five processes on loopback."""
        self.tell.chapter("2. Five nodes start, each a process with its own keys, TLS and files")
        self.session = aiohttp.ClientSession()
        self.nodes = {
            party: NodeProcess(party, self.founded.config(party), self.founded.url(party)) for party in NODES
        }
        self.fronts = self.founded.fronts()
        await self.fronts.start()
        with self.tell.timed() as timing:
            for node in self.nodes.values():
                await node.start()
            await asyncio.gather(*(node.wait_ready(self.session) for node in self.nodes.values()))
        for party, node in self.nodes.items():
            self.tell.say(f"{party:<7} process {node.pid}  {node.url}")
        self.tell.say(f"all ready after {timing.seconds:.1f} s")

    async def register(self) -> None:
        """The catalogue, from real ESCO skills."""
        self.tell.chapter("3. Programmes built from ESCO skills are registered, approved and opened")
        terms = catalogue.programmes({"nl-ects": 1, "us-sch": 1, "cn-mc": 1})
        records = [
            record for item in terms for record in self.who.catalogue_records(item, entrants=2 * BATCH)
        ]
        records += self.who.catalogue_records(self.who.award_terms(), entrants=0)
        with self.tell.timed() as timing:
            await self._all_final(records)
        skills = sum(len(item.outcomes) for item in terms)
        self.tell.say(
            f"{len(terms)} programmes teaching {skills} ESCO skills, and one award of bjou: {len(records)} transactions final in {timing.seconds:.1f} s"
        )
        self.tell.say(
            f'for example {terms[0].programme_id} "{terms[0].title["en"]}", {_plain(terms[0].credits)} credits, level {terms[0].level}'
        )
        self.tell.say(catalogue.ATTRIBUTION)
        grant = AccreditationGrant(
            grant_id=new_uuid7(), agency="nvao", party="uu", scope="party", registry="EQAR", cross_border=True,
            valid_from=str(today()), valid_to=f"{today().year + 4}-12-31",
        )  # fmt: skip
        await self.who.submit(Request("accreditation_grant", "nvao", grant, (("nvao", "quality"),)))
        self.tell.say("nvao, registered in EQAR, accredits uu across borders")

    async def issue(self) -> None:
        """Several thousand credentials in batches."""
        self.tell.chapter("4. Credentials are issued: one Merkle root on the ledger for each batch")
        names = [item.programme_id for item in catalogue.programmes({"nl-ects": 1, "us-sch": 1, "cn-mc": 1})][
            : self.batches
        ]
        with self.tell.timed() as making:
            for place, name in enumerate(names):
                maker = await self.who.maker(name, name.partition("-")[0], tokens=place == 0)
                self.issued[name] = self.who.prepare(maker, BATCH, place * BATCH)
        total = sum(batch.count for batch in self.issued.values())
        self.tell.say(
            f"{total} Open Badges made, signed (eddsa-rdfc-2022) and committed to, and {BATCH} SD-JWT VCs: {making.rate(total)}"
        )
        records = [
            self.who.author.entry(self.who.issue(name.partition("-")[0], name, batch))
            for name, batch in self.issued.items()
        ]
        with self.tell.timed() as timing:
            await self._all_final(records)
        self.tell.say(
            f"{len(records)} issuances final in {timing.seconds * 1000:.0f} ms: {timing.rate(total)} credentials"
        )
        self.learner = (self.issued[names[0]], 0)

    async def agree(self) -> None:
        """Uu and bcb sign an agreement."""
        self.tell.chapter("5. Utrecht and the Beijing Credit Bank sign an agreement")
        terms = self.who.agreement("uu", "bcb", "nl-ects", "cn-mc", ("28/1", "40/1"), "EQAR")
        await self.who.submit(do.propose_agreement("uu", "uu-bcb", terms))
        await self.who.submit(do.sign_agreement("uu", ("uu-bcb", 1), terms))
        await self.who.submit(do.sign_agreement("bcb", ("uu-bcb", 1), terms))
        answer = await self.who.client.agreement("uu-bcb")
        self.tell.say(
            f"uu-bcb is {answer.agreement.status}: one EC of 28 hours counts 28/40 of a credit of 40 hours, rounded down once"
        )

    async def recognise(self) -> None:
        """Three EC become two credits, exactly."""
        self.tell.chapter("6. A learner's credential is recognised, exactly")
        await self.who.submit(do.open_enrolment("bcb", self.enrolment, AWARD))
        batch, index = self.learner
        request = self.who.recognition(self.enrolment, "uu-bcb", batch, index, "2/1")
        self.recognition = request.body.recognition  # type: ignore[attr-defined]
        begin = time.perf_counter()
        receipt = await self.who.submit(request, holders=[holder_of(batch, index)])
        passed = (time.perf_counter() - begin) * 1000
        result = receipt.result or {}
        self.tell.say(
            "3 EC are exactly {exact} credits, awarded {awarded}, dropped {dropped}".format(
                **{name: _plain(str(result.get(name))) for name in ("exact", "awarded", "dropped")}
            )
        )
        self.tell.say(
            f"signed by bcb's registrar and by the learner's own key; final and proved in {passed:.0f} ms, log entry {receipt.index}"
        )

    async def refuse(self) -> None:
        """Six things the ledger refuses."""
        self.tell.chapter("7. What the ledger refuses, by its code")
        batch, index = self.learner
        bank = self.enrolment
        again = self.who.recognition(bank, "uu-bcb", batch, index, "2/1")
        await self._refused("the same credential a second time", again, batch, index)
        unsigned = self.who.recognition(bank, "uu-bcb", batch, 1, "2/1")
        rejected = await self.who.try_to(unsigned)
        self.tell.refused("another credential without its holder's signature", rejected.code, rejected.detail)
        wrong = self.who.recognition(bank, "uu-bcb", batch, 1, "21/10")
        await self._refused("claiming the exact 21/10 instead of the 2 that are due", wrong, batch, 1)
        await self.who.submit(
            do.change_status("uu", batch.batch_id, [(REVOKED, REVOKED + 1)], "revoke", "review")
        )
        revoked = self.who.recognition(bank, "uu-bcb", batch, REVOKED, "2/1")
        await self._refused("a credential that uu revoked a moment ago", revoked, batch, REVOKED)
        name = next(iter(self.issued))
        late = self.who.prepare(await self.who.maker(name, "uu"), 10, 90_000)
        old = self.who.issue("uu", name, late, completed=today() - timedelta(days=91))
        rejected = await self.who.try_to(old)
        self.tell.refused("issuing today what was completed 91 days ago", rejected.code, rejected.detail)
        reverse = self.who.agreement("bcb", "uu", "cn-mc", "ects", ("40/1", "25/1"))
        await self.who.submit(do.propose_agreement("bcb", "bcb-uu", reverse))
        await self.who.submit(do.sign_agreement("bcb", ("bcb-uu", 1), reverse))
        rejected = await self.who.try_to(do.sign_agreement("uu", ("bcb-uu", 1), reverse))
        self.tell.refused(
            "a reverse agreement that would let credit grow in a circle", rejected.code, rejected.detail
        )

    async def _refused(self, what: str, request: Request, batch: PreparedBatch, index: int) -> None:
        rejected = await self.who.try_to(request, holders=[holder_of(batch, index)])
        self.tell.refused(what, rejected.code, rejected.detail)

    async def kill_one(self) -> None:
        """SIGKILL a node under load."""
        victim = "hnrail"
        self.tell.chapter(f"8. The node of {victim} is killed in the middle of its work")
        records = self._more_issuances(DESK)
        sending = asyncio.create_task(self._one_after_another(records))
        await self._until_height_rises()
        begin = time.perf_counter()
        await self.nodes[victim].kill()
        self.tell.say(
            f"SIGKILL to process {self.nodes[victim].pid} while {len(records)} transactions are under way"
        )
        await sending
        self.tell.say(
            f"the other three went on: all {len(records)} are final {time.perf_counter() - begin:.1f} s after the kill"
        )
        begin = time.perf_counter()
        await self.nodes[victim].start()
        await self.nodes[victim].wait_ready(self.session)
        heights = await self._same_root()
        self.tell.say(
            f"{victim} started again, verified its files, caught up and is ready after {time.perf_counter() - begin:.1f} s: height {heights} on all five nodes, one state root"
        )

    def _more_issuances(self, count: int) -> list[bytes]:
        """Single-credential issuances: one learner at a time, as a registrar's desk does it."""
        name = next(reversed(self.issued))
        issuer = name.partition("-")[0]
        source = self.issued[name]
        requests = []
        for number in range(count):
            single = _relabelled(source, number)
            requests.append(self.who.issue(issuer, name, single))
        return [self.who.author.entry(request) for request in requests]

    async def _one_after_another(self, records: list[bytes]) -> None:
        for start in range(0, len(records), DESK_CHUNK):
            await self._all_final(records[start : start + DESK_CHUNK])

    async def _until_height_rises(self) -> None:
        begin = await self._height("uu")
        while await self._height("uu") <= begin:
            await asyncio.sleep(0.01)

    async def _height(self, party: str) -> int:
        async with self.session.get(f"{self.founded.url(party)}/v1/status") as answer:
            status = await answer.json()
        return int(status["position"]["height"])

    async def _same_root(self) -> int:
        """Wait until all five nodes show one height and one state root; returns the height."""
        while True:
            seen: Counter[tuple[int, str]] = Counter()
            for party in NODES:
                async with self.session.get(f"{self.founded.url(party)}/v1/status") as answer:
                    position = (await answer.json())["position"]
                seen[position["height"], position["state_root"]] += 1
            if len(seen) == 1:
                return next(iter(seen))[0]
            await asyncio.sleep(0.05)

    async def show_bundle(self) -> None:
        """The learner's file verifies without any node."""
        self.tell.chapter("9. The learner's file proves itself, without any node")
        batch, _ = self.learner
        bundle = await self.who.client.with_evidence(draft_bundle(batch, LEARNER))
        path = self.folder / "learner.accord.json"
        path.write_bytes(bundle.to_json())
        trust = Trust.from_genesis(self.founded.genesis_file.read_bytes())
        begin = time.perf_counter()
        report = verify_bundle(parse_bundle(path.read_bytes()), trust, at=int(time.time()))
        passed = (time.perf_counter() - begin) * 1000
        self.tell.say(
            f"{path.name}: {report.verdict} in {passed:.0f} ms, {len(report.checks)} checks, {path.stat().st_size:,} bytes"
        )
        (self.folder / "learner.badge.json").write_bytes(batch.credentials[LEARNER].documents[0].content)
        for index, name in ((LEARNER, "this learner's badge"), (REVOKED, "the badge revoked above")):
            await self._show_online(load_object(batch.credentials[index].documents[0].content), name)

    async def _show_online(self, badge: JsonObject, name: str) -> None:
        """What a verifier of Open Badges finds over https, which knows nothing of the ledger."""
        seen = await online.look(badge, self.founded.authority.client_context(), at=int(time.time()))
        lists = ", ".join(f"{count} on its list of {purpose}s" for purpose, count in seen.listed.items())
        said = "REVOKED" if "revocation" in seen.set_for else "not revoked"
        self.tell.say(f"{name}, by what {seen.did} publishes: genuine, {said} ({lists})")

    async def audit(self) -> bool:
        """Everything again, from one node's public tiles."""
        self.tell.chapter("10. An auditor replays everything from one node's public tiles")
        genesis = self.founded.genesis_file.read_bytes()
        with self.tell.timed() as timing:
            report = await auditing.audit(
                open_source(self.founded.url(OBSERVER)), genesis, processes=os.cpu_count() or 1
            )
        summary = report.as_dict()
        clean = report.clean
        entries = summary.get("entries") or summary.get("size") or 0
        self.tell.say(
            f"{entries} entries of {OBSERVER}'s log in {timing.seconds:.1f} s: signatures, chain, quorums, roots and rules"
        )
        self.tell.say(
            "no finding" if clean else f"{len(report.findings)} findings, the first: {report.findings[0]}"
        )
        return clean

    async def _all_final(self, records: list[bytes]) -> list[Receipt]:
        outcomes = await self.who.client.submit_many(records)
        for outcome in outcomes:
            if isinstance(outcome, RejectedError | ClientError):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, Receipt)]

    async def stop(self) -> None:
        """End every node that still runs."""
        await asyncio.gather(*(node.stop() for node in self.nodes.values()))
        if self.fronts is not None:
            await self.fronts.close()
        if hasattr(self, "session"):
            await self.session.close()


def _relabelled(source: PreparedBatch, number: int) -> PreparedBatch:
    """A batch of one, under a batch id of its own, of a learner whose documents exist already."""
    credential = source.credentials[number]
    documents = [LearnerDocument(item.media_type, item.content) for item in credential.documents]
    return prepare_batch(credential.reference.network, new_uuid7(), [credential.claims], lambda _: documents)


def _plain(rational: str) -> str:
    """A rational as people write it: a whole number without its denominator."""
    return rational.removesuffix("/1")
