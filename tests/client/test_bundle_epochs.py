"""Bundles made after the members changed: they carry the hand-offs, and verify from the genesis pin."""

from __future__ import annotations

import json
from functools import cache

import pytest
from msgspec.structs import replace

from accord_client.bundle import Bundle, BundleHandoff, parse_bundle
from accord_client.trust import Trust
from accord_client.verify import Report, verify_bundle
from client_ledger import ISSUE_TIME, genesis
from epoch_ledger import EpochLedger


@cache
def made() -> tuple[EpochLedger, Bundle]:
    """Issued in epoch 0; then two members got new keys, and the evidence is of epoch 2."""
    ledger = EpochLedger()
    ledger.programme()
    batch = ledger.prepare(12)
    record = ledger.issue(batch)
    ledger.rekey("bcb")
    ledger.seal()
    ledger.rekey("hnrail")
    ledger.seal()
    bundle = ledger.export(batch, 3, record)
    handoffs = tuple(BundleHandoff.of(handoff) for handoff in ledger.handoffs)
    return ledger, replace(bundle, handoffs=handoffs)


def judged(bundle: Bundle, trust: Trust | None = None) -> Report:
    again = parse_bundle(bundle.to_json())
    return verify_bundle(again, trust or Trust.of_genesis(genesis()), at=ISSUE_TIME + 3600)


def test_it_verifies_from_the_genesis_pin() -> None:
    report = judged(made()[1])
    assert report.verdict == "valid", report.checks
    assert report.facts is not None
    assert report.facts["as_of_height"] == made()[0].version.height


def test_the_pin_stays_as_it_was() -> None:
    trust = Trust.of_genesis(genesis())
    judged(made()[1], trust)
    assert trust.handoffs == ()


@pytest.mark.parametrize("kept", [0, 1])
def test_without_its_hand_offs_the_quorum_is_unknown(kept: int) -> None:
    report = judged(replace(made()[1], handoffs=made()[1].handoffs[:kept]))
    assert (report.verdict, report.checks["quorum"].code) == ("invalid", "CHECKPOINT_QUORUM")


def test_hand_offs_out_of_order_are_refused() -> None:
    report = judged(replace(made()[1], handoffs=made()[1].handoffs[::-1]))
    assert (report.verdict, report.checks["quorum"].code) == ("invalid", "TRUST_EPOCH")


def test_a_verifier_that_followed_before_needs_none() -> None:
    trust = Trust.of_genesis(genesis())
    for handoff in made()[0].handoffs:
        trust.follow(handoff)
    assert judged(replace(made()[1], handoffs=()), trust).verdict == "valid"
    assert judged(made()[1], trust).verdict == "valid"


def test_a_policy_of_the_present_epoch_needs_none() -> None:
    trust = Trust.of_genesis(genesis()).following(made()[0].handoffs)
    pinned = Trust.from_policy(trust.policy.format(), genesis().network)
    assert judged(made()[1], pinned).verdict == "valid"


@pytest.mark.parametrize("part", ["seal", "finalization", "epoch", "proof"])
def test_a_changed_hand_off_is_refused(part: str) -> None:
    whole = json.loads(made()[1].to_json())
    text = whole["handoffs"][0][part]
    whole["handoffs"][0][part] = text[:80] + ("A" if text[80] != "A" else "B") + text[81:]
    report = judged(parse_bundle(json.dumps(whole).encode()))
    assert report.verdict == "invalid"
    assert report.checks["quorum"].outcome == "failed"


def test_a_bundle_brings_no_root_of_trust() -> None:
    """Another network's members, handed over by nobody we know, verify nothing."""
    other = EpochLedger()
    other.network = bytes(32)
    other.open(other.time)
    other.rekey("um")
    foreign = tuple(BundleHandoff.of(handoff) for handoff in other.handoffs)
    report = judged(replace(made()[1], handoffs=foreign))
    assert (report.verdict, report.checks["quorum"].code) == ("invalid", "HANDOFF_SEAL")
