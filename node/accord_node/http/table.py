"""Every route of the interface, in one list."""

from __future__ import annotations

from typing import Final

from accord_node.http import (
    clock,
    credentials,
    dids,
    epochs,
    events,
    listings,
    logfiles,
    page,
    records,
    share,
    snapshots,
    state,
    state_proofs,
    status,
    status_lists,
    submit,
    tables,
)
from accord_node.http.questions import dry_run
from accord_node.http.questions import routes as questions
from accord_node.http.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *submit.ROUTES,
    *status.ROUTES,
    *clock.ROUTES,
    *records.ROUTES,
    *credentials.ROUTES,
    *listings.ROUTES,
    *questions.ROUTES,
    *dry_run.ROUTES,
    *state.ROUTES,
    *state_proofs.ROUTES,
    *tables.ROUTES,
    *events.ROUTES,
    *logfiles.ROUTES,
    *epochs.ROUTES,
    *snapshots.ROUTES,
    *status_lists.ROUTES,
    *dids.ROUTES,
    *share.ROUTES,
    *page.ROUTES,
)
"""More exact addresses stand before those with a parameter in the same place."""
