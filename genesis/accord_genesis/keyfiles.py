"""Files that hold secrets: created once, readable by their owner, durable before the caller goes on.

Keys are Ed25519 in PKCS#8 PEM (RFC 5958, RFC 8410). Encrypted files use PBES2 with scrypt (RFC 7914) and
AES-256-CBC, so OpenSSL and other tools read them too; ``cryptography`` itself would write 2,048 rounds of
PBKDF2, which is too little for a key that signs for years. A file that exists is never overwritten, and a
file that others may read or change is never used.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from accord_ledger.errors import AccordError
from accord_ledger.keys import SEED_BYTES, SigningKey

MAX_KEY_FILE: Final = 16 * 1024
"""Largest key or passphrase file, in bytes."""

MIN_PASSPHRASE: Final = 8
"""Shortest passphrase a file is encrypted with, in bytes; scrypt slows guessing, it does not stop it."""

_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**14, 8, 5  # 16 MiB; OpenSSL refuses more than 32 MiB when it reads
_FORBIDDEN = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP  # a group that reads is how containers share a secret


class KeyFileError(AccordError):
    """A secret file that is missing, exposed, damaged or locked."""


# ---- keys --------------------------------------------------------------------------------------------


def generate_key() -> SigningKey:
    """A fresh Ed25519 key from the system's random source."""
    return SigningKey.from_seed(secrets.token_bytes(SEED_BYTES))


def write_key(path: Path, key: SigningKey, *, passphrase: bytes | None) -> None:
    """Write a key file with mode 0600; it is on disk when this returns.

    Args:
        path: must not exist.
        key: what to keep.
        passphrase: at least ``MIN_PASSPHRASE`` bytes; None leaves the file unencrypted, as node keys
            are that must start without anybody present.

    Raises:
        KeyFileError: ``KEYFILE_WEAK``, ``KEYFILE_EXISTS`` or ``KEYFILE_IO``.
    """
    plain = Ed25519PrivateKey.from_private_bytes(key.seed).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    if passphrase is None:
        write_private(path, _pem("PRIVATE KEY", plain))
        return
    if len(passphrase) < MIN_PASSPHRASE:
        raise KeyFileError("KEYFILE_WEAK", f"expected a passphrase of at least {MIN_PASSPHRASE} bytes")
    write_private(path, _pem("ENCRYPTED PRIVATE KEY", _encrypted(plain, passphrase)))


def load_key(path: Path, *, passphrase: bytes | None = None) -> SigningKey:
    """The Ed25519 key of a PKCS#8 PEM file.

    Raises:
        KeyFileError: ``KEYFILE_MISSING``, ``KEYFILE_EXPOSED``, ``KEYFILE_IO``, ``KEYFILE_TOO_LARGE``,
            ``KEYFILE_PASSPHRASE`` (missing, wrong, or given for an unencrypted file),
            ``KEYFILE_MALFORMED`` or ``KEYFILE_ALGORITHM`` (another kind of key).
    """
    data, where = read_private(path), str(path)
    try:
        key = serialization.load_pem_private_key(data, passphrase)
    except TypeError as error:  # a passphrase is missing, or there is nothing to decrypt
        raise KeyFileError("KEYFILE_PASSPHRASE", str(error), path=where) from error
    except UnsupportedAlgorithm as error:
        raise KeyFileError("KEYFILE_ALGORITHM", f"expected Ed25519: {error}", path=where) from error
    except ValueError as error:
        if b"ENCRYPTED PRIVATE KEY" in data and passphrase is not None:
            raise KeyFileError(
                "KEYFILE_PASSPHRASE", "wrong passphrase or damaged file", path=where
            ) from error
        raise KeyFileError("KEYFILE_MALFORMED", f"expected PKCS#8 PEM: {error}", path=where) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("KEYFILE_ALGORITHM", f"expected Ed25519, got {type(key).__name__}", path=where)
    return SigningKey.from_seed(key.private_bytes_raw())


def find_passphrase(
    given: str | None = None, *, variable: str | None = None, file: Path | None = None
) -> bytes | None:
    """The passphrase from the first of: the argument, an environment variable, a private file; else None.

    Args:
        given: typed by the user.
        variable: name of an environment variable; unset or empty counts as absent.
        file: its first line is taken, without the line end.

    Raises:
        KeyFileError: as :func:`read_private`, ``KEYFILE_PASSPHRASE`` for an empty file.
    """
    if given is not None:
        return given.encode()
    if variable is not None and os.environ.get(variable):
        return os.environ[variable].encode()
    if file is None:
        return None
    line = read_private(file).split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise KeyFileError("KEYFILE_PASSPHRASE", "expected a passphrase on the first line", path=str(file))
    return line


# ---- private files -----------------------------------------------------------------------------------


def write_private(path: Path, data: bytes) -> None:
    """Create a file of mode 0600 and sync it and its directory; never overwrites, never follows a link.

    Raises:
        KeyFileError: ``KEYFILE_EXISTS`` or ``KEYFILE_IO``; no partial file is left.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise KeyFileError("KEYFILE_EXISTS", "expected no such file yet", path=str(path)) from error
    except OSError as error:
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(path)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # whatever the umask
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _sync_directory(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(path)) from error


def replace_private(path: Path, data: bytes) -> None:
    """Replace a private file as a whole: after a crash it holds the old bytes or the new ones.

    Raises:
        KeyFileError: ``KEYFILE_IO``.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_private(fresh, data)
    try:
        fresh.replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(path)) from error


def read_private(path: Path, *, limit: int = MAX_KEY_FILE) -> bytes:
    """The bytes of a regular file that nobody but its owner (and perhaps its group, reading) may use.

    Raises:
        KeyFileError: ``KEYFILE_MISSING``, ``KEYFILE_IO`` (also for what is no regular file),
            ``KEYFILE_EXPOSED`` (mode) or ``KEYFILE_TOO_LARGE``.
    """
    where = str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not block
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise KeyFileError("KEYFILE_IO", "expected a regular file", path=where)
            if mode & _FORBIDDEN:
                shown = oct(stat.S_IMODE(mode))
                raise KeyFileError("KEYFILE_EXPOSED", f"expected mode 0600, got {shown}", path=where)
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise KeyFileError("KEYFILE_MISSING", "expected a file", path=where) from error
    except OSError as error:
        raise KeyFileError("KEYFILE_IO", str(error.strerror), path=where) from error
    if len(data) > limit:
        raise KeyFileError("KEYFILE_TOO_LARGE", f"expected at most {limit} bytes", path=where)
    return data


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---- PKCS#8 ------------------------------------------------------------------------------------------

_PBES2 = bytes.fromhex("06092a864886f70d01050d")  # 1.2.840.113549.1.5.13
_SCRYPT = bytes.fromhex("06092b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_AES_256_CBC = bytes.fromhex("060960864801650304012a")  # 2.16.840.1.101.3.4.1.42


def _encrypted(plain: bytes, passphrase: bytes) -> bytes:
    """DER of EncryptedPrivateKeyInfo (RFC 5958 section 3, RFC 8018 A.4, RFC 7914 section 7)."""
    salt, vector = secrets.token_bytes(16), secrets.token_bytes(16)
    secret = Scrypt(salt, 32, _SCRYPT_N, _SCRYPT_R, _SCRYPT_P).derive(passphrase)
    pad = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES256(secret), modes.CBC(vector)).encryptor()
    body = cipher.update(pad.update(plain) + pad.finalize()) + cipher.finalize()
    numbers = [_der(0x02, _integer(number)) for number in (_SCRYPT_N, _SCRYPT_R, _SCRYPT_P)]
    derivation = _sequence(_SCRYPT, _sequence(_der(0x04, salt), *numbers))
    encryption = _sequence(_AES_256_CBC, _der(0x04, vector))
    return _sequence(_sequence(_PBES2, _sequence(derivation, encryption)), _der(0x04, body))


def _der(tag: int, content: bytes) -> bytes:
    """One DER value; none of ours reaches 256 bytes."""
    length = len(content)
    return bytes([tag, length] if length < 128 else [tag, 0x81, length]) + content


def _sequence(*values: bytes) -> bytes:
    return _der(0x30, b"".join(values))


def _integer(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _pem(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
