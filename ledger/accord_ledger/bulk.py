"""Many canonical values of one type, decoded in one go.

What :func:`accord_ledger.codec.decode` says of each value, at a fraction of its cost, for whoever reads thousands
of records at a time: one call instead of one a value, and each different text of a field compared with its pattern
once. Patterns are more than half of what decoding an ordinary record costs, and a thousand records name the same few
parties, lists and days.

All values are good or none is said to be: whoever needs to know which is not decodes them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq
from types import NoneType, UnionType, new_class
from typing import Any, Final, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from accord_ledger import codec
from accord_ledger.errors import DecodeError

W = TypeVar("W", bound=codec.Wire)

_MANY: Final = b"\xdd"
"""Begins an array of up to 2**32 - 1 values."""
_SCALARS: Final = frozenset({str, int, bytes, bool, NoneType, ...})


class Bulk(Generic[W]):
    """Decodes many values of one type.

    They are instances of a subclass, which takes texts whatever their pattern; so a value decoded here and one
    decoded alone hold the same but are not equal.

    Args:
        kind: their type.
    """

    def __init__(self, kind: type[W]) -> None:
        hints = get_type_hints(kind, include_extras=True)
        plain = get_type_hints(kind)
        texts = [
            field.name
            for field in msgspec.structs.fields(kind)
            if field.default_factory is msgspec.NODEFAULT
            and _has_pattern(hints[field.name])
            and _is_scalar(plain[field.name])
        ]
        self._texts = {name: list[hints[name]] for name in texts}  # type: ignore[valid-type]  # made here
        """Fields whose patterns are looked at here, with what they are when all are good."""
        self._decoder: msgspec.msgpack.Decoder[list[W]] = msgspec.msgpack.Decoder(
            list[_taking(kind, {name: plain[name] for name in texts})]  # type: ignore[misc]  # made here
        )

    def decode(self, parts: Sequence[bytes | msgspec.Raw]) -> list[W]:
        """The values whose canonical encodings these are, in their order.

        Raises:
            DecodeError: one of them is none; not said which. Codes as of :func:`accord_ledger.codec.decode`.
        """
        raws = [bytes(part) for part in parts]
        if max(map(len, raws), default=0) > codec.MAX_ENTRY_BYTES:
            raise DecodeError("CODEC_TOO_LARGE", f"expected at most {codec.MAX_ENTRY_BYTES} bytes")
        try:
            found = self.decode_known(raws)
            for name, good in self._texts.items():
                msgspec.convert(list({getattr(value, name) for value in found}), good)
            # Each by itself: together they could be the same bytes with other borders between them.
            same = all(map(eq, map(codec.encode, found), raws))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise DecodeError("CODEC_SCHEMA", str(error)) from error
        if not same:
            raise DecodeError("CODEC_NOT_CANONICAL", "expected the one canonical encoding of each value")
        return found

    def decode_known(self, parts: Sequence[bytes | msgspec.Raw]) -> list[W]:
        """What :meth:`decode` gave for these very bytes before; see :func:`accord_ledger.codec.decode_known`."""
        return self._decoder.decode(b"".join([_MANY, len(parts).to_bytes(4, "big"), *parts]))


def _has_pattern(hint: Any) -> bool:
    """Whether a type, or one it is made of, is a text of a pattern."""
    found = getattr(hint, "__metadata__", ())
    if any(isinstance(one, msgspec.Meta) and one.pattern is not None for one in found):
        return True
    return any(map(_has_pattern, get_args(hint)))


def _is_scalar(hint: Any) -> bool:
    """Whether values of a type are scalars or rows of them: few different ones, which a set can hold."""
    if get_origin(hint) in (Union, UnionType, tuple):
        return all(map(_is_scalar, get_args(hint)))
    return hint in _SCALARS


def _taking(kind: type[W], fields: dict[str, Any]) -> type[W]:
    """The same struct, with other types of some fields."""
    if not fields:
        return kind
    defaults = {
        field.name: field.default
        for field in msgspec.structs.fields(kind)
        if field.name in fields and field.default is not msgspec.NODEFAULT
    }
    namespace = {
        "__annotations__": fields,
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
        **defaults,
    }
    made = new_class(kind.__name__, (kind,), exec_body=lambda body: body.update(namespace))
    return cast("type[W]", made)
