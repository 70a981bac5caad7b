from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from accord_genesis.document import (
    Act,
    Document,
    Genesis,
    GenesisSignature,
    SignedDocument,
    execute,
    missing_founders,
    network_hash,
    open_genesis,
    open_unfinished,
    read_document,
    sign_document,
)
from accord_ledger import codec
from accord_ledger.errors import AccordError
from accord_ledger.keys import SigningKey
from accord_ledger.tags import Tag
from genesis_alliance import Alliance, make_alliance


@pytest.fixture(scope="module")
def alliance(tmp_path_factory: pytest.TempPathFactory) -> Alliance:
    return make_alliance(tmp_path_factory.mktemp("genesis"), observers=["e"], presets=("cn-mc",))


def signed(alliance: Alliance) -> SignedDocument:
    return codec.decode(alliance.genesis_bytes, SignedDocument, limit=10**7)


def changed(alliance: Alliance, **fields: object) -> bytes:
    """The document with other fields."""
    return codec.encode(msgspec.structs.replace(alliance.genesis.document, **fields))


def code_of_document(data: bytes) -> tuple[str, str]:
    with pytest.raises(AccordError) as caught:
        execute(data)
    return caught.value.code, caught.value.path


def code_of_file(file: SignedDocument, signed_by: str | None = None) -> str:
    with pytest.raises(AccordError) as caught:
        open_genesis(codec.encode(file), signed_by=signed_by)
    return caught.value.code


def with_act(alliance: Alliance, kind: str, body: bytes) -> bytes:
    acts = (*alliance.genesis.document.acts, Act(kind=kind, body=msgspec.Raw(body)))
    return changed(alliance, acts=acts)


def test_what_was_written_opens(alliance: Alliance) -> None:
    genesis = open_genesis(alliance.genesis_bytes, signed_by="a")
    assert genesis.network == network_hash(signed(alliance).document) == alliance.network
    assert [member.party for member in genesis.members.members] == ["a", "b", "c", "d"]
    assert (genesis.members.epoch, genesis.members.quorum) == (0, 3)
    assert {row.party for row in genesis.signatures} == {"a", "b", "c", "d", "e"}


def test_the_first_version_holds_the_state(alliance: Alliance) -> None:
    version = alliance.genesis.version()
    assert (version.height, version.seal_hash, version.time) == (
        0,
        alliance.network,
        alliance.genesis.document.created,
    )
    again = execute(signed(alliance).document).version()
    assert version.map.root == again.map.root


def test_the_network_is_the_tagged_hash_of_the_bytes() -> None:
    assert network_hash(b"x") == Tag.NETWORK.digest(b"x") != network_hash(b"y")


@pytest.mark.parametrize("origin", ["has space", "a+b", "tab\t", "\u00a0", "x" * 191, "é" * 100])
def test_an_origin_that_names_no_key_is_refused(alliance: Alliance, origin: str) -> None:
    assert code_of_document(changed(alliance, origin=origin)) == ("GENESIS_ORIGIN", "origin")


def test_the_name_is_clean_text(alliance: Alliance) -> None:
    assert code_of_document(changed(alliance, name="a\u202eb")) == ("E_SCHEMA", "name")


def test_unknown_and_later_kinds_are_refused(alliance: Alliance) -> None:
    place = len(alliance.genesis.document.acts)
    assert code_of_document(with_act(alliance, "no_such_kind", b"\x80")) == (
        "E_SCHEMA",
        f"acts[{place}].kind",
    )
    assert code_of_document(with_act(alliance, "key_revoke", b"\x80")) == ("E_SCHEMA", f"acts[{place}].kind")


def test_a_body_has_one_encoding(alliance: Alliance) -> None:
    place = len(alliance.genesis.document.acts)
    long_form = b"\x81\xa5party\xd9\x01a"  # the text "a" spelled with a length byte it does not need
    assert code_of_document(with_act(alliance, "seat_grant", long_form)) == (
        "E_SCHEMA",
        f"acts[{place}].body",
    )


def test_an_act_that_breaks_a_rule_is_named(alliance: Alliance) -> None:
    place = len(alliance.genesis.document.acts)
    body = codec.encode({"party": "nobody"})
    assert code_of_document(with_act(alliance, "seat_grant", body)) == (
        "E_UNKNOWN_REF",
        f"acts[{place}].body.party",
    )
    seat = codec.encode({"party": "a"})
    assert code_of_document(with_act(alliance, "seat_grant", seat)) == (
        "E_STATE",
        f"acts[{place}].body.party",
    )


def test_a_party_stands_once(alliance: Alliance) -> None:
    first = next(act for act in alliance.genesis.document.acts if act.kind == "party_register")
    code, path = code_of_document(with_act(alliance, first.kind, bytes(first.body)))
    assert code == "E_DUPLICATE"
    assert path.endswith("body.party_id")


def test_fewer_than_four_seats_are_refused(alliance: Alliance) -> None:
    acts = [act for act in alliance.genesis.document.acts if act.kind != "seat_grant"]
    seats = [act for act in alliance.genesis.document.acts if act.kind == "seat_grant"]
    assert code_of_document(changed(alliance, acts=(*acts, *seats[:3])))[0] == "GENESIS_MEMBERS"
    assert code_of_document(changed(alliance, acts=()))[0] == "GENESIS_MEMBERS"


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_truncated_files_are_refused(alliance: Alliance, cut: int) -> None:
    with pytest.raises(AccordError) as caught:
        open_genesis(alliance.genesis_bytes[:cut])
    assert caught.value.code == "CODEC_SCHEMA"


def test_files_have_a_bound() -> None:
    with pytest.raises(AccordError) as caught:
        open_genesis(b"\x00" * (33 * 1024 * 1024))
    assert caught.value.code == "CODEC_TOO_LARGE"


def test_every_founder_must_have_signed(alliance: Alliance) -> None:
    file = signed(alliance)
    without = msgspec.structs.replace(file, signatures=file.signatures[1:])
    assert code_of_file(without) == "GENESIS_UNSIGNED"
    assert missing_founders(open_unfinished(codec.encode(without))) == ["a"]


def test_a_node_refuses_what_its_own_institution_did_not_sign(alliance: Alliance) -> None:
    file = signed(alliance)
    without = msgspec.structs.replace(file, signatures=file.signatures[:4])
    assert open_genesis(codec.encode(without)).network == alliance.network
    assert open_genesis(codec.encode(file), signed_by="e").network == alliance.network
    assert code_of_file(without, signed_by="e") == "GENESIS_UNSIGNED"
    assert code_of_file(file, signed_by="stranger") == "GENESIS_UNSIGNED"


def resigned(alliance: Alliance, party: str, key: SigningKey, data: bytes | None = None) -> SignedDocument:
    """The file with the first signature replaced."""
    file = signed(alliance)
    fresh = sign_document(file.document if data is None else data, party, key)
    rows = sorted((fresh, *file.signatures[1:]), key=lambda row: (row.party, row.key_id))
    return msgspec.structs.replace(file, signatures=tuple(rows))


@pytest.mark.parametrize(
    ("party", "owner", "purpose"),
    [("a", "b", "governance"), ("a", "a", "registrar"), ("ghost", "a", "governance")],
)
def test_signatures_by_other_keys_are_refused(
    alliance: Alliance, party: str, owner: str, purpose: str
) -> None:
    assert code_of_file(resigned(alliance, party, alliance.key(owner, purpose))) == "GENESIS_SIGNATURE"


def test_node_keys_and_unknown_keys_do_not_sign(alliance: Alliance) -> None:
    for key in (alliance.node_key("a", "vote"), SigningKey.from_seed(b"u" * 32)):
        assert code_of_file(resigned(alliance, "a", key)) == "GENESIS_SIGNATURE"


def test_the_institution_key_signs_as_well_as_governance(alliance: Alliance) -> None:
    file = resigned(alliance, "a", alliance.key("a", "institution"))
    assert open_genesis(codec.encode(file), signed_by="a").network == alliance.network


def test_a_signature_on_another_document_is_refused(alliance: Alliance) -> None:
    other = changed(alliance, name="Another")
    assert (
        code_of_file(resigned(alliance, "a", alliance.key("a", "governance"), other)) == "GENESIS_SIGNATURE"
    )


def test_signatures_stand_in_one_order(alliance: Alliance) -> None:
    file = signed(alliance)
    for rows in (file.signatures[::-1], (file.signatures[0], *file.signatures)):
        assert code_of_file(msgspec.structs.replace(file, signatures=rows)) == "GENESIS_SIGNATURE_ORDER"


def test_any_flipped_bit_is_refused_or_changes_the_network(alliance: Alliance) -> None:
    data = alliance.genesis_bytes
    for place in range(0, len(data), 97):
        bad = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(AccordError):
            open_genesis(bad)


def test_documents_are_read_inside_a_file_or_alone(alliance: Alliance) -> None:
    assert read_document(alliance.genesis_bytes) == read_document(signed(alliance).document)
    with pytest.raises(AccordError):
        read_document(b"\x80")


def test_types(alliance: Alliance, tmp_path: Path) -> None:
    assert isinstance(alliance.genesis, Genesis)
    assert isinstance(alliance.genesis.document, Document)
    assert isinstance(alliance.genesis.signatures[0], GenesisSignature)
    other = make_alliance(tmp_path, observers=["e"], presets=("cn-mc",), seed="other")
    assert other.network != alliance.network
