"""The demonstration's alliance, founded by the real ceremony and written to a folder.

Four founders of DOMAIN.md section 6 (bcb, hnrail, suny, uu) and one observer (aud-1). Each party makes
its keys in a folder of its own, states, checks and signs; nodes get their own keys, and the ``status`` key
that an issuing institution delegates to its node, and nothing else.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from accord_genesis.ceremony import Applicant, Charter, assemble, countersign, join, merge, unsigned
from accord_genesis.document import Genesis, open_genesis
from accord_genesis.keyfiles import write_key
from accord_genesis.keyset import PartySecrets, default_purposes, make_keys, write_keys
from accord_genesis.presets import Named
from accord_ledger.domain.kinds.accreditation import Period, RegistryEntryBody
from accord_ledger.fields import Purpose
from accord_node.demo.front import HOST as PUBLIC_HOST
from accord_node.demo.front import Authority, Fronts

ORIGIN = "demo.accord.example/credit-bank-alliance"
NAME = "Credit bank alliance (demonstration)"
HOST = "127.0.0.1"


def _party(
    party: str,
    role: str,
    names: Mapping[str, str],
    region: str,
    *,
    endpoint: str | None = None,
    seat: bool = False,
    member_of: tuple[str, ...] = (),
) -> Applicant:
    return Applicant(
        party_id=party,
        roles=(role,),  # type: ignore[arg-type]
        legal_name=names,
        country=region[:2],
        region=region,
        member_of=member_of,
        endpoint=endpoint,
        seat=seat,
    )


FOUNDERS = ("bcb", "hnrail", "suny", "uu")
OBSERVER = "aud-1"
NODES = (*FOUNDERS, OBSERVER)
PUBLISHERS = ("hnrail", "suny", "uu")
"""Founders that issue credentials: each delegates a ``status`` key to its node, which signs their lists."""


def applicants(ports: Mapping[str, int]) -> list[Applicant]:
    """Every party of the demonstration; those with a port run a node."""

    def endpoint(party: str) -> str:
        return f"wss://{HOST}:{ports[party]}/peer"

    return [
        _party("bcb", "credit_bank", {"en": "Beijing Credit Bank", "zh": "北京市学分银行"}, "CN-BJ", endpoint=endpoint("bcb"), seat=True),
        _party("hnrail", "university", {"en": "Hunan Railway Professional Technology College", "zh": "湖南铁道职业技术学院"}, "CN-HN", endpoint=endpoint("hnrail"), seat=True),
        _party("suny", "university", {"en": "State University of New York"}, "US-NY", endpoint=endpoint("suny"), seat=True),
        _party("uu", "university", {"en": "Utrecht University", "nl": "Universiteit Utrecht"}, "NL-UT", endpoint=endpoint("uu"), seat=True),
        _party("aud-1", "auditor", {"en": "An auditor"}, "NL-ZH", endpoint=endpoint("aud-1")),
        _party("bjou", "university", {"en": "Beijing Open University", "zh": "北京开放大学"}, "CN-BJ", member_of=("bcb",)),
        _party("nvao", "quality_agency", {"en": "Accreditation Organisation of the Netherlands and Flanders"}, "NL-ZH"),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Founded:
    """The folder after the ceremony."""

    folder: Path
    genesis_file: Path
    genesis: Genesis
    keys: Mapping[str, PartySecrets]
    peer_ports: Mapping[str, int]
    http_ports: Mapping[str, int]
    https_ports: Mapping[str, int]
    """Where :meth:`fronts` listen, for every node."""
    authority: Authority
    """Whom strangers trust who ask over https."""

    def url(self, party: str) -> str:
        """Base URL of a node's HTTP interface."""
        return f"http://{HOST}:{self.http_ports[party]}"

    def public_url(self, party: str) -> str:
        """The same over https: in DIDs, and in credentials as the address of status lists."""
        return f"https://{PUBLIC_HOST}:{self.https_ports[party]}"

    def fronts(self) -> Fronts:
        """What stands before the nodes; to be started."""
        return Fronts(
            self.authority, {self.https_ports[party]: self.http_ports[party] for party in self.https_ports}
        )

    def config(self, party: str) -> Path:
        """The node's configuration file."""
        return self.folder / "nodes" / party / "node.toml"


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on, taken together so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind((HOST, 0))
        return [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()


def found(folder: Path) -> Founded:
    """Hold the ceremony in ``folder`` and write every node's configuration."""
    ports = iter(_free_ports(3 * len(NODES)))
    peer_ports, http_ports, https_ports = ({party: next(ports) for party in NODES} for _ in range(3))
    (folder / "statements").mkdir(parents=True, exist_ok=True)
    keys: dict[str, PartySecrets] = {}
    statements: dict[str, bytes] = {}
    for applicant in applicants(peer_ports):
        party = applicant.party_id
        secrets = make_keys(party, _purposes(applicant), node=applicant.endpoint is not None)
        institution, node = folder / "institutions" / party, folder / "nodes" / party / "keys"
        write_keys(secrets, institution, node, passphrase=None)
        if party in PUBLISHERS:
            write_key(node / "status.pem", secrets.institution["status"], passphrase=None)
        statements[party] = join(applicant, secrets)
        (folder / "statements" / f"{party}.statement").write_bytes(statements[party])
        keys[party] = secrets
    year = time.gmtime().tm_year
    entry = RegistryEntryBody(
        agency="nvao",
        registry="EQAR",
        period=Period(valid_from=f"{year - 10}-01-01", valid_to=f"{year + 10}-12-31"),
    )
    acts: tuple[Named, ...] = (("registry_entry", entry),)
    charter = Charter(name=NAME, origin=ORIGIN, created=int(time.time()), presets=("all", "bcb"), acts=acts)
    file = unsigned(assemble(charter, statements.values()))
    signatures = [
        countersign(file, statements[party], keys[party].founding_key)
        for party in keys
        if keys[party].node is not None
    ]
    file = merge(file, signatures)
    genesis_file = folder / "genesis.accord"
    genesis_file.write_bytes(file)
    authority = Authority.create(folder / "https")
    founded = Founded(
        folder, genesis_file, open_genesis(file), keys, peer_ports, http_ports, https_ports, authority
    )
    for party in NODES:
        _write_config(founded, party, file)
    return founded


def _purposes(applicant: Applicant) -> tuple[Purpose, ...]:
    """What keys a party needs; one more for those whose status lists are signed."""
    purposes = default_purposes(applicant.roles, seat=applicant.seat)
    return (*purposes, "status") if applicant.party_id in PUBLISHERS else purposes


def _write_config(founded: Founded, party: str, genesis: bytes) -> None:
    node = founded.folder / "nodes" / party
    (node / "genesis.accord").write_bytes(genesis)
    votes = party in FOUNDERS
    founded.config(party).write_text(
        "\n".join(
            [
                f'party = "{party}"',
                "[keys]",
                *(['vote = "keys/vote.pem"', 'witness = "keys/witness.pem"'] if votes else []),
                "[http]",
                f"port = {founded.http_ports[party]}",
                "[publish]",
                f'url = "{founded.public_url(party)}"',
                *([f'status_keys = {{ {party} = "keys/status.pem" }}'] if party in PUBLISHERS else []),
                "[peers]",
                f"port = {founded.peer_ports[party]}",
                "[consensus]",
                "delta_ms = 250",
                "heartbeat_seconds = 10",
                "[logging]",
                'level = "warning"',
                "",
            ]
        ),
        encoding="utf-8",
    )
