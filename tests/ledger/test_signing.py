"""Signature requirements against a search through every assignment of keys to leaves."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.domain.signing import AtLeast, Need, Signer, all_of, any_of, k_of, satisfy
from accord_ledger.errors import Rejection

A, B, C = Signer("a", "institution"), Signer("b", "institution"), Signer("c", "institution")
QUALITY = Signer("a", "quality")
KEY_1, KEY_2, KEY_3 = b"1", b"2", b"3"


def have(**keys: bytes) -> dict[tuple[str, str], tuple[bytes, ...]]:
    """One key for each ``party_purpose`` (``party`` alone: institution)."""
    found: dict[tuple[str, str], tuple[bytes, ...]] = {}
    for name, key in keys.items():
        party, _, purpose = name.partition("_")
        found[party, purpose or "institution"] = (key,)
    return found


def test_all_of_names_the_first_that_is_missing() -> None:
    assert satisfy(all_of(A, B), have(a=KEY_1, b=KEY_2)) == ((A, KEY_1), (B, KEY_2))
    with pytest.raises(Rejection) as caught:
        satisfy(all_of(A, QUALITY, B), have(a=KEY_1))
    assert (caught.value.code, caught.value.detail) == ("E_SIG_MISSING", "a quality")


def test_any_of_and_k_of() -> None:
    assert satisfy(any_of(A, B), have(b=KEY_2)) == ((B, KEY_2),)
    assert satisfy(k_of(2, (A, B, C)), have(a=KEY_1, c=KEY_3)) == ((A, KEY_1), (C, KEY_3))
    with pytest.raises(Rejection) as caught:
        satisfy(k_of(2, (A, B, C)), have(a=KEY_1))
    assert (caught.value.code, caught.value.detail) == ("E_SIG_MISSING", "2 of (b, c)")


def test_one_key_satisfies_one_leaf() -> None:
    both = {("a", "institution"): (KEY_1,), ("a", "quality"): (KEY_1,)}
    with pytest.raises(Rejection, match="E_SIG_DISTINCT"):
        satisfy(all_of(A, QUALITY), both)
    two = {("a", "institution"): (KEY_1, KEY_2), ("a", "quality"): (KEY_1,)}
    assert satisfy(all_of(A, QUALITY), two) == ((A, KEY_2), (QUALITY, KEY_1))


def test_the_same_leaf_twice_needs_two_keys() -> None:
    with pytest.raises(Rejection, match="E_SIG_DISTINCT"):
        satisfy(all_of(A, A), have(a=KEY_1))
    assert len(satisfy(all_of(A, A), {("a", "institution"): (KEY_1, KEY_2)})) == 2


def test_nothing_needs_nobody() -> None:
    assert satisfy(AtLeast(0, (A,)), {}) == ()
    with pytest.raises(Rejection, match="E_SIG_MISSING"):
        satisfy(AtLeast(1, ()), have(a=KEY_1))


signers = st.sampled_from([A, B, C, QUALITY])
needs = st.recursive(
    signers,
    lambda inner: st.builds(AtLeast, st.integers(0, 3), st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=6,
)
key_sets = st.dictionaries(
    st.sampled_from([("a", "institution"), ("b", "institution"), ("c", "institution"), ("a", "quality")]),
    st.sets(st.sampled_from([KEY_1, KEY_2, KEY_3]), min_size=1).map(lambda keys: tuple(sorted(keys))),
)


def leaves(need: Need) -> list[Signer]:
    return (
        [need] if isinstance(need, Signer) else [leaf for option in need.options for leaf in leaves(option)]
    )


def holds(need: Need, assigned: list[bytes | None], place: list[int]) -> bool:
    """Whether the leaves that were given keys satisfy the requirement; walks leaves in order."""
    if isinstance(need, Signer):
        place[0] += 1
        return assigned[place[0] - 1] is not None
    return sum([holds(option, assigned, place) for option in need.options]) >= need.count


def possible(need: Need, keys: dict[tuple[str, str], tuple[bytes, ...]]) -> bool:
    choices = [(None, *keys.get((leaf.party, leaf.purpose), ())) for leaf in leaves(need)]
    for assigned in product(*choices):
        used = [key for key in assigned if key is not None]
        if len(used) == len(set(used)) and holds(need, list(assigned), [0]):
            return True
    return False


@given(needs, key_sets)
def test_satisfied_exactly_when_some_assignment_exists(
    need: Need, keys: dict[tuple[str, str], tuple[bytes, ...]]
) -> None:
    if not possible(need, keys):
        with pytest.raises(Rejection, match=r"E_SIG_MISSING|E_SIG_DISTINCT"):
            satisfy(need, keys)
        return
    chosen = satisfy(need, keys)
    used = [key for _, key in chosen]
    assert len(used) == len(set(used))
    assert all(key in keys[signer.party, signer.purpose] for signer, key in chosen)


def test_the_largest_alliance_is_quick() -> None:
    many = [Signer(f"p{place:03}", "governance") for place in range(100)]
    keys = {(signer.party, signer.purpose): (signer.party.encode(),) for signer in many[33:]}
    assert len(satisfy(k_of(67, many), keys)) == 67
    with pytest.raises(Rejection, match="E_SIG_MISSING"):
        satisfy(k_of(68, many), keys)
