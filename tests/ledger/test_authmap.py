"""The state map against a plain dict and a definition of its root written from the design's words."""

import gc
import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger.authmap.map import AuthMap, diff
from accord_ledger.authmap.subtree import (
    EMPTY_ROOT,
    MAX_NODES,
    Node,
    Subtree,
    children_of,
    path_of,
    value_digest,
)
from accord_ledger.tags import Tag

Hashes = dict[bytes, bytes]


def defined_root(content: Mapping[bytes, bytes], depth: int = 0) -> bytes:
    """Root of {path: value hash}: at most 16 leaves are a bucket, otherwise a node of 16 subtrees."""
    if len(content) <= 16:
        return Tag.STATE_BUCKET.digest(*(path + content[path] for path in sorted(content)))
    return Tag.STATE_NODE.digest(
        *(
            defined_root({path: content[path] for path in content if path.hex()[depth] == digit}, depth + 1)
            for digit in "0123456789abcdef"
        )
    )


def hashed(content: Mapping[bytes, bytes]) -> Hashes:
    return {Tag.STATE_KEY.digest(key): Tag.STATE_VALUE.digest(value) for key, value in content.items()}


def numbered(count: int, start: int = 0) -> dict[bytes, bytes]:
    return {b"key %d" % number: b"value %d" % number for number in range(start, start + count)}


def check_shape(subtree: Subtree) -> int:
    """Count the leaves of a subtree; every node must hold more than 16, every bucket at most 16."""
    if isinstance(subtree, bytes):
        assert len(subtree) % 64 == 0
        assert len(subtree) <= 16 * 64
        return len(subtree) // 64
    count = sum(map(check_shape, children_of(subtree)))
    assert count > 16
    return count


# Paths with few free nibbles in the middle or at the end share long prefixes, so that buckets split and
# merge many levels down, which honest keys would do once in a lifetime.
near_paths = st.builds(
    lambda stem, free, tail: bytes.fromhex((stem * 64)[: 64 - 3 - tail] + f"{free:03x}" + "0" * tail),
    st.sampled_from("7e"),
    st.integers(0, 0xFFF),
    st.sampled_from([0, 1, 2, 40]),
)
value_hashes = st.integers(0, 3).map(lambda number: bytes([number]) * 32)
near_changes = st.dictionaries(near_paths, st.none() | value_hashes, max_size=60)


def test_empty_map() -> None:
    empty = AuthMap.empty()
    assert empty.root == EMPTY_ROOT == Tag.STATE_BUCKET.digest() == defined_root({})
    assert len(empty) == 0
    assert not empty.contains(b"")
    assert empty.value_hash(b"k") is None
    assert AuthMap.build([]).root == empty.root
    assert empty.update({}) is empty
    assert empty.update({b"absent": None}) is empty


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 18, 33, 255, 256, 257, 300, 3000])
def test_build_and_update_have_the_defined_root(count: int) -> None:
    content = numbered(count)
    built = AuthMap.build(content.items())
    assert built.root == defined_root(hashed(content)) == AuthMap.empty().update(content).root
    assert len(built) == count == check_shape(built.top)
    assert list(built.leaves()) == sorted(hashed(content).items())


def test_one_key_at_a_time_up_and_down() -> None:
    content = numbered(120)
    changing, held = AuthMap.empty(), dict[bytes, bytes]()
    for key, value in content.items():
        changing = changing.update({key: value})
        held[key] = value
        assert changing.root == defined_root(hashed(held))
    for key in sorted(content):
        changing = changing.update({key: None})
        del held[key]
        assert changing.root == defined_root(hashed(held))
        assert len(changing) == len(held)
    assert changing.root == EMPTY_ROOT


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.binary(max_size=1), st.none() | st.binary(max_size=1)), max_size=8))
def test_batches_against_a_dict(batches: list[dict[bytes, bytes | None]]) -> None:
    changing, model = AuthMap.empty(), dict[bytes, bytes]()
    for changes in batches:
        changing = changing.update(changes)
        model.update({key: value for key, value in changes.items() if value is not None})
        model = {key: value for key, value in model.items() if changes.get(key, b"") is not None}
        assert changing.root == defined_root(hashed(model))
        assert len(changing) == len(model)
    for key in [bytes([octet]) for octet in range(256)]:
        assert changing.contains(key) == (key in model)
        assert changing.value_hash(key) == (value_digest(model[key]) if key in model else None)


@settings(max_examples=150, deadline=None)
@given(st.lists(near_changes, max_size=6))
def test_long_shared_prefixes(batches: list[dict[bytes, bytes | None]]) -> None:
    changing, model = AuthMap.empty(), Hashes()
    for changes in batches:
        changing = changing.update_hashed(changes)
        for path, value_hash in changes.items():
            if value_hash is None:
                model.pop(path, None)
            else:
                model[path] = value_hash
        assert changing.root == defined_root(model)
        assert len(changing) == len(model) == check_shape(changing.top)
    assert changing.root == AuthMap.build_hashed(model.items()).root
    assert all(changing.value_hash_at(path) == model.get(path) for changes in batches for path in changes)


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 400), st.integers(1, 120))
def test_history_leaves_no_trace(chance: random.Random, count: int, size: int) -> None:
    content, detour = list(numbered(count).items()), list(numbered(count, 10**6).items())
    steps: list[tuple[bytes, bytes | None]] = [*content, *detour]
    chance.shuffle(steps)
    steps += [(key, None) for key, _ in detour]
    wandering = AuthMap.empty()
    for at in range(0, len(steps), size):
        wandering = wandering.update(dict(steps[at : at + size]))
    chance.shuffle(content)
    assert wandering.root == AuthMap.build(content).root == defined_root(hashed(dict(content)))


def test_a_bucket_splits_and_merges_at_every_depth() -> None:
    for depth in range(MAX_NODES):
        paths = [bytes.fromhex(f"{'a' * depth}{n // 16:x}{n % 16:x}".ljust(64, "0")) for n in range(17)]
        whole = AuthMap.build_hashed((path, path) for path in paths)
        assert whole.root == defined_root({path: path for path in paths})
        sixteen = whole.update_hashed({paths[5]: None})
        assert isinstance(sixteen.top, bytes)
        assert sixteen.root == defined_root({path: path for path in paths if path != paths[5]})
        assert sixteen.update_hashed({paths[5]: paths[5]}).root == whole.root


def test_old_versions_stay() -> None:
    versions = [AuthMap.build(numbered(500).items())]
    for step in range(10):
        changes = numbered(40, 480 + 10 * step) | {b"key %d" % step: b"again"}
        versions.append(versions[-1].update({**changes, b"key %d" % (100 + step): None}))
    roots = [version.root for version in versions]
    assert len(set(roots)) == len(roots)
    for version in versions:
        assert version.root == defined_root(dict(version.leaves()))
        assert len(version) == sum(1 for _ in version.leaves())


def test_unchanged_parts_are_shared() -> None:
    before = AuthMap.build(numbered(5000).items())
    after = before.update({b"key 7": b"new"})
    changed = path_of(b"key 7")[0] >> 4
    assert isinstance(before.top, Node)
    assert isinstance(after.top, Node)
    pairs = zip(children_of(before.top), children_of(after.top), strict=True)
    assert [one is other for one, other in pairs] == [slot != changed for slot in range(16)]
    assert after.update({b"key 7": b"new", b"nothing": None}) is after
    assert before.update(numbered(5000)) is before


def test_a_path_inside_a_value_hash_is_not_found() -> None:
    inner, outer = b"\x22" * 32, b"\x11" * 32
    held = AuthMap.build_hashed([(outer, inner)])
    assert held.value_hash_at(outer) == inner
    assert held.value_hash_at(inner) is None
    assert held.update_hashed({inner: outer}).value_hash_at(inner) == outer


def test_keys_come_once_and_hashes_are_whole() -> None:
    with pytest.raises(ValueError, match="each key once"):
        AuthMap.build([(b"k", b"1"), (b"other", b""), (b"k", b"2")])
    with pytest.raises(ValueError, match="each key once"):
        AuthMap.build_hashed([(b"p" * 32, bytes([number]) * 32) for number in range(40)])
    with pytest.raises(ValueError, match="32 bytes"):
        AuthMap.build_hashed([(b"p" * 31, b"v" * 32)])
    with pytest.raises(ValueError, match="32 bytes"):
        AuthMap.empty().update_hashed({b"p" * 32: b"v"})
    with pytest.raises(ValueError, match="32 bytes"):
        AuthMap.empty().update_hashed({b"": None})


@settings(max_examples=80, deadline=None)
@given(near_changes, near_changes)
def test_diff_against_dicts(first: dict[bytes, bytes | None], second: dict[bytes, bytes | None]) -> None:
    left = {path: value for path, value in first.items() if value is not None}
    right = {path: value for path, value in {**first, **second}.items() if value is not None}
    expected = sorted(path for path in left.keys() | right.keys() if left.get(path) != right.get(path))
    one, other = AuthMap.build_hashed(left.items()), AuthMap.build_hashed(right.items())
    assert diff(one, other) == diff(other, one) == expected
    assert diff(one, AuthMap.build_hashed(left.items())) == []


def test_diff_of_large_maps() -> None:
    base = AuthMap.build(numbered(4000).items())
    other = base.update({b"key 3": b"x", b"key 4": None, b"fresh": b"y"})
    assert diff(base, other) == sorted(map(path_of, [b"key 3", b"key 4", b"fresh"]))
    assert len(diff(AuthMap.empty(), base)) == 4000


def test_diff_looks_only_where_hashes_differ() -> None:
    base = AuthMap.build(numbered(4000).items())
    other = base.update({b"key 3": b"x"})
    assert isinstance(base.top, Node)
    assert isinstance(other.top, Node)
    pairs = zip(children_of(base.top), children_of(other.top), strict=True)
    hollow = Node(*(b"" if one is two else one for one, two in pairs), base.top.preimage)  # type: ignore[call-arg,arg-type]  # 16 and one
    assert diff(AuthMap(hollow, 0), other) == [path_of(b"key 3")]


def test_the_garbage_collector_sees_no_part_of_a_map() -> None:
    before = AuthMap.build(numbered(2000).items())
    after = before.update(numbered(100, 1950) | {b"key 7": b"new"})
    for node in (before.top, after.top):
        assert isinstance(node, Node)
        assert not any(map(gc.is_tracked, (node, *children_of(node))))


def test_repr_names_size_and_root() -> None:
    assert repr(AuthMap.empty()) == f"AuthMap(0 keys, root {EMPTY_ROOT.hex()[:16]})"
