from __future__ import annotations

import itertools
import random
from dataclasses import replace

import msgspec
import pytest

from accord_genesis.acts import parse_acts
from accord_genesis.ceremony import (
    Applicant,
    Charter,
    DetachedSignature,
    assemble,
    countersign,
    document_of,
    found,
    join,
    merge,
    unsigned,
)
from accord_genesis.document import Document, open_genesis, open_unfinished, sign_document
from accord_genesis.keyset import PartySecrets
from accord_genesis.presets import choose
from accord_ledger import codec
from accord_ledger.errors import AccordError
from genesis_alliance import CREATED, ORIGIN, applicant, make_secrets

CHARTER = Charter(name="Test", origin=ORIGIN, created=CREATED, presets=("frameworks",))


def party(name: str, *, seat: bool = True, **fields: object) -> tuple[PartySecrets, bytes]:
    who = replace(applicant(name, seat=seat, endpoint=f"wss://{name}.example/peer"), **fields)  # type: ignore[arg-type]  # test builder
    secrets = make_secrets(who)
    return secrets, join(who, secrets)


JOINED = [party(name) for name in "abcd"]
STATEMENTS = [statement for _, statement in JOINED]
FILE = unsigned(assemble(CHARTER, STATEMENTS))


def code_of_assembly(statements: list[bytes], charter: Charter = CHARTER) -> str:
    with pytest.raises(AccordError) as caught:
        assemble(charter, statements)
    return caught.value.code


def code_of_signing(file: bytes, statement: bytes, secrets: PartySecrets) -> str:
    with pytest.raises(AccordError) as caught:
        countersign(file, statement, secrets.founding_key)
    return caught.value.code


def edited(kind: str, name: str, **fields: object) -> bytes:
    """The unsigned file with one act changed."""
    document = codec.decode(document_of(FILE), Document, limit=10**7)
    acts = []
    for act in document.acts:
        body = codec.decode_plain(bytes(act.body))
        if act.kind == kind and name in (body.get("party"), body.get("party_id")):
            act = msgspec.structs.replace(act, body=msgspec.Raw(codec.encode({**body, **fields})))
        acts.append(act)
    return unsigned(codec.encode(msgspec.structs.replace(document, acts=tuple(acts))))


ENTRY = {"agency": "q", "registry": "EQAR", "period": {"valid_from": "2026-03-01", "valid_to": "2030-12-31"}}
GRANTS = [
    {
        "agency": "q",
        "party": name,
        "scope": "party",
        "registry": "EQAR",
        "cross_border": True,
        "valid_from": "2026-03-01",
        "valid_to": "2030-02-28",
    }
    for name in "abc"
]
LIST = {
    "list_id": "region-groups-xa",
    "version": 1,
    "owner": "XA",
    "entries": [{"code": "XA-E", "values": ["east"]}],
}


def rich() -> tuple[Charter, list[bytes]]:
    """A charter with acts of many kinds, and parties that refer to each other."""
    bank = party("z-bank", roles=("credit_bank",))
    member = party("a-member", seat=False, member_of=("z-bank",), controlled_by=("d",))
    agency = party("q", seat=False, endpoint=None, roles=("quality_agency",))
    acts = parse_acts({"accreditation_grant": GRANTS, "registry_entry": [ENTRY], "list_define": [LIST]})
    return replace(CHARTER, presets=("all",), acts=acts), [*STATEMENTS, bank[1], member[1], agency[1]]


def test_the_same_content_gives_the_same_bytes() -> None:
    charter, statements = rich()
    expected = assemble(charter, statements)
    dice = random.Random(7)
    for _ in range(5):
        acts, presets = list(charter.acts), ["lists", "neutral", "frameworks", "profiles", "ects"]
        for thing in (statements, acts, presets):
            dice.shuffle(thing)
        assert assemble(replace(charter, acts=tuple(acts), presets=tuple(presets)), statements) == expected


def test_every_order_of_founders_gives_the_same_document() -> None:
    for order in itertools.permutations(STATEMENTS):
        assert unsigned(assemble(CHARTER, order)) == FILE


def test_other_content_gives_another_network() -> None:
    for other in (
        replace(CHARTER, name="Other"),
        replace(CHARTER, created=CREATED + 1),
        replace(CHARTER, presets=()),
    ):
        assert document_of(unsigned(assemble(other, STATEMENTS))) != document_of(FILE)


def test_the_whole_ceremony() -> None:
    genesis = open_genesis(found(CHARTER, [*JOINED, party("o", seat=False)]), signed_by="o")
    assert [member.party for member in genesis.members.members] == ["a", "b", "c", "d"]
    assert [row.party for row in genesis.signatures] == ["a", "b", "c", "d", "o"]


def test_two_statements_of_one_party_are_refused() -> None:
    again = party("a", legal_name={"en": "An impostor"})[1]
    assert code_of_assembly([*STATEMENTS, again]) == "STATEMENT_DUPLICATE"
    assert code_of_assembly([*STATEMENTS, STATEMENTS[0]]) == "STATEMENT_DUPLICATE"


def test_a_damaged_statement_is_refused() -> None:
    inside_signature = 60
    bad = bytearray(STATEMENTS[0])
    bad[inside_signature] ^= 1
    assert code_of_assembly([bytes(bad), *STATEMENTS[1:]]) == "STATEMENT_SIGNATURE"


def test_a_key_serves_one_party() -> None:
    who = applicant("e", seat=True, endpoint="wss://e.example/peer")
    others = JOINED[0][0]
    for shared in (
        replace(make_secrets(who), node=others.node),
        replace(make_secrets(who), institution=others.institution),
    ):
        assert code_of_assembly([*STATEMENTS, join(who, shared)]) == "E_KEY_REUSE"


def test_without_a_key_that_may_found_nobody_joins() -> None:
    who = applicant("e", seat=True, endpoint="wss://e.example/peer")
    secrets = make_secrets(who)
    with pytest.raises(AccordError) as caught:
        join(who, replace(secrets, institution={"registrar": secrets.institution["registrar"]}))
    assert (caught.value.code, "governance or institution key of e" in caught.value.detail) == (
        "STATEMENT_KEY",
        True,
    )


def test_three_seats_are_too_few() -> None:
    assert code_of_assembly(STATEMENTS[:3]) == "GENESIS_MEMBERS"


def test_what_is_named_must_be_there() -> None:
    assert code_of_assembly([*STATEMENTS, party("e", member_of=("nobody",))[1]]) == "E_UNKNOWN_REF"
    circle = [party("e", controlled_by=("f",))[1], party("f", controlled_by=("e",))[1]]
    assert code_of_assembly([*STATEMENTS, *circle]) == "E_UNKNOWN_REF"


def test_the_same_framework_twice_is_refused() -> None:
    assert code_of_assembly(STATEMENTS, replace(CHARTER, acts=choose(("cn-mc",)))) == "E_VERSION"


def test_a_founder_signs_only_its_own_words() -> None:
    secrets, statement = JOINED[0]
    for name, file in {
        "name": edited("party_register", "a", legal_name={"en": "Somebody else"}),
        "endpoint": edited("node_keys_set", "a", endpoint="wss://evil.example/peer"),
    }.items():
        assert code_of_signing(file, statement, secrets) == "STATEMENT_ALTERED", name
        assert countersign(file, STATEMENTS[1], JOINED[1][0].founding_key)  # b's words are as they were


def test_a_swapped_statement_is_noticed() -> None:
    impostor = make_secrets(applicant("a", seat=True, endpoint="wss://a.example/peer"), seed="impostor")
    fake = join(applicant("a", seat=True, endpoint="wss://a.example/peer"), impostor)
    file = unsigned(assemble(CHARTER, [fake, *STATEMENTS[1:]]))
    assert code_of_signing(file, STATEMENTS[0], JOINED[0][0]) == "STATEMENT_ALTERED"


def test_a_seat_taken_away_or_given_is_noticed() -> None:
    five = [*STATEMENTS, party("e")[1]]
    observer = party("e", seat=False)
    assert code_of_signing(unsigned(assemble(CHARTER, five)), observer[1], observer[0]) == "STATEMENT_ALTERED"
    without = unsigned(assemble(CHARTER, [*STATEMENTS, observer[1]]))
    secrets, statement = party("e")
    assert code_of_signing(without, statement, secrets) == "STATEMENT_ALTERED"


def test_a_founder_left_out_is_noticed() -> None:
    secrets, statement = party("e")
    assert code_of_signing(FILE, statement, secrets) == "STATEMENT_MISSING"


def test_the_key_must_be_the_founders() -> None:
    assert code_of_signing(FILE, STATEMENTS[0], JOINED[1][0]) == "GENESIS_SIGNATURE"


def test_signatures_merge_in_any_order_and_once() -> None:
    detached = [countersign(FILE, statement, secrets.founding_key) for secrets, statement in JOINED]
    expected = merge(FILE, detached)
    assert merge(merge(FILE, detached[2:]), [*detached[:2], *detached]) == expected
    assert open_genesis(expected).network == open_unfinished(FILE).network


def test_a_signature_on_another_document_does_not_merge() -> None:
    other = unsigned(assemble(replace(CHARTER, name="Other"), STATEMENTS))
    detached = countersign(other, STATEMENTS[0], JOINED[0][0].founding_key)
    with pytest.raises(AccordError) as caught:
        merge(FILE, [detached])
    assert (caught.value.code, caught.value.path) == ("GENESIS_NETWORK", "a")


def test_a_bad_signature_does_not_merge() -> None:
    row = sign_document(document_of(FILE), "a", JOINED[1][0].founding_key)
    bad = codec.encode(DetachedSignature(network=open_unfinished(FILE).network, signature=row))
    with pytest.raises(AccordError) as caught:
        merge(FILE, [bad])
    assert caught.value.code == "GENESIS_SIGNATURE"


def test_applicants_may_name_sets_in_any_order() -> None:
    who = Applicant(
        party_id="x",
        roles=("university", "credit_bank", "university"),
        legal_name={"en": "X"},
        country="XA",
        region="XA-E",
    )
    assert who.registration(make_secrets(who)).roles == ("credit_bank", "university")
