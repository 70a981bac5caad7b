"""Q-R1 over HTTP: the ledger's verdict about a record, without the record.

The record runs through the real pipeline over a snapshot, in a thread, and leaves nothing behind: neither in
the pool, nor with peers, nor in any state. With a proof, everything the verdict rests on comes along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from accord_client.api import AskedAt, DryRunRequest, QuestionAnswer, Trusted
from accord_ledger.codec import MAX_ENTRY_BYTES
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_ledger.domain.questions.dry_run import (
    Bench,
    Verdict,
    as_if_signed,
    everybody_signed,
    refused,
    try_record,
)
from accord_ledger.errors import Rejection
from accord_ledger.execute import Version
from accord_ledger.keys import verifies
from accord_node.http.plain import plain
from accord_node.http.problems import ProblemError
from accord_node.http.questions.answering import evidence, on_snapshot, prove
from accord_node.http.questions.sources import SnapshotSource
from accord_node.http.routes import Call, Nothing, Route
from accord_node.http.site import Site, position_of
from accord_node.http.submit import JSON, MSGPACK, read_body
from accord_node.http.versions import snapshot_version
from accord_node.readmodel import Snapshot

MAX_BODY: Final = 2 * MAX_ENTRY_BYTES
MEDIA_TYPES: Final = (JSON, *MSGPACK)

_json = msgspec.json.Decoder(DryRunRequest)
_msgpack = msgspec.msgpack.Decoder(DryRunRequest)


@dataclass(frozen=True, slots=True)
class Tried:
    """A verdict and what it was reached on."""

    verdict: Verdict
    height: int
    time: int
    keys: tuple[bytes, ...]


def judge(
    now: Snapshot, version: Version, network: bytes, wanted: DryRunRequest, *, time: int
) -> Tried:
    """The verdict over one snapshot; blocks, so run it in a thread."""
    source = SnapshotSource(now)
    bench = Bench(
        network=network, height=version.height, time=max(time, version.time),
        first=version.log.size == version.height,
    )  # fmt: skip
    signed = bool(wanted.entry)
    try:
        prepared = _prepared(bench, source, wanted)
    except Rejection as rejection:
        verdict = refused(rejection, signed=signed)
    else:
        checker = verifies if signed else everybody_signed
        verdict = try_record(bench, source, prepared, checker, version.recent.holds, signed=signed)
    return Tried(verdict, now.height, bench.time, tuple(source.read))


def _prepared(bench: Bench, source: SnapshotSource, wanted: DryRunRequest) -> Prepared:
    if wanted.entry:
        return prepare(wanted.entry)
    return as_if_signed(bench, source, wanted.kind, wanted.author, wanted.body, others=wanted.others)


async def dry_run(site: Site, call: Call[Nothing, Nothing]) -> QuestionAnswer:
    """The verdict, at the newest durable block."""
    media, body = await read_body(call.request, MEDIA_TYPES, {}, MAX_BODY)
    wanted = _decode(media, body)
    network, time = site.node.genesis.network, site.node.clock.now()
    tried = await on_snapshot(site, lambda now, version: judge(now, version, network, wanted, time=time))
    if not wanted.proof:
        version = await snapshot_version(site.node, tried.height)
        return QuestionAnswer(
            answer=plain(tried.verdict), position=position_of(version), at=AskedAt(time=tried.time)
        )
    proved = await prove(site, tried.keys)
    return QuestionAnswer(
        answer=plain(tried.verdict),
        position=position_of(proved.version),
        at=AskedAt(time=max(tried.time, proved.version.time)),
        proof=evidence(proved, tried.keys, Trusted()),
    )


def _decode(media: str, body: bytes) -> DryRunRequest:
    try:
        wanted = _json.decode(body) if media == JSON else _msgpack.decode(body)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        raise ProblemError("HTTP_BODY", text[:300], path=where.rstrip("`").lstrip(".")[:80]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError("HTTP_BODY", str(error)[:300]) from error
    if bool(wanted.entry) == bool(wanted.kind):
        raise ProblemError("HTTP_BODY", "expected an entry, or kind, author and body")
    return wanted


ROUTES: Final = (
    Route(
        "POST", "/v1/dry-run", dry_run, "What the ledger would say of a record now; changes nothing (Q-R1)",
        QuestionAnswer, value=Verdict, body=MEDIA_TYPES, takes=DryRunRequest,
        problems=(
            "HTTP_BODY", "HTTP_BODY_TIMEOUT", "HTTP_TOO_LARGE", "HTTP_MEDIA_TYPE", "BUSY_SUBMISSIONS",
            "QUERY_TOO_LONG", "QUESTION_TOO_LARGE", "PROOF_NOT_READY",
        ),
    ),
)  # fmt: skip
