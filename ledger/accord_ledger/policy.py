"""C2SP tlog-policy files: whose checkpoints count, and how many cosignatures make them count.

Accord writes one group of all members of an epoch with k = n - f. It reads the whole language (nested
groups, comments, URLs), with two refusals of its own: a policy without a log, and ``quorum none``,
since a log signature alone proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from accord_ledger.checkpoint import OpenedCheckpoint, decode_decimal, open_checkpoint
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.note import COSIGNATURE, ED25519, VerifierKey

MAX_POLICY_BYTES: Final = 2**18
MAX_NAMES: Final = 512
"""Most logs, and most witnesses and groups together."""

MEMBERS_GROUP: Final = "members"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class Group:
    """A group is satisfied when at least ``threshold`` of its members are."""

    threshold: int
    members: tuple[str, ...]
    """Names of witnesses and of groups defined before this one."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Log keys, witness keys and the quorum rule over them."""

    logs: tuple[VerifierKey, ...]
    """Any one of these may have signed (type 0x01)."""
    witnesses: Mapping[str, VerifierKey]
    """Name within the policy to cosigner key (type 0x04)."""
    groups: Mapping[str, Group]
    """In order of definition."""
    quorum: str
    """The witness or group that must be satisfied."""

    @classmethod
    def of_members(cls, logs: Sequence[VerifierKey], members: Sequence[VerifierKey], k: int) -> Self:
        """The policy of an epoch: any of the logs, and ``k`` of the members."""
        witnesses = {key.name: key for key in members}
        distinct = min(len(witnesses), len({key.public for key in members}))
        if distinct != len(members) or MEMBERS_GROUP in witnesses or not 1 <= k <= distinct:
            raise ValueError(f"expected {k} of members with names and keys of their own, got {len(members)}")
        return cls(tuple(logs), witnesses, {MEMBERS_GROUP: Group(k, tuple(witnesses))}, MEMBERS_GROUP)

    def satisfied_by(self, keys: set[VerifierKey]) -> bool:
        """Whether cosignatures of these keys reach the quorum."""
        reached = {name for name, key in self.witnesses.items() if key in keys}
        for name, group in self.groups.items():
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(name)
        return self.quorum in reached

    def open(self, data: bytes) -> OpenedCheckpoint:
        """The checkpoint in this note, if it is signed and cosigned as the policy demands.

        Raises:
            DecodeError: malformed note or checkpoint.
            ProofError: as ``open_checkpoint``, or ``CHECKPOINT_QUORUM``.
        """
        opened = open_checkpoint(data, self.logs, self.witnesses.values())
        if not self.satisfied_by(set(opened.times)):
            raise ProofError(
                "CHECKPOINT_QUORUM", f"expected the quorum {self.quorum}, got {len(opened.times)} keys"
            )
        return opened

    def format(self) -> bytes:
        """The policy file."""
        lines = [f"log {key}" for key in self.logs]
        lines += [f"witness {name} {key}" for name, key in self.witnesses.items()]
        lines += [
            f"group {name} {group.threshold} {' '.join(group.members)}" for name, group in self.groups.items()
        ]
        return "\n".join([*lines, f"quorum {self.quorum}", ""]).encode()


def parse_policy(data: bytes) -> Policy:
    """The policy in this file.

    Raises:
        DecodeError: ``POLICY_TOO_LARGE``, ``POLICY_ENCODING``, ``POLICY_MALFORMED`` (with the line as
            path), ``POLICY_DUPLICATE``, ``POLICY_UNKNOWN_NAME``, ``POLICY_QUORUM`` or ``NOTE_KEY``.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise DecodeError("POLICY_TOO_LARGE", f"expected at most {MAX_POLICY_BYTES} bytes, got {len(data)}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("POLICY_ENCODING", str(error)) from error
    if _CONTROL.search(text) or not text.endswith("\n"):
        raise DecodeError("POLICY_ENCODING", "expected lines, and no control characters but tab and newline")
    draft = _Draft()
    for number, line in enumerate(text.split("\n"), start=1):
        words = _BLANKS.split(line.strip(" \t"))
        if words[0] and not words[0].startswith("#"):
            draft.read(words, f"line {number}")
    return draft.finish()


class _Draft:
    """A policy while its lines are read."""

    def __init__(self) -> None:
        self.logs: dict[bytes, VerifierKey] = {}
        self.witnesses: dict[str, VerifierKey] = {}
        self.publics: set[bytes] = set()
        self.groups: dict[str, Group] = {}
        self.grouped: set[str] = set()
        self.quorum: str | None = None

    def read(self, words: list[str], path: str) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self._log(VerifierKey.parse(vkey), path)
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self._witness(name, VerifierKey.parse(vkey), path)
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members, path)
            case ["quorum", name]:
                self._quorum(name, path)
            case _:
                raise DecodeError(
                    "POLICY_MALFORMED", f"expected log, witness, group or quorum, got {words[:3]}", path=path
                )

    def finish(self) -> Policy:
        if self.quorum is None:
            raise DecodeError("POLICY_QUORUM", "expected a quorum line")
        if not self.logs:
            raise DecodeError("POLICY_MALFORMED", "expected at least one log")
        return Policy(tuple(self.logs.values()), self.witnesses, self.groups, self.quorum)

    def _log(self, key: VerifierKey, path: str) -> None:
        if key.type_byte != ED25519:
            raise DecodeError("POLICY_MALFORMED", f"expected a log key of type 0x01, got {key}", path=path)
        if key.public in self.logs or len(self.logs) == MAX_NAMES:
            raise DecodeError(
                "POLICY_DUPLICATE", f"expected up to {MAX_NAMES} different logs, got {key}", path=path
            )
        self.logs[key.public] = key

    def _define(self, name: str, path: str) -> None:
        full = len(self.witnesses) + len(self.groups) >= MAX_NAMES
        if name == "none" or name in self.witnesses or name in self.groups or full:
            raise DecodeError(
                "POLICY_DUPLICATE", f"expected up to {MAX_NAMES} new names, got {name}", path=path
            )

    def _witness(self, name: str, key: VerifierKey, path: str) -> None:
        self._define(name, path)
        if key.type_byte != COSIGNATURE:
            raise DecodeError(
                "POLICY_MALFORMED", f"expected a cosigner key of type 0x04, got {key}", path=path
            )
        if key.public in self.publics:
            raise DecodeError("POLICY_DUPLICATE", f"expected different witness keys, got {key}", path=path)
        self.publics.add(key.public)
        self.witnesses[name] = key

    def _group(self, name: str, threshold: str, members: list[str], path: str) -> None:
        self._define(name, path)
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise DecodeError(
                    "POLICY_UNKNOWN_NAME", f"expected a name defined above, got {member}", path=path
                )
            if member in self.grouped:
                raise DecodeError("POLICY_DUPLICATE", f"expected {member} in one group only", path=path)
            self.grouped.add(member)
        words = {"any": 1, "all": len(members)}
        k = words[threshold] if threshold in words else decode_decimal(threshold, "POLICY_MALFORMED")
        if not 1 <= k <= len(members):
            raise DecodeError(
                "POLICY_MALFORMED", f"expected 1 to {len(members)} of the group, got {k}", path=path
            )
        self.groups[name] = Group(k, tuple(members))

    def _quorum(self, name: str, path: str) -> None:
        if self.quorum is not None:
            raise DecodeError("POLICY_QUORUM", "expected one quorum line", path=path)
        if name == "none":
            raise DecodeError(
                "POLICY_QUORUM", "expected cosignatures; a log signature proves nothing", path=path
            )
        if name not in self.witnesses and name not in self.groups:
            raise DecodeError("POLICY_UNKNOWN_NAME", f"expected a name defined above, got {name}", path=path)
        self.quorum = name
