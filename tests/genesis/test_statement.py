from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from accord_genesis.ceremony import join
from accord_genesis.keyset import PartySecrets
from accord_genesis.statement import (
    SignedStatement,
    Statement,
    fingerprint,
    open_statement,
    sign_statement,
)
from accord_ledger import codec
from accord_ledger.errors import AccordError
from genesis_alliance import applicant, make_secrets

WHO = applicant("a", seat=True, endpoint="wss://a.example/peer")
SECRETS = make_secrets(WHO)
OTHER = make_secrets(applicant("b", seat=True, endpoint="wss://b.example/peer"))
FILE = join(WHO, SECRETS)
STATEMENT = open_statement(FILE).statement


def code_of(data: bytes) -> tuple[str, str]:
    with pytest.raises(AccordError) as caught:
        open_statement(data)
    return caught.value.code, caught.value.path


def altered(change: Callable[[Statement], Statement], secrets: PartySecrets = SECRETS) -> bytes:
    """A statement with a change, signed again by the party's own key."""
    return sign_statement(change(STATEMENT), secrets.founding_key)


def replace_party(**fields: object) -> Callable[[Statement], Statement]:
    return lambda s: msgspec.structs.replace(s, party=msgspec.structs.replace(s.party, **fields))


def replace_node(**fields: object) -> Callable[[Statement], Statement]:
    assert STATEMENT.node is not None
    node = msgspec.structs.replace(STATEMENT.node, **fields)
    return lambda s: msgspec.structs.replace(s, node=node)


def test_a_statement_holds_registration_node_and_seat() -> None:
    checked = open_statement(FILE)
    assert checked.party == "a"
    assert [kind for kind, _ in checked.acts()] == ["party_register", "node_keys_set", "seat_grant"]
    assert checked.key_id == SECRETS.institution["governance"].key_id
    assert checked.fingerprint == fingerprint(STATEMENT)
    assert len(checked.fingerprint.replace(" ", "")) == 32


def test_observers_and_parties_without_node_state_less() -> None:
    observer = applicant("o", seat=False, endpoint="wss://o.example/peer")
    assert [kind for kind, _ in open_statement(join(observer, make_secrets(observer))).acts()] == [
        "party_register",
        "node_keys_set",
    ]
    bare = applicant("n", seat=False, endpoint=None)
    checked = open_statement(join(bare, make_secrets(bare)))
    assert [kind for kind, _ in checked.acts()] == ["party_register"]
    assert checked.key_id == make_secrets(bare).institution["institution"].key_id


def test_an_altered_statement_no_longer_verifies() -> None:
    signed = codec.decode(FILE, SignedStatement)
    other = codec.encode(msgspec.structs.replace(STATEMENT, seat=False))
    assert code_of(codec.encode(msgspec.structs.replace(signed, statement=other))) == (
        "STATEMENT_SIGNATURE",
        "signature",
    )


def test_it_is_signed_by_a_key_it_brings() -> None:
    assert code_of(altered(lambda s: s, OTHER)) == ("STATEMENT_KEY", "key_id")
    data = codec.encode(STATEMENT)
    registrar = sign_statement(codec.decode(data, Statement), SECRETS.institution["registrar"])
    assert code_of(registrar) == ("STATEMENT_KEY", "key_id")


def test_a_key_of_somebody_else_cannot_be_claimed() -> None:
    stolen = (*OTHER.new_keys()[:1], *STATEMENT.party.keys[1:])
    assert code_of(altered(replace_party(keys=stolen))) == ("E_KEY_INVALID", "party.keys[0]")
    assert code_of(altered(replace_node(vote=OTHER.node_key("vote")))) == ("E_KEY_INVALID", "node.vote")


def test_a_proof_for_one_use_is_none_for_another() -> None:
    swapped = replace_node(vote=SECRETS.node_key("witness"), witness=SECRETS.node_key("vote"))
    assert code_of(altered(swapped)) == ("E_KEY_INVALID", "node.vote")


def test_keys_are_points_of_prime_order() -> None:
    first = msgspec.structs.replace(STATEMENT.party.keys[0], public=b"\x01" + b"\x00" * 31)
    assert code_of(altered(replace_party(keys=(first, *STATEMENT.party.keys[1:])))) == (
        "E_KEY_INVALID",
        "party.keys[0]",
    )


def test_the_node_is_the_partys_own() -> None:
    assert code_of(altered(replace_node(party="b")))[0] == "STATEMENT_PARTY"


@pytest.mark.parametrize("roles", [("provider",), ("auditor",)])
def test_a_seat_needs_a_role(roles: tuple[str, ...]) -> None:
    assert code_of(altered(replace_party(roles=roles))) == ("STATEMENT_SEAT", "seat")


def test_a_seat_needs_a_node() -> None:
    assert code_of(altered(lambda s: msgspec.structs.replace(s, node=None))) == ("STATEMENT_SEAT", "seat")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"region": "NL-UT"}, "E_VALUE"),
        ({"party_id": "alliance"}, "E_VALUE"),
        ({"legal_name": {"en": "a\u200bb"}}, "E_SCHEMA"),
        ({"party_id": "Not A Slug"}, "CODEC_SCHEMA"),
        ({"roles": ("king",)}, "CODEC_SCHEMA"),
    ],
)
def test_values_are_checked_where_they_are_made(fields: dict[str, object], code: str) -> None:
    assert code_of(altered(replace_party(**fields)))[0] == code


def test_endpoints_are_secure_web_sockets() -> None:
    with pytest.raises(AccordError) as caught:
        join(applicant("a", seat=True, endpoint="http://a.example"), SECRETS)
    assert caught.value.code == "CODEC_SCHEMA"
    assert caught.value.path == "statement.node.endpoint"


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 100, b"\x00" * 70_000])
def test_other_bytes_are_refused(data: bytes) -> None:
    assert code_of(data)[0].startswith("CODEC_")
