from __future__ import annotations

import json
from pathlib import Path

import pytest

from accord_genesis.acts import in_order, parse_act, parse_acts, plain, read_acts
from accord_genesis.files import CeremonyError
from accord_ledger import codec
from accord_ledger.domain.kinds.accreditation import AccreditationGrant, RegistryEntryBody
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.kinds.policy import PolicySet

TOML = """
[[registry_entry]]
agency = "q"
registry = "EQAR"
period = { valid_from = 2026-03-01, valid_to = "2030-12-31" }

[[accreditation_grant]]
agency = "q"
party = "a"
scope = "party"
registry = "EQAR"
cross_border = true
valid_from = 2026-03-01
valid_to = 2030-02-28
report_hash = "{report}"

[[policy_set]]
max_issue_lag_days = 60

[[framework_define]]
framework_id = "xa"
version = 1
country = "XA"
unit = { en = "credit" }
hour_kind = "notional"
hours_min = "30/1"
hours_max = "30/1"
quantum = "1/2"
levels = [1, 8]
""".replace("{report}", "ab" * 32)


def code_of(path: Path) -> tuple[str, str]:
    with pytest.raises(CeremonyError) as caught:
        read_acts(path)
    return caught.value.code, caught.value.path


def write(tmp_path: Path, text: str, name: str = "acts.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_toml_becomes_bodies(tmp_path: Path) -> None:
    acts = dict(read_acts(write(tmp_path, TOML)))
    entry, grant = acts["registry_entry"], acts["accreditation_grant"]
    assert isinstance(entry, RegistryEntryBody)
    assert entry.period is not None
    assert (entry.period.valid_from, entry.period.valid_to) == ("2026-03-01", "2030-12-31")
    assert isinstance(grant, AccreditationGrant)
    assert grant.report_hash == b"\xab" * 32
    assert isinstance(acts["policy_set"], PolicySet)
    assert acts["policy_set"].parameters.max_issue_lag_days == 60
    assert isinstance(acts["framework_define"], FrameworkDefine)
    assert acts["framework_define"].terms.levels == (1, 8)


def test_json_says_the_same(tmp_path: Path) -> None:
    acts = read_acts(write(tmp_path, TOML))
    tables: dict[str, list[object]] = {}
    for kind, body in acts:
        tables.setdefault(kind, []).append(plain(body))
    again = read_acts(write(tmp_path, json.dumps(tables), "acts.json"))
    assert in_order(again) == in_order(acts)


def test_grant_ids_follow_from_the_grant(tmp_path: Path) -> None:
    first = dict(read_acts(write(tmp_path, TOML)))["accreditation_grant"]
    other = dict(read_acts(write(tmp_path, TOML.replace('party = "a"', 'party = "b"'))))[
        "accreditation_grant"
    ]
    assert isinstance(first, AccreditationGrant)
    assert isinstance(other, AccreditationGrant)
    assert first.grant_id != other.grant_id
    assert first.grant_id[6] >> 4 == 7
    assert first.grant_id[8] >> 6 == 0b10


def test_given_ids_are_kept() -> None:
    row = {"agency": "q", "party": "a", "scope": "party", "registry": "EQAR", "cross_border": False}
    row |= {"valid_from": "2026-03-01", "valid_to": "2026-04-01"}
    grant = parse_act("accreditation_grant", {**row, "grant_id": "018f3a5e-0000-7000-8000-000000000001"}, "x")
    assert isinstance(grant, AccreditationGrant)
    assert grant.grant_id.hex() == "018f3a5e000070008000000000000001"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("[[registry_entry", "ACTS_SYNTAX", ""),
        ("registry_entry = 1", "ACTS_SYNTAX", ""),
        ("[[no_such]]\na = 1", "ACTS_KIND", " no_such[0]"),
        ("[[key_revoke]]\na = 1", "ACTS_KIND", " key_revoke[0]"),
        ("registry_entry = [7]", "ACTS_VALUE", " registry_entry[0]"),
        ('[[registry_entry]]\nagency = "q"\nregistry = "eqar"', "ACTS_VALUE", " registry_entry[0].registry"),
        ('[[registry_entry]]\nagency = "q"\nregistry = "EQAR"\nwhy = 1', "ACTS_VALUE", " registry_entry[0]"),
        ('[[registry_entry]]\nagency = "q"\nregistry = "EQAR"', "ACTS_VALUE", " registry_entry[0]"),
        (
            "[[policy_set]]\nmax_issue_lag_days = 1.5",
            "ACTS_VALUE",
            " policy_set[0].parameters.max_issue_lag_days",
        ),
        ('[[policy_set]]\naward_cap = "2/4"', "ACTS_VALUE", " policy_set[0].parameters.award_cap"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, text: str, code: str, place: str) -> None:
    path = write(tmp_path, text)
    assert code_of(path) == (code, f"{path}{place}")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"registry_entry": ' + "[" * 100_000])
def test_deep_files_are_refused(tmp_path: Path, text: str) -> None:
    assert code_of(write(tmp_path, text, "acts.json"))[0] == "ACTS_SYNTAX"


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "acts.toml"
    path.write_bytes(b"\xff\xfe")
    assert code_of(path)[0] == "ACTS_SYNTAX"
    assert code_of(tmp_path / "none.toml")[0] == "FILE_MISSING"


def test_hexadecimal_must_be_hexadecimal() -> None:
    with pytest.raises(CeremonyError) as caught:
        parse_acts({"accreditation_grant": [{"grant_id": "zz"}]})
    assert caught.value.code == "ACTS_VALUE"


def test_acts_stand_after_what_they_refer_to() -> None:
    def terms(name: str, parent: list[object] | None = None, version: int = 1) -> dict[str, object]:
        row: dict[str, object] = {
            "framework_id": name,
            "version": version,
            "country": "XA",
            "unit": {"en": "c"},
        }
        row |= {"hour_kind": "none", "quantum": "1/1"}
        return row if parent is None else {**row, "parent": parent}

    rows = [terms("a", ["z", 1]), terms("a", ["z", 1], 2), terms("m", ["a", 2]), terms("z")]
    bodies = parse_acts({"framework_define": rows})
    order = [parse_act_name(bytes(act.body)) for act in in_order(bodies)]
    assert order == [("z", 1), ("a", 1), ("a", 2), ("m", 1)]


def parse_act_name(body: bytes) -> tuple[str, int]:
    terms = codec.decode(body, FrameworkDefine).terms
    return terms.framework_id, terms.version
