"""Evidence as the files of many bundles have it: written once, with a place for what differs.

Bundles of one batch that were proved at one block differ, in everything behind their documents, in the proof
of their own row alone. A draft (:func:`accord_client.bundle.draft_json`) ends in a fixed text; with that text
replaced by the evidence it is, byte for byte, the file that :meth:`Bundle.to_json` gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from accord_client.bundle import Bundle
from accord_ledger.errors import DecodeError

DRAFT_END: Final = b'\n "record": null,\n "seals": [],\n "state": [],\n "handoffs": []\n}\n'
"""How the file of a bundle without evidence ends."""

_EVIDENCE: Final = b'\n "record": '
"""Begins the evidence; deeper members have more spaces before them, and texts hold no line ends."""

_KEY, _PROOF = (sha256(b"accord/evidence-text/v1\x00" + name).digest() for name in (b"key", b"proof"))


def is_draft(data: bytes) -> bool:
    """Whether a file of ours has no evidence yet."""
    return data.endswith(DRAFT_END)


def is_complete(data: bytes) -> bool:
    """Whether a file of ours has its evidence; a file in another layout is neither a draft nor complete."""
    return _EVIDENCE + b"{\n" in data


@dataclass(frozen=True, slots=True)
class EvidenceText:
    """Made by :meth:`of`."""

    before: bytes
    """Up to the key of the row."""
    between: bytes
    """From there to the proof of its absence."""
    after: bytes

    @classmethod
    def of(cls, bundle: Bundle, row: bytes) -> EvidenceText:
        """The evidence of a bundle, without what it says of its own row.

        Args:
            bundle: with evidence.
            row: state key of its row, which is proved absent.

        Raises:
            DecodeError: ``BUNDLE_STATE``: it does not prove that.
        """
        places = [place for place, item in enumerate(bundle.state) if item.key == row and item.value is None]
        if len(places) != 1:
            raise DecodeError("BUNDLE_STATE", "expected a proof that the credential has no row", path="state")
        place = places[0]
        item = replace(bundle.state[place], key=_KEY, proof=_PROOF.hex())
        state = (*bundle.state[:place], item, *bundle.state[place + 1 :])
        text = replace(bundle, state=state).to_json()
        evidence = text[text.rindex(_EVIDENCE) :]
        before, _, rest = evidence.partition(_KEY.hex().encode())
        between, _, after = rest.partition(_PROOF.hex().encode())
        return cls(before, between, after)

    def complete(self, draft: bytes, row: bytes, proof: str) -> bytes:
        """The file of another bundle of the batch.

        Args:
            draft: its file so far; :func:`is_draft`.
            row: state key of its own row.
            proof: that the row is absent, base64, at the same block.

        Raises:
            DecodeError: ``BUNDLE_STATE``: no draft.
        """
        if not is_draft(draft):
            raise DecodeError("BUNDLE_STATE", "expected a draft without evidence", path="record")
        head = draft[: -len(DRAFT_END)]
        return b"".join((head, self.before, row.hex().encode(), self.between, proof.encode(), self.after))
