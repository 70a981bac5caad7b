"""What it costs to try a passphrase on a file: as much as promised for people, next to nothing in tests.

A file says its own cost, so whatever reads it reads both. Tests of the promise itself take ``promised_cost``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from accord_client import wallet
from accord_genesis import keyfiles

PROMISED: Final = (wallet._SCRYPT_N, keyfiles._SCRYPT_N)
QUICK: Final = 2**4


def set_cost(patch: pytest.MonkeyPatch, of_wallets: int, of_keys: int) -> None:
    """The ``N`` of scrypt (RFC 7914) in files written from now on."""
    patch.setattr(wallet, "_SCRYPT_N", of_wallets)
    patch.setattr(keyfiles, "_SCRYPT_N", of_keys)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Files of tests open at once."""
    with pytest.MonkeyPatch.context() as patch:
        set_cost(patch, QUICK, QUICK)
        yield


@pytest.fixture
def promised_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files as people get them."""
    set_cost(monkeypatch, *PROMISED)
