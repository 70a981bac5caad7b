"""The keys of one party: made together, written to two separate folders, loaded one by one.

    keys/<party>/institution/<purpose>.pem     stays with the institution, encrypted
    keys/<party>/node/{link,vote,log,witness}.pem    goes to the node's host, and nothing else does
    keys/<party>/node/vote.unused                    goes with it: the vote key has never signed

Each purpose has a key of its own, so that committees sign for themselves (DOMAIN.md 2.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from accord_genesis.files import CeremonyError
from accord_genesis.keyfiles import generate_key, load_key, write_key
from accord_genesis.unusedkeys import mark_unused
from accord_ledger.domain.kinds.network import NodeKey
from accord_ledger.domain.kinds.party import NewKey
from accord_ledger.fields import Purpose, Role
from accord_ledger.keys import SigningKey

NO_NETWORK: Final = b""
"""Stands for the network in proofs of possession made before it has a hash."""

NODE_USES: Final = ("link", "vote", "log", "witness")
"""DESIGN.md section 3: one file each."""

FOUNDING_ORDER: Final = ("governance", "institution")
"""Which key a party signs with in the ceremony: the first it has."""

ROLE_PURPOSES: Final[Mapping[Role, tuple[Purpose, ...]]] = {
    "credit_bank": ("registrar", "agreements"),
    "university": (
        "registrar",
        "academic_committee",
        "curriculum_committee",
        "endorse",
        "issuance",
        "quality",
        "agreements",
    ),
    "provider": ("registrar", "issuance", "quality", "agreements"),
    "quality_agency": ("quality",),
    "employer_body": (),
    "regulator": ("governance",),
    "auditor": (),
}
"""Purposes a party of this role signs with (DOMAIN.md 2.1, 2.4), besides ``institution``."""


def default_purposes(roles: Iterable[Role], *, seat: bool) -> tuple[Purpose, ...]:
    """What a party with these roles needs keys for; with a seat also ``governance``. In order."""
    chosen: set[Purpose] = {"institution"}
    for role in roles:
        chosen.update(ROLE_PURPOSES[role])
    if seat:
        chosen.add("governance")
    return tuple(purpose for purpose in get_args(Purpose) if purpose in chosen)


@dataclass(frozen=True, slots=True)
class NodeSecrets:
    """The four keys of a node."""

    link: SigningKey
    vote: SigningKey
    log: SigningKey
    witness: SigningKey


@dataclass(frozen=True, slots=True)
class PartySecrets:
    """All keys of one party, in memory while it founds."""

    party: str
    institution: Mapping[Purpose, SigningKey]
    node: NodeSecrets | None
    """None: it runs no node."""

    def new_keys(self) -> tuple[NewKey, ...]:
        """The institutional keys as T01 registers them, with proofs of possession."""
        return tuple(
            NewKey(
                alg="ed25519",
                public=key.public,
                purposes=(purpose,),
                proof=key.prove_possession(NO_NETWORK, self.party, "institution"),
            )
            for purpose, key in sorted(self.institution.items())
        )

    def node_key(self, use: str) -> NodeKey:
        """A key of the node as T43 registers it, with its proof of possession."""
        if self.node is None:
            raise ValueError(f"{self.party} has no node")
        key: SigningKey = getattr(self.node, use)
        return NodeKey(public=key.public, proof=key.prove_possession(NO_NETWORK, self.party, use))

    @property
    def founding_key(self) -> SigningKey:
        """The key that signs statement and genesis: ``governance``, else ``institution``."""
        found = next((self.institution[name] for name in FOUNDING_ORDER if name in self.institution), None)
        if found is None:
            raise CeremonyError("STATEMENT_KEY", f"expected a governance or institution key of {self.party}")
        return found


def make_keys(
    party: str, purposes: Iterable[Purpose], *, node: bool, make: Callable[[], SigningKey] = generate_key
) -> PartySecrets:
    """Fresh keys for a party, one per purpose, and four more if it runs a node."""
    institution = {purpose: make() for purpose in purposes}
    return PartySecrets(party, institution, NodeSecrets(make(), make(), make(), make()) if node else None)


def write_keys(
    keys: PartySecrets,
    institution: Path,
    node: Path,
    *,
    passphrase: bytes | None,
    node_passphrase: bytes | None = None,
) -> None:
    """Write every key to a file of its own, mode 0600 in folders of mode 0700; overwrites no key.

    Beside the vote key stands that it has never signed (``unusedkeys``).

    Args:
        keys: what to write, just made: no vote was signed with them.
        institution: folder that stays with the institution.
        node: folder that goes to the node's host.
        passphrase: encrypts the institution's keys; None leaves them open.
        node_passphrase: encrypts the node's; None: a node starts without anybody present.

    Raises:
        CeremonyError: ``KEYS_TOGETHER`` (one folder inside the other), ``FILE_IO``.
        KeyFileError: as ``keyfiles.write_key``.
    """
    inner, outer = institution.resolve(), node.resolve()
    if keys.node is not None and (inner.is_relative_to(outer) or outer.is_relative_to(inner)):
        detail = "expected separate folders: institution keys never live on the node's host"
        raise CeremonyError("KEYS_TOGETHER", detail, path=str(node))
    _make_private(institution)
    for purpose, key in keys.institution.items():
        write_key(institution / f"{purpose}.pem", key, passphrase=passphrase)
    if keys.node is None:
        return
    _make_private(node)
    for use in NODE_USES:
        write_key(node / f"{use}.pem", getattr(keys.node, use), passphrase=node_passphrase)
    mark_unused(node / "vote.pem", keys.node.vote)


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CeremonyError("FILE_IO", str(error.strerror), path=str(folder)) from error


def load_founding_key(folder: Path, *, passphrase: bytes | None) -> SigningKey:
    """The key a party signs with in the ceremony, from its institution's folder.

    Raises:
        CeremonyError: ``STATEMENT_KEY``: neither a governance nor an institution key is there.
        KeyFileError: as ``keyfiles.load_key``.
    """
    for purpose in FOUNDING_ORDER:
        path = folder / f"{purpose}.pem"
        if path.exists():
            return load_key(path, passphrase=passphrase)
    raise CeremonyError("STATEMENT_KEY", "expected governance.pem or institution.pem", path=str(folder))
