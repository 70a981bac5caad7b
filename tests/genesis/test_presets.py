from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from accord_genesis import presets
from accord_genesis.acts import in_order
from accord_genesis.files import CeremonyError
from accord_genesis.preset_lists import LISTS, REGION_GROUPS_CN, SECTORS_CN, WAGE_USD
from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.kinds.profile import ProfileDefine
from accord_ledger.domain.model.framework import FRAMEWORKS, FrameworkTerms, ProfileTerms
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.rational import parse
from accord_ledger.state import MemorySource, View

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def framework(name: str) -> FrameworkTerms:
    body = presets.CATALOGUE[name][1]
    assert isinstance(body, FrameworkDefine)
    return body.terms


def profile(name: str) -> ProfileTerms:
    return next(terms for terms in (*presets.PROFILES, *presets.BANK_PROFILES) if terms.profile_id == name)


@pytest.mark.parametrize(
    ("name", "hours", "kind", "quantum", "levels"),
    [
        ("cn-mc", ("40/1", "40/1"), "notional", "1/2", (1, 3)),
        ("cn-hvc", ("16/1", "16/1"), "contact", "1/2", None),
        ("ects", ("25/1", "30/1"), "notional", "1/2", (1, 8)),
        ("nl-ects", ("28/1", "28/1"), "notional", "1/2", (1, 8)),
        ("uom", (None, None), "none", "25/8", (1, 10)),
        ("us-sch", ("85/2", "45/1"), "notional", "1/1", None),
        ("mqf", ("40/1", "40/1"), "notional", "1/1", (1, 8)),
    ],
)
def test_frameworks_are_those_of_the_table(
    name: str, hours: tuple[str | None, str | None], kind: str, quantum: str, levels: tuple[int, int] | None
) -> None:
    terms = framework(name)
    assert (terms.hours_min, terms.hours_max) == hours
    assert (terms.hour_kind, terms.quantum, terms.levels) == (kind, quantum, levels)


def test_every_preset_passes_the_rules() -> None:
    state = View(MemorySource())
    chosen = presets.choose(("all",))
    assert len(chosen) == len(presets.FRAMEWORKS) + len(presets.PROFILES) + len(LISTS)
    for act in in_order(chosen):
        run_genesis(
            Context(state=state, network=b"", height=0, time=0, genesis=True), act.kind, bytes(act.body)
        )
    child = state.get(FRAMEWORKS, "nl-ects", 1)
    assert child is not None
    assert child.root == ("ects", 1)


def test_a_child_brings_its_parent() -> None:
    assert [
        body.terms.framework_id
        for _, body in presets.choose(("nl-ects",))
        if isinstance(body, FrameworkDefine)
    ] == [
        "ects",
        "nl-ects",
    ]


def test_names_are_taken_once_whatever_their_order() -> None:
    assert presets.choose(("all", "ects", "frameworks")) == presets.choose(
        ("frameworks", "lists", "profiles")
    )
    assert presets.choose(()) == ()


def test_a_bank_profile_is_only_taken_by_name() -> None:
    assert presets.CATALOGUE["bcb"] not in presets.choose(("all",))
    assert profile("bcb") == presets.bank_profile("bcb", "1/2")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(CeremonyError) as caught:
        presets.choose(("atlantis",))
    assert caught.value.code == "PRESET_UNKNOWN"


def test_profiles_ask_what_their_rows_say() -> None:
    assert set(profile("suny-2018").required) == {
        "title",
        "audience",
        "issuers",
        "credits",
        "transferability",
    }
    assert profile("suny-2018").approval_credit.all_of == ("academic_committee", "curriculum_committee")
    assert profile("suny-2018").approval_noncredit.any_of == ("academic_committee", "curriculum_committee")
    assert "assessment_type" in profile("eu-2022").required
    assert profile("nmf").gates == ("assessed",)
    assert profile("cn").annual
    assert set(profile("cn").gates) == {"practice", "projects", "hours_claim"}
    assert profile("cn").approval_credit.any_of == ("academic_committee", "endorse")
    assert profile("cn").approval_noncredit == profile("cn").approval_credit
    assert profile("mqa").required == ("outcomes",)
    assert profile("neutral").required == profile("neutral").registries == profile("neutral").gates == ()
    assert not any(terms.accreditation for terms in presets.PROFILES)
    assert [terms.profile_id for terms in presets.PROFILES if terms.annual] == ["cn"]
    registries = {terms.profile_id: terms.registries for terms in presets.PROFILES if terms.registries}
    assert registries == {"eu-2022": ("EQAR",), "nmf": ("TEQSA",), "mqa": ("MQA",), "cn": ("CN-TI",)}


def test_narrower_profiles_are_only_taken_by_name() -> None:
    sizes = {terms.profile_id: terms.credits for terms in presets.NARROWER_PROFILES}
    assert sizes == {
        "suny-oneonta": ("1/1", "15/1"), "suny-canton": ("1/1", "18/1"), "nl-2025": ("1/1", "30/1"),
    }  # fmt: skip
    taken = {body.terms.profile_id for _, body in presets.choose(("all",)) if isinstance(body, ProfileDefine)}
    assert taken == {"suny-2018", "eu-2022", "nmf", "mqa", "cn", "neutral"}
    assert all(terms.credits is None and terms.hours is None for terms in presets.PROFILES)


def test_lists_have_their_closed_sizes() -> None:
    assert {terms.list_id: len(terms.entries) for terms in LISTS} == {
        "fields": 10,
        "sectors": 21,
        "sectors-cn": 19,
        "skill-areas-my": 24,
        "refusal-reasons": 10,
        "wage-usd": 1,
        "region-groups-cn": 31,
    }
    assert WAGE_USD.entries[0].values == ("20000", "60000")
    assert {entry.code: entry.values[0] for entry in REGION_GROUPS_CN.entries}["CN-BJ"] == "east"
    assert {entry.code for entry in SECTORS_CN.entries} == {str(code) for code in range(41, 60)}


def test_pins_of_the_conversion_vectors_lie_inside() -> None:
    path = SHARED / "data" / "conversion_vectors.json"
    if not path.exists():
        pytest.skip("conversion vectors are not here")
    rows = [row for row in json.loads(path.read_text())["conversion"] if row["kind"] == "hours_ratio"]
    pins = {Fraction(row["source_hours_per_credit"]) for row in rows if row["expect"] == "ok"}
    spans = [
        (parse(terms.hours_min), parse(terms.hours_max))
        for terms in presets.FRAMEWORKS
        if terms.hours_min is not None and terms.hours_max is not None
    ]
    assert pins
    assert [pin for pin in pins if not any(low <= pin <= high for low, high in spans)] == []
