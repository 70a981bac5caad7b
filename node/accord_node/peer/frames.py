"""What nodes say to each other on a proven link, byte by byte.

A frame is one type byte and the canonical MessagePack of its struct. A WebSocket message is one frame;
several small frames travel together in a ``Bundle`` and a large one in ``Chunk`` pieces, so that no
message exceeds :data:`MAX_MESSAGE_BYTES` and no large frame holds up a vote for long. Anything else is
``PEER_FRAME``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from accord_ledger import codec
from accord_ledger.errors import DecodeError
from accord_ledger.fields import Digest, Slug
from accord_node.peer.errors import PeerError
from accord_node.peer.topics import Topic

MAX_MESSAGE_BYTES: Final = 65_536
"""Largest WebSocket message; also what a caller can make us hold before it is proven."""

MAX_FRAME_BYTES: Final = 8 * 2**20
"""Largest frame put together from chunks."""

MAX_PAYLOAD_BYTES: Final = MAX_FRAME_BYTES - 4096
"""Largest payload of an item, request or response; the rest is for its frame."""

MAX_STATUS_BYTES: Final = 32_768
"""Largest status payload."""

CHUNK_BYTES: Final = 57_344
"""Frames above this are cut into pieces of this size."""

MAX_NAMES: Final = 512
"""Item names in one frame."""

MAX_NEIGHBOURS: Final = 256
MAX_BUNDLE_FRAMES: Final = 1024


class Lane(IntEnum):
    """Order of sending on one link: a lower number goes first."""

    URGENT = 0
    """Votes, certificates, small proposals, control, requests."""
    BULK = 1
    """Large consensus items."""
    RESPONSE = 2
    """Answers to requests."""
    TRANSACTIONS = 3
    """Batches of transactions; the first to be dropped, repaired by anti-entropy."""


class Bundle(codec.Wire):
    """Several frames in one message."""

    frames: Annotated[tuple[bytes, ...], Meta(min_length=2, max_length=MAX_BUNDLE_FRAMES)]
    """Whole frames with their type bytes; no bundle or chunk among them."""


class Chunk(codec.Wire):
    """The next piece of the frame that is being sent on one lane."""

    data: Annotated[bytes, Meta(min_length=1, max_length=CHUNK_BYTES)]
    lane: Lane
    left: Annotated[int, Meta(ge=0, le=MAX_FRAME_BYTES)]
    """Bytes of this frame still to come; 0 ends it."""


class ItemFrame(codec.Wire):
    """A gossip item."""

    origin: Slug
    payload: Annotated[bytes, Meta(max_length=MAX_PAYLOAD_BYTES)]
    topic: Topic


class Announce(codec.Wire):
    """Names of items the sender holds."""

    names: Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=MAX_NAMES)]


class Want(codec.Wire):
    """Names of announced items the sender lacks."""

    names: Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=MAX_NAMES)]


class Neighbours(codec.Wire):
    """The parties the sender has links to now."""

    parties: Annotated[tuple[Slug, ...], Meta(max_length=MAX_NEIGHBOURS)]


class StatusFrame(codec.Wire):
    """Where the sender stands, in the driver's own words."""

    payload: Annotated[bytes, Meta(max_length=MAX_STATUS_BYTES)]


class Request(codec.Wire):
    """A question to this node."""

    id: Annotated[int, Meta(ge=0, lt=2**53)]
    kind: Annotated[int, Meta(ge=0, lt=2**16)]
    payload: Annotated[bytes, Meta(max_length=MAX_PAYLOAD_BYTES)]


class Response(codec.Wire):
    """The answer to the request with this id on this link."""

    id: Annotated[int, Meta(ge=0, lt=2**53)]
    code: Annotated[str, Meta(max_length=64)] = ""
    """Empty for an answer; otherwise the stable code of the refusal."""
    payload: Annotated[bytes, Meta(max_length=MAX_PAYLOAD_BYTES)] = b""


Frame: TypeAlias = (
    Bundle | Chunk | ItemFrame | Announce | Want | Neighbours | StatusFrame | Request | Response
)

_KINDS: Final[dict[int, tuple[type[Frame], int]]] = {
    1: (Bundle, MAX_MESSAGE_BYTES),
    2: (Chunk, MAX_MESSAGE_BYTES),
    3: (ItemFrame, MAX_FRAME_BYTES),
    4: (Announce, 20_480),
    5: (Want, 20_480),
    6: (Neighbours, 20_480),
    7: (StatusFrame, MAX_STATUS_BYTES + 64),
    8: (Request, MAX_FRAME_BYTES),
    9: (Response, MAX_FRAME_BYTES),
}
"""Type byte -> struct and the largest frame of the type."""

_PREFIXES: Final = {kind: bytes((number,)) for number, (kind, _) in _KINDS.items()}


def encode_frame(frame: Frame) -> bytes:
    """Type byte and canonical body."""
    return _PREFIXES[type(frame)] + codec.encode(frame)


def frame_limit(type_byte: int) -> int:
    """Largest frame of this type.

    Raises:
        PeerError: ``PEER_FRAME`` for an unknown type.
    """
    found = _KINDS.get(type_byte)
    if found is None:
        raise PeerError("PEER_FRAME", f"expected a known frame type, got {type_byte}")
    return found[1]


def decode_frame(data: bytes) -> Frame:
    """The frame these bytes are.

    Raises:
        PeerError: ``PEER_FRAME`` for an unknown type, an oversized, malformed or non-canonical body.
    """
    found = _KINDS.get(data[0]) if data else None
    if found is None:
        raise PeerError("PEER_FRAME", f"expected a known frame type, got {data[:1].hex() or 'nothing'}")
    kind, limit = found
    try:
        return codec.decode(data[1:], kind, limit=limit - 1)
    except DecodeError as error:
        raise PeerError(
            "PEER_FRAME", f"{kind.__name__}: {error.code}: {error.detail}", path=error.path
        ) from error


class Assembler:
    """Puts chunked frames together again, at most one per lane at a time."""

    def __init__(self) -> None:
        self._partial: dict[Lane, tuple[list[bytes], int]] = {}

    def add(self, chunk: Chunk) -> bytes | None:
        """The whole frame if this was its last piece.

        Raises:
            PeerError: ``PEER_FRAME`` if the pieces disagree about the size, or it is too large.
        """
        if chunk.left and len(chunk.data) != CHUNK_BYTES:
            raise PeerError("PEER_FRAME", f"expected pieces of {CHUNK_BYTES} bytes, got {len(chunk.data)}")
        size = len(chunk.data) + chunk.left
        started = self._partial.get(chunk.lane)
        if started is None:
            limit = frame_limit(chunk.data[0])
            if not CHUNK_BYTES < size <= limit:
                raise PeerError(
                    "PEER_FRAME", f"expected a chunked frame of at most {limit} bytes, got {size}"
                )
            started = self._partial[chunk.lane] = ([], size)
        pieces, expected = started
        if size != expected:
            raise PeerError("PEER_FRAME", f"expected {expected} bytes to come, got {size}")
        pieces.append(chunk.data)
        if chunk.left:
            self._partial[chunk.lane] = (pieces, chunk.left)
            return None
        del self._partial[chunk.lane]
        return b"".join(pieces)
