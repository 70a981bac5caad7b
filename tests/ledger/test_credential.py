from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger import credential
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.merkle import proof, tree

BATCH = bytes(range(16))
SALT = bytes(range(32))
PUBLIC = bytes(range(32, 64))
FROZEN_LEAF = "86ec496547c85aa3762711b0e9654a0285489308729388cc451304205ea690de"


def test_document_commitment_is_written_out_as_specified() -> None:
    expected = sha256(b"accord/document/v1\x00application/vc\x00" + SALT + b'{"a":1}').digest()
    assert credential.document_commitment("application/vc", SALT, b'{"a":1}') == expected


def test_documents_root_hashes_each_commitment_as_leaf_data() -> None:
    one, two = bytes(32), bytes([1]) * 32
    left, right = sha256(b"\x00" + one).digest(), sha256(b"\x00" + two).digest()
    assert credential.documents_root([one]) == left
    assert credential.documents_root([one, two]) == sha256(b"\x01" + left + right).digest()


def test_holder_and_leaf_are_written_out_as_specified() -> None:
    holder = credential.holder_commitment(SALT, PUBLIC)
    assert holder == sha256(b"accord/holder/v1\x00" + SALT + PUBLIC).digest()
    leaf = credential.leaf_bytes(BATCH, 258, SALT, holder)
    assert leaf == b"accord/credential/v1\x00" + BATCH + b"\x00\x00\x01\x02" + SALT + holder
    assert credential.credential_leaf_hash(BATCH, 258, SALT, holder) == sha256(b"\x00" + leaf).digest()


def test_frozen_leaf() -> None:
    documents = credential.documents_root([credential.document_commitment("application/vc", SALT, b"{}")])
    leaf = credential.credential_leaf_hash(BATCH, 7, documents, credential.holder_commitment(SALT, PUBLIC))
    assert leaf.hex() == FROZEN_LEAF


@pytest.mark.parametrize(
    "media_type",
    ["", "vc", "Application/vc", "application/vc; x=1", "a/b\x00", "a/b/c", "a/" + "b" * 126, "ä/b", "a/b\n"],
)
def test_other_spellings_of_media_types_are_refused(media_type: str) -> None:
    with pytest.raises(DecodeError) as caught:
        credential.document_commitment(media_type, SALT, b"")
    assert caught.value.code == "CREDENTIAL_MEDIA_TYPE"


@pytest.mark.parametrize("index", [-1, 2**32])
def test_index_is_u32(index: int) -> None:
    with pytest.raises(DecodeError) as caught:
        credential.leaf_bytes(BATCH, index, SALT, SALT)
    assert caught.value.code == "CREDENTIAL_INDEX"


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("salt", partial(credential.document_commitment, "a/b", SALT[1:], b"")),
        ("salt_k", partial(credential.holder_commitment, SALT + b"x", PUBLIC)),
        ("holder_key", partial(credential.holder_commitment, SALT, PUBLIC[1:])),
        ("batch_id", partial(credential.leaf_bytes, BATCH + b"x", 0, SALT, SALT)),
        ("documents", partial(credential.leaf_bytes, BATCH, 0, b"", SALT)),
        ("holder", partial(credential.leaf_bytes, BATCH, 0, SALT, b"")),
        ("documents[1]", partial(credential.documents_root, [SALT, b""])),
    ],
)
def test_wrong_lengths_are_named(path: str, call: Callable[[], bytes]) -> None:
    with pytest.raises(DecodeError) as caught:
        call()
    assert (caught.value.code, caught.value.path) == ("CREDENTIAL_LENGTH", path)


@pytest.mark.parametrize("total", [0, 17])
def test_number_of_documents_is_bounded(total: int) -> None:
    with pytest.raises(DecodeError) as caught:
        credential.documents_root([SALT] * total)
    assert caught.value.code == "CREDENTIAL_DOCUMENTS"
    with pytest.raises(DecodeError) as caught:
        credential.check_document(SALT, 0, total, path=[], documents=SALT)
    assert caught.value.code == "CREDENTIAL_DOCUMENTS"


@settings(max_examples=30)
@given(total=st.integers(1, 16), data=st.data())
def test_one_document_proves_itself_without_the_others(total: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, total - 1))
    commitments = [bytes([item]) * 32 for item in range(total)]
    documents = credential.documents_root(commitments)
    path = proof.inclusion_proof([tree.leaf_hash(item) for item in commitments], position, total)
    credential.check_document(commitments[position], position, total, path=path, documents=documents)
    with pytest.raises(ProofError):
        credential.check_document(b"\xff" * 32, position, total, path=path, documents=documents)


@settings(max_examples=30)
@given(count=st.integers(2, 40), data=st.data())
def test_a_credential_stands_at_one_place_of_its_batch(count: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    leaves = [credential.credential_leaf_hash(BATCH, i, SALT, PUBLIC) for i in range(count)]
    path, root = proof.inclusion_proof(leaves, index, count), tree.root(leaves)

    def check(place: int, of: int) -> None:
        credential.check_credential(BATCH, place, SALT, PUBLIC, path=path, count=of, merkle_root=root)

    check(index, count)
    for place, of in [(index ^ 1, count), (count, count), (index, index)]:
        with pytest.raises(ProofError):
            check(place, of)
