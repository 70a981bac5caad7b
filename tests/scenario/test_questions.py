"""The questions that steps 7, 16, 20 and 22 of the reference scenario ask."""

from __future__ import annotations

from accord_ledger import calendar
from domain_alliance import uid
from scenario.asking import ask
from scenario.memory_stage import MemoryStage
from scenario.parties import EASTERN, FIXTURES, genesis
from scenario.playing import play, played_before, the_step
from scenario.programmes import issued
from scenario.script import SCRIPT


async def test_step_7_what_covers_utrecht_in_beijing() -> None:
    stage = await played_before("7")
    [found] = ask(stage, "covering", programme="uu-ds", receiver="bcb", enrolment=uid("N1").hex())
    assert (found.agreement, found.rule) == ("a1", "hours")
    assert (found.exact, found.awarded, found.dropped, found.caps_left) == ("21/10", "2/1", "1/10", "38/1")


async def test_step_16_how_many_minutes_are_missing() -> None:
    stage = await played_before("16 (06-08)")
    found = ask(stage, "hours", account=uid("H1").hex())
    assert (found.have, found.need, found.short) == (2375, 2400, 25)


async def test_step_20_claimed_and_erased() -> None:
    stage = await play(await played_before("20"))
    first = {"batch": issued("uom-d1").batch_id.hex(), "index": 0}
    assert not ask(stage, "erasure", **first).erased
    await play(stage, the_step("20"))
    gone = ask(stage, "erasure", **first)
    assert (gone.erased, gone.still_recognised_at, gone.tx is not None) == (True, ("uom",), True)
    genuine = ask(stage, "credential", **first)
    assert (genuine.status, genuine.erased) == ("valid", True)
    paid = {"batch": issued("suny-hi").batch_id.hex(), "index": 0, "rule": uid("kettle rule").hex()}
    assert ask(stage, "claim", **paid).claimed
    assert not ask(stage, "claim", **paid | {"index": 1}).claimed


async def test_step_22_coverage_and_regions_of_the_fixture_country() -> None:
    stage = await play(MemoryStage(genesis()), *SCRIPT)
    await stage.advance(calendar.midnight(calendar.parse_date("2028-02-11")))
    covered = ask(stage, "coverage", country="XA", quarters=4)
    assert (covered.active, covered.recognised, covered.ratio, covered.met) == (10, 8, "4/5", True)
    assert covered.not_recognised == ("fix-09", "fix-10")
    assert [(point.date, point.ratio) for point in covered.series][-1] == ("2028-01-01", "4/5")
    region = ask(stage, "regions", country="XA", role="provider", group="east")
    assert (region.concentration, region.display) == ((EASTERN, FIXTURES), "88.7 %")
    assert {one.region: one.issuers for one in region.regions} == {"XA-E": 266, "XA-W": 34}
