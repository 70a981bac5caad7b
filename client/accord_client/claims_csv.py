"""Learners' claims from a registrar's CSV file: read row by row, every fault named with its line.

Columns: ``family_name`` and ``given_name``; optional ``email``, ``identifier``, ``result`` (or ``grade``)
and ``holder`` (the ``did:key`` of the learner's wallet). UTF-8, with or without a byte order mark; text is
brought to NFC and trimmed. An unknown column is an error, not a column to overlook. Other commands have
columns of their own beside these (:func:`read_rows`).
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from accord_client.documents.multikey import did_key_public
from accord_client.documents.open_badge_facts import LearnerClaims
from accord_ledger.errors import AccordError, DecodeError

MAX_ROWS: Final = 100_000
"""Most learners in one file."""

MAX_LINE: Final = 16 * 1024
"""Longest line, in characters."""

_REQUIRED: Final = ("family_name", "given_name")
_ALIASES: Final = {"grade": "result"}
_COLUMNS: Final = frozenset({*_REQUIRED, "email", "identifier", "result", "holder"})


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One line of the list."""

    place: str
    """Where it stands, for messages: ``line 7``."""
    claims: LearnerClaims
    more: dict[str, str] = field(default_factory=dict)
    """The other columns asked for, trimmed."""


def read_claims_csv(path: Path, *, limit: int = MAX_ROWS) -> Iterator[LearnerClaims]:
    """The claims of each row in turn; memory does not grow with the file.

    Raises:
        DecodeError: as :func:`read_rows`.
    """
    return (row.claims for row in read_rows(path, limit=limit))


def read_rows(path: Path, *, more: tuple[str, ...] = (), limit: int = MAX_ROWS) -> Iterator[LearnerRow]:
    """Each row in turn.

    Args:
        path: the file.
        more: further columns, all of which must be there.
        limit: most rows.

    Raises:
        DecodeError: ``CSV_IO``, ``CSV_ENCODING``, ``CSV_SYNTAX``, ``CSV_HEADER``, ``CSV_ROW`` (too many or
            too few fields), ``CSV_TOO_LARGE``, ``CLAIM_TEXT`` or ``MULTIKEY_*`` (the holder's key);
            ``path`` gives line and column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(file, more, limit)
    except UnicodeDecodeError as error:
        raise DecodeError("CSV_ENCODING", f"expected UTF-8: {error.reason}", path=str(path)) from error
    except OSError as error:
        raise DecodeError("CSV_IO", str(error.strerror), path=str(path)) from error


def _rows(file: TextIO, more: tuple[str, ...], limit: int) -> Iterator[LearnerRow]:
    reader = csv.reader(_lines(file), strict=True)
    columns: list[str] | None = None
    count = 0
    try:
        for row in reader:
            if not row:
                continue
            place = f"line {reader.line_num}"
            if columns is None:
                columns = _header(row, more)
                continue
            count += 1
            if count > limit:
                raise DecodeError("CSV_TOO_LARGE", f"expected at most {limit} rows", path=place)
            yield _row(columns, row, place, more)
    except csv.Error as error:
        raise DecodeError("CSV_SYNTAX", str(error), path=f"line {reader.line_num}") from error
    if columns is None:
        raise DecodeError("CSV_HEADER", "expected a header line, got an empty file")


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise DecodeError("CSV_TOO_LARGE", f"expected lines of at most {MAX_LINE} characters")
        yield line


def _header(row: list[str], more: tuple[str, ...]) -> list[str]:
    columns = [_ALIASES.get(name.strip().lower(), name.strip().lower()) for name in row]
    required = (*_REQUIRED, *more)
    unknown = [name for name in columns if name not in _COLUMNS and name not in more]
    missing = [name for name in required if name not in columns]
    if unknown or missing or len(set(columns)) != len(columns):
        raise DecodeError(
            "CSV_HEADER",
            f"expected {', '.join(required)} and any of email, identifier, result, holder, each once; "
            f"missing {missing[:8]}, unknown {[name[:40] for name in unknown[:8]]}",
            path="line 1",
        )
    return columns


def _row(columns: list[str], row: list[str], place: str, more: tuple[str, ...]) -> LearnerRow:
    if len(row) != len(columns):
        raise DecodeError("CSV_ROW", f"expected {len(columns)} fields, got {len(row)}", path=place)
    fields = {
        name: unicodedata.normalize("NFC", value).strip() for name, value in zip(columns, row, strict=True)
    }
    try:
        claims = LearnerClaims(
            fields["family_name"],
            fields["given_name"],
            email=fields.get("email") or None,
            identifier=fields.get("identifier") or None,
            result=fields.get("result") or None,
            holder=did_key_public(fields["holder"]) if fields.get("holder") else None,
        )
    except AccordError as error:
        column = error.path or "holder"
        raise DecodeError(error.code, error.detail, path=f"{place}, {column}") from error
    return LearnerRow(place, claims, {name: fields[name] for name in more})
