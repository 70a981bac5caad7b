"""The trial accepts what builds on what waits here, in bounded memory."""

from __future__ import annotations

import pytest

from accord_node import trial as trial_module
from accord_node.trial import Trial
from node_network import Alliance, issue_entry, programme_entries
from spine import Spine, prepared


def trial(spine: Spine) -> Trial:
    return Trial(spine.chain.network, spine.chain.checker, spine.chain.head)


async def test_a_record_may_build_on_one_that_came_by_gossip(spine: Spine, alliance: Alliance) -> None:
    first, second, *_ = prepared(*programme_entries(alliance, "p0", "prog"))
    here, now = trial(spine), spine.clock.now()
    refusal = await here.check(second, now, lambda _: [])
    assert refusal is not None
    here.arrived([first])  # neither the newest block nor the list of what waits changed
    assert await here.check(second, now, lambda _: []) is None


async def test_a_record_may_build_on_one_that_waits(spine: Spine, alliance: Alliance) -> None:
    first, second, *_ = prepared(*programme_entries(alliance, "p0", "prog"))
    assert await trial(spine).check(second, spine.clock.now(), lambda _: [first]) is None


async def test_what_was_dropped_counts_no_more(spine: Spine, alliance: Alliance) -> None:
    (first, second, third, *_), now = prepared(*programme_entries(alliance, "p0", "prog")), spine.clock.now()
    here = trial(spine)
    assert await here.check(first, now, lambda _: []) is None
    here.dropped()
    assert await here.check(third, now, lambda _: []) is not None  # begins anew, without the first
    assert await here.check(second, now, lambda _: []) is not None
    assert await here.check(first, now, lambda _: []) is None


async def test_memory_is_bounded_though_nothing_is_ever_refused(
    spine: Spine, alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spine.grow(programme_entries(alliance, "p0", "prog"))
    monkeypatch.setattr(trial_module, "MAX_RECORDS", 5)
    here, now = trial(spine), spine.clock.now()
    for number in range(12):
        (record,) = prepared(issue_entry(alliance, "p0", "prog", number))
        assert await here.check(record, now, lambda _: []) is None
        assert here._count <= 5


async def test_a_refusal_on_an_old_basis_is_tried_on_the_newest(spine: Spine, alliance: Alliance) -> None:
    entries = programme_entries(alliance, "p0", "prog")
    here, now = trial(spine), spine.clock.now()
    (last,) = prepared(entries[-1])
    assert await here.check(last, now, lambda _: []) is not None
    await spine.grow(entries[:-1])
    assert await here.check(last, now, lambda _: []) is None


async def test_what_was_worked_out_for_one_second_is_looked_at_again_in_the_next(
    spine: Spine, alliance: Alliance
) -> None:
    await spine.grow(programme_entries(alliance, "p0", "prog"))
    here, now = trial(spine), spine.clock.now()
    (record,) = prepared(issue_entry(alliance, "p0", "prog", 1))
    assert await here.check(record, now, lambda _: []) is None
    assert here._view.recalled
    assert here._at(now) is here._ctx
    assert here._view.recalled
    assert here._at(now + 1).time == now + 1
    assert not here._view.recalled
