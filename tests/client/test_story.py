"""Stories from a ledger in memory: what is told is proved, and what a node hides or alters is only named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from accord_client.errors import NotFoundError
from accord_client.sdk import AccordClient
from accord_client.story.model import Story
from accord_client.story.words import FACTS, STEPS
from accord_client.trust import Trust
from scenario.memory_stage import MemoryStage
from scenario.parties import genesis
from scenario.playing import play
from scenario.programmes import issued
from scenario.script import SCRIPT
from story_server import StageLedger, StageServer

session = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ledger() -> StageLedger:
    """The whole scenario."""
    return StageLedger(await play(MemoryStage(genesis()), *SCRIPT))


@pytest_asyncio.fixture(loop_scope="session")
async def server(ledger: StageLedger) -> AsyncIterator[StageServer]:
    async with StageServer(ledger) as server:
        yield server


async def tell(server: StageServer, batch: str, index: int = 0) -> Story:
    async with AccordClient([server.url], Trust.of_genesis(genesis()), patience=1.0) as client:
        return await client.story(issued(batch).batch_id, index)


def names(story: Story) -> list[str]:
    return [step.name for step in story.steps]


@session
async def test_a_story_of_years(server: StageServer) -> None:
    story = await tell(server, "uu-ds")
    assert story.complete, story.unproved
    told = names(story)
    assert told.index("programme_approve") < told.index("credential_issue") < told.index("recognise")
    assert told[-2:] == ["agreement_terminate", "agreement_status"]
    assert story.steps[-1].facts["status"] == "ended"
    assert story.steps[-1].evidence == "state"
    assert story.status == "revoked"


@pytest.mark.parametrize(
    ("batch", "wanted"),
    [
        ("uom-d1", {"recognise", "erasure_notice"}),
        ("um-m01", {"admission_attest", "recognise"}),
        ("suny-hi", {"benefit_claim"}),
        ("ecom-ls", {"programme_status"}),
        ("bjou-wd", {"credential_issue"}),
    ],
)
@session
async def test_every_use_has_its_step(server: StageServer, batch: str, wanted: set[str]) -> None:
    story = await tell(server, batch)
    assert story.complete, story.unproved
    assert wanted <= set(names(story))


@session
async def test_everything_told_has_words_in_both_languages(server: StageServer) -> None:
    stories = [await tell(server, batch) for batch in ("uu-ds", "uom-d1", "um-m01", "suny-hi", "ecom-ls")]
    steps = [step for story in stories for step in story.steps]
    assert {step.name for step in steps} <= set(STEPS)
    assert {fact for step in steps for fact in step.facts} <= set(FACTS)


@session
async def test_what_was_in_genesis_says_so(server: StageServer) -> None:
    [grant] = [step for step in (await tell(server, "uom-d1")).steps if step.name == "accreditation_grant"]
    assert (grant.evidence, grant.facts["agency"], grant.place) == ("genesis", "teqsa", None)


@session
async def test_nobody_knows_a_credential_that_is_not_there(server: StageServer) -> None:
    with pytest.raises(NotFoundError, match="BATCH_UNKNOWN"):
        await tell(server, "uu-ds", 40)


# ---- nodes that lie --------------------------------------------------------------------------------------


@session
async def test_a_hidden_record_is_named_and_not_told(server: StageServer) -> None:
    server.hidden = lambda view: view.kind == "programme_approve"
    story = await tell(server, "uu-ds")
    assert not story.complete
    named = [(one.name, one.code) for one in story.unproved]
    assert named == [("programme_approve uu-ds@1 academic_committee of uu", "RECORD_UNKNOWN")]
    assert "programme_approve" not in names(story)
    assert "credential_issue" in names(story)


@pytest.mark.parametrize(
    ("kind", "batch", "index"),
    [
        ("recognise", "uu-ds30", 0),
        ("erasure_notice", "uom-d1", 0),
        ("credential_issue", "uu-ds", 1),
        ("credential_status", "uu-ds", 0),
    ],
)
@session
async def test_a_use_that_state_shows_cannot_be_left_out(
    server: StageServer, kind: str, batch: str, index: int
) -> None:
    server.silenced = {kind}
    story = await tell(server, batch, index)
    assert kind in {one.name for one in story.unproved}
    assert kind not in names(story)


def wrong_entry(raw: dict[str, Any]) -> None:
    raw["proof"]["entry"] = raw["proof"]["entry"][:-8] + "AAAAAAAA"


def wrong_path(raw: dict[str, Any]) -> None:
    raw["proof"]["path"][0] = "00" * 32


def no_proof(raw: dict[str, Any]) -> None:
    del raw["proof"]


@pytest.mark.parametrize("lie", [wrong_entry, wrong_path, no_proof])
@session
async def test_a_record_without_a_good_proof_is_not_told(
    server: StageServer, lie: Callable[[dict[str, Any]], None]
) -> None:
    honest = await tell(server, "uu-ds")
    [place] = [step.place for step in honest.steps if step.name == "programme_approve"]
    assert place is not None
    server.lies[f"/v1/records/{place.index}"] = lie
    story = await tell(server, "uu-ds")
    assert [one.name for one in story.unproved] == ["programme_approve uu-ds@1 academic_committee of uu"]
    assert set(names(honest)) - set(names(story)) == {"programme_approve"}


@session
async def test_a_block_that_is_another_one_is_not_believed(server: StageServer, ledger: StageLedger) -> None:
    honest = await tell(server, "uu-ds")
    [place] = [step.place for step in honest.steps if step.name == "recognise"]
    assert place is not None
    other = ledger.seals[place.height].seal
    proof = ledger.inclusion(other.first + other.count)

    def lie(raw: dict[str, Any]) -> None:
        raw["proof"] |= {"index": proof.index, "entry": proof.entry, "path": proof.path}

    server.lies[f"/v1/blocks/{place.height}"] = lie
    story = await tell(server, "uu-ds")
    assert not story.complete
    assert "recognise" not in names(story)
