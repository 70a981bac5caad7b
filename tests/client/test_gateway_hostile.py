"""Whatever JSON comes, the answer is a named error or a verdict: no other exception leaves these functions."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.documents.cryptosuites import EDDSA_JCS_2022
from accord_client.documents.data_integrity import create_proof
from accord_client.documents.multikey import did_key, did_key_method, resolve_did_key
from accord_client.gateway.dcql import read_query
from accord_client.gateway.open_contexts import open_contexts
from accord_client.gateway.vc_rules import check_credential, check_presentation
from accord_client.gateway.verification import Verifier, verify_credential, verify_shown
from accord_ledger.errors import AccordError
from gateway_desk import LEARNER, credential

_texts = st.sampled_from(
    ["", "x", "did:key:z6Mk", "urn:x:1", "@id", "@type", "@context", "type", "id", "proof", "2024-01-01T00:00:00Z", "https://www.w3.org/ns/credentials/v2", "VerifiableCredential", "\u0000", "é"]
)  # fmt: skip
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
VERIFIER = Verifier(open_contexts(), resolve_did_key, 1_800_000_000, lambda *_: None)


def good() -> dict[str, Any]:
    """A credential with every kind of member, signed over JSON."""
    made = credential(
        issuer={"id": did_key(LEARNER.public), "name": "A"},
        credentialStatus=[{"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": "https://x.example/1"}],
        relatedResource=[{"id": "https://x.example/r", "digestMultibase": "u" + "A" * 43}],
        evidence=[{"type": "https://x.example/E"}],
    )  # fmt: skip
    proof = create_proof(made, LEARNER, did_key_method(LEARNER.public), 1_700_000_000, suite=EDDSA_JCS_2022)
    return made | {"proof": [proof]}


GOOD = good()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value."""
    found = [path] if path else []
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(item, (*path, name))
    return found


def changed(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The credential with something else at a place."""
    made = copy.deepcopy(GOOD)
    inner: Any = made
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return made


def test_the_credential_itself_is_good() -> None:
    assert verify_credential(GOOD, VERIFIER).proofs[0].cryptosuite == "eddsa-jcs-2022"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(GOOD)), _json)
def test_a_changed_credential_is_judged_or_refused(place: tuple[Any, ...], value: Any) -> None:
    document = changed(place, value)
    if document == GOOD:
        return
    with pytest.raises(AccordError):
        verify_credential(document, VERIFIER)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_texts, _json, max_size=5), _json)
def test_whatever_comes_is_refused_by_name(value: dict[str, Any], context: Any) -> None:
    base = {"@context": ["https://www.w3.org/ns/credentials/v2", context], "type": ["VerifiablePresentation"]}
    for judge in (
        lambda: check_credential(value),
        lambda: check_presentation(base | value),
        lambda: read_query({"credentials": [value]}),
        lambda: open_contexts().check([context, value]),
        lambda: verify_shown(base | value, VERIFIER, challenge="c", domain=["d"]),
    ):
        with suppress(AccordError):
            judge()
