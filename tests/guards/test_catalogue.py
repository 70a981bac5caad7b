"""The catalogue of guards is up to date: each guard is where it says, and its tests exist."""

from __future__ import annotations

import pytest

from guards.__main__ import BEGIN, END, PAGE, ROOT, page
from guards.catalogue import GUARDS
from guards.guard import Guard


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_guard_stands_where_it_says_and_names_its_tests(guard: Guard) -> None:
    assert (ROOT / guard.file).read_text().count(guard.text) == 1
    assert guard.without != guard.text
    assert guard.tests
    for test in guard.tests:
        path, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text()


def test_names_are_different() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


def test_the_page_shows_this_catalogue() -> None:
    text = PAGE.read_text()
    assert page(GUARDS) == BEGIN + text.split(BEGIN)[1].split(END)[0] + END
