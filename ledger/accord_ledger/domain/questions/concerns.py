"""Which subjects a record concerns: the index by which "who used it" and "what did this key sign" are answered.

A subject is an id as it stands in the record: of a batch (with the range of indexes meant), recognition,
account, admission, benefit rule or review, and of every institutional key that signed. Keys of holders are
left out, since each signs for one credential only. Nothing here is not in the log already.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeGuard

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


class Concerns(NamedTuple):
    """Subjects of consecutive records, with the place of the record that names them; each once a record."""

    alone: list[tuple[bytes, int]]
    """(subject, place) of keys and ids."""
    credentials: list[tuple[bytes, int, int, int]]
    """(batch id, place, low, high)."""


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
    found = [Concern(subject) for subject in _alone(signers, holders, body)]
    found.extend(_credentials(body))
    return found if len(found) < 3 else list(dict.fromkeys(found))


def concerns_of_all(records: Iterable[Prepared], first: int) -> Concerns:
    """:func:`concerns` of the records of a block.

    Args:
        records: in their order.
        first: place of the first in the log.
    """
    alone, credentials = list[tuple[bytes, int]](), list[tuple[bytes, int, int, int]]()
    for place, prepared in enumerate(records, first):
        body, signatures, holders = prepared.body, prepared.record.signatures, prepared.holders
        if _names_itself_alone(body) and len(signatures) == 1 and not holders:  # as nearly all
            alone.append((signatures[0][0], place))
            credentials.append((body.batch_id, place, 0, body.count))
            continue
        subjects = _alone([row[0] for row in signatures], holders, body)
        alone += [(subject, place) for subject in dict.fromkeys(subjects)]
        credentials += [(name, place, low, high) for name, low, high in dict.fromkeys(_credentials(body))]
    return Concerns(alone, credentials)


def _names_itself_alone(body: Body) -> TypeGuard[IssueBody]:
    """Whether it is an issuance that names no other subject than what it issues."""
    return isinstance(body, IssueBody) and body.hours_account is None and body.replaces is None


def _alone(signers: Iterable[bytes], holders: Container[bytes], body: Body) -> list[bytes]:
    """Keys and ids, which may repeat."""
    found = [signer for signer in signers if signer not in holders]
    for name in _ids_of(type(body)):
        value = getattr(body, name)
        if type(value) is bytes:
            found.append(value)
    return found


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
