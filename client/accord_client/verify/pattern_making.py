"""Making the pattern of a batch out of one bundle that was judged in full and found good.

The bundle is written once more with marks where bundles of its batch differ; the text around the marks is
the pattern's. It is made only where every step of the judgement is understood, and only if the bundle, held
against its own pattern, gives the report it had.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from accord_client.bundle import Bundle, BundleDocument, BundleHolder
from accord_client.documents.badge_pattern import BadgePattern, Place, marked, pattern_of
from accord_client.documents.cryptosuites import rdfc_hash_data
from accord_client.documents.jcs import is_sd_jwt
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import decode_multikey
from accord_client.verify.batch_pattern import (
    BatchPattern,
    KnownBadge,
    KnownToken,
    OtherShapeError,
    Role,
    judged_token,
)
from accord_client.verify.bundle_check import Judgement
from accord_client.verify.gapped_text import Gap, GappedText, Marks
from accord_client.verify.ledger_facts import LedgerFacts
from accord_ledger.domain.model.credential import CREDENTIALS, PAGE, STANDING_PAGES

_DIGEST: Final = 32
_STAND_IN: Final = 4_242_424_242
"""Stands for the index while a bundle is written with marks."""

_PLACES: Final[dict[Place, Role]] = {
    ("id",): Role.REFERENCE,
    ("credentialSubject", "id"): Role.HOLDER,
    ("proof", 0, "proofValue"): Role.PROOF,
}


def pattern_of_bundle(data: bytes, bundle: Bundle, judged: Judgement, at: int) -> BatchPattern | None:
    """The pattern of a bundle that was judged and found good; None for one that does not lend itself to it.

    Args:
        data: the file.
        bundle: what it holds.
        judged: by :func:`accord_client.verify.bundle_check.judge_bundle`.
        at: POSIX seconds for which it was judged.
    """
    report, facts, proven = judged.report, judged.facts, judged.proven
    undone = {check.name for check in report.checks.values() if check.outcome != "passed"}
    if facts is None or proven is None or undone - {"freshness"} or facts.award is not None:
        return None
    row = CREDENTIALS.key(bundle.batch_id, bundle.index)
    places = [place for place, item in enumerate(bundle.state) if item.key == row]
    page = proven.evidence.load(STANDING_PAGES, STANDING_PAGES.key(bundle.batch_id, bundle.index // PAGE))
    if not places:
        return None
    try:
        documents = [_known(bundle, document, facts, at) for document in bundle.documents]
    except OtherShapeError:
        return None
    cut = _cut(bundle, documents, places[0])
    if cut is None:
        return None
    plain = report.to_plain()
    made = BatchPattern(
        first=bundle,
        urn=bundle.reference.urn.removesuffix(str(bundle.index)),
        text=cut,
        documents=tuple(documents),
        facts=facts,
        root=proven.roots[bundle.state[places[0]].seal],
        row=places[0],
        touched=tuple((span.start, span.end) for span in (page.spans if page is not None else ())),
        at=at,
        report=plain,
        batch_check=list(report.checks).index("batch"),
        worst=report.worst,
    )
    found = made.judge(data)  # something has happened to it, or was not understood, if it is not like itself
    return made if found is not None and found.report == plain else None


def _known(
    bundle: Bundle, document: BundleDocument, facts: LedgerFacts, at: int
) -> KnownBadge | KnownToken | None:
    """What there is to know of a document; None for one that only its commitment covers."""
    if not document.opened:
        return None
    if document.data is not None:
        return judged_token(bundle, document, facts, at) if is_sd_jwt(document.media_type or "") else None
    badge = document.content
    pattern = pattern_of(badge) if isinstance(badge, dict) else None
    if pattern is None or ("proof", 0, "proofValue") not in pattern.places:
        raise OtherShapeError
    config = {name: value for name, value in badge["proof"][0].items() if name != "proofValue"}
    signed = {name: value for name, value in badge.items() if name != "proof"}
    public = decode_multikey(str(config.get("verificationMethod")).rpartition("#")[2])
    return KnownBadge(pattern, _roles(badge, pattern), public, rdfc_hash_data(signed, config)[:_DIGEST])


def _roles(badge: JsonObject, pattern: BadgePattern) -> tuple[Role, ...]:
    return tuple(
        _role(badge, place, named=named)
        for place, named in zip(pattern.places, pattern.names_iri, strict=True)
    )


def _role(badge: JsonObject, place: Place, *, named: bool) -> Role:
    if place in _PLACES:
        return _PLACES[place]
    if place[-1] == "statusListIndex":
        return Role.POSITION
    if named or place[-1] == "id":
        return Role.NAME
    if place[-1] == "identityHash" and badge["credentialSubject"]["identifier"][place[-2]]["hashed"]:
        return Role.HASHED
    return Role.TEXT


def _cut(bundle: Bundle, documents: list[KnownBadge | KnownToken | None], row: int) -> GappedText | None:
    """The text of the file around what differs."""
    gaps = Marks()
    index = gaps.mark(Gap.NUMBER).hex().encode()
    made = replace(
        bundle,
        index=_STAND_IN,
        documents=tuple(
            _marked(known, document, gaps)
            for known, document in zip(documents, bundle.documents, strict=True)
        ),
        holder=BundleHolder(key=gaps.mark(Gap.HASH), salt=gaps.mark(Gap.HASH)),
        path=(gaps.mark(Gap.PATH),),
    )
    value = replace(bundle.state[row], key=gaps.mark(Gap.TEXT), proof=gaps.mark(Gap.TEXT).hex())
    made = replace(made, state=(*bundle.state[:row], value, *bundle.state[row + 1 :]))
    text = made.to_json().replace(b'\n "index": %d,' % _STAND_IN, b'\n "index": ' + index + b",", 1)
    return gaps.cut(text)


def _marked(known: KnownBadge | KnownToken | None, document: BundleDocument, gaps: Marks) -> BundleDocument:
    if not document.opened:
        return BundleDocument(commitment=gaps.mark(Gap.HASH))
    salt = gaps.mark(Gap.HASH)
    if not isinstance(known, KnownBadge):
        return replace(document, salt=salt, data=gaps.mark(Gap.TEXT).hex())
    marks = [gaps.mark(Gap.TEXT).hex() for _ in known.pattern.places]
    return replace(document, salt=salt, content=marked(document.content, known.pattern.places, marks))
