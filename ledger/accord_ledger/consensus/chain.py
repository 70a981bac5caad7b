"""The certified chain: finality, what was notarised and nullified since, and who may extend what.

Holds certificates only, each signed by n - f members, so fewer than a third cannot make it grow; what
finality has passed is dropped. One rule carries the safety proof: a block of view v on a parent of
view u is admissible only if every view between them was nullified.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.consensus.inputs import Finality

MAX_SPAN = 64
"""Views asked for or answered at a time."""


class Standing(Enum):
    """What a certificate adds to what we hold."""

    NEW = "new"
    OLD = "old"
    CONFLICT = "conflict"
    """Two seals certified in one view, or one view both final and nullified: more than f members lied."""


@dataclass(frozen=True, slots=True)
class Tip:
    """A certified seal that a new block may extend."""

    view: int
    seal: bytes
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Views, both ends included, of which we hold neither a notarization nor a nullification."""

    from_view: int
    to_view: int


class Chain:
    """Certificates above the last final view.

    Attributes:
        final: the last final seal we know of, committed or not.
        seals: notarised seals whose bytes we have, by hash.
    """

    def __init__(self, final: Finality, epoch: int) -> None:
        self.final = Tip(final.view, final.seal, final.certificate)
        self.seals: dict[bytes, SealedBytes] = {}
        self._epoch = epoch
        self._notarized: dict[int, Certificate] = {}
        self._nullified: dict[int, Certificate] = {}

    def add(self, certificate: Certificate) -> Standing:
        """Take in a notarization or nullification; finalizations go through :meth:`finalise`."""
        if certificate.kind == "finalize":
            return self._standing(certificate)
        standing = self._standing(certificate)
        if standing is Standing.NEW:
            held = self._nullified if certificate.kind == "nullify" else self._notarized
            held[certificate.view] = certificate
        return standing

    def _standing(self, certificate: Certificate) -> Standing:
        view = certificate.view
        certified = self.certified(view)
        if certificate.kind != "nullify" and certified is not None and certified != certificate.seal:
            return Standing.CONFLICT
        if certificate.kind == "finalize" and view in self._nullified:
            return Standing.CONFLICT
        if certificate.kind == "nullify" and view == self.final.view and self.finalization is not None:
            return Standing.CONFLICT
        if view <= self.final.view:
            return Standing.OLD
        known = {"notarize": view in self._notarized, "nullify": view in self._nullified}
        return Standing.OLD if known.get(certificate.kind, False) else Standing.NEW

    def certified(self, view: int) -> bytes | None:
        """Hash of the seal certified in a view, as far as we remember."""
        if view == self.final.view:
            return self.final.seal
        held = self._notarized.get(view)
        return None if held is None else held.seal

    def nullified(self, view: int) -> bool:
        """Whether we hold the view's nullification."""
        return view in self._nullified

    def lacks(self, view: int) -> bytes | None:
        """Hash of the seal notarized in a view after finality, if we do not have its bytes."""
        held = self._notarized.get(view)
        return None if held is None or held.seal in (*self.seals, self.final.seal) else held.seal

    def finalise(self, certificate: Certificate) -> None:
        """Move finality to this seal and forget what it has passed."""
        self.final = Tip(certificate.view, certificate.seal, certificate)
        for held in (self._notarized, self._nullified):
            for view in [view for view in held if view <= certificate.view]:
                del held[view]
        kept = {held.seal for held in self._notarized.values()}
        self.seals = {seal: sealed for seal, sealed in self.seals.items() if seal in kept}

    @property
    def unfinalised(self) -> bool:
        """Whether a notarised block is not yet final."""
        return bool(self._notarized)

    def notarized_views(self) -> list[int]:
        """Views above finality with a notarization, ascending."""
        return sorted(self._notarized)

    def view_of(self, seal: bytes) -> int | None:
        """The newest view in which this seal was certified, or None."""
        views = [view for view, held in self._notarized.items() if held.seal == seal]
        return max(views, default=self.final.view if seal == self.final.seal else None)

    def parent_for(self, view: int) -> Tip | Gap:
        """The newest certified seal that a block of ``view`` may extend, or what we lack to say."""
        for below in range(view - 1, self.final.view - 1, -1):
            if below in self._notarized:
                held = self._notarized[below]
                return Tip(below, held.seal, held)
            if below == self.final.view:
                break
            if below not in self._nullified:
                return self._gap(below)
        return self.final

    def missing(self, parent_view: int, view: int) -> Gap | None:
        """What of the nullifications between a parent and its child we lack, newest first."""
        for below in range(view - 1, parent_view, -1):
            if below not in self._nullified:
                return self._gap(below)
        return None

    def _gap(self, to_view: int) -> Gap:
        return Gap(max(self.final.view + 1, to_view - MAX_SPAN + 1), to_view)

    def depth(self, seal: bytes) -> int | None:
        """Unfinalised blocks up to and including this one; None if we lack one of them."""
        depth = 0
        while seal != self.final.seal:
            sealed = self.seals.get(seal)
            if sealed is None:
                return None
            depth, seal = depth + 1, sealed.seal.parent
        return depth

    def between(self, from_view: int, to_view: int) -> list[Certificate]:
        """What we hold of these views, newest first, at most ``MAX_SPAN`` views; finality if it passed some."""
        held = self._notarized.keys() | self._nullified.keys()
        top = min(to_view, max(held, default=0))
        found: list[Certificate] = []
        if from_view <= self.final.view and self.finalization is not None:
            found.append(self.finalization)
        for view in range(top, max(from_view, self.final.view + 1, top - MAX_SPAN + 1) - 1, -1):
            pair = (self._notarized.get(view), self._nullified.get(view))
            found.extend(certificate for certificate in pair if certificate is not None)
        return found

    @property
    def finalization(self) -> Certificate | None:
        """The newest finalization of this epoch."""
        certificate = self.final.certificate
        return certificate if certificate is not None and certificate.epoch == self._epoch else None

    def newest(self) -> Certificate | None:
        """The certificate of the highest view; of two in one view the notarization."""
        candidates = [*self._notarized.values(), *self._nullified.values()]
        return max(
            candidates, key=lambda held: (held.view, held.kind == "notarize"), default=self.finalization
        )
