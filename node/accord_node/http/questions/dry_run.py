"""Q-R1 over HTTP: the ledger's verdict about a record, without the record.

The record runs through the real pipeline over a snapshot, in a thread, and leaves nothing behind: neither in
the pool, nor with peers, nor in any state. With a proof, everything the verdict rests on comes along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from accord_client.api import AskedAt, DryRunRequest, QuestionAnswer, Trusted
from accord_client.questioning import to_try
from accord_client.verify.evidence import Evidence, NotProvedError
from accord_ledger.codec import MAX_ENTRY_BYTES
from accord_ledger.domain.questions.dry_run import Bench, Verdict, judge
from accord_ledger.execute import Version
from accord_ledger.state import Source
from accord_node.http.plain import plain
from accord_node.http.problems import ProblemError
from accord_node.http.questions.answering import evidence, on_snapshot, prove
from accord_node.http.questions.sources import SnapshotSource
from accord_node.http.request_body import read_body
from accord_node.http.routes import Call, Nothing, Route
from accord_node.http.site import Site, position_of
from accord_node.http.submit import JSON, MSGPACK
from accord_node.http.versions import snapshot_version
from accord_node.readmodel import Snapshot

MAX_BODY: Final = 2 * MAX_ENTRY_BYTES
MEDIA_TYPES: Final = (JSON, *MSGPACK)

_json = msgspec.json.Decoder(DryRunRequest)
_msgpack = msgspec.msgpack.Decoder(DryRunRequest)


_TRIES: Final = 3
"""How often the ledger may move on between trying and proving."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A verdict and what it was reached on."""

    verdict: Verdict
    height: int
    time: int
    keys: tuple[bytes, ...]


def verdict_on(
    state: Source, version: Version, network: bytes, wanted: DryRunRequest, *, time: int
) -> tuple[Verdict, int]:
    """The verdict over the state of a version, and the block time it is for."""
    bench = Bench(
        network=network, height=version.height, time=max(time, version.time),
        first=version.awaits_first,
    )  # fmt: skip
    return judge(bench, state, to_try(wanted), version.recent.holds), bench.time


async def dry_run(site: Site, call: Call[Nothing, Nothing]) -> QuestionAnswer:
    """The verdict, at the newest durable block."""
    media, body = await read_body(call.request, MEDIA_TYPES, MAX_BODY)
    wanted = _decode(media, body)
    network, clock = site.node.genesis.network, site.node.clock

    def attempt(now: Snapshot, version: Version) -> Tried:
        source = SnapshotSource(now)
        verdict, time = verdict_on(source, version, network, wanted, time=clock.now())
        return Tried(verdict, now.height, time, tuple(source.read))

    tried = await on_snapshot(site, attempt)
    if not wanted.proof:
        version = await snapshot_version(site.node, tried.height)
        return QuestionAnswer(
            answer=plain(tried.verdict), position=position_of(version), at=AskedAt(time=tried.time)
        )
    for _ in range(_TRIES):
        proved = await prove(site, tried.keys)
        state = Evidence(dict(zip(tried.keys, proved.values, strict=True)))
        try:
            verdict, time = verdict_on(state, proved.version, network, wanted, time=tried.time)
        except NotProvedError:  # the ledger moved on, and now the record leads elsewhere
            tried = await on_snapshot(site, attempt)
            continue
        return QuestionAnswer(
            answer=plain(verdict), position=position_of(proved.version), at=AskedAt(time=time),
            proof=evidence(proved, tried.keys, Trusted()),
        )  # fmt: skip
    raise ProblemError("PROOF_NOT_READY")


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
            "HTTP_BODY", "HTTP_BODY_TIMEOUT", "HTTP_TOO_LARGE", "HTTP_MEDIA_TYPE", "QUERY_TOO_LONG", "QUESTION_TOO_LARGE", "PROOF_NOT_READY",
        ),
    ),
)  # fmt: skip
