"""Q-E2 and row U12: active programmes by skill, level, accreditation, and where they are recognised."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.domain.model.framework import Level
from accord_ledger.domain.questions.coverage import (
    CountryAsked,
    InForce,
    agreement_spans,
    by_sender,
    taken_by,
)
from accord_ledger.domain.questions.credential import grants_on
from accord_ledger.domain.questions.programmes import Counted, active
from accord_ledger.domain.questions.question import question
from accord_ledger.domain.questions.reading import Reading
from accord_ledger.domain.standing import grant_in_force
from accord_ledger.fields import Code, Slug, Uri


class CatalogueAsked(CountryAsked):
    """Parameters of Q-E2; whatever is absent excludes nothing."""

    esco: Uri | None = None
    """A skill that an outcome teaches, or an occupation the programme is for."""
    level_min: Level | None = None
    """In the programme's own framework; 2 is intermediate in CN-MC."""
    accredited: Annotated[int, Meta(ge=0, le=1)] = 0
    """1: only with an accreditation in force."""
    field: Code | None = None
    framework: Slug | None = None
    category: Literal["degree_bridging", "vocational_skill", "interest"] | None = None
    receiver: Slug | None = None
    """Only what this party receives for credit."""


class Offer(Wire):
    """One programme; facts without prices."""

    programme: str
    version: int
    title: dict[str, str]
    issuers: tuple[str, ...]
    framework: str
    level: int | None
    credits: str
    hours: str
    category: str
    accreditation: tuple[str, ...]
    """``EQAR/NVAO to 2030``, in force now."""
    recognised: tuple[tuple[str, str], ...]
    """Receiver and agreement of every recognition route."""


@question(
    "catalogue", "Q-E2", "Active programmes by skill, level, accreditation and recognition", paged=True,
    dated=False,
)  # fmt: skip
def catalogue(read: Reading, asked: CatalogueAsked) -> list[Offer]:
    """In order of programme."""
    senders = by_sender(agreement_spans(read))
    found = []
    for one in active(read, asked.country, paged=True):
        if not _matches(one, asked):
            continue
        grants = [g for g in grants_on(read, one.name, one.terms.issuers) if grant_in_force(g, read.at)]
        routes = _routes(read, one, senders)
        if (asked.accredited and not grants) or (
            asked.receiver and asked.receiver not in {r for r, _ in routes}
        ):
            continue
        terms = one.terms
        found.append(
            Offer(
                programme=one.name, version=terms.version, title=dict(terms.title), issuers=terms.issuers,
                framework=terms.framework[0], level=terms.level, credits=terms.credits, hours=terms.total_hours,
                category=terms.category,
                accreditation=tuple(
                    sorted({f"{g.registry}/{g.agency.upper()} to {g.valid_to[:4]}" for g in grants})
                ),
                recognised=routes,
            )
        )  # fmt: skip
    return found


def _matches(one: Counted, asked: CatalogueAsked) -> bool:
    terms = one.terms
    return (
        asked.esco
        in (None, *terms.occupations, *(outcome.esco for outcome in terms.outcomes if outcome.esco))
        and (asked.level_min is None or (terms.level is not None and terms.level >= asked.level_min))
        and asked.field in (None, terms.field)
        and asked.framework in (None, terms.framework[0])
        and asked.category in (None, terms.category)
    )


def _routes(read: Reading, one: Counted, senders: dict[str, list[InForce]]) -> tuple[tuple[str, str], ...]:
    spans = [span for span in taken_by(read, one, senders) if span.begin <= read.at < span.end]
    return tuple(
        sorted(
            {
                (receiver, span.name)
                for span in spans
                for receiver in span.terms.receivers
                if receiver not in one.terms.issuers
            }
        )
    )
