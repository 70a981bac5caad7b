"""Programmes as reports count them: micro-credentials, each once, in the version that counted then.

Awards are what micro-credentials lead to and are not counted with them. A programme belongs to the country
of any of its issuers, and to its own region or else that of its first issuer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMME_STATUS_ARCHIVE,
    PROGRAMMES,
    Programme,
    ProgrammeHead,
    ProgrammeTerms,
)
from accord_ledger.domain.questions.reading import Reading, texts
from accord_ledger.domain.standing import programme_status_at


@dataclass(frozen=True, slots=True)
class Counted:
    """One programme."""

    name: str
    head: ProgrammeHead
    programme: Programme
    status: str
    """At the moment asked about."""

    @property
    def terms(self) -> ProgrammeTerms:
        """Of the version that counted."""
        return self.programme.terms


def status_then(read: Reading, name: str, head: ProgrammeHead, at: int) -> str | None:
    """Status of a programme at a moment, older changes included; None before its first activation."""
    found: str | None = programme_status_at(head, at)
    number = head.archived
    while found is None and number > 0:
        number -= 1
        change = read.known(PROGRAMME_STATUS_ARCHIVE, name, number)
        if change.since <= at:
            found = change.status
    return found


def version_then(read: Reading, name: str, head: ProgrammeHead, at: int) -> Programme | None:
    """The version that was active at a moment, or None."""
    for number in range(head.latest, 0, -1):
        version = read.get(PROGRAMMES, name, number)
        if version is not None and version.activated_at is not None and version.activated_at <= at:
            return version
    return None


def activated(read: Reading, country: str | None = None, *, paged: bool = False) -> Iterator[Counted]:
    """Micro-credentials that had been activated by the moment asked about, in order of id."""
    for rest, head in read.rows(PROGRAMME_HEADS, paged=paged):
        (name,) = texts(rest)
        status = status_then(read, name, head, read.at)
        version = version_then(read, name, head, read.at) if status is not None else None
        if status is None or version is None or version.terms.form == "award":
            continue
        if country is None or in_country(read, version.terms, country):
            yield Counted(name, head, version, status)


def active(read: Reading, country: str | None = None, *, paged: bool = False) -> Iterator[Counted]:
    """Those that were active."""
    return (one for one in activated(read, country, paged=paged) if one.status == "active")


def in_country(read: Reading, terms: ProgrammeTerms, country: str) -> bool:
    """Whether one of the issuers is there."""
    return any(
        (party := read.get(PARTIES, name)) is not None and party.country == country for name in terms.issuers
    )


def region_of(read: Reading, terms: ProgrammeTerms) -> str:
    """The programme's own region, or that of its first issuer."""
    return terms.region or read.known(PARTIES, terms.issuers[0]).region
