"""The judge of a run of whole nodes. It shares no code with the program: it reads bytes with readers of its own.

What it wants: one log, whose entries have the roots that its seals say; no second vote that contradicts a
first, whatever crashed between; everything durable before it is said, and what says that a key never signed gone
for good; one certified seal a view; nothing acknowledged that is lost; nothing final that is lost; equal states; nobody accused who is honest; no node
that stops by itself; and, once the network has healed, all of it final in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgpack

from accord_client.api import SubmitResult
from accord_ledger.execute import Executed, Version
from accord_node.simulate.nodes import words
from accord_node.simulate.nodes.log import Log

Durable = Callable[[str, str], bytes]
"""``durable(host, folder)``: every file of a host's folder as a power cut would leave it at worst."""


class Oracle:
    """Judge of one run.

    Args:
        network: hash of the genesis document.
        honest: hosts that keep the rules, whatever crashes, and whose nodes they are.
        durable: looks at the hosts' disks.
        note: takes a line for the transcript.
    """

    def __init__(
        self, network: bytes, honest: dict[str, str], durable: Durable, note: Callable[[str, str], None]
    ) -> None:
        self.honest = honest
        self.log = Log(network, self.violated)
        self.violations: list[str] = []
        self.acknowledged: dict[bytes, str] = {}
        """Entry -> host that took it."""
        self.heights: dict[str, int] = {}
        """Host -> newest height it has ever held to be final and durable."""
        self._durable = durable
        self._note = note
        self._parties = frozenset(honest.values())
        self._said: dict[tuple[str, int, int], dict[str, bytes]] = {}
        self._epochs: dict[str, int] = {}
        """Newest epoch a host voted in."""
        self._certified: dict[tuple[int, int], bytes] = {}
        self._checked: set[tuple[str, int, int, str, bytes]] = set()
        """Votes of the running life of a host that were found durable."""

    def violated(self, what: str) -> None:
        """Something that must never be seen."""
        self.violations.append(what)
        self._note("judge", f"VIOLATION: {what}")

    # -- what is said ------------------------------------------------------------------------------

    def hears(self, host: str, message: bytes) -> None:
        """A host says something to another."""
        if host not in self.honest:
            return
        for kind, fields in words.frames(message):
            if kind == words.ITEM:
                self._item(host, fields["topic"], msgpack.unpackb(fields["payload"]))

    def _item(self, host: str, topic: int, payload: dict[str, Any]) -> None:
        party = self.honest[host]
        if topic == words.VOTE and payload["member"] == party:
            self._vote(host, payload)
        elif topic == words.PROPOSAL and payload["vote"]["member"] == party:
            if words.seal_hash(payload["seal"]) != payload["vote"]["seal"]:
                self.violated(f"{host} proposed a seal that it did not vote for")
            self._vote(host, payload["vote"])
        elif topic == words.CERTIFICATE and payload["kind"] != "nullify":
            place = (payload["epoch"], payload["view"])
            if self._certified.setdefault(place, payload["seal"]) != payload["seal"]:
                self.violated(f"two seals certified in view {payload['view']}")

    def _vote(self, host: str, vote: dict[str, Any]) -> None:
        kind, epoch, view, seal = vote["kind"], vote["epoch"], vote["view"], vote["seal"]
        key = (host, epoch, view, kind, seal)
        if key in self._checked:
            return
        self._checked.add(key)
        if epoch < self._epochs.setdefault(host, epoch):
            self.violated(f"{host} said {kind} in epoch {epoch} after {self._epochs[host]}")
        self._epochs[host] = max(epoch, self._epochs[host])
        said = self._said.setdefault((self.honest[host], epoch, view), {})
        if said.setdefault(kind, seal) != seal:
            self.violated(f"{host} said two {kind} in view {view}")
        if {"nullify", "finalize"} <= said.keys():
            self.violated(f"{host} said nullify and finalize in view {view}")
        if self._durable(host, "keys"):
            self.violated(f"{host} said {kind} of view {view} while its key is said to be unused")
        journal = self._durable(host, "data/journal")
        self._must_be_durable(host, vote, "itself", found=_voted(vote) in journal)
        if kind == "notarize":
            self._must_be_durable(host, vote, "its body", found=_body(seal) in journal)
            self._must_be_durable(host, vote, "its seal", found=self._holds_seal(journal, seal))
        if kind == "finalize":
            self._must_be_durable(host, vote, "its notarization", found=_notarization(vote) in journal)

    def _must_be_durable(self, host: str, vote: dict[str, Any], what: str, *, found: bool) -> None:
        if not found:
            self.violated(f"{host} said {vote['kind']} of view {vote['view']} before {what} was durable")

    @staticmethod
    def _holds_seal(journal: bytes, seal: bytes) -> bool:
        """Whether a seal of this hash stands in a journal: behind ``entry`` and its length of two bytes."""
        at = journal.find(b"\xa5entry")
        while at >= 0:
            width = {0xC4: 1, 0xC5: 2}.get(journal[at + 6], 0)
            size = int.from_bytes(journal[at + 7 : at + 7 + width], "big")
            if words.seal_hash(journal[at + 7 + width : at + 7 + width + size]) == seal:
                return True
            at = journal.find(b"\xa5entry", at + 1)
        return False

    # -- what becomes of hosts ---------------------------------------------------------------------

    def began(self, host: str, height: int) -> None:
        """See :class:`accord_node.simulate.nodes.host.Witness`."""
        self._checked = {key for key in self._checked if key[0] != host}
        if host in self.honest and height < self.heights.get(host, 0):
            self.violated(f"{host} held height {self.heights[host]} to be final and comes back with {height}")

    def final(self, host: str, block: Executed, version: Version) -> None:
        """See :class:`accord_node.simulate.nodes.host.Witness`."""
        if host not in self.honest:
            return
        self._note(
            host,
            f"final: height {version.height} {version.seal_hash.hex()[:8]} with {len(block.entries)} records",
        )
        self.heights[host] = max(version.height, self.heights.get(host, 0))
        first = block.sealed.seal.first
        self.log.shows(host, first, [*block.entries, block.sealed.entry])
        self.log.stands(host, version.height, version.map.root)

    def answered(self, host: str, entry: bytes, result: SubmitResult, pending: bytes) -> None:
        """See :class:`accord_node.simulate.nodes.host.Witness`."""
        self._note(host, f"answers a client: {result.status} {result.code} {result.tx_id[:8]}")
        if result.status not in {"accepted", "final"} or host not in self.honest:
            return
        self.acknowledged.setdefault(entry, host)
        if entry not in pending and not self.log.holds(entry):
            self.violated(f"{host} said {result.status} of {result.tx_id[:8]} before it was durable")

    def failed(self, host: str, why: str) -> None:
        """See :class:`accord_node.simulate.nodes.host.Witness`."""
        self._note(host, f"STOPS: {why}")
        if host in self.honest:
            self.violated(f"{host} stopped by itself: {why}")

    # -- the end -----------------------------------------------------------------------------------

    def lost(self) -> list[bytes]:
        """Acknowledged entries that are not final."""
        return [entry for entry in self.acknowledged if not self.log.holds(entry)]

    def published(self, host: str, note: bytes) -> None:
        """The newest checkpoint of a host that has its quorum."""
        self.log.checkpoint(host, note)

    def accused(self, host: str, members: Iterable[str]) -> None:
        """Whom a host holds evidence against."""
        for member in members:
            if host in self.honest and member in self._parties:
                self.violated(f"{host} accused {member}, who is honest")


def _voted(vote: dict[str, Any]) -> bytes:
    fields = {name: vote[name] for name in ("epoch", "kind", "seal")}
    return bytes(msgpack.packb({**fields, "type": "voted", "view": vote["view"]}))


def _body(seal: bytes) -> bytes:
    return b"\xa4seal\xc4\x20" + seal + b"\xa4type\xa4body"


def _notarization(vote: dict[str, Any]) -> bytes:
    """First bytes of any journaled notarization that a finalize may rest on, up to its signatures."""
    fields = {"epoch": vote["epoch"], "kind": "notarize", "seal": vote["seal"], "view": vote["view"]}
    return b"\xabcertificate\x85" + bytes(msgpack.packb(fields))[1:] + b"\xa5votes"
