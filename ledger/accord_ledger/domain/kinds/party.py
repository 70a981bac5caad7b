"""T01, registering a party: who it is, what it may be, and the keys it signs with."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from accord_ledger import keys
from accord_ledger.codec import Wire
from accord_ledger.domain.authority import ALLIANCE, REGULATORS, Regulators, authority
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.party import KEYS, PARTIES, KeyRecord, Party
from accord_ledger.domain.signing import Need
from accord_ledger.domain.standing import MAX_CONTROLLERS, controllers
from accord_ledger.errors import Rejection
from accord_ledger.fields import (
    Country,
    ExternalId,
    LanguageMap,
    PublicKey,
    Purpose,
    Region,
    Role,
    Seconds,
    Signature,
    Slug,
    check_language_map,
)

T = TypeVar("T")

MAX_REGULATORS: Final = 64
"""Regulators of one country; each is a way to sign for its authority."""


class NewKey(Wire):
    """An institutional key that is to be registered."""

    alg: Literal["ed25519"]
    public: PublicKey
    purposes: Annotated[tuple[Purpose, ...], Meta(min_length=1, max_length=11)]
    """In order, each once."""
    valid_from: Seconds = 0
    valid_to: Seconds | None = None
    """First second at which it no longer signs."""
    proof: Signature
    """Proof of possession for the use ``institution`` (``accord_ledger.keys.possession_message``)."""


def check_key_values(key: NewKey, path: str) -> None:
    """Purposes in order and a period that is not empty (``E_VALUE``)."""
    check_set(key.purposes, f"{path}.purposes")
    if key.valid_to is not None and key.valid_to <= key.valid_from:
        raise Rejection("E_VALUE", f"expected an end after {key.valid_from}", path=f"{path}.valid_to")


def check_set(values: tuple[str, ...], path: str) -> None:
    """Values in order, each once (``E_VALUE``): one spelling per set."""
    if list(values) != sorted(set(values)):
        raise Rejection("E_VALUE", "expected values in order, each once", path=path)


def check_key_unused(ctx: Context, public: bytes, path: str) -> None:
    """``E_KEY_REUSE`` if the key was ever registered, by whomever and for whatever use."""
    if ctx.state.exists(KEYS, keys.key_id(public)):
        raise Rejection("E_KEY_REUSE", "expected a key registered nowhere before", path=path)


def check_new_keys(ctx: Context, owner: str, new: tuple[NewKey, ...], path: str) -> None:
    """Every key unused (``E_KEY_REUSE``), then admissible and possessed (``E_KEY_INVALID``)."""
    seen: set[bytes] = set()
    for place, key in enumerate(new):
        if key.public in seen:
            raise Rejection("E_KEY_REUSE", "expected each key once", path=f"{path}[{place}]")
        seen.add(key.public)
        check_key_unused(ctx, key.public, f"{path}[{place}]")
    for place, key in enumerate(new):
        keys.check_possession(ctx.network, owner, "institution", key.public, key.proof, f"{path}[{place}]")


def register_key(ctx: Context, owner: str, key: NewKey) -> bytes:
    """Write an institutional key; returns its id. It never counts from before it was registered."""
    key_id = keys.key_id(key.public)
    record = KeyRecord(
        party=owner,
        use="institution",
        alg=key.alg,
        public=key.public,
        purposes=key.purposes,
        valid_from=key.valid_from if ctx.genesis else max(key.valid_from, ctx.time),
        valid_to=key.valid_to,
    )
    ctx.state.put(KEYS, record, key_id)
    return key_id


class PartyRegister(Body):
    """T01."""

    party_id: Slug
    roles: Annotated[tuple[Role, ...], Meta(min_length=1, max_length=7)]
    legal_name: LanguageMap
    country: Country
    region: Region
    external_ids: Annotated[dict[ExternalId, ExternalId], Meta(max_length=16)] = msgspec.field(
        default_factory=dict
    )
    member_of: Annotated[tuple[Slug, ...], Meta(max_length=16)] = ()
    controlled_by: Annotated[tuple[Slug, ...], Meta(max_length=16)] = ()
    keys: Annotated[tuple[NewKey, ...], Meta(min_length=1, max_length=32)]


@transaction_kind
class PartyRegisterKind(TransactionKind[PartyRegister, None]):
    """A party becomes active; it gets no seat by that."""

    name = "party_register"
    row = "T01"
    body = PartyRegister
    errors = ("E_UNKNOWN_REF", "E_DUPLICATE", "E_ROLE", "E_VALUE", "E_KEY_REUSE", "E_KEY_INVALID")
    in_genesis = True

    def values(self, body: PartyRegister) -> None:
        """Sets in order, the region in the country, key periods."""
        if body.party_id == ALLIANCE:
            raise Rejection(
                "E_VALUE", f"expected a party, {ALLIANCE} names all of them", path="body.party_id"
            )
        check_language_map(body.legal_name, "body.legal_name")
        check_set(body.roles, "body.roles")
        check_set(body.member_of, "body.member_of")
        check_set(body.controlled_by, "body.controlled_by")
        if not body.region.startswith(f"{body.country}-"):
            raise Rejection("E_VALUE", f"expected a region of {body.country}", path="body.region")
        for place, key in enumerate(body.keys):
            check_key_values(key, f"body.keys[{place}]")

    def weight(self, ctx: Context, body: PartyRegister) -> int:
        """8 + 12 per new key."""
        del ctx
        return 8 + 12 * len(body.keys)

    def signers(self, ctx: Context, body: PartyRegister) -> Need:
        """The authority of its country."""
        return authority(ctx, body.country)

    def unused(self, ctx: Context, body: PartyRegister) -> None:
        """Party ids are used once."""
        ctx.unused(PARTIES, body.party_id, path="body.party_id")

    def check(self, ctx: Context, body: PartyRegister) -> None:
        """Named parties exist and banks are banks, then the keys."""
        for place, name in enumerate(body.member_of):
            bank = ctx.known(PARTIES, name, path=f"body.member_of[{place}]")
            if "credit_bank" not in bank.roles:
                raise Rejection("E_ROLE", f"expected {name} to be a credit_bank", path="body.member_of")
        for place, name in enumerate(body.controlled_by):
            ctx.known(PARTIES, name, path=f"body.controlled_by[{place}]")
        above = controllers(ctx, body.controlled_by).union(body.controlled_by)
        if len(above) > MAX_CONTROLLERS:
            raise Rejection(
                "E_VALUE", f"expected at most {MAX_CONTROLLERS} in all", path="body.controlled_by"
            )
        if "regulator" in body.roles and len(_regulators(ctx, body.country)) >= MAX_REGULATORS:
            raise Rejection("E_VALUE", f"expected at most {MAX_REGULATORS} regulators", path="body.roles")
        check_new_keys(ctx, body.party_id, body.keys, "body.keys")

    def apply(self, ctx: Context, body: PartyRegister, plan: None) -> None:
        """Write the party, its keys and, for a regulator, the index by country."""
        party = Party(
            party_id=body.party_id,
            roles=body.roles,
            legal_name=body.legal_name,
            country=body.country,
            region=body.region,
            external_ids=body.external_ids,
            member_of=body.member_of,
            controlled_by=body.controlled_by,
            keys=tuple(register_key(ctx, body.party_id, key) for key in body.keys),
            status_since=ctx.time,
            registered_at=ctx.time,
        )
        ctx.state.put(PARTIES, party, body.party_id)
        if "regulator" in body.roles:
            regulators = tuple(sorted((*_regulators(ctx, body.country), body.party_id)))
            ctx.state.put(REGULATORS, Regulators(parties=regulators), body.country)


def _regulators(ctx: Context, country: str) -> tuple[str, ...]:
    known = ctx.state.get(REGULATORS, country)
    return known.parties if known else ()
