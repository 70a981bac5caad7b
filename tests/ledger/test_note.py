"""Signed notes: the example of the specification, and everything a stranger may put in one."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.keys import SigningKey
from accord_ledger.note import (
    COSIGNATURE,
    ED25519,
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    NoteSigner,
    Signature,
    VerifierKey,
    key_id,
    open_note,
    parse_note,
)

C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
"""The verifier key and the note that C2SP signed-note prints as its example."""

ONE = NoteSigner("one.example", SigningKey(bytes([1]) * 32))
TWO = NoteSigner("two.example", SigningKey(bytes([2]) * 32))
TEXT = "first\n\nthird line, with an empty one before it\n"
LINE = "— one.example AAAAAAA=\n"


def signed(text: str, *signers: NoteSigner) -> bytes:
    return Note(text, tuple(signer.sign(text) for signer in signers)).format()


def refused(code: str, data: bytes, *verifiers: VerifierKey) -> None:
    with pytest.raises((DecodeError, ProofError)) as caught:
        open_note(data, verifiers)
    assert caught.value.code == code


def test_the_example_of_the_specification() -> None:
    key = VerifierKey.parse(C2SP_KEY)
    assert str(key) == C2SP_KEY
    assert open_note(C2SP_NOTE, [key]).text == "This is an example message.\n"
    assert parse_note(C2SP_NOTE).format() == C2SP_NOTE
    refused("NOTE_SIGNATURE_INVALID", C2SP_NOTE.replace(b"This", b"That"), key)


def test_a_note_opens_for_any_of_its_signers() -> None:
    data = signed(TEXT, ONE, TWO)
    for signer, other in ((ONE, TWO), (TWO, ONE)):
        opened = open_note(data, [signer.verifier])
        assert opened.text == TEXT
        assert [key for key, _ in opened.verified] == [signer.verifier]
        assert [line.name for line in opened.unknown] == [other.name]
    assert len(open_note(data, [ONE.verifier, TWO.verifier]).verified) == 2


def test_the_text_ends_at_the_last_empty_line() -> None:
    assert parse_note(b"\n\n" + LINE.encode()).text == "\n"
    assert parse_note(b"a\n\n\n" + LINE.encode()).text == "a\n\n"
    assert open_note(signed(TEXT + "\n" + LINE, ONE), [ONE.verifier]).text == TEXT + "\n" + LINE


def test_without_a_known_signature_there_is_no_text() -> None:
    refused("NOTE_UNSIGNED", signed(TEXT, ONE), TWO.verifier)
    refused("NOTE_UNSIGNED", signed(TEXT, ONE))
    namesake = NoteSigner(ONE.name, TWO.key)
    refused("NOTE_UNSIGNED", signed(TEXT, ONE), namesake.verifier)


def test_one_false_signature_of_a_known_key_spoils_the_note() -> None:
    good, false = ONE.sign(TEXT), Signature(TWO.name, TWO.verifier.key_id, bytes(64))
    data = Note(TEXT, (good, false)).format()
    assert open_note(data, [ONE.verifier]).text == TEXT
    refused("NOTE_SIGNATURE_INVALID", data, ONE.verifier, TWO.verifier)
    repeated = Note(TEXT, (good, Signature(ONE.name, good.key_id, bytes(64)))).format()
    refused("NOTE_SIGNATURE_INVALID", repeated, ONE.verifier)


@pytest.mark.parametrize("blob", [b"\x00", bytes(63), bytes(65), bytes(72), bytes(2428)])
@pytest.mark.parametrize("type_byte", [ED25519, COSIGNATURE])
def test_signatures_of_any_length_are_judged(blob: bytes, type_byte: int) -> None:
    key = VerifierKey("key.example", type_byte, ONE.key.public)
    refused("NOTE_SIGNATURE_INVALID", Note(TEXT, (Signature(key.name, key.key_id, blob),)).format(), key)


def test_a_cosignature_from_after_the_end_of_time_is_refused() -> None:
    key = VerifierKey("key.example", COSIGNATURE, ONE.key.public)
    message = f"cosignature/v1\ntime {2**63}\n{TEXT}".encode()
    blob = (2**63).to_bytes(8, "big") + ONE.key.sign(message)
    assert not key.verifies(TEXT, blob)


def test_one_key_may_have_two_types_but_never_one_signature_for_both() -> None:
    cosigner = VerifierKey(ONE.name, COSIGNATURE, ONE.key.public)
    assert cosigner.key_id != ONE.verifier.key_id
    relabelled = Signature(ONE.name, cosigner.key_id, bytes(8) + ONE.sign(TEXT).blob)
    refused("NOTE_SIGNATURE_INVALID", Note(TEXT, (relabelled,)).format(), cosigner)


def test_two_keys_with_one_name_and_id_are_refused() -> None:
    """The id has 32 bits: these two collide, found by trying a hundred thousand."""
    first, second = (VerifierKey(ONE.name, ED25519, number.to_bytes(32, "big")) for number in (32963, 161340))
    assert first.key_id == second.key_id
    refused("NOTE_KEY_AMBIGUOUS", signed(TEXT, ONE), ONE.verifier, first, second)
    assert open_note(signed(TEXT, ONE), [ONE.verifier, first, first]).text == TEXT


def test_at_least_sixteen_signatures_are_accepted_and_no_more_than_the_bound() -> None:
    signers = [NoteSigner(f"member-{at}.example", SigningKey(bytes([at]) * 32)) for at in range(20)]
    assert len(open_note(signed(TEXT, *signers), [signer.verifier for signer in signers]).verified) == 20
    most = TEXT + "\n" + LINE * MAX_SIGNATURES
    assert len(parse_note(most.encode()).signatures) == MAX_SIGNATURES
    refused("NOTE_TOO_MANY_SIGNATURES", (most + LINE).encode(), ONE.verifier)


def test_oversized_notes_are_refused() -> None:
    head = "\n\n" + LINE
    assert parse_note(b"x" * (MAX_NOTE_BYTES - len(head.encode())) + head.encode())
    refused("NOTE_TOO_LARGE", b"x" * (MAX_NOTE_BYTES + 1), ONE.verifier)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("NOTE_MALFORMED", b""),
        ("NOTE_MALFORMED", b"text\n"),
        ("NOTE_MALFORMED", b"text\n\n"),
        ("NOTE_MALFORMED", b"text\n" + LINE.encode()),
        ("NOTE_MALFORMED", b"text\n\n" + LINE.encode().rstrip()),
        ("NOTE_ENCODING", b"\xff\n\n" + LINE.encode()),
        ("NOTE_ENCODING", b"\xed\xa0\x80\n\n" + LINE.encode()),
        ("NOTE_ENCODING", b"te\txt\n\n" + LINE.encode()),
        ("NOTE_ENCODING", b"text\r\n\n" + LINE.encode()),
        ("NOTE_ENCODING", b"te\x00xt\n\n" + LINE.encode()),
    ],
)
def test_malformed_notes(code: str, data: bytes) -> None:
    refused(code, data, ONE.verifier)


@pytest.mark.parametrize(
    "line",
    [
        "- one.example AAAAAAA=",
        "—one.example AAAAAAA=",
        "—  AAAAAAA=",
        "— one.example",
        "— one.example ",
        "— one+example AAAAAAA=",
        "— one\u2003example AAAAAAA=",
        "— one\u00a0example AAAAAAA=",
        f"— {'n' * 256} AAAAAAA=",
        "— one.example AAAAAAA",
        "— one.example AAAAAAB=",
        "— one.example AAAAAA==",
        "— one.example AAAAAAA= ",
        "— one.example AAAA AAA=",
        "— one.example AAAA-AA=",
        "— one.example ＡAAAAAA=",
        " — one.example AAAAAAA=",
        "not a signature",
    ],
)
def test_malformed_signature_lines(line: str) -> None:
    refused("NOTE_SIGNATURE_LINE", f"text\n\n{line}\n".encode(), ONE.verifier)
    refused("NOTE_SIGNATURE_LINE", f"text\n\n{LINE}{line}\n".encode(), ONE.verifier)


def test_keys_are_read_back_and_split_at_the_first_two_pluses() -> None:
    plus = next(
        VerifierKey("many.example", ED25519, key.public)
        for key in (SigningKey(number.to_bytes(32, "big")) for number in range(1000))
        if str(VerifierKey("many.example", ED25519, key.public)).count("+") > 3
    )
    assert VerifierKey.parse(str(plus)) == plus
    assert plus.key_id == key_id("many.example", 1, plus.public)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        C2SP_KEY.replace("530d903a", "530d903b"),
        C2SP_KEY.replace("530d903a", "530D903A"),
        C2SP_KEY.replace("530d903a", "530d903"),
        C2SP_KEY.replace("+AekyeRrm", "+BekyeRrm"),
        C2SP_KEY.replace("+AekyeRrm", "+CekyeRrm"),
        C2SP_KEY.replace("/foo", "/bar"),
        C2SP_KEY.replace("/foo", " foo"),
        C2SP_KEY[:-1],
        C2SP_KEY + "=",
        C2SP_KEY[:-4],
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+",
        "\ud800+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_malformed_keys(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        VerifierKey.parse(text)
    assert caught.value.code == "NOTE_KEY"


@pytest.mark.parametrize(
    ("name", "type_byte", "size"),
    [("key.example", 2, 32), ("key.example", 0, 32), ("key.example", 1, 31), ("key.example", 4, 33),
     ("", 1, 32), ("two words", 1, 32)],
)  # fmt: skip
def test_a_key_that_cannot_be_used_is_refused_though_its_id_is_right(
    name: str, type_byte: int, size: int
) -> None:
    public = bytes(range(size))
    material = b64encode(bytes([type_byte]) + public).decode()
    with pytest.raises(DecodeError) as caught:
        VerifierKey.parse(f"{name}+{key_id(name, type_byte, public).hex()}+{material}")
    assert caught.value.code == "NOTE_KEY"


def test_a_name_has_at_most_255_bytes() -> None:
    assert VerifierKey("n" * 255, ED25519, ONE.key.public)
    with pytest.raises(ValueError, match="key name"):
        VerifierKey("n" * 256, ED25519, ONE.key.public)


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "nul\x00\n", "cr\r\n"])
def test_what_is_no_text_is_never_signed(text: str) -> None:
    with pytest.raises(ValueError, match="expected text"):
        ONE.sign(text)
    with pytest.raises(ValueError, match="expected text"):
        Note(text, ()).format()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n")))
def test_any_text_comes_back(body: str) -> None:
    text = body + "\n"
    assert open_note(signed(text, ONE), [ONE.verifier]).text == text


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: signed(TEXT, ONE)[:-40] + tail))
def test_bytes_from_anyone_are_a_note_or_a_named_error(data: bytes) -> None:
    named = None
    try:
        note = parse_note(data)
    except DecodeError as error:
        named = error.code
    assert named.startswith("NOTE_") if named else note.format() == data
