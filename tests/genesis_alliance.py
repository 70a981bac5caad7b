"""A test alliance made by the real ceremony: keys and files in a folder, ready for nodes and clients.

    alliance = make_alliance(tmp_path, founders=["uu", "bcb", "suny", "um"], observers=["uom"])
    alliance.genesis.network, alliance.key("uu", "registrar"), alliance.node_keys("uu") / "vote.pem"

Keys follow from names (and ``seed``), so that runs can be repeated; never use this outside tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from accord_genesis.ceremony import Applicant, Charter, found, join
from accord_genesis.document import Genesis, open_genesis
from accord_genesis.files import write_public
from accord_genesis.keyset import PartySecrets, default_purposes, make_keys, write_keys
from accord_genesis.presets import Named
from accord_ledger.keys import SigningKey

CREATED = 1_772_323_200
"""2026-03-01T00:00:00Z, the first day of the reference scenario."""

ORIGIN = "ledger.example/test-alliance"
CLOCK = SigningKey.from_seed(sha256(b"test clock").digest())
"""Commands the clock of an alliance made with ``scripted_clock=True``."""


@dataclass(frozen=True, slots=True)
class Alliance:
    """What a test needs of an alliance."""

    folder: Path
    genesis_file: Path
    """The signed genesis file."""
    genesis: Genesis
    secrets: Mapping[str, PartySecrets]
    """Every party's keys, by party id."""
    endpoints: Mapping[str, str]
    """Where each node is reached, by party id."""

    @property
    def network(self) -> bytes:
        """Network hash."""
        return self.genesis.network

    @property
    def genesis_bytes(self) -> bytes:
        """The genesis file's content."""
        return self.genesis_file.read_bytes()

    def key(self, party: str, purpose: str = "institution") -> SigningKey:
        """An institutional key."""
        return {str(name): key for name, key in self.secrets[party].institution.items()}[purpose]

    def node_key(self, party: str, use: str) -> SigningKey:
        """``link``, ``vote``, ``log`` or ``witness``."""
        key: SigningKey = getattr(self.secrets[party].node, use)
        return key

    def institution_keys(self, party: str) -> Path:
        """Folder with the institution's key files (not encrypted)."""
        return self.folder / party / "institution"

    def node_keys(self, party: str) -> Path:
        """Folder with the node's key files."""
        return self.folder / party / "node"


def key_source(seed: str) -> Callable[[], SigningKey]:
    """Keys one after another that follow from a text."""
    count = iter(range(10_000))
    return lambda: SigningKey.from_seed(sha256(f"{seed}/{next(count)}".encode()).digest())


def applicant(party: str, *, seat: bool, endpoint: str | None) -> Applicant:
    """A university of a fixture country."""
    return Applicant(
        party_id=party,
        roles=("university",),
        legal_name={"en": f"University {party}"},
        country="XA",
        region="XA-E",
        endpoint=endpoint,
        seat=seat,
    )


def make_secrets(who: Applicant, seed: str = "") -> PartySecrets:
    """The keys of an applicant, following from its name."""
    purposes = default_purposes(who.roles, seat=who.seat)
    return make_keys(
        who.party_id, purposes, node=who.endpoint is not None, make=key_source(f"{seed}/{who.party_id}")
    )


def make_alliance(
    tmp_path: Path,
    *,
    founders: Sequence[str | Applicant] = ("a", "b", "c", "d"),
    observers: Sequence[str | Applicant] = (),
    others: Sequence[Applicant] = (),
    extra_acts: Iterable[Named] = (),
    presets: tuple[str, ...] = ("all",),
    ports: Mapping[str, int] | None = None,
    created: int = CREATED,
    scripted_clock: bool = False,
    seed: str = "",
) -> Alliance:
    """Found an alliance and write it to ``tmp_path/alliance``.

    Args:
        tmp_path: an empty folder of the test.
        founders: parties with a seat, by name (a university) or as applicants; at least four.
        observers: parties with a node and no seat.
        others: parties without a node.
        extra_acts: further acts, as ``Charter.acts``.
        presets: as ``Charter.presets``.
        ports: party to TCP port on 127.0.0.1; 7400 and up for those not named.
        created: ledger time of genesis, UTC seconds.
        scripted_clock: a test network whose time ``CLOCK`` commands.
        seed: makes other keys.
    """
    ports = ports or {}
    names = [*founders, *observers]
    numbered = {_name(who): ports.get(_name(who), 7400 + place) for place, who in enumerate(names)}
    applicants = [
        who
        if isinstance(who, Applicant)
        else applicant(who, seat=place < len(founders), endpoint=f"wss://127.0.0.1:{numbered[who]}/peer")
        for place, who in enumerate(names)
    ]
    applicants += others
    secrets = {who.party_id: make_secrets(who, seed) for who in applicants}
    charter = Charter(
        name="Test alliance",
        origin=ORIGIN,
        created=created,
        presets=presets,
        acts=tuple(extra_acts),
        scripted_clock=CLOCK.public if scripted_clock else None,
    )
    file = found(charter, [(secrets[who.party_id], join(who, secrets[who.party_id])) for who in applicants])
    folder = tmp_path / "alliance"
    for party, keys in secrets.items():
        write_keys(keys, folder / party / "institution", folder / party / "node", passphrase=None)
    path = folder / "genesis.accord"
    write_public(path, file)
    endpoints = {who.party_id: who.endpoint for who in applicants if who.endpoint is not None}
    return Alliance(folder, path, open_genesis(file), secrets, endpoints)


def _name(who: str | Applicant) -> str:
    return who if isinstance(who, str) else who.party_id
