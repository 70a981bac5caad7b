"""What a scenario sends, apart from how it is executed.

An :class:`Act` is plain data: kind, body, who signs, which holders sign, and the verdict it must get. A
:class:`Fact` is what state must say afterwards. A :class:`Stage` executes acts: the state machine in memory,
or real nodes through their clients; the very same steps run on both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from accord_ledger.codec import Wire
from accord_ledger.domain.items import Item
from accord_ledger.domain.kind import Body
from accord_ledger.keys import SigningKey
from accord_ledger.state import Part, Table
from accord_ledger.transaction import Draft, Scope
from domain_alliance import key_of
from exchange_world import holder_key

ACCEPTED = "accepted"

SOME = object()
"""In a fact: any value but None."""


@dataclass(frozen=True)
class Act:
    """One record and the verdict it must get."""

    kind: str
    body: Body
    signers: tuple[str, ...]
    """``party`` (its ``institution`` key) or ``party purpose``; the first one's party is the author."""
    holders: tuple[tuple[bytes, int], ...] = ()
    """(batch id, index) of the credentials whose holders sign."""
    expected: str = ACCEPTED
    """``accepted``, or ``CODE``, or ``CODE(argument)`` where the argument is a word of the detail."""

    @property
    def author(self) -> str:
        """The party that submits."""
        return self.signers[0].split(" ")[0]

    def signing_keys(self) -> list[SigningKey]:
        """Every key that signs."""
        pairs = [signer.partition(" ") for signer in self.signers]
        own = [key_of(party, purpose or "institution") for party, _, purpose in pairs]
        return own + [holder_key(*credential) for credential in self.holders]


@dataclass(frozen=True)
class Fact:
    """What state must say."""

    table: Table[Any]
    parts: tuple[Part, ...]
    values: Mapping[str, object] | None
    """Field to value, or to :data:`SOME`; None: there is nothing under these parts."""

    def check(self, found: Wire | None) -> None:
        """Compare with what a stage answered."""
        place = f"{self.table.name} {self.parts!r}"
        if self.values is None:
            assert found is None, f"expected no {place}, got {found}"
            return
        assert found is not None, f"expected a {place}"
        for name, expected in self.values.items():
            got = getattr(found, name)
            good = got is not None if expected is SOME else got == expected
            assert good, f"expected {name} {expected!r}, got {got!r} in {place}"


Script = list[Act | Fact]
"""What a step sends, in order, and what must hold in between."""


@dataclass(frozen=True)
class Verdict:
    """What became of an act."""

    code: str = ACCEPTED
    detail: str = ""
    result: Mapping[str, str] = field(default_factory=dict)
    """Computed facts of an accepted record."""

    def check(self, expected: str) -> None:
        """Compare with ``Act.expected``."""
        code, _, argument = expected.rstrip(")").partition("(")
        word = rf"(?<![\w/]){re.escape(argument)}(?![\w/])"
        assert self.code == code, f"expected {expected}, got {self}"
        assert not argument or re.search(word, self.detail), f"expected {expected}, got {self}"


class Stage(Protocol):
    """Where a scenario is played."""

    async def submit(self, act: Act) -> Verdict:
        """Send the record at the present ledger time and wait for what becomes of it."""

    async def advance(self, time: int) -> None:
        """Move ledger time (UTC seconds) forward and let what falls due happen."""

    async def query(self, table: Table[Any], *parts: Part) -> Any:
        """A state value as it is now, or None."""


def entry_of(act: Act, network: bytes, expires: int, nonce: int, scope: Scope = "tx") -> bytes:
    """The signed record of an act."""
    draft = Draft(
        network=network, kind=act.kind, author=act.author, body=act.body, expires=expires,
        nonce=nonce.to_bytes(16, "big"),
    )  # fmt: skip
    for key in act.signing_keys():
        draft.sign(key, scope)
    return draft.entry()


def holders_of(items: list[Item]) -> tuple[tuple[bytes, int], ...]:
    """The holders of items, as :attr:`Act.holders` names them."""
    return tuple((item.batch_id, item.index) for item in items)


async def perform(stage: Stage, element: Act | Fact) -> None:
    """Play one element of a script and hold the stage to what it expects."""
    if isinstance(element, Act):
        (await stage.submit(element)).check(element.expected)
    else:
        element.check(await stage.query(element.table, *element.parts))
