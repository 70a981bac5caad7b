"""What a member writes down before it speaks: the typed records of the vote journal.

The core asks for these by ``Persist`` and gets them back in ``Start``. Framing, checksums and files
are the node's (``accord_node.wal``); the types are here because both sides must mean the same.
Every record names its epoch and view, so that it can be dropped once finality has passed it.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from accord_ledger import codec
from accord_ledger.block import MAX_SEAL_BYTES, Certificate, View, Vote, VoteKind
from accord_ledger.fields import Digest

Epoch = Annotated[int, Meta(ge=0, lt=2**31)]


class Voted(codec.Wire, tag="voted", frozen=True):
    """A vote of our own. Signing it again gives the same bytes, so the signature is not kept."""

    epoch: Epoch
    view: View
    """View we voted in."""
    kind: VoteKind
    seal: Digest
    """Hash of the seal voted on; zeros in a nullify."""


class Proposed(codec.Wire, tag="proposed", frozen=True):
    """A seal that we notarized, as leader or as voter. Its ``Body`` stands before it."""

    epoch: Epoch
    view: View
    """View it was proposed in this time; the seal's own view is older when it is proposed again."""
    entry: Annotated[bytes, Meta(min_length=1, max_length=MAX_SEAL_BYTES)]
    """Canonical bytes of the seal."""
    vote: Vote | None
    """The leader's signed notarize, which makes it a proposal; None when the proposal is our own."""


class Certified(codec.Wire, tag="certified", frozen=True):
    """A notarization, nullification or finalization that brought us on."""

    epoch: Epoch
    view: View
    certificate: Certificate


class Body(codec.Wire, tag="body", frozen=True):
    """The records of a proposed block, written by the driver in the same batch as ``Proposed``.

    The core never reads it: bodies are opaque to it.
    """

    epoch: Epoch
    view: View
    seal: Digest
    """Hash of the seal that closes this block."""
    body: bytes
    """The block's records in the driver's own encoding."""


Record = Voted | Proposed | Certified | Body


class Batch(codec.Wire, frozen=True):
    """Records that become durable together: one frame and one sync of the journal."""

    records: tuple[Record, ...]
