"""How ``accord genesis`` shows a genesis to people and to programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console

from accord_genesis import presets
from accord_genesis.summary import Summary
from accord_genesis.terminal import clean, facts, table
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.kinds.profile import ListDefine, ProfileDefine


def moment(seconds: int) -> str:
    """UTC seconds as ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_value(found: Summary, policy: str | None) -> dict[str, Any]:
    """A summary as JSON shows it."""
    value: dict[str, Any] = msgspec.to_builtins(found)
    value["created"] = moment(found.created)
    return value if policy is None else {**value, "policy": policy}


def as_json(value: object) -> str:
    """Indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def show_summary(out: Console, found: Summary, *, warnings: bool = True) -> None:
    """A genesis in short: what it is, who is in it, what it begins with, and what to mind."""
    size = len(found.members)
    rows = [
        ("alliance", found.name),
        ("origin", found.origin),
        ("network", found.network),
        ("created", moment(found.created)),
        ("members", f"{size}: {', '.join(found.members)}"),
        ("quorum", f"{found.quorum} of {size}; {found.faults} may fail or lie"),
        ("frameworks", ", ".join(found.frameworks) or "none"),
        ("profiles", ", ".join(found.profiles) or "none"),
        ("lists", ", ".join(found.lists) or "none"),
        ("accreditation", "; ".join(found.accreditation) or "none"),
        ("parameters", ", ".join(found.parameters) or "defaults"),
        ("acts", f"{found.acts} (all of them: accord genesis show)"),
    ]
    facts(out, [("TEST NETWORK", "its time is scripted"), *rows] if found.test_network else rows)
    out.print()
    table(
        out,
        ("party", "name", "roles", "region", "node", "signed", "fingerprint of its statement"),
        [
            (
                line.party,
                line.name,
                ", ".join(line.roles),
                line.region,
                line.place if line.place == "none" else f"{line.place}, {line.endpoint}",
                "yes" if line.signed else "no" if line.place != "none" else "-",
                line.fingerprint,
            )
            for line in found.parties
        ],
    )
    for message in found.warnings if warnings else ():
        out.print(f"warning: {clean(message)}", style="yellow", markup=False)


def next_step(out: Console, *steps: str) -> None:
    """What to do now."""
    out.print()
    for step in steps:
        out.print(f"next: {clean(step)}", style="green", markup=False)


def preset_table(out: Console) -> None:
    """Every preset with what it is."""
    rows = [(name, "group", ", ".join(members)) for name, members in presets.GROUPS.items()]
    for name, (_, body) in presets.CATALOGUE.items():
        rows.append((name, *_described(body)))
    table(out, ("name", "kind", "content"), rows)


def _described(body: object) -> tuple[str, str]:
    match body:
        case FrameworkDefine(terms=terms):
            unit = terms.unit.get("en", "")
            return (
                "framework",
                f"{unit}, {terms.hours_min or 'no'} to {terms.hours_max or 'no'} h, step {terms.quantum}",
            )
        case ProfileDefine(terms=profile):
            return "profile", f"{profile.owner}; gates: {', '.join(profile.gates) or 'none'}"
        case ListDefine(terms=listed):
            return "list", f"{listed.owner}; {len(listed.entries)} entries"
        case _:
            return "", ""
