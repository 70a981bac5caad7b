"""What records concern: of a block at once the same as of each record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.domain.questions.concerns import concerns, concerns_of_all
from accord_ledger.domain.replacement import Replacement
from domain_alliance import uid
from exchange_world import exchange
from questions_world import Recorder

Row = tuple[bytes, int, int, int]


def one_by_one(records: Sequence[Prepared], first: int) -> list[Row]:
    return [
        (one.subject, place, one.low, one.high)
        for place, item in enumerate(records, first)
        for one in concerns(item)
    ]


def at_once(records: Sequence[Prepared], first: int) -> list[Row]:
    found = concerns_of_all(records, first)
    return [*((subject, place, 0, 0) for subject, place in found.alone), *found.credentials]


def issuances() -> list[Prepared]:
    world, _ = exchange()
    kept = Recorder(world)
    world.issue(world.terms_of("uu-ds"), 12, "more", status_start=500)
    return [item for item, _, _ in kept.records]


def changed(record: Prepared, **body: Any) -> Prepared:
    return msgspec.structs.replace(record, body=msgspec.structs.replace(record.body, **body))


def test_the_records_of_a_busy_ledger() -> None:
    world, batch = exchange()
    kept = Recorder(world)
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(*world.use("r2", "n1", "a1", [batch[1], batch[2]], "4/1"))
    world.at("2026-04-10")
    world.reverse("r1", "bcb registrar")
    world.revoke(batch, 5, "review")
    world.issue(world.terms_of("uu-ds"), 12, "more", status_start=500)
    records = [item for item, _, _ in kept.records]
    assert len({item.record.tx.kind for item in records}) >= 4
    assert sorted(at_once(records, 40)) == sorted(one_by_one(records, 40))
    assert at_once([], 40) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"hours_account": uid("hours")},
        {"replaces": Replacement(batch_id=uid("old"), ranges=(Interval(start=2, end=4),))},
    ],
)
def test_issuances_that_name_more(body: dict[str, Any]) -> None:
    (plain,) = issuances()
    record = changed(plain, **body)
    rows = at_once([record], 7)
    assert sorted(rows) == sorted(one_by_one([record], 7))
    assert len(rows) == 2 + len(body)


def test_keys_of_holders_and_several_signers() -> None:
    (plain,) = issuances()
    assert isinstance(plain.body, IssueBody)
    (row,) = plain.record.signatures
    holder = msgspec.structs.replace(plain, holders={row[0]: b""})
    assert at_once([holder], 7) == one_by_one([holder], 7) == [(plain.body.batch_id, 7, 0, 12)]
    other = (b"\x01" * 32, *row[1:])
    both = msgspec.structs.replace(
        plain, record=msgspec.structs.replace(plain.record, signatures=(other, row, other))
    )
    assert at_once([both], 7) == one_by_one([both], 7)
    assert [subject for subject, *_ in at_once([both], 7)] == [other[0], row[0], plain.body.batch_id]
