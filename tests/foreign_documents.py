"""One document of every kind we make, and the alterations that nobody may overlook; judged in ``tests/interop``."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from accord_client.documents import sd_jwt
from accord_client.documents.clr import export_clr
from accord_client.documents.context_store import bundled
from accord_client.documents.cryptosuites import EDDSA_RDFC_2022
from accord_client.documents.data_integrity import create_proof
from accord_client.documents.did_key import DID_CONTEXTS
from accord_client.documents.export_facts import badge_facts
from accord_client.documents.multikey import encode_multikey
from accord_client.documents.open_badge_facts import BadgeDates, ProgrammeFacts, StatusEntry
from accord_client.documents.presentation import create_presentation
from accord_client.documents.sd_jwt import encode
from accord_client.documents.sd_jwt_vc import TokenStatus, build_sd_jwt_vc
from accord_client.documents.status_bits import StatusBits, list_length
from accord_client.documents.status_bitstring import PURPOSES, ListPeriod, build_status_list
from accord_client.documents.status_token import pack_statuses, sign_status_token
from accord_client.issuing import JcsSigner, RdfcSigner
from accord_ledger.keys import SigningKey
from badge_documents import HOLDER, ISSUER, ISSUER_KEY, LEARNER, PROGRAMME, REFERENCE, badge

MADE = 1_767_225_600
"""2026-01-01: in the past of everybody who looks."""
LATER = MADE + 86_400
YEARS = MADE + 20 * 365 * 86_400
"""End of everything: some programs read no clock but their own."""
METHOD = f"{ISSUER.did}#{encode_multikey(ISSUER_KEY.public)}"
LISTS = "https://bjou.example/v1/status-lists/bjou/bjou-2026"
POSITION = 1004
DOMAIN, CHALLENGE = "https://employer.example", "c0ffee-17"
PUBLIC_JWK = {"kty": "OKP", "crv": "Ed25519", "x": encode(ISSUER_KEY.public)}

Json = dict[str, Any]


@dataclass(frozen=True)
class Specimen:
    """A document, or a token, and what changes it."""

    kind: str
    document: Any
    alterations: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    def cases(self) -> list[Json]:
        """As it is, and altered in each way: what foreign programs are given."""
        altered = {name: change(deepcopy(self.document)) for name, change in self.alterations.items()}
        return [
            {"name": f"{self.kind}/{name}", "kind": self.kind, "document": document}
            for name, document in {"good": self.document, **altered}.items()
        ]


def given() -> Json:
    """What a foreign program is given: every case, and everything it would fetch."""
    return {
        "cases": [case for specimen in specimens() for case in specimen.cases()],
        "resources": resources() | {"tokenUri": f"{LISTS}/token"},
        "token": status_token(), "now": LATER, "domain": DOMAIN, "challenge": CHALLENGE, "jwk": PUBLIC_JWK,
    }  # fmt: skip


def resources() -> dict[str, Json]:
    """What the foreign programs would fetch: contexts, the issuer's DID document, its status lists."""
    contexts = {url: json.loads(text) for url, text in bundled().texts.items()}
    method = {
        "id": METHOD, "type": "Multikey", "controller": ISSUER.did,
        "publicKeyMultibase": encode_multikey(ISSUER_KEY.public),
    }  # fmt: skip
    did = {
        "@context": list(DID_CONTEXTS), "id": ISSUER.did,
        "verificationMethod": [method], "assertionMethod": [METHOD],
    }  # fmt: skip
    lists = {f"{LISTS}/{purpose}": status_list(purpose) for purpose in PURPOSES}
    return contexts | {ISSUER.did: did} | lists


def status_list(purpose: Any) -> Json:
    """The issuer's list of one purpose; another credential's bit is set."""
    bits = StatusBits(list_length(POSITION))
    bits.merge(POSITION + 1, 1)
    document = build_status_list(f"{LISTS}/{purpose}", ISSUER.did, purpose, bits, ListPeriod(MADE, YEARS, 60))
    return document | {"proof": create_proof(document, ISSUER_KEY, METHOD, MADE, suite=EDDSA_RDFC_2022)}


def status_token() -> str:
    """Both purposes for tokens."""
    bits, none = StatusBits(list_length(POSITION)), StatusBits(list_length(POSITION))
    bits.merge(POSITION + 1, 1)
    period = ListPeriod(MADE, YEARS, 60)
    return sign_status_token(f"{LISTS}/token", pack_statuses(bits, none), period, ISSUER_KEY, METHOD).decode()


def unsigned(programme: ProgrammeFacts = PROGRAMME) -> Json:
    """A badge with a status entry for each purpose."""
    status = tuple(StatusEntry(f"{LISTS}/{purpose}", POSITION, purpose) for purpose in PURPOSES)
    return badge(programme=programme, dates=BadgeDates(MADE, valid_until=YEARS), status=status)


def signed_badge() -> Json:
    return RdfcSigner(ISSUER_KEY, METHOD, MADE)(unsigned())


def token() -> str:
    return build_sd_jwt_vc(
        PROGRAMME, ISSUER, LEARNER, holder=HOLDER.public, reference=REFERENCE, dates=BadgeDates(MADE),
        seed=bytes(32), key=ISSUER_KEY, verification_method=METHOD, status=TokenStatus(f"{LISTS}/token", POSITION),
    )  # fmt: skip


def shown_token(
    *,
    names: tuple[str, ...] = ("grade",),
    key: SigningKey = HOLDER,
    audience: str = DOMAIN,
    nonce: str = CHALLENGE,
) -> str:
    """The same with the grade shown and nothing else hidden, bound to one verifier by the holder."""
    shown = sd_jwt.parse(token()).select(names)
    return sd_jwt.bind(shown, key, audience=audience, nonce=nonce, issued_at=LATER)


def presentation() -> Json:
    return create_presentation([signed_badge()], HOLDER, MADE, domain=DOMAIN, challenge=CHALLENGE)


def transcript() -> Json:
    """A CLR with the badge in it, signed by the same institution."""
    facts = badge_facts(signed_badge())
    publisher = {"id": ISSUER.did, "type": ["Profile"], "name": ISSUER.name}
    made = export_clr(
        [facts], publisher, name="Transcript", at=MADE, sign=RdfcSigner(ISSUER_KEY, METHOD, MADE)
    )
    document: Json = json.loads(made.content)
    return document


# ---- alterations -------------------------------------------------------------------------------------


def put(value: Any, *path: Any) -> Callable[[Json], Json]:
    """A value at a place."""

    def change(document: Json) -> Json:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
        return document

    return change


def proof_of(document: Json) -> Json:
    proof = document["proof"]
    found: Json = proof[0] if isinstance(proof, list) else proof
    return found


def in_proof(name: str, value: Any) -> Callable[[Json], Json]:
    """A member of the proof."""

    def change(document: Json) -> Json:
        proof_of(document)[name] = value
        return document

    return change


def bent_value(document: Json) -> Json:
    """One character of the signature."""
    proof = proof_of(document)
    text = proof["proofValue"]
    proof["proofValue"] = text[:20] + ("2" if text[20] != "2" else "3") + text[21:]
    return document


PROOF = {
    "purpose": in_proof("proofPurpose", "capabilityDelegation"),
    "created": in_proof("created", "2026-01-02T00:00:00Z"),
    "proof value": bent_value,
    "proof option": in_proof("expires", "2099-01-01T00:00:00Z"),
    "unknown term": put("more", "grantedByTheKing"),
}
CREDENTIAL = PROOF | {
    "issuer": put("did:web:other.example", "issuer", "id"),
    "begin": put("2026-01-01T00:00:01Z", "validFrom"),
    "end": put("2099-01-01T00:00:00Z", "validUntil"),
    "known term": put("2026-01-01T00:00:00Z", "awardedDate"),
}
BADGE = CREDENTIAL | {
    "subject": put("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "credentialSubject", "id"),
    "credits": put(30, "credentialSubject", "creditsEarned"),
    "name of the learner": put("John Doe", "credentialSubject", "identifier", 0, "identityHash"),
    "status position": put("1003", "credentialStatus", 0, "statusListIndex"),
    "status list": put(f"{LISTS}/suspension", "credentialStatus", 0, "statusListCredential"),
    "status entry removed": lambda document: {
        **document,
        "credentialStatus": document["credentialStatus"][1],
    },
}


def in_jwt(part: int, *path: Any, value: Any) -> Callable[[str], str]:
    """A member of the header (0) or the payload (1) of the signed part."""

    def change(text: str) -> str:
        jwt, *rest = text.split("~")
        parts = jwt.split(".")
        members = json.loads(base64.urlsafe_b64decode(parts[part] + "=="))
        parts[part] = encode(json.dumps(put(value, *path)(members)).encode())
        return "~".join([".".join(parts), *rest])

    return change


def bent_signature(text: str) -> str:
    jwt, *rest = text.split("~")
    head, _, signature = jwt.rpartition(".")
    return "~".join([f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}", *rest])


def other_disclosure(text: str) -> str:
    """A grade nobody gave, in place of the one that was signed."""
    jwt, *shown, end = text.split("~")
    opened = [json.loads(base64.urlsafe_b64decode(item + "==")) for item in shown]
    place = next(number for number, item in enumerate(opened) if item[1] == "grade")
    shown[place] = encode(json.dumps([opened[place][0], "grade", "C"]).encode())
    return "~".join([jwt, *shown, end])


TOKEN = {
    "issuer": in_jwt(1, "iss", value="did:web:other.example"),
    "type": in_jwt(1, "vct", value="urn:other"),
    "begin": in_jwt(1, "iat", value=MADE - 1),
    "end": in_jwt(1, "exp", value=MADE + 10**9),
    "added claim": in_jwt(1, "honours", value=True),
    "holder": in_jwt(1, "cnf", "jwk", "x", value=encode(ISSUER_KEY.public)),
    "status position": in_jwt(1, "status", "status_list", "idx", value=1003),
    "key name": in_jwt(0, "kid", value=METHOD + "x"),
    "signature": bent_signature,
}


def binding_of(text: str) -> str:
    """The key binding at the end."""
    return text.rpartition("~")[2]


SHOWN = {name: TOKEN[name] for name in ("issuer", "holder", "added claim", "key name")} | {
    "other grade": other_disclosure,
    "binding left out": lambda text: text.removesuffix(binding_of(text)),
    "binding of another key": lambda _: shown_token(key=ISSUER_KEY),
    "for another verifier": lambda _: shown_token(audience="https://another.example"),
    "for another request": lambda _: shown_token(nonce="another"),
    "binding of less": lambda text: text.replace(binding_of(text), binding_of(shown_token(names=()))),
}


def specimens() -> list[Specimen]:
    """Every kind of document."""
    shown = {
        "holder": put("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "holder"),
        "challenge": in_proof("challenge", "another"),
        "domain": in_proof("domain", "https://another.example"),
        "credential inside": put("John Doe", "verifiableCredential", 0, "name"),
        "credential left out": put([], "verifiableCredential"),
    }
    listed = {
        "bits": lambda document: put(
            status_list("suspension")["credentialSubject"]["encodedList"][:-4] + "AAAA",
            "credentialSubject", "encodedList",
        )(document),
        "purpose of the list": put("suspension", "credentialSubject", "statusPurpose"),
        "issuer": put("did:web:other.example", "issuer"),
        "end": put("2099-01-01T00:00:00Z", "validUntil"),
        "name of the list": put(f"{LISTS}/other", "id"),
    }  # fmt: skip
    record = {
        "grade inside": put("Changed", "credentialSubject", "verifiableCredential", 0, "name"),
        "achievement": put("Changed", "credentialSubject", "achievement", 0, "name"),
    }
    jcs = JcsSigner(ISSUER_KEY, METHOD, MADE)(unsigned(replace(PROGRAMME, credits=Fraction(4))))
    return [
        Specimen("badge", signed_badge(), BADGE),
        Specimen("jcs", jcs | {"proof": jcs["proof"][0]}, BADGE),
        Specimen("token", token(), TOKEN | {"disclosure": other_disclosure}),
        Specimen("presentation", presentation(), PROOF | shown),
        Specimen("transcript", transcript(), CREDENTIAL | record),
        Specimen("list", status_list("revocation"), PROOF | listed),
        Specimen("shown token", shown_token(), SHOWN),
        Specimen(
            "status token",
            status_token(),
            {
                "list": in_jwt(1, "status_list", "lst", value="eNrbuRgAAhcBXQ"),
                "subject": in_jwt(1, "sub", value=f"{LISTS}/other"),
                "end": in_jwt(1, "exp", value=MADE + 10**9),
                "signature": bent_signature,
            },
        ),
    ]
