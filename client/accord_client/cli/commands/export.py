"""``accord export``: what one holds, in the formats that other systems read.

Every export prints what it could not carry. The badge inside a bundle is exported as it stands; verify the
bundle first (``accord verify``); ``share`` does so itself, since an employer relies on it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, parse_bundle
from accord_client.cli.connection import GENESIS_VARIABLE, REFERENCE, Link, connected
from accord_client.cli.output import clean, emit, facts, json_option, table
from accord_client.documents.certificate import LANGUAGES, export_certificate
from accord_client.documents.clr import export_clr
from accord_client.documents.ctdl import export_agreement, export_programme
from accord_client.documents.did_web import did_web_url
from accord_client.documents.elm import export_elm
from accord_client.documents.elmo import export_elmo
from accord_client.documents.export_evidence import (
    ForeignCredential,
    as_evidence,
    import_credential,
    resolver_of,
)
from accord_client.documents.export_facts import BadgeFacts, Exported, Loss, badge_facts
from accord_client.documents.export_links import linkedin_link, qr_code
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.open_badge import MEDIA_TYPE as BADGE_TYPE
from accord_client.documents.sd_jwt_vc import MEDIA_TYPE as TOKEN_TYPE
from accord_client.documents.share import ShareChoice, export_share
from accord_client.documents.share_link import SharedCredential, share_link
from accord_client.documents.timestamps import stamp_seconds
from accord_client.errors import NotFoundError
from accord_client.trust import load_trust
from accord_client.verify import verify_bundle
from accord_genesis.files import read_public
from accord_genesis.keyfiles import write_private
from accord_ledger.errors import DecodeError

_file = click.Path(path_type=Path, dir_okay=False)
_out = click.option("--out", type=_file, required=True, help="File to write; it must not exist yet.")
_language = click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
_link = click.option("--link", default=None, metavar="URL", help="A share link (accord export link).")
_bundle = click.argument("bundle", type=_file)
_base_url = click.option(
    "--base-url", required=True, metavar="URL", help="Addresses in the document begin with it."
)


_PROOFS = Loss("evidence", "the ledger's proofs are in the bundle; alone it is as good as its signature")


@click.group()
def command() -> None:
    """Export credentials, programmes and agreements; check what others exported."""


def _read(path: Path) -> Bundle:
    return parse_bundle(read_public(path, limit=MAX_BUNDLE_BYTES))


def _badge(path: Path) -> BadgeFacts:
    """The Open Badge of a bundle, or of a file that is one."""
    data = read_public(path, limit=MAX_BUNDLE_BYTES)
    document = load_object(data, limit=MAX_BUNDLE_BYTES, depth=40)
    if "format" not in document:
        return badge_facts(document)
    for item in parse_bundle(data).documents:
        if item.opened and isinstance(item.content, dict):
            return badge_facts(item.content)
    raise DecodeError("EXPORT_BADGE", "expected a bundle that opens an Open Badge", path=str(path))


def _write(out: Path, made: Exported) -> None:
    """Write privately (it may name a person) and say what is missing in it."""
    write_private(out, made.content)
    value = {
        "file": str(out),
        "media_type": made.media_type,
        "bytes": len(made.content),
        "losses": [loss.to_plain() for loss in made.losses],
    }

    def people(console: Console) -> None:
        console.print(f"{clean(str(out))}: {len(made.content)} bytes", style="green")
        if made.losses:
            table(console, ("not carried", "why"), [(loss.fact, loss.reason) for loss in made.losses])

    emit(value, people)


def _now() -> int:
    return int(time.time())


@command.command()
@_bundle
@_out
@json_option
def badge(bundle: Path, out: Path) -> None:
    """The Open Badge alone, for wallets and verifiers that know nothing of the ledger."""
    _write(out, Exported(BADGE_TYPE, ".json", canonicalize(_badge(bundle).document), (_PROOFS,)))


@command.command()
@_bundle
@_out
@json_option
def token(bundle: Path, out: Path) -> None:
    """The SD-JWT VC alone, with every disclosure in it; accord wallet present shows fewer."""
    for item in _read(bundle).documents:
        if item.opened and item.media_type == TOKEN_TYPE:
            _write(out, Exported(TOKEN_TYPE, ".sd-jwt", item.file(), (_PROOFS,)))
            return
    raise DecodeError("EXPORT_BADGE", "expected a bundle that opens an SD-JWT VC", path=str(bundle))


@command.command()
@click.argument("bundles", type=_file, nargs=-1, required=True)
@click.option("--name", default="Transcript", show_default=True, help="Title of the transcript.")
@click.option("--publisher", default=None, metavar="DID", help="Who puts it together; the learner if absent.")
@_out
@json_option
def clr(bundles: tuple[Path, ...], name: str, publisher: str | None, out: Path) -> None:
    """Several badges of one learner as a CLR 2.0 transcript, unsigned as a whole."""
    badges = [_badge(path) for path in bundles]
    who = publisher or badges[0].holder or badges[0].issuer_did
    label = "The learner" if publisher is None else publisher
    profile = {"id": who, "type": ["Profile"], "name": label}
    _write(out, export_clr(badges, profile, name=name, at=_now()))


@command.command()
@_bundle
@click.option("--country", default=None, metavar="XX", help="Of the issuer, as its party record has it.")
@_out
@json_option
def elm(bundle: Path, country: str | None, out: Path) -> None:
    """A European Digital Credential (ELM 3, JSON-LD), unsealed."""
    _write(out, export_elm(_badge(bundle), country=country))


@command.command()
@click.argument("bundles", type=_file, nargs=-1, required=True)
@click.option("--given", required=True, help="Given names, as in the badges.")
@click.option("--family", required=True, help="Family name, as in the badges.")
@_out
@json_option
def elmo(bundles: tuple[Path, ...], given: str, family: str, out: Path) -> None:
    """ELMO XML (EMREX) of one or more badges."""
    made = export_elmo([_badge(path) for path in bundles], given_names=given, family_name=family, at=_now())
    _write(out, made)


@command.command()
@_bundle
@_language
@_link
@click.option("--font", type=_file, multiple=True, help="One more TrueType font, for rare characters.")
@_out
@json_option
def certificate(bundle: Path, language: str, link: str | None, font: tuple[Path, ...], out: Path) -> None:
    """A certificate to print (PDF), with the bundle attached."""
    attached = _read(bundle).to_json()
    _write(out, export_certificate(_badge(bundle), attached, language=language, link=link, fonts=font))


@command.command()
@_bundle
@click.option("--node", required=True, metavar="URL", help="A node that serves the issuer's status lists.")
@click.option("--name", default=None, help="Shown by whoever opens it, as not checked.")
@json_option
def link(bundle: Path, node: str, name: str | None) -> None:
    """A link to the credential; it names the place on the ledger, in a part that no server sees."""
    held = _read(bundle)
    made = share_link(node, SharedCredential(held.batch_id, held.index, name))
    emit({"link": made}, lambda console: console.print(made, soft_wrap=True, markup=False, highlight=False))


@command.command()
@_bundle
@click.option(
    "--url", required=True, metavar="URL", help="Where the certificate can be looked at: a share link."
)
@json_option
def linkedin(bundle: Path, url: str) -> None:
    """The link that opens LinkedIn's form for a certificate, filled in."""
    made = linkedin_link(_badge(bundle), url)
    text = made.content.decode().strip()
    value = {"link": text, "losses": [loss.to_plain() for loss in made.losses]}
    emit(value, lambda console: console.print(text, soft_wrap=True, markup=False, highlight=False))


@command.command()
@click.argument("text")
@_out
@json_option
def qr(text: str, out: Path) -> None:
    """A QR code of TEXT, as SVG or PNG by the name of the file."""
    form = {".svg": "svg", ".png": "png"}.get(out.suffix)
    if form is None:
        raise DecodeError("EXPORT_FORM", "expected a file named .svg or .png", path=str(out))
    data = qr_code(text, form="png" if form == "png" else "svg")
    media = "image/png" if form == "png" else "image/svg+xml"
    _write(out, Exported(media, out.suffix, data, ()))


@command.command()
@_bundle
@click.option("--genesis", type=_file, envvar=GENESIS_VARIABLE, help="The genesis file you trust.")
@click.option(
    "--disclose",
    type=click.IntRange(0, 100),
    multiple=True,
    metavar="N",
    help="Open document N; none if absent.",
)
@click.option("--with-name", is_flag=True, help="Show the name that an opened badge states.")
@click.option("--with-grade", is_flag=True, help="Show the grade that an opened badge states.")
@_language
@_link
@_out
@json_option
def share(
    bundle: Path,
    genesis: Path | None,
    disclose: tuple[int, ...],
    language: str,
    link: str | None,
    out: Path,
    **shown: bool,
) -> None:
    """One HTML file for an employer: what the ledger says, and of your documents only what you choose."""
    trust, held = load_trust(genesis), _read(bundle)
    report = verify_bundle(held, trust, at=_now())
    choice = ShareChoice(disclose, name=shown["with_name"], grade=shown["with_grade"])
    _write(out, export_share(held, report, choice, language=language, link=link, test=trust.scripted_clock))


@command.command()
@click.argument("programme", type=REFERENCE)
@_base_url
@_out
@connected
def programme(link: Link, programme: tuple[str, int], base_url: str, out: Path) -> None:
    """A programme (id@version) as CTDL."""
    with link.client() as client:
        found = client.programme(programme[0], programme[1] or None)
        framework = client.framework(*found.programme.terms.framework).value
    if framework is None:
        raise NotFoundError("OBJECT_UNKNOWN", "the ledger has no such framework")
    _write(
        out, export_programme(found.programme.terms, framework, base_url=base_url, status=found.head.status)
    )


@command.command()
@click.argument("agreement", type=REFERENCE)
@_base_url
@_out
@connected
def agreement(link: Link, agreement: tuple[str, int], base_url: str, out: Path) -> None:
    """An agreement (id@version) as CTDL."""
    with link.client() as client:
        found = client.agreement(agreement[0], agreement[1] or None)
    _write(out, export_agreement(agreement[0], found.number, found.terms, base_url=base_url))


@command.command()
@click.argument("file", type=_file)
@click.option("--did-document", "documents", type=_file, multiple=True, help="DID document of an issuer.")
@click.option(
    "--status-list", "lists", type=_file, multiple=True, help="Bitstring Status List of an issuer; repeat."
)
@click.option("--evidence", type=_file, default=None, help="Write it as evidence for a badge, if it is good.")
@click.option("--at", metavar="STAMP", help="Validity at this time, as 2027-01-31T00:00:00Z; now if absent.")
@json_option
@click.pass_context
def check(
    ctx: click.Context, file: Path, documents: tuple[Path, ...], lists: tuple[Path, ...], evidence: Path | None,
    at: str | None,
) -> None:  # fmt: skip
    """Check an Open Badge or CLR of others. Exit code: 0 good, 1 bad, 2 cannot be judged.

    Nothing is fetched: save the DID document of an issuer on the web, and the status lists its badges name.
    """
    moment = _now() if at is None else stamp_seconds(at, code="EXPORT_AT", path="--at")
    resolve = resolver_of(_objects(documents), at=moment)
    data = read_public(file, limit=2**20)
    found = import_credential(data, resolve, at=moment, lists=_objects(lists))
    if evidence is not None:
        made = Exported("application/json", ".json", _json(as_evidence(found)), ())
        write_private(evidence, made.content)
    emit(_plain(found), lambda console: _show(console, found))
    ctx.exit({"good": 0, "bad": 1, "unknown": 2}[found.verdict])


def _objects(paths: tuple[Path, ...]) -> list[JsonObject]:
    return [load_object(read_public(path, limit=2**20)) for path in paths]


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _plain(found: ForeignCredential) -> dict[str, Any]:
    inner = [_plain(item) for item in found.inner]
    return {
        "kind": found.kind, "name": found.name, "issuer": found.issuer, "verdict": found.verdict, "code": found.code,
        "detail": found.detail, "digest": found.digest, "inner": inner,
    }  # fmt: skip


def _show(console: Console, found: ForeignCredential) -> None:
    rows = [
        ("verdict", found.verdict),
        ("name", found.name),
        ("issuer", found.issuer),
        ("digest", found.digest),
    ]
    facts(
        console, [(term, clean(text)) for term, text in [*rows, ("finding", f"{found.code} {found.detail}")]]
    )
    for item in found.inner:
        facts(console, [("holds", clean(f"{item.name}, {item.issuer}: {item.verdict} {item.code}"))])


@command.command("did")
@click.argument("did")
@json_option
def did_address(did: str) -> None:
    """Where the document of a did:web has to stand."""
    url = did_web_url(did)
    emit({"did": did, "url": url}, lambda console: console.print(url, markup=False, highlight=False))
