"""Lists of objects with simple filters, in key order, page by page.

A page looks at a bounded number of rows. When few of them match, it may come back short or empty and
still name the next one; the cursor is the last key looked at, so pages neither skip nor repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from accord_client.api import Listing, Row
from accord_ledger.codec import Wire
from accord_ledger.domain.model.agreement import AGREEMENT_VERSIONS, AGREEMENTS
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_node.http.plain import plain
from accord_node.http.problems import ProblemError
from accord_node.http.routes import Call, Handler, Parameters, Route
from accord_node.http.site import Site, position_of
from accord_node.http.state_keys import decode_value, split_key, table_range
from accord_node.http.versions import snapshot_version
from accord_node.readmodel import Snapshot

MAX_ROWS: Final = 2000
"""Rows one page looks at."""

Limit = Annotated[int, Meta(ge=1, le=500, description="Most items of the page")]
Cursor = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{2})*\Z", description="`next` of the page before")]
Word = Annotated[str, Meta(min_length=1, max_length=128)]
HexId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Level = Annotated[int, Meta(ge=0, le=20)]


class Page(Parameters, frozen=True, kw_only=True):
    """What every listing takes."""

    limit: Limit = 100
    cursor: Cursor = ""


Reader = Callable[[Snapshot, bytes, Wire, Any], Any | None]
"""(snapshot, key, value, query) to what is shown of a row, or None if the filters exclude it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page as read."""

    height: int
    rows: list[Row]
    next: bytes | None


def read_page(now: Snapshot, table: str, query: Page, read: Reader, bounds: tuple[bytes, bytes]) -> Found:
    """Look at rows between the bounds until the page is full or its work is done."""
    start, end = bounds
    if query.cursor:
        after = bytes.fromhex(query.cursor)
        if not start <= after < end:
            raise ProblemError("HTTP_CURSOR", path="cursor")
        start = after + b"\x00"
    rows: list[Row] = []
    for looked, (key, raw) in enumerate(now.scan(start, end), start=1):
        shown = read(now, bytes(key), decode_value(table, bytes(raw)), query)
        if shown is not None:
            rows.append(Row(key=split_key(table, key), value=plain(shown)))  # in this thread, not in the loop
        if len(rows) == query.limit or looked == MAX_ROWS:
            return Found(now.height, rows, bytes(key))
    return Found(now.height, rows, None)


async def listing(
    site: Site, table: str, query: Page, read: Reader, bounds: tuple[bytes, bytes] | None = None
) -> Listing:
    """A page of a table as an answer."""
    limits = bounds or table_range(table)
    found = await site.reads.visit(lambda now: read_page(now, table, query, read, limits))
    version = await snapshot_version(site.node, found.height)
    return Listing(
        items=found.rows,
        next=None if found.next is None else found.next.hex(),
        position=position_of(version),
    )


def whole(_: Snapshot, __: bytes, value: Wire, ___: Page) -> Any:
    """No filter: the value as it stands."""
    return value


# ---- filters -------------------------------------------------------------------------------------------


class PartyQuery(Page, frozen=True, kw_only=True):
    """Filters of parties."""

    role: Word | None = None
    country: Word | None = None
    status: Word | None = None
    member_of: Word | None = None


def _party(_: Snapshot, __: bytes, value: Any, query: PartyQuery) -> Any | None:
    good = (
        query.role in (None, *value.roles)
        and query.country in (None, value.country)
        and query.status in (None, value.status)
        and query.member_of in (None, *value.member_of)
    )
    return value if good else None


class ProgrammeQuery(Page, frozen=True, kw_only=True):
    """Filters of programmes."""

    issuer: Word | None = None
    status: Annotated[str, Meta(description="active, paused ..., or `none` before activation")] | None = None
    field: Word | None = None
    framework: Annotated[str, Meta(description="Id of a framework")] | None = None
    level_min: Level | None = None
    esco: Annotated[str, Meta(description="URI of a skill or occupation")] | None = None
    category: Literal["degree_bridging", "vocational_skill", "interest"] | None = None
    form: Literal["standalone", "decoupled", "award"] | None = None
    track: Literal["credit", "noncredit"] | None = None


class ProgrammeSummary(Wire):
    """A programme and the version that counts: the active one, or the newest."""

    head: Any
    version: int
    programme: Any


def _programme(now: Snapshot, key: bytes, head: Any, query: ProgrammeQuery) -> Any | None:
    if query.issuer not in (None, *head.issuers) or query.status not in (None, head.status or "none"):
        return None
    version = head.current or head.latest
    raw = now.value(PROGRAMMES.key(str(split_key("programme_head", key)[0]), version))
    if raw is None:
        return None
    programme = PROGRAMMES.decode(raw)
    terms = programme.terms
    good = (
        query.field in (None, terms.field)
        and query.framework in (None, terms.framework[0])
        and (query.level_min is None or (terms.level is not None and terms.level >= query.level_min))
        and query.esco in (None, *terms.occupations, *(outcome.esco for outcome in terms.outcomes))
        and query.category in (None, terms.category)
        and query.form in (None, terms.form)
        and query.track in (None, terms.track)
    )
    return ProgrammeSummary(head=head, version=version, programme=programme) if good else None


class AgreementQuery(Page, frozen=True, kw_only=True):
    """Filters of agreements."""

    party: Annotated[str, Meta(description="A sender or receiver")] | None = None
    status: Word | None = None
    stage: Literal["draft", "active", "superseded", "lapsed"] | None = None


class AgreementSummary(Wire):
    """One version of an agreement with its terms and the agreement's status."""

    agreement: Any
    version: Any
    terms: Any


def _agreement(now: Snapshot, key: bytes, terms: Any, query: AgreementQuery) -> Any | None:
    if query.party not in (None, *terms.senders, *terms.receivers):
        return None
    name, version = split_key("agreement_terms", key)
    head = now.value(AGREEMENTS.key(name))
    row = now.value(AGREEMENT_VERSIONS.key(name, version))
    if head is None or row is None:
        return None
    summary = AgreementSummary(
        agreement=AGREEMENTS.decode(head), version=AGREEMENT_VERSIONS.decode(row), terms=terms
    )
    good = query.status in (None, summary.agreement.status) and query.stage in (None, summary.version.stage)
    return summary if good else None


class BatchQuery(Page, frozen=True, kw_only=True):
    """Filters of issuances."""

    programme: Word | None = None
    issuer: Word | None = None


def _batch(_: Snapshot, __: bytes, value: Any, query: BatchQuery) -> Any | None:
    good = query.programme in (None, value.programme[0]) and query.issuer in (None, *value.issuers)
    return value if good else None


class RecognitionQuery(Page, frozen=True, kw_only=True):
    """Filters of recognitions."""

    enrolment: HexId | None = None
    receiver: Word | None = None
    agreement: Word | None = None
    status: Literal["live", "reversed"] | None = None


def _recognition(_: Snapshot, __: bytes, value: Any, query: RecognitionQuery) -> Any | None:
    good = (
        query.enrolment in (None, value.enrolment.hex())
        and query.receiver in (None, value.receiver)
        and query.agreement in (None, value.agreement[0])
        and query.status in (None, value.status)
    )
    return value if good else None


class EnrolmentQuery(Page, frozen=True, kw_only=True):
    """Filters of enrolment accounts."""

    owner: Word | None = None
    status: Literal["open", "closed"] | None = None


def _enrolment(_: Snapshot, __: bytes, value: Any, query: EnrolmentQuery) -> Any | None:
    return value if query.owner in (None, value.owner) and query.status in (None, value.status) else None


class GrantQuery(Page, frozen=True, kw_only=True):
    """Filters of accreditations."""

    party: Word | None = None
    agency: Word | None = None


def _grant(_: Snapshot, __: bytes, value: Any, query: GrantQuery) -> Any | None:
    return value if query.party in (None, value.party) and query.agency in (None, value.agency) else None


class KeyQuery(Page, frozen=True, kw_only=True):
    """Filters of keys."""

    party: Word | None = None
    use: Literal["institution", "link", "vote", "log", "witness"] | None = None


def _key(_: Snapshot, __: bytes, value: Any, query: KeyQuery) -> Any | None:
    return value if query.party in (None, value.party) and query.use in (None, value.use) else None


class FrameworkQuery(Page, frozen=True, kw_only=True):
    """Filters of credit frameworks."""

    country: Word | None = None


def _framework(_: Snapshot, __: bytes, value: Any, query: FrameworkQuery) -> Any | None:
    return value if query.country in (None, value.terms.country) else None


class OwnerQuery(Page, frozen=True, kw_only=True):
    """Filters of profiles and lists."""

    owner: Word | None = None


def _owned(_: Snapshot, __: bytes, value: Any, query: OwnerQuery) -> Any | None:
    return value if query.owner in (None, value.owner) else None


def _handler(table: str, read: Reader) -> Handler:
    async def handler(site: Site, call: Call[Parameters, Page]) -> Listing:
        return await listing(site, table, call.query, read)

    return handler


_LISTINGS: Final[tuple[tuple[str, str, Reader, type[Page], str], ...]] = (
    ("parties", "party", _party, PartyQuery, "Parties"),
    ("keys", "key", _key, KeyQuery, "Keys"),
    ("frameworks", "framework", _framework, FrameworkQuery, "Credit frameworks, every version"),
    ("profiles", "profile", _owned, OwnerQuery, "Jurisdiction profiles, every version"),
    ("lists", "list", _owned, OwnerQuery, "Closed lists, every version"),
    ("programmes", "programme_head", _programme, ProgrammeQuery, "Programmes, each in its active or newest version"),
    ("grants", "grant", _grant, GrantQuery, "Accreditations"),
    ("agreements", "agreement_terms", _agreement, AgreementQuery, "Agreements, every version"),
    ("batches", "batch", _batch, BatchQuery, "Issuances"),
    ("enrolments", "enrolment", _enrolment, EnrolmentQuery, "Enrolment accounts"),
    ("recognitions", "recognition", _recognition, RecognitionQuery, "Recognitions"),
)  # fmt: skip

ROUTES: Final = tuple(
    Route(
        "GET", f"/v1/{name}", _handler(table, read), summary, Listing,
        query=query, problems=("HTTP_CURSOR", "QUERY_TOO_LONG"),
    )
    for name, table, read, query, summary in _LISTINGS
)  # fmt: skip
