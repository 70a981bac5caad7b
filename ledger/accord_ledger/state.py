"""State as typed tables over canonical bytes, in views that stack.

A state key is ``<table>/`` followed by its parts; a value is the canonical encoding of one
:class:`~accord_ledger.codec.Wire`. A :class:`View` buffers writes over a parent and can be dropped or
merged, so a record that fails leaves nothing behind and unfinalised blocks can branch. Objects are
immutable and shared; they are encoded once, when a block closes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from accord_ledger import codec

V = TypeVar("V", bound=codec.Wire)

Part = str | bytes | int

MAX_VALUE_BYTES = 4 * 1024 * 1024
"""Bound on one state value; rule sets and graphs are the largest."""

MAX_NAMED = 4096
"""Keys one table remembers."""

_registry: dict[str, type[codec.Wire]] = {}


class Table(Generic[V]):
    """One family of state values: its name, the type of its values, and how keys are built."""

    __slots__ = ("busy", "name", "named", "prefix", "value")

    def __init__(self, name: str, value: type[V], *, busy: bool = False) -> None:
        if name in _registry:
            raise ValueError(f"table {name} is declared twice")
        _registry[name] = value
        self.name = name
        self.prefix = name.encode() + b"/"
        self.value = value
        self.busy = busy
        """Ordinary records write here all the time: nothing that is recalled (:attr:`View.recalled`) rests on it."""
        self.named: dict[tuple[Part, ...], bytes] = {}
        """Keys that begin with a name, by parts: names are few and asked for again and again."""

    def key(self, *parts: Part) -> bytes:
        """State key of the parts: text ends with a zero byte, integers are 8 bytes big-endian.

        Bytes parts are fixed-length ids, so no two lists of parts of one table share a key.
        """
        if parts and type(parts[0]) is bytes:
            return self.prefix + parts[0] if len(parts) == 1 else self._build(*parts)
        found = self.named.get(parts)
        if found is None:
            if len(self.named) >= MAX_NAMED:
                self.named.clear()
            found = self.named[parts] = self._build(*parts)
        return found

    def _build(self, *parts: Part) -> bytes:
        encoded = [self.prefix]
        for part in parts:
            if isinstance(part, str):
                encoded.append(part.encode() + b"\x00")
            elif isinstance(part, bytes):
                encoded.append(part)
            else:
                encoded.append(part.to_bytes(8, "big"))
        return b"".join(encoded)

    def decode(self, value: bytes) -> V:
        """The typed value of canonical bytes."""
        return codec.decode(value, self.value, limit=MAX_VALUE_BYTES)

    def __repr__(self) -> str:
        return f"Table({self.name})"


def table_types() -> Mapping[str, type[codec.Wire]]:
    """Every declared table by name, for reading state back and for documentation."""
    return dict(_registry)


class Source(Protocol):
    """Where a view reads what it has not written itself."""

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """The value under a key, decoded, or None."""

    def has(self, key: bytes) -> bool:
        """Whether a value exists under a key; never reads the value (proved from the map alone)."""


class MemorySource:
    """A source over plain canonical bytes in memory: replay, genesis and tests."""

    __slots__ = ("_decoded", "values")

    def __init__(self, values: Mapping[bytes, bytes] | None = None) -> None:
        self.values: dict[bytes, bytes] = dict(values or {})
        self._decoded: dict[bytes, Any] = {}

    def load(self, table: Table[V], key: bytes) -> V | None:
        """See :class:`Source`."""
        found = self._decoded.get(key)
        if found is None and (raw := self.values.get(key)) is not None:
            found = self._decoded[key] = table.decode(raw)
        return found

    def has(self, key: bytes) -> bool:
        """See :class:`Source`."""
        return key in self.values

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Apply the encoded changes of a closed block."""
        for key, value in changes.items():
            self._decoded.pop(key, None)
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value


_UNREAD: Any = object()
"""Stands for a value that has not been looked up."""


class View:
    """Writes buffered over a parent, which must not change while the view is used.

    What was read from below is remembered, so that the programme, head, profile and keys that a thousand
    records of one block ask for are looked up once.

    Attributes:
        recalled: what rules worked out for one record and use for the next of the same block (a programme
            that may issue today). It rests on no busy table, and is forgotten when anything but a busy
            table is written or a record is taken back.
    """

    __slots__ = ("_parent", "_seen", "_undo", "_writes", "recalled")

    def __init__(self, parent: Source) -> None:
        self._parent = parent
        self._seen: dict[bytes, Any | None] = {}
        """What was read from below, and what was written over it."""
        self._writes: dict[bytes, Any | None] = {}
        self.recalled: dict[Any, Any] = {}
        self._undo: dict[bytes, Any | None] | None = None
        """What stood under the keys written since :meth:`begin`."""

    def load(self, table: Table[V], key: bytes) -> V | None:
        """See :class:`Source`; own writes first."""
        found = self._seen.get(key, _UNREAD)
        if found is _UNREAD:
            found = self._seen[key] = self._parent.load(table, key)
        return found

    def has(self, key: bytes) -> bool:
        """See :class:`Source`; own writes first."""
        view = self
        while True:
            if key in view._writes:
                return view._writes[key] is not None
            if type(view._parent) is not View:
                return view._parent.has(key)
            view = view._parent

    def get(self, table: Table[V], *parts: Part) -> V | None:
        """The value under these key parts, or None; :meth:`load` written out, as nothing is asked more often."""
        key = table.named.get(parts) or table.key(*parts)
        found = self._seen.get(key, _UNREAD)
        if found is _UNREAD:
            found = self._seen[key] = self._parent.load(table, key)
        return found

    def exists(self, table: Table[V], *parts: Part) -> bool:
        """Whether a value exists under these key parts, without reading it."""
        if len(parts) == 1 and type(parts[0]) is bytes:  # an id, as most of what is asked here
            return self.has(table.prefix + parts[0])
        return self.has(table.named.get(parts) or table.key(*parts))

    def put(self, table: Table[V], value: V | None, *parts: Part) -> None:
        """Write a value under these key parts; None: from here on there is none."""
        key = table.named.get(parts) or table.key(*parts)
        undo = self._undo
        if undo is not None and key not in undo:
            undo[key] = self._writes.get(key, _UNREAD)
        self._writes[key] = self._seen[key] = value
        if self.recalled and not table.busy:
            self.recalled.clear()

    def delete(self, table: Table[V], *parts: Part) -> None:
        """Remove the value under these key parts, if any."""
        self.put(table, None, *parts)

    def begin(self) -> None:
        """From here on writes can be taken back, until :meth:`keep` or :meth:`undo`."""
        self._undo = {}

    def keep(self) -> None:
        """Keep what was written since :meth:`begin`."""
        self._undo = None

    def undo(self) -> None:
        """Take back what was written since :meth:`begin`."""
        undo, self._undo = self._undo or {}, None
        for key, value in undo.items():
            if value is _UNREAD:
                del self._writes[key], self._seen[key]
            else:
                self._writes[key] = self._seen[key] = value
        self.recalled.clear()

    def rebase(self, parent: Source) -> None:
        """Read from another parent that holds the same values (a block's parent became durable)."""
        self._parent = parent

    def changes(self) -> dict[bytes, bytes | None]:
        """Every written key with its canonical value, or None where it was removed; in key order."""
        writes = self._writes
        return {
            key: None if (value := writes[key]) is None else codec.encode(value) for key in sorted(writes)
        }

    def items(self) -> Iterator[tuple[bytes, Any | None]]:
        """Written keys and values, unencoded."""
        return iter(self._writes.items())
