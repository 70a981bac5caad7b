"""Questions through the SDK, of a real node's answers; answers that lie are refused, whatever they lie about."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from accord_client.api import QuestionAnswer
from accord_client.audit.source import FolderSource
from accord_client.errors import NotFoundError, RefusedError, TrustError
from accord_client.questioning import check_answer, check_verdict
from accord_client.sdk import AccordClient
from accord_client.sdk.questions import read_asked
from accord_client.trust import Trust
from accord_client.verify.evidence import NotProvedError
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.questions.question import questions
from accord_ledger.domain.questions.reading import QuestionError
from accord_ledger.errors import AccordError, ProofError
from accord_ledger.transaction import parse_record
from accord_node.http import HttpServer
from node_network import Alliance, Network, issue_entry, key, make_alliance, programme_entries
from waiting import until

session = pytest.mark.asyncio(loop_scope="session")


class Asking:
    """A node, a client that trusts genesis alone, and one batch."""

    def __init__(self, alliance: Alliance, server: HttpServer, client: AccordClient) -> None:
        self.alliance, self.server, self.client = alliance, server, client
        self.batch = b""

    async def raw(self, name: str, **asked: Any) -> Any:
        """A node's answer with proof, undecoded."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.server.url}/v1/questions/{name}", params={**asked, "proof": "1"}) as answer,
        ):
            return await answer.json(content_type=None)

    def check(self, name: str, raw: Any, **asked: Any) -> Any:
        """What the client makes of an answer."""
        question = questions()[name]
        answer = msgspec.convert(raw, QuestionAnswer)
        at = asked.pop("at", "")
        return check_answer(answer, question, read_asked(question, asked), self.client.trust, at=at).value


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    alliance = make_alliance(4)
    folder: Path = tmp_path_factory.mktemp("asking")
    async with Network(alliance, folder) as net:
        node = net.nodes["p0"]
        server = HttpServer(node)
        await server.start()
        try:
            await until(lambda: node.readiness()[0], "ready")
            entries = [
                *programme_entries(alliance, "p0", "ds"),
                issue_entry(alliance, "p0", "ds", 1, count=12),
            ]
            for entry in entries:
                [result] = await node.submissions.submit([entry], wait=True, timeout=30)
                assert result.status == "final", result
            trust = Trust.from_genesis(alliance.genesis_file)
            async with AccordClient([server.url], trust, patience=20.0) as client:
                found = Asking(alliance, server, client)
                body = msgspec.msgpack.decode(bytes(parse_record(entries[-1]).tx.body), type=IssueBody)
                found.batch = body.batch_id
                yield found
        finally:
            await server.close()


@session
async def test_a_credential_is_computed_here_from_proved_values(asking: Asking) -> None:
    found = await asking.client.genuine(asking.batch, 3)
    assert found.proved
    assert (found.value.status, found.value.issuer, found.value.erased) == ("valid", ("p0",), False)
    assert len(found.state_root) == 64


@session
async def test_who_used_it_is_proved_record_by_record(asking: Asking) -> None:
    found = await asking.client.usage(asking.batch, 3)
    assert found.proved
    assert [event.kind for event in found.value.events] == ["credential_issue"]


@session
async def test_what_a_key_signed(asking: Asking) -> None:
    found = await asking.client.key_acts(key("p0", "issuance").key_id, since=0)
    assert [act.kind for act in found.value] == ["credential_issue"]


@session
async def test_counts_are_the_nodes_word(asking: Asking) -> None:
    found = await asking.client.coverage(quarters=0)
    assert not found.proved
    assert (found.value.active, found.value.recognised, found.value.met) == (1, 0, False)


@session
async def test_every_provable_question_comes_out_the_same(asking: Asking) -> None:
    asked: dict[str, dict[str, Any]] = {
        "catalogue": {}, "freshness": {}, "statuses": {}, "funding": {}, "accredited": {}, "reviews": {},
        "course-terms": {}, "shares": {"by": "sector"}, "covering": {"programme": "ds", "receiver": "p1"},
        "completion": {"year": 2026}, "results": {"year": 2026}, "costs": {"year": 2026},
        "industry": {"year": 2026}, "occupations": {}, "erasure": {"batch": asking.batch.hex(), "index": 0},
    }  # fmt: skip
    for name, parameters in asked.items():
        found = await asking.client.ask(name, **parameters)
        assert found.proved, name
        plain = await asking.client.ask(name, proof=False, **parameters)
        assert plain.value == found.value, name


@session
async def test_an_earlier_height_is_proved_by_its_seal(asking: Asking) -> None:
    newest = await asking.client.genuine(asking.batch, 0)
    found = await asking.client.genuine(asking.batch, 0, at=newest.height)
    assert found.value == newest.value
    assert found.proved
    with pytest.raises(RefusedError, match="QUESTION_AT"):
        await asking.client.genuine(asking.batch, 0, at="2999-01-01")


@session
async def test_an_earlier_moment_without_times_is_the_nodes_word(asking: Asking) -> None:
    newest = await asking.client.catalogue()
    then = await asking.client.catalogue(at=newest.height)
    assert (newest.proved, then.proved, then.value) == (True, False, newest.value)
    raw = await asking.raw("catalogue")
    with pytest.raises(QuestionError, match="QUESTION_AT"):  # what is proved is not of then
        asking.check("catalogue", raw | {"at": raw["at"] | {"time": 1}}, at="2000-01-01")


@session
async def test_any_question_is_answered_from_an_own_replay(asking: Asking) -> None:
    newest = await asking.client.coverage(quarters=0)
    genesis = asking.alliance.genesis_file
    found = await asking.client.ask_replayed("coverage", genesis, at=newest.height, quarters=0)
    assert (found.value, found.height, found.proved) == (newest.value, newest.height, True)
    assert (found.block_hash, found.state_root, found.at) == (newest.block_hash, newest.state_root, newest.at)
    used = await asking.client.ask_replayed("usage", genesis, batch=asking.batch.hex(), index=3)
    assert [event.kind for event in used.value.events] == ["credential_issue"]
    with pytest.raises(QuestionError, match="OBJECT_UNKNOWN"):
        await asking.client.ask_replayed("agreement", genesis, agreement="nothing")
    with pytest.raises(RefusedError, match="QUESTION_UNKNOWN"):
        await asking.client.ask_replayed("nothing", genesis)


@session
async def test_a_log_that_does_not_replay_answers_nothing(asking: Asking, tmp_path: Path) -> None:
    genesis = asking.alliance.genesis_file
    with pytest.raises(TrustError, match="REPLAY_UNCLEAN"):
        await asking.client.ask_replayed("statuses", genesis, source=FolderSource(tmp_path))
    with pytest.raises(TrustError, match="REPLAY_UNCLEAN"):
        await asking.client.ask_replayed("statuses", make_alliance(5).genesis_file)


@session
async def test_what_is_unknown_is_said(asking: Asking) -> None:
    with pytest.raises(NotFoundError, match="OBJECT_UNKNOWN"):
        await asking.client.genuine(bytes(16), 0)
    with pytest.raises(RefusedError, match="QUESTION_UNKNOWN"):
        await asking.client.ask("nothing")
    with pytest.raises(RefusedError, match="QUESTION_VALUE"):
        await asking.client.ask("credential", batch="00", index=0)


def set_answer(raw: Any) -> None:
    raw["answer"]["status"] = "revoked"


def drop_value(raw: Any) -> None:
    raw["proof"]["values"].pop()


def change_value(raw: Any) -> None:
    one = next(one for one in raw["proof"]["values"] if one["value"])
    one["value"] = one["value"][:-4] + ("AAA=" if one["value"][-4:] != "AAA=" else "AAE=")


def deny_value(raw: Any) -> None:
    next(one for one in raw["proof"]["values"] if one["value"])["value"] = None


def no_proof(raw: Any) -> None:
    del raw["proof"]


def other_time(raw: Any) -> None:
    raw["at"]["time"] -= 1


LIES: list[tuple[Callable[[Any], None], type[AccordError]]] = [
    (set_answer, TrustError),
    (drop_value, NotProvedError),
    (change_value, AccordError),
    (deny_value, ProofError),
    (no_proof, TrustError),
    (other_time, TrustError),
]


@pytest.mark.parametrize(("lie", "error"), LIES, ids=lambda item: getattr(item, "__name__", ""))
@session
async def test_a_lie_is_refused(asking: Asking, lie: Callable[[Any], None], error: type[AccordError]) -> None:
    asked = {"batch": asking.batch.hex(), "index": "3"}
    raw = await asking.raw("credential", **asked)
    assert asking.check("credential", raw, **asked).status == "valid"
    told = copy.deepcopy(raw)
    lie(told)
    with pytest.raises(error):
        asking.check("credential", told, **asked)


@session
async def test_an_answer_to_another_question_is_refused(asking: Asking) -> None:
    raw = await asking.raw("credential", batch=asking.batch.hex(), index="3")
    with pytest.raises(AccordError):
        asking.check("credential", raw, batch=bytes(16).hex(), index=3)


@pytest.mark.parametrize("more", ["00", "ff", "again"])
@session
async def test_scans_outside_what_was_asked_are_refused(asking: Asking, more: str) -> None:
    raw = await asking.raw("statuses")
    assert asking.check("statuses", raw)[0].programmes == 1
    keys = raw["proof"]["trusted"]["scans"][0][3]
    keys.append(keys[-1] if more == "again" else more)
    with pytest.raises(TrustError, match="ANSWER_DIFFERS"):
        asking.check("statuses", raw)


@session
async def test_another_height_is_no_answer_for_this_one(asking: Asking) -> None:
    asked = {"batch": asking.batch.hex(), "index": "3"}
    newest = (await asking.client.genuine(asking.batch, 0)).height
    raw = await asking.raw("credential", **asked, at=str(newest))
    asking.check("credential", copy.deepcopy(raw), **asked, at=str(newest))
    with pytest.raises(TrustError, match="ANSWER_MOMENT"):
        asking.check("credential", raw, **asked, at=str(newest - 1))


# ---- dry run ---------------------------------------------------------------------------------------------


@session
async def test_a_verdict_is_reached_here_again(asking: Asking) -> None:
    good = await asking.client.dry_run(issue_entry(asking.alliance, "p0", "ds", 5, count=12))
    assert (good.value.ok, good.proved) == (True, True)
    bad = await asking.client.dry_run(issue_entry(asking.alliance, "p0", "nothing", 6, count=12))
    assert (bad.value.code, bad.value.path, bad.proved) == ("E_UNKNOWN_REF", "body.programme", True)
    entry = issue_entry(asking.alliance, "p0", "ds", 7, count=12)
    body = msgspec.msgpack.decode(bytes(parse_record(entry).tx.body), type=IssueBody)
    unsigned = await asking.client.dry_run(kind="credential_issue", author="p0", body=body)
    assert (unsigned.value.ok, unsigned.value.signed) == (True, False)


@session
async def test_a_false_verdict_is_refused(asking: Asking) -> None:
    from accord_client.api import DryRunRequest
    from accord_client.sdk.transport import encode_json

    wanted = DryRunRequest(entry=issue_entry(asking.alliance, "p0", "ds", 8, count=12), proof=True)
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{asking.server.url}/v1/dry-run",
            data=encode_json(wanted),
            headers={"Content-Type": "application/json"},
        ) as answer,
    ):
        raw = await answer.json(content_type=None)
    verdict, _ = check_verdict(msgspec.convert(raw, QuestionAnswer), wanted, asking.client.trust)
    assert verdict.ok
    raw["answer"] |= {"ok": False, "code": "E_CAP_AWARD"}
    with pytest.raises(TrustError, match="ANSWER_DIFFERS"):
        check_verdict(msgspec.convert(raw, QuestionAnswer), wanted, asking.client.trust)
