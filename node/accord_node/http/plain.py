"""Ledger values as JSON shows them: whole, defaults included, every byte string in lowercase hex."""

from __future__ import annotations

from typing import Any

import msgspec

from accord_ledger import codec
from accord_ledger.errors import AccordError


def plain(value: object) -> Any:
    """The JSON form of a typed or untyped ledger value."""
    match value:
        case None | bool() | int() | str():
            return value
        case bytes():
            return value.hex()
        case msgspec.Raw():
            return plain_bytes(bytes(value))
        case msgspec.Struct():
            return _struct(value)
        case dict():
            return {_name(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            raise TypeError(f"no JSON form of {type(value).__name__}")


def _struct(value: msgspec.Struct) -> dict[str, Any]:
    tag = value.__struct_config__.tag
    shown = {} if tag is None else {str(value.__struct_config__.tag_field): tag}
    names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
    return shown | {encoded: plain(getattr(value, name)) for name, encoded in names}


def _name(key: object) -> str:
    return key.hex() if isinstance(key, bytes) else str(key)


def plain_bytes(data: bytes) -> Any:
    """The JSON form of canonical bytes whose type is not at hand; hex if they are not canonical."""
    try:
        return plain(codec.decode_plain(data))
    except AccordError:
        return data.hex()
