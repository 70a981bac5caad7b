"""Status lists as this node signs them: a function of the ledger, the key and the time asked for.

The same list asked for twice has the same bytes, so caches and validators work: ``validFrom`` is the block
time of the last change, or the beginning of the present window if that is later, and never the time of the
request. The list as of an earlier moment is the one this node served then (under the key it has now).
Signing and compressing happen in the read model's threads; the newest results are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal

from accord_client.documents.cryptosuites import EDDSA_RDFC_2022
from accord_client.documents.data_integrity import create_proof
from accord_client.documents.jcs import canonicalize
from accord_client.documents.multikey import encode_multikey
from accord_client.documents.status_bits import StatusBits, list_length
from accord_client.documents.status_bitstring import ListPeriod, Purpose, build_status_list
from accord_client.documents.status_token import pack_statuses, sign_status_token
from accord_ledger.keys import SigningKey
from accord_node.storage.status_history import ListStatus

Form = Literal["revocation", "suspension", "token"]

KEPT: Final = 64
"""Signed lists kept; the largest is about 300 kB."""


@dataclass(frozen=True, slots=True)
class ListSigner:
    """One institution's lists, as this node may sign them."""

    did: str
    key: SigningKey
    valid_from: int
    """Since when the ledger knows the key (UTC seconds)."""
    ttl: int
    window: int
    """Seconds; see ``status_window_seconds``."""

    @property
    def method(self) -> str:
        """URL of the key in the institution's DID document."""
        return f"{self.did}#{encode_multikey(self.key.public)}"

    def period(self, changed: int, at: int) -> ListPeriod:
        """How long a list counts.

        Args:
            changed: block time of its last change.
            at: time it is asked for, at or after that.
        """
        begins = at - at % self.window
        return ListPeriod(max(changed, begins), begins + 2 * self.window, self.ttl)


def list_bits(status: ListStatus, purpose: Purpose) -> StatusBits:
    """The bits of a list; whoever is revoked is not suspended any more."""
    bits = StatusBits(list_length(status.end))
    for page in status.pages:
        bits.merge(page.start, page.revoked if purpose == "revocation" else page.suspended)
    return bits


class SignedLists:
    """Signs lists and keeps the newest; for use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._lock = Lock()

    def signed(
        self, url: str, form: Form, status: ListStatus, signer: ListSigner, period: ListPeriod
    ) -> bytes:
        """The list in one form, as it is served.

        Args:
            url: where; the list names itself so.
            form: a bitstring list of one purpose, or a token with both.
            status: what the ledger says.
            signer: whose list.
            period: from :meth:`ListSigner.period`.
        """
        name = (url, form, status.changed, signer.method, period)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        made = (
            _token(url, status, signer, period)
            if form == "token"
            else _list(url, form, status, signer, period)
        )
        with self._lock:
            self._kept[name] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def _list(url: str, purpose: Purpose, status: ListStatus, signer: ListSigner, period: ListPeriod) -> bytes:
    document = build_status_list(url, signer.did, purpose, list_bits(status, purpose), period)
    created = max(period.valid_from, signer.valid_from)
    proof = create_proof(document, signer.key, signer.method, created, suite=EDDSA_RDFC_2022)
    return canonicalize(document | {"proof": proof})


def _token(url: str, status: ListStatus, signer: ListSigner, period: ListPeriod) -> bytes:
    statuses = pack_statuses(list_bits(status, "revocation"), list_bits(status, "suspension"))
    return sign_status_token(url, statuses, period, signer.key, signer.method)
