"""What the SDK returns: values with where and how they were read, and receipts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from accord_client.api import StateProof
from accord_client.proofs import ProvedSeal
from accord_ledger.codec import Wire
from accord_ledger.domain.model.agreement import Agreement, AgreementTerms, AgreementVersion
from accord_ledger.domain.model.programme import Programme, ProgrammeHead

V = TypeVar("V", bound=Wire)


@dataclass(frozen=True, slots=True)
class Answer(Generic[V]):
    """One value of the ledger, or its absence."""

    value: V | None
    height: int
    """Block it was read at."""
    time: int
    """Block time, UTC seconds."""
    proof: StateProof | None = None
    """The proof, checked; None if none was asked for, and then the node's word is all there is."""
    seal: ProvedSeal | None = None
    """What the proof leads to."""

    @property
    def proved(self) -> bool:
        """Whether the value was proved against the pin."""
        return self.seal is not None


@dataclass(frozen=True, slots=True)
class ProgrammeAnswer:
    """A version of a programme, and what holds for all its versions."""

    head: ProgrammeHead
    programme: Programme
    time: int
    height: int


@dataclass(frozen=True, slots=True)
class AgreementAnswer:
    """A version of an agreement with its terms, and the agreement as a whole."""

    agreement: Agreement
    version: AgreementVersion
    number: int
    terms: AgreementTerms
    time: int
    height: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a submitted record."""

    tx_id: bytes
    entry_hash: bytes
    final: bool
    height: int | None = None
    """Block, when final."""
    index: int | None = None
    """Log index, when final."""
    warnings: tuple[str, ...] = ()
    result: dict[str, str] | None = None
    """Computed facts (``awarded``, ``exact``, ``dropped`` ...), as the node says."""
    proved: bool = False
    """The record was proved to be in the log; otherwise finality is the node's word."""
    node: str = field(default="", compare=False)
    """URL of the node that gave it."""
