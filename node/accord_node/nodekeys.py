"""The node's own keys: which of those in its files the ledger names, and so which it speaks with.

Keys that are being rotated in lie beside those in use; votes and cosignatures change over with the epoch
that names them, links and notes with the next start. A vote is signed with the key that its epoch names
for this party, and with no other. Whether a key has signed before: :mod:`accord_node.firststart`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from accord_ledger.block import Members
from accord_ledger.domain.model.party import KEYS, Node
from accord_ledger.errors import FatalError
from accord_ledger.keys import SigningKey, key_id
from accord_ledger.state import View


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The node's own keys. An observer has neither vote nor witness."""

    link: SigningKey
    log: SigningKey
    vote: SigningKey | None = None
    witness: SigningKey | None = None
    status: Mapping[str, SigningKey] = field(default_factory=dict)
    """Keys with which institutions let this node sign their status lists, by party."""
    coming: Mapping[str, SigningKey] = field(default_factory=dict)
    """Keys being rotated in, by use (``link``, ``log``, ``vote``, ``witness``)."""

    def held(self, use: str) -> tuple[SigningKey, ...]:
        """Our keys for this use, the one in use first."""
        current: SigningKey | None = getattr(self, use)
        return tuple(key for key in (current, self.coming.get(use)) if key is not None)

    def named(self, use: str, *publics: bytes) -> SigningKey | None:
        """The newest of our keys for this use that the ledger names; None if it names none of them."""
        return next((key for key in reversed(self.held(use)) if key.public in publics), None)

    def vote_in(self, members: Members, party: str) -> SigningKey | None:
        """The key this party votes with in an epoch; None without a seat, or without that key."""
        public = members.vote_key(party)
        return None if public is None else self.named("vote", public)

    def opening(self, use: str, node: Node | None) -> SigningKey:
        """The ``link`` or ``log`` key to start with: a named one, else what the files say is in use."""
        named = () if node is None else node.link if use == "link" else (node.log,)
        return self.named(use, *named) or self.held(use)[0]


def check_node_keys(keys: NodeKeys, party: str, node: Node | None, state: View) -> list[str]:
    """What a start must say of the keys in our files; a mix-up of files must not start at all.

    Args:
        keys: from our files.
        party: ours.
        node: what the ledger, as far as it is here, names for us; None before it names anything.
        state: that ledger.

    Returns:
        Uses of which the ledger names another key than we hold. Ours is one it has never seen: it may
        be named in blocks that are not here yet.

    Raises:
        FatalError: ``NODE_KEYS``: one of our keys is another party's, for another use, or retired.
    """
    unnamed = []
    for use, named in _uses(node):
        ours = keys.held(use)
        if not ours or any(key.public in named for key in ours):
            continue
        for key in ours:
            known = state.get(KEYS, key_id(key.public))
            if known is not None:
                owner = f"the {known.use} key of {known.party}" + ", retired" * (known.valid_to is not None)
                raise FatalError(
                    "NODE_KEYS", f"expected the {use} key that the ledger names for {party}, got {owner}"
                )
        unnamed.append(use)
    return unnamed


def _uses(node: Node | None) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    yield "link", () if node is None else node.link
    for use in ("log", "vote", "witness"):
        yield use, () if node is None else (getattr(node, use),)
