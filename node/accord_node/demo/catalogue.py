"""Programmes for the demonstration, built from real ESCO skills (``data/SOURCES.md``).

No openly licensed list of the institutions' own programmes exists, so titles and sizes are written here;
what they teach are ESCO skills with their URIs.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from accord_ledger.domain.model.programme import Outcome, ProgrammeTerms

ATTRIBUTION = "This service uses the ESCO classification of the European Commission."
SKILLS_PER_PROGRAMME = 4


@dataclass(frozen=True, slots=True)
class Skill:
    """One row of the ESCO file."""

    uri: str
    label: str


def skills() -> list[Skill]:
    """Every skill, in the file's order."""
    source = resources.files("accord_node.demo") / "data" / "esco_ict_skills.csv"
    with source.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [Skill(row["uri"], row["label_en"]) for row in rows if row["type"] == "skill"]


@dataclass(frozen=True, slots=True)
class Line:
    """How one institution cuts its micro-credentials."""

    issuer: str
    profile: str
    framework: str
    level: int | None
    credits: str
    hours: str
    count: int
    audience: tuple[str, ...] = ()
    transferability: str | None = None


LINES = (
    Line("uu", "eu-2022", "nl-ects", 6, "3/1", "84/1", 10),
    Line("suny", "suny-2018", "us-sch", None, "6/1", "270/1", 8, ("public",), "transferable"),
    Line("hnrail", "cn", "cn-mc", 2, "2/1", "80/1", 6),
)


def programmes(framework_versions: dict[str, int]) -> list[ProgrammeTerms]:
    """The whole catalogue: every programme teaches its own four ESCO skills."""
    pool = skills()
    found: list[ProgrammeTerms] = []
    for line in LINES:
        for _ in range(line.count):
            taught, pool = pool[:SKILLS_PER_PROGRAMME], pool[SKILLS_PER_PROGRAMME:]
            found.append(_terms(line, taught, framework_versions[line.framework], len(found) + 1))
    return found


def _terms(line: Line, taught: Sequence[Skill], framework_version: int, number: int) -> ProgrammeTerms:
    title = taught[0].label[0].upper() + taught[0].label[1:]
    hours = int(line.hours.partition("/")[0])
    return ProgrammeTerms(
        programme_id=f"{line.issuer}-ict-{number:02d}",
        version=1,
        title={"en": title},
        outcomes=tuple(
            sorted(
                (Outcome(text={"en": skill.label}, esco=skill.uri) for skill in taught),
                key=lambda outcome: outcome.esco or "",
            )
        ),
        framework=(line.framework, framework_version),
        level=line.level,
        category="vocational_skill",
        form="standalone",
        track="credit",
        credits=line.credits,
        total_hours=line.hours,
        practice_hours=f"{hours * 3 // 10 + 1}/1",
        projects_all=10,
        projects_enterprise=4,
        assessed=True,
        assessment_type="portfolio",
        participation="online",
        audience=line.audience or ("public",),  # type: ignore[arg-type]
        transferability=line.transferability,
        issuers=(line.issuer,),
        profile=(line.profile, 1),
    )
