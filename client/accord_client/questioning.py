"""Asking a question again, of proved values only: how a node's answer becomes a fact.

:class:`Replayed` serves a question exactly what the node proved, and from the node's word exactly what the
answer says was taken on trust (scans, records by subject). Anything else the question wants is refused, so
an answer that rests on more than it shows is no answer. Node and client run the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accord_client.api import AnswerProof, DryRunRequest, QuestionAnswer, Trusted
from accord_client.errors import TrustError
from accord_client.plain import from_plain, to_plain
from accord_client.proofs import ProvedSeal, check_entry, check_seal, check_value, hex_bytes
from accord_client.trust import Trust
from accord_client.verify.evidence import Evidence
from accord_ledger.block import SealedBytes
from accord_ledger.domain.context import Context
from accord_ledger.domain.questions.dry_run import Bench, Verdict, Wanted, judge
from accord_ledger.domain.questions.question import Asked, Question, moment_of
from accord_ledger.domain.questions.reading import Act, Reading, Rounding
from accord_ledger.state import View

MAX_VALUES: Final = 512
"""Most values one answer proves."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a node took from its indexes, by what was asked."""

    scans: Mapping[tuple[bytes, bytes, int], Sequence[bytes]]
    found: Mapping[tuple[bytes, int | None, int, int], Sequence[Act]]
    entered: Mapping[tuple[bytes, int], Sequence[bytes]]

    @classmethod
    def of(cls, trusted: Trusted) -> Replayed:
        """From an answer.

        Raises:
            DecodeError: ``LEDGER_HEX``.
        """

        def read(text: str) -> bytes:
            return hex_bytes(text, "trusted")

        return cls(
            {(read(a), read(b), limit): [read(key) for key in keys] for a, b, limit, keys in trusted.scans},
            {
                (read(subject), position, since, limit): [
                    Act(index, height, time, kind, author, read(tx_id))
                    for index, height, time, kind, author, tx_id in acts
                ]
                for subject, position, since, limit, acts in trusted.acts
            },
            {
                (read(name), limit): [read(one) for one in names]
                for name, limit, names in trusted.recognitions
            },
        )

    def keys(self, start: bytes, end: bytes, limit: int) -> Sequence[bytes]:
        """See ``Rows``; keys outside what was asked, out of order or too many are refused."""
        keys = _known(self.scans, (start, end, limit))
        inside = all(start <= key < end for key in keys)
        if not inside or len(keys) > limit or list(keys) != sorted(set(keys)):
            raise TrustError("ANSWER_DIFFERS", "expected keys in order, inside what was asked for")
        return keys

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        """See ``Log``."""
        return _known(self.found, (subject, position, since, limit))[:limit]

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        """See ``Log``."""
        return _known(self.entered, (enrolment, limit))[:limit]


def _known(given: Mapping[Any, Sequence[Any]], wanted: Any) -> Sequence[Any]:
    found = given.get(wanted)
    if found is None:
        raise TrustError("ANSWER_DIFFERS", "expected everything the question reads")
    return found


class NoTallies:
    """Counts over everything cannot be proved, so a provable question never asks for them."""

    def _refuse(self) -> TrustError:
        return TrustError("ANSWER_DIFFERS", "expected a question that needs no counts")

    def issued(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        raise self._refuse()

    def recognised(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        raise self._refuse()

    def recognitions(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        raise self._refuse()

    def redeemed(self, agreement: str) -> int:
        """See ``Tallies``."""
        raise self._refuse()

    def roundings(self) -> Sequence[Rounding]:
        """See ``Tallies``."""
        raise self._refuse()


def replayed_reading(
    values: Mapping[bytes, bytes | None],
    trusted: Trusted,
    *,
    network: bytes,
    height: int,
    time: int,
    at: int,
    after: bytes,
) -> Reading:
    """A reading of proved values; reading any other raises ``NotProvedError``."""
    ctx = Context(state=View(Evidence(dict(values))), network=network, height=height, time=time)
    known = Replayed.of(trusted)
    return Reading(ctx, known, known, NoTallies(), at=at, after=after)


# ---- checking answers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer computed again from proved values."""

    value: Any
    """Typed."""
    seal: ProvedSeal
    at: int


def check_evidence(proof: AnswerProof, trust: Trust) -> tuple[dict[bytes, bytes | None], ProvedSeal]:
    """The proved values of an answer, and the seal they lead to.

    Raises:
        TrustError: ``ANSWER_DIFFERS`` (more values than an answer has), and as :func:`check_seal`.
        DecodeError, ProofError: as :func:`check_seal` and :func:`check_value`.
    """
    if len(proof.values) > MAX_VALUES:
        raise TrustError("ANSWER_DIFFERS", f"expected at most {MAX_VALUES} values, got {len(proof.values)}")
    seal = check_seal(proof.seal, trust)
    values: dict[bytes, bytes | None] = {}
    for place, one in enumerate(proof.values):
        path = f"proof.values[{place}]"
        key = hex_bytes(one.key, path)
        values[key] = check_value(seal.seal.state_root, key, one.value, one.proof, path=path)
    return values, seal


def check_answer(
    answer: QuestionAnswer,
    question: Question,
    asked: Asked,
    trust: Trust,
    *,
    at: str = "",
    after: bytes = b"",
) -> CheckedAnswer:
    """An answer, computed again from what it proves.

    Args:
        answer: as a node gave it.
        question: which was asked.
        asked: its parameters.
        trust: the pin.
        at: the date or height that was asked about; empty: now.
        after: cursor that was asked for.

    Raises:
        TrustError: ``LEDGER_PROOF_MISSING``, ``ANSWER_DIFFERS``, ``ANSWER_MOMENT``, and as :func:`check_evidence`.
        NotProvedError: the question reads a value that the answer does not prove.
        QuestionError: the question has no answer on the proved values.
    """
    proof = answer.proof
    if proof is None:
        raise TrustError("LEDGER_PROOF_MISSING", "expected a proof")
    values, seal = check_evidence(proof, trust)
    moment = _moment(answer, at, trust)
    reading = replayed_reading(
        values, proof.trusted, network=trust.network, height=seal.seal.height, time=seal.seal.time, at=moment,
        after=after,
    )  # fmt: skip
    value = question.run(reading, asked)
    if answer.at.time != reading.at:
        raise TrustError("ANSWER_MOMENT", f"expected an answer for {reading.at}, got {answer.at.time}")
    same_next = answer.next == (None if reading.next is None else reading.next.hex())
    if to_plain(value) != answer.answer or not same_next:
        raise TrustError("ANSWER_DIFFERS", "expected what the proved values give")
    return CheckedAnswer(value, seal, reading.at)


def _moment(answer: QuestionAnswer, at: str, trust: Trust) -> int:
    """UTC seconds of the moment asked about, -1 for now; a height is proved by its seal."""
    if not at:
        return -1
    date = moment_of(at)
    if date is not None:
        return date
    if answer.at.seal is None:
        raise TrustError("ANSWER_MOMENT", "expected the seal of the height asked about", path="at")
    entry = check_entry(answer.at.seal, trust, path="at.seal")
    sealed = SealedBytes.parse(entry.entry)
    if sealed.seal.network != trust.network_of(entry.index) or str(sealed.seal.height) != at:
        raise TrustError("ANSWER_MOMENT", f"expected the seal of block {at}", path="at")
    return sealed.seal.time


def check_verdict(answer: QuestionAnswer, wanted: DryRunRequest, trust: Trust) -> tuple[Verdict, ProvedSeal]:
    """A verdict of a dry run, reached again on what the answer proves.

    Whether the very transaction is in the log already is no value of state, so ``E_DUPLICATE_TX`` is the
    node's word.

    Raises:
        TrustError, NotProvedError: as :func:`check_answer`.
    """
    if answer.proof is None:
        raise TrustError("LEDGER_PROOF_MISSING", "expected a proof")
    values, proved = check_evidence(answer.proof, trust)
    seal = proved.seal
    if answer.at.time < seal.time:
        raise TrustError("ANSWER_MOMENT", f"expected a time from {seal.time} on, got {answer.at.time}")
    bench = Bench(
        network=trust.network, height=seal.height, time=answer.at.time,
        first=seal.first + seal.count + 1 == seal.height,
    )  # fmt: skip
    said = from_plain(answer.answer, Verdict)
    verdict = judge(bench, Evidence(values), to_try(wanted), _never_seen)
    if said != verdict and said.code != "E_DUPLICATE_TX":
        raise TrustError("ANSWER_DIFFERS", f"expected {verdict.code or 'ok'}, got {said.code or 'ok'}")
    return said, proved


def to_try(wanted: DryRunRequest) -> Wanted:
    """A request as the core takes it."""
    return Wanted(
        entry=wanted.entry,
        kind=wanted.kind,
        author=wanted.author,
        body=wanted.body,
        others=tuple(wanted.others),
    )


def _never_seen(tx_id: bytes, expires: int) -> bool:
    """What the log remembers of transaction ids is not proved."""
    del tx_id, expires
    return False
