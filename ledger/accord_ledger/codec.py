"""Canonical MessagePack: one encoding per value, and a decoder that refuses any other.

The form (DESIGN.md section 2): shortest encoding, map keys are strings in byte order, no floats, no
extension types, no duplicate keys, bounded size and depth. ``decode(encode(x)) == x`` and
``encode(decode(b)) == b`` hold for everything this module accepts.

Typed values are ``msgspec.Struct`` classes derived from :class:`Wire`: the classes are the schema.
Canonical form is enforced by one rule that cannot be forgotten: what was decoded is encoded again
and must give the same bytes. Untyped values (for display and for reading unknown kinds) go through
``msgpack``; both give identical bytes for the same value, which a property test holds them to.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar, dataclass_transform

import msgpack
import msgspec

from accord_ledger.errors import DecodeError

MAX_ENTRY_BYTES: Final = 65_535
"""Largest log entry: its length is a u16 in entry bundles (C2SP tlog-tiles)."""

MAX_DEPTH: Final = 16
"""Deepest nesting of maps and arrays in an untyped value."""

T = TypeVar("T")


def _is_loose(default: object) -> bool:
    """Whether a value may equal this default without being the same object."""
    if isinstance(default, int):
        return not 0 <= default <= 256  # the interpreter keeps one object of each of these
    return isinstance(default, str | msgspec.Struct) or (isinstance(default, bytes | tuple) and bool(default))


def _omit_equal_defaults(namespace: dict[str, Any], bases: tuple[type, ...]) -> None:
    """Give a class whose defaults are compared by identity a hook that makes equal ones identical.

    msgspec leaves a field out only if it *is* the default. Without this, text, large integers and
    structs that merely equal their default would have a second encoding.
    """
    fields = namespace.get("__annotations__", {})
    loose = {name: default for name in fields if _is_loose(default := namespace.get(name))}
    if not loose or "__post_init__" in namespace:
        return
    inherited = next((hook for base in bases if (hook := getattr(base, "__post_init__", None))), None)

    def __post_init__(self: Any) -> None:  # noqa: N807 - the hook msgspec calls
        if inherited is not None:
            inherited(self)
        for name, default in loose.items():
            value = getattr(self, name)
            if value is not default and value == default:
                msgspec.structs.force_setattr(self, name, default)

    namespace["__post_init__"] = __post_init__


class _WireType(msgspec.StructMeta):
    """Makes fields keyword-only in every subclass (msgspec does not inherit that), defaults omitted."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        config.setdefault("kw_only", True)
        # Immutable values of immutable values hold no cycles: the collector need not look at them.
        config.setdefault("gc", False)
        _omit_equal_defaults(namespace, bases)
        return super().__new__(cls, name, bases, namespace, **config)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, metaclass=_WireType):
    """Base of every typed value that is encoded: immutable, closed to unknown fields.

    Fields that equal their default are left out of the encoding, so absent and default are one.
    """


_encoder = msgspec.msgpack.Encoder(order="sorted")
_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def encode(value: object) -> bytes:
    """Canonical bytes of a typed value (``Wire``) or of plain maps, arrays, ints, text and bytes.

    Raises:
        ValueError: the value has no canonical form (floats, unsupported types); a programmer's error.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"no canonical form: {error}") from error


def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    found = _decoders.get(kind)
    if found is None:
        found = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    return found


def decode(data: bytes | msgspec.Raw, kind: type[T], *, limit: int = MAX_ENTRY_BYTES) -> T:
    """The value of type ``kind`` whose canonical encoding is ``data``.

    Raises:
        DecodeError: ``CODEC_TOO_LARGE``, ``CODEC_SCHEMA`` (truncated, wrong type, unknown or missing
            field, bound exceeded) or ``CODEC_NOT_CANONICAL`` (another encoding of the same value).
    """
    raw = bytes(data)
    if len(raw) > limit:
        raise DecodeError("CODEC_TOO_LARGE", f"expected at most {limit} bytes, got {len(raw)}")
    try:
        value = _decoder(kind).decode(raw)
        again = _encoder.encode(value)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise DecodeError("CODEC_SCHEMA", text, path=path.rstrip("`").lstrip(".")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DecodeError("CODEC_SCHEMA", str(error)) from error
    if again != raw:
        raise DecodeError("CODEC_NOT_CANONICAL", "expected the one canonical encoding of this value")
    return value  # type: ignore[no-any-return]


def decode_known(data: bytes | msgspec.Raw, kind: type[T]) -> T:
    """What :func:`decode` gave for these very bytes before: types and bounds only, not their one encoding.

    Never for bytes that this program has not decoded in full already.
    """
    return _decoder(kind).decode(data)  # type: ignore[no-any-return]


def _pairs(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    previous = None
    for key, _ in pairs:
        if not isinstance(key, str):
            raise DecodeError("CODEC_SCHEMA", f"expected text map keys, got {type(key).__name__}")
        octets = key.encode()
        if previous is not None and octets <= previous:
            raise DecodeError("CODEC_NOT_CANONICAL", "expected map keys in byte order, each once")
        previous = octets
    return dict(pairs)


def _check_plain(value: object, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise DecodeError("CODEC_DEPTH", f"expected at most {MAX_DEPTH} levels")
    match value:
        case dict():
            for item in value.values():
                _check_plain(item, depth + 1)
        case list():
            for item in value:
                _check_plain(item, depth + 1)
        case None | bool() | int() | str() | bytes():
            return
        case _:
            raise DecodeError("CODEC_SCHEMA", f"expected no {type(value).__name__}")


def decode_plain(data: bytes, *, limit: int = MAX_ENTRY_BYTES) -> Any:
    """The untyped value (dict, list, int, str, bytes, bool, None) canonically encoded by ``data``.

    Raises:
        DecodeError: ``CODEC_TOO_LARGE``, ``CODEC_DEPTH``, ``CODEC_SCHEMA`` or ``CODEC_NOT_CANONICAL``.
    """
    if len(data) > limit:
        raise DecodeError("CODEC_TOO_LARGE", f"expected at most {limit} bytes, got {len(data)}")
    try:
        value = msgpack.unpackb(
            data, raw=False, strict_map_key=False, object_pairs_hook=_pairs, ext_hook=_no_extension
        )
    except DecodeError:
        raise
    except (msgpack.exceptions.UnpackException, ValueError, RecursionError, MemoryError) as error:
        raise DecodeError("CODEC_SCHEMA", f"{type(error).__name__}: {error}") from error
    _check_plain(value)
    if encode_plain(value) != data:
        raise DecodeError("CODEC_NOT_CANONICAL", "expected the one canonical encoding of this value")
    return value


def _no_extension(code: int, _: bytes) -> Any:
    raise DecodeError("CODEC_SCHEMA", f"expected no extension types, got {code}")


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda text: text.encode())}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def encode_plain(value: object) -> bytes:
    """Canonical bytes of an untyped value, by ``msgpack``: the second, independent encoder."""
    return bytes(msgpack.packb(_sorted(value), use_bin_type=True))
