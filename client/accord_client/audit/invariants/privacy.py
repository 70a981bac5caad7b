"""I12: no record about a person has a place for text (DOMAIN.md 3).

Judged on the types of every kind there is, whether it occurs or not: a field that would take a name is a text field, whoever uses it.
Only kinds about institutions and what they agreed may have some. Where the type alone does not say what a
text may be (exact numbers, whose form the rules check), the texts of every record are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.kind import TransactionKind, kinds

ABOUT_INSTITUTIONS: Final = frozenset(
    {
        "party_register", "party_status", "framework_define", "profile_define", "list_define", "level_map",
        "programme_register", "title_translation", "node_keys_set", "agreement_propose", "agreement_amend",
        "rule_set_define", "policy_set",
    }
)  # fmt: skip
"""Kinds that may hold text; a kind that is not here is taken to be about persons."""

PROBES: Final = ("Ada Lovelace", "王小明", "ada.lovelace@example.org")


NUMBER_LENGTH: Final = 64
"""Texts of this length without a pattern are exact numbers (``fields.RationalText``)."""

_NUMBER = re.compile(r"(0|[1-9][0-9]*)/[1-9][0-9]*")


class Privacy:
    """Judges every kind once, with the first block, and numbers wherever they occur."""

    tables = ()

    def __init__(self) -> None:
        self._numbers: dict[str, list[list[str]]] = {}
        """Kind to the paths of the fields that must hold numbers."""

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Judge the kinds, and the records of a block."""
        if not self._numbers:
            yield from self._judge(rows, kinds().values())
        for prepared in rows.records:
            kind = prepared.kind
            if kind.name not in self._numbers:
                yield from self._judge(rows, (kind,))
            for path in self._numbers[kind.name]:
                for text in _values(msgspec.to_builtins(prepared.body), path):
                    if not _NUMBER.fullmatch(text):
                        yield rows.broken("I12", f"a number as {'.'.join(path)} of {kind.name}", "text")

    def _judge(self, rows: Rows, found: Iterable[TransactionKind[Any, Any]]) -> Iterator[Finding]:
        for kind in found:
            fields = text_fields(kind)
            self._numbers[kind.name] = [path.split(".")[1:] for path, number in fields if number]
            for path in [path for path, number in fields if not number]:
                yield rows.broken("I12", f"no text field in {kind.name}", path)


def _values(value: Any, path: list[str]) -> Iterator[str]:
    """The texts at a path like ``items[].credits``; absent fields have none."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from _values(one, path)
    elif path and isinstance(value, dict):
        yield from _values(value.get(path[0].rstrip("[]")), path[1:])
    elif isinstance(value, str):
        yield value


def text_fields(kind: TransactionKind[Any, Any]) -> list[tuple[str, bool]]:
    """Fields of a kind's body that take free text, and whether only a number may stand there.

    None if the kind is about institutions.
    """
    if kind.name in ABOUT_INSTITUTIONS:
        return []
    return list(_texts(msgspec.inspect.type_info(kind.body), "body", 0))


def _texts(kind: msgspec.inspect.Type, path: str, depth: int) -> Iterator[tuple[str, bool]]:
    if depth > 16:
        yield path, False
        return
    match kind:
        case msgspec.inspect.StrType():
            if _is_free(kind):
                yield path, kind.max_length == NUMBER_LENGTH
        case msgspec.inspect.StructType():
            for field in kind.fields:
                yield from _texts(field.type, f"{path}.{field.name}", depth + 1)
        case msgspec.inspect.UnionType():
            for one in kind.types:
                yield from _texts(one, path, depth + 1)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            yield from _texts(kind.item_type, f"{path}[]", depth + 1)
        case msgspec.inspect.TupleType():
            for one in kind.item_types:
                yield from _texts(one, f"{path}[]", depth + 1)
        case msgspec.inspect.DictType():
            for one in (kind.key_type, kind.value_type):  # neither keys nor values may be text, or numbers
                yield from ((where, False) for where, _ in _texts(one, f"{path}{{}}", depth + 1))
        case msgspec.inspect.AnyType() | msgspec.inspect.RawType():
            yield path, False


def _is_free(kind: msgspec.inspect.StrType) -> bool:
    """Whether a name could be written there."""
    if kind.pattern is None:
        return True
    return any(re.search(kind.pattern, probe) for probe in PROBES)
