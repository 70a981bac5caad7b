"""How the node is: for people, programs, probes and Prometheus."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from accord_client.api import NodeStatus, Shape
from accord_ledger import __version__
from accord_node.clock import TEST_NETWORK, ScriptedClock
from accord_node.http.problems import CODES
from accord_node.http.respond import file_response
from accord_node.http.routes import Call, Nothing, Route
from accord_node.http.site import Site

TEXT: Final = "text/plain"


class ProblemKind(Shape, frozen=True, kw_only=True):
    """One code of the interface."""

    code: str
    status: int
    meaning: str


class ProblemKinds(Shape, frozen=True, kw_only=True):
    """``GET /v1/problems``."""

    problems: list[ProblemKind]


def node_status(site: Site) -> NodeStatus:
    """The node's state in one answer."""
    node = site.node
    ready, reason = node.readiness()
    document = node.genesis.document
    return NodeStatus(
        network=node.genesis.network.hex(),
        name=document.name,
        party=node.party,
        version=__version__,
        origin=document.origin,
        epoch=node.members.epoch,
        members=[member.party for member in node.members.members],
        quorum=node.members.quorum,
        linked=sorted(node.network.linked()),
        voting=node.epochs.voting,
        ready=ready,
        reason=reason,
        view=node.driver.view,
        log_size=node.chain.base.log.size,
        pending=len(node.mempool),
        position=site.position(),
        test_network=document.scripted_clock is not None,
    )


async def status(site: Site, _: Call[Nothing, Nothing]) -> NodeStatus:
    """See :func:`node_status`."""
    return node_status(site)


async def livez(site: Site, _: Call[Nothing, Nothing]) -> web.Response:
    """The process answers."""
    return _line(200, _well(site))


async def readyz(site: Site, _: Call[Nothing, Nothing]) -> web.Response:
    """The node makes progress; otherwise 503 and why not."""
    ready, reason = site.node.readiness()
    return _line(200, _well(site)) if ready else _line(503, reason)


def _well(site: Site) -> str:
    return f"ok, {TEST_NETWORK}" if isinstance(site.node.clock, ScriptedClock) else "ok"


def _line(code: int, text: str) -> web.Response:
    return web.Response(status=code, text=text + "\n", headers={"Cache-Control": "no-store"})


async def metrics(site: Site, _: Call[Nothing, Nothing]) -> web.Response:
    """Prometheus text format."""
    return web.Response(body=site.metrics.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def openapi(site: Site, call: Call[Nothing, Nothing]) -> web.Response:
    """The description of all this."""
    return file_response(call.request, site.openapi, media_type="application/json", cache="no-cache")


async def problems(_: Site, __: Call[Nothing, Nothing]) -> ProblemKinds:
    """The catalogue of codes; rules of the ledger answer with codes of their own in results."""
    return ProblemKinds(
        problems=[
            ProblemKind(code=code, status=number, meaning=text) for code, (number, text) in CODES.items()
        ]
    )


ROUTES: Final[tuple[Any, ...]] = (
    Route("GET", "/v1/status", status, "The node's state", NodeStatus),
    Route("GET", "/livez", livez, "Whether the process answers", TEXT),
    Route("GET", "/readyz", readyz, "Whether the node makes progress (503: why not)", TEXT),
    Route("GET", "/metrics", metrics, "Prometheus metrics", TEXT),
    Route("GET", "/v1/openapi.json", openapi, "This description", "application/json"),
    Route("GET", "/v1/problems", problems, "Codes of failures", ProblemKinds),
)
