"""Telling a story: every part in turn, each step proved before it is told, and what was not proved by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

from accord_client.errors import ForkError
from accord_client.sdk.questions import Questions
from accord_client.story.agreement import agreement_steps
from accord_client.story.finding import Finder
from accord_client.story.model import Step, Story, Unproved
from accord_client.story.programme import ProgrammeStory, Telling, step_of
from accord_client.story.uses import UseStory
from accord_client.verify.ledger_facts import LedgerFacts
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.key import KeyRevoke, KeyRotate
from accord_ledger.domain.kinds.party_status import PartyStatusBody
from accord_ledger.domain.model.party import KeyRecord, Party
from accord_ledger.domain.questions.credential import UsageEvent
from accord_ledger.errors import AccordError


async def tell(client: Questions, batch_id: bytes, index: int) -> Story:
    """The whole story of one credential.

    Raises:
        NotFoundError: the ledger has no such credential, proved.
        ForkError: two ledgers under one pin; there is no story then.
    """
    teller = Teller(client, batch_id, index)
    facts = await client.credential(batch_id, index)
    genuine = await client.genuine(batch_id, index)
    live = await teller.parts(facts)
    return Story(
        batch_id, index, genuine.value.title, teller.in_order(), tuple(teller.unproved),
        status=genuine.value.status, erased=genuine.value.erased, live=live, height=genuine.height,
        time=genuine.time,
    )  # fmt: skip


class Teller:
    """Collects steps."""

    def __init__(self, client: Questions, batch_id: bytes, index: int) -> None:
        self._client, self._batch, self._index = client, batch_id, index
        self._finder = Finder(client)
        self._steps: list[Step] = []
        self.unproved: list[Unproved] = []

    def in_order(self) -> tuple[Step, ...]:
        """By time, then as the log has them; what has no record comes after the records of its time."""
        places = {id(step): number for number, step in enumerate(self._steps)}

        def order(step: Step) -> tuple[int, int, int, int]:
            index = step.place.index if step.place else 0
            kind = {"genesis": 0, "record": 1, "state": 2}[step.evidence]
            return step.time, kind, index, places[id(step)]

        return tuple(sorted(self._steps, key=order))

    async def parts(self, facts: LedgerFacts) -> tuple[str, ...]:
        """Prove everything; returns the receivers whose accounts hold the credential now."""
        programme = ProgrammeStory(self._finder, facts.programme, facts.head, facts.batch.issued_at)
        await self._tell_all(f"programme {facts.programme.terms.programme_id}", programme.steps())
        uses = UseStory(self._finder, self._batch, self._index, facts)
        events = await self._events(facts)
        await self._tell_all("uses of the credential", uses.steps(events))
        for ref in uses.agreements:
            await self._tell_all(f"agreement {ref[0]}@{ref[1]}", agreement_steps(self._finder, ref))
        await self._tell_all("keys and parties", self._afterwards(facts))
        return tuple(recognition.receiver for _, recognition in facts.recognitions)

    async def _tell_all(self, part: str, tellings: AsyncIterator[Telling]) -> None:
        try:
            async for name, prove in tellings:
                await self._tell(name, prove)
        except ForkError:
            raise
        except AccordError as error:
            self._not_proved(part, error)

    async def _tell(self, name: str, prove: Callable[[], Awaitable[Step | None]]) -> None:
        try:
            step = await prove()
        except ForkError:
            raise
        except AccordError as error:
            self._not_proved(name, error)
            return
        # one record may sign for several parties; whatever it says twice is told once
        if step is not None and step not in self._steps:
            self._steps.append(step)

    def _not_proved(self, name: str, error: AccordError) -> None:
        self.unproved.append(Unproved(name, error.code, error.detail))

    async def _events(self, facts: LedgerFacts) -> Sequence[UsageEvent]:
        """Records that name the credential; that none is missing is held against the proved state."""
        try:
            found = (await self._client.usage(self._batch, self._index)).value.events
        except ForkError:
            raise
        except AccordError as error:
            self._not_proved("records that name the credential", error)
            return ()
        for kind, time in _wanted(facts):
            if not any(event.at == time and kind in ("", event.kind) for event in found):
                detail = f"the ledger holds what it did at {time}; no node names it"
                self.unproved.append(Unproved(kind or "credential_status", "RECORD_UNKNOWN", detail))
        return found

    # ---- what became of those who signed -------------------------------------------------------------

    async def _afterwards(self, facts: LedgerFacts) -> AsyncIterator[Telling]:
        for key_id in facts.batch.keys:
            key = facts.keys.get(key_id)
            if key is not None and key.revoked_at is not None:
                yield f"key_revoke {key_id.hex()}", self._ended(key_id, key, key.revoked_at)
        for name, party in facts.parties.items():
            if party.status != "active":
                yield f"party_status {name} {party.status}", self._party(name, party)

    def _ended(self, key_id: bytes, key: KeyRecord, time: int) -> Callable[[], Awaitable[Step]]:
        def matches(body: Body, _: str) -> bool:
            match body:
                case KeyRevoke():
                    return body.key_id == key_id
                case KeyRotate():
                    return body.replaces == key_id
            return False

        async def prove() -> Step:
            facts = {"key": key_id.hex(), "party": key.party}
            if key.compromised_since is not None:
                facts["compromised_since"] = str(key.compromised_since)
            return step_of(await self._finder.needed(time, ["key_revoke", "key_rotate"], matches), facts)

        return prove

    def _party(self, name: str, party: Party) -> Callable[[], Awaitable[Step]]:
        async def prove() -> Step:
            facts = {"party": name, "status": party.status, "reason": party.status_reason or ""}
            found = await self._finder.find(
                party.status_since, ["party_status"],
                lambda body, _: isinstance(body, PartyStatusBody) and body.party == name,
            )  # fmt: skip
            if found is None:
                return Step("party_status", party.status_since, facts, "state")
            return step_of(found, facts)

        return prove


def _wanted(facts: LedgerFacts) -> Iterator[tuple[str, int]]:
    """Kind and time of records that must be there by what the state holds; an empty kind: of any kind.

    Recognitions of what a credential replaced name the older one. The status of an award may also change
    when a review of it falls due, which makes no record.
    """
    yield "stack_award" if facts.award is not None else "credential_issue", facts.batch.issued_at
    if facts.batch.replaces is None:
        for _, entered in facts.recognitions:
            yield "recognise", entered.at
    if facts.row.erased_at is not None:
        yield "erasure_notice", facts.row.erased_at
    if facts.standing.since is not None and facts.award is None:
        yield "", facts.standing.since
