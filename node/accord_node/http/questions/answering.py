"""Answers to questions: read on one snapshot in a thread, and on request proved value by value.

A proved answer is computed a second time over exactly the values that are proved, at the block they are
proved at; it is given only if that works, so that whoever checks it comes to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from accord_client.api import AnswerProof, AskedAt, InclusionProof, ProvedValue, QuestionAnswer, Trusted
from accord_client.questioning import replayed_reading
from accord_client.verify.evidence import NotProvedError
from accord_ledger.domain.questions.question import Asked, Question, moment_of
from accord_ledger.domain.questions.reading import QuestionError, Reading
from accord_ledger.execute import Version
from accord_node.http.plain import plain
from accord_node.http.problems import ProblemError
from accord_node.http.proofs import Proved
from accord_node.http.questions.sources import reading_of
from accord_node.http.site import Site, position_of
from accord_node.http.versions import snapshot_version
from accord_node.readmodel import Snapshot

MAX_PROVED: Final = 512
"""Most values one answer proves."""

_TRIES: Final = 3
"""How often the ledger may move on between reading and proving."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment a question is about, as it was asked."""

    date: int | None = None
    height: int | None = None

    @classmethod
    def read(cls, text: str) -> Moment:
        """From a date or a height; empty: now.

        Raises:
            QuestionError: ``QUESTION_AT``.
        """
        if not text:
            return cls()
        date = moment_of(text)
        if date is None and not (text.isdecimal() and len(text) < 16 and str(int(text)) == text):
            raise QuestionError("QUESTION_AT", "expected a date YYYY-MM-DD or a height", path="at")
        return cls(date, None if date is not None else int(text))

    def time(self, now: Snapshot) -> int:
        """UTC seconds; -1 for now."""
        if self.height is None:
            return -1 if self.date is None else self.date
        if not 1 <= self.height <= now.height:
            raise QuestionError("QUESTION_AT", f"expected a height from 1 to {now.height}", path="at")
        return now.time_of(self.height)


@dataclass(frozen=True, slots=True)
class Read:
    """One reading, done."""

    value: Any
    """Plain."""
    height: int
    at: int
    notes: list[str]
    next: bytes | None
    keys: tuple[bytes, ...]
    trusted: Trusted


def _finish(reading: Reading, value: Any, keys: Iterable[bytes], trusted: Trusted) -> Read:
    return Read(
        plain(value), reading.ctx.height, reading.at, list(reading.notes), reading.next, tuple(keys), trusted
    )


async def on_snapshot(site: Site, work: Callable[[Snapshot, Version], T]) -> T:
    """Run work on a snapshot with the version it shows."""
    while True:
        versions = {version.height: version for version in tuple(site.node.versions)}

        def visit(now: Snapshot, known: dict[int, Version] = versions) -> tuple[int, tuple[T] | None]:
            version = known.get(now.height)
            return now.height, None if version is None else (work(now, version),)

        height, found = await site.reads.visit(visit)
        if found is not None:
            return found[0]
        await snapshot_version(site.node, height)  # the node is about to get there


async def answer(
    site: Site, question: Question, asked: Asked, *, at: str, after: bytes, proof: bool
) -> QuestionAnswer:
    """The answer to a question.

    Raises:
        QuestionError: as :meth:`Question.run`.
        ProblemError: ``PROOF_NOT_READY``, ``QUESTION_TOO_LARGE``, ``QUERY_TOO_LONG``.
    """
    moment = Moment.read(at)
    if proof and not question.provable:
        raise ProblemError(
            "QUESTION_VALUE", "this answer counts over everything and has no proof", path="proof"
        )

    def read(now: Snapshot, version: Version) -> Read:
        reading, source, indexes = reading_of(
            now, version, site.node.genesis.network, at=moment.time(now), after=after
        )
        value = question.run(reading, asked)
        if moment.height is not None and now.time_of(moment.height + 1) == reading.at:
            reading.say("the next block has the same time: what it brought is counted as well")
        return _finish(reading, value, source.read, indexes.trusted)

    found = await on_snapshot(site, read)
    if proof:
        return await _proved(site, question, asked, moment, after, found, read)
    version = await snapshot_version(site.node, found.height)
    return _answer(version, moment, found, None, None)


def _answer(
    version: Version, moment: Moment, found: Read, seal: InclusionProof | None, proof: AnswerProof | None
) -> QuestionAnswer:
    return QuestionAnswer(
        answer=found.value,
        position=position_of(version),
        at=AskedAt(time=found.at, height=moment.height, seal=seal),
        notes=found.notes,
        next=None if found.next is None else found.next.hex(),
        proof=proof,
    )


async def _proved(
    site: Site,
    question: Question,
    asked: Asked,
    moment: Moment,
    after: bytes,
    found: Read,
    read: Callable[[Snapshot, Version], Read],
) -> QuestionAnswer:
    for _ in range(_TRIES):
        proved = await prove(site, found.keys)
        values = dict(zip(found.keys, proved.values, strict=True))
        version = proved.version
        again = replayed_reading(
            values, found.trusted, network=site.node.genesis.network, height=version.height,
            time=version.time, at=found.at if at_given(moment) else -1, after=after,
        )  # fmt: skip
        try:
            value = question.run(again, asked)
        except NotProvedError:  # the ledger moved on, and now the question leads elsewhere
            found = await on_snapshot(site, read)
            continue
        again.notes.extend(note for note in found.notes if note not in again.notes)
        seal = None if moment.height is None else await _seal_at(site, moment.height)
        done = _finish(again, value, found.keys, found.trusted)
        return _answer(version, moment, done, seal, evidence(proved, found.keys, found.trusted))
    raise ProblemError("PROOF_NOT_READY")


def at_given(moment: Moment) -> bool:
    """Whether an earlier moment was asked about."""
    return moment.date is not None or moment.height is not None


async def _seal_at(site: Site, height: int) -> InclusionProof:
    row = await site.reads.visit(lambda now: now.block(height))
    if row is None:
        raise ProblemError("BLOCK_UNKNOWN", path="at")
    return await site.prover.inclusion(row.first + row.count)


async def prove(site: Site, keys: tuple[bytes, ...]) -> Proved:
    """Proofs of the values under these keys, under one checkpoint."""
    if len(keys) > MAX_PROVED:
        raise ProblemError(
            "QUESTION_TOO_LARGE",
            f"expected at most {MAX_PROVED} values to prove, got {len(keys)}",
            path="proof",
        )
    return await site.prover.states(keys)


def evidence(proved: Proved, keys: tuple[bytes, ...], trusted: Trusted) -> AnswerProof:
    """Proofs as an answer carries them."""
    values = [
        ProvedValue(key=key.hex(), value=one.value, proof=one.proof)
        for key, one in zip(keys, proved.proofs, strict=True)
    ]
    return AnswerProof(seal=proved.seal, values=values, trusted=trusted)
