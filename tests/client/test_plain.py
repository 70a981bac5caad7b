from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from accord_client.plain import body_from_json, from_plain, kind_names, to_plain
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.kinds.recognise import RecogniseBody
from accord_ledger.errors import AccordError, DecodeError
from client_cli import agreement_terms
from client_ledger import issued

ITEM = Item(batch_id=bytes(16), index=3, documents=b"\x01" * 32, holder_key=b"\x02" * 32, salt_k=b"\x03" * 32, path=(b"\x04" * 32,))  # fmt: skip
RECOGNITION = RecogniseBody(
    recognition=bytes(16), enrolment=b"\x07" * 16, agreement=("a1", 1), rule="hours", items=(ITEM,),
    claimed_credits="2/1", consent=b"\x05" * 32,
)  # fmt: skip


@pytest.mark.parametrize("body", [RECOGNITION, ProposeBody(agreement_id="a1", terms=agreement_terms())])
def test_json_for_people_reads_back(body: msgspec.Struct) -> None:
    text = json.dumps(to_plain(body))
    assert from_plain(json.loads(text), type(body)) == body


def test_every_state_value_reads_back() -> None:
    from accord_ledger.state import table_types

    ledger, _, _ = issued()
    types = table_types()
    for key, raw in ledger.values.items():
        kind = types[key.partition(b"/")[0].decode()]
        value = msgspec.msgpack.decode(raw, type=kind)
        assert from_plain(json.loads(json.dumps(to_plain(value))), kind) == value


def test_kinds_of_transactions_are_named() -> None:
    assert {"recognise", "credential_issue", "programme_register"} < set(kind_names())


def changed(**fields: Any) -> bytes:
    return json.dumps(to_plain(RECOGNITION) | fields).encode()


@pytest.mark.parametrize(
    ("data", "code", "path"),
    [
        (changed(enrolment="07" * 15), "PLAIN_VALUE", "enrolment"),
        (changed(enrolment="not hex"), "PLAIN_VALUE", "enrolment"),
        (changed(enrolment=7), "PLAIN_VALUE", "enrolment"),
        (changed(items=[{"index": 1}]), "PLAIN_VALUE", "items[0]"),
        (changed(items=[to_plain(ITEM) | {"salt_k": "zz"}]), "PLAIN_VALUE", "items[0].salt_k"),
        (changed(note="to whom it may concern"), "PLAIN_VALUE", ""),
        (changed(claimed_credits="4/2"), "E_NUMBER", "body.claimed_credits"),
        (b"[]", "JSON_TYPE", ""),
    ],
)
def test_faults_are_named_with_their_place(data: bytes, code: str, path: str) -> None:
    with pytest.raises(AccordError) as caught:
        body_from_json("recognise", data)
    assert (caught.value.code, caught.value.path) == (code, path)


class Nested(msgspec.Struct, frozen=True):
    """A struct inside itself, bytes in it and beside it."""

    name: str
    own: bytes = b""
    inner: Nested | None = None
    several: tuple[Nested, ...] = ()
    texts: dict[str, str] = msgspec.field(default_factory=dict)


def test_bytes_are_found_wherever_they_are() -> None:
    deep = Nested("a", inner=Nested("b", several=(Nested("c", b"\x01", texts={"x": "ff"}),)))
    assert from_plain(to_plain(deep), Nested) == deep
    bent = to_plain(deep)
    bent["inner"]["several"][0]["own"] = "F0"
    with pytest.raises(DecodeError) as caught:
        from_plain(bent, Nested)
    assert (caught.value.code, caught.value.path) == ("PLAIN_VALUE", "inner.several[0].own")
