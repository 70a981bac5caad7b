"""Parties, their keys, their nodes and the seats that vote (DOMAIN.md 2.1)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.fields import (
    Code,
    Country,
    Digest,
    ExternalId,
    LanguageMap,
    PublicKey,
    Purpose,
    Region,
    Role,
    Seconds,
    Slug,
)  # fmt: skip
from accord_ledger.state import Table

PartyStatus = Literal["active", "suspended", "withdrawn"]


MAX_PLANNED: Final = 8
"""Changes of status of one party that may wait for their dates."""


class PlannedStatus(Wire):
    """A change of a party's status that waits for its date (T02)."""

    status: PartyStatus
    since: Seconds
    """00:00 UTC of the effective date."""
    reason: Code


class Party(Wire):
    """An institution or body the ledger knows by name."""

    party_id: Slug
    roles: tuple[Role, ...]
    legal_name: LanguageMap
    country: Country
    region: Region
    external_ids: dict[ExternalId, ExternalId] = msgspec.field(default_factory=dict)
    member_of: tuple[Slug, ...] = ()
    """Credit banks it is a member of."""
    controlled_by: tuple[Slug, ...] = ()
    keys: tuple[Digest, ...] = ()
    """Ids of its institutional keys that are neither revoked nor replaced; the others stay in ``KEYS``."""
    status: PartyStatus = "active"
    status_since: Seconds = 0
    registered_at: Seconds = 0
    status_reason: Code | None = None
    """None until T02 changed the status for the first time."""
    planned: Annotated[tuple[PlannedStatus, ...], Meta(max_length=MAX_PLANNED)] = ()
    """Changes to come, by date; what has come since the last write is in force all the same."""


def status_at(party: Party, time: int) -> PartyStatus:
    """Status of a party at a ledger time (seconds UTC) of its present or future.

    Planned changes count from their date on, however far behind the due queue is (DOMAIN.md 2.12).
    """
    status = party.status
    for change in party.planned:
        if change.since > time:
            break
        status = change.status
    return status


class KeyRecord(Wire):
    """One key and what it may sign; retired keys stay, so that the past can be checked."""

    party: Slug
    use: Literal["institution", "link", "vote", "log", "witness"]
    """``institution``: signs transactions with ``purposes``; the others belong to the node."""
    alg: Literal["ed25519"]
    public: PublicKey
    purposes: tuple[Purpose, ...] = ()
    valid_from: Seconds = 0
    valid_to: Seconds | None = None
    revoked_at: Seconds | None = None
    compromised_since: Seconds | None = None
    compromise_known_at: Seconds | None = None
    """When that was first recorded: confirmations from before do not count."""


class Node(Wire):
    """A party's node: where it is reached and with which keys it speaks."""

    endpoint: Annotated[str, Meta(max_length=300, pattern=r"^wss://[\x21-\x7e]+\Z")]
    link: Annotated[tuple[PublicKey, ...], Meta(min_length=1, max_length=4)]
    vote: PublicKey
    log: PublicKey
    witness: PublicKey


class Seats(Wire):
    """The parties that vote, in order of id."""

    parties: tuple[Slug, ...]
    epoch: Annotated[int, Meta(ge=0, lt=2**31)] = 0


PARTIES: Table[Party] = Table("party", Party)
"""By party id."""
KEYS: Table[KeyRecord] = Table("key", KeyRecord)
"""By key id: a key is registered once, for ever, whoever holds it."""
NODES: Table[Node] = Table("node", Node)
"""By party id."""
SEATS: Table[Seats] = Table("seats", Seats)
"""One value, under the empty key."""
