"""Bodies and values as JSON for people: bytes are lower-case hex, everything else as it is.

The one place where hex and bytes meet. A walk along the type turns hex into bytes where the type says
bytes; ``msgspec.convert`` then checks everything, so a body written by hand gets the same answers as one
made by a program: unknown fields, wrong lengths and wrong types are named with their place.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import inspect

from accord_client.documents.json_guard import load_object
from accord_client.errors import RefusedError
from accord_ledger import codec
from accord_ledger.domain.kind import Body, kinds
from accord_ledger.domain.pipeline import decode_body
from accord_ledger.errors import DecodeError

MAX_BODY_JSON: Final = 1024 * 1024
"""Largest body in JSON; a log entry is at most 64 kB, and hex doubles it."""

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """A typed value as maps, lists, text and numbers, defaults included; bytes become hex."""
    match value:
        case bytes():
            return value.hex()
        case msgspec.Raw():
            return to_plain(codec.decode_plain(bytes(value)))
        case msgspec.Struct():
            config = value.__struct_config__
            shown = {} if config.tag is None else {str(config.tag_field): config.tag}
            names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
            return shown | {encoded: to_plain(getattr(value, name)) for name, encoded in names}
        case dict():
            return {to_plain(name): to_plain(item) for name, item in value.items()}
        case list() | tuple():
            return [to_plain(item) for item in value]
        case _:
            return value


def plain_file(value: object) -> bytes:
    """A typed value as a file that people may read and change."""
    return msgspec.json.format(msgspec.json.encode(to_plain(value)), indent=2) + b"\n"


def from_plain(value: Any, kind: type[T]) -> T:
    """The typed value that :func:`to_plain` (or a person) spells.

    Raises:
        DecodeError: ``PLAIN_VALUE``: another type, an unknown or missing field, a bound exceeded, or no
            hex where bytes belong; ``path`` says where.
    """
    spelled = _with_bytes(value, _type_info(cast("Any", kind)), "")
    try:
        return msgspec.convert(spelled, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise DecodeError("PLAIN_VALUE", text, path=path.rstrip("`").lstrip(".")) from error


def body_from_json(kind: str, data: bytes) -> Body:
    """The body of a transaction kind from JSON text, its values checked against each other.

    Raises:
        RefusedError: ``KIND_UNKNOWN``.
        DecodeError: ``JSON_*`` or ``PLAIN_VALUE``.
        Rejection: ``E_SCHEMA``, ``E_NUMBER`` or ``E_VALUE``, as a node would answer.
    """
    found = kinds().get(kind)
    if found is None or not found.as_transaction:
        raise RefusedError("KIND_UNKNOWN", f"expected one of {', '.join(kind_names())}, got {kind[:60]}")
    body = from_plain(load_object(data, limit=MAX_BODY_JSON), found.body)
    return decode_body(found, codec.encode(body))


def kind_names() -> list[str]:
    """Transaction kinds that can be submitted, in order."""
    return [name for name, kind in kinds().items() if kind.as_transaction]


@lru_cache(maxsize=256)
def _type_info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


@lru_cache(maxsize=1024)
def _fields_with_bytes(kind: type) -> dict[str, inspect.Type]:
    """Fields of a struct that have bytes somewhere in them, by their names in JSON; nobody looks at the others."""
    info = inspect.type_info(kind)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return {field.encode_name: field.type for field in fields if _has_bytes(field.type, frozenset({kind}))}


def _has_bytes(kind: inspect.Type, around: frozenset[type]) -> bool:
    """Whether values of a type can have bytes in them; of a struct inside itself it is assumed."""
    match kind:
        case inspect.BytesType():
            return True
        case inspect.StructType():
            within = around | {kind.cls}
            return kind.cls in around or any(_has_bytes(field.type, within) for field in kind.fields)
        case inspect.DictType():
            return _has_bytes(kind.value_type, around)
        case inspect.VarTupleType() | inspect.ListType():
            return _has_bytes(kind.item_type, around)
        case inspect.TupleType():
            return any(_has_bytes(item, around) for item in kind.item_types)
        case inspect.UnionType():
            return any(_has_bytes(item, around) for item in kind.types)
        case _:
            return False


def _with_bytes(value: Any, kind: inspect.Type, path: str) -> Any:
    """The value with hex turned into bytes where the type wants bytes; what does not fit stays as it is."""
    match kind:
        case inspect.BytesType():
            return _from_hex(value, path) if isinstance(value, str) else value
        case inspect.StructType() if isinstance(value, dict):
            types = _fields_with_bytes(kind.cls)
            return {
                name: _with_bytes(item, types[name], f"{path}.{name}") if name in types else item
                for name, item in value.items()
            }
        case inspect.DictType() if isinstance(value, dict):
            return {
                name: _with_bytes(item, kind.value_type, f"{path}.{name}") for name, item in value.items()
            }
        case inspect.VarTupleType() | inspect.ListType() if isinstance(value, list | tuple):
            return [_with_bytes(item, kind.item_type, f"{path}[{place}]") for place, item in enumerate(value)]
        case inspect.TupleType() if isinstance(value, list | tuple) and len(value) == len(kind.item_types):
            pairs = zip(value, kind.item_types, strict=True)
            return [_with_bytes(item, one, f"{path}[{place}]") for place, (item, one) in enumerate(pairs)]
        case inspect.UnionType():
            option = _option(value, kind)
            return value if option is None else _with_bytes(value, option, path)
        case _:
            return value


def _option(value: Any, kind: inspect.UnionType) -> inspect.Type | None:
    """The member of a union that a value is meant for: structs by their tag, the rest by shape."""
    if value is None:
        return None
    options = [option for option in kind.types if not isinstance(option, inspect.NoneType)]
    structs = [option for option in options if isinstance(option, inspect.StructType)]
    if isinstance(value, dict) and len(structs) > 1:
        return next((one for one in structs if one.tag_field and value.get(one.tag_field) == one.tag), None)
    return options[0] if len(options) == 1 else None


def _from_hex(text: str, path: str) -> bytes:
    """One spelling per value: lower case, no spaces (DOMAIN.md 2.2)."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if data.hex() != text:
        place = path.lstrip(".")
        raise DecodeError("PLAIN_VALUE", f"expected bytes in lower-case hex, got {text[:40]!r}", path=place)
    return data
