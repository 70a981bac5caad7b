"""Language tags: which exist, by the registry's own examples, and that each has one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.errors import Rejection
from accord_ledger.language_subtags import REGIONS, SCRIPTS, THREE_LETTERS, TWO_LETTERS
from accord_ledger.languages import check_language, is_language


@pytest.mark.parametrize(
    "tag",
    ["en", "zh", "nl", "ms", "ar", "de-CH", "zh-Hans", "sr-Latn-RS", "es-419", "yue", "hsb", "zsm", "haw"],
)
def test_tags_that_exist(tag: str) -> None:
    assert is_language(tag)
    check_language(tag, "here")


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("eng", "two letters are the spelling where there are two"),
        ("iw", "replaced by he"),
        ("xx", "never assigned"),
        ("qaa", "private use"),
        ("und", "names no language"),
        ("zh-Zyyy", "names no script"),
        ("en-Xyzw", "never assigned"),
        ("en-UK", "reserved, not a region"),
        ("en-XA", "private use"),
        ("de-DD", "replaced by de"),
        ("en-999", "never assigned"),
        ("EN", "another spelling"),
        ("zh-hant", "another spelling"),
        ("en-us", "another spelling"),
        ("en-", "not finished"),
        ("", "nothing"),
        ("en-GB-oxendict", "a variant"),
        ("e\u0301n", "not ASCII"),
        ("en\n", "more than a tag"),
        ("a" * 10_000, "too long to be one"),
    ],
)
def test_tags_that_do_not(tag: str, why: str) -> None:
    assert not is_language(tag), why
    with pytest.raises(Rejection, match="E_SCHEMA"):
        check_language(tag, "here")


def test_the_registry_is_whole() -> None:
    """Sizes of the registry as of its date; every subtag has the form its place asks for."""
    languages = [word[:2] + last for word in THREE_LETTERS.split() for last in word[2:]]
    assert (len(TWO_LETTERS.split()), len(languages)) == (185, 7850)
    assert (len(SCRIPTS.split()), len(REGIONS.split())) == (217, 290)
    assert all(len(code) == 2 for code in TWO_LETTERS.split())
    for codes in (TWO_LETTERS.split(), languages, SCRIPTS.split(), REGIONS.split()):
        assert codes == sorted(set(codes))


@given(
    st.sampled_from(TWO_LETTERS.split()), st.sampled_from(SCRIPTS.split()), st.sampled_from(REGIONS.split())
)
def test_every_combination_is_a_tag_in_this_case_alone(language: str, script: str, region: str) -> None:
    tag = f"{language}-{script}-{region}"
    assert is_language(tag)
    assert not is_language(tag.upper())
    assert not is_language(tag.lower())
    assert not is_language(tag.replace("-", "_"))
