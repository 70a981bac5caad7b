"""Every route of the interface, in one list."""

from __future__ import annotations

from typing import Final

from accord_node.http import (
    credentials,
    events,
    listings,
    logfiles,
    page,
    records,
    state,
    status,
    submit,
    tables,
)
from accord_node.http.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *submit.ROUTES,
    *status.ROUTES,
    *records.ROUTES,
    *credentials.ROUTES,
    *listings.ROUTES,
    *state.ROUTES,
    *tables.ROUTES,
    *events.ROUTES,
    *logfiles.ROUTES,
    *page.ROUTES,
)
"""More exact addresses stand before those with a parameter in the same place."""
