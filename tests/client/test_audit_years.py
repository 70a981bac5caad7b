"""Hours accounts and quality years: one row that says something else, and one check that finds it."""

from __future__ import annotations

from msgspec.structs import replace

from accord_ledger.domain.kinds.hours import HoursCheckpointBody, HoursCompleteBody, HoursOpenBody
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.model.hours import HOURS
from accord_ledger.domain.model.quality import FEEDBACK, QUALITY_HEADS, QUALITY_YEARS, YEAR_CLOSES
from audit_rows import RowWatch, Write
from domain_alliance import uid
from domain_world import ref, terms
from exchange_world import Exchange
from quality_world import annual

H1 = (uid("h1"),)


def learnt() -> tuple[Exchange, RowWatch]:
    """``h1`` of crrc-eval was used for a batch of one, ``h2`` was opened; the block is closed."""
    world = Exchange()
    world.at("2026-03-02")
    programme = terms(
        "rail", "crrc-eval", framework=("cn-mc", 1), level=1, credits="1/1", total_hours="40/1",
        practice_hours="12/1", projects_all=10, projects_enterprise=4, profile=("cn", 1),
    )  # fmt: skip
    world.launch(programme, ("hnrail", "endorse"))
    for name in ("h1", "h2"):
        body = HoursOpenBody(account=uid(name), programme="rail", start="2026-03-02")
        world.do("hours_open", body, "crrc-eval registrar")
    world.at("2026-04-01")
    sums = HoursCheckpointBody(
        account=H1[0],
        cumulative_minutes=2400,
        practice_minutes=720,
        log_root=bytes(32),
        period_end="2026-04-01",
    )
    world.do("hours_checkpoint", sums, "crrc-eval registrar")
    done = HoursCompleteBody(account=H1[0], programme=ref(programme))
    world.do("hours_complete", done, "crrc-eval registrar", "cn-qa quality")
    world.issue(programme, 1, "one", single=True, hours_account=H1[0])
    return world, RowWatch(world)


def test_hours_an_account_that_is_used_for_one_credential() -> None:
    _, watched = learnt()
    account = watched.get(HOURS, *H1)
    assert (account.status, watched.codes((HOURS, account, H1))) == ("used", set())


def test_hours_one_batch_for_two_accounts() -> None:
    _, watched = learnt()
    second = replace(watched.get(HOURS, *H1), opened_at=0)
    assert watched.codes((HOURS, second, (uid("h2"),))) == {"hours"}


def test_hours_a_batch_that_is_not_of_one_or_of_something_else() -> None:
    _, watched = learnt()
    account = watched.get(HOURS, *H1)
    batch = watched.get(BATCHES, account.batch_id)
    again: Write = (HOURS, account, H1)
    assert watched.codes((BATCHES, replace(batch, count=2), (account.batch_id,)), again) == {"hours"}
    assert watched.codes((BATCHES, replace(batch, programme=("rail", 2)), (account.batch_id,)), again) == {
        "hours"
    }
    assert watched.codes((BATCHES, None, (account.batch_id,)), again) == {"hours"}


def test_hours_an_account_goes_one_way() -> None:
    _, watched = learnt()
    account = watched.get(HOURS, *H1)
    assert watched.codes((HOURS, None, H1)) == {"hours"}
    for changed in (
        replace(account, status="completed", batch_id=None),
        replace(account, status="open", batch_id=None),
        replace(account, batch_id=uid("another")),
    ):
        assert learnt()[1].codes((HOURS, changed, H1)) == {"hours"}, changed


def test_hours_too_few_for_the_programme() -> None:
    _, watched = learnt()
    other, place = watched.get(HOURS, uid("h2")), (uid("h2"),)
    done = replace(other, status="completed", version=1, completed_at=0)
    enough = replace(done, cumulative_minutes=2400, practice_minutes=720)
    assert watched.codes((HOURS, enough, place)) == set()
    assert learnt()[1].codes((HOURS, replace(enough, cumulative_minutes=2399), place)) == {"hours"}
    assert learnt()[1].codes((HOURS, replace(enough, practice_minutes=719), place)) == {"hours"}


P26 = ("ecom-ls", 2026)


def closed(*years: int) -> RowWatch:
    """``ecom-ls`` with these years closed, 60 of 100 employers content."""
    world = annual("ecom-ls")
    for year in years:
        world.whole_year("ecom-ls", year, 60)
    return RowWatch(world)


def test_years_that_were_closed_as_they_should() -> None:
    watched = closed(2026, 2027)
    kept = watched.get(QUALITY_YEARS, *P26)
    assert watched.codes((QUALITY_YEARS, kept, P26)) == set()


def test_years_sums_that_are_not_those_of_the_feedback() -> None:
    kept = closed(2026).get(QUALITY_YEARS, *P26)
    for changed in (replace(kept, satisfied=61), replace(kept, responses=101), replace(kept, records=2)):
        assert closed(2026).codes((QUALITY_YEARS, changed, P26)) == {"years"}, changed


def test_years_feedback_nobody_summed_or_after_the_close() -> None:
    watched = closed(2026)
    row = watched.get(FEEDBACK, "ecom-ls", "2026-Q4", "cn-emp")
    assert watched.codes((FEEDBACK, row, ("ecom-ls", "2026-Q3", "cn-emp"))) == {"years"}
    late, kept = closed(2026), watched.get(QUALITY_YEARS, *P26)
    summed = replace(kept, responses=200, satisfied=120, records=2)
    assert late.codes((FEEDBACK, row, ("ecom-ls", "2026-Q3", "cn-emp")), (QUALITY_YEARS, summed, P26)) == {
        "years"
    }


def test_years_a_close_with_another_result() -> None:
    """2027 closes with what 2026 said, but there was no feedback."""
    watched = closed(2026)
    close, head = watched.get(YEAR_CLOSES, *P26), watched.get(QUALITY_HEADS, "ecom-ls")
    place = ("ecom-ls", 2027)
    moved: Write = (QUALITY_HEADS, replace(head, next_year=2028), ("ecom-ls",))
    silent = replace(close, result="no_data", responses=0, satisfied=0, effect="suspended")
    assert watched.codes((YEAR_CLOSES, silent, place), moved) == set()
    for changed in (
        close,
        replace(silent, result="pass"),
        replace(silent, responses=10),
        replace(silent, effect=None),
    ):
        assert closed(2026).codes((YEAR_CLOSES, changed, place), moved) == {"years"}, changed


def test_years_out_of_order_or_closed_twice() -> None:
    close = closed(2026).get(YEAR_CLOSES, *P26)
    silent = replace(close, result="no_data", responses=0, satisfied=0, effect="suspended")
    head = replace(closed(2026).get(QUALITY_HEADS, "ecom-ls"), next_year=2029)
    skipped = ("ecom-ls", 2028)
    assert closed(2026).codes((YEAR_CLOSES, silent, skipped), (QUALITY_HEADS, head, ("ecom-ls",))) == {
        "years"
    }
    assert closed(2026).codes((YEAR_CLOSES, silent, ("ecom-ls", 2027))) == {"years"}  # it can be closed again
    assert closed(2026).codes((YEAR_CLOSES, replace(close, result="fail"), P26)) == {"years"}
    assert closed(2026).codes((YEAR_CLOSES, None, P26)) == {"years"}
