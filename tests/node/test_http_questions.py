"""Questions over HTTP: described as they are answered, bounded, and proved by values alone."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from accord_ledger import codec
from accord_ledger.domain.questions.question import questions
from accord_node.http.openapi import document
from accord_node.http.questions import answering
from accord_node.http.table import ROUTES
from json_schema import validate
from node_network import issue_entry, key, programme_entries

session = pytest.mark.asyncio(loop_scope="session")
ROOT = document(ROUTES)


def answered(address: str, template: str, body: Any) -> None:
    """The body is what the description says of the route."""
    [(_, media)] = ROOT["paths"][template]["get"]["responses"]["200"]["content"].items()
    validate(body, media["schema"], ROOT, address)


def test_every_question_has_an_address() -> None:
    addresses = {route.address for route in ROUTES}
    assert {f"/v1/questions/{name}" for name in questions()} <= addresses


@session
async def test_the_list_of_questions(served: Any) -> None:
    found = await served.get("/v1/questions")
    answered("/v1/questions", "/v1/questions", found)
    assert {one["row"] for one in found["questions"]} >= {
        "Q-B1", "Q-B2", "Q-B3", "Q-B4", "Q-R2", "Q-R3", "Q-R4", "Q-A2", "Q-A3", "Q-A4", "Q-A5", "Q-A6",
        "Q-E1", "Q-E2", "Q-E3", "Q-L2", "Q-L3", "Q-L4",
    }  # fmt: skip


ASKED = [
    "coverage", "coverage?country=XA&quarters=2", "accredited", "ending", "rounding", "reviews", "course-terms",
    "refusals", "regions?role=university", "completion?year=2026", "results?year=2026", "costs?year=2026",
    "industry?year=2026", "catalogue?level_min=1", "shares?by=sector", "statuses", "funding", "freshness",
    "targets", "trusted-issuers", "occupations", "covering?programme=welding&receiver=p1",
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
@session
async def test_answers_are_as_described(served: Any, asked: str) -> None:
    template = f"/v1/questions/{asked.partition('?')[0]}"
    found = await served.get(f"/v1/questions/{asked}")
    answered(asked, template, found)
    assert found["position"]["state_root"]


@session
async def test_a_credential_is_answered_with_everything_it_rests_on(served: Any) -> None:
    address = f"/v1/questions/credential?batch={served.batch_id.hex()}&index=3&proof=1"
    found = await served.get(address)
    answered(address, "/v1/questions/credential", found)
    assert found["answer"]["status"] == "valid"
    assert found["answer"]["issuer"] == ["p0"]
    assert {bytes.fromhex(one["key"]).split(b"/")[0] for one in found["proof"]["values"]} >= {
        b"batch",
        b"programme",
    }


@session
async def test_who_used_it_names_the_issue(served: Any) -> None:
    found = await served.get(f"/v1/questions/usage?batch={served.batch_id.hex()}&index=3")
    [event] = found["answer"]["events"]
    assert (event["kind"], event["by"]) == ("credential_issue", "p0")
    record = await served.get(f"/v1/records/{event['index']}")
    assert record["record"]["tx_id"] == event["tx"]


@session
async def test_what_a_key_signed(served: Any) -> None:
    name = key("p0", "issuance").key_id.hex()
    found = await served.get(f"/v1/questions/key-acts?key={name}&since=0")
    assert {row["kind"] for row in found["answer"]} == {"credential_issue"}
    problem = await served.get(f"/v1/questions/key-acts?key={name}", 400)
    assert (problem["code"], problem["path"]) == ("QUESTION_VALUE", "since")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("credential?batch=00&index=0", 400, "HTTP_QUERY"),
        (f"credential?batch={'00' * 16}&index=0", 404, "OBJECT_UNKNOWN"),
        ("agreement?agreement=nothing", 404, "OBJECT_UNKNOWN"),
        ("coverage?at=2030-02-30", 400, "QUESTION_AT"),
        ("coverage?at=9999-01-01", 400, "QUESTION_AT"),
        ("coverage?at=99999999", 400, "QUESTION_AT"),
        ("coverage?at=yesterday", 400, "QUESTION_AT"),
        ("covering?programme=welding&receiver=p1&credits=2/4", 400, "QUESTION_VALUE"),
        ("course-terms?after=00", 400, "QUESTION_VALUE"),
        ("coverage?proof=1", 400, "HTTP_QUERY"),
        ("nothing", 404, "HTTP_NOT_FOUND"),
    ],
)
@session
async def test_what_cannot_be_answered_is_said(served: Any, asked: str, status: int, code: str) -> None:
    problem = await served.get(f"/v1/questions/{asked}", status)
    assert problem["code"] == code


@session
async def test_an_earlier_height_is_answered_with_its_seal(served: Any) -> None:
    issued = (await served.get("/v1/records?kind=credential_issue&limit=500"))["items"]
    record = min(issued, key=lambda item: item["height"])  # other tests of the session may issue, too
    height = record["height"]
    address = f"/v1/questions/credential?batch={served.batch_id.hex()}&index=0&at={height}&proof=1"
    found = await served.get(address)
    answered(address, "/v1/questions/credential", found)
    assert found["at"]["height"] == height
    assert found["at"]["time"] == record["time"]
    earlier = f"/v1/questions/credential?batch={served.batch_id.hex()}&index=0&at={height - 1 or height}"
    if height > 1:  # blocks of one time are told apart
        assert (await served.get(earlier, 404))["code"] == "OBJECT_UNKNOWN"


@session
async def test_every_question_answers_for_an_earlier_height(served: Any) -> None:
    [newest] = (await served.get("/v1/records?kind=credential_issue&limit=1"))["items"]
    for name in ASKED:
        question = name.partition("?")[0]
        address = f"/v1/questions/{name}{'&' if '?' in name else '?'}at={newest['height']}"
        found = await served.get(address)
        answered(address, f"/v1/questions/{question}", found)
        assert found["at"]["height"] == newest["height"]
        assert found["position"]["height"] >= newest["height"]


@session
async def test_an_earlier_answer_stays_what_it_was(served: Any) -> None:
    before = await served.get("/v1/questions/catalogue")
    await served.submit(*programme_entries(served.alliance, "p0", "pottery"))
    after = await served.get("/v1/questions/catalogue")
    assert len(after["answer"]) == len(before["answer"]) + 1
    then = await served.get(f"/v1/questions/catalogue?at={before['position']['height']}")
    assert (then["answer"], then.get("notes", [])) == (before["answer"], [])
    assert then["position"]["height"] >= after["position"]["height"]


@session
async def test_of_the_past_only_what_carries_its_times_is_proved(served: Any) -> None:
    listed = {one["name"]: one for one in (await served.get("/v1/questions"))["questions"]}
    assert (listed["catalogue"]["provable"], listed["catalogue"]["dated"]) == (True, False)
    assert (listed["statuses"]["provable"], listed["statuses"]["dated"]) == (True, True)
    problem = await served.get("/v1/questions/catalogue?at=1&proof=1", 400)
    assert (problem["code"], problem["path"]) == ("QUESTION_VALUE", "proof")
    assert (await served.get("/v1/questions/statuses?at=1&proof=1"))["proof"]["values"]


@session
async def test_too_many_values_are_not_proved(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MAX_PROVED", 2)
    address = f"/v1/questions/credential?batch={served.batch_id.hex()}&index=3&proof=1"
    assert (await served.get(address, 400))["code"] == "QUESTION_TOO_LARGE"


# ---- dry run ---------------------------------------------------------------------------------------------


async def tried(served: Any, status: int = 200, **wanted: Any) -> Any:
    body = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in wanted.items()
    }
    async with served.client.post("/v1/dry-run", json=body) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


@session
async def test_a_dry_run_gives_the_verdict_and_changes_nothing(served: Any) -> None:
    entry = issue_entry(served.alliance, "p0", "welding", 77, count=12)
    before = served.node.chain.base.log.size, len(served.node.mempool)
    issued = entry_ids(await served.get("/v1/records?kind=credential_issue&limit=500"))
    found = await tried(served, entry=entry)
    assert found["answer"]["ok"]
    assert found["answer"]["signed"]
    unknown = await tried(served, entry=issue_entry(served.alliance, "p0", "nothing", 78, count=12))
    assert unknown["answer"]["code"] == "E_UNKNOWN_REF"
    assert len(served.node.mempool) == before[1]
    records = await served.get("/v1/records?kind=credential_issue&limit=500")
    assert entry_ids(records) == issued


def entry_ids(records: Any) -> set[str]:
    return {row["body"]["batch_id"] for row in records["items"]}


@session
async def test_a_body_is_tried_as_if_all_had_signed(served: Any) -> None:
    from accord_ledger.transaction import parse_record

    entry = issue_entry(served.alliance, "p0", "welding", 79, count=12)
    body = bytes(parse_record(entry).tx.body)
    found = await tried(served, kind="credential_issue", author="p0", body=body, proof=True)
    assert found["answer"]["ok"]
    assert not found["answer"]["signed"]
    assert found["proof"]["values"]
    wrong = await tried(served, kind="credential_issue", author="nobody", body=body)
    assert (wrong["answer"]["ok"], wrong["answer"]["code"]) == (False, "E_SIG_MISSING")


@session
async def test_bad_signatures_are_seen(served: Any) -> None:
    [entry, *_] = programme_entries(served.alliance, "p0", "painting")
    value = codec.decode_plain(entry)
    rows = [[name, scope, bytes(64)] for name, scope, _ in value["signatures"]]
    found = await tried(served, entry=codec.encode(value | {"signatures": rows}))
    assert found["answer"]["code"] == "E_SIG_INVALID"


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({}, 400, "HTTP_BODY"),
        ({"entry": b"\x01", "kind": "recognise"}, 400, "HTTP_BODY"),
        ({"entry": b"\x01" * 200_000}, 413, "HTTP_TOO_LARGE"),
        ({"more": 1}, 400, "HTTP_BODY"),
    ],
)
@session
async def test_a_dry_run_takes_a_record_or_a_body(served: Any, wanted: Any, status: int, code: str) -> None:
    assert (await tried(served, status, **wanted))["code"] == code


@session
async def test_garbage_is_no_record(served: Any) -> None:
    assert (await tried(served, entry=b"\xc1"))["answer"]["code"] == "E_SCHEMA"
    found = await tried(served, kind="no_such_kind", author="p0", body=b"\x80")
    assert (found["answer"]["code"], found["answer"]["path"]) == ("E_SCHEMA", "kind")
    async with served.client.post(
        "/v1/dry-run",
        data=msgspec.msgpack.encode({"entry": b"\xc1"}),
        headers={"Content-Type": "application/msgpack"},
    ) as answer:
        assert (await answer.json())["answer"]["code"] == "E_SCHEMA"
    async with served.client.post("/v1/dry-run", data=b"x", headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415
