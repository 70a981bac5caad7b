"""XML Schema ``dateTimeStamp`` text to and from integer seconds UTC, the ledger's time (DOMAIN.md 2.2).

Only stamps with a zone are accepted, so a date never depends on where it is read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from accord_ledger.errors import DecodeError

_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d{1,12})?(Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp_text(seconds: int) -> str:
    """``2027-02-28T08:00:00Z`` for POSIX seconds; ``ValueError`` outside the years 1 to 9999."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError(f"expected seconds within the years 1 to 9999, got {seconds}") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def stamp_seconds(text: object, *, code: str, path: str) -> int:
    """POSIX seconds of a stamp; a fraction of a second is dropped towards the past.

    Args:
        text: as found in the document, of any type.
        code: error code to raise.
        path: where it stood.

    Raises:
        DecodeError: with the given code and path.
    """
    found = _STAMP.fullmatch(text) if isinstance(text, str) and len(text) <= 64 else None
    if found is None:
        raise DecodeError(code, f"expected a date and time with a zone, got {str(text)[:40]!r}", path=path)
    day, clock, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone == 'Z' else zone}")
    except ValueError as error:
        raise DecodeError(code, f"expected a date that exists, got {str(text)[:40]!r}", path=path) from error
    return (moment - _EPOCH) // timedelta(seconds=1)
