"""From ledger to badge: the facts an Open Badge states, taken from the programme and party on the ledger.

A badge made of these agrees with the ledger in everything the verification compares.
"""

from __future__ import annotations

from accord_client.documents.multikey import encode_multikey
from accord_client.documents.open_badge_facts import Alignment, IssuerFacts, ProgrammeFacts, ResultScale
from accord_ledger import rational
from accord_ledger.domain.model.framework import Framework
from accord_ledger.domain.model.party import Party
from accord_ledger.domain.model.programme import Programme


def in_language(texts: dict[str, str], language: str) -> str:
    """The text in a language, else in English, else in the first there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()))


def programme_facts(
    programme: Programme,
    framework: Framework,
    *,
    base_url: str,
    language: str = "en",
    description: str = "",
    criteria: str = "",
    result: ResultScale | None = None,
) -> ProgrammeFacts:
    """What a badge says of a programme version.

    Args:
        programme: from the ledger.
        framework: of its credits.
        base_url: where the institution or its node shows programmes; addresses in the badge begin with it.
        language: BCP 47 tag of the texts.
        description: one or two sentences; the learning outcomes if empty.
        criteria: what has to be done; how it is assessed if empty.
        result: how it is graded, if badges state a grade.
    """
    terms = programme.terms
    base = base_url.rstrip("/")
    outcomes = [(in_language(item.text, language), item.esco) for item in terms.outcomes]
    told = "; ".join(text for text, _ in outcomes)
    return ProgrammeFacts(
        id=f"{base}/programmes/{terms.programme_id}/{terms.version}",
        code=terms.programme_id,
        version=str(terms.version),
        name=in_language(terms.title, language),
        description=description or told or in_language(terms.title, language),
        criteria=criteria
        or (f"Assessed by {terms.assessment_type}." if terms.assessment_type else "Completed."),
        language=language,
        credits=rational.parse_state(terms.credits),
        unit=in_language(framework.terms.unit, language),
        hours=rational.parse_state(terms.total_hours),
        assessment=terms.assessment_type if criteria else None,
        quality=tuple(
            f"{item.kind.replace('_', ' ')} approval by {item.party}" for item in programme.approvals
        ),
        level=_level(terms.level, framework, base),
        skills=tuple(Alignment.esco(text, uri) for text, uri in outcomes if uri is not None),
        field=terms.field,
        result=result,
    )


def issuer_facts(party: Party, did: str, *, language: str = "en", url: str | None = None) -> IssuerFacts:
    """What a badge says of its issuer."""
    name = in_language(party.legal_name, language)
    return IssuerFacts(did, name, url, external_ids=tuple(sorted(party.external_ids.items())))


def verification_method(did: str, public: bytes) -> str:
    """URL of a key in an institution's DID document: its Multikey as fragment."""
    return f"{did}#{encode_multikey(public)}"


def _level(level: int | None, framework: Framework, base: str) -> Alignment | None:
    if level is None:
        return None
    terms = framework.terms
    name = terms.framework_id.upper()
    url = f"{base}/frameworks/{terms.framework_id}/{terms.version}"
    return Alignment(f"{name} level {level}", url, name, str(level))
