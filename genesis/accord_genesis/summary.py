"""What a genesis comes to, for the people who sign it or rely on it: members, quorum, policy, warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from accord_genesis.ceremony import own_acts
from accord_genesis.document import Genesis, named_parties, signed_parties
from accord_genesis.statement import Statement, fingerprint
from accord_ledger import codec
from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.model.framework import FRAMEWORKS, LISTS, PROFILES
from accord_ledger.domain.model.parameters import PARAMETERS, Parameters
from accord_ledger.domain.model.party import KEYS, NODES, PARTIES, Party
from accord_ledger.domain.model.programme import AGENCY_REGISTRIES, GRANTS
from accord_ledger.domain.standing import controllers
from accord_ledger.errors import ProofError
from accord_ledger.note import COSIGNATURE, ED25519, VerifierKey
from accord_ledger.policy import Policy
from accord_ledger.state import MemorySource, Table, View

V = TypeVar("V", bound=Wire)


@dataclass(frozen=True, slots=True)
class PartyLine:
    """One party as a founder sees it."""

    party: str
    name: str
    """Legal name, in English where there is one."""
    roles: tuple[str, ...]
    region: str
    place: str
    """``seat``, ``observer`` (a node without a seat) or ``none``."""
    endpoint: str
    signed: bool
    fingerprint: str
    """To compare with what the party itself sees (``statement.fingerprint``)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A genesis in short."""

    name: str
    origin: str
    network: str
    """Network hash, hexadecimal."""
    created: int
    """UTC seconds."""
    test_network: bool
    members: tuple[str, ...]
    faults: int
    """f: members that may be arbitrarily faulty."""
    quorum: int
    """n - f."""
    parties: tuple[PartyLine, ...]
    frameworks: tuple[str, ...]
    profiles: tuple[str, ...]
    lists: tuple[str, ...]
    accreditation: tuple[str, ...]
    """Registry entries of agencies, and the grants they made."""
    parameters: tuple[str, ...]
    """Alliance parameters that are not the defaults of DOMAIN.md 2.7."""
    acts: int
    missing: tuple[str, ...]
    """Parties with a node that have not signed; with a seat among them the genesis is not complete."""
    complete: bool
    """Every party with a seat has signed."""
    warnings: tuple[str, ...]


def rows(genesis: Genesis, table: Table[V]) -> Iterator[V]:
    """Every value of a table in the state of genesis, in order of keys."""
    for key in sorted(genesis.values):
        if key.startswith(table.prefix):
            yield table.decode(genesis.values[key])


def witness_policy(genesis: Genesis) -> Policy:
    """The C2SP tlog-policy of the first epoch: any node's log key, and n - f of the members' witness keys."""
    origin = genesis.document.origin
    logs = [VerifierKey(origin, ED25519, public) for public in genesis.log_keys]
    members = [
        VerifierKey(f"{origin}/{member.party}", COSIGNATURE, member.witness)
        for member in genesis.members.members
    ]
    return Policy.of_members(logs, members, genesis.members.quorum)


def summarise(genesis: Genesis, *, now: int | None = None) -> Summary:
    """Everything worth reading before signing or trusting.

    Args:
        genesis: executed; its signatures were checked by whoever opened it.
        now: UTC seconds, for a warning about a genesis in the future.
    """
    document, members = genesis.document, genesis.members
    if document.continues is None:
        said = own_acts(document)
        lines = tuple(_line(genesis, party, said[party.party_id]) for party in rows(genesis, PARTIES))
    else:
        lines = tuple(_carried_line(genesis, name) for name in sorted(named_parties(document)))
    missing = tuple(line.party for line in lines if line.place != "none" and not line.signed)
    seats = tuple(member.party for member in members.members)
    return Summary(
        name=document.name,
        origin=document.origin,
        network=genesis.network.hex(),
        created=document.created,
        test_network=document.scripted_clock is not None,
        members=seats,
        faults=members.faults,
        quorum=members.quorum,
        parties=lines,
        frameworks=tuple(
            f"{row.terms.framework_id}@{row.terms.version}" for row in rows(genesis, FRAMEWORKS)
        ),
        profiles=tuple(f"{row.profile_id}@{row.version}" for row in rows(genesis, PROFILES)),
        lists=tuple(f"{row.list_id}@{row.version}" for row in rows(genesis, LISTS)),
        accreditation=tuple(_accreditation(genesis)),
        parameters=tuple(_parameters(genesis)),
        acts=len(document.acts),
        missing=missing,
        complete=not set(seats).intersection(missing),
        warnings=tuple(_warnings(genesis, lines, now)),
    )


def _line(genesis: Genesis, party: Party, said: Mapping[str, bytes]) -> PartyLine:
    node = codec.decode(said["node_keys_set"], NodeKeysSet) if "node_keys_set" in said else None
    seat = any(member.party == party.party_id for member in genesis.members.members)
    registration = codec.decode(said["party_register"], PartyRegister)
    return PartyLine(
        party=party.party_id,
        name=party.legal_name.get("en") or next(iter(party.legal_name.values())),
        roles=party.roles,
        region=party.region,
        place="seat" if seat else "observer" if node else "none",
        endpoint=node.endpoint if node else "",
        signed=party.party_id in signed_parties(genesis.signatures),
        fingerprint=fingerprint(Statement(v=1, party=registration, node=node, seat=seat)),
    )


def _carried_line(genesis: Genesis, name: str) -> PartyLine:
    """A party of a network that continues another: known there, and named in the document."""
    party, node = genesis.state.get(PARTIES, name), genesis.state.get(NODES, name)
    if party is None or node is None:
        raise ProofError("RECOVERY_EVIDENCE", f"expected {name} with a node in the old state")
    return PartyLine(
        party=name,
        name=party.legal_name.get("en") or next(iter(party.legal_name.values())),
        roles=party.roles,
        region=party.region,
        place="seat" if genesis.members.vote_key(name) is not None else "observer",
        endpoint=node.endpoint,
        signed=name in signed_parties(genesis.signatures),
        fingerprint="",
    )


def _continues(genesis: Genesis) -> Iterator[str]:
    """What a recovery does, in words that nobody can overlook."""
    continues = genesis.document.continues
    if continues is None:
        return
    prefix, lost = continues.prefix, ", ".join(continues.lost) or "nobody"
    yield f"RECOVERY {continues.count} of network {prefix.network.hex()}, from its block {prefix.height}"
    yield f"seal {prefix.seal.hex()}, {continues.entries} log entries, state {prefix.state_root.hex()}"
    yield f"begins with state {continues.begins.hex()}; lost: {lost}; reason: {continues.reason}"
    yield "whatever the old network acknowledged after that block is not carried: accord-node beyond lists it"


def _accreditation(genesis: Genesis) -> Iterator[str]:
    state = View(MemorySource(genesis.values))
    for party in rows(genesis, PARTIES):
        entered = state.get(AGENCY_REGISTRIES, party.party_id)
        for registry in entered.registries if entered else ():
            yield f"{party.party_id} in {registry}"
    for grant in rows(genesis, GRANTS):
        subject = grant.party if not grant.programmes else f"{grant.party} ({', '.join(grant.programmes)})"
        reach = "across borders" if grant.cross_border else "at home"
        yield f"{grant.agency} accredits {subject} {reach} ({grant.registry})"


def _parameters(genesis: Genesis) -> Iterator[str]:
    usual = Parameters()
    for head in rows(genesis, PARAMETERS):
        for name in Parameters.__struct_fields__:
            value = getattr(head.newest, name)
            if name != "version" and value != getattr(usual, name):
                yield f"{name} {value}"


def _warnings(genesis: Genesis, lines: tuple[PartyLine, ...], now: int | None) -> Iterator[str]:
    document, members = genesis.document, genesis.members
    if document.scripted_clock is not None:
        yield "TEST NETWORK: its time is scripted, and nothing it records is evidence of anything"
    elif now is not None and document.created > now:
        yield f"created lies {document.created - now} s in the future; no block is made before"
    if "://" in document.origin:
        yield f"origin {document.origin} has a scheme; C2SP recommends one without, such as ledger.example/name"
    yield from _continues(genesis)
    spare = (members.size - 1) % 3
    if spare:
        least = members.size - spare
        yield f"{members.size} members tolerate {members.faults} faulty, as {least} do; {least + 3} would tolerate more"
    yield from _shared_hosts(lines)
    if document.continues is not None:
        return
    yield from _dependent_members(genesis)
    governing = {key.party for key in rows(genesis, KEYS) if "governance" in key.purposes}
    for member in members.members:
        if member.party not in governing:
            yield f"{member.party} has a seat but no governance key, so it cannot consent to anything"


def _shared_hosts(lines: tuple[PartyLine, ...]) -> Iterator[str]:
    hosts: dict[str, list[str]] = {}
    for line in lines:
        if line.place == "seat":
            hosts.setdefault(urlsplit(line.endpoint).hostname or "", []).append(line.party)
    for host, parties in sorted(hosts.items()):
        if len(parties) > 1:
            yield f"{', '.join(parties)} share the host {host}, so they fail together"


def _dependent_members(genesis: Genesis) -> Iterator[str]:
    state = View(MemorySource(genesis.values))
    ctx = Context(state=state, network=genesis.network, height=0, time=genesis.document.created)
    seats = [member.party for member in genesis.members.members]
    above = {party: controllers(ctx, (party,)) for party in seats}
    for place, first in enumerate(seats):
        for second in seats[place + 1 :]:
            if second in above[first] or first in above[second] or above[first] & above[second]:
                yield f"{first} and {second} are not independent of each other, yet both have a seat"
