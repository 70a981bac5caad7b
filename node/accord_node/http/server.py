"""The HTTP server of one node: starts, serves every route, stops without leaving anything behind."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from accord_client.api import MAX_REQUEST_BYTES
from accord_node.clock import ScriptedClock
from accord_node.config import ConfigError, Http
from accord_node.http.feed import Feed
from accord_node.http.listener import Listener
from accord_node.http.middleware import add_headers, outermost, serve
from accord_node.http.openapi import describe
from accord_node.http.proofs import Prover
from accord_node.http.site import Site
from accord_node.http.table import ROUTES
from accord_node.metrics import Metrics
from accord_node.node import Node
from accord_node.readmodel import ReadModel

KEEPALIVE_SECONDS: Final = 75.0
SHUTDOWN_SECONDS: Final = 3.0
"""Requests that still run when the node stops have so long to finish."""


class HttpServer:
    """Serves a started node. Make it inside the event loop that runs the node.

    Example:
        server = HttpServer(node)
        port = await server.start()
        ...
        await server.close()
    """

    def __init__(self, node: Node, *, folder: Path | None = None) -> None:
        """Wire the parts; nothing is opened before :meth:`start`.

        Args:
            node: a node that has been opened.
            folder: what paths of certificate files are relative to.
        """
        self._config: Http = node.config.http
        self._folder = folder or Path()
        self._node = node
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None
        self.site: Site
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is served."""
        scheme = "https" if self._config.certificate else "http"
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        return f"{scheme}://{host}:{self.port}"

    async def start(self) -> int:
        """Listen; returns the port really bound.

        Raises:
            ConfigError: ``CONFIG_TLS``.
            OSError: the address cannot be bound.
        """
        tls = _tls(self._config, self._folder)
        reads = ReadModel(self._node.store.database.path)
        metrics = Metrics(self._node)
        self.site = site = Site(
            self._node, reads, Prover(self._node, reads), Feed(), metrics, openapi=describe(ROUTES)
        )
        metrics.count("http_given_up", "Large answers given up unread.", lambda: site.unread.given_up)
        self._node.on_final(metrics.on_final)
        self._node.on_final(lambda *_: site.feed.advanced())
        self._runner = web.AppRunner(
            self._application(site, secure=tls is not None),
            access_log=None,
            keepalive_timeout=KEEPALIVE_SECONDS,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        await self._runner.setup()
        server: Any = self._runner.server
        self._listener = Listener(server, limit=self._config.max_connections, tls=tls)
        try:
            self.port = await self._listener.start(self._config.host, self._config.port)
        except OSError:
            await self.close()
            raise
        metrics.stalls.start()
        return self.port

    def _application(self, site: Site, *, secure: bool) -> web.Application:
        test = isinstance(site.node.clock, ScriptedClock)
        app = web.Application(middlewares=[outermost(site, self._heard)], client_max_size=MAX_REQUEST_BYTES)
        for route in ROUTES:
            app.router.add_route(route.method, route.address, serve(site, route))
            if route.method == "GET" and route.answer != "text/event-stream":
                app.router.add_route("HEAD", route.address, serve(site, route))

        async def prepare(request: web.Request, response: web.StreamResponse) -> None:
            add_headers(request, response, secure=secure, test_network=test)

        app.on_response_prepare.append(prepare)
        return app

    def _heard(self, protocol: object) -> None:
        if self._listener is not None:
            self._listener.heard(protocol)

    async def close(self) -> None:
        """Stop listening, end streams, let running requests finish, close; safe to call twice."""
        if self._listener is not None:
            await self._listener.close()
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        self.site.feed.close()
        self.site.metrics.stalls.stop()
        await runner.cleanup()
        self.site.reads.close()


def _tls(config: Http, folder: Path) -> ssl.SSLContext | None:
    if not config.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(
            folder / config.certificate, folder / config.private_key if config.private_key else None
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "CONFIG_TLS", f"expected a certificate chain and its key: {error}", path="http"
        ) from error
    return context
