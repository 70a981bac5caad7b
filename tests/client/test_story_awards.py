"""Stories of stacked awards and their components, and of keys that were revoked later."""

from __future__ import annotations

from accord_client.sdk import AccordClient
from accord_client.story.model import Story
from accord_client.story.words import FACTS, STEPS
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import Interval
from client_ledger import ISSUE_TIME
from conferred_ledger import Conferred, confer
from domain_alliance import key_of
from story_server import StageServer


async def tell(done: Conferred, batch_id: bytes, index: int) -> Story:
    """A story of the ledger as it stands; every word of it is there in both languages."""
    async with (
        StageServer(done.ledger) as server,
        AccordClient([server.url], done.ledger.trust, max_age=None, patience=1.0) as client,
    ):
        story = await client.story(batch_id, index)
    assert story.complete, story.unproved
    assert {step.name for step in story.steps} <= set(STEPS)
    assert {fact for step in story.steps for fact in step.facts} <= set(FACTS)
    return story


async def test_a_component_tells_what_it_was_stacked_into() -> None:
    done = confer()
    story = await tell(done, done.components.batch_id, 2)
    assert [step.name for step in story.steps][-2:] == ["credential_issue", "stack_award"]
    stacked = story.steps[-1]
    assert stacked.facts["award_batch"] == done.batch.batch_id.hex()
    assert (stacked.facts["redeemable"], stacked.facts["status"]) == ("6/1", "conferred")
    assert {purpose for one in stacked.signers for purpose in one.purposes} == {
        "registrar", "academic_committee", "holder",
    }  # fmt: skip


async def test_an_award_tells_who_conferred_it_and_that_it_was_revoked() -> None:
    done = confer()
    body = StatusBody(
        batch_id=done.batch.batch_id, ranges=(Interval(start=0, end=1),), action="revoke", effect="review"
    )
    done.ledger.do("credential_status", body, "uu registrar")
    done.ledger.seal()
    story = await tell(done, done.batch.batch_id, 0)
    conferred, revoked = story.steps[-2:]
    assert (conferred.name, conferred.facts["programme"]) == ("stack_award", "uu-cert@1")
    assert (revoked.name, revoked.facts["action"], story.status) == ("credential_status", "revoke", "revoked")


async def test_a_key_that_was_stolen_by_then_is_said_to_be() -> None:
    done = confer()
    stolen = KeyRevoke(key_id=key_of("uu", "issuance").key_id, compromised_since=ISSUE_TIME - 5)
    done.ledger.do("key_revoke", stolen, "uu", "uu registrar")
    done.ledger.seal()
    story = await tell(done, done.components.batch_id, 5)
    [issued] = [step for step in story.steps if step.name == "credential_issue"]
    assert [one.compromised_since for one in issued.signers] == [ISSUE_TIME - 5]
    assert (story.steps[-1].name, story.status) == ("key_revoke", "needs_confirmation")
