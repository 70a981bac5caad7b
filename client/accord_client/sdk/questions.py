"""The questions of DOMAIN.md section 5: asked of a node, and computed again here before they are believed.

With a proof (the default where there can be one) an answer brings every value it rests on; the same
function runs over them, and an answer that comes out differently is refused like any false proof. What
remains the node's word is said in :class:`Answered`: that scans and indexes left nothing out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec

from accord_client.api import DryRunRequest, QuestionAnswer
from accord_client.audit.asking import Asking
from accord_client.audit.run import audit
from accord_client.audit.source import HttpSource, LogSource
from accord_client.errors import RefusedError, TrustError
from accord_client.learner_routes import MAX_PUBLIC_ROWS, PUBLIC_TABLES, PublicRules, row_key
from accord_client.plain import from_plain
from accord_client.questioning import check_answer, check_verdict
from accord_client.sdk.blocks import Blocks
from accord_client.sdk.transport import encode_json
from accord_ledger import codec
from accord_ledger.domain.kind import Body
from accord_ledger.domain.model.parameters import PARAMETERS
from accord_ledger.domain.pipeline import prepare
from accord_ledger.domain.questions.account import Account
from accord_ledger.domain.questions.agreement_then import AgreementThen
from accord_ledger.domain.questions.agreements_ending import Ending
from accord_ledger.domain.questions.catalogue import Offer
from accord_ledger.domain.questions.concerns import concerns
from accord_ledger.domain.questions.course_terms import LosingCourse
from accord_ledger.domain.questions.coverage import Coverage
from accord_ledger.domain.questions.covering import Covering
from accord_ledger.domain.questions.credential import Claimed, CredentialAsked, Erasure, Genuine, Usage
from accord_ledger.domain.questions.dry_run import Verdict
from accord_ledger.domain.questions.hours_left import HoursLeft
from accord_ledger.domain.questions.key_acts import KeyAct
from accord_ledger.domain.questions.quality import CompletionGap
from accord_ledger.domain.questions.question import Asked, Question, questions
from accord_ledger.domain.questions.refusals import RefusalRow
from accord_ledger.domain.questions.regions import Regions
from accord_ledger.domain.questions.reviews import OpenReview
from accord_ledger.domain.questions.rounding import RoundingLoss

T = TypeVar("T")

CLOCK_SKEW: Final = 120
"""Seconds a node's clock may be off ours where a verdict depends on it."""


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """An answer."""

    value: T
    height: int
    block_hash: str
    state_root: str
    time: int
    """Block time it was read at, UTC seconds."""
    at: int
    """The moment it is about."""
    proved: bool
    """It was computed here, from proved values or an own replay; otherwise it is the node's word."""
    notes: tuple[str, ...] = ()
    """What the answer does not know."""
    next: str | None = None
    """Cursor of the next page."""


class Questions(Blocks):
    """Questions of :class:`accord_client.sdk.AccordClient`."""

    async def ask(
        self, name: str, /, *, at: str | int = "", after: str = "", proof: bool = True, **asked: Any
    ) -> Answered[Any]:
        """The answer to any question.

        Args:
            name: one of ``accord_ledger.domain.questions.question.questions()``.
            at: a date (its 00:00 UTC) or a height; now if empty.
            after: ``next`` of the page before.
            proof: False takes the node's word; what counts over everything has no proof anyway, and an
                earlier moment only where the values that are read carry their times (``Question.dated``).
            asked: parameters of the question; those that are None are left out.

        Raises:
            RefusedError: ``QUESTION_UNKNOWN``, ``QUESTION_VALUE``, ``QUESTION_AT``, ``QUESTION_TOO_LARGE``.
            NotFoundError: ``OBJECT_UNKNOWN``, as the node says.
            NodeError, StaleError, ProofError: as :meth:`Transport.call`.
        """
        question = known_question(name)
        wanted = read_asked(question, asked)
        moment = str(at)
        proof = proof and question.provable and (question.dated or not moment)
        params = _params(wanted, at=moment, after=after, proof=proof)

        def accept(answer: QuestionAnswer) -> Answered[Any]:
            if not proof:
                return _unproved(question, answer)
            checked = check_answer(
                answer, question, wanted, self.trust, at=moment, after=bytes.fromhex(after)
            )  # fmt: skip
            self.accept_seal(checked.seal)
            seal = checked.seal.seal
            return Answered(
                value=checked.value, height=seal.height, block_hash=checked.seal.hash.hex(),
                state_root=seal.state_root.hex(), time=seal.time, at=checked.at, proved=True,
                notes=tuple(answer.notes), next=answer.next,
            )  # fmt: skip

        path = f"/v1/questions/{name}"
        found = (await self.transport.call("GET", path, QuestionAnswer, accept, params=params)).value
        if found.proved and isinstance(found.value, Usage):
            await self._check_events(found.value, wanted)
        return found

    async def ask_replayed(
        self,
        name: str,
        genesis_file: bytes,
        /,
        *,
        source: LogSource | None = None,
        processes: int = 1,
        at: str | int = "",
        after: str = "",
        **asked: Any,
    ) -> Answered[Any]:
        """The answer to any question, as of any moment, out of an own replay of the whole log.

        Nothing is believed, not even what has no proof elsewhere (scans, counts, the state of then): every
        block is judged and executed here, which takes as long as ``accord audit`` does.

        Args:
            name: as for :meth:`ask`.
            genesis_file: your own copy: where trust starts.
            source: of the log; the preferred node if None.
            processes: how many may work, this one included.
            at: a date (its 00:00 UTC) or a height; the newest checkpoint if empty.
            after: ``next`` of the page before.
            asked: parameters of the question.

        Raises:
            RefusedError: ``QUESTION_UNKNOWN``, ``QUESTION_VALUE``.
            QuestionError: ``QUESTION_AT``, ``OBJECT_UNKNOWN`` ...: that is the answer.
            TrustError: ``REPLAY_UNCLEAN``: the audit found something, or could not be completed.
        """
        question = known_question(name)
        asking = Asking(question, read_asked(question, asked), at=str(at), after=bytes.fromhex(after))
        report = await audit(
            source or HttpSource(self.transport.by_preference()[0]), genesis_file, network=self.trust.network,
            processes=processes, asking=[asking],
        )  # fmt: skip
        if not report.clean:
            raise TrustError("REPLAY_UNCLEAN", report.failure or str(report.first))
        if asking.refused is not None:
            raise asking.refused
        found = asking.found
        if found is None:
            raise TrustError("REPLAY_UNCLEAN", f"expected a log with blocks, got {report.entries} entries")
        version = found.version
        return Answered(
            value=found.value, height=version.height, block_hash=version.seal_hash.hex(),
            state_root=version.map.root.hex(), time=version.time, at=found.at, proved=True, notes=found.notes,
            next=None if found.next is None else found.next.hex(),
        )  # fmt: skip

    async def _check_events(self, usage: Usage, asked: Asked) -> None:
        """Every event is a record of the log, proved, that says so itself."""
        if not isinstance(asked, CredentialAsked):
            return
        batch, index = bytes.fromhex(asked.batch), asked.index
        for event in usage.events:
            _, proved, _ = await self.transaction(event.tx)
            tx = proved.record.tx
            named = concerns(prepare(proved.record.entry))
            about = any(one.subject == batch and one.low <= index < one.high for one in named)
            if (tx.kind, tx.author, proved.index) != (event.kind, event.by, event.index) or not about:
                raise TrustError(
                    "ANSWER_DIFFERS", f"expected {event.kind} of this credential at {event.index}"
                )

    async def public_rules(self) -> PublicRules:
        """A copy of everything public that says where credentials can be used (Q-L1).

        It is the same for everybody, so asking for it tells nothing about what somebody holds.

        Raises:
            RefusedError: ``RULES_TOO_MANY``.
        """
        status = await self.node_status()
        values: dict[bytes, bytes] = {}
        parameters = (await self.state(PARAMETERS)).value
        if parameters is not None:
            values[PARAMETERS.key()] = codec.encode(parameters)
        for table, kinds in PUBLIC_TABLES:
            async for row in self.listing(f"state/{table.name}"):
                values[row_key(table, kinds, row)] = codec.encode(from_plain(row.value, table.value))
                if len(values) > MAX_PUBLIC_ROWS:
                    raise RefusedError("RULES_TOO_MANY", f"expected at most {MAX_PUBLIC_ROWS} rows")
        return PublicRules(self.trust.network, status.position.height, status.position.time, values)

    # ---- credit banks --------------------------------------------------------------------------------

    async def covering(self, /, programme: str, receiver: str, **more: Any) -> Answered[list[Covering]]:
        """Q-B1: agreements that take a programme (``credits``, ``award``, ``enrolment``, ``at``)."""
        return await self.ask("covering", programme=programme, receiver=receiver, **more)

    async def coverage(self, /, **more: Any) -> Answered[Coverage]:
        """Q-B2: mutual recognition against 80 % (``country``, ``quarters``, ``at``)."""
        return await self.ask("coverage", **more)

    async def rounding(self, /, **more: Any) -> Answered[list[RoundingLoss]]:
        """Q-B3: rules that lose most to rounding (``at``)."""
        return await self.ask("rounding", **more)

    async def ending(self, /, **more: Any) -> Answered[list[Ending]]:
        """Q-B4: agreements about to end (``days``, ``party``, ``at``)."""
        return await self.ask("ending", **more)

    # ---- registrars ----------------------------------------------------------------------------------

    async def dry_run(
        self,
        entry: bytes = b"",
        *,
        kind: str = "",
        author: str = "",
        body: Body | None = None,
        others: Sequence[str] = (),
        proof: bool = True,
    ) -> Answered[Verdict]:
        """Q-R1: the ledger's verdict about a signed record, or a body as if everybody had signed it.

        Args:
            entry: canonical record; or else
            kind: of transaction,
            author: who would submit it,
            body: of it.
            others: parties that sign where the rules do not name them.
            proof: False takes the node's word.

        Raises:
            TrustError: ``ANSWER_DIFFERS`` or ``ANSWER_MOMENT``: the verdict is not that of the rules.
        """
        raw = codec.encode(body) if body is not None else b""
        wanted = DryRunRequest(
            entry=entry, kind=kind, author=author, body=raw, others=list(others), proof=proof
        )

        def accept(answer: QuestionAnswer) -> Answered[Verdict]:
            if not proof:
                return _shown(from_plain(answer.answer, Verdict), answer)
            verdict, seal = check_verdict(answer, wanted, self.trust)
            self.accept_seal(seal)
            # a network that stands still has its own time, which is its newest block's
            now = answer.at.time == seal.seal.time or abs(answer.at.time - self.now()) <= CLOCK_SKEW
            if not (now or self.trust.scripted_clock):
                raise TrustError("ANSWER_MOMENT", f"expected a verdict for now, got {answer.at.time}")
            return Answered(
                value=verdict, height=seal.seal.height, block_hash=seal.hash.hex(),
                state_root=seal.seal.state_root.hex(), time=seal.seal.time, at=answer.at.time,
                proved=verdict.code != "E_DUPLICATE_TX",
            )  # fmt: skip

        reply = await self.transport.call(
            "POST", "/v1/dry-run", QuestionAnswer, accept, body=encode_json(wanted)
        )
        return reply.value

    async def account(self, /, enrolment: bytes, **more: Any) -> Answered[Account]:
        """Q-R2: an enrolment account with its sources (``at``)."""
        return await self.ask("account", enrolment=enrolment.hex(), **more)

    async def reviews(self, /, receiver: str | None = None, **more: Any) -> Answered[list[OpenReview]]:
        """Q-R3: open reviews and deadlines (``at``, ``after``)."""
        return await self.ask("reviews", receiver=receiver, **more)

    async def course_terms(self, /, issuer: str | None = None, **more: Any) -> Answered[list[LosingCourse]]:
        """Q-R4: programmes that lose the two-year rule (``before``, ``at``, ``after``)."""
        return await self.ask("course-terms", issuer=issuer, **more)

    # ---- auditors ------------------------------------------------------------------------------------

    async def agreement_then(self, agreement: str, at: str | int = "") -> Answered[AgreementThen]:
        """Q-A2: an agreement as it stood at a date or height."""
        return await self.ask("agreement", agreement=agreement, at=at)

    async def key_acts(self, /, key: bytes, since: int | None = None, **more: Any) -> Answered[list[KeyAct]]:
        """Q-A3: everything a key signed since its compromise, or since a time (``at``)."""
        return await self.ask("key-acts", key=key.hex(), since=since, **more)

    async def refusals(self, /, receiver: str | None = None, **more: Any) -> Answered[list[RefusalRow]]:
        """Q-A4: refusals by school and code (``at``)."""
        return await self.ask("refusals", receiver=receiver, **more)

    async def regions(self, /, **more: Any) -> Answered[Regions]:
        """Q-A5: by region (``country``, ``role``, ``group``, ``at``)."""
        return await self.ask("regions", **more)

    async def completion(self, /, year: int, **more: Any) -> Answered[CompletionGap]:
        """Q-A6: urban and rural completion (``country``, ``programme``, ``at``)."""
        return await self.ask("completion", year=year, **more)

    # ---- employers and learners ----------------------------------------------------------------------

    async def genuine(self, /, batch: bytes, index: int, **more: Any) -> Answered[Genuine]:
        """Q-E1: is a credential genuine and in force (``at``)."""
        return await self.ask("credential", batch=batch.hex(), index=index, **more)

    async def catalogue(self, /, **more: Any) -> Answered[list[Offer]]:
        """Q-E2: active programmes (``esco``, ``level_min``, ``accredited``, ``field``, ``receiver``, ``at`` ...)."""
        return await self.ask("catalogue", **more)

    async def claimed(self, /, rule: bytes, batch: bytes, index: int, **more: Any) -> Answered[Claimed]:
        """Q-E3: was it claimed under this benefit rule's employer body (``at``)."""
        return await self.ask("claim", rule=rule.hex(), batch=batch.hex(), index=index, **more)

    async def hours_left(self, /, account: bytes, **more: Any) -> Answered[HoursLeft]:
        """Q-L2: how many minutes are missing (``at``)."""
        return await self.ask("hours", account=account.hex(), **more)

    async def usage(self, /, batch: bytes, index: int, **more: Any) -> Answered[Usage]:
        """Q-L3: who used a credential (``at``); every event's record is fetched, proved and looked at.

        Raises:
            TrustError: ``ANSWER_DIFFERS``: a record is not what the answer says, or about something else.
        """
        return await self.ask("usage", batch=batch.hex(), index=index, **more)

    async def erasure(self, /, batch: bytes, index: int, **more: Any) -> Answered[Erasure]:
        """Q-L4: is the erasure done, where is it still recognised (``at``)."""
        return await self.ask("erasure", batch=batch.hex(), index=index, **more)


def known_question(name: str) -> Question:
    """The question of this name.

    Raises:
        RefusedError: ``QUESTION_UNKNOWN``.
    """
    question = questions().get(name)
    if question is None:
        raise RefusedError("QUESTION_UNKNOWN", f"expected one of {', '.join(questions())}, got {name[:60]}")
    return question


def read_asked(question: Question, asked: Mapping[str, Any]) -> Asked:
    """Parameters, checked as the node checks them; text stands for numbers too.

    Raises:
        RefusedError: ``QUESTION_VALUE``.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    try:
        return msgspec.convert(given, question.asked, strict=False)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise RefusedError("QUESTION_VALUE", text, path=path.rstrip("`").lstrip(".")) from error


def _params(asked: Asked, *, at: str, after: str, proof: bool) -> dict[str, str]:
    fields = msgspec.structs.fields(type(asked))
    values = {one.name: getattr(asked, one.name) for one in fields}
    params = {name: str(value) for name, value in values.items() if value is not None}
    more = {"at": at, "after": after, "proof": "1" if proof else ""}
    return params | {name: value for name, value in more.items() if value}


def _unproved(question: Question, answer: QuestionAnswer) -> Answered[Any]:
    kind: Any = list[question.answer] if question.many else question.answer  # type: ignore[name-defined]
    return _shown(from_plain(answer.answer, kind), answer)


def _shown(value: T, answer: QuestionAnswer) -> Answered[T]:
    position = answer.position
    return Answered(
        value=value, height=position.height, block_hash=position.block_hash, state_root=position.state_root,
        time=position.time, at=answer.at.time, proved=False, notes=tuple(answer.notes), next=answer.next,
    )  # fmt: skip
