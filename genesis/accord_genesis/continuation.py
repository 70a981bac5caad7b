"""A network that carries another one on: what its genesis document says of it, and what proves that.

When so many members are lost that no quorum can ever sign again, those who remain found a network whose log,
state and heights go on where the old ones ended. Its document names the old network's last final block with the
finalization of it, who is lost, and why; its acts give seats, and node keys to whoever needs new ones, and
nothing else. The old state is far too large for a document, so the genesis file carries proofs of the few values
the acts read (:class:`Carried`): whoever holds the old genesis file can judge the new one without a node.

    old genesis -> hand-offs -> members of the last epoch -> finalization -> seal -> state root -> values

That members are lost is their successors' word, and no program can check it. What is checked: at least f + 1
members of the old network go on, so that one of them is honest; everybody named signs; and who is missing is
named (``docs/adr/0015-recovery.md``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta

from accord_ledger import codec
from accord_ledger.authmap.proof import MapProof, check_absence, check_presence
from accord_ledger.block import (
    MAX_MEMBERS,
    MAX_SEAL_BYTES,
    Certificate,
    Members,
    SealedBytes,
    check_certificate,
)
from accord_ledger.domain.context import Context
from accord_ledger.domain.epochs import newest
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.domain.model.epoch import MAX_RECOVERIES, RECOVERY, Prefix, Recovery
from accord_ledger.domain.model.party import KEYS, PARTIES, SEATS, Seats, status_at
from accord_ledger.errors import AccordError, DecodeError, ProofError, Rejection
from accord_ledger.execute import Version
from accord_ledger.fields import Digest, Slug, Text
from accord_ledger.handoff import Handoff, check_handoff
from accord_ledger.state import MAX_VALUE_BYTES, Source, Table, View

ACTS: Final[Mapping[str, type[NodeKeysSet | SeatGrant]]] = {
    "node_keys_set": NodeKeysSet,
    "seat_grant": SeatGrant,
}
"""What a continuing document may hold: everything else comes by transaction, as in any running network."""

MAX_ROWS: Final = 20_000
"""Most proved values: a hundred seats with all their keys take about three thousand."""


class Continuation(codec.Wire):
    """What a document says of the network it continues."""

    prefix: Prefix
    """Its last block, as T46 repeats it on the ledger."""
    count: Annotated[int, Meta(ge=1, le=MAX_RECOVERIES)]
    """Recoveries from the first network up to this one: one more than the old network had."""
    seal: Annotated[bytes, Meta(min_length=1, max_length=MAX_SEAL_BYTES)]
    """Canonical seal of that block."""
    finalization: Certificate
    """Of that very seal, by the members of its epoch."""
    lost: Annotated[tuple[Slug, ...], Meta(max_length=MAX_MEMBERS)]
    """Members of the old network without a seat in this one, in order."""
    reason: Text
    """Why, for people; about institutions, never about a person."""
    begins: Digest
    """Root of the state this network begins with: the old one's with the acts of this document."""

    @property
    def entries(self) -> int:
        """Log entries up to and including the seal."""
        seal = SealedBytes.parse(self.seal).seal
        return seal.first + seal.count + 1


class CarriedRow(codec.Wire):
    """One value of the old state, or that there is none, with its proof."""

    key: Annotated[bytes, Meta(min_length=2, max_length=512)]
    value: Annotated[bytes, Meta(max_length=MAX_VALUE_BYTES)] | None = None
    proof: MapProof


class Carried(codec.Wire):
    """What shows, from the old genesis on, the part of the old state that a continuing document needs."""

    predecessor: bytes
    """Genesis file of the old network, whole."""
    handoffs: Annotated[tuple[Handoff, ...], Meta(max_length=4096)] = ()
    """The end of each of its epochs before that of the seal."""
    rows: Annotated[tuple[CarriedRow, ...], Meta(max_length=MAX_ROWS)]
    """In order of keys."""


# ---- sources -------------------------------------------------------------------------------------------


class Proved:
    """The part of a state that was proved; asking for anything else is an error, never an absence."""

    def __init__(self, values: Mapping[bytes, bytes | None]) -> None:
        self._values = values

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """See :class:`accord_ledger.state.Source`; raises ``ProofError`` ``RECOVERY_EVIDENCE``."""
        value = self._known(key)
        return None if value is None else table.decode(value)

    def has(self, key: bytes) -> bool:
        """See :class:`accord_ledger.state.Source`; raises ``ProofError`` ``RECOVERY_EVIDENCE``."""
        return self._known(key) is not None

    def _known(self, key: bytes) -> bytes | None:
        try:
            return self._values[key]
        except KeyError:
            raise ProofError("RECOVERY_EVIDENCE", f"expected a proof of {key!r}", path="carried") from None


class Layered:
    """Some values over a state that stays as it is."""

    def __init__(self, values: Mapping[bytes, bytes], below: Source) -> None:
        self._values = values
        self._below = below

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """See :class:`accord_ledger.state.Source`."""
        value = self._values.get(key)
        return self._below.load(table, key) if value is None else table.decode(value)

    def has(self, key: bytes) -> bool:
        """See :class:`accord_ledger.state.Source`."""
        return key in self._values or self._below.has(key)


# ---- proof ---------------------------------------------------------------------------------------------


def check_final(
    continues: Continuation, handoffs: Iterable[Handoff], network: bytes, members: Members
) -> SealedBytes:
    """The old network's last block, if it is what the document says and was final there.

    Args:
        continues: of the document.
        handoffs: of the old network, from its first epoch on.
        network: hash of the old genesis document.
        members: who voted in its first epoch.

    Raises:
        ProofError: ``RECOVERY_PREFIX`` (the seal is another block's) or ``RECOVERY_FINALITY``.
    """
    sealed = _read_seal(continues.seal)
    seal = sealed.seal
    found = Prefix(
        network=network,
        height=seal.height,
        seal=sealed.hash,
        log_root=seal.log_root,
        state_root=seal.state_root,
    )
    if seal.network != network or found != continues.prefix:
        raise ProofError(
            "RECOVERY_PREFIX",
            f"expected block {continues.prefix.height} of {network.hex()}, got block {seal.height} of "
            f"{seal.network.hex()} or other roots",
            path="continues.prefix",
        )
    certificate = continues.finalization
    try:
        for handoff in handoffs:
            members = check_handoff(network, members, handoff).epoch.members
        if (seal.epoch, seal.members) != (members.epoch, members.digest()):
            raise ProofError(
                "RECOVERY_FINALITY", f"expected a seal of epoch {members.epoch}, got {seal.epoch}"
            )
        if certificate.kind != "finalize" or certificate.seal != sealed.hash:
            raise ProofError("RECOVERY_FINALITY", "expected the finalization of this very seal")
        check_certificate(network, members, certificate)
    except AccordError as error:
        raise ProofError(
            "RECOVERY_FINALITY",
            f"expected a final block {seal.height}: {error}",
            path="continues.finalization",
        ) from error
    return sealed


def _read_seal(entry: bytes) -> SealedBytes:
    try:
        return SealedBytes.parse(entry)
    except DecodeError as error:
        raise ProofError("RECOVERY_PREFIX", f"expected a seal: {error}", path="continues.seal") from error


def check_carried(continues: Continuation, carried: Carried, network: bytes, members: Members) -> Proved:
    """What the rows show of the old state, every proof checked.

    Raises:
        ProofError: as :func:`check_final`; ``RECOVERY_EVIDENCE``: a row is out of order or not proved.
    """
    root = check_final(continues, carried.handoffs, network, members).seal.state_root
    keys = [row.key for row in carried.rows]
    if keys != sorted(set(keys)):
        raise ProofError(
            "RECOVERY_EVIDENCE", "expected rows in order of keys, each once", path="carried.rows"
        )
    for place, row in enumerate(carried.rows):
        try:
            if row.value is None:
                check_absence(root, row.key, row.proof)
            else:
                check_presence(root, row.key, row.value, row.proof)
        except ProofError as error:
            raise ProofError("RECOVERY_EVIDENCE", str(error), path=f"carried.rows[{place}]") from error
    return Proved({row.key: row.value for row in carried.rows})


def check_same_end(continues: Continuation, old: Version) -> None:
    """Raise ``ProofError`` ``RECOVERY_END`` unless this is the ledger after the block the document names."""
    prefix = continues.prefix
    wanted = (prefix.height, prefix.seal, prefix.state_root, continues.entries)
    if (old.height, old.seal_hash, old.map.root, old.log.size) != wanted:
        raise ProofError(
            "RECOVERY_END",
            f"expected block {prefix.height} with seal {prefix.seal.hex()} and state {prefix.state_root.hex()}, "
            f"got block {old.height} with seal {old.seal_hash.hex()} and state {old.map.root.hex()}",
        )


# ---- execution -----------------------------------------------------------------------------------------


def begin(continues: Continuation, state: View, created: int, acts: Iterable[tuple[str, bytes]]) -> Context:
    """Empty the seats, and judge what the acts are about; they are executed by the context that is returned.

    Raises:
        ProofError: ``RECOVERY_TIME`` (created before the old network's last block) or ``RECOVERY_ACT``
            (an act of another kind, or one twice).
    """
    ended = _read_seal(continues.seal).seal.time
    if created < ended:
        raise ProofError("RECOVERY_TIME", f"expected {ended} or later, got {created}", path="created")
    seen = set()
    for place, (kind, body) in enumerate(acts):
        if kind not in ACTS or (about := (kind, codec.decode(body, ACTS[kind]).party)) in seen:
            expected = " and ".join(sorted(ACTS))
            raise ProofError(
                "RECOVERY_ACT", f"expected {expected} only, once a party, got {kind}", path=f"acts[{place}]"
            )
        seen.add(about)
    state.put(SEATS, Seats(parties=(), epoch=newest(state).members.epoch + 1))
    prefix = continues.prefix
    return Context(state=state, network=prefix.network, height=prefix.height, time=created, genesis=True)


def finish(continues: Continuation, ctx: Context, before: View, named: Iterable[str]) -> None:
    """Judge who goes on and who is lost, and write what is continued into state.

    Args:
        continues: of the document.
        ctx: after the acts.
        before: the old state.
        named: parties in whose name an act stands.

    Raises:
        ProofError: ``RECOVERY_LOST`` (others are missing than it says), ``RECOVERY_MINORITY`` (fewer than
            f + 1 members of the old network go on) or ``RECOVERY_SEAT`` (a party that is not active, or has
            no key to sign with).
    """
    old, new = newest(before).members, newest(ctx.state).members
    were, are = ({member.party for member in members.members} for members in (old, new))
    if continues.lost != tuple(sorted(were - are)):
        missing = ", ".join(sorted(were - are)) or "nobody"
        raise ProofError("RECOVERY_LOST", f"expected {missing} to be named as lost", path="continues.lost")
    if len(were & are) <= old.faults:
        raise ProofError(
            "RECOVERY_MINORITY",
            f"expected {old.faults + 1} or more of {old.size} old members to go on, got {len(were & are)}",
        )
    for party in sorted({*named, *are}):
        _check_signer(ctx, party)
    recovery = Recovery(
        prefix=continues.prefix,
        count=continues.count,
        lost=continues.lost,
        entries=continues.entries,
        epoch=new.epoch,
    )
    ctx.state.put(RECOVERY, recovery)


def _check_signer(ctx: Context, name: str) -> None:
    """Whoever is named signs: it is active, and has a key for that."""
    party = ctx.state.get(PARTIES, name)
    if party is None:
        raise Rejection("E_UNKNOWN_REF", f"expected a party of the old network, got {name}", path="acts")
    if (status := status_at(party, ctx.time)) != "active":
        raise ProofError("RECOVERY_SEAT", f"expected {name} active, got {status}")
    purposes = {
        purpose
        for key in [ctx.state.get(KEYS, key_id) for key_id in party.keys]
        if key is not None and key.revoked_at is None
        for purpose in key.purposes
    }
    if not purposes.intersection(("governance", "institution")):
        raise ProofError("RECOVERY_SEAT", f"expected a governance or institution key of {name}")
