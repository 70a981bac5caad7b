"""Problem documents: what a code means, in the language that was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accord_client.codes.catalogue import catalogue
from accord_node.http.problems import CODES, STATUSES, ProblemError

session = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(("asked", "language"), [("zh-CN, en;q=0.5", "zh"), ("en", "en"), ("fr", "en")])
@session
async def test_titles_are_in_the_language_asked_for(served: Any, asked: str, language: str) -> None:
    headers = {"Accept-Language": asked}
    async with served.client.get("/v1/parties/nobody", headers=headers) as answer:
        problem = json.loads(await answer.read())
        assert answer.status == 404
        assert answer.headers["Content-Language"] == language
    texts = catalogue()["OBJECT_UNKNOWN"].meanings
    assert (problem["code"], problem["title"]) == ("OBJECT_UNKNOWN", {**texts}[language])  # type: ignore[index]


@session
async def test_the_served_catalogue_is_the_one_of_all_texts(served: Any) -> None:
    kinds = (await served.get("/v1/problems"))["problems"]
    assert {kind["code"]: kind["meaning"] for kind in kinds} == {
        code: catalogue()[code].meaning() for code in STATUSES
    }


@session
async def test_the_type_of_a_problem_leads_to_its_meaning(served: Any) -> None:
    """RFC 9457 3.1.1: the type is resolved against the address, and what is there explains it."""
    for code in ("OBJECT_UNKNOWN", "BUSY_EVENTS"):
        address, _, name = ProblemError(code).document().type.partition("#")
        [kind] = [kind for kind in (await served.get(address))["problems"] if kind["code"] == name]
        assert kind == {"code": code, "status": STATUSES[code], "meaning": catalogue()[code].meaning()}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_problem_says_what_it_means(code: str) -> None:
    problem = ProblemError(code).document("zh")
    assert (problem.status, problem.title) == (STATUSES[code], catalogue()[code].meaning("zh"))
    assert problem.detail == catalogue()[code].meaning("en")
