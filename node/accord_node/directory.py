"""Parties, link keys and addresses as the durable ledger knows them (the peer network's Directory)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from accord_ledger.domain.model.party import NODES, Node
from accord_ledger.execute import Executed, Version
from accord_ledger.state import View


class LedgerDirectory:
    """Follows the ``node`` and ``seats`` tables block by block."""

    def __init__(self, version: Version, parties: Iterable[str]) -> None:
        """Start from a version and the ids of the parties that have node keys in it."""
        state = View(version.state)
        self._nodes: dict[str, Node] = {}
        for party in parties:
            node = state.get(NODES, party)
            if node is not None:
                self._nodes[party] = node
        self._validators = tuple(member.party for member in version.members.members)
        self._callbacks: list[Callable[[], None]] = []

    def link_keys(self, party: str) -> tuple[bytes, ...]:
        """See ``accord_node.peer.Directory``."""
        node = self._nodes.get(party)
        return node.link if node is not None else ()

    def endpoint(self, party: str) -> str:
        """See ``accord_node.peer.Directory``."""
        node = self._nodes.get(party)
        return node.endpoint if node is not None else ""

    def validators(self) -> Sequence[str]:
        """See ``accord_node.peer.Directory``."""
        return self._validators

    def parties(self) -> Sequence[str]:
        """See ``accord_node.peer.Directory``."""
        return sorted(self._nodes)

    def node(self, party: str) -> Node | None:
        """Endpoint and keys of a party's node."""
        return self._nodes.get(party)

    def on_change(self, callback: Callable[[], None]) -> None:
        """See ``accord_node.peer.Directory``."""
        self._callbacks.append(callback)

    def on_final(self, block: Executed, _: object, version: Version) -> None:
        """Take over node keys and seats a durable block changed."""
        changed = block.written(NODES)
        for key in changed:
            party, value = key[len(NODES.prefix) : -1].decode(), block.changes[key]
            if value is None:
                self._nodes.pop(party, None)
            else:
                self._nodes[party] = NODES.decode(value)
        validators = tuple(member.party for member in version.members.members)
        if changed or validators != self._validators:
            self._validators = validators
            for callback in self._callbacks:
                callback()
