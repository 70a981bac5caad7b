"""The node's TLS identity: a self-signed certificate, made once and kept in the data directory.

Nobody validates it. TLS gives secrecy; authenticity comes from the handshake, which signs the hash of
the certificate the client really saw (DESIGN.md section 5). A certificate's dates are therefore
alerts at most, never rules.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CERTIFICATE_FILE: Final = "tls-certificate.pem"
KEY_FILE: Final = "tls-key.pem"

_NOT_BEFORE: Final = datetime(2020, 1, 1, tzinfo=UTC)
_NOT_AFTER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""RFC 5280 4.1.2.5: no well-defined expiry; dates are no rule here."""


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """Certificate and key files of one node."""

    certificate: Path
    key: Path
    digest: bytes
    """SHA-256 of the certificate's DER (32 bytes): what the handshake binds to."""

    @classmethod
    def load_or_create(cls, folder: Path) -> Self:
        """The identity in ``folder``, made on first use (ECDSA P-256, key readable by the owner only).

        Raises:
            ValueError: the certificate file is not a PEM certificate.
            OSError: the files cannot be read or written.
        """
        certificate, key = folder / CERTIFICATE_FILE, folder / KEY_FILE
        if not (certificate.exists() and key.exists()):
            _create(certificate, key)
        der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(
            serialization.Encoding.DER
        )
        return cls(certificate, key, sha256(der).digest())

    def server_context(self) -> ssl.SSLContext:
        """TLS 1.3 server context with this identity."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0  # no resumption: every link starts with a full handshake
        context.load_cert_chain(self.certificate, self.key)
        return context


def client_context() -> ssl.SSLContext:
    """TLS 1.3 client context that accepts any certificate; the handshake decides whose it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _create(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accord node")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .sign(private, hashes.SHA256())
    )
    encoded = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The key goes first: a certificate without its key would be taken for a complete identity.
    _write(key, encoded, 0o600)
    _write(certificate, signed.public_bytes(serialization.Encoding.PEM), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
