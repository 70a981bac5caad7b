"""The first part of a story: how the programme came to be approved, and who accredited it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from accord_client.story.finding import Finder, FoundRecord
from accord_client.story.model import Step
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.accreditation import AccreditationGrant, AccreditationWithdraw
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.year_close import QualityYearClose
from accord_ledger.domain.model.programme import (
    GRANTS,
    PARTY_GRANTS,
    PROGRAMME_GRANTS,
    PROGRAMME_STATUS_ARCHIVE,
    Approval,
    Grant,
    Grants,
    Programme,
    ProgrammeHead,
    StatusChange,
)
from accord_ledger.domain.standing import grant_in_force
from accord_ledger.errors import ProofError

Telling: TypeAlias = tuple[str, Callable[[], Awaitable[Step | None]]]
"""The name of a step, and how it is proved; None: there was no such step."""


def step_of(found: FoundRecord, facts: dict[str, str], name: str = "") -> Step:
    """A step that a record made."""
    return Step(name or found.kind, found.time, facts, "record", found.author, found.signers, found.place)


class ProgrammeStory:
    """Steps of one programme version up to an issuance, and its fate afterwards."""

    def __init__(self, finder: Finder, programme: Programme, head: ProgrammeHead, issued_at: int) -> None:
        self._finder, self._programme, self._head, self._issued_at = finder, programme, head, issued_at
        self._terms = programme.terms
        self._ref = (self._terms.programme_id, self._terms.version)
        self._name = f"{self._ref[0]}@{self._ref[1]}"

    async def steps(self) -> AsyncIterator[Telling]:
        """Every step, to be proved one by one."""
        programme = self._programme
        yield f"programme_register {self._name}", self._register
        if programme.submitted_at is not None:
            yield f"programme_submit {self._name}", self._step("programme_submit", programme.submitted_at)
        for approval in programme.approvals:
            name = f"programme_approve {self._name} {approval.kind} of {approval.party}"
            yield name, self._approval(approval)
        if programme.activated_at is not None:
            yield f"programme_activate {self._name}", self._step("programme_activate", programme.activated_at)
        async for change in self._changes():
            yield f"programme_status {self._name} {change.status}", self._change(change)
        async for grant_id, grant in self._grants():
            title = f"{grant.registry} of {grant.agency}"
            yield f"accreditation_grant {title}", self._grant(grant_id, grant)
            if grant.withdrawn_at is not None:
                yield f"accreditation_withdraw {title}", self._withdrawal(grant_id, grant.withdrawn_at)

    # ---- from draft to active ------------------------------------------------------------------------

    async def _register(self) -> Step:
        terms = self._terms
        found = await self._finder.needed(
            self._programme.registered_at, ["programme_register"],
            lambda body, _: isinstance(body, ProgrammeRegister) and body.terms == terms,
        )  # fmt: skip
        facts = {
            "programme": self._name, "issuers": ", ".join(terms.issuers), "credits": terms.credits,
            "framework": terms.framework[0], "hours": terms.total_hours,
            "profile": f"{terms.profile[0]}@{terms.profile[1]}",
        }  # fmt: skip
        return step_of(found, facts)

    def _step(self, kind: str, time: int) -> Callable[[], Awaitable[Step]]:
        async def prove() -> Step:
            found = await self._finder.needed(
                time, [kind], lambda body, _: isinstance(body, ProgrammeStep) and body.programme == self._ref
            )
            return step_of(found, {"programme": self._name})

        return prove

    def _approval(self, approval: Approval) -> Callable[[], Awaitable[Step]]:
        def matches(body: Body, _: str) -> bool:
            given = isinstance(body, ProgrammeApprove) and (body.programme, body.approval, body.party)
            return given == (self._ref, approval.kind, approval.party)

        async def prove() -> Step:
            found = await self._finder.needed(approval.at, ["programme_approve"], matches)
            if approval.key_id not in {signer.key_id for signer in found.signers}:
                raise ProofError("KEY_PARTY", f"expected a signature of {approval.key_id.hex()}")
            facts = {"programme": self._name, "approval": approval.kind, "party": approval.party}
            return step_of(found, facts)

        return prove

    # ---- its status ----------------------------------------------------------------------------------

    async def _changes(self) -> AsyncIterator[StatusChange]:
        """Changes of status after the activation of this version."""
        history = []
        for number in range(self._head.archived):
            change = (await self._finder.client.state(PROGRAMME_STATUS_ARCHIVE, self._ref[0], number)).value
            if change is not None:
                history.append(change)
        for change in (*history, *self._head.history):
            if change.since > (self._programme.activated_at or 0):
                yield change

    def _change(self, change: StatusChange) -> Callable[[], Awaitable[Step]]:
        programme_id = self._ref[0]

        def matches(body: Body, _: str) -> bool:
            match body:
                case ProgrammeStatusBody() | QualityYearClose():
                    return body.programme == programme_id
                case ProgrammeStep():
                    return body.programme[0] == programme_id
            return False

        async def prove() -> Step:
            facts = {"programme": programme_id, "status": change.status} | (
                {"reason": change.reason} if change.reason else {}
            )
            kinds = ["programme_status", "quality_year_close", "programme_activate"]
            found = await self._finder.find(change.since, kinds, matches)
            if found is None:
                return Step("programme_status", change.since, facts, "state")
            return step_of(found, facts, "programme_status")

        return prove

    # ---- accreditation -------------------------------------------------------------------------------

    async def _grants(self) -> AsyncIterator[tuple[bytes, Grant]]:
        """Grants in force at the issuance, on the programme and on its issuers."""
        client, seen = self._finder.client, dict[bytes, None]()
        named = (await client.state(PROGRAMME_GRANTS, self._ref[0])).value or Grants()
        seen |= dict.fromkeys(named.ids)
        for party in self._terms.issuers:
            seen |= dict.fromkeys(((await client.state(PARTY_GRANTS, party)).value or Grants()).ids)
        for name in seen:
            grant = (await client.state(GRANTS, name)).value
            if grant is not None and grant_in_force(grant, self._issued_at):
                yield name, grant

    def _grant(self, name: bytes, grant: Grant) -> Callable[[], Awaitable[Step]]:
        facts = {
            "registry": grant.registry, "agency": grant.agency, "party": grant.party,
            "cross_border": "yes" if grant.cross_border else "no",
            "valid": f"{grant.valid_from} – {grant.valid_to}",
        }  # fmt: skip

        async def prove() -> Step:
            if GRANTS.key(name) in self._finder.client.trust.founding:
                return Step("accreditation_grant", grant.granted_at, facts, "genesis")
            found = await self._finder.needed(
                grant.granted_at, ["accreditation_grant"],
                lambda body, _: isinstance(body, AccreditationGrant) and body.grant_id == name,
            )  # fmt: skip
            return step_of(found, facts)

        return prove

    def _withdrawal(self, name: bytes, time: int) -> Callable[[], Awaitable[Step]]:
        async def prove() -> Step:
            found = await self._finder.needed(
                time, ["accreditation_withdraw"],
                lambda body, _: isinstance(body, AccreditationWithdraw) and body.grant_id == name,
            )  # fmt: skip
            return step_of(found, {"grant": name.hex()})

        return prove
