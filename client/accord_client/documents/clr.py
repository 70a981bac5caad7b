"""CLR 2.0: several credentials of one learner as one transcript (1EdTech Comprehensive Learner Record).

The badges go in as they are, with their signatures, so each still verifies by itself. Whoever publishes the
transcript signs the whole; a learner's own selection is not signed, and says so in its losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import msgspec

from accord_client.documents.export_facts import BadgeFacts, Exported, Loss
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.open_badge_check import OB_CONTEXT, VC2_CONTEXT
from accord_client.documents.timestamps import stamp_text
from accord_client.issuing import Sign
from accord_ledger.errors import DecodeError

CLR_CONTEXT: Final = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
MEDIA_TYPE: Final = "application/vc"
MAX_CREDENTIALS: Final = 200

ASSOCIATIONS: Final = (
    "exactMatchOf",
    "isChildOf",
    "isParentOf",
    "isPartOf",
    "isPeerOf",
    "isRelatedTo",
    "precedes",
    "replacedBy",
)
"""Kinds of association between two achievements (CLR 2.0, AssociationType)."""

Association = tuple[str, str, str]
"""(achievement id, kind, achievement id)."""


def export_clr(
    badges: Sequence[BadgeFacts],
    publisher: JsonObject,
    *,
    name: str,
    at: int,
    associations: Sequence[Association] = (),
    sign: Sign | None = None,
) -> Exported:
    """A transcript of these badges.

    Args:
        badges: of one learner, each once.
        publisher: Profile (``id``, ``type``, ``name``) of whoever puts it together.
        name: title of the transcript.
        at: POSIX seconds; from when it is valid.
        associations: between achievements of these badges: a part of a series, say.
        sign: adds the publisher's proof; None leaves it unsigned.

    Raises:
        DecodeError: ``CLR_COUNT``, ``CLR_LEARNER`` (badges of different names), ``CLR_DUPLICATE`` or
            ``CLR_ASSOCIATION``.
    """
    _check(badges, associations)
    document: JsonObject = {
        "@context": [VC2_CONTEXT, CLR_CONTEXT, OB_CONTEXT],
        "id": f"urn:uuid:{uuid5(NAMESPACE_URL, ' '.join([*(item.reference for item in badges), str(at)]))}",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": name,
        "issuer": publisher,
        "validFrom": stamp_text(at),
        "credentialSubject": _subject(badges, associations),
    }
    signed = document if sign is None else sign(document)
    content = msgspec.json.format(msgspec.json.encode(signed), indent=1) + b"\n"
    return Exported(MEDIA_TYPE, ".clr.json", content, _losses(badges, signed=sign is not None))


def _check(badges: Sequence[BadgeFacts], associations: Sequence[Association]) -> None:
    if not 1 <= len(badges) <= MAX_CREDENTIALS:
        raise DecodeError("CLR_COUNT", f"expected 1 to {MAX_CREDENTIALS} badges, got {len(badges)}")
    if len({item.learner_name for item in badges}) != 1:
        raise DecodeError("CLR_LEARNER", "expected badges that name the same learner")
    if len({item.reference for item in badges}) != len(badges):
        raise DecodeError("CLR_DUPLICATE", "expected each badge once")
    known = {item.achievement_id for item in badges}
    for place, (source, kind, target) in enumerate(associations):
        if kind not in ASSOCIATIONS or not {source, target} <= known or source == target:
            raise DecodeError(
                "CLR_ASSOCIATION", "expected two achievements of these badges", path=f"associations[{place}]"
            )


def _subject(badges: Sequence[BadgeFacts], associations: Sequence[Association]) -> JsonObject:
    achievements: dict[str, JsonObject] = {}
    for item in badges:
        achievements.setdefault(item.achievement_id, item.document["credentialSubject"]["achievement"])
    name = badges[0].learner_name
    identity = {"type": "IdentityObject", "hashed": False, "identityHash": name, "identityType": "name"}
    links = [
        {"type": "Association", "associationType": kind, "sourceId": source, "targetId": target}
        for source, kind, target in associations
    ]
    subject: JsonObject = {
        "type": ["ClrSubject"],
        "identifier": [] if name is None else [identity],
        "achievement": list(achievements.values()),
        "verifiableCredential": [item.document for item in badges],
        "association": links,
    }
    return {member: value for member, value in subject.items() if value != []}


def _losses(badges: Sequence[BadgeFacts], *, signed: bool) -> tuple[Loss, ...]:
    losses = [Loss("ledger_proof", "a CLR holds credentials, not bundles; keep the bundles beside it")]
    if not signed:
        losses.append(Loss("signature", "nobody signed the transcript as a whole; each badge keeps its own"))
    if all("proof" not in item.document for item in badges):
        losses.append(Loss("signature", "the badges themselves are not signed"))
    return tuple(losses)
