"""Step 20 with the client's own verification: what is erased still verifies, and a fresh query says it is."""

from __future__ import annotations

from accord_client.bundle import Bundle, parse_bundle
from accord_ledger.calendar import DAY
from accord_ledger.domain.model.credential import STANDING_PAGES
from scenario.bundles import DOCUMENT_CHECKS, bundle_of, verified
from scenario.playing import play, played_before, the_step
from scenario.programmes import issued


def passed(bundle: Bundle, at: int) -> set[str]:
    """The checks that passed; none failed, and only the document, which is not shown, was left out."""
    report = verified(parse_bundle(bundle.to_json()), at)
    outcomes = {name: check.outcome for name, check in report.checks.items()}
    assert "failed" not in outcomes.values(), report.checks
    assert {name for name, outcome in outcomes.items() if outcome != "passed"} == DOCUMENT_CHECKS
    return {name for name, outcome in outcomes.items() if outcome == "passed"}


async def test_step_20_an_erased_credential() -> None:
    stage = await played_before("20")
    await stage.advance(the_step("20").time)
    held_copy = bundle_of(stage, "uom-d1", 0)
    assert verified(held_copy, stage.time).facts["erased_at"] is None
    await play(stage, the_step("20"))

    # the held copy verifies for ever
    assert {"batch", "record", "state", "status", "issuer", "programme"} <= passed(
        held_copy, stage.time + DAY
    )

    # a fresh query says erased, and that is no revocation: its bit is not set, and it is proved not to be
    fresh = bundle_of(stage, "uom-d1", 0)
    passed(fresh, stage.time)
    report = verified(fresh, stage.time)
    assert report.facts["erased_at"] == stage.time
    assert report.facts["status"] == "valid"
    assert report.checks["status"].detail == "valid; erased, held copies still verify"
    page = STANDING_PAGES.key(issued("uom-d1").batch_id, 0)
    assert [item.value for item in fresh.state if item.key == page] == [None]

    # its 12.5 points stay
    assert [item["by"] for item in report.facts["redeemed"]] == ["uom"]


async def test_step_19b_credentials_of_a_withdrawn_programme_still_verify() -> None:
    stage = await played_before("20")
    assert "programme" in passed(bundle_of(stage, "ecom-ls", 0), stage.time)


async def test_step_17_a_revoked_credential_does_not() -> None:
    stage = await play(await played_before("17"), the_step("17"))
    report = verified(bundle_of(stage, "uu-ds", 0), stage.time)
    assert (report.verdict, report.checks["status"].outcome) == ("invalid", "failed")
    assert report.facts["status"] == "revoked"
