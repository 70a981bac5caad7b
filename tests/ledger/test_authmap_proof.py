"""Proofs of the state map: complete for every key, and nothing else is accepted for it."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord_ledger.authmap.map import AuthMap
from accord_ledger.authmap.proof import (
    LEVEL_BYTES,
    MapProof,
    check_absence,
    check_path_absence,
    check_path_presence,
    check_presence,
)
from accord_ledger.authmap.subtree import EMPTY_ROOT, MAX_NODES, path_of, value_digest
from accord_ledger.codec import decode, encode
from accord_ledger.errors import AccordError, DecodeError, ProofError
from accord_ledger.tags import Tag

CONTENT = {b"key %d" % number: b"value %d" % number for number in range(400)}
STATE = AuthMap.build(CONTENT.items())
ABSENT = [b"absent %d" % number for number in range(400)]
HERE, VALUE = b"key 11", b"value 11"
NOWHERE = next(key for key in ABSENT if STATE.prove(key).bucket == b"")


def leaf(path: bytes) -> bytes:
    return path + Tag.STATE_VALUE.digest(path)


def place(prefix: str, end: int = 0) -> bytes:
    """The path that begins with these hex digits and ends in a number."""
    return bytes.fromhex(prefix.ljust(60, "0") + f"{end:04x}")


def node_root(children: dict[int, bytes]) -> bytes:
    """Hash of a node with these child hashes, whether or not it has a right to be one."""
    return Tag.STATE_NODE.digest(*(children.get(slot, EMPTY_ROOT) for slot in range(16)))


def refused(root: bytes, key: bytes, value: bytes, proof: MapProof) -> bool:
    """Whether a proof shows nothing at all about a key: neither presence nor absence."""
    with pytest.raises(ProofError) as presence:
        check_presence(root, key, value, proof)
    with pytest.raises(ProofError) as absence:
        check_absence(root, key, proof)
    return (presence.value.code, absence.value.code) == ("MAP_PRESENCE", "MAP_ABSENCE")


def path_refused(root: bytes, path: bytes, proof: MapProof, why: str) -> bool:
    """Like :func:`refused` for a path whose value hash is that of :func:`leaf`; names the reason."""
    with pytest.raises(ProofError, match=why):
        check_path_presence(root, path, leaf(path)[32:], proof)
    with pytest.raises(ProofError, match=why):
        check_path_absence(root, path, proof)
    return True


@pytest.mark.parametrize("count", [0, 1, 16, 17, 40, 400])
def test_every_key_is_present_and_no_other(count: int) -> None:
    content = dict(list(CONTENT.items())[:count])
    state = AuthMap.build(content.items())
    for key in [*CONTENT, *ABSENT]:
        proof = decode(encode(state.prove(key)), MapProof)
        if key in content:
            check_presence(state.root, key, content[key], proof)
            with pytest.raises(ProofError, match="MAP_ABSENCE"):
                check_absence(state.root, key, proof)
        else:
            check_absence(state.root, key, proof)
            with pytest.raises(ProofError, match="MAP_PRESENCE"):
                check_presence(state.root, key, b"value", proof)


def test_a_proof_is_for_one_value_and_one_root() -> None:
    proof = STATE.prove(HERE)
    with pytest.raises(ProofError, match=r"MAP_PRESENCE.*expected value hash"):
        check_presence(STATE.root, HERE, b"value 12", proof)
    changed = STATE.update({b"key 12": b"other"})
    assert refused(changed.root, HERE, VALUE, proof)
    assert refused(b"", HERE, VALUE, proof)
    check_presence(changed.root, HERE, VALUE, changed.prove(HERE))


def test_old_versions_can_still_be_proved() -> None:
    versions = [STATE]
    for number in range(8):
        versions.append(versions[-1].update({HERE: b"version %d" % number, b"key %d" % (20 + number): None}))
    for number, version in enumerate(versions[1:]):
        check_presence(version.root, HERE, b"version %d" % number, version.prove(HERE))
        check_absence(version.root, b"key %d" % (20 + number), version.prove(b"key %d" % (20 + number)))
    check_presence(STATE.root, HERE, VALUE, STATE.prove(HERE))


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.tuples(st.sampled_from(["", "5" * 20, "5" * 60]), st.integers(0, 0xFFFF)), max_size=80),
    st.data(),
)
def test_long_shared_prefixes(where: set[tuple[str, int]], data: st.DataObject) -> None:
    paths = {place(*pair) for pair in where}
    state = AuthMap.build_hashed((path, leaf(path)[32:]) for path in paths)
    for path in paths:
        check_path_presence(state.root, path, leaf(path)[32:], state.prove_path(path))
    other = data.draw(st.builds(place, st.sampled_from(["", "5" * 20, "5" * 60]), st.integers(0, 0xFFFF)))
    if other not in paths:
        check_path_absence(state.root, other, state.prove_path(other))


def test_the_deepest_proof() -> None:
    paths = [bytes(31) + bytes([number]) for number in range(17)]
    state = AuthMap.build_hashed((path, leaf(path)[32:]) for path in paths)
    proof = decode(encode(state.prove_path(paths[3])), MapProof)
    assert len(proof.levels) == MAX_NODES
    check_path_presence(state.root, paths[3], leaf(paths[3])[32:], proof)
    check_path_absence(state.root, bytes(30) + b"\x01\x00", state.prove_path(bytes(30) + b"\x01\x00"))
    deeper = replace(proof, levels=(*proof.levels, bytes(2)))
    assert path_refused(state.root, paths[3], deeper, "at most 63 levels")


def mutated(data: bytes) -> Iterator[bytes]:
    """Every flipped bit, every truncation, and some extensions."""
    for at in range(len(data)):
        yield data[:at]
        for bit in range(8):
            yield data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
    yield from (data + b"\x00", data + data, b"\x00" + data)


@pytest.mark.parametrize("key", [HERE, NOWHERE])
def test_no_other_bytes_prove_anything(key: bytes) -> None:
    decoded = 0
    for data in mutated(encode(STATE.prove(key))):
        try:
            proof = decode(data, MapProof)
        except DecodeError:
            continue
        decoded += 1
        assert refused(STATE.root, key, VALUE, proof)
    assert decoded > 1000


def restructured(proof: MapProof) -> Iterator[MapProof]:
    """The proof with siblings, levels and leaves dropped, doubled, swapped, added."""
    levels, bucket = proof.levels, proof.bucket
    yield from (replace(proof, levels=levels[:at] + levels[at + 1 :]) for at in range(len(levels)))
    yield from (replace(proof, levels=(*levels[:at], levels[at], *levels[at:])) for at in range(len(levels)))
    yield from (replace(proof, levels=levels[::-1]), replace(proof, levels=(*levels, bytes(2))))
    yield from (replace(proof, bucket=bucket[:at] + bucket[at + 64 :]) for at in range(0, len(bucket), 64))
    yield from (
        replace(proof, bucket=bucket[:at] + bucket[at - 64 :]) for at in range(64, len(bucket) + 1, 64)
    )
    yield from (
        replace(proof, bucket=extra) for extra in (bucket + leaf(b"\xff" * 32), leaf(bytes(32)) + bucket)
    )
    for depth, level in enumerate(levels):
        bitmap = int.from_bytes(level[:2], "big")
        for slot in range(16):
            at = 2 + 32 * (bitmap & (1 << slot) - 1).bit_count()
            flipped = (bitmap ^ 1 << slot).to_bytes(2, "big")
            new = [flipped + level[2:at] + level[at + 32 :]] if bitmap >> slot & 1 else []
            new += (
                [] if new else [flipped + level[2:at] + fill + level[at:] for fill in (EMPTY_ROOT, bytes(32))]
            )
            yield from (replace(proof, levels=(*levels[:depth], one, *levels[depth + 1 :])) for one in new)


@pytest.mark.parametrize("key", [HERE, NOWHERE, b"key 200", ABSENT[0]])
def test_no_other_structure_proves_anything(key: bytes) -> None:
    original = STATE.prove(key)
    attempts = [proof for proof in restructured(original) if proof != original]
    assert len(attempts) > 40
    assert all(refused(STATE.root, key, CONTENT.get(key, b""), proof) for proof in attempts)


def test_proofs_of_other_keys_prove_nothing_else() -> None:
    for other in [*CONTENT, *ABSENT[:50]]:
        proof = STATE.prove(other)
        if proof == STATE.prove(HERE):
            check_presence(STATE.root, HERE, VALUE, proof)
        else:
            assert refused(STATE.root, HERE, VALUE, proof)


def test_a_bucket_that_should_be_a_node() -> None:
    paths = [place("", number) for number in range(17)]
    bucket = b"".join(map(leaf, paths))
    assert path_refused(
        Tag.STATE_BUCKET.digest(bucket), paths[0], MapProof(bucket=bucket), "at most 16 leaves"
    )
    cut = bucket[:127]
    assert path_refused(Tag.STATE_BUCKET.digest(cut), paths[0], MapProof(bucket=cut), "leaves of 64 bytes")


def test_a_node_that_should_be_a_bucket() -> None:
    path = place("7")
    root = node_root({7: Tag.STATE_BUCKET.digest(leaf(path))})
    assert path_refused(root, path, MapProof(levels=(bytes(2),), bucket=leaf(path)), "more than 16 leaves")
    assert path_refused(node_root({}), path, MapProof(levels=(bytes(2),)), "more than 16 leaves")


def test_a_bucket_in_the_wrong_place() -> None:
    """A key cannot be hidden where its path does not lead, nor shown there."""
    path, sibling = place("7"), b"\x01" * 32
    level = (1 << 3).to_bytes(2, "big") + sibling
    stray = MapProof(levels=(level,), bucket=leaf(place("8")))
    root = node_root({3: sibling, 7: Tag.STATE_BUCKET.digest(stray.bucket)})
    assert path_refused(root, path, stray, "begin with 7")
    mixed = MapProof(levels=(level,), bucket=leaf(place("7", 1)) + leaf(place("8")))
    root = node_root({3: sibling, 7: Tag.STATE_BUCKET.digest(mixed.bucket)})
    assert path_refused(root, place("7", 1), mixed, "begin with 7")


def test_leaves_out_of_order_or_twice() -> None:
    first, second = leaf(place("1")), leaf(place("2"))
    for bucket in (second + first, first + first, first + place("1") + bytes(32)):
        root = Tag.STATE_BUCKET.digest(bucket)
        assert path_refused(root, place("1"), MapProof(bucket=bucket), "byte order")


def test_a_node_is_never_read_as_a_bucket() -> None:
    """Even child hashes that look like well-formed leaves hash under another tag."""
    fake = [bytes([number]) * 32 for number in range(16)]
    root = Tag.STATE_NODE.digest(*fake)
    assert path_refused(root, fake[0], MapProof(bucket=b"".join(fake)), "expected root")


def test_siblings_are_spelled_in_one_way() -> None:
    path, sibling = place("7"), b"\x01" * 32
    bucket = leaf(path)
    own = Tag.STATE_BUCKET.digest(bucket)
    root = node_root({3: sibling, 7: own})
    bits = {3: sibling, 7: own, 9: EMPTY_ROOT}

    def level(*slots: int) -> bytes:
        return sum(1 << slot for slot in slots).to_bytes(2, "big") + b"".join(bits[slot] for slot in slots)

    check_path_presence(root, path, bucket[32:], MapProof(levels=(level(3),), bucket=bucket))
    cases = {level(3, 7): "nibble 7", level(3, 9): "not empty at nibble 9", level(3) + sibling: "34 bytes"}
    cases |= {level(3)[:-1]: "34 bytes", b"": "2 bytes", b"\x00": "2 bytes"}
    for wrong, why in cases.items():
        assert path_refused(root, path, MapProof(levels=(wrong,), bucket=bucket), why)


def test_an_empty_child_is_not_spelled_out_among_fifteen_either() -> None:
    path, leaves = place("7"), leaf(place("7"))
    children = {slot: bytes([slot + 1]) * 32 for slot in range(16)}
    children |= {7: Tag.STATE_BUCKET.digest(leaves), 9: EMPTY_ROOT}
    full = (0xFFFF ^ 1 << 7).to_bytes(2, "big") + b"".join(children[slot] for slot in children if slot != 7)
    assert len(full) == LEVEL_BYTES
    wrong = MapProof(levels=(full,), bucket=leaves)
    assert path_refused(node_root(children), path, wrong, "not empty at nibble 9")


def test_decoding_is_bounded() -> None:
    good = encode(STATE.prove(HERE))
    assert decode(good, MapProof) == STATE.prove(HERE)
    assert encode(MapProof()) == b"\x80"
    bad: list[object] = [
        {"levels": [bytes(2)] * (MAX_NODES + 1)},
        {"levels": [bytes(LEVEL_BYTES + 1)]},
        {"levels": [b"\x00"]},
        {"bucket": bytes(17 * 64)},
        {"bucket": "text"},
        {"bucket": b"", "more": 1},
        {"levels": []},
        {"bucket": b""},
    ]
    for value in bad:
        with pytest.raises(DecodeError):
            decode(encode(value), MapProof)


def test_errors_say_where_and_belong_to_the_tree() -> None:
    proof = replace(STATE.prove(HERE), levels=(*STATE.prove(HERE).levels[:-1], b"\x00\x01"))
    with pytest.raises(AccordError) as caught:
        check_presence(STATE.root, HERE, VALUE, proof)
    assert caught.value.code == "MAP_PRESENCE"
    assert caught.value.path == f"levels[{len(proof.levels) - 1}]"
    with pytest.raises(ValueError, match="path of 32 bytes"):
        check_path_absence(STATE.root, b"short", proof)


def test_keys_and_values_are_hashed_under_their_tags() -> None:
    assert path_of(HERE) == Tag.STATE_KEY.digest(HERE)
    assert value_digest(VALUE) == Tag.STATE_VALUE.digest(VALUE)
    check_path_presence(STATE.root, path_of(HERE), value_digest(VALUE), STATE.prove(HERE))
