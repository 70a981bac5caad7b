"""How two nodes prove to each other who they are over a TLS connection nobody vouches for.

    client -> server   Hello{network, party, nonce}
    server -> client   Proof{party, nonce, signature}      role "server"
    client -> server   Proof{party, nonce, signature}      role "client"
    server -> client   Welcome{}                           or Refusal{code} at any point

Each signature is made with a ``link`` key over tag, network, role, both ids, both nonces and the hash
of the server's certificate (DESIGN.md section 5). Fresh nonces stop replays; the certificate hash stops
a relay that ends TLS itself; the role stops reflection. No I/O here: values in, values out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger import codec
from accord_ledger.errors import DecodeError
from accord_ledger.fields import Digest, Signature, Slug
from accord_ledger.keys import SigningKey, verifies
from accord_ledger.tags import Tag
from accord_node.peer.errors import HANDSHAKE_CODES, PeerError

MAX_HANDSHAKE_BYTES: Final = 4096
"""Largest message before the other side is proven."""

NONCE_BYTES: Final = 32
SUBPROTOCOL: Final = "accord.peer.v1"
"""WebSocket subprotocol: the version of everything said on a link."""

Nonce = Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
LinkRole = Literal["client", "server"]


class Hello(codec.Wire, tag="hello"):
    """Who calls, and from which network."""

    network: Digest
    party: Slug
    nonce: Nonce


class Proof(codec.Wire, tag="proof"):
    """A party's signature over what both sides know of this connection."""

    party: Slug
    nonce: Nonce
    signature: Signature


class Welcome(codec.Wire, tag="welcome"):
    """The server has verified the client; frames may follow."""


class Refusal(codec.Wire, tag="refusal"):
    """Why the other side hangs up."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]


Message = Hello | Proof | Welcome | Refusal


class LinkStatement(codec.Wire):
    """What a link key signs."""

    network: Digest
    role: LinkRole
    client: Slug
    server: Slug
    client_nonce: Nonce
    server_nonce: Nonce
    certificate: Digest
    """SHA-256 of the server's TLS certificate in DER, as the signer sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What one node needs to prove itself and to check others."""

    network: bytes
    party: str
    key: SigningKey
    link_keys: Callable[[str], tuple[bytes, ...]]


def statement_message(statement: LinkStatement) -> bytes:
    """The bytes a handshake signature is made over."""
    return Tag.SIGN_LINK.message(codec.encode(statement))


def encode_message(message: Message) -> bytes:
    """Canonical bytes of a handshake message."""
    return codec.encode(message)


def decode_message(data: bytes) -> Message:
    """Parse a handshake message.

    Raises:
        PeerError: ``PEER_HANDSHAKE`` for bytes that are none; the refuser's own code for a refusal.
    """
    try:
        message: Message = codec.decode(data, Message, limit=MAX_HANDSHAKE_BYTES)  # type: ignore[arg-type]  # a union is no type[T]
    except DecodeError as error:
        raise PeerError(
            "PEER_HANDSHAKE", f"expected a handshake message, got {error.code}: {error.detail}"
        ) from error
    if isinstance(message, Refusal):
        code = message.code if message.code in HANDSHAKE_CODES else "PEER_HANDSHAKE"
        raise PeerError(code, "refused by the other side")
    return message


class ServerHandshake:
    """The accepting side of one handshake."""

    def __init__(self, own: Credentials, certificate: bytes, nonce: bytes) -> None:
        self._own = own
        self._certificate = certificate
        self._nonce = nonce
        self._hello: Hello | None = None

    def hello(self, message: Message) -> Proof:
        """Answer a ``Hello`` with our proof; ``PeerError`` if the caller cannot be one of ours."""
        if not isinstance(message, Hello):
            raise PeerError("PEER_HANDSHAKE", f"expected Hello, got {type(message).__name__}")
        if message.network != self._own.network:
            raise PeerError(
                "PEER_NETWORK", f"expected {self._own.network.hex()}, got {message.network.hex()}"
            )
        if message.party == self._own.party:
            raise PeerError("PEER_MISMATCH", "expected another party, got our own id")
        _keys_of(self._own, message.party)
        self._hello = message
        signature = self._own.key.sign(statement_message(self._statement("server", message)))
        return Proof(party=self._own.party, nonce=self._nonce, signature=signature)

    def proof(self, message: Message) -> tuple[str, bytes]:
        """Check the client's proof; returns its party id and the link key that signed."""
        hello = self._hello
        if hello is None or not isinstance(message, Proof):
            raise PeerError("PEER_HANDSHAKE", f"expected Proof after Hello, got {type(message).__name__}")
        if message.party != hello.party or message.nonce != hello.nonce:
            raise PeerError("PEER_HANDSHAKE", "expected the party and nonce of the Hello")
        statement = statement_message(self._statement("client", hello))
        return hello.party, _check(self._own, hello.party, statement, message.signature)

    def _statement(self, role: LinkRole, hello: Hello) -> LinkStatement:
        return LinkStatement(
            network=self._own.network, role=role, client=hello.party, server=self._own.party,
            client_nonce=hello.nonce, server_nonce=self._nonce, certificate=self._certificate,
        )  # fmt: skip


class ClientHandshake:
    """The dialling side of one handshake."""

    def __init__(self, own: Credentials, server: str, nonce: bytes) -> None:
        self._own = own
        self._server = server
        self._nonce = nonce

    def hello(self) -> Hello:
        """The first message."""
        return Hello(network=self._own.network, party=self._own.party, nonce=self._nonce)

    def proof(self, message: Message, certificate: bytes) -> tuple[Proof, bytes]:
        """Check the server's proof against the certificate seen; returns ours and the server's key."""
        if not isinstance(message, Proof):
            raise PeerError("PEER_HANDSHAKE", f"expected Proof, got {type(message).__name__}")
        if message.party != self._server:
            raise PeerError("PEER_MISMATCH", f"expected {self._server}, got {message.party}")
        theirs = self._statement("server", message.nonce, certificate)
        key = _check(self._own, self._server, statement_message(theirs), message.signature)
        ours = self._statement("client", message.nonce, certificate)
        signature = self._own.key.sign(statement_message(ours))
        return Proof(party=self._own.party, nonce=self._nonce, signature=signature), key

    def _statement(self, role: LinkRole, server_nonce: bytes, certificate: bytes) -> LinkStatement:
        return LinkStatement(
            network=self._own.network, role=role, client=self._own.party, server=self._server,
            client_nonce=self._nonce, server_nonce=server_nonce, certificate=certificate,
        )  # fmt: skip


def check_welcome(message: Message) -> None:
    """Raise ``PEER_HANDSHAKE`` unless the server let us in."""
    if not isinstance(message, Welcome):
        raise PeerError("PEER_HANDSHAKE", f"expected Welcome, got {type(message).__name__}")


def _keys_of(own: Credentials, party: str) -> tuple[bytes, ...]:
    keys = own.link_keys(party)
    if not keys:
        raise PeerError("PEER_UNKNOWN", f"expected a party with a link key, got {party}")
    return keys


def _check(own: Credentials, party: str, message: bytes, signature: bytes) -> bytes:
    for key in _keys_of(own, party):
        if verifies(key, message, signature):
            return key
    raise PeerError("PEER_SIGNATURE", f"expected a signature by a link key of {party}")
