"""Row P7, ``trusted_issuers(t)``: who was accredited at a moment, by whom, and across borders or at home."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import GRANTS, Registry
from accord_ledger.domain.questions.coverage import CountryAsked
from accord_ledger.domain.questions.credential import granted
from accord_ledger.domain.questions.question import question
from accord_ledger.domain.questions.reading import Reading
from accord_ledger.domain.standing import registered


class TrustedAsked(CountryAsked):
    """Parameters of the view."""

    registry: Registry | None = None
    cross_border: Annotated[int, Meta(ge=0, le=1)] = 0
    """1: only grants that count across borders."""


class TrustedIssuer(Wire):
    """One grant in force."""

    party: str
    programmes: tuple[str, ...]
    """Those it names; none: the whole party."""
    registry: str
    agency: str
    agency_listed: bool
    """The agency itself stood in the registry at the moment asked about."""
    cross_border: bool
    valid_from: str
    valid_to: str


@question(
    "trusted-issuers", "P7", "Accredited issuers and programmes, and by whom", paged=True,
    report=("可信颁发机构", "Trusted issuers"),
)  # fmt: skip
def trusted_issuers(read: Reading, asked: TrustedAsked) -> list[TrustedIssuer]:
    """In order of grant id; a withdrawal counts from its day on, never before."""
    found = []
    if read.past:
        read.say("places of agencies in registries are as they have been recorded since")
    for _, grant in read.rows(GRANTS, paged=True):
        good = granted(read, grant) and asked.registry in (None, grant.registry)
        if not good or (asked.cross_border and not grant.cross_border):
            continue
        if asked.country not in (None, read.known(PARTIES, grant.party).country):
            continue
        found.append(
            TrustedIssuer(
                party=grant.party, programmes=grant.programmes, registry=grant.registry, agency=grant.agency,
                agency_listed=registered(read.ctx, grant.agency, grant.registry, read.at),
                cross_border=grant.cross_border, valid_from=grant.valid_from, valid_to=grant.valid_to,
            )
        )  # fmt: skip
    return found
