"""Tables, views that stack, and the source beneath them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger import codec
from accord_ledger.errors import DecodeError
from accord_ledger.state import MemorySource, Part, Table, View, table_types


class Note(codec.Wire):
    """A value."""

    text: str


NOTES: Table[Note] = Table("test_note", Note)
OTHERS: Table[Note] = Table("test_note_other", Note)


def test_a_table_has_one_name() -> None:
    assert table_types()["test_note"] is Note
    with pytest.raises(ValueError, match="twice"):
        Table("test_note", Note)


slug = st.text("abc-", min_size=1, max_size=3)
ids = st.binary(min_size=4, max_size=4)
number = st.integers(0, 2**53)
shapes: Any = st.sampled_from(
    [(slug,), (slug, slug), (slug, number), (slug, slug, number), (ids,), (ids, number)]
)


@given(shapes.flatmap(lambda shape: st.tuples(st.tuples(*shape), st.tuples(*shape))))
def test_different_parts_have_different_keys(pair: tuple[tuple[Part, ...], tuple[Part, ...]]) -> None:
    first, second = pair
    assert (NOTES.key(*first) == NOTES.key(*second)) == (first == second)
    assert NOTES.key(*first) != OTHERS.key(*first)


def test_own_writes_first_then_the_parents() -> None:
    source = MemorySource({NOTES.key("a"): codec.encode(Note(text="old"))})
    view = View(source)
    child = View(view)
    assert child.get(NOTES, "a") == Note(text="old")
    view.put(NOTES, Note(text="new"), "a")
    child = View(view)
    assert child.get(NOTES, "a") == Note(text="new")
    child.delete(NOTES, "a")
    assert (child.get(NOTES, "a"), child.exists(NOTES, "a")) == (None, False)
    assert view.exists(NOTES, "a")


def test_what_is_undone_leaves_nothing_and_what_is_kept_all() -> None:
    view = View(MemorySource())
    view.begin()
    view.put(NOTES, Note(text="dropped"), "a")
    view.undo()
    assert view.changes() == {}
    view.begin()
    view.put(NOTES, Note(text="kept"), "b")
    view.delete(NOTES, "a")
    view.keep()
    view.begin()
    view.delete(NOTES, "b")
    view.put(NOTES, Note(text="again"), "b")
    view.undo()
    assert view.changes() == {NOTES.key("a"): None, NOTES.key("b"): codec.encode(Note(text="kept"))}


def test_changes_stand_in_key_order_whatever_the_order_of_writing() -> None:
    names = ["b", "a", "c"]
    for order in (names, names[::-1]):
        view = View(MemorySource())
        for name in order:
            view.put(NOTES, Note(text=name), name)
        assert list(view.changes()) == [NOTES.key(name) for name in sorted(names)]


def test_a_source_forgets_what_it_decoded_when_written() -> None:
    source = MemorySource({NOTES.key("a"): codec.encode(Note(text="1"))})
    assert View(source).get(NOTES, "a") == Note(text="1")
    source.write({NOTES.key("a"): codec.encode(Note(text="2"))})
    assert View(source).get(NOTES, "a") == Note(text="2")
    source.write({NOTES.key("a"): None, NOTES.key("b"): None})
    assert not View(source).exists(NOTES, "a")


def test_existence_is_told_without_the_value() -> None:
    source = MemorySource({NOTES.key("a"): b"not canonical"})
    view = View(View(source))
    assert view.exists(NOTES, "a")
    with pytest.raises(DecodeError):
        view.get(NOTES, "a")


def test_rebased_it_reads_from_the_new_parent() -> None:
    view = View(View(MemorySource()))
    view.put(NOTES, Note(text="mine"), "b")
    view.rebase(MemorySource({NOTES.key("a"): codec.encode(Note(text="theirs"))}))
    assert view.get(NOTES, "a") == Note(text="theirs")
    assert view.get(NOTES, "b") == Note(text="mine")


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3) | st.none(), st.booleans()), max_size=12)
)
def test_stacked_views_read_like_one_dictionary(script: list[tuple[str, int | None, bool]]) -> None:
    """Every write, and now and then a view over what there is."""
    model: dict[str, int | None] = {}
    view = View(MemorySource())
    for name, value, fork in script:
        view = View(view) if fork else view
        model[name] = value
        if value is None:
            view.delete(NOTES, name)
        else:
            view.put(NOTES, Note(text=str(value)), name)
    for name in "abcd":
        found = view.get(NOTES, name)
        assert (int(found.text) if found else None) == model.get(name)
        assert view.exists(NOTES, name) == (model.get(name) is not None)
