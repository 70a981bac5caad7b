"""Checkpoints judged by the keys of the ledger itself: who signed, who cosigned, and whether two agree.

Any party's ``log`` key may have signed; of the cosigners, the members of the epoch count, and n - f of them
make what the checkpoint covers final (FORMATS.md section 1, DESIGN.md section 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accord_client.audit.report import Finding
from accord_ledger.block import Members
from accord_ledger.checkpoint import Checkpoint, parse_checkpoint
from accord_ledger.errors import AccordError, ProofError
from accord_ledger.note import COSIGNATURE, ED25519, VerifierKey, open_note, parse_note


@dataclass(frozen=True, slots=True)
class Keys:
    """Whose signatures count."""

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[VerifierKey, ...]
    quorum: int
    """n - f of the witnesses."""


def keys_of(origin: str, logs: Iterable[bytes], members: Members) -> Keys:
    """Verifier keys under the names this network gives them: origin, and origin/party.

    Args:
        origin: of the genesis document.
        logs: public ``log`` keys of all nodes.
        members: the set that cosigns.
    """
    return Keys(
        tuple(VerifierKey(origin, ED25519, public) for public in sorted(set(logs))),
        tuple(
            VerifierKey(f"{origin}/{member.party}", COSIGNATURE, member.witness) for member in members.members
        ),
        members.quorum,
    )


def read(note: bytes) -> Checkpoint:
    """What a note claims, before anything is believed.

    Raises:
        DecodeError: malformed note or checkpoint.
    """
    return parse_checkpoint(parse_note(note).text)


def judge_log_signature(note: bytes, origin: str, keys: Keys) -> Finding | None:
    """Whether a log key of this network signed the note, for this log."""
    try:
        checkpoint = read(note)
        if checkpoint.origin != origin:
            return Finding("checkpoint", "CHECKPOINT_ORIGIN", origin, checkpoint.origin)
        open_note(note, keys.logs)
    except AccordError as error:
        code = "CHECKPOINT_LOG" if error.code == "NOTE_UNSIGNED" else error.code
        return Finding("checkpoint", code, "a signature by a log key of this network", error.detail)
    return None


def cosigners(note: bytes, keys: Keys) -> frozenset[VerifierKey]:
    """Members whose cosignatures on the note are good.

    Raises:
        DecodeError: malformed note.
        ProofError: a member's cosignature is there and fails.
    """
    try:
        opened = open_note(note, keys.witnesses)
    except ProofError as error:
        if error.code == "NOTE_UNSIGNED":
            return frozenset()
        raise
    return frozenset(key for key, _ in opened.verified)


def judge_finality(note: bytes, keys: Keys) -> Finding | None:
    """Whether a quorum of members cosigned the note."""
    try:
        signed = cosigners(note, keys)
    except AccordError as error:
        return Finding("finality", error.code, "valid cosignatures", error.detail)
    if len(signed) < keys.quorum:
        names = ", ".join(sorted(key.name for key in signed)) or "none"
        return Finding("finality", "CHECKPOINT_QUORUM", f"{keys.quorum} cosigners", f"{len(signed)}: {names}")
    return None


def judge_consistency(
    note: bytes, other: bytes, keys: Keys, roots: dict[int, bytes]
) -> tuple[Finding | None, str]:
    """Whether the audited log continues another checkpoint.

    Args:
        note: the audited checkpoint.
        other: another one of the same log, whoever kept it.
        keys: whose signatures count.
        roots: root of the audited log at the sizes of other checkpoints.

    Returns:
        A finding, or why it could not be said (empty: they agree).
    """
    try:
        theirs = read(other)
        if theirs.origin != read(note).origin:
            return Finding("consistency", "CHECKPOINT_ORIGIN", read(note).origin, theirs.origin), ""
        root = roots.get(theirs.size)
        if root is None:
            return None, f"a checkpoint of {theirs.size} entries is beyond the audited log"
        if root == theirs.root:
            return None, ""
        both = cosigners(note, keys) & cosigners(other, keys)
    except AccordError as error:
        return Finding("consistency", error.code, "a well-formed checkpoint", error.detail), ""
    names = ", ".join(sorted(key.name for key in both)) or "nobody"
    got = f"{theirs.root.hex()}; both cosigned by {names}"
    return Finding(
        "consistency", "CHECKPOINT_FORK", f"root {root.hex()} at {theirs.size}", got, theirs.size - 1
    ), ""


def sizes(notes: Sequence[bytes]) -> list[int]:
    """Sizes at which roots must be known to compare these notes; malformed ones are judged later."""
    found = []
    for note in notes:
        try:
            found.append(read(note).size)
        except AccordError:
            continue
    return found
