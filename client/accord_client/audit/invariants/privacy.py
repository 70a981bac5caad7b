"""I12: no record about a person has a place for text (DOMAIN.md 3).

Judged on the types of the kinds that occur: a field that would take a name is a text field, whoever uses it.
Only kinds about institutions and what they agreed may have some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.kind import TransactionKind

ABOUT_INSTITUTIONS: Final = frozenset(
    {
        "party_register", "party_status", "framework_define", "profile_define", "list_define", "level_map",
        "programme_register", "title_translation", "node_keys_set", "agreement_propose", "agreement_amend",
        "rule_set_define", "policy_set",
    }
)  # fmt: skip
"""Kinds that may hold text; a kind that is not here is taken to be about persons."""

PROBES: Final = ("Ada Lovelace", "王小明", "ada.lovelace@example.org")


class Privacy:
    """Remembers the kinds it has judged."""

    tables = ()

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Judge every kind that occurs for the first time."""
        for prepared in rows.records:
            kind = prepared.kind
            if kind.name in self._seen:
                continue
            self._seen.add(kind.name)
            for field in text_fields(kind):
                yield rows.broken("I12", f"no text field in {kind.name}", field)


def text_fields(kind: TransactionKind[Any, Any]) -> list[str]:
    """Paths of the fields of a kind's body that take free text; none if it is about institutions."""
    if kind.name in ABOUT_INSTITUTIONS:
        return []
    return list(_texts(msgspec.inspect.type_info(kind.body), "body", 0))


def _texts(kind: msgspec.inspect.Type, path: str, depth: int) -> Iterator[str]:
    if depth > 16:
        yield path
        return
    match kind:
        case msgspec.inspect.StrType():
            if _is_free(kind):
                yield path
        case msgspec.inspect.StructType():
            for field in kind.fields:
                yield from _texts(field.type, f"{path}.{field.name}", depth + 1)
        case msgspec.inspect.UnionType():
            for one in kind.types:
                yield from _texts(one, path, depth + 1)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            yield from _texts(kind.item_type, f"{path}[]", depth + 1)
        case msgspec.inspect.TupleType():
            for place, one in enumerate(kind.item_types):
                yield from _texts(one, f"{path}[{place}]", depth + 1)
        case msgspec.inspect.DictType():
            yield from _texts(kind.key_type, f"{path} key", depth + 1)
            yield from _texts(kind.value_type, f"{path}{{}}", depth + 1)
        case msgspec.inspect.AnyType() | msgspec.inspect.RawType():
            yield path


def _is_free(kind: msgspec.inspect.StrType) -> bool:
    """Whether a name could be written there."""
    if kind.pattern is None:
        return True
    return any(re.search(kind.pattern, probe) for probe in PROBES)
