"""Stage 1 of every record: form, window, duplicates, weight, signatures, standing, in this order."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger import codec
from accord_ledger.domain.kind import kinds
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.profile import ListDefine
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.framework import ListEntry, ListTerms
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.domain.pipeline import BODY_USES, prepare, signature_jobs
from accord_ledger.errors import Rejection
from accord_ledger.keys import verifies
from accord_ledger.transaction import Record, Transaction
from domain_alliance import TWO_THIRDS, key_of
from domain_world import World, as_key, ref, terms

REGISTER = ProgrammeRegister(terms=terms())
DAY = 86_400
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world() -> World:
    return World()


def resigned(entry: bytes, **changes: object) -> bytes:
    """The record with other signatures or another transaction in it, whatever that makes of it."""
    record = codec.decode(entry, Record)
    return codec.encode(msgspec.structs.replace(record, **changes))


# form


@pytest.mark.parametrize("entry", [b"", b"\x80", b"\xc0" * 100, b"\xff" * 70_000])
def test_bytes_that_are_no_record(world: World, entry: bytes) -> None:
    world.refuses("E_SCHEMA", entry)


def test_signatures_in_order_and_once(world: World) -> None:
    entry = world.entry("programme_register", REGISTER, "uu", "uu registrar")
    first, second = codec.decode(entry, Record).signatures
    for rows in ((second, first), (first, first, second), ()):
        world.refuses("E_SCHEMA", resigned(entry, signatures=rows))


def test_unknown_kinds_and_other_bodies(world: World) -> None:
    world.refused("E_SCHEMA", "programme_delete", REGISTER, "uu")
    world.refused("E_SCHEMA", "programme_submit", REGISTER, "uu")
    world.refused("E_SCHEMA", "programme_register", b"\xc1", "uu")


def test_what_only_genesis_makes_is_no_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.register(terms())
    monkeypatch.setattr(type(kinds()["programme_submit"]), "as_transaction", False)
    world.refused("E_SCHEMA", "programme_submit", ProgrammeStep(programme=ref(terms())), "uu")


def test_another_network(world: World) -> None:
    other = world.entry("programme_register", REGISTER, "uu", network=b"\x01" * 32)
    assert world.refuses("E_SCHEMA", other).path == "network"


@given(st.data())
def test_any_damage_is_refused(data: st.DataObject) -> None:
    """A record with a flipped, lost or added byte is a Rejection and nothing else."""
    world = World()
    entry = bytearray(world.entry("programme_register", REGISTER, "uu"))
    place = data.draw(st.integers(0, len(entry) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "add"])):
        case "flip":
            entry[place] ^= data.draw(st.integers(1, 255))
        case "cut":
            del entry[place]
        case _:
            entry.insert(place, data.draw(st.integers(0, 255)))
    with pytest.raises(Rejection):
        world.add(bytes(entry))


# window


@pytest.mark.parametrize(("ahead", "code"), [(0, "E_TX_EXPIRED"), (-1, "E_TX_EXPIRED"), (3601, "E_RANGE")])
def test_expiry_window(world: World, ahead: int, code: str) -> None:
    world.refused(code, "programme_register", REGISTER, "uu", expires=world.time + ahead)


@pytest.mark.parametrize("ahead", [1, 3600])
def test_inside_the_expiry_window(world: World, ahead: int) -> None:
    world.do("programme_register", REGISTER, "uu", expires=world.time + ahead)


def approval(world: World, ahead: int) -> ProgrammeApprove:
    """An approval whose body signatures count until ``ahead`` seconds from now."""
    item = terms()
    world.register(item)
    world.submit(item)
    return ProgrammeApprove(
        programme=ref(item), approval="academic_committee", party="uu", sign_by=world.time + ahead
    )


def test_a_committee_signs_the_body_before_the_author_submits(world: World) -> None:
    world.do("programme_approve", approval(world, 0), "uu registrar", "uu academic_committee*")
    assert world.get(PROGRAMMES, "uu-ds", 1).stage == "approved"


@pytest.mark.parametrize(("ahead", "code"), [(-1, "E_SIGN_BY_PASSED"), (90 * DAY + 1, "E_RANGE")])
def test_sign_by_window(world: World, ahead: int, code: str) -> None:
    body = approval(world, ahead)
    assert (
        world.refused(code, "programme_approve", body, "uu registrar", "uu academic_committee*").path
        == "body.sign_by"
    )


def test_a_body_signed_by_itself_says_until_when(world: World) -> None:
    world.refused("E_SCHEMA", "programme_register", REGISTER, "uu", "uu registrar*")


# duplicates


def test_the_same_transaction_again(world: World) -> None:
    entry = world.entry("programme_register", REGISTER, "uu", expires=world.time + 3600)
    world.add(entry)
    world.refuses("E_DUPLICATE_TX", entry)
    world.at("2026-03-01", seconds=60)
    world.refuses("E_DUPLICATE_TX", entry)
    world.at("2026-03-01", seconds=3600)
    world.refuses("E_TX_EXPIRED", entry)


def test_other_signatures_make_no_other_transaction(world: World) -> None:
    entry = world.entry("programme_register", REGISTER, "uu", "uu registrar")
    rows = codec.decode(entry, Record).signatures
    mine = next(row for row in rows if row[0] == key_of("uu").key_id)
    world.add(entry)
    world.refuses("E_DUPLICATE_TX", resigned(entry, signatures=(mine,)))


def test_a_body_counts_once(world: World) -> None:
    body = approval(world, 3600)
    world.do("programme_approve", body, "uu registrar", "uu academic_committee*")
    world.refused("E_DUPLICATE", "programme_approve", body, "uu registrar", "uu academic_committee*")
    world.at("2026-03-01", seconds=3600)
    assert world.get(BODY_USES, prepared_hash(world, body)).until == body.sign_by


def test_a_body_counts_once_whatever_its_kind_would_say(world: World) -> None:
    world.register(terms())
    intake = CourseOffering(
        programme="uu-ds", term_start="2026-03-02", term_end="2026-03-25", entrants=5, sign_by=world.time + 60
    )
    world.do("course_offering", intake, "uu", "uu registrar*")
    assert world.refused("E_DUPLICATE", "course_offering", intake, "uu", "uu registrar*").path == "body"
    world.do("course_offering", intake, "uu registrar")


def test_a_body_is_forgotten_when_it_cannot_count_any_more(world: World) -> None:
    body = approval(world, 3600)
    world.do("programme_approve", body, "uu registrar", "uu academic_committee*")
    known = prepared_hash(world, body)
    world.at("2026-03-01", seconds=7200)
    assert world.get(BODY_USES, known) is None
    world.refused("E_SIGN_BY_PASSED", "programme_approve", body, "uu registrar", "uu academic_committee*")


def prepared_hash(world: World, body: ProgrammeApprove) -> bytes:
    return world.prepared(
        "programme_approve", body, "uu registrar", "uu academic_committee*"
    ).record.body_hash


# weight


def long_list(entries: int, version: int = 1) -> ListDefine:
    rows = tuple(ListEntry(code=f"{place:04}") for place in range(entries))
    return ListDefine(terms=ListTerms(list_id="long", version=version, owner="CN", entries=rows))


def test_weight_of_a_record(world: World) -> None:
    tight = Parameters(version=2, record_weight_max=2000, block_weight_max=20_000)
    world.do("policy_set", PolicySet(parameters=tight), *TWO_THIRDS)
    world.at("2026-03-02")
    world.refused("E_WEIGHT", "list_define", long_list(1983), "moe-cn governance")
    world.do("list_define", long_list(1982), "moe-cn governance")


def test_weight_of_a_block(world: World) -> None:
    tight = Parameters(version=2, record_weight_max=2000, block_weight_max=20_000)
    world.do("policy_set", PolicySet(parameters=tight), *TWO_THIRDS)
    world.at("2026-03-02")
    for version in range(1, 11):
        world.do("list_define", long_list(1982, version), "moe-cn governance")
    assert world.execution.weight == 20_000
    assert world.refused("E_WEIGHT", "programme_register", REGISTER, "uu").path == "block"
    world.at("2026-03-03")
    world.do("programme_register", REGISTER, "uu")


# signatures


def test_signatures_by_nobody_known_or_not_for_this(world: World) -> None:
    world.refused("E_SIG_INVALID", "programme_register", REGISTER, "uu", "nobody")
    world.refused("E_SIG_INVALID", "programme_register", REGISTER, "uu", "uu node vote")
    entry = world.entry("programme_register", REGISTER, "uu")
    key, scope, signature = codec.decode(entry, Record).signatures[0]
    for row in (
        (key, scope, bytes(64)),
        (key, scope, signature[:-1] + b"\x00"),
        (key_of("um").key_id, scope, signature),
    ):
        assert world.refuses("E_SIG_INVALID", resigned(entry, signatures=(row,))).path == "signatures[0]"


def test_a_signature_has_one_scope(world: World) -> None:
    body = approval(world, 3600)
    entry = world.entry("programme_approve", body, "uu registrar", "uu academic_committee*")
    rows = codec.decode(entry, Record).signatures
    swapped = tuple((key, "tx" if scope == "body" else "body", signature) for key, scope, signature in rows)
    world.refuses("E_SIG_INVALID", resigned(entry, signatures=tuple(sorted(swapped))))


def test_a_signature_is_for_one_transaction(world: World) -> None:
    entry, other = (world.entry("programme_register", REGISTER, "uu") for _ in range(2))
    stolen = codec.decode(other, Record).signatures
    world.refuses("E_SIG_INVALID", resigned(entry, signatures=stolen))


def test_the_author_signs_the_transaction(world: World) -> None:
    detail = "um (author, scope tx)"
    world.refused("E_SIG_MISSING", "programme_register", REGISTER, "uu", author="um", detail=detail)
    world.refused("E_SIG_MISSING", "programme_register", REGISTER, "uu", author="nobody")
    world.do("programme_register", REGISTER, "uu", "um registrar", author="um")


def test_the_author_may_not_be_swapped(world: World) -> None:
    entry = world.entry("programme_register", REGISTER, "uu", "um")
    tx = codec.decode(bytes(codec.decode(entry, Record).tx), Transaction)
    swapped = codec.encode(msgspec.structs.replace(tx, author="um"))
    world.refuses("E_SIG_INVALID", resigned(entry, tx=msgspec.Raw(swapped)))


def test_suspended_parties_do_not_sign(world: World) -> None:
    uu = world.get(PARTIES, "uu")
    world.execution._view.put(PARTIES, msgspec.structs.replace(uu, status="suspended"), "uu")
    world.refused("E_PARTY_STATUS", "programme_register", REGISTER, "uu")


def test_signatures_are_known_ahead_of_execution(world: World) -> None:
    prepared = prepare(world.entry("programme_register", REGISTER, "uu", "nobody", "um registrar"))
    jobs = signature_jobs(prepared, world.execution._view)
    assert {public for public, _, _ in jobs} == {key_of("uu").public, as_key("um registrar").public}
    assert all(verifies(*job) for job in jobs)


# order


def test_the_first_failure_is_the_answer(world: World) -> None:
    """A record wrong in every way, mended one at a time."""
    tight = Parameters(version=2, record_weight_max=2000, block_weight_max=20_000)
    world.do("policy_set", PolicySet(parameters=tight), *TWO_THIRDS)
    world.at("2026-03-02")
    world.do("list_define", long_list(1), "moe-cn governance")
    unsorted = ListTerms(list_id="long", version=1, owner="CN", entries=long_list(2000).terms.entries[::-1])
    heavy, light, wrong = ListDefine(terms=unsorted), long_list(1), "bjou registrar"
    world.refused("E_VALUE", "list_define", heavy, wrong, expires=1)
    world.refused("E_TX_EXPIRED", "list_define", long_list(2000), wrong, expires=1)
    world.refused("E_WEIGHT", "list_define", long_list(2000), wrong, "nobody")
    world.refused("E_SIG_INVALID", "list_define", light, wrong, "nobody")
    world.refused("E_SIG_MISSING", "list_define", light, wrong)
    world.refused("E_VERSION", "list_define", light, "moe-cn governance")
    world.do("list_define", long_list(1, 2), "moe-cn governance")


def test_role_before_ids_used_before(world: World) -> None:
    world.register(terms())
    world.refused("E_ROLE", "programme_register", ProgrammeRegister(terms=terms(issuer="nvao")), "nvao")
    world.refused("E_SIG_MISSING", "programme_submit", ProgrammeStep(programme=("uu-ds", 1)), "um")


# the registry


def test_every_kind_says_what_it_is() -> None:
    for name, kind in kinds().items():
        assert kind.name == name
        assert re.fullmatch(r"T\d\da?", kind.row), name
        assert kind.as_transaction or kind.in_genesis, name


def test_genesis_holds_what_domain_md_says() -> None:
    rows = {kind.row for kind in kinds().values() if kind.in_genesis}
    assert rows == {"T01", "T04", "T05", "T06", "T09", "T38", "T39", "T40", "T42", "T43"}


def test_codes_are_those_of_domain_md() -> None:
    domain = ROOT.parent / "shared" / "DOMAIN.md"
    if not domain.exists():
        pytest.skip("DOMAIN.md is not here")
    listed = set(re.findall(r"\b[EW]_[A-Z_]+", domain.read_text().split("### 2.9")[1].split("### 2.10")[0]))
    sources = (ROOT / "ledger" / "accord_ledger").rglob("*.py")
    used = {code for source in sources for code in re.findall(r'"([EW]_[A-Z_]+)"', source.read_text())}
    # cycle_policy = warn (2.7) needs a warning that 2.9 does not name.
    assert used - listed <= {"W_CYCLE_INFLATION"}
    assert {code for kind in kinds().values() for code in kind.errors} <= listed
