"""Proof files (C2SP tlog-proof): written, taken apart, checked, and refused when anything is off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.checkpoint import Checkpoint, cosign
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.keys import SigningKey
from accord_ledger.logproof import MAX_EXTRA_BYTES, MAX_LOG_PROOF_BYTES, LogProof, parse_log_proof
from accord_ledger.merkle import tree
from accord_ledger.merkle.proof import MAX_PROOF, inclusion_proof
from accord_ledger.note import COSIGNATURE, Note, NoteSigner, VerifierKey, encode_base64
from accord_ledger.policy import Policy

LOG = NoteSigner("log.example", SigningKey(bytes([1]) * 32))
WITNESS = SigningKey(bytes([2]) * 32)
POLICY = Policy.of_members([LOG.verifier], [VerifierKey("w.example", COSIGNATURE, WITNESS.public)], 1)
HASHES = [tree.leaf_hash(b"entry-%d" % number) for number in range(5)]
CHECKPOINT = Checkpoint(LOG.name, 5, tree.root(HASHES))
TEXT = CHECKPOINT.text()
NOTE = Note(TEXT, (LOG.sign(TEXT), cosign(TEXT, WITNESS, "w.example", 1_700_000_000))).format()
PROOF = LogProof(3, tuple(inclusion_proof(HASHES, 3, 5)), NOTE)


def test_the_file() -> None:
    hashes = [HASHES[2], tree.node_hash(HASHES[0], HASHES[1]), HASHES[4]]
    lines = ["c2sp.org/tlog-proof@v1", "index 3", *map(encode_base64, hashes), "", ""]
    assert PROOF.format() == "\n".join(lines).encode() + NOTE
    assert parse_log_proof(PROOF.format()) == PROOF


def test_extra_data_is_carried_and_means_nothing() -> None:
    proof = LogProof(3, PROOF.path, NOTE, b"extra")
    assert proof.format().startswith(b"c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 3\n")
    assert parse_log_proof(proof.format()) == proof
    assert proof.open(HASHES[3], POLICY).checkpoint == CHECKPOINT


def test_a_proof_opens_for_its_own_entry_only() -> None:
    for index, leaf in enumerate(HASHES):
        proof = parse_log_proof(LogProof(index, tuple(inclusion_proof(HASHES, index, 5)), NOTE).format())
        assert proof.open(leaf, POLICY).checkpoint == CHECKPOINT
        with pytest.raises(ProofError) as caught:
            proof.open(HASHES[index - 1], POLICY)
        assert caught.value.code == "MERKLE_INCLUSION"


def test_a_proof_without_a_believable_checkpoint_is_nothing() -> None:
    unwitnessed = LogProof(3, PROOF.path, Note(TEXT, (LOG.sign(TEXT),)).format())
    with pytest.raises(ProofError) as caught:
        unwitnessed.open(HASHES[3], POLICY)
    assert caught.value.code == "CHECKPOINT_QUORUM"


def test_a_tree_of_one_leaf_has_an_empty_path() -> None:
    proof = LogProof(0, (), NOTE)
    assert proof.format() == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE
    assert parse_log_proof(proof.format()) == proof


HEADER = "c2sp.org/tlog-proof@v1\n"
HASH = encode_base64(bytes(32)) + "\n"


@pytest.mark.parametrize(
    "head",
    [
        "",
        HEADER,
        "c2sp.org/tlog-proof@v2\nindex 3\n",
        HEADER + HASH,
        HEADER + "index 03\n",
        HEADER + "index\n",
        HEADER + "index -3\n",
        HEADER + f"index {2**63}\n",
        HEADER + "index 3\nindex 3\n",
        HEADER + "index 3\nextra AAAA\n",
        HEADER + "extra \nindex 3\n",
        HEADER + "extra AAAA\nextra AAAA\nindex 3\n",
        HEADER + "extra A\nindex 3\n",
        HEADER + f"extra {encode_base64(bytes(MAX_EXTRA_BYTES + 1))}\nindex 3\n",
        HEADER + "index 3\nAAAA\n",
        HEADER + "index 3\n" + HASH[:-3] + "\n",
        HEADER + "index 3\n" + HASH * (MAX_PROOF + 1),
        HEADER + "index 3\né\n",
        HEADER.replace("\n", "\r\n") + "index 3\n",
    ],
)
def test_malformed_files(head: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_log_proof(head.encode() + b"\n" + NOTE)
    assert caught.value.code == "LOG_PROOF_MALFORMED"


def test_a_file_ends_with_its_checkpoint() -> None:
    with pytest.raises(DecodeError) as caught:
        parse_log_proof(f"{HEADER}index 3\n{HASH}".encode())
    assert caught.value.code == "LOG_PROOF_MALFORMED"
    with pytest.raises(DecodeError) as caught:
        parse_log_proof(f"{HEADER}index 3\n{HASH}\n".encode()).open(HASHES[3], POLICY)
    assert caught.value.code == "NOTE_MALFORMED"


def test_oversized_files_are_refused() -> None:
    with pytest.raises(DecodeError) as caught:
        parse_log_proof(PROOF.format() + bytes(MAX_LOG_PROOF_BYTES))
    assert caught.value.code == "LOG_PROOF_TOO_LARGE"


@given(st.binary(max_size=100), st.integers(0, len(PROOF.format())))
def test_bytes_from_anyone_are_a_proof_or_a_named_error(junk: bytes, at: int) -> None:
    data = PROOF.format()[:at] + junk
    named = None
    try:
        proof = parse_log_proof(data)
    except DecodeError as error:
        named = error.code
    assert named == "LOG_PROOF_MALFORMED" if named else proof.format() == data
