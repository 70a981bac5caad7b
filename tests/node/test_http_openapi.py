"""The description follows from the routes, names every one, and answers are what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from accord_node.http.openapi import document
from accord_node.http.problems import CODES
from accord_node.http.reference import reference
from accord_node.http.table import ROUTES
from json_schema import SchemaError, validate

session = pytest.mark.asyncio(loop_scope="session")
ROOT = document(ROUTES)


def answered(address: str, template: str, body: Any, status: int = 200) -> None:
    """Check a body against what the description says of its route."""
    content = ROOT["paths"][template]["get"]["responses"][str(status)]["content"]
    [(_, media)] = content.items()
    validate(body, media["schema"], ROOT, address)


def test_every_route_is_described() -> None:
    described = {(method.upper(), path) for path, item in ROOT["paths"].items() for method in item}
    assert described == {(route.method, route.template) for route in ROUTES}


def test_every_path_parameter_is_described() -> None:
    for path, item in ROOT["paths"].items():
        for operation in item.values():
            names = {entry["name"] for entry in operation["parameters"] if entry["in"] == "path"}
            assert names == set(re.findall(r"{(\w+)}", path)), path


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for item in ROOT["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(ROOT)
    for name in set(re.findall(r"#/components/schemas/([\w.\-]+)", text)):
        assert name in ROOT["components"]["schemas"], name


def test_every_problem_code_of_a_route_is_in_the_catalogue() -> None:
    assert {code for route in ROUTES for code in route.problems} <= set(CODES)


def test_the_validator_can_fail() -> None:
    with pytest.raises(SchemaError):
        answered("x", "/v1/status", {"network": 5})


ANSWERS = [
    ("/v1/status", "/v1/status"),
    ("/v1/problems", "/v1/problems"),
    ("/v1/parties/p0", "/v1/parties/{id}"),
    ("/v1/parties/p0?proof=1", "/v1/parties/{id}"),
    ("/v1/nodes/p0", "/v1/nodes/{id}"),
    ("/v1/seats", "/v1/seats"),
    ("/v1/parameters?proof=1", "/v1/parameters"),
    ("/v1/programmes/welding", "/v1/programmes/{id}"),
    ("/v1/programmes/welding/1", "/v1/programmes/{id}/{version}"),
    ("/v1/frameworks/ects/1", "/v1/frameworks/{id}/{version}"),
    ("/v1/profiles/neutral/1", "/v1/profiles/{id}/{version}"),
    ("/v1/programmes", "/v1/programmes"),
    ("/v1/parties?role=university", "/v1/parties"),
    ("/v1/batches", "/v1/batches"),
    ("/v1/records?kind=credential_issue", "/v1/records"),
    ("/v1/blocks/1", "/v1/blocks/{height}"),
    ("/v1/state", "/v1/state"),
    ("/v1/state/party", "/v1/state/{table}"),
    ("/v1/state/seats?proof=1", "/v1/state/{table}"),
    ("/v1/state/party/p0", "/v1/state/{table}/{parts}"),
    ("/v1/evidence", "/v1/evidence"),
]


@pytest.mark.parametrize(("address", "template"), ANSWERS)
@session
async def test_answers_are_as_described(served: Any, address: str, template: str) -> None:
    answered(address, template, await served.get(address))


@session
async def test_a_credential_is_as_described(served: Any) -> None:
    address = f"/v1/credentials/{served.batch_id.hex()}/3?proof=1"
    answered(address, "/v1/credentials/{batch_id}/{index}", await served.get(address))


@session
async def test_a_record_is_as_described(served: Any) -> None:
    [record] = (await served.get("/v1/records?limit=1"))["items"]
    address = f"/v1/records/{record['index']}?proof=1"
    answered(address, "/v1/records/{index}", await served.get(address))


@session
async def test_an_issuance_is_as_described(served: Any) -> None:
    address = f"/v1/batches/{served.batch_id.hex()}"
    answered(address, "/v1/batches/{id}", await served.get(address))


@session
async def test_failures_are_as_described(served: Any) -> None:
    address = "/v1/parties/nobody?proof=1"
    answered(address, "/v1/parties/{id}", await served.get(address, 404), 404)


@session
async def test_the_description_is_served(served: Any) -> None:
    assert await served.get("/v1/openapi.json") == json.loads(json.dumps(ROOT))


def test_the_documentation_is_made_of_the_routes() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "api.md"
    assert page.read_text(encoding="utf-8") == reference(ROUTES), "write it anew from http/reference.py"
