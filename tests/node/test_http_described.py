"""Whatever the description of the interface allows, or nearly allows, is answered as it says.

Requests are made up from the OpenAPI document by schemathesis and sent to a real node: what it allows, and what
it does not, which has to be refused. ``make fuzz-http`` sends many more of them.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from accord_node.http.openapi import document
from accord_node.http.table import ROUTES

EXAMPLES = int(os.environ.get("ACCORD_HTTP_EXAMPLES", "2"))
"""Requests for each route and each mode."""
PATIENCE = 30.0
"""Seconds an answer may take."""
ENDLESS = {"/v1/events"}
"""Answered as long as the reader stays."""
NOT_YET = {"PROOF_NOT_READY"}
"""Codes of the one 503 that is meant: what is asked about is not in the published log yet; try again."""

ROOT = document(ROUTES)
SCHEMA = schemathesis.openapi.from_dict(ROOT)


def it_is_no_server_error(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """The node never fails, and says it cannot answer yet only where that is so."""
    del context, case
    assert response.status_code < 500 or (response.status_code == 503 and response.json()["code"] in NOT_YET)


CHECKS = [
    it_is_no_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


def requests_of(method: str, template: str) -> list[GenerationMode]:
    """Requests as described, and where anything can be said, also ones that break the description."""
    described = ROOT["paths"][template][method.lower()]
    return list(GenerationMode) if described["parameters"] or "requestBody" in described else [POSITIVE]


POSITIVE = GenerationMode.POSITIVE
CASES = [
    (route.method, route.template, mode)
    for route in ROUTES
    if route.template not in ENDLESS
    for mode in requests_of(route.method, route.template)
]


@pytest.mark.processes
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("method", "template", "mode"),
    CASES,
    ids=[f"{method} {path} {mode.value}" for method, path, mode in CASES],
)
async def test_it_answers_as_described(served: Any, method: str, template: str, mode: GenerationMode) -> None:
    operation = SCHEMA[template][method]
    session = requests.Session()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: schemathesis.Case[Any]) -> None:
        response = case.call(base_url=str(served.server.url), session=session, timeout=PATIENCE)
        case.validate_response(response, checks=CHECKS)

    await asyncio.to_thread(send)
