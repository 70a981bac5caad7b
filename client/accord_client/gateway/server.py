"""The gateway as a web application, and running it."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from accord_client.gateway.config import Config, check_config, ssl_context
from accord_client.gateway.desk import Desk, open_desk
from accord_client.gateway.openid4vci import Openid4vci
from accord_client.gateway.openid4vp import Openid4vp
from accord_client.gateway.vc_api import VcApi
from accord_client.gateway.web import MAX_BODY, named_failures

MAX_CONNECTIONS = 256


def application(desk: Desk) -> web.Application:
    """Every endpoint over one desk; the store is closed with it."""
    app = web.Application(middlewares=[named_failures], client_max_size=MAX_BODY)
    for protocol in (VcApi(desk), Openid4vci(desk), Openid4vp(desk)):
        app.add_routes(protocol.routes())

    async def close(_: web.Application) -> None:
        desk.store.close()

    app.on_cleanup.append(close)
    return app


class Gateway:
    """A running gateway."""

    def __init__(self, config: Config, folder: Path) -> None:
        """Prepare it; keys and files are opened now.

        Raises:
            ConfigError: one that would not be safe.
            AccordError: a file that cannot be used.
        """
        check_config(config)
        self.config = config
        self.desk = open_desk(config, folder)
        self._tls = ssl_context(config, folder)
        self._runner = web.AppRunner(
            application(self.desk), access_log=None, keepalive_timeout=30, lingering_time=5.0
        )
        self.url = ""

    async def start(self) -> None:
        """Listen; ``url`` then says where."""
        await self._runner.setup()
        listen = self.config.listen
        site = web.TCPSite(
            self._runner, listen.host, listen.port, ssl_context=self._tls, backlog=MAX_CONNECTIONS
        )
        await site.start()
        host, port, *_ = self._runner.addresses[0]
        shown = f"[{host}]" if ":" in str(host) else host
        self.url = f"{'https' if self._tls else 'http'}://{shown}:{port}"

    async def close(self) -> None:
        """Answer what is under way, then stop."""
        await self._runner.cleanup()
