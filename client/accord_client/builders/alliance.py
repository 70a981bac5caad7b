"""Parties, keys, accreditation and what the alliance defines: T01 to T06, T09, T38 to T40."""

from __future__ import annotations

from collections.abc import Sequence

from accord_client.builders.request import Purposed, Request, by_authority
from accord_ledger.domain.kinds.accreditation import (
    AccreditationGrant,
    AccreditationWithdraw,
    Period,
    RegistryEntryBody,
)
from accord_ledger.domain.kinds.framework import FrameworkDefine, LevelMapBody
from accord_ledger.domain.kinds.key import KeyRevoke, KeyRotate
from accord_ledger.domain.kinds.party import NewKey, PartyRegister
from accord_ledger.domain.kinds.party_status import PartyStatusBody
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.profile import ListDefine, ProfileDefine
from accord_ledger.domain.model.framework import FrameworkTerms, ListTerms, ProfileTerms
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.model.party import PartyStatus


def register_party(author: str, party: PartyRegister, others: Sequence[str] = ()) -> Request:
    """T01: by the authority: a regulator, or two thirds of the validators (``others`` beside the author)."""
    return Request("party_register", author, party, by_authority(author, others))


def change_party_status(
    author: str, party: str, status: PartyStatus, reason: str, date: str, others: Sequence[str] = ()
) -> Request:
    """T02: by the authority, from a day on that is today or later."""
    body = PartyStatusBody(party=party, status=status, reason=reason, effective_date=date)
    return Request("party_status", author, body, by_authority(author, others))


def rotate_key(
    author: str, key: NewKey, signers: Sequence[Purposed], *, party: str = "", replaces: bytes | None = None
) -> Request:
    """T03: a new key; signed by the old one, by two others of the party, or by the authority."""
    body = KeyRotate(party=party or author, replaces=replaces, key=key)
    return Request("key_rotate", author, body, tuple(signers))


def revoke_key(
    author: str, key_id: bytes, signers: Sequence[Purposed], *, compromised_since: int | None = None
) -> Request:
    """T03: a key signs nothing any more; signers as :func:`rotate_key`."""
    body = KeyRevoke(key_id=key_id, compromised_since=compromised_since)
    return Request("key_revoke", author, body, tuple(signers))


def set_policy(author: str, parameters: Parameters, others: Sequence[str]) -> Request:
    """T04: two thirds of the validators set the alliance's parameters."""
    return Request("policy_set", author, PolicySet(parameters=parameters), by_authority(author, others))


def define_framework(
    author: str, terms: FrameworkTerms, others: Sequence[str] = (), *, purpose: str = "governance"
) -> Request:
    """T05: by the authority, or with ``quality`` by a quality agency of the country."""
    signers = by_authority(author, others) if purpose == "governance" else ((author, purpose),)
    return Request("framework_define", author, FrameworkDefine(terms=terms), signers)


def map_levels(
    author: str,
    source: tuple[str, int],
    target: tuple[str, int],
    levels: Sequence[tuple[int, int]],
    signers: Sequence[Purposed],
) -> Request:
    """T06: levels of one framework in another; signed by both definers, or by validators."""
    body = LevelMapBody(source=source, target=target, levels=tuple(levels))
    return Request("level_map", author, body, tuple(signers))


def define_profile(author: str, terms: ProfileTerms, others: Sequence[str] = ()) -> Request:
    """T39: by the authority; a bank's own cap by the bank."""
    return Request("profile_define", author, ProfileDefine(terms=terms), by_authority(author, others))


def define_list(author: str, terms: ListTerms, others: Sequence[str] = ()) -> Request:
    """T40: by the authority; lists of the alliance by two thirds of the validators."""
    return Request("list_define", author, ListDefine(terms=terms), by_authority(author, others))


def enter_registry(
    author: str, agency: str, registry: str, period: tuple[str, str], others: Sequence[str] = ()
) -> Request:
    """T38: an agency stands in a registry from a day to a day."""
    body = RegistryEntryBody(
        agency=agency, registry=registry, period=Period(valid_from=period[0], valid_to=period[1])
    )
    return Request("registry_entry", author, body, by_authority(author, others))


def leave_registry(
    author: str, agency: str, registry: str, ended_on: str, others: Sequence[str] = ()
) -> Request:
    """T38: from a day on an agency stands in a registry no more."""
    body = RegistryEntryBody(agency=agency, registry=registry, ended_on=ended_on)
    return Request("registry_entry", author, body, by_authority(author, others))


def grant_accreditation(grant: AccreditationGrant) -> Request:
    """T09: an agency accredits a party, or programmes of it."""
    return Request("accreditation_grant", grant.agency, grant, ((grant.agency, "quality"),))


def withdraw_accreditation(author: str, grant_id: bytes) -> Request:
    """T09: the agency takes its grant back from now on."""
    body = AccreditationWithdraw(grant_id=grant_id)
    return Request("accreditation_withdraw", author, body, ((author, "quality"),))
