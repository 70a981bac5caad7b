"""Which subjects a record concerns: the index by which "who used it" and "what did this key sign" are answered.

A subject is an id as it stands in the record: of a batch (with the range of indexes meant), recognition,
account, admission, benefit rule or review, and of every institutional key that signed. Keys of holders are
left out, since each signs for one credential only. Nothing here is not in the log already.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from accord_ledger.domain.items import Item
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.benefit import BenefitClaimBody
from accord_ledger.domain.kinds.erasure import ErasureBody
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.review import ReviewBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.domain.presentation import UseBody

_IDS: Final = ("recognition", "enrolment", "admission", "review", "account", "hours_account", "rule")
"""Fields of bodies that hold the id of a subject; ``rule`` also names rules of agreements, as text."""


class Concern(NamedTuple):
    """One subject of one record; ``low`` <= index < ``high`` of a batch, 0 and 0 of anything else."""

    subject: bytes
    low: int = 0
    high: int = 0


def concerns(prepared: Prepared) -> list[Concern]:
    """Subjects of a record, each once, in order of appearance: keys, ids, credentials."""
    return concerns_of([row[0] for row in prepared.record.signatures], prepared.holders, prepared.body)


def concerns_of(signers: Iterable[bytes], holders: Container[bytes], body: Body) -> list[Concern]:
    """:func:`concerns` for whoever has only the parts.

    Args:
        signers: key ids, in the order of their signatures.
        holders: those among them that are holders' keys.
        body: of the record.
    """
    found = [Concern(signer) for signer in signers if signer not in holders]
    for name in _ids_of(type(body)):
        value = getattr(body, name)
        if type(value) is bytes:
            found.append(Concern(value))
    found.extend(_credentials(body))
    return found if len(found) < 3 else list(dict.fromkeys(found))


@lru_cache(maxsize=256)
def _ids_of(body: type[Body]) -> tuple[str, ...]:
    """Fields of a body that may hold the id of a subject."""
    return tuple(name for name in _IDS if name in body.__struct_fields__)


def _credentials(body: Body) -> Iterator[Concern]:
    match body:
        case IssueBody():
            yield Concern(body.batch_id, 0, body.count)
            if body.replaces is not None:
                old = body.replaces
                yield from (Concern(old.batch_id, span.start, span.end) for span in old.ranges)
        case StackBody():
            yield Concern(body.batch_id, 0, 1)
            yield from _items(body.components)
        case StatusBody():
            yield from (Concern(body.batch_id, span.start, span.end) for span in body.ranges)
        case ErasureBody():
            yield Concern(body.batch_id, body.index, body.index + 1)
        case BenefitClaimBody():
            yield from _items((body.item,))
        case UseBody():
            yield from _items(body.items)
        case ReviewBody():
            yield from _items(body.components)


def _items(items: Sequence[Item]) -> Iterator[Concern]:
    for item in items:
        yield Concern(item.batch_id, item.index, item.index + 1)
