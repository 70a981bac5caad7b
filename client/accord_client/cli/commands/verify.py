"""``accord verify``: judge bundles offline."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.cli.connection import GENESIS_VARIABLE
from accord_client.cli.output import clean, emit, facts, json_option, table, wants_json
from accord_client.documents.timestamps import stamp_seconds, stamp_text
from accord_client.trust import load_trust
from accord_client.verify import Report, verify_bundle
from accord_client.verify.many import FileVerdict, FileVerifier, verify_files
from accord_genesis.files import read_public

EXIT = {"valid": 0, "invalid": 1, "unknown": 2}
_file = click.Path(path_type=Path, dir_okay=False)
_STYLE = {"valid": "bold green", "invalid": "bold red", "unknown": "bold yellow"}
_MARK = {"passed": "passed", "failed": "FAILED", "not_checked": "not checked"}


@click.command()
@click.argument("files", type=_file, nargs=-1, required=True)
@click.option("--genesis", type=_file, envvar=GENESIS_VARIABLE, help="The genesis file you trust.")
@click.option("--policy", type=_file, help="Instead: a witness policy you trust ...")
@click.option("--network", default="", metavar="HEX", help="... and the network hash.")
@click.option("--at", metavar="STAMP", help="Validity at this time, as 2027-01-31T00:00:00Z; now if absent.")
@click.option(
    "--max-status-age", type=int, metavar="SECONDS", help="An older status makes the verdict unknown."
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    genesis: Path | None,
    policy: Path | None,
    network: str,
    at: str | None,
    max_status_age: int | None,
) -> None:
    """Verify the bundles in FILES; nothing is fetched. Exit code: 0 valid, 1 invalid, 2 unknown; the worst of them."""
    trust = load_trust(genesis, policy=policy, network=network)
    moment = int(time.time()) if at is None else stamp_seconds(at, code="VERIFY_AT", path="--at")
    verifier = FileVerifier(trust, moment, max_status_age)
    note = {"test_network": True} if trust.scripted_clock else {}
    if len(files) > 1:
        ctx.exit(_several(list(verify_files(files, verifier, reports=wants_json())), note))
    bundle = parse_bundle(read_public(files[0], limit=MAX_BUNDLE_BYTES))
    report = verify_bundle(bundle, trust, at=moment, max_status_age=max_status_age)
    emit(report.to_plain() | note, lambda out: _show(out, report, test=trust.scripted_clock))
    ctx.exit(EXIT[report.verdict])


def _several(found: list[FileVerdict], note: dict[str, bool]) -> int:
    """A line for each file; the exit code of the worst."""
    worst = min((item.verdict for item in found), key=("invalid", "unknown", "valid").index)
    files = [
        {"file": str(item.path), "verdict": item.verdict, "code": item.code, "detail": item.detail}
        | item.report
        for item in found
    ]

    def people(out: Console) -> None:
        rows = [
            (item.verdict.upper(), clean(str(item.path)), " ".join(filter(None, (item.code, item.detail))))
            for item in found
        ]
        table(out, ("", "file", "finding"), rows)

    emit({"verdict": worst, "files": files} | note, people)
    return EXIT[worst]


def _show(out: Console, report: Report, *, test: bool) -> None:
    out.print(Text(report.verdict.upper(), style=_STYLE[report.verdict]))
    if test:
        out.print(Text("A test network: its time is made up.", style="yellow"))
    if report.facts:
        facts(out, _facts(report))
        out.print()
    rows = [
        (_MARK[check.outcome], check.name, " ".join(part for part in (check.code, check.detail) if part))
        for check in report.checks.values()
    ]
    table(out, ("", "check", "finding"), rows)


def _facts(report: Report) -> list[tuple[str, str]]:
    """What the ledger says, in the order people ask."""
    said = report.facts
    title = said["title"].get("en") or next(iter(said["title"].values()))
    unit = said["unit"].get("en") or next(iter(said["unit"].values()))
    issuers = ", ".join(f"{next(iter(item['name'].values()))} ({item['party']})" for item in said["issuers"])
    level = "" if said["level"] is None else f", level {said['level']}"
    redeemed = ", ".join(item["by"] for item in said["redeemed"])
    worth = "" if said["redeemable"] == said["credits"] else f"; {_number(said['redeemable'])} redeemable"
    return [
        ("programme", clean(f"{title} ({said['programme']}@{said['version']})")),
        ("issuer", clean(issuers)),
        ("credits", f"{_number(said['credits'])} {unit} ({said['framework']}{level}){worth}"),
        ("issued", stamp_text(said["issued_at"])),
        ("status", f"{said['status']} as of {stamp_text(said['as_of'])}"),
        ("redeemed", redeemed or ("in an award" if said["stacked_into"] else "no")),
    ]


def _number(text: str) -> str:
    return text.removesuffix("/1")
