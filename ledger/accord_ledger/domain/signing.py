"""Who must sign: expressions over (party, purpose), and whether a set of signatures satisfies them.

DOMAIN.md 2.1: ``all_of``, ``any_of``, ``k_of_n``; two leaves are never satisfied by the same key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from accord_ledger.errors import Rejection

KeysOf = Mapping[tuple[str, str], tuple[bytes, ...]]
"""(party, purpose) to the key ids that signed validly with it."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One party signing with one purpose."""

    party: str
    purpose: str
    roles: frozenset[str] = frozenset()
    """Roles of which the party needs one; empty: any."""
    any_status: bool = False
    """Suspended and withdrawn parties may still sign this (revoke, reverse, erase)."""

    def __str__(self) -> str:
        return self.party if self.purpose == "institution" else f"{self.party} {self.purpose}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least ``count`` of the options."""

    count: int
    options: tuple[Need, ...] = field(default=())


Need = Signer | AtLeast
"""A signature requirement."""


def all_of(*options: Need) -> Need:
    """Every option."""
    return options[0] if len(options) == 1 else AtLeast(len(options), options)


def any_of(*options: Need) -> Need:
    """One of the options."""
    return options[0] if len(options) == 1 else AtLeast(1, options)


def k_of(count: int, options: Iterable[Need]) -> Need:
    """At least ``count`` of the options."""
    return AtLeast(count, tuple(options))


Chosen = tuple[tuple[Signer, bytes], ...]


def _choices(need: Need, have: KeysOf, used: frozenset[bytes]) -> Iterator[Chosen]:
    """Every way to satisfy the requirement with keys that are not used yet."""
    if isinstance(need, Signer):
        for key in have.get((need.party, need.purpose), ()):
            if key not in used:
                yield ((need, key),)
        return
    yield from _pick(need.options, need.count, have, used)


def _pick(options: tuple[Need, ...], count: int, have: KeysOf, used: frozenset[bytes]) -> Iterator[Chosen]:
    if count == 0:
        yield ()
        return
    if len(options) < count:
        return
    first, rest = options[0], options[1:]
    for chosen in _choices(first, have, used):
        taken = used | {key for _, key in chosen}
        for others in _pick(rest, count - 1, have, taken):
            yield chosen + others
    yield from _pick(rest, count, have, used)


def _possible(need: Need, have: KeysOf) -> bool:
    if isinstance(need, Signer):
        return bool(have.get((need.party, need.purpose)))
    return sum(_possible(option, have) for option in need.options) >= need.count


def _first_missing(need: Need, have: KeysOf) -> str:
    if isinstance(need, Signer):
        return str(need)
    missing = [option for option in need.options if not _possible(option, have)]
    if need.count == len(need.options):
        return _first_missing(missing[0], have)
    return f"{need.count} of ({', '.join(_first_missing(option, have) for option in missing[:8])})"


def satisfy(need: Need, have: KeysOf) -> Chosen:
    """The signers that satisfy the requirement, each by a key of its own.

    Raises:
        Rejection: ``E_SIG_MISSING`` naming the first missing signer, or ``E_SIG_DISTINCT`` when it
            could only be satisfied by using one key twice.
    """
    while isinstance(need, AtLeast) and need.count == len(need.options) == 1:
        need = need.options[0]
    if isinstance(need, Signer) and (keys := have.get((need.party, need.purpose))):
        return ((need, keys[0]),)
    if not _possible(need, have):
        raise Rejection("E_SIG_MISSING", _first_missing(need, have), path="signatures")
    for chosen in _choices(need, have, frozenset()):
        return chosen
    raise Rejection("E_SIG_DISTINCT", "expected a key of its own for every signer", path="signatures")
