from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, draft_bundle, draft_json, parse_bundle
from accord_client.documents.open_badge_facts import LearnerClaims
from accord_client.issuing import LearnerDocument, prepare_batch
from accord_ledger.credential import check_credential, holder_commitment
from accord_ledger.errors import AccordError, DecodeError
from client_ledger import issued


def bundle() -> Bundle:
    ledger, batch, record = issued()
    return ledger.export(batch, 3, record)


def test_reading_gives_back_what_was_written() -> None:
    made = bundle()
    assert parse_bundle(made.to_json()) == made
    draft = draft_bundle(issued()[1], 0)
    assert parse_bundle(draft.to_json()) == draft


def test_a_draft_is_written_at_once_as_its_bundle_is() -> None:
    token = LearnerDocument("application/dc+sd-jwt", b"a.b.c~d~")
    files = [LearnerDocument("application/vc", '{"a":[{}],"b":1.5,"é":"\\n\\u0001"}'.encode()), token]
    batch = prepare_batch(b"\x01" * 32, bytes(16), [LearnerClaims("A", "B")] * 3, lambda _: files)
    for made in (batch, issued()[1]):
        for index in range(made.count):
            assert draft_json(made, index) == draft_bundle(made, index).to_json()


def test_any_indentation_and_order_reads_the_same() -> None:
    made = bundle()
    shuffled = json.dumps(dict(reversed(json.loads(made.to_json()).items())), indent=7, ensure_ascii=True)
    assert parse_bundle(shuffled.encode()).documents_root() == made.documents_root()


def test_the_item_opens_the_leaf() -> None:
    _, batch, _ = issued()
    item = bundle().item()
    check_credential(
        item.batch_id,
        item.index,
        item.documents,
        holder_commitment(item.salt_k, item.holder_key),
        path=item.path,
        count=batch.count,
        merkle_root=batch.root,
    )


def test_files_that_are_no_json_travel_too() -> None:
    pdf = LearnerDocument("application/pdf", b"%PDF-1.7 \x00\xff")
    batch = prepare_batch(b"\x01" * 32, bytes(16), [LearnerClaims("A", "B")], lambda _: [pdf, pdf])
    draft = parse_bundle(draft_bundle(batch, 0).to_json())
    assert draft.documents[0].committed() == pdf.content
    assert draft.documents_root() == batch.credentials[0].documents_root
    shared = parse_bundle(draft.share([1]).to_json())
    assert shared.documents_root() == draft.documents_root()
    assert not shared.documents[0].opened


def broken(change: dict[str, Any], *, drop: str = "") -> bytes:
    whole = json.loads(bundle().to_json()) | change
    whole.pop(drop, None)
    return json.dumps(whole).encode()


CONTENT = {"media_type": "application/vc", "salt": "00" * 32, "content": {}}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "JSON_SYNTAX"),
        (b"[]", "JSON_TYPE"),
        (b"\xff", "JSON_ENCODING"),
        (b'{"format":"accord-bundle/v1","format":"accord-bundle/v1"}', "JSON_DUPLICATE"),
        (b"[" * 100_000, "JSON_DEPTH"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "JSON_DEPTH"),
        (b" " * (MAX_BUNDLE_BYTES + 1), "JSON_TOO_LARGE"),
        (broken({"extra": 1}), "PLAIN_VALUE"),
        (broken({"format": "accord-bundle/v2"}), "PLAIN_VALUE"),
        (broken({}, drop="holder"), "PLAIN_VALUE"),
        (broken({"index": -1}), "PLAIN_VALUE"),
        (broken({"index": 131_072}), "PLAIN_VALUE"),
        (broken({"network": "00" * 31}), "PLAIN_VALUE"),
        (broken({"network": "zz"}), "PLAIN_VALUE"),
        (broken({"path": ["00" * 32] * 18}), "PLAIN_VALUE"),
        (broken({"documents": []}), "PLAIN_VALUE"),
        (broken({"documents": [CONTENT] * 17}), "PLAIN_VALUE"),
        (broken({"documents": [{}]}), "BUNDLE_DOCUMENT"),
        (broken({"documents": [CONTENT | {"data": "AAAA"}]}), "BUNDLE_DOCUMENT"),
        (broken({"documents": [CONTENT | {"commitment": "00" * 32}]}), "BUNDLE_DOCUMENT"),
        (broken({"documents": [{**CONTENT, "media_type": "application/pdf"}]}), "BUNDLE_DOCUMENT"),
        (broken({"documents": [{"salt": "00" * 32, "media_type": "application/vc"}]}), "BUNDLE_DOCUMENT"),
        (broken({"seals": []}), "BUNDLE_SEAL"),
        (broken({"state": json.loads(bundle().to_json())["state"][::-1]}), "BUNDLE_STATE"),
        (broken({"state": json.loads(bundle().to_json())["state"][:1] * 2}), "BUNDLE_STATE"),
        (broken({"record": {"index": 0}}), "PLAIN_VALUE"),
    ],
)
def test_what_is_no_bundle_is_refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_bundle(data)
    assert caught.value.code == code, caught.value


@pytest.mark.parametrize("share", range(1, 20))
def test_a_truncated_file_is_refused(share: int) -> None:
    data = bundle().to_json()
    with pytest.raises(DecodeError):
        parse_bundle(data[: len(data) * share // 20])


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_never_escapes_the_error_tree(place: int, value: int) -> None:
    from accord_client.verify import verify_bundle

    data = bytearray(bundle().to_json())
    place %= len(data)
    same = data[place] == value
    data[place] = value
    try:
        report = verify_bundle(parse_bundle(bytes(data)), issued()[0].trust, at=issued()[0].version.time + 9)
    except AccordError:
        return
    whole = json.loads(bytes(data)) == json.loads(bundle().to_json())
    assert report.verdict != "valid" or same or whole
