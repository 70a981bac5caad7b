"""What ``accord show`` shows: one subject, fetched with proofs, as rows for people and JSON for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rich.console import Console

from accord_client.cli.connection import OBJECT_ID, REFERENCE, Link
from accord_client.cli.output import emit, facts
from accord_client.documents.timestamps import stamp_text
from accord_client.errors import NotFoundError, RefusedError
from accord_client.plain import to_plain
from accord_client.sdk.answers import Answer
from accord_client.sdk.sync import AccordClientSync

Shown = tuple[dict[str, Any], int]
"""The subject, and the block time it was proved at."""


def show_subject(link: Link, kind: str, name: str) -> None:
    """Fetch, prove and print one subject.

    Raises:
        NotFoundError: the ledger has none, proved.
        RefusedError: ``SUBJECT_ID``: no such form of id.
    """
    with link.client() as client:
        value, time = SUBJECTS[kind](client, name)

    def people(out: Console) -> None:
        out.print(f"{kind} {name}", style="bold")
        facts(out, [*_rows(value), ("proved at", stamp_text(time))])

    emit({"kind": kind, "id": name, "value": value, "proved_at": time}, people)


def _rows(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """A nested value as names and texts; empty ones are left out."""
    if isinstance(value, dict):
        return [
            row for name, item in value.items() for row in _rows(item, f"{prefix}.{name}" if prefix else name)
        ]
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return [row for place, item in enumerate(value) for row in _rows(item, f"{prefix}[{place}]")]
    if value is None or value in ([], "", False):
        return []
    if (
        isinstance(value, int)
        and prefix.endswith(("_at", ".at", "since", "sign_by", "valid_from", "as_of"))
        and value
    ):
        return [(prefix, f"{stamp_text(value)}")]
    return [(prefix, ", ".join(map(str, value)) if isinstance(value, list) else str(value))]


def _found(answer: Answer[Any], what: str) -> Shown:
    if answer.value is None:
        raise NotFoundError("OBJECT_UNKNOWN", f"the ledger has no such {what} (proved)")
    return to_plain(answer.value), answer.time


def _reference(name: str) -> tuple[str, int | None]:
    try:
        found, version = REFERENCE.convert(name, None, None)
    except Exception as error:
        raise RefusedError("SUBJECT_ID", f"expected an id such as uu-ds@1, got {name[:80]!r}") from error
    return found, version or None


def _id(name: str) -> bytes:
    try:
        return OBJECT_ID.convert(name, None, None)
    except Exception as error:
        raise RefusedError("SUBJECT_ID", f"expected 16 bytes in hex, got {name[:80]!r}") from error


def _programme(client: AccordClientSync, name: str) -> Shown:
    found = client.programme(*_reference(name))
    return {"head": to_plain(found.head), "programme": to_plain(found.programme)}, found.time


def _agreement(client: AccordClientSync, name: str) -> Shown:
    found = client.agreement(*_reference(name))
    parts = {"agreement": found.agreement, "version": found.version, "terms": found.terms}
    return {part: to_plain(value) for part, value in parts.items()}, found.time


def _credential(client: AccordClientSync, name: str) -> Shown:
    batch, _, index = name.rpartition("/")
    if not index.isascii() or not index.isdecimal() or len(index) > 6:
        raise RefusedError("SUBJECT_ID", f"expected BATCH/INDEX, got {name[:80]!r}")
    found = client.credential(_id(batch), int(index))
    newest = client.client.trust.newest
    time = client.batch(_id(batch)).time if newest is not None else 0
    return found.to_plain(), time


SUBJECTS: Final[dict[str, Callable[[AccordClientSync, str], Shown]]] = {
    "programme": _programme,
    "party": lambda client, name: _found(client.party(name), "party"),
    "agreement": _agreement,
    "batch": lambda client, name: _found(client.batch(_id(name)), "batch"),
    "credential": _credential,
    "enrolment": lambda client, name: _found(client.enrolment(_id(name)), "enrolment"),
    "recognition": lambda client, name: _found(client.recognition(_id(name)), "recognition"),
}
"""Kind of subject to how it is fetched."""
