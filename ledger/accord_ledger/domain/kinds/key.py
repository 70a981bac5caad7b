"""T03, replacing and revoking an institution's keys.

What a key signed before stays as it was; from the ledger time of its replacement or revocation on it
signs nothing. ``compromised_since`` is recorded on the key: batches it signed since then need a
confirmation before they can be used (DOMAIN.md 2.6).
"""

from __future__ import annotations

from typing import Final

import msgspec

from accord_ledger.domain.authority import authority
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.party import NewKey, check_key_values, check_new_keys, register_key
from accord_ledger.domain.model.party import KEYS, PARTIES, KeyRecord, Party
from accord_ledger.domain.signing import Need, Signer, all_of, any_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import Digest, Seconds, Slug

MAX_LIVE_KEYS: Final = 64
"""Keys of one party in force at the same time."""


def _institutional(ctx: Context, key_id: bytes, path: str) -> KeyRecord:
    """A registered institutional key; keys of nodes come and go by T43."""
    record = ctx.known(KEYS, key_id, path=path)
    if record.use != "institution":
        raise Rejection("E_UNKNOWN_REF", f"expected an institutional key, got {record.use}", path=path)
    return record


def _key_owner_or_authority(ctx: Context, key_id: bytes, record: KeyRecord, *, any_status: bool) -> Need:
    """The key itself, two other keys of its party, or the authority."""
    owner = ctx.known(PARTIES, record.party, path="body.party")
    signed = {key for (party, _), found in ctx.keys_of.items() if party == record.party for key in found}
    others = sorted(signed - {key_id})[:2]
    options: list[Need] = []
    if key_id in signed:
        options.append(Signer(record.party, record.purposes[0], any_status=any_status))
    elif len(others) == 2:
        options.append(all_of(*(_signer(ctx, other, any_status=any_status) for other in others)))
    else:
        options.append(Signer(f"{record.party} by this key or two others", "institution"))
    return any_of(*options, authority(ctx, owner.country))


def _signer(ctx: Context, key_id: bytes, *, any_status: bool) -> Signer:
    record = _institutional(ctx, key_id, "signatures")
    return Signer(record.party, record.purposes[0], any_status=any_status)


class KeyRotate(Body):
    """T03, a new key; without ``replaces`` it is one more."""

    party: Slug
    replaces: Digest | None = None
    """Key that signs nothing from now on."""
    key: NewKey


@transaction_kind
class KeyRotateKind(TransactionKind[KeyRotate, Party]):
    """A party's new key, in place of an old one or besides the others.

    Its own keys can only hand on what the replaced key could sign; more is for the authority to give,
    so that no committee makes itself a registrar.
    """

    name = "key_rotate"
    row = "T03"
    body = KeyRotate
    errors = ("E_UNKNOWN_REF", "E_KEY_REVOKED", "E_VALUE", "E_KEY_REUSE", "E_KEY_INVALID")

    def values(self, body: KeyRotate) -> None:
        """Purposes and period of the new key."""
        check_key_values(body.key, "body.key")

    def weight(self, ctx: Context, body: KeyRotate) -> int:
        """8 + 12 per new key."""
        del ctx, body
        return 8 + 12

    def signers(self, ctx: Context, body: KeyRotate) -> Need:
        """The old key, two others or the authority; the authority alone for further purposes."""
        owner = ctx.known(PARTIES, body.party, path="body.party")
        if body.replaces is not None:
            old = _institutional(ctx, body.replaces, "body.replaces")
            if old.party == body.party and set(body.key.purposes) <= set(old.purposes):
                return _key_owner_or_authority(ctx, body.replaces, old, any_status=False)
        return authority(ctx, owner.country)

    def check(self, ctx: Context, body: KeyRotate) -> Party:
        """The replaced key is this party's and in force; the new one is unused and possessed."""
        owner = ctx.known(PARTIES, body.party, path="body.party")
        if body.replaces is not None:
            old = _institutional(ctx, body.replaces, "body.replaces")
            if old.party != body.party:
                raise Rejection("E_UNKNOWN_REF", f"expected a key of {body.party}", path="body.replaces")
            if body.replaces not in owner.keys:
                raise Rejection(
                    "E_KEY_REVOKED", "expected a key not revoked or replaced", path="body.replaces"
                )
        elif len(owner.keys) >= MAX_LIVE_KEYS:
            raise Rejection("E_VALUE", f"expected at most {MAX_LIVE_KEYS} keys in force", path="body.key")
        check_new_keys(ctx, body.party, (body.key,), "body.key")
        return owner

    def apply(self, ctx: Context, body: KeyRotate, plan: Party) -> None:
        """Write the new key and end the old one now."""
        new = register_key(ctx, body.party, body.key)
        if body.replaces is None:
            keys = (*plan.keys, new)
        else:
            keys = tuple(new if key == body.replaces else key for key in plan.keys)
            old = ctx.known(KEYS, body.replaces, path="body.replaces")
            ctx.state.put(
                KEYS, msgspec.structs.replace(old, valid_to=_earlier(old.valid_to, ctx.time)), body.replaces
            )
        ctx.state.put(PARTIES, msgspec.structs.replace(plan, keys=keys), body.party)


def _earlier(known: int | None, time: int) -> int:
    return time if known is None else min(known, time)


class KeyRevoke(Body):
    """T03, the end of a key."""

    key_id: Digest
    compromised_since: Seconds | None = None
    """From when (UTC seconds) somebody else may have used it; None: it was not compromised."""


@transaction_kind
class KeyRevokeKind(TransactionKind[KeyRevoke, KeyRecord]):
    """A key that signs no more; said again only to move the beginning of a compromise back."""

    name = "key_revoke"
    row = "T03"
    body = KeyRevoke
    errors = ("E_UNKNOWN_REF", "E_KEY_REVOKED", "E_RANGE")

    def weight(self, ctx: Context, body: KeyRevoke) -> int:
        """8: no new key."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: KeyRevoke) -> Need:
        """The key itself, two others of its party, or the authority; also for a suspended party."""
        record = _institutional(ctx, body.key_id, "body.key_id")
        return _key_owner_or_authority(ctx, body.key_id, record, any_status=True)

    def check(self, ctx: Context, body: KeyRevoke) -> KeyRecord:
        """Not revoked yet, or compromised for longer than was known."""
        record = _institutional(ctx, body.key_id, "body.key_id")
        since = body.compromised_since
        if since is not None and since > ctx.time:
            raise Rejection(
                "E_RANGE", f"expected at most {ctx.time}, got {since}", path="body.compromised_since"
            )
        known = record.compromised_since
        if record.revoked_at is not None and (since is None or (known is not None and since >= known)):
            raise Rejection("E_KEY_REVOKED", "expected a key not revoked yet", path="body.key_id")
        return record

    def apply(self, ctx: Context, body: KeyRevoke, plan: KeyRecord) -> None:
        """End the key now, and take it from its party."""
        known_at = plan.compromise_known_at
        if known_at is None and body.compromised_since is not None:
            known_at = ctx.time
        ended = msgspec.structs.replace(
            plan,
            revoked_at=ctx.time if plan.revoked_at is None else plan.revoked_at,
            compromised_since=body.compromised_since,
            compromise_known_at=known_at,
        )
        ctx.state.put(KEYS, ended, body.key_id)
        owner = ctx.known(PARTIES, plan.party, path="body.key_id")
        keys = tuple(key for key in owner.keys if key != body.key_id)
        ctx.state.put(PARTIES, msgspec.structs.replace(owner, keys=keys), plan.party)
