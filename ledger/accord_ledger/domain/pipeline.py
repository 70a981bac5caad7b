"""The order of checks every record goes through (DOMAIN.md 2.5, stage 1), then its kind's own.

    prepare   schema, numbers, values against each other        E_SCHEMA E_NUMBER E_VALUE   (no state)
    window    network, expires, sign_by                         E_SCHEMA E_TX_EXPIRED E_RANGE E_SIGN_BY_PASSED
    duplicate transaction, body signed once                     E_DUPLICATE_TX E_DUPLICATE
    weight    of the record                                     E_WEIGHT
    signers   institutional signatures                          E_SIG_INVALID E_KEY_REVOKED E_SIG_MISSING E_SIG_DISTINCT
    standing  role and status of the signers                    E_ROLE E_PARTY_STATUS
    unused    ids used before, versions                         E_DUPLICATE E_VERSION
    check     the row's own                                     then apply

A record that fails anywhere leaves the state untouched: what it wrote until then is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec

from accord_ledger import codec
from accord_ledger.bulk import Bulk
from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import due_effect, schedule
from accord_ledger.domain.kind import Body, TransactionKind, kinds
from accord_ledger.domain.model.party import KEYS, PARTIES, status_at
from accord_ledger.domain.signing import Chosen, satisfy
from accord_ledger.errors import DecodeError, Rejection
from accord_ledger.fields import Seconds
from accord_ledger.keys import key_id
from accord_ledger.state import Table, View
from accord_ledger.transaction import (
    MAX_LIFETIME_SECONDS,
    ParsedRecord,
    parse_record,
    parse_records,
    reopen_records,
)

SIGNATURE_WEIGHT: Final = 10
_NOBODY: Final[Mapping[bytes, bytes]] = MappingProxyType({})
SECONDS_PER_DAY: Final = 86_400


class BodyUse(Wire):
    """A body accepted under signatures of its own; remembered until its ``sign_by``."""

    until: Seconds


BODY_USES: Table[BodyUse] = Table("body_use", BodyUse, busy=True)
"""By body hash: such a body is accepted once."""


@due_effect("body_use")
def _forget_body_use(ctx: Context, subject: bytes) -> None:
    ctx.state.delete(BODY_USES, subject)


class SignatureChecker(Protocol):
    """Decides one signature; an implementation may remember good ones as (public, message, signature)."""

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature verifies (``accord_ledger.keys.verifies``)."""


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A record whose form and values are good; nothing was checked against state."""

    record: ParsedRecord
    kind: TransactionKind[Any, Any]
    body: Body
    holders: Mapping[bytes, bytes]
    """Key id to public key of the holders its items name."""


def prepare(entry: bytes) -> Prepared:
    """Everything that can be said about a record without state.

    Raises:
        Rejection: ``E_SCHEMA``, ``E_NUMBER`` or ``E_VALUE``.
    """
    record = parse_record(entry)
    kind = _kind_of(record)
    return _prepared(record, kind, decode_body(kind, bytes(record.tx.body)))


def prepare_all(entries: Sequence[bytes], entry_hashes: Sequence[bytes]) -> list[Prepared]:
    """:func:`prepare` of many records, at half its cost: decoded in one go.

    Args:
        entries: records, or so it is said.
        entry_hashes: SHA-256 of each, worked out from them.

    Raises:
        Rejection: one of them is not good; which, and what of it, :func:`prepare` says.
    """
    found = list[Prepared]()
    records = parse_records(entries, entry_hashes)
    places = _by_kind(records)
    known = {name: _kind_of(records[own[0]]) for name, own in places.items()}
    try:
        bodies = _bodies(records, places, checked=False)
    except DecodeError as error:
        raise Rejection("E_SCHEMA", f"{error.code}: {error.detail}", path="body") from error
    for record, body in zip(records, bodies, strict=True):
        kind = known[record.tx.kind]
        kind.values(body)
        found.append(_prepared(record, kind, body))
    return found


def prepare_again(
    entries: Sequence[bytes],
    entry_hashes: Iterable[bytes],
    leaf_hashes: Iterable[bytes],
    tx_ids: Iterable[bytes],
) -> list[Prepared]:
    """What :func:`prepare` gave for these very bytes before, in another process of this program.

    Args:
        entries: form and values were found good, and are not judged again.
        entry_hashes: as they came out then, in the order of the entries, like the other two.
        leaf_hashes: see there.
        tx_ids: see there.
    """
    known, found = kinds(), list[Prepared]()
    records = reopen_records(entries, entry_hashes, leaf_hashes, tx_ids)
    for record, body in zip(records, _bodies(records, _by_kind(records), checked=True), strict=True):
        kind = known[record.tx.kind]
        found.append(Prepared(record, kind, body, _holders(kind, body)))
    return found


def _kind_of(record: ParsedRecord) -> TransactionKind[Any, Any]:
    kind = kinds().get(record.tx.kind)
    if kind is None or not kind.as_transaction:
        raise Rejection("E_SCHEMA", f"expected a known transaction kind, got {record.tx.kind}", path="kind")
    return kind


def _prepared(record: ParsedRecord, kind: TransactionKind[Any, Any], body: Body) -> Prepared:
    """The record with its body, whose values are good."""
    if body.sign_by == 0 and any(scope == "body" for _, scope, _ in record.signatures):
        raise Rejection(
            "E_SCHEMA", "expected sign_by in a body that is signed by itself", path="body.sign_by"
        )
    return Prepared(record, kind, body, _holders(kind, body))


def _by_kind(records: Sequence[ParsedRecord]) -> dict[str, list[int]]:
    """Places of the records of each kind."""
    found: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        found.setdefault(record.tx.kind, []).append(place)
    return found


def _bodies(
    records: Sequence[ParsedRecord], places: Mapping[str, Sequence[int]], *, checked: bool
) -> list[Body]:
    """The bodies of records, those of a kind decoded together.

    Args:
        records: of known kinds.
        places: as :func:`_by_kind` gives them.
        checked: these very bodies were decoded in full before.

    Raises:
        DecodeError: one is not of its kind's form.
    """
    found: list[Any] = [None] * len(records)
    for name, own in places.items():
        bulk = _bulk(kinds()[name].body)
        raws = [records[place].tx.body for place in own]
        bodies = bulk.decode_known(raws) if checked else bulk.decode(raws)
        for place, body in zip(own, bodies, strict=True):
            found[place] = body
    return found


@cache
def _bulk(body: type[Body]) -> Bulk[Body]:
    return Bulk(body)


def _holders(kind: TransactionKind[Any, Any], body: Body) -> Mapping[bytes, bytes]:
    holders = kind.holders(body)
    return {key_id(public): public for public in holders} if holders else _NOBODY


def decode_body(kind: TransactionKind[Any, Any], data: bytes) -> Body:
    """The typed body of a kind, its values checked against each other."""
    try:
        body = codec.decode(data, kind.body)
    except DecodeError as error:
        path = f"body.{error.path}" if error.path else "body"
        raise Rejection("E_SCHEMA", f"{error.code}: {error.detail}", path=path) from error
    kind.values(body)
    return body


def signature_jobs(prepared: Prepared, state: View) -> list[tuple[bytes, bytes, bytes]]:
    """(public, message, signature) of every signature whose key is known, for checking ahead in threads."""
    jobs = []
    record = prepared.record
    for signer, scope, signature in record.signatures:
        public = prepared.holders.get(signer)
        if public is None and (known := state.get(KEYS, signer)) is not None:
            public = known.public
        if public is not None:
            jobs.append((public, record.message(scope), signature))
    return jobs


def check_window(prepared: Prepared, network: bytes, time: int, sign_by_max_days: int) -> None:
    """The record belongs to this network and is submitted in time (DOMAIN.md 2.2)."""
    tx = prepared.record.tx
    if tx.network != network:
        raise Rejection(
            "E_SCHEMA", f"expected network {network.hex()}, got {tx.network.hex()}", path="network"
        )
    if tx.expires <= time:
        raise Rejection(
            "E_TX_EXPIRED", f"expected block time before {tx.expires}, got {time}", path="expires"
        )
    if tx.expires > time + MAX_LIFETIME_SECONDS:
        raise Rejection(
            "E_RANGE", f"expected at most {time + MAX_LIFETIME_SECONDS}, got {tx.expires}", path="expires"
        )
    sign_by = prepared.body.sign_by
    if sign_by and sign_by < time:
        raise Rejection(
            "E_SIGN_BY_PASSED", f"expected block time up to {sign_by}, got {time}", path="body.sign_by"
        )
    if sign_by > time + sign_by_max_days * SECONDS_PER_DAY:
        raise Rejection("E_RANGE", f"expected at most {sign_by_max_days} days ahead", path="body.sign_by")


def _check_weight(ctx: Context, prepared: Prepared) -> int:
    weight = SIGNATURE_WEIGHT * len(prepared.record.signatures) + prepared.kind.weight(ctx, prepared.body)
    limit = ctx.parameters.record_weight_max
    if weight > limit:
        raise Rejection("E_WEIGHT", f"expected a weight of at most {limit}, got {weight}")
    return weight


def _valid_signatures(ctx: Context, prepared: Prepared, checker: SignatureChecker) -> set[bytes]:
    """Check every signature; sorts holders from institutions. Returns the author's ``tx`` keys."""
    record = prepared.record
    have: dict[tuple[str, str], tuple[bytes, ...]] = {}
    holder_signatures: dict[bytes, bool] = {}
    author_keys: set[bytes] = set()
    for place, (signer, scope, signature) in enumerate(record.signatures):
        message = record.message(scope)
        if (holder := prepared.holders.get(signer)) is not None:
            good = checker(holder, message, signature)
            holder_signatures[signer] = holder_signatures.get(signer, False) or good
            continue
        key = ctx.state.get(KEYS, signer)
        by_node = key is not None and key.use == "log" and prepared.kind.node_signs
        if (
            key is None
            or not (by_node or key.use == "institution")
            or not checker(key.public, message, signature)
        ):
            raise Rejection(
                "E_SIG_INVALID",
                f"expected a valid signature of a known key, got {signer.hex()}",
                path=f"signatures[{place}]",
            )
        if key.revoked_at is not None or not key.valid_from <= ctx.time < (key.valid_to or ctx.time + 1):
            raise Rejection(
                "E_KEY_REVOKED", f"expected a key in force, got {signer.hex()}", path=f"signatures[{place}]"
            )
        for purpose in ("log",) if by_node else key.purposes:
            have[key.party, purpose] = (*have.get((key.party, purpose), ()), signer)
        if scope == "tx" and key.party == ctx.author:
            author_keys.add(signer)
    ctx.holder_signatures = holder_signatures
    ctx.keys_of = have
    return author_keys


def _check_standing(ctx: Context, chosen: Chosen) -> None:
    for signer, _ in chosen:
        party = ctx.state.get(PARTIES, signer.party)
        if party is None or (signer.roles and not signer.roles.intersection(party.roles)):
            raise Rejection(
                "E_ROLE",
                f"expected {signer.party} to be {' or '.join(sorted(signer.roles))}",
                path="signatures",
            )
        if signer.any_status or (party.status == "active" and not party.planned):
            continue
        if (status := status_at(party, ctx.time)) != "active":
            raise Rejection(
                "E_PARTY_STATUS", f"expected {signer.party} active, got {status}", path="signatures"
            )


def run(
    ctx: Context, prepared: Prepared, checker: SignatureChecker, is_duplicate: Callable[[bytes, int], bool]
) -> int:
    """Check and apply one record to ``ctx.state``; if it fails, the caller takes back what it wrote.

    Returns:
        The record's weight.

    Raises:
        Rejection: the first check that fails, in the order at the head of this module.
    """
    kind, body, record = prepared.kind, prepared.body, prepared.record
    check_window(prepared, ctx.network, ctx.time, ctx.parameters.sign_by_max_days)
    if is_duplicate(record.tx_id, record.tx.expires):
        raise Rejection("E_DUPLICATE_TX", f"expected a new transaction, got {record.tx_id.hex()} again")
    # prepare() lets no signature of scope body through without a sign_by
    body_signed = body.sign_by != 0 and any(scope == "body" for _, scope, _ in record.signatures)
    if body_signed:
        ctx.unused(BODY_USES, record.body_hash, path="body")
    weight = _check_weight(ctx, prepared)
    author_keys = _valid_signatures(ctx, prepared, checker)
    chosen = satisfy(kind.signers(ctx, body), ctx.keys_of)
    if not author_keys:
        raise Rejection("E_SIG_MISSING", f"{ctx.author} (author, scope tx)", path="signatures")
    ctx.signed = tuple([(signer.party, signer.purpose, key) for signer, key in chosen])
    _check_standing(ctx, chosen)
    kind.unused(ctx, body)
    kind.apply(ctx, body, kind.check(ctx, body))
    if body_signed:
        ctx.state.put(BODY_USES, BodyUse(until=body.sign_by), record.body_hash)
        # By the full hour: remembered a little longer, and few different times in the queue.
        schedule(ctx, (body.sign_by // 3600 + 1) * 3600, "body_use", record.body_hash)
    return weight


def run_genesis(ctx: Context, name: str, data: bytes) -> None:
    """Apply one act of a genesis document: the same checks, no signatures, no windows.

    Raises:
        Rejection: the act breaks a rule; its code and path say which.
    """
    kind = kinds().get(name)
    if kind is None or not kind.in_genesis:
        raise Rejection("E_SCHEMA", f"expected a kind genesis may hold, got {name}", path="kind")
    body = decode_body(kind, data)
    kind.unused(ctx, body)
    kind.apply(ctx, body, kind.check(ctx, body))
