"""The gateway's configuration: one TOML file, closed to unknown keys; paths are relative to its folder.

Beyond loopback the gateway speaks TLS only. Tokens stand in the file as SHA-256 of the token, so the file
alone lets nobody issue. A complete example is in ``docs/gateway.md``.
"""

from __future__ import annotations

import ipaddress
import ssl
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from accord_client.documents.context_store import check_digest
from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.open_badge_check import VC2_CONTEXT
from accord_client.documents.sd_jwt_vc import VCT
from accord_client.keyring import Keyring
from accord_genesis.files import read_public
from accord_genesis.keyfiles import find_passphrase
from accord_ledger.errors import AccordError

MAX_CONFIG: Final = 256 * 1024
MAX_CA: Final = 1024 * 1024
_HEX: Final = r"^[0-9a-f]{64}\Z"


class ConfigError(AccordError):
    """A configuration that cannot be used; says which key, what was expected and what came."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections: closed to unknown keys."""


class Listen(Section, frozen=True, kw_only=True):
    """Where the gateway listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8443
    """0 takes a free port."""
    certificate: str = ""
    """TLS certificate chain (PEM); required unless ``host`` is a loopback address."""
    private_key: str = ""
    client_ca: str = ""
    """Authorities of client certificates (PEM): who has one may do what a token allows."""


class Token(Section, frozen=True, kw_only=True):
    """Somebody who may issue."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    sha256: Annotated[str, Meta(pattern=_HEX)]
    """SHA-256 of the bearer token, hex; the token itself has at least 128 random bits."""


class ContextFile(Section, frozen=True, kw_only=True):
    """A JSON-LD context the operator vouches for, beside the bundled ones."""

    url: Annotated[str, Meta(max_length=2048)]
    file: str
    sha256: Annotated[str, Meta(pattern=_HEX)]


class Keys(Section, frozen=True, kw_only=True):
    """The institution's keys: ``issuance``, ``status``, and ``institution`` for presentations."""

    folder: str = "keys"
    party: str
    passphrase_file: str = ""


class Verify(Section, frozen=True, kw_only=True):
    """What verifying may use; offline unless hosts are named."""

    did_web_hosts: list[str] = []
    """Hosts whose DID documents may be fetched; ``*`` for every public one."""
    status_hosts: list[str] = []
    """Hosts whose Bitstring Status Lists may be fetched, for credentials that others issued; ``*`` for every public one."""
    inner_hosts: list[str] = []
    """Those of the hosts above that may have addresses that are not public."""
    ca: str = ""
    """Authorities of the hosts above (PEM), beside those the system believes."""
    did_documents: list[str] = []
    """Files of DID documents the operator vouches for."""
    contexts: list[ContextFile] = []
    open: bool = True
    """Verifying needs no token."""


class CredentialType(Section, frozen=True, kw_only=True):
    """A kind of credential that wallets can collect (OpenID4VCI 1.0, section 12.2.4)."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z")]
    format: Literal["dc+sd-jwt", "ldp_vc"]
    name: str = ""
    """Shown to people."""
    vct: str = VCT
    """Type, of ``dc+sd-jwt``."""
    contexts: tuple[str, ...] = (VC2_CONTEXT,)
    """Of ``ldp_vc``."""
    types: tuple[str, ...] = ("VerifiableCredential",)
    """Of ``ldp_vc``; a credential offered under it has all of them."""


class Config(Section, frozen=True, kw_only=True):
    """Everything a gateway needs to know."""

    did: Annotated[str, Meta(max_length=1024)]
    """The institution's DID: ``did:web:...``, or the ``did:key`` of its issuance key."""
    base_url: Annotated[str, Meta(pattern=r"^https?://[a-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]+)?\Z")]
    """How others reach this gateway, without a slash at the end."""
    name: str = ""
    """Of the institution, for wallets."""
    state: str = "gateway.sqlite"
    """What must not be forgotten: status positions, offers, codes."""
    add_status: bool = True
    """Give a credential without a status a place in the gateway's own lists."""
    listen: Listen = Listen()
    keys: Keys
    tokens: list[Token] = []
    verify: Verify = Verify()
    credentials: list[CredentialType] = []
    """What wallets can collect; each ``id`` once."""


def load_config(path: Path) -> tuple[Config, Path]:
    """Read a configuration; returns it with the folder its paths are relative to.

    Raises:
        ConfigError: ``CONFIG_SYNTAX``, ``CONFIG_VALUE``, ``CONFIG_TLS`` (beyond loopback without TLS) or
            ``CONFIG_AUTH`` (nobody could ever issue).
        AccordError: ``FILE_*``: it cannot be read.
    """
    try:
        values: dict[str, Any] = tomllib.loads(read_public(path, limit=MAX_CONFIG).decode())
        config = msgspec.convert(values, Config)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("CONFIG_SYNTAX", str(error), path=str(path)) from error
    except msgspec.ValidationError as error:
        raise ConfigError("CONFIG_VALUE", str(error), path=str(path)) from error
    check_config(config)
    return config, path.resolve().parent


def check_config(config: Config) -> None:
    """Raise ``ConfigError`` ``CONFIG_TLS`` or ``CONFIG_AUTH`` for one that would not be safe."""
    listen = config.listen
    secured = bool(listen.certificate and listen.private_key)
    if not secured and not is_loopback(listen.host):
        raise ConfigError(
            "CONFIG_TLS", f"expected certificate and private_key for {listen.host}", path="listen"
        )
    if listen.client_ca and not secured:
        raise ConfigError(
            "CONFIG_TLS", "expected certificate and private_key beside client_ca", path="listen"
        )
    if not config.tokens and not listen.client_ca:
        raise ConfigError(
            "CONFIG_AUTH", "expected tokens or listen.client_ca: nobody could issue", path="tokens"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def ssl_context(config: Config, folder: Path) -> ssl.SSLContext | None:
    """TLS 1.3 and 1.2 for the listener; None without a certificate."""
    listen = config.listen
    if not listen.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / listen.certificate, folder / listen.private_key)
    if listen.client_ca:
        context.load_verify_locations(folder / listen.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def fetching_context(config: Config, folder: Path) -> ssl.SSLContext | None:
    """Whom fetches believe; None: whom the system believes.

    Raises:
        ConfigError: ``CONFIG_TLS``: a file that holds no certificate of an authority.
        AccordError: ``FILE_*``: it cannot be read.
    """
    if not config.verify.ca:
        return None
    file = folder / config.verify.ca
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=read_public(file, limit=MAX_CA).decode())
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise ConfigError("CONFIG_TLS", f"expected certificates (PEM): {error}", path=str(file)) from error
    return context


def keyring(config: Config, folder: Path) -> Keyring:
    """The institution's keys."""
    file = config.keys.passphrase_file
    passphrase = find_passphrase(variable="ACCORD_PASSPHRASE", file=folder / file if file else None)
    return Keyring(folder / config.keys.folder, passphrase)


def context_texts(config: Config, folder: Path) -> dict[str, bytes]:
    """The contexts the operator vouches for; raises ``FatalError`` ``CONTEXT_DIGEST`` if one was changed."""
    texts = {}
    for item in config.verify.contexts:
        texts[item.url] = read_public(folder / item.file, limit=1024 * 1024)
        check_digest(item.file, texts[item.url], item.sha256)
    return texts


def pinned_documents(config: Config, folder: Path) -> dict[str, JsonObject]:
    """DID documents the operator vouches for, by DID."""
    pinned = {}
    for name in config.verify.did_documents:
        document = load_object(read_public(folder / name, limit=1024 * 1024))
        pinned[str(document.get("id"))] = document
    return pinned
