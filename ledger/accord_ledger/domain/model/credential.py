"""Batches and the credentials of them that became visible (DOMAIN.md 0.5, 2.6).

The ledger keeps one root per issuance. What T17 does to credentials is kept as spans of a page of 1,024
indexes, so that a whole batch changes status in a bounded number of writes; a credential gets a row of
its own only when it is used for credit or erased.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.fields import Count, DateText, Digest, ObjectId, Seconds, Slug, Version
from accord_ledger.state import Table

Height = Count

PAGE: Final = 1024
"""Indexes of a batch that share one page of statuses and of uses."""

MAX_STATUS_POSITIONS: Final = 2**20
"""Positions of one status list: eight batches of the largest size; an issuer opens more lists by name."""

MAX_STATUS_PIECES: Final = 256
"""Separate pieces in which one status list may be taken, so that taking a range stays cheap."""


class Batch(Wire):
    """One issuance (T16), or one award (T30): a batch of one."""

    programme: tuple[Slug, Version]
    count: Count
    merkle_root: Digest
    """RFC 6962 root over the leaves of FORMATS.md section 2."""
    issuers: tuple[Slug, ...]
    """Parties that signed."""
    keys: tuple[Digest, ...]
    """Their issuance keys; of an award, those of registrars and committees that conferred it."""
    status_list: Slug
    status_owner: Slug
    """Party in whose status lists the range lies: the author."""
    status_start: Count
    completed_from: DateText
    completed_to: DateText
    valid_until: DateText | None = None
    issued_height: Height
    issued_at: Seconds
    late: bool = False
    replaces: ObjectId | None = None
    """Batch some of whose credentials these replace."""
    origin_height: Height | None = None
    """Issuing block that counts for every cut-off, if these replace earlier credentials (DOMAIN.md 2.6)."""
    origin_at: Seconds | None = None
    """Time of that block."""

    @property
    def effective_height(self) -> int:
        """Issuing block that counts for cut-offs."""
        return self.issued_height if self.origin_height is None else self.origin_height

    @property
    def effective_at(self) -> int:
        """Time of the issuing block that counts for cut-offs."""
        return self.issued_at if self.origin_at is None else self.origin_at


class Spend(Wire):
    """One live use of a credential for credit."""

    recognition: ObjectId
    receiver: Slug
    exclusivity: Literal["alliance", "receiver"]


class Credential(Wire):
    """What is exceptional about one credential, besides its status."""

    erased_at: Seconds | None = None
    spends: tuple[Spend, ...] = ()
    """Live uses for credit, oldest first."""
    stacked_into: ObjectId | None = None
    """Award batch it became an own component of; ``credentials.credential_of`` says whether it still counts."""


class Standing(Wire):
    """What T17, T16 with ``replaces`` and reviews have made of a credential; the default is an untouched one."""

    status: Literal["valid", "suspended", "revoked"] = "valid"
    effect: Literal["reverse", "review"] | None = None
    """With which effect it was revoked; None besides where it was replaced."""
    since: Seconds | None = None
    """Since when it has this status."""
    confirmed_at: Seconds | None = None
    """Last ``confirm`` after a key compromise."""
    replaced: bool = False
    """Another credential took its place."""


class StandingSpan(Wire):
    """Indexes [start, end) that share one standing."""

    start: Count
    end: Count
    standing: Standing


class StandingPage(Wire):
    """Standings of one page of a batch, ascending, without those that are the default."""

    spans: Annotated[tuple[StandingSpan, ...], Meta(max_length=PAGE)]


class UsePage(Wire):
    """Which indexes of one page have live spends or are part of an award: bit ``i`` (least first) is index ``page * 1024 + i``."""

    bits: Annotated[bytes, Meta(min_length=1, max_length=PAGE // 8)]


class Interval(Wire):
    """Positions [start, end) of a status list."""

    start: Count
    end: Count


class StatusRanges(Wire):
    """Positions of one status list already taken, ascending and merged."""

    taken: Annotated[tuple[Interval, ...], Meta(max_length=MAX_STATUS_PIECES)] = ()


class RootUse(Wire):
    """Where a Merkle root was used."""

    batch_id: ObjectId


BATCHES: Table[Batch] = Table("batch", Batch, busy=True)
"""By batch id."""
CREDENTIALS: Table[Credential] = Table("credential", Credential, busy=True)
"""By batch id and index."""
STANDING_PAGES: Table[StandingPage] = Table("standing", StandingPage, busy=True)
"""By batch id and page."""
USE_PAGES: Table[UsePage] = Table("uses", UsePage, busy=True)
"""By batch id and page."""
STATUS_RANGES: Table[StatusRanges] = Table("status_ranges", StatusRanges, busy=True)
"""By party and status list."""
ROOTS: Table[RootUse] = Table("root", RootUse, busy=True)
"""By Merkle root: each is used once."""
