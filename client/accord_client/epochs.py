"""Epochs as a verifier knows them: whose checkpoints count in which part of the log (FORMATS.md section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import Meta

from accord_genesis.document import Genesis
from accord_ledger import codec
from accord_ledger.block import Members
from accord_ledger.handoff import Followed, Handoff
from accord_ledger.note import COSIGNATURE, ED25519, VerifierKey
from accord_ledger.policy import Policy

MAX_HANDOFFS: Final = 1000
"""Most epochs between a pin and the present; who is further behind takes a newer pin."""

MAX_LOGS: Final = 512
"""Log keys remembered; those of the newest members first."""


def witness_name(origin: str, party: str) -> str:
    """Key name of a member's witness key (FORMATS.md section 1)."""
    return f"{origin}/{party}"


@dataclass(frozen=True, slots=True)
class KnownEpoch:
    """One epoch of the log, and whose checkpoints count in it."""

    policy: Policy
    """Who must have signed and cosigned."""
    members: Members | None = None
    """The set the policy stands for, where the pin tells it."""
    begins: int = 0
    """Entries of the log before its first block."""
    ended_by: bytes = b""
    """Canonical hand-off that ended it; empty while none is known."""


class HandoffMemory(codec.Wire):
    """The hand-offs followed since the pin, as they are kept on disk."""

    handoffs: Annotated[tuple[Handoff, ...], Meta(max_length=MAX_HANDOFFS)] = ()


def policy_of_genesis(genesis: Genesis) -> Policy:
    """Any node's log key, and n - f of the members of the first epoch (FORMATS.md section 1)."""
    origin = genesis.document.origin
    logs = [VerifierKey(origin, ED25519, public) for public in genesis.log_keys][:MAX_LOGS]
    witnesses = [
        VerifierKey(witness_name(origin, member.party), COSIGNATURE, member.witness)
        for member in genesis.members.members
    ]
    return Policy.of_members(logs, witnesses, genesis.members.quorum)


def policy_of_epoch(origin: str, followed: Followed, before: Policy) -> Policy:
    """Log keys of the new members besides those known before, and n - f of the members.

    A log key that was retired proves nothing without the quorum, so it may stay.
    """
    epoch = followed.epoch
    logs = dict.fromkeys([*(VerifierKey(origin, ED25519, public) for public in epoch.logs), *before.logs])
    witnesses = [
        VerifierKey(witness_name(origin, member.party), COSIGNATURE, member.witness)
        for member in epoch.members.members
    ]
    return Policy.of_members(list(logs)[:MAX_LOGS], witnesses, epoch.members.quorum)
