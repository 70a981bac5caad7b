"""Writes to a programme's head that several rules share: T14, T37 and the close of a quality year."""

from __future__ import annotations

from typing import Final

import msgspec

from accord_ledger.domain.context import Context
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMME_STATUS_ARCHIVE,
    ProgrammeHead,
    ProgrammeStatus,
    StatusChange,
)
from accord_ledger.fields import Code

MAX_STATUS_HISTORY: Final = 32
"""Newest statuses kept in the head itself."""


def change_programme_status(
    ctx: Context, programme_id: str, status: ProgrammeStatus, reason: Code | None = None
) -> None:
    """Give all versions of a programme a status from now on; the one before stays in its history.

    Does nothing if the programme has the status already. The caller has checked that it is not
    withdrawn: that is final (I7).
    """
    head = ctx.known(PROGRAMME_HEADS, programme_id, path="programme")
    if head.status == status:
        return
    if head.status == "withdrawn":
        raise ValueError(f"{programme_id} is withdrawn for good")
    change = StatusChange(status=status, since=ctx.time, reason=reason)
    ctx.state.put(PROGRAMME_HEADS, _with_status(ctx, programme_id, head, change), programme_id)


def _with_status(ctx: Context, programme_id: str, head: ProgrammeHead, change: StatusChange) -> ProgrammeHead:
    history, archived = (*head.history, change), head.archived
    if len(history) > MAX_STATUS_HISTORY:
        ctx.state.put(PROGRAMME_STATUS_ARCHIVE, history[0], programme_id, archived)
        history, archived = history[1:], archived + 1
    return msgspec.structs.replace(head, status=change.status, history=history, archived=archived)
