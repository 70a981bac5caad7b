"""What waits to be sent on one link: bounded, ordered by urgency, bundled and cut into messages."""

from __future__ import annotations

from collections import deque
from typing import Final

from accord_node.peer.frames import (
    CHUNK_BYTES,
    MAX_BUNDLE_FRAMES,
    Bundle,
    Chunk,
    Lane,
    encode_frame,
)

_FRAME_OVERHEAD: Final = 5
"""Most that MessagePack adds to a byte string; counted for each frame in a bundle."""


class Outbox:
    """Frames in four lanes. On overflow the least urgent lane loses its oldest frames.

    A frame that does not fit although every less urgent lane is empty is refused. What has begun to be
    sent in chunks is never dropped, so the other side is never left with half a frame.
    """

    __slots__ = ("_begun", "_lanes", "_limit", "_ordered", "dropped", "size")

    def __init__(self, limit: int) -> None:
        self._lanes: tuple[deque[bytes], ...] = tuple(deque() for _ in Lane)
        self._ordered = tuple(zip(Lane, self._lanes, strict=True))
        self._begun: dict[Lane, tuple[bytes, int]] = {}
        self._limit = limit
        self.size = 0
        """Bytes waiting."""
        self.dropped = 0
        """Frames lost to overflow so far."""

    def __bool__(self) -> bool:
        return self.size > 0

    def put(self, lane: Lane, frame: bytes) -> bool:
        """Queue a frame; False if it was refused."""
        if self.size + len(frame) > self._limit and not self._make_room(lane, len(frame)):
            self.dropped += 1
            return False
        self._lanes[lane].append(frame)
        self.size += len(frame)
        return True

    def waiting(self, lane: Lane) -> int:
        """Frames of one lane that wait, one under way included."""
        return len(self._lanes[lane]) + (lane in self._begun)

    def move_to(self, other: Outbox) -> None:
        """Hand everything that has not begun to travel to the outbox of a link that replaces this one."""
        for lane in Lane:
            for frame in self._lanes[lane]:
                self.size -= len(frame)
                other.put(lane, frame)
            self._lanes[lane].clear()

    def take(self) -> bytes:
        """The next WebSocket message; only to be called when something waits."""
        begun = self._begun
        for lane, queue in self._ordered:
            if (queue and len(queue[0]) > CHUNK_BYTES) or lane in begun:
                return self._chunk(lane)
            if queue:
                if self.size == len(queue[0]):  # the usual case: one small frame, nothing else
                    self.size = 0
                    return queue.popleft()
                return self._bundle(lane)
        raise RuntimeError("nothing to take")

    def _make_room(self, lane: Lane, size: int) -> bool:
        for victim in reversed(Lane):
            if victim < lane:
                break
            queue = self._lanes[victim]
            while queue and self.size + size > self._limit:
                self.size -= len(queue.popleft())
                self.dropped += 1
        return self.size + size <= self._limit

    def _chunk(self, lane: Lane) -> bytes:
        begun = self._begun.pop(lane) if lane in self._begun else None
        frame, offset = begun or (self._lanes[lane].popleft(), 0)
        data = frame[offset : offset + CHUNK_BYTES]
        offset += len(data)
        if offset < len(frame):
            self._begun[lane] = (frame, offset)
        self.size -= len(data)
        return encode_frame(Chunk(data=data, lane=lane, left=len(frame) - offset))

    def _bundle(self, first: Lane) -> bytes:
        frames: list[bytes] = []
        room = CHUNK_BYTES
        for lane, queue in self._ordered[first:]:
            if lane in self._begun:
                break
            while queue and len(queue[0]) + _FRAME_OVERHEAD <= room and len(frames) < MAX_BUNDLE_FRAMES:
                frame = queue.popleft()
                room -= len(frame) + _FRAME_OVERHEAD
                frames.append(frame)
            if queue:
                break
        if not frames:  # a frame of just the chunk size leaves no room for overhead: it travels alone
            frames.append(self._lanes[first].popleft())
        self.size -= sum(map(len, frames))
        return frames[0] if len(frames) == 1 else encode_frame(Bundle(frames=tuple(frames)))
