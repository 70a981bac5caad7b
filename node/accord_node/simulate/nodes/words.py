"""What is said between nodes, read byte by byte by a reader of its own: for the judge and for the transcript."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

import msgpack

BUNDLE, CHUNK, ITEM = 1, 2, 3
PROPOSAL, VOTE, CERTIFICATE, COSIGNATURE, TRANSACTIONS = 1, 2, 3, 4, 5

_FRAMES: Final = {4: "announces", 5: "wants", 6: "neighbours", 7: "status", 8: "asks", 9: "answers"}
_QUESTIONS: Final = {1: "records", 2: "block", 3: "range", 4: "tip", 5: "certificates", 6: "(certificate)"}


def frames(message: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """(type, fields) of every frame of a message; type 0 for a message of the handshake."""
    if message[:1] >= b"\x80":
        yield 0, msgpack.unpackb(message)
        return
    kind, fields = message[0], msgpack.unpackb(message[1:])
    if kind == BUNDLE:
        for frame in fields["frames"]:
            yield from frames(frame)
    else:
        yield kind, fields


def seal_hash(entry: bytes) -> bytes:
    """What names a seal."""
    return sha256(b"accord/seal/v1\x00" + entry).digest()


def _short(data: bytes) -> str:
    return data.hex()[:8]


def describe(message: bytes) -> str:
    """One line for people; every frame of a bundle."""
    try:
        return ", ".join(_describe(kind, fields) for kind, fields in frames(message))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return f"{len(message)} bytes that are no message {_short(message)}"


def _describe(kind: int, fields: dict[str, Any]) -> str:
    if kind == 0:
        return f"handshake {fields['type']}"
    if kind == ITEM:
        by = f" (of {fields['origin']})"
        return _item(fields["topic"], msgpack.unpackb(fields["payload"])) + by
    if kind == 7:
        status = msgpack.unpackb(fields["payload"])
        return f"status epoch {status['epoch']} height {status['height']} view {status['view']}"
    if kind == 8:
        return f"asks #{fields['id']} {_QUESTIONS.get(fields['kind'], fields['kind'])}"
    if kind == 9:
        return f"answers #{fields['id']} {fields['code'] or str(len(fields['payload'])) + ' bytes'}"
    if kind == CHUNK:
        return f"a piece, {fields['left']} bytes left"
    return f"{_FRAMES[kind]} {len(fields.get('names', fields.get('parties', ())))}"


def _item(topic: int, payload: dict[str, Any]) -> str:
    if topic == VOTE:
        return f"{payload['kind']} view {payload['view']} {_short(payload['seal'])}"
    if topic == CERTIFICATE:
        signers = " ".join(party for party, _ in payload["votes"])
        return f"{payload['kind']} CERTIFICATE view {payload['view']} {_short(payload['seal'])} by {signers}"
    if topic == PROPOSAL:
        seal, vote = msgpack.unpackb(payload["seal"]), payload["vote"]
        return (
            f"PROPOSAL view {vote['view']} {_short(vote['seal'])} height {seal['height']} "
            f"on {_short(seal['parent'])} with {seal['count']} records"
        )
    if topic == COSIGNATURE:
        return "cosignatures of sizes " + " ".join(str(item["size"]) for item in payload["items"])
    return f"{len(payload.get('entries', ()))} transactions"
