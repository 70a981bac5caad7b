"""The issuer behind the protocols: adds a status, signs, and verifies what it signed before handing it out.

Only documents in the institution's own name are signed. A status entry points at the gateway's own lists,
which are signed with the ``status`` key; credentials of the ledger have theirs on the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from accord_client.badges import verification_method
from accord_client.documents.cryptosuites import Cryptosuite, rdfc_hash_data, with_contexts
from accord_client.documents.data_integrity import create_proof
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import encode_multikey
from accord_client.documents.open_badge_check import CONTEXTS, VC1_CONTEXT
from accord_client.documents.status_bits import MIN_BITS
from accord_client.documents.status_bitstring import (
    ENTRY_TYPE,
    PURPOSES,
    ListPeriod,
    Purpose,
    build_status_list,
)
from accord_client.gateway import vc_values as v
from accord_client.gateway.open_contexts import OpenContexts, has_inline
from accord_client.gateway.problems import GatewayError
from accord_client.gateway.store import Position, Store
from accord_client.gateway.vc_rules import check_credential
from accord_client.gateway.verification import Verifier, check_resources, verify_credential
from accord_ledger.errors import AccordError, DecodeError, ProofError
from accord_ledger.keys import SigningKey

ISSUING: Final = ("eddsa-rdfc-2022", "eddsa-jcs-2022")
"""Suites credentials are issued with, one endpoint each."""

LIST_SECONDS: Final = 43_200
"""A signed list counts for so long."""
LIST_TTL: Final = 300
"""Verifiers may use their copy for so long, in seconds."""

DATA_INTEGRITY_CONTEXT: Final = "https://w3id.org/security/data-integrity/v2"


@dataclass(frozen=True, slots=True)
class Issuer:
    """An institution that signs."""

    did: str
    key: SigningKey
    """``issuance``: signs credentials."""
    status_key: SigningKey
    """``status``: signs status lists."""
    status_url: str
    """Address of the status lists, without the last two segments; empty: no status is added."""
    contexts: OpenContexts
    store: Store
    clock: Callable[[], int]
    """POSIX seconds."""

    @property
    def method(self) -> str:
        """URL of the issuing key."""
        return verification_method(self.did, self.key.public)

    def document(self) -> JsonObject:
        """The DID document of the two keys, by which the gateway verifies its own documents offline."""
        methods = {
            verification_method(self.did, key.public): {
                "id": verification_method(self.did, key.public),
                "type": "Multikey",
                "controller": self.did,
                "publicKeyMultibase": encode_multikey(key.public),
            }
            for key in (self.key, self.status_key)
        }
        return {
            "id": self.did,
            "verificationMethod": list(methods.values()),
            "assertionMethod": list(methods),
        }

    def issue(self, credential: JsonObject, suite_name: str, verifier: Verifier) -> JsonObject:
        """The signed credential.

        Args:
            credential: without a proof, or with proofs that verify: then this one joins the set.
            suite_name: one of :data:`ISSUING`.
            verifier: judges the result, and the proofs there are.

        Raises:
            DecodeError: ``VC_*``, ``CONTEXT_*``, ``JSONLD_*``: not a credential that can be signed.
            GatewayError: ``ISSUER_FOREIGN`` (in somebody else's name), ``STATUS_POSITION``.
            ProofError: a proof that is there does not verify.
        """
        model = check_credential(credential)
        self.contexts.check(credential["@context"])
        self.check_issuer(credential)
        check_resources(credential, self.contexts)
        fresh = (
            "proof" not in credential
        )  # what others signed stays; all proofs are judged together at the end
        if fresh and model == VC1_CONTEXT:
            credential = _with_proof_context(credential)
        elif fresh and self.status_url and "credentialStatus" not in credential:
            return self._sign(self._with_status(credential), suite_name, verifier)
        self._check_status(credential)
        return self._sign(credential, suite_name, verifier)

    def check_issuer(self, credential: JsonObject) -> None:
        """Raise ``GatewayError`` ``ISSUER_FOREIGN`` unless a credential is in the institution's own name."""
        issuer = credential["issuer"]
        name = issuer["id"] if isinstance(issuer, dict) else issuer
        if name != self.did:
            raise GatewayError("ISSUER_FOREIGN", f"expected {self.did}, got {str(name)[:120]}", path="issuer")

    def _check_status(self, credential: JsonObject) -> None:
        for entry in v.items(credential.get("credentialStatus", v.ABSENT)):
            found = self.own_place(entry)
            if found is not None and ("proof" not in credential or self.store.status(*found) is None):
                raise GatewayError(
                    "STATUS_POSITION",
                    "expected no entry in this gateway's own lists but one it gave",
                    path="credentialStatus",
                )

    def _sign(self, credential: JsonObject, suite_name: str, verifier: Verifier) -> JsonObject:
        suite = self._suite(suite_name, credential)
        unsecured = {name: value for name, value in credential.items() if name != "proof"}
        if suite.own_context:  # what no context defines would not be understood, though JCS would sign it
            rdfc_hash_data(unsecured, {"type": "DataIntegrityProof"}, self._memory(credential))
        proof = create_proof(credential, self.key, self.method, self.clock(), suite=suite)
        signed = credential | {"proof": _joined(credential, proof)}
        verify_credential(signed, verifier, ("proof", "issuer"))
        return signed

    def _memory(self, document: JsonObject) -> OpenContexts:
        return self.contexts.fresh() if has_inline(document) else self.contexts

    def _suite(self, name: str, document: JsonObject) -> Cryptosuite:
        return next(suite for suite in with_contexts(self._memory(document)) if suite.name == name)

    # ---- status lists ----------------------------------------------------------------------------

    def _with_status(self, credential: JsonObject) -> JsonObject:
        place = self.store.allocate(str(credential.get("id", "")))
        return credential | {"credentialStatus": self.entries(place)}

    def entries(self, place: Position) -> list[JsonObject]:
        """``credentialStatus`` of a position."""
        return [
            {
                "id": f"{self.list_url(place.list, purpose)}#{place.position}",
                "type": ENTRY_TYPE,
                "statusPurpose": purpose,
                "statusListIndex": str(place.position),
                "statusListCredential": self.list_url(place.list, purpose),
            }
            for purpose in PURPOSES
        ]

    def list_url(self, number: int, purpose: Purpose) -> str:
        """Where a list is served."""
        return f"{self.status_url}/{number}/{purpose}"

    def own_place(self, entry: JsonObject) -> tuple[Position, str] | None:
        """Position and purpose of an entry in one of these lists; None for all others."""
        if not self.status_url or ENTRY_TYPE not in v.items(entry.get("type")):
            return None
        found = re.fullmatch(
            re.escape(self.status_url) + r"/(0|[1-9][0-9]{0,8})/(revocation|suspension)",
            str(entry.get("statusListCredential")),
        )
        index = entry.get("statusListIndex")
        if found is None or not v.is_list_index(index):
            return None
        return Position(int(found[1]), min(int(str(index)), MIN_BITS)), found[
            2
        ]  # beyond the list is in no use

    def judge_status(self, entry: JsonObject) -> AccordError | None:
        """What is known here of an entry (:attr:`Verifier.status`)."""
        found = self.own_place(entry)
        if found is None:
            return ProofError("STATUS_UNCHECKED", "a list that is not here", path="credentialStatus")
        place, purpose = found
        if entry.get("statusPurpose") != purpose:
            return ProofError(
                "STATUS_VERIFICATION_ERROR", f"expected a list for {purpose}", path="credentialStatus"
            )
        bit = self.store.status(place, purpose)
        if bit is None:
            return DecodeError("RANGE_ERROR", "expected a position in use", path="credentialStatus")
        code = "STATUS_REVOKED" if purpose == "revocation" else "STATUS_SUSPENDED"
        return ProofError(code, "the issuer says so", path="credentialStatus") if bit else None

    def status_list(self, number: int, purpose: Purpose) -> bytes | None:
        """The signed list as it is now, canonical; None if there is none of this number.

        Until something changes or :data:`LIST_TTL` is over it is the same list, byte for byte, so that caches
        can ask whether theirs still is.
        """
        bits = self.store.bits(number, purpose)
        if bits is None:
            return None
        now = self.clock()
        begin = now - now % LIST_TTL
        period = ListPeriod(begin, begin + LIST_SECONDS, LIST_TTL)
        unsigned = build_status_list(self.list_url(number, purpose), self.did, purpose, bits, period)
        method = verification_method(self.did, self.status_key.public)
        suite = self._suite(ISSUING[0], unsigned)
        proof = create_proof(unsigned, self.status_key, method, begin, suite=suite)
        return canonicalize(unsigned | {"proof": proof})


def _joined(credential: JsonObject, proof: JsonObject) -> JsonObject | list[JsonObject]:
    """An object; an array for a set, and for Open Badges (FORMATS.md section 3)."""
    badge = CONTEXTS[1] in credential["@context"]
    if "proof" not in credential and not badge:
        return proof
    return [*v.items(credential.get("proof", v.ABSENT)), proof]


def _with_proof_context(credential: JsonObject) -> JsonObject:
    """VC Data Model 1.1 does not define the proof; this context does."""
    contexts = credential["@context"]
    if DATA_INTEGRITY_CONTEXT in contexts:
        return credential
    return credential | {"@context": [*contexts, DATA_INTEGRITY_CONTEXT]}
