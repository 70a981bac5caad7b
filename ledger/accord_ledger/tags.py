"""The table of domain tags: every hash and every signature of the network names its purpose.

A tagged digest is ``SHA-256(tag || 0x00 || data)``; a tagged signature is made over
``tag || 0x00 || message``. No tag is a prefix of another followed by a zero byte, so bytes signed
for one purpose can never be read as bytes signed for another.
"""

from __future__ import annotations

from enum import Enum
from hashlib import sha256


class Tag(Enum):
    """Purpose of a digest or of a signature. Values are frozen: they are on the ledger."""

    # digests
    NETWORK = b"accord/network/v1"
    TRANSACTION = b"accord/transaction/v1"
    BODY = b"accord/body/v1"
    BODY_LIST = b"accord/body-list/v1"
    SEAL = b"accord/seal/v1"
    MEMBERS = b"accord/members/v1"
    TERMS = b"accord/terms/v1"
    RULE_SET = b"accord/rule-set/v1"
    STATE_KEY = b"accord/state-key/v1"
    STATE_VALUE = b"accord/state-value/v1"
    STATE_BUCKET = b"accord/state-bucket/v1"
    STATE_NODE = b"accord/state-node/v1"
    KEY_ID = b"accord/key-id/v1"
    CONSENT = b"accord/consent/v1"
    DOCUMENT = b"accord/document/v1"
    HOLDER = b"accord/holder/v1"
    CREDENTIAL = b"accord/credential/v1"
    GOSSIP_ITEM = b"accord/gossip-item/v1"
    # signatures
    SIGN_TRANSACTION = b"accord/sign/transaction/v1"
    SIGN_BODY = b"accord/sign/body/v1"
    SIGN_POSSESSION = b"accord/sign/possession/v1"
    SIGN_GENESIS_STATEMENT = b"accord/sign/genesis-statement/v1"
    SIGN_GENESIS = b"accord/sign/genesis/v1"
    SIGN_NOTARIZE = b"accord/sign/notarize/v1"
    SIGN_NULLIFY = b"accord/sign/nullify/v1"
    SIGN_FINALIZE = b"accord/sign/finalize/v1"
    SIGN_LINK = b"accord/sign/link/v1"
    SIGN_READY = b"accord/sign/ready/v1"
    SIGN_REJECTION = b"accord/sign/rejection/v1"
    SIGN_CLOCK = b"accord/sign/clock/v1"

    def digest(self, *parts: bytes) -> bytes:
        """SHA-256 over the tag, a zero byte and the parts one after another (32 bytes)."""
        return sha256(self._value_ + b"\x00" + b"".join(parts)).digest()

    def message(self, *parts: bytes) -> bytes:
        """The bytes a signature of this purpose is made over: tag, zero byte, parts."""
        return self._value_ + b"\x00" + b"".join(parts)
