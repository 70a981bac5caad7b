"""Reading the ledger: values with proofs by default, listings without, several keys as one picture.

A proved answer must also be recent: not before what this client has seen (its own final records, the
newest believed checkpoint), and not older than ``max_age``. An answer that is too old makes the client
ask another node, and in the end fails as ``StaleError``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar
from urllib.parse import quote

from accord_client.api import (
    BlockView,
    Fact,
    InclusionProof,
    Listing,
    NodeStatus,
    Problem,
    RecordAnswer,
    Row,
    StateProof,
    StateProofs,
    StateProofsRequest,
)
from accord_client.errors import NotFoundError, StaleError, TrustError
from accord_client.plain import from_plain
from accord_client.proofs import (
    ProvedRecord,
    ProvedSeal,
    check_raw_state,
    check_record,
    check_seal,
    check_state,
    check_value,
)
from accord_client.sdk.answers import AgreementAnswer, Answer, ProgrammeAnswer
from accord_client.sdk.state_keys import split_key
from accord_client.sdk.transport import MissingError, Transport, encode_json
from accord_client.trust import Trust
from accord_client.verify.evidence import Evidence, NotProvedError
from accord_client.verify.ledger_facts import LedgerFacts, read_facts
from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, Enrolment, Recognition
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS, AGREEMENT_VERSIONS, AGREEMENTS
from accord_ledger.domain.model.credential import BATCHES, STATUS_RANGES, Batch, StatusRanges
from accord_ledger.domain.model.framework import FRAMEWORKS, Framework
from accord_ledger.domain.model.party import KEYS, PARTIES, KeyRecord, Party
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES
from accord_ledger.state import Part, Table

V = TypeVar("V", bound=Wire)
T = TypeVar("T")

MAX_GATHERED = 512
"""Most keys one picture may need."""

LISTING_PAGE = "200"


class Reads:
    """Queries of :class:`accord_client.sdk.AccordClient`."""

    transport: Transport
    trust: Trust
    max_age: float | None
    now: Callable[[], float]
    floor: int
    """Height that answers must have reached: that of this client's newest final record."""

    # ---- single values -------------------------------------------------------------------------------

    async def state(self, table: Table[V], *parts: Part, proof: bool = True) -> Answer[V]:
        """The value of a state table under these key parts, or its absence.

        Args:
            table: such as ``PROGRAMMES``.
            parts: of its key.
            proof: False takes the node's word.

        Raises:
            NodeError, StaleError, ProofError: as :meth:`Transport.call`.
        """
        path = _address(table.name, parts)
        if not proof:
            return await self._unproved(path, table)

        def found(fact: Fact) -> Answer[V]:
            return self._proved(_needed(fact.proof), table, parts)

        def missing(problem: Problem) -> Answer[V]:
            answer = self._proved(_needed(problem.proof), table, parts)
            if answer.value is not None:
                raise TrustError("LEDGER_VALUE", "expected a proof of absence, got one of presence")
            return answer

        reply = await self.transport.call("GET", path, Fact, found, params={"proof": "1"}, missing=missing)
        return reply.value

    def _proved(self, proof: StateProof, table: Table[V], parts: tuple[Part, ...]) -> Answer[V]:
        proved = check_state(proof, self.trust, table, *parts)
        self.accept_seal(proved.seal)
        return Answer(proved.value, proved.height, proved.time, proof, proved.seal)

    async def _unproved(self, path: str, table: Table[V]) -> Answer[V]:
        def found(fact: Fact) -> Answer[V]:
            return Answer(from_plain(fact.value, table.value), fact.position.height, fact.position.time)

        def missing(problem: Problem) -> Answer[V]:
            if problem.position is None:
                raise MissingError(problem)
            return Answer(None, problem.position.height, problem.position.time)

        return (await self.transport.call("GET", path, Fact, found, missing=missing)).value

    def accept_seal(self, seal: ProvedSeal) -> None:
        """Take a seal as an answer's time, if it is recent enough, and remember its checkpoint.

        Raises:
            StaleError: ``NODE_BEHIND`` or ``NODE_STALE``.
            TrustError, ForkError: as :meth:`Trust.believe`.
        """
        self.trust.believe(seal.believed)
        if seal.seal.height < self.floor:
            raise StaleError("NODE_BEHIND", f"expected block {self.floor}, got {seal.seal.height}")
        age = self.now() - seal.seal.time
        if self.max_age is not None and age > self.max_age:
            raise StaleError(
                "NODE_STALE", f"expected at most {self.max_age:g} s, got a state {age:.0f} s old"
            )

    # ---- several values ------------------------------------------------------------------------------

    async def gather(
        self, read: Callable[[Context], T], proofs: dict[bytes, StateProof] | None = None
    ) -> tuple[T, dict[bytes, StateProof]]:
        """Run a reading of the ledger, fetching and proving every value it turns out to need.

        Args:
            read: reads ``ctx.state``, as the rules of the core do.
            proofs: proofs at hand; those that are fetched are added.

        Returns:
            What ``read`` returned, and the proofs of exactly the values it read.
        """
        known = {} if proofs is None else proofs
        evidence, used, time = Evidence(), dict[bytes, StateProof](), 0
        while True:
            try:
                return read(evidence.context(self.trust.network, time)), used
            except NotProvedError as error:
                key = error.key
                if len(used) >= MAX_GATHERED:
                    raise
            if key not in known:
                known[key] = await self.prove_key(key)
            used[key] = known[key]
            evidence.values[key], seal = check_raw_state(known[key], key, self.trust)
            time = max(time, seal.seal.time)

    async def prove_key(self, key: bytes) -> StateProof:
        """A checked proof about any state key."""
        name, parts = split_key(key)

        def check(proof: StateProof | None) -> StateProof:
            proof = _needed(proof)
            _, seal = check_raw_state(proof, key, self.trust)
            self.accept_seal(seal)
            return proof

        reply = await self.transport.call(
            "GET",
            _address(name, parts),
            Fact,
            lambda fact: check(fact.proof),
            params={"proof": "1"},
            missing=lambda problem: check(problem.proof),
        )
        return reply.value

    async def prove_keys(self, keys: Sequence[bytes]) -> list[StateProof]:
        """Checked proofs about many state keys, in order, all under one checkpoint.

        Args:
            keys: 1 to ``accord_client.api.MAX_PROVED_KEYS``.

        Raises:
            TrustError: ``LEDGER_KEY``: proofs about other keys.
            NodeError, StaleError, ProofError: as every read.
        """
        wanted = [key.hex() for key in keys]

        def accept(answer: StateProofs) -> list[StateProof]:
            if [item.key for item in answer.values] != wanted:
                raise TrustError("LEDGER_KEY", f"expected proofs about the {len(wanted)} keys asked for")
            seal = check_seal(answer.seal, self.trust)
            self.accept_seal(seal)
            for key, item in zip(keys, answer.values, strict=True):
                check_value(seal.seal.state_root, key, item.value, item.proof)
            return [
                StateProof(key=item.key, value=item.value, proof=item.proof, seal=answer.seal)
                for item in answer.values
            ]

        body = encode_json(StateProofsRequest(keys=wanted))
        return (await self.transport.call("POST", "/v1/state", StateProofs, accept, body=body)).value

    # ---- by subject ----------------------------------------------------------------------------------

    async def party(self, party_id: str, *, proof: bool = True) -> Answer[Party]:
        """A party."""
        return await self.state(PARTIES, party_id, proof=proof)

    async def key(self, key_id: bytes, *, proof: bool = True) -> Answer[KeyRecord]:
        """A key and what it may sign."""
        return await self.state(KEYS, key_id, proof=proof)

    async def framework(self, framework_id: str, version: int, *, proof: bool = True) -> Answer[Framework]:
        """A credit framework."""
        return await self.state(FRAMEWORKS, framework_id, version, proof=proof)

    async def programme(
        self, programme_id: str, version: int | None = None, *, proof: bool = True
    ) -> ProgrammeAnswer:
        """A version of a programme, the active (or else newest) one if none is named.

        Raises:
            NotFoundError: ``PROGRAMME_UNKNOWN``.
        """
        head = await self.state(PROGRAMME_HEADS, programme_id, proof=proof)
        if head.value is None:
            raise NotFoundError("PROGRAMME_UNKNOWN", f"the ledger has no programme {programme_id}")
        number = version or head.value.current or head.value.latest
        found = await self.state(PROGRAMMES, programme_id, number, proof=proof)
        if found.value is None:
            raise NotFoundError("PROGRAMME_UNKNOWN", f"the ledger has no {programme_id}@{number}")
        return ProgrammeAnswer(head.value, found.value, found.time, found.height)

    async def agreement(
        self, agreement_id: str, version: int | None = None, *, proof: bool = True
    ) -> AgreementAnswer:
        """A version of an agreement with its terms: the one in force, or the first draft.

        Raises:
            NotFoundError: ``AGREEMENT_UNKNOWN``.
        """
        head = await self.state(AGREEMENTS, agreement_id, proof=proof)
        number = version or (head.value.current if head.value is not None else None) or 1
        one = await self.state(AGREEMENT_VERSIONS, agreement_id, number, proof=proof)
        terms = await self.state(AGREEMENT_TERMS, agreement_id, number, proof=proof)
        if head.value is None or one.value is None or terms.value is None:
            raise NotFoundError("AGREEMENT_UNKNOWN", f"the ledger has no agreement {agreement_id}@{number}")
        return AgreementAnswer(head.value, one.value, number, terms.value, terms.time, terms.height)

    async def batch(self, batch_id: bytes, *, proof: bool = True) -> Answer[Batch]:
        """An issuance."""
        return await self.state(BATCHES, batch_id, proof=proof)

    async def credential(self, batch_id: bytes, index: int) -> LedgerFacts:
        """Everything about one credential, proved: status, uses, issuer, programme.

        Raises:
            NotFoundError: ``BATCH_UNKNOWN``.
        """
        facts, _ = await self.gather(lambda ctx: read_facts(ctx, batch_id, index))
        if facts is None or index >= facts.batch.count:
            raise NotFoundError("BATCH_UNKNOWN", f"the ledger has no credential {batch_id.hex()}/{index}")
        return facts

    async def enrolment(self, enrolment_id: bytes, *, proof: bool = True) -> Answer[Enrolment]:
        """A learner's account towards an award."""
        return await self.state(ENROLMENTS, enrolment_id, proof=proof)

    async def recognition(self, recognition_id: bytes, *, proof: bool = True) -> Answer[Recognition]:
        """One recognition."""
        return await self.state(RECOGNITIONS, recognition_id, proof=proof)

    async def status_ranges(self, party: str, name: str, *, proof: bool = True) -> Answer[StatusRanges]:
        """Positions taken in one of a party's status lists."""
        return await self.state(STATUS_RANGES, party, name, proof=proof)

    # ---- the log -------------------------------------------------------------------------------------

    async def node_status(self) -> NodeStatus:
        """What the first node that answers says of itself; nothing in it is proved.

        Raises:
            TrustError: ``LEDGER_NETWORK``: it belongs to another network.
        """

        def accept(status: NodeStatus) -> NodeStatus:
            if status.network != self.trust.network.hex():
                raise TrustError(
                    "LEDGER_NETWORK", f"expected {self.trust.network.hex()}, got {status.network[:80]}"
                )
            return status

        return (await self.transport.call("GET", "/v1/status", NodeStatus, accept)).value

    async def block(self, height: int) -> BlockView:
        """One block as a node shows it."""
        return (await self.transport.call("GET", f"/v1/blocks/{height}", BlockView, lambda view: view)).value

    async def record(self, index: int) -> tuple[RecordAnswer, ProvedRecord, InclusionProof]:
        """A final record by its log index: shown, proved, and the proof."""
        return await self._record(f"/v1/records/{index}", None, index)

    async def transaction(self, tx_id: bytes) -> tuple[RecordAnswer, ProvedRecord, InclusionProof]:
        """A final record by its transaction id: shown, proved, and the proof.

        Raises:
            NotFoundError: ``TX_UNKNOWN`` or ``TX_PENDING``, as every node says that could be asked.
        """
        return await self._record(f"/v1/transactions/{tx_id.hex()}", tx_id, None)

    async def _record(
        self, path: str, tx_id: bytes | None, index: int | None
    ) -> tuple[RecordAnswer, ProvedRecord, InclusionProof]:
        def accept(answer: RecordAnswer) -> tuple[RecordAnswer, ProvedRecord, InclusionProof]:
            if answer.proof is None:
                raise TrustError("LEDGER_PROOF_MISSING", "expected a proof")
            proved = check_record(answer.proof, self.trust, tx_id=tx_id)
            if index is not None and proved.index != index:
                raise TrustError("LEDGER_RECORD", f"expected entry {index}, got {proved.index}")
            self.trust.believe(proved.believed)
            return answer, proved, answer.proof

        return (await self.transport.call("GET", path, RecordAnswer, accept, params={"proof": "1"})).value

    # ---- listings ------------------------------------------------------------------------------------

    async def listing(self, name: str, /, **filters: str) -> AsyncIterator[Row]:
        """Rows of a listing (``parties``, ``programmes``, ``agreements``, ``batches`` ...), page by page.

        Args:
            name: last part of the address under ``/v1``.
            filters: as the interface describes them; nothing here is proved.
        """
        cursor: str | None = None
        while True:
            params = {"limit": LISTING_PAGE, **filters} | ({"cursor": cursor} if cursor else {})
            page = (
                await self.transport.call("GET", f"/v1/{name}", Listing, lambda page: page, params=params)
            ).value
            for row in page.items:
                yield row
            if page.next is None or page.next == cursor:
                return
            cursor = page.next

    def programmes(self, /, **filters: str) -> AsyncIterator[Row]:
        """Programmes (``issuer``, ``status``, ``field``, ``framework``, ``category`` ...)."""
        return self.listing("programmes", **filters)

    def parties(self, /, **filters: str) -> AsyncIterator[Row]:
        """Parties (``role``, ``country``, ``status``, ``member_of``)."""
        return self.listing("parties", **filters)

    def agreements(self, /, **filters: str) -> AsyncIterator[Row]:
        """Agreements (``party``, ``status``, ``stage``)."""
        return self.listing("agreements", **filters)

    def batches(self, /, **filters: str) -> AsyncIterator[Row]:
        """Issuances (``programme``, ``issuer``)."""
        return self.listing("batches", **filters)

    def recognitions(self, /, **filters: str) -> AsyncIterator[Row]:
        """Recognitions (``enrolment``, ``receiver``, ``agreement``, ``status``)."""
        return self.listing("recognitions", **filters)


def _needed(proof: StateProof | None) -> StateProof:
    if proof is None:
        raise TrustError("LEDGER_PROOF_MISSING", "expected a proof")
    return proof


def _address(table: str, parts: tuple[Part, ...]) -> str:
    spelled = [part.hex() if isinstance(part, bytes) else quote(str(part), safe="") for part in parts]
    return "/".join(["/v1/state", table, *spelled])
