"""Checkpoints and cosignatures: the project's own vector byte for byte, and every way to fall short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.checkpoint import (
    Checkpoint,
    OpenedCheckpoint,
    cosign,
    open_checkpoint,
    parse_checkpoint,
    portable_note,
    quorum_open,
)
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.keys import SigningKey
from accord_ledger.merkle import tree
from accord_ledger.note import COSIGNATURE, Note, NoteSigner, Signature, VerifierKey

TIME = 1_700_000_000
LOG_VKEY = "ledger.example/consortium-1+2e63d067+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
MEMBER_VKEY = "member-a.example/ledger-cosigner+cdba724e+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
VECTOR = """ledger.example/consortium-1
5
GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=

— ledger.example/consortium-1 LmPQZ5vYhU35V3W/E8LXD8NJPl9oXoIYbn6fiaW4hu2hakMK/a5xEa72u95/wTMrhtZ9+w1WF1lCjL+SMZY4emQcpgw=
— member-a.example/ledger-cosigner zbpyTgAAAABlU/EA0LV1t3305yYw5oZXyGK/JBSODspYWfCd0dAONkOqq3oax/WL7MgXPxIt/U7cux3Zq6Dv9sWNFWlguiprZ5DFAw==
"""
"""Log seed 0..31, cosigner seed 32..63, leaves entry-0 to entry-4 (FORMATS.md section 1)."""

LOG = NoteSigner("ledger.example/consortium-1", SigningKey(bytes(range(32))))
CHECKPOINT = Checkpoint(LOG.name, 5, tree.root_of([b"entry-%d" % number for number in range(5)]))
MEMBERS = [SigningKey(bytes([number]) * 32) for number in range(100, 107)]
NAMES = [f"member-{number}.example/cosigner" for number in range(7)]
VKEYS = [VerifierKey(name, COSIGNATURE, key.public) for name, key in zip(NAMES, MEMBERS, strict=True)]


def cosignatures(count: int, text: str = CHECKPOINT.text()) -> list[Signature]:
    return [cosign(text, MEMBERS[at], NAMES[at], TIME + at) for at in range(count)]


def note_with(*lines: Signature, text: str = CHECKPOINT.text()) -> bytes:
    return Note(text, lines).format()


def refused(code: str, data: bytes, k: int = 5, members: list[VerifierKey] = VKEYS) -> None:
    with pytest.raises(AccordError) as caught:
        quorum_open(data, LOG.verifier, members, k)
    assert caught.value.code == code


def test_own_vector_byte_for_byte() -> None:
    cosigner = SigningKey(bytes(range(32, 64)))
    name = "member-a.example/ledger-cosigner"
    text = CHECKPOINT.text()
    assert str(LOG.verifier) == LOG_VKEY
    assert str(VerifierKey(name, COSIGNATURE, cosigner.public)) == MEMBER_VKEY
    assert note_with(LOG.sign(text), cosign(text, cosigner, name, TIME)) == VECTOR.encode()


def test_own_vector_opens() -> None:
    member = VerifierKey.parse(MEMBER_VKEY)
    opened = quorum_open(VECTOR.encode(), VerifierKey.parse(LOG_VKEY), [member], 1)
    assert opened == OpenedCheckpoint(CHECKPOINT, VerifierKey.parse(LOG_VKEY), {member: TIME})


def test_a_quorum_opens_and_less_does_not() -> None:
    text = CHECKPOINT.text()
    for count in range(8):
        data = note_with(LOG.sign(text), *cosignatures(count))
        if count < 5:
            refused("CHECKPOINT_QUORUM", data)
        else:
            opened = quorum_open(data, LOG.verifier, VKEYS, 5)
            assert opened.checkpoint == CHECKPOINT
            assert opened.times == {VKEYS[at]: TIME + at for at in range(count)}


def test_cosignatures_without_the_log_open_nothing() -> None:
    refused("CHECKPOINT_LOG", note_with(*cosignatures(7)))


def test_any_one_of_several_log_keys_is_enough() -> None:
    other = NoteSigner(LOG.name, SigningKey(bytes([9]) * 32))
    data = note_with(other.sign(CHECKPOINT.text()), *cosignatures(5))
    opened = quorum_open(data, [LOG.verifier, other.verifier], VKEYS, 5)
    assert opened.log == other.verifier
    refused("CHECKPOINT_LOG", data)


def test_a_log_key_speaks_for_its_own_origin_only() -> None:
    foreign = Checkpoint("other.example/log", 5, CHECKPOINT.root).text()
    refused("CHECKPOINT_LOG", note_with(LOG.sign(foreign), *cosignatures(7, foreign), text=foreign))


def test_one_member_counts_once() -> None:
    text = CHECKPOINT.text()
    again = [cosign(text, MEMBERS[0], NAMES[0], TIME + at) for at in range(7)]
    refused("CHECKPOINT_QUORUM", note_with(LOG.sign(text), *again))
    opened = quorum_open(note_with(LOG.sign(text), *again), LOG.verifier, VKEYS, 1)
    assert opened.times == {VKEYS[0]: TIME + 6}


def test_one_key_under_many_names_counts_once() -> None:
    text = CHECKPOINT.text()
    aliases = [VerifierKey(name, COSIGNATURE, MEMBERS[0].public) for name in NAMES]
    lines = [cosign(text, MEMBERS[0], name, TIME) for name in NAMES]
    refused("CHECKPOINT_QUORUM", note_with(LOG.sign(text), *lines), members=aliases)


def test_strangers_do_not_count_and_do_not_disturb() -> None:
    text = CHECKPOINT.text()
    data = note_with(LOG.sign(text), *cosignatures(7))
    refused("CHECKPOINT_QUORUM", data, members=VKEYS[:4])
    assert len(quorum_open(data, LOG.verifier, VKEYS[:5], 5).times) == 5


def test_a_cosignature_is_for_one_text_and_one_time() -> None:
    text, other = CHECKPOINT.text(), Checkpoint(LOG.name, 6, CHECKPOINT.root).text()
    moved = cosignatures(5, other)
    refused("NOTE_SIGNATURE_INVALID", note_with(LOG.sign(text), *moved))
    first, *rest = cosignatures(5)
    late = Signature(first.name, first.key_id, (TIME + 1).to_bytes(8, "big") + first.blob[8:])
    refused("NOTE_SIGNATURE_INVALID", note_with(LOG.sign(text), late, *rest))


def test_a_log_signature_does_not_count_as_a_cosignature() -> None:
    text = CHECKPOINT.text()
    signers = [NoteSigner(name, key) for name, key in zip(NAMES, MEMBERS, strict=True)]
    refused("CHECKPOINT_QUORUM", note_with(LOG.sign(text), *[signer.sign(text) for signer in signers]))


def test_a_portable_note_has_sixteen_signatures_at_most() -> None:
    keys = [SigningKey(bytes([number]) * 32) for number in range(20)]
    lines = [cosign(CHECKPOINT.text(), key, f"m{at}.example", TIME) for at, key in enumerate(keys)]
    vkeys = [VerifierKey(f"m{at}.example", COSIGNATURE, key.public) for at, key in enumerate(keys)]
    opened = open_checkpoint(
        portable_note(CHECKPOINT, LOG.sign(CHECKPOINT.text()), lines), [LOG.verifier], vkeys
    )
    assert list(opened.times) == vkeys[:15]


def test_misuse_is_a_programmers_error() -> None:
    text = CHECKPOINT.text()
    data = note_with(LOG.sign(text), *cosignatures(7))
    with pytest.raises(ValueError, match="at least 1"):
        quorum_open(data, LOG.verifier, VKEYS, 0)
    with pytest.raises(ValueError, match="of type"):
        quorum_open(data, VKEYS[0], VKEYS, 1)
    with pytest.raises(ValueError, match="of type"):
        quorum_open(data, LOG.verifier, [LOG.verifier], 1)
    with pytest.raises(ValueError, match="POSIX"):
        cosign(text, MEMBERS[0], NAMES[0], 2**63)
    with pytest.raises(DecodeError):
        cosign("pay me\n", MEMBERS[0], NAMES[0], TIME)


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_checkpoints_are_read_back(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("log.example/a", size, root)
    assert parse_checkpoint(checkpoint.text()) == checkpoint


def test_the_empty_log_has_one_root() -> None:
    assert parse_checkpoint(Checkpoint("log.example", 0, tree.EMPTY_ROOT).text()).size == 0
    with pytest.raises(ValueError, match="empty root"):
        Checkpoint("log.example", 0, bytes(32))


ROOT = "GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"log.example\n5\n{ROOT}",
        f"log.example\n5\n{ROOT}\n\n",
        f"log.example\n5\n{ROOT}\nwithout a last newline",
        f"log.example\n5\n{ROOT}\nextension\n",
        f"\n5\n{ROOT}\n",
        f"log example\n5\n{ROOT}\n",
        f"log+example\n5\n{ROOT}\n",
        f"log.example\n05\n{ROOT}\n",
        f"log.example\n+5\n{ROOT}\n",
        f"log.example\n-5\n{ROOT}\n",
        f"log.example\n5 \n{ROOT}\n",
        f"log.example\n٥\n{ROOT}\n",
        f"log.example\n\n{ROOT}\n",
        f"log.example\n0\n{ROOT}\n",
        f"log.example\n{2**63}\n{ROOT}\n",
        f"log.example\n{'9' * 5000}\n{ROOT}\n",
        f"log.example\n5\n{ROOT[:-1]}\n",
        f"log.example\n5\n{ROOT[:-2]}x=\n",
        "log.example\n5\nAAAA\n",
        f"log.example\r\n5\n{ROOT}\n",
    ],
)
def test_other_texts_are_no_checkpoints(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_checkpoint(text)
    assert caught.value.code == "CHECKPOINT_MALFORMED"
