"""The story of one credential of the reference scenario, told by real nodes and proved step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from accord_client.sdk import AccordClient
from accord_client.story.model import Step, Story
from accord_client.trust import Trust
from accord_ledger.calendar import date_at
from domain_alliance import uid
from scenario.node_stage import NodeStage, nodes
from scenario.programmes import issued
from scenario.script import SCRIPT
from scenario.step import Step as ScriptStep
from scenario.test_nodes import play

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]


def needed(name: str) -> set[str]:
    """A step of the script and all that come before it."""
    [step] = [one for one in SCRIPT if one.name == name]
    return {name}.union(*(needed(one) for one in step.needs))


def script(*names: str) -> list[ScriptStep]:
    """These steps, with all they need, in order."""
    wanted = set[str]().union(*(needed(name) for name in names))
    return [one for one in SCRIPT if one.name in wanted]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeStage]:
    """Six nodes after the notice of 2026-07-01."""
    async with nodes(tmp_path_factory.mktemp("story")) as stage:
        await play(stage, script("18 (notice)"))
        await stage.level()
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(played: NodeStage) -> Story:
    """The story of (#6, index 0)."""
    trust = Trust.from_genesis(played.file)
    async with AccordClient([played.servers["hnrail"].url], trust) as client:
        return await client.story(issued("uu-ds").batch_id, 0)


def days(story: Story, *names: str) -> list[tuple[str, str]]:
    """(date, name) of the steps with these names, in order."""
    return [(str(date_at(step.time)), step.name) for step in story.steps if step.name in names]


def the(story: Story, name: str, **facts: str) -> Step:
    """The one step of a name that says this."""
    [found] = [
        step
        for step in story.steps
        if step.name == name and all(step.facts.get(fact) == said for fact, said in facts.items())
    ]
    return found


async def test_every_step_is_proved_and_has_its_record(story: Story) -> None:
    assert (story.complete, story.unproved) == (True, ())
    assert all(step.evidence == "record" and step.place and step.signers for step in story.steps)
    assert [step.time for step in story.steps] == sorted(step.time for step in story.steps)


async def test_from_approval_to_reversal_in_order_of_time(story: Story) -> None:
    assert days(
        story, "programme_register", "programme_submit", "programme_approve", "programme_activate",
        "accreditation_grant", "credential_issue", "recognise", "recognition_reversed", "credential_status",
        "agreement_terminate",
    ) == [
        ("2026-03-02", "programme_register"),
        ("2026-03-02", "programme_submit"),
        ("2026-03-02", "programme_approve"),
        ("2026-03-02", "programme_activate"),
        ("2026-03-02", "accreditation_grant"),
        ("2026-04-01", "credential_issue"),
        ("2026-04-05", "recognise"),
        ("2026-06-15", "credential_status"),
        ("2026-06-15", "recognition_reversed"),
        ("2026-07-01", "agreement_terminate"),
    ]  # fmt: skip


async def test_who_was_authorised_then(story: Story) -> None:
    approval = the(story, "programme_approve").signers
    assert [(one.party, one.purposes) for one in approval] == [("uu", ("academic_committee",))]
    issuance = the(story, "credential_issue")
    assert [(one.party, one.purposes) for one in issuance.signers] == [("uu", ("issuance",))]
    assert issuance.facts["authority_issuer"] == "uu"
    assert issuance.facts["authority_programme"] == "uu-ds@1, academic_committee"
    grant = the(story, "accreditation_grant").facts
    assert (grant["registry"], grant["agency"], grant["cross_border"]) == ("EQAR", "nvao", "yes")


async def test_under_which_agreement_and_what_it_gave(story: Story) -> None:
    use = the(story, "recognise")
    assert (use.facts["agreement"], use.facts["agreement_then"], use.facts["rule"]) == (
        "a1@1",
        "active",
        "hours",
    )
    assert (use.facts["exact"], use.facts["awarded"], use.facts["dropped"]) == ("21/10", "2/1", "1/10")
    assert use.facts["recognition"] == uid("r7").hex()
    assert {one.party for one in use.signers} == {"bcb", ""}, "the bank, and the holder without a name"
    signed = [step.facts["party"] for step in story.steps if step.name == "agreement_sign"]
    assert sorted(signed) == ["bcb", "uu"]
    assert the(story, "agreement_sign", in_force="yes").time < use.time
    assert the(story, "enrolment_open").facts["award"] == "bjou-award@1"


async def test_what_happened_later(story: Story) -> None:
    revoked, reversed_ = the(story, "credential_status"), the(story, "recognition_reversed")
    assert (revoked.facts["action"], revoked.facts["effect"]) == ("revoke", "reverse")
    assert {purpose for one in revoked.signers for purpose in one.purposes} >= {"registrar", "quality"}
    assert reversed_.place == revoked.place, "one transaction does both"
    assert (reversed_.facts["taken_back"], reversed_.facts["reason"]) == ("2/1", "credential_revoked")
    assert the(story, "agreement_terminate").facts["effective"] == "2026-12-28"
    assert (story.status, story.live, story.erased) == ("revoked", (), False)


async def test_every_place_is_that_of_the_log(played: NodeStage, story: Story) -> None:
    client = played.clients["uu"]
    for step in story.steps:
        assert step.place is not None
        shown, proved, _ = await client.record(step.place.index)
        assert (shown.record.height, shown.record.time) == (step.place.height, step.time)
        assert proved.record.tx_id == step.place.tx_id
        assert proved.record.tx.author == step.author
