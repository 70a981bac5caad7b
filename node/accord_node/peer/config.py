"""Limits and intervals of the peer network. Times are seconds, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerConfig:
    """How one node links to others. The defaults suit a network of up to 50 institutions."""

    links: tuple[str, ...] | None = None
    """Link to these parties only (both ways); None links to all validators and admits every party."""
    full_mesh: int = 30
    """Keep links to all validators up to this many; beyond, to as many chosen unpredictably, and
    never fewer than f + 1 (DESIGN.md section 5)."""
    observer_links: int = 3
    """Links a node that is no validator keeps to validators."""
    max_links: int = 128
    """Links in all, dialled or accepted; validators are let in beyond it."""

    handshake_seconds: float = 5.0
    """Limit from an accepted connection to a proven party."""
    max_unproven: int = 64
    """Accepted connections, from before TLS on, whose caller may be unproven at once; beyond, the address
    that holds most of them loses its oldest."""
    max_unproven_per_address: int = 16
    """The same from one network address; beyond, it is turned away."""
    dial_min_seconds: float = 0.1
    """First delay before dialling again; doubles, jittered."""
    dial_max_seconds: float = 5.0
    """Longest delay before dialling again."""
    heartbeat_seconds: float = 20.0
    """WebSocket ping after this much silence; the link is dead after half of it again."""

    push_bytes: int = 4096
    """Relayed items larger than this are announced by name and fetched."""
    queue_bytes: int = 16 * 2**20
    """What may wait to be sent on one link."""
    pending_items: int = 1024
    """Items of one peer that may await their verdict."""
    pending_bytes: int = 16 * 2**20
    """Bytes of such items."""

    seen_items: int = 200_000
    """Names remembered, so that an item is handled once."""
    seen_seconds: float = 600.0
    """How long at most."""
    store_bytes: int = 64 * 2**20
    """Items kept to be fetched by others."""
    store_seconds: float = 60.0
    """How long at most."""
    fetch_seconds: float = 1.0
    """Wait for an announced item before asking another peer."""
    max_fetches: int = 8192
    """Announced items being fetched at once."""

    entropy_seconds: float = 1.0
    """Interval of the status and digest exchange, jittered by half."""
    entropy_max_seconds: float = 4.0
    """The same when nothing happens."""

    request_slots: int = 4
    """Requests of one peer served at once."""
    request_queue: int = 64
    """Requests of one peer that may wait for a slot, and requests to one peer that may be open."""
    request_bytes: int = 4 * 2**20
    """Bytes of those that wait for a slot."""

    bytes_per_second: float = 64 * 2**20
    """What one party may send; above, reading from it pauses."""
    bytes_burst: float = 128 * 2**20
    """What it may send at once."""
    frames_per_second: float = 20_000.0
    """Frames one party may send."""
    frames_burst: float = 40_000.0
    """Frames at once."""
    offence_points: float = 100.0
    """Points at which a party is dropped and banned; invalid data costs all of them."""
    offence_decay: float = 1.0
    """Points forgiven per second."""
    ban_min_seconds: float = 1.0
    """First ban; doubles with each."""
    ban_max_seconds: float = 600.0
    """Longest ban; after as long without offence the count starts anew."""
