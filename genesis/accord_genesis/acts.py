"""Acts of genesis for people: read from TOML or JSON, brought into one order, shown again.

A file of acts has one table per act, named after its transaction kind, with the fields of its body
(those of ``terms`` or ``parameters`` directly, where the body is nothing else)::

    [[registry_entry]]
    agency = "nvao"
    registry = "EQAR"
    period = { valid_from = 2026-03-01, valid_to = 2030-12-31 }

Ids, hashes and keys are hexadecimal; a ``grant_id`` that is left out follows from the grant. The order
of acts in a document follows from the acts alone, never from the order of files or of lines.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from accord_genesis.document import MAX_DOCUMENT_BYTES, Act
from accord_genesis.files import CeremonyError, read_public
from accord_genesis.presets import Named
from accord_ledger import calendar, codec
from accord_ledger.domain.kind import Body, kinds
from accord_ledger.domain.kinds.accreditation import AccreditationGrant, RegistryEntryBody
from accord_ledger.domain.kinds.framework import FrameworkDefine, LevelMapBody
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.kinds.profile import ListDefine, ProfileDefine
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.errors import Rejection

PHASES: Final = (
    "policy_set",
    "party_register",
    "framework_define",
    "level_map",
    "profile_define",
    "list_define",
    "registry_entry",
    "accreditation_grant",
    "node_keys_set",
    "seat_grant",
)
"""Kinds in the order in which one may need what another made."""

# ---- order -------------------------------------------------------------------------------------------


def in_order(acts: Iterable[Named]) -> tuple[Act, ...]:
    """The acts as a document holds them, in the one order that follows from their content.

    An act comes after those it refers to; references that lead nowhere or in a circle are left to the
    rules, which refuse them.
    """
    rows: list[Act] = []
    remaining = list(acts)
    for phase in (*PHASES, *sorted({kind for kind, _ in remaining} - set(PHASES))):
        bodies = [body for kind, body in remaining if kind == phase]
        rows.extend(Act(kind=phase, body=msgspec.Raw(codec.encode(body))) for body in _sorted(bodies))
    return tuple(rows)


def _sorted(bodies: list[Body]) -> list[Body]:
    waiting = sorted(bodies, key=lambda body: (_name(body), codec.encode(body)))
    names = {_name(body) for body in waiting}
    placed: set[tuple[str, ...]] = set()
    done: list[Body] = []
    while waiting:
        free = [names.intersection(_after(body)) <= placed for body in waiting]
        if not any(free):  # a circle
            return [*done, *waiting]
        ready = [body for body, is_free in zip(waiting, free, strict=True) if is_free]
        waiting = [body for body, is_free in zip(waiting, free, strict=True) if not is_free]
        done.extend(ready)
        placed.update(_name(body) for body in ready)
    return done


def _number(version: int) -> str:
    return f"{version:08d}"


def _name(body: Body) -> tuple[str, ...]:
    match body:
        case PartyRegister(party_id=party) | NodeKeysSet(party=party) | SeatGrant(party=party):
            return (party,)
        case FrameworkDefine(terms=terms):
            return (terms.framework_id, _number(terms.version))
        case ProfileDefine(terms=profile):
            return (profile.profile_id, _number(profile.version))
        case ListDefine(terms=listed):
            return (listed.list_id, _number(listed.version))
        case LevelMapBody():
            return (body.source[0], _number(body.source[1]), body.target[0], _number(body.target[1]))
        case RegistryEntryBody():
            return (body.agency, body.registry, "entry" if body.period else "then its end")
        case AccreditationGrant():
            return (body.grant_id.hex(),)
        case _:
            return ()


def _after(body: Body) -> set[tuple[str, ...]]:
    """Names, of the same kind, of what an act refers to."""
    match body:
        case PartyRegister():
            return {(party,) for party in (*body.member_of, *body.controlled_by)}
        case FrameworkDefine(terms=terms):
            before = {(terms.framework_id, _number(terms.version - 1))}
            return before | ({(terms.parent[0], _number(terms.parent[1]))} if terms.parent else set())
        case _:
            return set()


# ---- files -------------------------------------------------------------------------------------------


def read_acts(path: Path) -> tuple[Named, ...]:
    """The acts in a TOML file, or a JSON file if its name ends in ``.json``.

    Raises:
        CeremonyError: ``FILE_*``, ``ACTS_SYNTAX``, ``ACTS_KIND`` (genesis holds no such kind) or
            ``ACTS_VALUE``; the path names file and place.
    """
    data = read_public(path, limit=MAX_DOCUMENT_BYTES)
    try:
        text = data.decode()
        tables = msgspec.json.decode(text) if path.suffix == ".json" else tomllib.loads(text)
    except (msgspec.DecodeError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CeremonyError("ACTS_SYNTAX", str(error), path=str(path)) from error
    return parse_acts(tables, str(path))


def parse_acts(tables: object, where: str = "") -> tuple[Named, ...]:
    """The acts in parsed TOML or JSON: kind to a list of bodies.

    Raises:
        CeremonyError: ``ACTS_SYNTAX``, ``ACTS_KIND`` or ``ACTS_VALUE``.
    """
    if not isinstance(tables, dict):
        raise CeremonyError("ACTS_SYNTAX", "expected tables named after transaction kinds", path=where)
    acts: list[Named] = []
    for kind, rows in tables.items():
        if not isinstance(rows, list):
            raise CeremonyError("ACTS_SYNTAX", f"expected a list of tables [[{kind}]]", path=where)
        acts.extend(
            (kind, parse_act(kind, row, f"{where} {kind}[{n}]".strip())) for n, row in enumerate(rows)
        )
    return tuple(acts)


def parse_act(kind: str, row: object, where: str) -> Body:
    """The body of one act, checked for itself; what it refers to is checked when it is applied."""
    known = kinds().get(kind)
    if known is None or not known.in_genesis:
        names = ", ".join(sorted(name for name, found in kinds().items() if found.in_genesis))
        raise CeremonyError("ACTS_KIND", f"expected one of {names}, got {kind[:64]!r}", path=where)
    shape: type[Body] = known.body
    try:
        body = msgspec.convert(
            _native(_wrapped(row, shape, kind), inspect.type_info(shape)), shape, builtin_types=(bytes,)
        )
        known.values(body)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        raise CeremonyError("ACTS_VALUE", text, path=f"{where}{place.rstrip('`')}") from error
    except Rejection as error:
        place = error.path.removeprefix("body")
        raise CeremonyError("ACTS_VALUE", f"{error.code}: {error.detail}", path=f"{where}{place}") from error
    return body


def _wrapped(row: object, shape: type[Body], kind: str) -> object:
    if not isinstance(row, dict):
        return row
    if kind == "accreditation_grant" and "grant_id" not in row:
        row = {**row, "grant_id": grant_id(row)}
    fields = [name for name in shape.__struct_fields__ if name != "sign_by"]
    return {fields[0]: row} if len(fields) == 1 and fields[0] not in row else row


def grant_id(row: Mapping[str, object]) -> bytes:
    """An id in the form of a UUIDv7 (RFC 9562) that follows from the grant: its first day, and its hash."""
    first = row.get("valid_from")
    try:
        seconds = calendar.midnight(first if isinstance(first, date) else calendar.parse_date(str(first)))
    except (Rejection, ValueError):
        seconds = 0  # the date is refused when the body is checked
    spelled = msgspec.json.encode(row, order="deterministic", enc_hook=str)
    tail = int.from_bytes(sha256(spelled).digest()[:10], "big")
    millis = max(seconds, 0) * 1000
    return (millis << 80 | 0x7 << 76 | tail >> 68 << 64 | 0b10 << 62 | tail & (2**62 - 1)).to_bytes(16, "big")


def _native(value: Any, shape: inspect.Type) -> Any:
    """Hexadecimal text and TOML dates as the types of the schema want them; the rest unchanged."""
    match shape:
        case inspect.BytesType() if isinstance(value, str):
            try:
                return bytes.fromhex(value.replace("-", ""))
            except ValueError:
                return value  # msgspec says what was expected, and where
        case inspect.StrType() if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        case inspect.UnionType():
            return _in_union(value, shape.types)
        case inspect.StructType() if isinstance(value, dict):
            fields = {field.encode_name: field.type for field in shape.fields}
            return {key: _native(item, fields[key]) if key in fields else item for key, item in value.items()}
        case inspect.VarTupleType() | inspect.ListType() if isinstance(value, list):
            return [_native(item, shape.item_type) for item in value]
        case inspect.TupleType() if isinstance(value, list) and len(value) == len(shape.item_types):
            return [_native(item, kind) for item, kind in zip(value, shape.item_types, strict=True)]
        case _:
            return value


def _in_union(value: Any, shapes: Sequence[inspect.Type]) -> Any:
    real = [shape for shape in shapes if not isinstance(shape, inspect.NoneType)]
    return _native(value, real[0]) if len(real) == 1 else value


# ---- showing -----------------------------------------------------------------------------------------


def plain(body: Body) -> Any:
    """A body as JSON shows it: bytes in lowercase hexadecimal."""
    return _hex(msgspec.to_builtins(body, builtin_types=(bytes,)))


def _hex(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _hex(item) for key, item in value.items()}
    return [_hex(item) for item in value] if isinstance(value, list | tuple) else value
