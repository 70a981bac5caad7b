"""Failures between nodes, each with a stable code.

PEER_NETWORK            the other side belongs to another network
PEER_UNKNOWN            no such party, or it has no link key
PEER_MISMATCH           another party answered than the one dialled, or our own id came back
PEER_SIGNATURE          a handshake signature by no link key of the party
PEER_CERTIFICATE        no TLS certificate to bind the handshake to
PEER_HANDSHAKE          a handshake message that is malformed or out of turn
PEER_HANDSHAKE_TIMEOUT  the handshake took longer than its limit
PEER_BANNED             the party sent invalid data and has to wait
PEER_BUSY               no room for another link
PEER_UNWANTED           this node is configured not to link to the party
PEER_DUPLICATE          another link to the party stays
PEER_FRAME              a frame that is oversized, malformed or of unknown type
PEER_TIMEOUT            a request was not answered in time
PEER_REFUSED            a request was refused; the detail carries the refuser's code
PEER_GONE               there is no link to the party, or it went away
"""

from __future__ import annotations

from typing import Final

from accord_ledger.errors import AccordError

HANDSHAKE_CODES: Final = frozenset(
    {
        "PEER_NETWORK", "PEER_UNKNOWN", "PEER_MISMATCH", "PEER_SIGNATURE", "PEER_CERTIFICATE",
        "PEER_HANDSHAKE", "PEER_HANDSHAKE_TIMEOUT", "PEER_BANNED", "PEER_BUSY", "PEER_UNWANTED",
        "PEER_DUPLICATE", "PEER_GONE",
    }
)  # fmt: skip
"""Codes a refused handshake may carry."""


class PeerError(AccordError):
    """Something between this node and another went wrong; nothing of it touches validity."""
