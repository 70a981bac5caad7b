"""Input that is wrong in one place: every item of the list of bad input, for records that are good otherwise.

Each sample is accepted by the form checks as it stands (the first test); then one field is spoilt. What is
spoilt is refused before anything is looked up, with a code, the path, and no change of state.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger import codec
from accord_ledger.domain.kinds.agreement import SignBody
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import Rejection
from domain_world import World, plain
from exchange_world import Exchange, agreement, hours
from good_bodies import SAMPLES, spoilt


@pytest.fixture(scope="module")
def world() -> World:
    """One world for all: nothing here is ever accepted."""
    return World()


def refuse(world: World, code: str, kind: str, path: str, value: object) -> Rejection:
    """Refused with the code, at or above the path, before any state is read."""
    entry = world.entry(kind, spoilt(kind, path, value), "uu")
    with pytest.raises(Rejection):
        prepare(entry)
    return world.refuses(code, entry)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_samples_are_good(world: World, kind: str) -> None:
    assert prepare(world.entry(kind, SAMPLES[kind], "uu")).body == SAMPLES[kind]


# ---- number bombs ------------------------------------------------------------------------------------

NUMBERS = [
    ("programme_register", "terms.credits"),
    ("programme_register", "terms.total_hours"),
    ("programme_register", "terms.practice_hours"),
    ("framework_define", "terms.quantum"),
    ("framework_define", "terms.hours_min"),
    ("profile_define", "terms.credits.0"),
    ("policy_set", "parameters.award_cap"),
    ("agreement_propose", "terms.rules.0.source_pin"),
]

NOT_NUMBERS = [
    "3", "2/4", "0/5", "1/0", "0/0", "-1/2", "+1/2", "1/-2", "01/2", "1/02", " 1/2", "1/2 ", "1/2\n", "1/2/3",
    "1e3/1", "0x1/1", "1_0/1", "1.5/1", "/", "", "nan", "inf/1", "٣/1", "３/1", "1000000000001/1", "1/1000001",
    "9" * 62 + "/1",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_number_bombs_in_rationals(world: World, text: str) -> None:
    for kind, path in NUMBERS:
        refuse(world, "E_NUMBER", kind, path, text)


@pytest.mark.parametrize("digits", [64, 4_301, 60_000])
def test_number_bombs_of_any_length_cost_nothing(world: World, digits: int) -> None:
    for kind, path in NUMBERS:
        refuse(world, "E_SCHEMA", kind, path, "9" * digits + "/1")


@given(numerator=st.integers(-(10**13), 10**13), denominator=st.integers(-(10**7), 10**7))
def test_rationals_have_one_spelling(world: World, numerator: int, denominator: int) -> None:
    """Whatever two numbers are written, only lowest terms inside the bounds get past the number check."""
    good = 0 <= numerator <= 10**12 and 1 <= denominator <= 10**6 and gcd(numerator, denominator) == 1
    entry = world.entry(
        "programme_register",
        spoilt("programme_register", "terms.total_hours", f"{numerator}/{denominator}"),
        "uu",
    )
    if good:
        prepare(entry)
        return
    with pytest.raises(Rejection) as caught:
        prepare(entry)
    assert caught.value.code == "E_NUMBER"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("credential_issue", "count"),
        ("course_offering", "entrants"),
        ("programme_register", "terms.projects_all"),
        ("employer_feedback", "responses"),
        ("quality_report", "metrics.content_items"),
        ("quality_report", "year"),
        ("audit_anchor", "height"),
        ("policy_set", "parameters.exit_years"),
    ],
)
@pytest.mark.parametrize("value", [-1, 2**63, 2**64 - 1, "12", None, True, [], {}])
def test_number_bombs_in_counts(world: World, kind: str, path: str, value: object) -> None:
    refuse(world, "E_SCHEMA", kind, path, value)


def test_floats_have_no_place(world: World) -> None:
    body = plain(SAMPLES["credential_issue"]) | {"count": 12.0}
    packed = msgpack.packb(dict(sorted(body.items())), use_bin_type=True)
    world.refused("E_SCHEMA", "credential_issue", packed, "uu")


# ---- look-alike slugs --------------------------------------------------------------------------------

LOOK_ALIKES = [
    "uu-dѕ", "uυ-ds", "ｕｕ-ds", "uu‐ds", "uu–ds", "uu-ds\u200b", "\u202euu-ds", "uu-ds\n", "uu ds", "UU-ds",
    "uu_ds", "uu.ds", "-uu-ds", "uu-ds-", "", "u" * 65, "uu-dś", "uu-ds\x00", "uu/ds", "ﬁ-ds", "ßß", "uu-d\u0301s",
]  # fmt: skip


@pytest.mark.parametrize("slug", LOOK_ALIKES)
def test_look_alike_slugs(world: World, slug: str) -> None:
    for kind, path in (
        ("programme_register", "terms.programme_id"),
        ("programme_register", "terms.issuers.0"),
        ("programme_status", "programme"),
        ("party_register", "party_id"),
        ("party_status", "party"),
        ("framework_define", "terms.framework_id"),
        ("profile_define", "terms.profile_id"),
        ("agreement_propose", "agreement_id"),
        ("agreement_propose", "terms.senders.0"),
        ("credential_issue", "programme.0"),
        ("recognise_refuse", "rule"),
        ("interop_publish", "system"),
    ):
        refuse(world, "E_SCHEMA", kind, path, slug)


# ---- dates that do not exist -------------------------------------------------------------------------

NO_DATES = [
    "2026-02-30", "2025-02-29", "2100-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00",
    "1899-12-31", "0000-01-01", "2026-1-010", "20260-1-01", "2026/03/01", "２０２６-03-01", "2026-03-1\n",
    "2026-03-01T00:00:00Z", "", "tomorrow!!",
]  # fmt: skip

DATES = [
    ("party_status", "effective_date"),
    ("programme_register", "terms.last_content_update"),
    ("course_offering", "term_start"),
    ("course_offering", "term_end"),
    ("accreditation_grant", "valid_from"),
    ("accreditation_grant", "valid_to"),
    ("registry_entry", "ended_on"),
    ("credential_issue", "completed_from"),
    ("credential_issue", "completed_to"),
    ("credential_issue", "valid_until"),
    ("agreement_propose", "terms.valid_from"),
    ("agreement_propose", "terms.valid_to"),
]


@pytest.mark.parametrize("date", NO_DATES)
def test_dates_that_do_not_exist(world: World, date: str) -> None:
    for kind, path in DATES:
        refuse(world, "E_SCHEMA", kind, path, date)


@pytest.mark.parametrize(
    "period", ["2026-13", "2026-00", "2026-Q0", "2026-Q5", "2026-q1", "2026", "2026-3", "26-03"]
)
def test_periods_that_do_not_exist(world: World, period: str) -> None:
    refuse(world, "E_SCHEMA", "employer_feedback", "period", period)


# ---- language tags that do not exist -----------------------------------------------------------------

NO_LANGUAGES = [
    "xx", "zz", "eng", "chi", "iw", "und", "mul", "qaa", "EN", "en-gb", "en_GB", "en-ZZ", "en-UK", "en-Latx",
    "zh-Zzzz", "en-GB-oxendict", "x-private", "i-klingon", "e", "english", "", "en ", "еn", "de-999",
]  # fmt: skip


@pytest.mark.parametrize("tag", NO_LANGUAGES)
def test_language_tags_that_do_not_exist(world: World, tag: str) -> None:
    refuse(world, "E_SCHEMA", "title_translation", "language", tag)
    for kind, path in (
        ("programme_register", "terms.title"),
        ("programme_register", "terms.outcomes.0.text"),
        ("party_register", "legal_name"),
        ("framework_define", "terms.unit"),
    ):
        refuse(world, "E_SCHEMA", kind, path, {tag: "Data Science"})


@pytest.mark.parametrize(
    "tag", ["en", "zh", "zh-Hant", "zh-Hant-TW", "pt-BR", "es-419", "ms", "yue", "de-CH"]
)
def test_language_tags_that_exist(world: World, tag: str) -> None:
    prepare(world.entry("title_translation", spoilt("title_translation", "language", tag), "uu"))


# ---- unknown enum values -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("party_register", "roles.0"),
        ("party_register", "keys.0.purposes.0"),
        ("party_register", "keys.0.alg"),
        ("party_status", "status"),
        ("framework_define", "terms.hour_kind"),
        ("profile_define", "terms.gates.0"),
        ("programme_register", "terms.category"),
        ("programme_register", "terms.form"),
        ("programme_register", "terms.track"),
        ("programme_register", "terms.audience.0"),
        ("programme_status", "status"),
        ("accreditation_grant", "scope"),
        ("agreement_propose", "terms.exclusivity"),
        ("agreement_propose", "terms.rules.0.kind"),
        ("audit_anchor", "result"),
    ],
)
def test_unknown_enum_values(world: World, kind: str, path: str) -> None:
    for value in ("unheard-of", "", "Active", "active ", 1, None, ["active"]):
        refuse(world, "E_SCHEMA", kind, path, value)


@pytest.mark.parametrize("kind", ["programme_delete", "T07", "", "programme register", "Programme_register"])
def test_unknown_kinds(world: World, kind: str) -> None:
    world.refused("E_SCHEMA", kind, SAMPLES["programme_register"], "uu")


# ---- free text where none belongs --------------------------------------------------------------------

NAMES = ["Ada Lovelace", "王小明", "ada.lovelace@example.org", "+31 6 1234 5678", "Grade: 9.5", "a\nb"]


@pytest.mark.parametrize("name", NAMES)
def test_free_text_where_none_belongs(world: World, name: str) -> None:
    for kind, path in (
        ("credential_issue", "status_list"),
        ("recognise_reverse", "reason"),
        ("recognise_refuse", "reason"),
        ("recognise_refuse", "rule"),
        ("programme_status", "reason"),
        ("party_status", "reason"),
        ("course_offering", "course"),
        ("accreditation_grant", "registry"),
        ("programme_register", "terms.field"),
        ("interop_publish", "system"),
        ("employer_feedback", "method_hash"),
        ("interop_publish", "external_id_commitment"),
        ("audit_anchor", "findings_hash"),
    ):
        refuse(world, "E_SCHEMA", kind, path, name)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@pytest.mark.parametrize("field", ["name", "note", "student", "comment", "Programme", "sign_by "])
def test_unknown_fields(world: World, kind: str, field: str) -> None:
    refuse(world, "E_SCHEMA", kind, field, "Ada Lovelace")


def test_unknown_fields_inside(world: World) -> None:
    for kind, path in (
        ("programme_register", "terms.note"),
        ("programme_register", "terms.outcomes.0.note"),
        ("agreement_propose", "terms.rules.0.note"),
        ("quality_report", "metrics.note"),
        ("interop_publish", "subject.student"),
        ("party_register", "keys.0.holder"),
    ):
        refuse(world, "E_SCHEMA", kind, path, "Ada Lovelace")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 301,
        "a\x00b",
        "a\x1bb",
        "a\u200bb",
        "a\u202eb",
        "\ufeffa",
        "e\u0301",
        "Å".replace("Å", "A\u030a"),
    ],
)
def test_texts_that_hide_something(world: World, text: str) -> None:
    """Where text does belong it is NFC, bounded, and shows everything it holds."""
    for kind, path in (
        ("programme_register", "terms.title.en"),
        ("party_register", "legal_name.en"),
        ("framework_define", "terms.unit.en"),
        ("title_translation", "text"),
    ):
        refuse(world, "E_SCHEMA", kind, path, text)


# ---- terms that do not hash --------------------------------------------------------------------------


def _hashes(right: bytes) -> Iterator[bytes]:
    for place in (0, 15, 31):
        yield right[:place] + bytes([right[place] ^ 1]) + right[place + 1 :]
    yield bytes(32)
    yield right[::-1]


def test_terms_that_do_not_hash() -> None:
    world = Exchange()
    proposed = agreement("uu", "bcb", hours())
    world.propose("a1", proposed)
    good = world.sign_body("a1", proposed)
    for wrong in _hashes(good.terms_hash):
        body = SignBody(agreement=("a1", 1), terms_hash=wrong)
        world.refused("E_TERMS_HASH", "agreement_sign", body, "bcb agreements")
    other = world.sign_body("a1", agreement("uu", "bcb", hours(pins="28/1 39/1")))
    world.refused("E_TERMS_HASH", "agreement_sign", other, "bcb agreements")
    world.do("agreement_sign", good, "bcb agreements")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_hashes_of_another_length(world: World, size: int) -> None:
    short = codec.encode_plain({"agreement": ["a1", 1], "terms_hash": b"\x01" * size})
    world.refused("E_SCHEMA", "agreement_sign", short, "uu agreements")
    for kind, path in (
        ("credential_issue", "merkle_root"),
        ("accreditation_grant", "report_hash"),
        ("audit_anchor", "state_root"),
        ("employer_feedback", "method_hash"),
    ):
        refuse(world, "E_SCHEMA", kind, path, b"\x01" * size)
