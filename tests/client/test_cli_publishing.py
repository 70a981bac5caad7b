"""Where documents point to: what a registrar names, and what follows from the node's address."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accord_client.cli.publishing import Publishing
from accord_ledger.domain.model.party import PARTIES, Party
from accord_ledger.errors import DecodeError
from client_ledger import ClientLedger

NODE = "https://node.uu.example/"


def party(**external: str) -> Party:
    found = ClientLedger().view().get(PARTIES, "uu")
    assert found is not None
    return replace(found, external_ids=external)


def places(of: Party, base: str = NODE, *, did: str = "", status_url: str = "") -> Publishing:
    return Publishing.of(of, "autumn", base_url=base, did=did, status_url=status_url)


def test_everything_follows_from_the_nodes_address() -> None:
    found = places(party())
    assert found.did == "did:web:node.uu.example:parties:uu"
    assert found.status_url == "https://node.uu.example/v1/status-lists/uu/autumn"


def test_the_did_on_the_ledger_comes_before_the_nodes_and_a_named_one_before_both() -> None:
    own = party(did="did:web:uu.example")
    assert places(own).did == "did:web:uu.example"
    assert places(own, did="did:web:other.example").did == "did:web:other.example"
    assert places(own, status_url="https://cdn.example/l").status_url == "https://cdn.example/l"


def test_an_address_no_did_can_be_made_of_is_refused() -> None:
    with pytest.raises(DecodeError, match="DID_WEB"):
        places(party(), "http://127.0.0.1:8080")
    assert places(party(), "http://127.0.0.1:8080", did="did:web:uu.example").did == "did:web:uu.example"
