"""Signatures checked in other processes: the same verdicts, in order, whoever does the work."""

from __future__ import annotations

import pytest

from accord_client.audit import verifying
from accord_client.audit.verifying import GoodSignatures, Job, Verifying, check_packed, pack
from accord_ledger.keys import SigningKey

KEY = SigningKey.from_seed(b"\7" * 32)


def jobs(count: int, bad: tuple[int, ...] = ()) -> list[Job]:
    """Signatures over messages of many lengths, some off by a bit."""
    made = []
    for number in range(count):
        message = number.to_bytes(4, "big") * (number % 70)
        signature = KEY.sign(message)
        made.append((KEY.public, message, signature[::-1] if number in bad else signature))
    return made


def test_packed_jobs_are_judged_in_order() -> None:
    assert check_packed(pack(jobs(70, bad=(3, 69)))) == bytes(place not in (3, 69) for place in range(70))
    assert check_packed(b"") == b""


@pytest.mark.parametrize("processes", [1, 2])
def test_groups_come_back_in_order_without_the_bad_ones(processes: int) -> None:
    groups = [jobs(20, bad=(number,)) for number in range(8)]
    with Verifying(processes) as pool:
        for group in groups:
            pool.submit(group)
        found = [pool.next() for _ in groups]
    assert found == [set(group) - {group[number]} for number, group in enumerate(groups)]


def test_an_empty_group_is_fine() -> None:
    with Verifying(2) as pool:
        pool.submit([])
        assert pool.next() == set()


def test_the_main_process_helps_with_groups_nobody_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[bytes] = []

    def counting(public: bytes, message: bytes, signature: bytes) -> bool:
        checked.append(message)
        return bool(public and signature)

    with Verifying(2) as pool:
        for _ in range(30):
            pool.submit(jobs(20))
        monkeypatch.setattr(verifying, "verifies", counting)
        for _ in range(30):
            pool.next()
    assert checked


def test_only_known_good_signatures_are_believed() -> None:
    good, other = jobs(2)[1:], jobs(3)[2]
    checker = GoodSignatures(frozenset(good))
    assert checker(*good[0])
    assert checker.late == 0
    assert checker(*other)
    assert not checker(other[0], other[1], good[0][2])
    assert checker.late == 2
