"""Answers to questions: read on one snapshot in a thread, and on request proved value by value.

An earlier moment is answered over the state as it was then (:mod:`accord_node.storage.past`), by the same
functions that answer for now. A proof speaks of the newest state, so a proved answer for an earlier moment is
computed from that, where the values carry their times (``Question.dated``), and says what they do not tell.

A proved answer is computed a second time over exactly the values that are proved, at the block they are
proved at; it is given only if that works, so that whoever checks it comes to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from accord_client.api import AnswerProof, AskedAt, InclusionProof, ProvedValue, QuestionAnswer, Trusted
from accord_client.questioning import replayed_reading
from accord_client.verify.evidence import NotProvedError
from accord_ledger.domain.questions.question import Asked, Moment, Question
from accord_ledger.domain.questions.reading import QuestionError, Reading
from accord_ledger.execute import Version
from accord_node.http.plain import plain
from accord_node.http.problems import ProblemError
from accord_node.http.proofs import Proved
from accord_node.http.questions.sources import past_reading, reading_of
from accord_node.http.site import Site, position_of
from accord_node.http.versions import snapshot_version
from accord_node.readmodel import Snapshot

MAX_PROVED: Final = 512
"""Most values one answer proves."""

_TRIES: Final = 3
"""How often the ledger may move on between reading and proving."""

T = TypeVar("T")


def time_of(moment: Moment, now: Snapshot) -> int:
    """UTC seconds of a moment; -1 for now.

    Raises:
        QuestionError: ``QUESTION_AT``.
    """
    newest = now.time_of(now.height)
    if moment.date is not None and moment.date > newest:
        raise QuestionError("QUESTION_AT", f"expected a moment up to {newest}", path="at")
    if moment.height is None:
        return -1 if moment.date is None else moment.date
    if moment.height > now.height:
        raise QuestionError("QUESTION_AT", f"expected a height from 1 to {now.height}", path="at")
    return now.time_of(moment.height)


def block_of(moment: Moment, now: Snapshot) -> int | None:
    """Height of the last block up to a moment; None for now."""
    return moment.height if moment.date is None else now.height_at(moment.date)


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


def from_newest(
    now: Snapshot,
    version: Version,
    network: bytes,
    question: Question,
    asked: Asked,
    *,
    moment: Moment,
    after: bytes,
) -> Read:
    """The answer that the newest state gives: for now, or of a moment as far as the values carry their times."""
    reading, source, indexes = reading_of(now, version, network, at=time_of(moment, now), after=after)
    value = question.run(reading, asked)
    if moment.height is not None and now.time_of(moment.height + 1) == reading.at:
        reading.say("the next block has the same time: what it brought is counted as well")
    return _finish(reading, value, source.read, indexes.trusted)


def as_of(
    now: Snapshot,
    version: Version,
    network: bytes,
    question: Question,
    asked: Asked,
    *,
    moment: Moment,
    after: bytes,
) -> Read:
    """The answer over the state of the moment asked about.

    Raises:
        QuestionError: ``QUESTION_AT``, and as :meth:`Question.run`.
        ProblemError: ``PAST_UNKNOWN``: the node joined later, and the newest state does not tell.
    """
    time, height, joined = time_of(moment, now), block_of(moment, now), now.known_from
    if height is None:
        return from_newest(now, version, network, question, asked, moment=moment, after=after)
    if height >= joined:
        reading = past_reading(now, network, height=height, time=time, after=after)
        value = question.run(reading, asked)
        return replace(_finish(reading, value, (), Trusted()), height=now.height)
    if not question.dated:
        detail = f"this node joined at height {joined} and holds no older state"
        raise ProblemError("PAST_UNKNOWN", detail, path="at")
    found = from_newest(now, version, network, question, asked, moment=moment, after=after)
    found.notes.append(f"this node joined at height {joined}: computed from the newest state")
    return found


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
    if proof and moment.given and not question.dated:
        raise ProblemError(
            "QUESTION_VALUE", "of an earlier moment this answer has no proof: ask without one, or replay the log",
            path="proof",
        )  # fmt: skip

    network = site.node.genesis.network

    def read(now: Snapshot, version: Version) -> Read:
        return from_newest(now, version, network, question, asked, moment=moment, after=after)

    if proof:
        found = await on_snapshot(site, read)
        return await _proved(site, question, asked, moment, after, found, read)
    found = await on_snapshot(
        site,
        lambda now, version: as_of(now, version, network, question, asked, moment=moment, after=after),
    )
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
            time=version.time, at=found.at if moment.given else -1, after=after,
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
