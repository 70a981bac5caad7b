"""What a transaction kind is, and the registry that finds every kind in ``domain/kinds``.

A kind is one class: body, signers, checks in order, writes, weight, errors. Its module is found by
being there; nothing else lists it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Generic, TypeVar

from accord_ledger import codec
from accord_ledger.domain.context import Context
from accord_ledger.domain.signing import Need
from accord_ledger.fields import Seconds


class Body(codec.Wire):
    """Base of every transaction body."""

    sign_by: Seconds = 0
    """Until when (UTC seconds) signatures with scope ``body`` count; 0: there are none."""


B = TypeVar("B", bound=Body)
P = TypeVar("P")


class TransactionKind(Generic[B, P]):
    """One row of DOMAIN.md 2.4.

    The pipeline calls the methods in this order; the first ``Rejection`` is the answer (DOMAIN.md 2.5):
    :meth:`values`, window, duplicates, :meth:`weight`, :meth:`signers`, roles and status of the signers,
    :meth:`unused`, :meth:`check`, and then :meth:`apply`, which cannot fail.
    """

    name: ClassVar[str]
    """The ``kind`` of the envelope."""
    row: ClassVar[str]
    """Row of DOMAIN.md 2.4."""
    body: ClassVar[type[Body]]
    errors: ClassVar[tuple[str, ...]] = ()
    """Own error codes, besides those every kind can give (tested: a kind raises no other)."""
    in_genesis: ClassVar[bool] = False
    """A genesis document may hold what this kind makes."""
    as_transaction: ClassVar[bool] = True
    """False: only genesis makes these for now."""
    node_signs: ClassVar[bool] = False
    """The ``log`` key of a party's node may sign, too: what the record says proves itself."""

    def values(self, body: B) -> None:
        """Values against each other, without state: ``E_SCHEMA``, ``E_NUMBER``, ``E_VALUE``."""

    def holders(self, body: B) -> tuple[bytes, ...]:
        """Public keys of the holders whose signatures the record must or may carry."""
        del body
        return ()

    def weight(self, ctx: Context, body: B) -> int:
        """Row of DOMAIN.md 2.12, besides signatures."""
        raise NotImplementedError

    def signers(self, ctx: Context, body: B) -> Need:
        """Which institutional signatures the record needs."""
        raise NotImplementedError

    def unused(self, ctx: Context, body: B) -> None:
        """Ids used before (``E_DUPLICATE``) and versions other than last + 1 (``E_VERSION``)."""

    def check(self, ctx: Context, body: B) -> P:
        """The row's own checks, left to right; returns what :meth:`apply` needs."""
        raise NotImplementedError

    def apply(self, ctx: Context, body: B, plan: P) -> None:
        """Write the state change."""
        raise NotImplementedError


_found: dict[str, TransactionKind[Any, Any]] = {}

K = TypeVar("K", bound=type[TransactionKind[Any, Any]])


def transaction_kind(cls: K) -> K:
    """Class decorator that registers a kind under its name."""
    if cls.name in _found:
        raise ValueError(f"transaction kind {cls.name} is declared twice")
    _found[cls.name] = cls()
    return cls


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, TransactionKind[Any, Any]]:
    """Every kind by name."""
    package = importlib.import_module("accord_ledger.domain.kinds")
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")
    return dict(sorted(_found.items()))
