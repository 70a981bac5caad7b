"""The memory of good signatures: what it answers, how much it keeps, and that nothing else is taken for it."""

import gc
from hashlib import sha256

from accord_ledger.keys import SigningKey
from accord_node.signatures import SignatureCache

KEY = SigningKey.from_seed(b"s" * 32)


def signed(number: int) -> tuple[bytes, bytes, bytes]:
    message = sha256(bytes([number])).digest()
    return KEY.public, message, KEY.sign(message)


def test_a_good_signature_is_checked_once() -> None:
    cache = SignatureCache()
    assert cache(*signed(1))
    assert cache(*signed(1))
    assert (cache.checked, cache.remembered) == (1, 1)


def test_a_bad_one_is_not_remembered() -> None:
    cache = SignatureCache()
    public, message, signature = signed(1)
    for _ in range(2):
        assert not cache(public, message + b"!", signature)
    assert (cache.checked, cache.remembered) == (2, 0)


def test_another_key_or_message_under_a_known_signature_is_checked() -> None:
    cache = SignatureCache()
    public, message, signature = signed(1)
    assert cache(public, message, signature)
    other = SigningKey.from_seed(b"o" * 32).public
    for stranger in (
        (other, message),
        (public, b""),
        (public + message[:1], message[1:]),
        (public[:-1], public[-1:] + message),
    ):
        assert not cache(*stranger, signature)
    assert cache.remembered == 0


def test_the_newest_are_remembered_and_old_ones_forgotten() -> None:
    cache = SignatureCache(capacity=20)
    for number in range(40):
        cache.remember(*signed(number))
    assert all(cache(*signed(number)) for number in range(30, 40))
    assert (cache.checked, cache.remembered) == (0, 10)
    assert all(cache(*signed(number)) for number in range(20))
    assert (cache.checked, cache.remembered) == (20, 10)


def test_the_garbage_collector_looks_at_no_signature() -> None:
    cache = SignatureCache()
    for number in range(8):
        cache.remember(*signed(number))
    held = [one for one in gc.get_referents(cache) if isinstance(one, dict)]
    assert sorted(map(len, held)) == [0, 8]
    assert not any(map(gc.is_tracked, held))
