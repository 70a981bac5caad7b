"""Q-R1: would the ledger take this record now, and if not why.

The record runs through the real pipeline on a block of its own over the version given, which is then
dropped: the verdict is the ledger's, and nothing changes. A body that nobody has signed yet is tried as if
everybody who must sign had: its record is put together with keys that those parties really have, and with
signatures that count as good here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import field
from msgspec.structs import replace

from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import work_off
from accord_ledger.domain.kind import kinds
from accord_ledger.domain.model.party import KEYS, PARTIES
from accord_ledger.domain.pipeline import Prepared, SignatureChecker, decode_body, prepare, run
from accord_ledger.domain.signing import satisfy
from accord_ledger.errors import Rejection
from accord_ledger.fields import Digest
from accord_ledger.keys import key_id, verifies
from accord_ledger.state import Source, View
from accord_ledger.transaction import Draft

_UNSIGNED: Final = bytes(64)
_LIFETIME: Final = 600


class Verdict(Wire):
    """What the ledger would say; ``have``, ``asked``, ``cap``, ``need`` as far as the refusal has such numbers."""

    ok: bool
    signed: bool
    """The signatures were checked; otherwise everybody who must sign was taken to have signed."""
    code: str = ""
    path: str = ""
    detail: str = ""
    have: str | None = None
    asked: str | None = None
    cap: str | None = None
    need: str | None = None
    exact: str | None = None
    awarded: str | None = None
    dropped: str | None = None
    result: dict[str, str] = field(default_factory=dict)
    """What execution computed, of a record that is taken."""
    warnings: tuple[str, ...] = ()
    weight: int = 0


class Bench(Wire):
    """On what the record is tried."""

    network: Digest
    height: int
    """Of the block before."""
    time: int
    """Block time the record would have, UTC seconds."""
    first: bool = False
    """No record stands in the log yet."""


class Wanted(Wire):
    """What is to be tried: a record, or the parts of one that nobody has signed."""

    entry: bytes = b""
    kind: str = ""
    author: str = ""
    body: bytes = b""
    others: tuple[str, ...] = ()


def judge(bench: Bench, state: Source, wanted: Wanted, is_duplicate: Callable[[bytes, int], bool]) -> Verdict:
    """The verdict about a record, or about a body as if everybody had signed it."""
    signed = bool(wanted.entry)
    try:
        prepared = (
            prepare(wanted.entry)
            if signed
            else as_if_signed(bench, state, wanted.kind, wanted.author, wanted.body, others=wanted.others)
        )
    except Rejection as rejection:
        return refused(rejection, signed=signed)
    checker = verifies if signed else everybody_signed
    return try_record(bench, state, prepared, checker, is_duplicate, signed=signed)


def try_record(
    bench: Bench,
    state: Source,
    prepared: Prepared,
    checker: SignatureChecker,
    is_duplicate: Callable[[bytes, int], bool],
    *,
    signed: bool = True,
) -> Verdict:
    """The verdict about one record in the next block; ``state`` stays as it is."""
    view = View(state)
    ctx = Context(state=view, network=bench.network, height=bench.height + 1, time=bench.time)
    work_off(ctx)
    ctx.for_record(prepared.record.tx.author, prepared.record.tx_id, first=bench.first)
    try:
        weight = run(ctx, prepared, checker, is_duplicate)
    except Rejection as rejection:
        return refused(rejection, signed=signed)
    known = {name: ctx.result[name] for name in ("exact", "awarded", "dropped") if name in ctx.result}
    return replace(
        Verdict(ok=True, signed=signed, result=ctx.result, warnings=tuple(ctx.warnings), weight=weight),
        **known,
    )


def refused(rejection: Rejection, *, signed: bool) -> Verdict:
    """A refusal as a verdict."""
    numbers = ("have", "asked", "cap", "need", "exact", "awarded", "dropped")
    facts = {name: rejection.facts[name] for name in numbers if name in rejection.facts}
    verdict = Verdict(
        ok=False, signed=signed, code=rejection.code, path=rejection.path, detail=rejection.detail
    )
    return replace(verdict, **facts)


def as_if_signed(
    bench: Bench, state: Source, kind: str, author: str, body: bytes, *, others: Sequence[str] = ()
) -> Prepared:
    """A record of this body with a place for every signature it needs.

    Args:
        bench: on what it will be tried.
        state: the ledger.
        kind: of the envelope.
        author: who would submit it.
        body: canonical bytes.
        others: parties that sign where a row does not name them, such as the competent agency.

    Raises:
        Rejection: the form or the values are not good (``E_SCHEMA``, ``E_NUMBER``, ``E_VALUE``), or who
            would have to sign cannot be said.
    """
    known = kinds().get(kind)
    if known is None or not known.as_transaction:
        raise Rejection("E_SCHEMA", f"expected a kind of transaction, got {kind[:60]}", path="kind")
    draft = Draft(
        network=bench.network, kind=kind, author=author, body=body, expires=bench.time + _LIFETIME,
        nonce=body[:16].ljust(16, b"\x00"),
    )  # fmt: skip
    made = decode_body(known, body)
    view = View(state)
    ctx = Context(state=view, network=bench.network, height=bench.height + 1, time=bench.time, author=author)
    ctx.keys_of = PartyKeys(ctx, (author, *others))
    try:
        chosen = {key for _, key in satisfy(known.signers(ctx, made), ctx.keys_of)}
    except Rejection:
        chosen = set()  # the pipeline says which signature nobody can give
    if not any((row := view.get(KEYS, key)) is not None and row.party == author for key in chosen):
        chosen.update(ctx.keys_of.get((author, "institution"), ())[:1])
    for key in sorted(chosen | {key_id(public) for public in known.holders(made)}):
        draft.attach(key, "tx", _UNSIGNED)
    if not chosen:
        raise Rejection("E_SIG_MISSING", f"{author} (author, scope tx)", path="signatures")
    return prepare(draft.entry())


def everybody_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Takes every signature: for records of :func:`as_if_signed` alone."""
    del public, message, signature
    return True


class PartyKeys(Mapping[tuple[str, str], tuple[bytes, ...]]):
    """(party, purpose) to the keys a party has for it now; looks at the parties that are asked for."""

    def __init__(self, ctx: Context, listed: Sequence[str]) -> None:
        self._ctx = ctx
        self._listed = tuple(dict.fromkeys(listed))

    def __getitem__(self, wanted: tuple[str, str]) -> tuple[bytes, ...]:
        party = self._ctx.state.get(PARTIES, wanted[0])
        found = []
        for name in party.keys if party is not None else ():
            key = self._ctx.state.get(KEYS, name)
            if key is not None and wanted[1] in key.purposes and self._in_force(key.valid_from, key.valid_to):
                found.append(name)
        if not found:
            raise KeyError(wanted)
        return tuple(found)

    def _in_force(self, begin: int, end: int | None) -> bool:
        return begin <= self._ctx.time and (end is None or self._ctx.time < end)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Those of the parties listed; all others are asked for by name."""
        for party in self._listed:
            known = self._ctx.state.get(PARTIES, party)
            keys = (self._ctx.state.get(KEYS, name) for name in (known.keys if known else ()))
            yield from sorted({(party, purpose) for key in keys if key for purpose in key.purposes})

    def __len__(self) -> int:
        return sum(1 for _ in self)
