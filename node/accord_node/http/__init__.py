"""The HTTP interface: submissions, facts with proofs, the log as static files, events, and a page for people.

Every route is one :class:`accord_node.http.routes.Route`; the router, the checks of what comes in and
the OpenAPI description are all made of that list, so they cannot drift apart.
"""

from __future__ import annotations

from accord_node.http.server import HttpServer

__all__ = ["HttpServer"]
