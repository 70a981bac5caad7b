"""Questions as commands: options out of their parameters, answers as tables for people and JSON for programs."""

from __future__ import annotations

import os
import types
from collections.abc import Iterable, Sequence
from typing import Any, Final, Union, get_args, get_origin

import click
import msgspec
from rich.console import Console

from accord_client.cli.connection import Link, connected
from accord_client.cli.headings import Language, heading, word
from accord_client.cli.output import emit, facts, table
from accord_client.documents.timestamps import stamp_text
from accord_client.errors import RefusedError
from accord_client.plain import to_plain
from accord_client.sdk.questions import Answered
from accord_genesis.document import MAX_FILE_BYTES
from accord_genesis.files import read_public
from accord_ledger.domain.questions.question import Question

MAX_COLUMNS: Final = 12
"""Rows with more fields are shown one below the other."""

_SHARED: Final = ("at", "after")

_TIMES: Final = ("at", "deadline", "since", "sign_by")
"""Names of fields in UTC seconds, besides those that end in ``_at``."""


def command_for(question: Question, *, language: bool) -> click.Command:
    """The command of one question.

    Args:
        question: which.
        language: it is a report, with headings in the language the user asks for.
    """

    @connected
    def run(
        link: Link, *, proof: bool = True, replay: bool = False, lang: Language = "en", **given: Any
    ) -> None:
        asked = {name: value for name, value in given.items() if value is not None}
        with link.client() as client:
            if replay:
                found = client.ask_replayed(
                    question.name, genesis_of(link), processes=os.cpu_count() or 1, **asked
                )
            else:
                found = client.ask(question.name, proof=proof, **asked)
        show_answer(question, found, lang)

    made = click.Command(
        question.name, callback=None, params=[*_options(question), *_shared(question, language=language)],
        help=f"{question.summary} ({question.row}).",
    )  # fmt: skip
    command: Any = click.command(question.name, help=made.help)(run)
    command.params = [*made.params, *command.params]
    result: click.Command = command
    return result


def genesis_of(link: Link) -> bytes:
    """The file a replay begins with."""
    if link.genesis is None:
        raise RefusedError("TRUST_MISSING", "expected --genesis FILE: a replay begins there")
    return read_public(link.genesis, limit=MAX_FILE_BYTES)


def _options(question: Question) -> list[click.Option]:
    """One option for each parameter of the question."""
    found = []
    for field in msgspec.structs.fields(question.asked):
        required = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
        default = None if required or field.default is msgspec.NODEFAULT else field.default
        choices = _choices(field.type)
        more: dict[str, Any] = {"type": click.Choice(choices)} if choices else {}
        shown = f"default {default}" if default is not None else None
        found.append(
            click.Option(
                [f"--{field.name.replace('_', '-')}", field.name], required=required, help=shown, **more
            )
        )
    return found


def _shared(question: Question, *, language: bool) -> list[click.Option]:
    believed = (
        " Of an earlier moment the node is believed." if question.provable and not question.dated else ""
    )
    found = [
        click.Option(["--at"], metavar="DATE|HEIGHT", help=f"As of a date (00:00 UTC) or a block.{believed}")
    ]
    if question.paged:
        found.append(click.Option(["--after"], metavar="CURSOR", help="Where the page before ended."))
    if question.provable:
        found.append(
            click.Option(
                ["--proof/--no-proof"], default=True, help="Compute it here from proved values, or believe."
            )
        )
    found.append(
        click.Option(
            ["--replay"], is_flag=True, help="Believe nobody: compute it from an own replay of the whole log."
        )
    )
    if language:
        found.append(
            click.Option(["--lang"], type=click.Choice(["en", "zh"]), default="en", show_default=True)
        )
    return found


def _choices(kind: Any) -> list[str]:
    """Texts a parameter may be, if it is one of a few."""
    options = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    for option in options:
        values = get_args(option)
        if values and all(isinstance(value, str) for value in values):
            return list(values)
    return []


def show_answer(question: Question, found: Answered[Any], language: Language) -> None:
    """Print an answer with where it was read."""
    value = to_plain(found.value)
    document = {
        "question": question.name, "row": question.row, "answer": value, "height": found.height,
        "block_hash": found.block_hash, "state_root": found.state_root, "time": found.time, "at": found.at,
        "proved": found.proved, "notes": list(found.notes), "next": found.next,
    }  # fmt: skip

    def people(out: Console) -> None:
        title = question.report[0 if language == "zh" else 1] if question.report else question.summary
        out.print(title, style="bold")
        _show_value(out, value, language)
        out.print()
        facts(out, _footer(found, language))

    emit(document, people)


def _footer(found: Answered[Any], language: Language) -> list[tuple[str, str]]:
    how = word("proved" if found.proved else "word", language)
    rows = [
        (word("as_of", language), stamp_text(found.at)),
        (word("block", language), f"{found.height} ({how})"),
        *((word("note", language), note) for note in found.notes),
    ]
    return [*rows, (word("next", language), found.next)] if found.next else rows


def _show_value(out: Console, value: Any, language: Language) -> None:
    if isinstance(value, list):
        _show_rows(out, value, language)
        return
    tables = {name: item for name, item in value.items() if _is_rows(item)}
    facts(
        out,
        [
            (heading(name, language), field_cell(name, item, language))
            for name, item in value.items()
            if name not in tables
        ],
    )
    for name, rows in tables.items():
        out.print()
        out.print(heading(name, language), style="bold")
        _show_rows(out, rows, language)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _show_rows(out: Console, rows: Sequence[dict[str, Any]], language: Language) -> None:
    if not rows:
        out.print(word("none", language))
    elif len(rows[0]) > MAX_COLUMNS:
        for row in rows:
            facts(
                out,
                [(heading(name, language), field_cell(name, item, language)) for name, item in row.items()],
            )
            out.print()
    else:
        columns = list(rows[0])
        shown = [[field_cell(name, row[name], language) for name in columns] for row in rows]
        table(out, [heading(name, language) for name in columns], shown)


def field_cell(name: str, value: Any, language: Language) -> str:
    """The value of a field as text; fields that hold a time (UTC seconds) show it as one."""
    is_time = name in _TIMES or name.endswith("_at")
    return stamp_text(value) if is_time and type(value) is int else cell(value, language)


def cell(value: Any, language: Language) -> str:
    """One value as text; what is hidden or not known is said to be."""
    match value:
        case None:
            return "-"
        case bool():
            return word("yes" if value else "no", language)
        case dict():
            return ", ".join(f"{name}: {field_cell(name, item, language)}" for name, item in value.items())
        case list():
            return _joined(value, language)
        case _:
            return str(value)


def _joined(values: Iterable[Any], language: Language) -> str:
    return ", ".join(cell(item, language) for item in values) or "-"
