"""The part of a story about the credential itself: issuance, uses, status, and what came of each use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from accord_client.errors import NotFoundError, TrustError
from accord_client.story.finding import Finder, FoundRecord
from accord_client.story.model import Step
from accord_client.story.programme import Telling, step_of
from accord_client.verify.authority_check import check_authority
from accord_client.verify.ledger_facts import LedgerFacts
from accord_client.verify.report import Report
from accord_ledger.calendar import date_at
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.admission import AdmissionBody
from accord_ledger.domain.kinds.benefit import BenefitClaimBody
from accord_ledger.domain.kinds.enrolment import EnrolmentOpenBody
from accord_ledger.domain.kinds.erasure import ErasureBody
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.recognise import RecogniseBody
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.kinds.review import ReviewBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, REVIEWS, Recognition
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.model.use import ADMISSIONS, BENEFIT_RULES
from accord_ledger.domain.questions.credential import UsageEvent
from accord_ledger.errors import ProofError

AUTHORITY = ("issuer", "programme", "accreditation")
"""Checks of :func:`check_authority` that are about then."""


class UseStory:
    """Steps of one credential from its issuance on."""

    def __init__(self, finder: Finder, batch_id: bytes, index: int, facts: LedgerFacts) -> None:
        self._finder, self._batch, self._index, self._facts = finder, batch_id, index, facts
        self.agreements: dict[tuple[str, int], None] = {}
        """Versions of agreements it was used under."""

    async def steps(self, events: Sequence[UsageEvent]) -> AsyncIterator[Telling]:
        """Every step, to be proved one by one; agreements of uses are then in ``agreements``."""
        for event in events:
            yield f"{event.kind} {self._batch.hex()}/{self._index}", self._event(event)
        for event in events:
            if event.kind == "recognise":
                async for telling in self._recognition(event):
                    yield telling
        standing, times = self._facts.standing, {event.at for event in events}
        if self._facts.award is not None and standing.since is not None and standing.since not in times:
            yield f"status {standing.status}", self._standing(standing.status, standing.since)

    # ---- records that name the credential ------------------------------------------------------------

    def _event(self, event: UsageEvent) -> Callable[[], Awaitable[Step]]:
        async def prove() -> Step:
            found = await self._finder.record(event.index, event.height)
            said = (event.tx, event.kind, event.by, event.at)
            if said != (found.place.tx_id, found.kind, found.author, found.time):
                raise TrustError("ANSWER_DIFFERS", f"expected {event.kind} at {event.index} as it was said")
            return step_of(found, await self._facts_of(found))

        return prove

    async def _facts_of(self, found: FoundRecord) -> dict[str, str]:
        match found.body:
            case IssueBody() as issue if issue.batch_id == self._batch:
                return self._issued((issue.merkle_root, issue.count, issue.programme))
            case IssueBody() as issue:
                return {"replaced_by": issue.batch_id.hex()}
            case StackBody() as stack if stack.batch_id == self._batch:
                return self._issued((stack.merkle_root, 1, self._facts.batch.programme))
            case StackBody() as stack:
                return await self._stacked(stack)
            case RecogniseBody() as use:
                return await self._recognised(use, found)
            case AdmissionBody() as use:
                return await self._admitted(use)
            case StatusBody() as change:
                return {"action": change.action} | ({"effect": change.effect} if change.effect else {})
            case BenefitClaimBody() as claim:
                return await self._claimed(claim)
            case ErasureBody() as erasure:
                return {"basis": erasure.basis}
            case ReviewBody() as review:
                return {"decision": review.decision, "review": review.review.hex()}
        return {}

    def _issued(self, said: tuple[bytes, int, tuple[str, int]]) -> dict[str, str]:
        """What was issued; that everybody was authorised then is judged again from proved values."""
        facts, batch = self._facts, self._facts.batch
        if said != (batch.merkle_root, batch.count, batch.programme):
            raise TrustError(
                "LEDGER_RECORD", "expected a record that says what the ledger holds of the batch"
            )
        report = Report()
        check_authority(report, facts, batch.issued_at)
        checks = [report.checks[name] for name in AUTHORITY]
        for check in checks:
            if check.outcome != "passed":
                raise ProofError(check.code, check.detail)
        return {
            "programme": f"{batch.programme[0]}@{batch.programme[1]}", "count": str(batch.count),
            "credits": facts.programme.terms.credits, "redeemable": facts.redeemable,
            "completed": f"{batch.completed_from} – {batch.completed_to}",
            **{f"authority_{check.name}": check.detail for check in checks},
        }  # fmt: skip

    async def _stacked(self, body: StackBody) -> dict[str, str]:
        award = (await self._finder.client.state(AWARDS, body.batch_id)).value
        if award is None:
            raise NotFoundError("OBJECT_UNKNOWN", "the ledger holds no such award")
        return {
            "award_batch": body.batch_id.hex(), "enrolment": body.enrolment.hex(),
            "redeemable": award.redeemable, "recognised": award.recognised, "status": award.status,
        }  # fmt: skip

    async def _recognised(self, use: RecogniseBody, found: FoundRecord) -> dict[str, str]:
        self.agreements[use.agreement] = None
        then = await self._finder.client.agreement_then(use.agreement[0], at=found.place.height)
        shown = {
            "recognition": use.recognition.hex(), "enrolment": use.enrolment.hex(),
            "agreement": f"{use.agreement[0]}@{use.agreement[1]}", "agreement_then": then.value.status,
            "rule": use.rule,
        }  # fmt: skip
        entered = (await self._finder.client.state(RECOGNITIONS, use.recognition)).value
        if entered is None:  # a rule ``evidence`` enters nothing into the account
            return shown
        _check_entered(entered, use, found)
        courses = {"courses": ", ".join(f"{code} {size}" for code, size in entered.targets)}
        return (
            shown
            | {"items": str(len(entered.items)), "exact": entered.exact, "awarded": entered.awarded,
               "dropped": entered.dropped}
            | (courses if entered.targets else {})
        )  # fmt: skip

    async def _admitted(self, use: AdmissionBody) -> dict[str, str]:
        self.agreements[use.agreement] = None
        admission = (await self._finder.client.state(ADMISSIONS, use.admission)).value
        if admission is None:
            raise NotFoundError("OBJECT_UNKNOWN", "the ledger holds no such admission")
        return {
            "agreement": f"{use.agreement[0]}@{use.agreement[1]}", "rule": use.rule,
            "enrolment": use.enrolment.hex(), "presented": admission.credits, "minimum": admission.minimum,
        }  # fmt: skip

    async def _claimed(self, claim: BenefitClaimBody) -> dict[str, str]:
        rule = (await self._finder.client.state(BENEFIT_RULES, claim.rule)).value
        if rule is None:
            raise NotFoundError("OBJECT_UNKNOWN", "the ledger holds no such benefit rule")
        return {
            "rule": claim.rule.hex(), "benefit": rule.kind, "party": rule.owner,
            "amount": f"{rule.amount_minor} {rule.currency}",
        }  # fmt: skip

    # ---- what came of a recognition ------------------------------------------------------------------

    async def _recognition(self, event: UsageEvent) -> AsyncIterator[Telling]:
        found = await self._finder.record(event.index, event.height)
        body = found.body
        if not isinstance(body, RecogniseBody):
            return
        name, client = body.recognition, self._finder.client
        yield f"enrolment_open {body.enrolment.hex()}", self._account(body.enrolment)
        entered = (await client.state(RECOGNITIONS, name)).value
        review = (await client.state(REVIEWS, name)).value
        if review is not None:
            facts = {"recognition": name.hex(), "deadline": _day(review.deadline)}
            yield f"review_opened {name.hex()}", self._said("review_opened", review.opened_at, facts)
            if review.closed_at is not None:
                facts = {"recognition": name.hex(), "decision": review.status}
                yield f"review_decide {name.hex()}", self._decided(name, review.closed_at, facts)
        if entered is not None and entered.reversed_at is not None:
            yield f"recognition_reversed {name.hex()}", self._reversed(name, entered, entered.reversed_at)

    def _account(self, enrolment: bytes) -> Callable[[], Awaitable[Step]]:
        async def prove() -> Step:
            account = (await self._finder.client.state(ENROLMENTS, enrolment)).value
            if account is None:
                raise NotFoundError("OBJECT_UNKNOWN", f"the ledger holds no account {enrolment.hex()}")
            found = await self._finder.needed(
                account.opened_at, ["enrolment_open"],
                lambda body, _: isinstance(body, EnrolmentOpenBody) and body.enrolment == enrolment,
            )  # fmt: skip
            facts = {"enrolment": enrolment.hex(), "award": f"{account.award[0]}@{account.award[1]}"}
            return step_of(found, facts)

        return prove

    def _reversed(self, name: bytes, entered: Recognition, time: int) -> Callable[[], Awaitable[Step]]:
        def matches(body: Body, _: str) -> bool:
            match body:
                case ReverseBody():
                    return body.recognition == name
                case ReviewBody():
                    return body.review == name
                case StatusBody():
                    return any(
                        item.batch_id == body.batch_id and any(s.start <= item.index < s.end for s in body.ranges)
                        for item in entered.items
                    )  # fmt: skip
            return False

        async def prove() -> Step:
            facts = {
                "recognition": name.hex(), "receiver": entered.receiver, "taken_back": entered.awarded,
                "reason": entered.reason or "",
            }  # fmt: skip
            kinds = ["recognise_reverse", "review_decide", "credential_status"]
            found = await self._finder.find(time, kinds, matches)
            if found is None:
                return Step("recognition_reversed", time, facts, "state")
            return step_of(found, facts | {"by_record": found.kind}, "recognition_reversed")

        return prove

    def _decided(self, name: bytes, time: int, facts: dict[str, str]) -> Callable[[], Awaitable[Step]]:
        async def prove() -> Step:
            found = await self._finder.find(
                time, ["review_decide"], lambda body, _: isinstance(body, ReviewBody) and body.review == name
            )
            return Step("review_decide", time, facts, "state") if found is None else step_of(found, facts)

        return prove

    def _said(self, name: str, time: int, facts: dict[str, str]) -> Callable[[], Awaitable[Step]]:
        async def prove() -> Step:
            return Step(name, time, facts, "state")

        return prove

    def _standing(self, status: str, time: int) -> Callable[[], Awaitable[Step]]:
        return self._said("status", time, {"status": status})


def _day(seconds: int) -> str:
    return date_at(seconds).isoformat()


def _check_entered(entered: Recognition, use: RecogniseBody, found: FoundRecord) -> None:
    """The account says of a recognition what its record says, or ``LEDGER_RECORD``."""
    held = (entered.agreement, entered.rule, entered.enrolment, entered.awarded, entered.height, entered.at)
    said = (use.agreement, use.rule, use.enrolment, use.claimed_credits, found.place.height, found.time)
    if held != said:
        raise TrustError("LEDGER_RECORD", f"expected a record that says {held}, got {said}")
