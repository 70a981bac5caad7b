"""Domain tags: each once, none the beginning of another's input, and the published ones as published."""

from hashlib import sha256
from itertools import permutations

import pytest

from accord_ledger.note import check_text
from accord_ledger.tags import Tag


def test_each_tag_has_its_own_value() -> None:
    assert len(Tag) == len(Tag.__members__)


def test_no_tag_begins_the_message_of_another() -> None:
    for one, other in permutations(Tag, 2):
        assert not one.message().startswith(other.message())


@pytest.mark.parametrize("tag", Tag)
def test_tags_are_plain_versioned_names(tag: Tag) -> None:
    text = tag.value.decode("ascii")
    assert text.startswith("accord/")
    assert text.rsplit("/", 1)[1].startswith("v")
    assert all(letter.islower() or letter.isdigit() or letter in "-/" for letter in text)
    assert tag.name.startswith("SIGN_") == text.startswith("accord/sign/")


@pytest.mark.parametrize("tag", Tag)
def test_digest_and_message_are_the_written_constructions(tag: Tag) -> None:
    message = tag.value + b"\x00" + b"one" + b"two"
    assert tag.message(b"one", b"two") == message
    assert tag.digest(b"one", b"two") == sha256(message).digest()


def test_the_published_tags() -> None:
    """FORMATS.md section 2 gives these three to the outside world."""
    assert Tag.DOCUMENT.value == b"accord/document/v1"
    assert Tag.HOLDER.value == b"accord/holder/v1"
    assert Tag.CREDENTIAL.value == b"accord/credential/v1"


@pytest.mark.parametrize("tag", [tag for tag in Tag if tag.name.startswith("SIGN_")])
def test_nothing_signed_under_a_tag_is_a_note_text(tag: Tag) -> None:
    """The zero byte after a tag is a control character, which no signed note may contain."""
    with pytest.raises(ValueError, match="control"):
        check_text(tag.message(b"anything\n").decode())
