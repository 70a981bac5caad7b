"""Q-A5: issuers, programmes, credentials and recognitions by region, and concentration (rows C12, N2, P16)."""

from __future__ import annotations

from typing import Literal

from accord_ledger.codec import Wire
from accord_ledger.domain.lists import entry_of, newest_list
from accord_ledger.domain.model.framework import ListTerms
from accord_ledger.domain.model.party import PARTIES, Party
from accord_ledger.domain.questions.amounts import percent
from accord_ledger.domain.questions.cells import shown_cells
from accord_ledger.domain.questions.coverage import CountryAsked
from accord_ledger.domain.questions.programmes import activated, region_of
from accord_ledger.domain.questions.question import question
from accord_ledger.domain.questions.reading import Reading
from accord_ledger.fields import Code


class RegionsAsked(CountryAsked):
    """Parameters of Q-A5."""

    role: Literal["provider", "university", "issuer"] = "provider"
    """Which parties are counted as issuers; ``issuer``: both."""
    group: Code = "east"
    """Group of the list ``region-groups-<country>`` whose share is asked for."""


class RegionRow(Wire):
    """One region; a small number of credentials is not shown."""

    region: str
    issuers: int
    programmes: int
    issued: int | None
    recognised: int | None


class Regions(Wire):
    """The report."""

    regions: tuple[RegionRow, ...]
    concentration: tuple[int, int] | None
    """Issuers in the group, and all; None without a list of regions."""
    display: str | None


@question(
    "regions", "Q-A5", "Issuers, programmes, credentials and recognitions by region", provable=False,
    report=("区域分布", "Distribution over regions"),
)  # fmt: skip
def regions(read: Reading, asked: RegionsAsked) -> Regions:
    """Credentials belong to the region of their programme."""
    issuers: dict[str, int] = {}
    groups: dict[str, ListTerms | None] = {}
    inside = whole = 0
    for _, party in read.rows(PARTIES):
        if not _counts(read, party, asked):
            continue
        issuers[party.region] = issuers.get(party.region, 0) + 1
        group = _group_of(read, party, groups)
        if group is not None:
            whole += 1
            inside += group == asked.group
    programmes: dict[str, int] = {}
    issued: dict[str, int] = {}
    recognised: dict[str, int] = {}
    sent, taken = read.tallies.issued(read.at), read.tallies.recognised(read.at)
    for one in activated(read, asked.country):
        region = region_of(read, one.terms)
        programmes[region] = programmes.get(region, 0) + 1
        issued[region] = issued.get(region, 0) + sent.get(one.name, 0)
        recognised[region] = recognised.get(region, 0) + taken.get(one.name, 0)
    names = sorted({*issuers, *programmes})
    return Regions(
        regions=_rows(read, names, issuers, programmes, issued, recognised),
        concentration=(inside, whole) if whole else None,
        display=percent(inside, whole),
    )


def _counts(read: Reading, party: Party, asked: RegionsAsked) -> bool:
    roles = {"provider", "university"} if asked.role == "issuer" else {asked.role}
    return (
        bool(roles & set(party.roles))
        and asked.country in (None, party.country)
        and party.registered_at <= read.at
    )


def _group_of(read: Reading, party: Party, groups: dict[str, ListTerms | None]) -> str | None:
    """Group of the party's region; None where its country keeps no list of regions."""
    if party.country not in groups:
        groups[party.country] = newest_list(read.ctx, f"region-groups-{party.country.lower()}")
    listed = groups[party.country]
    if listed is None:
        return None
    if read.past:
        read.say("regions are grouped by the list of now")
    entry = entry_of(listed, party.region)
    return entry.values[0] if entry is not None and entry.values else "other"


def _rows(
    read: Reading,
    names: list[str],
    issuers: dict[str, int],
    programmes: dict[str, int],
    issued: dict[str, int],
    recognised: dict[str, int],
) -> tuple[RegionRow, ...]:
    least = read.least_cell
    sent = _hidden([issued.get(name, 0) for name in names], least)
    taken = _hidden([recognised.get(name, 0) for name in names], least)
    return tuple(
        RegionRow(
            region=name, issuers=issuers.get(name, 0), programmes=programmes.get(name, 0), issued=sent[place],
            recognised=taken[place],
        )
        for place, name in enumerate(names)
    )  # fmt: skip


def _hidden(counts: list[int], least: int) -> list[int | None]:
    """Small cells hidden; a region without any credential says nothing about a person and shows its 0."""
    filled = [place for place, count in enumerate(counts) if count]
    shown = shown_cells([counts[place] for place in filled], least)
    hidden = {place for place, good in zip(filled, shown, strict=True) if not good}
    return [None if place in hidden else count for place, count in enumerate(counts)]
