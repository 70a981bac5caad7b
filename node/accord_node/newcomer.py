"""A newcomer's proof that its node follows, as T42 wants it.

The node has executed every block itself and compared every root, so that its newest durable state is its
own word; the vote key that the ledger names for it signs height and state root.
"""

from __future__ import annotations

from accord_client.api import FinalBlock
from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.domain.readiness import Readiness, make_readiness
from accord_ledger.errors import AccordError
from accord_node.nodekeys import NodeKeys


class NotReadyError(AccordError):
    """The node cannot prove that it follows: ``NOT_READY_NODE``, ``_KEY`` or ``_ROOT``."""


def prove_ready(party: str, keys: NodeKeys, found: FinalBlock) -> Readiness:
    """The proof over a final block.

    Args:
        party: who asks for a seat.
        keys: of its node.
        found: the newest final block as that node executed it (``GET /v1/final``).

    Raises:
        NotReadyError: none of the keys is the vote key that the ledger names, or the node's own state is
            another one.
        DecodeError: the node's answer is malformed.
    """
    key = keys.named("vote", bytes.fromhex(found.vote or ""))
    if key is None:
        raise NotReadyError("NOT_READY_KEY", f"expected a vote key that the ledger names for {party}")
    sealed = SealedBytes.parse(bytes.fromhex(found.seal))
    certificate = codec.decode(bytes.fromhex(found.finalization), Certificate)
    try:
        return make_readiness(sealed, certificate, bytes.fromhex(found.state_root), party, key)
    except ValueError as error:
        raise NotReadyError("NOT_READY_ROOT", str(error)) from error
