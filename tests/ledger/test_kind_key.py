"""T03 key_rotate and key_revoke."""

from __future__ import annotations

import pytest

from accord_ledger.domain.kinds import key
from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.domain.kinds.key import KeyRevoke, KeyRotate
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.party import KEYS, PARTIES
from accord_ledger.fields import Purpose
from accord_ledger.keys import SigningKey
from domain_alliance import GENESIS_TIME, TWO_THIRDS, key_of, new_key
from domain_world import NETWORK, World, terms

FRESH = SigningKey.from_seed(b"\x01" * 32)


@pytest.fixture
def world() -> World:
    return World()


def rotate(
    *purposes: Purpose, replaces: SigningKey | None = None, party: str = "uu", new: SigningKey = FRESH
) -> KeyRotate:
    made = new_key(new, party, *purposes, network=NETWORK)
    return KeyRotate(party=party, replaces=replaces.key_id if replaces else None, key=made)


def revoke(lost: SigningKey, since: int | None = None) -> KeyRevoke:
    return KeyRevoke(key_id=lost.key_id, compromised_since=since)


def test_t03_the_old_key_hands_over(world: World) -> None:
    old = key_of("uu")
    world.do("key_rotate", rotate("institution", replaces=old), "uu")
    assert FRESH.key_id in world.get(PARTIES, "uu").keys
    assert old.key_id not in world.get(PARTIES, "uu").keys
    assert world.get(KEYS, old.key_id).valid_to == GENESIS_TIME
    register = ProgrammeRegister(terms=terms())
    world.refused("E_KEY_REVOKED", "programme_register", register, "uu")
    world.do("programme_register", register, FRESH, author="uu")


def test_t03_two_other_keys_or_the_authority(world: World) -> None:
    body = rotate("institution", replaces=key_of("uu"))
    world.refused("E_SIG_MISSING", "key_rotate", body, "uu registrar")
    world.refused("E_SIG_MISSING", "key_rotate", body, "uu registrar", "suny registrar")
    world.do("key_rotate", body, "uu registrar", "uu quality")
    other = rotate("institution", replaces=key_of("um"), party="um", new=SigningKey.from_seed(b"\x02" * 32))
    world.do("key_rotate", other, *TWO_THIRDS)


def test_t03_no_key_gives_itself_more(world: World) -> None:
    body = rotate("governance", "institution", replaces=key_of("uu"))
    world.refused("E_SIG_MISSING", "key_rotate", body, "uu", "uu governance", "uu registrar")
    world.do("key_rotate", body, *TWO_THIRDS)


def test_t03_one_key_more_is_for_the_authority(world: World) -> None:
    world.refused("E_SIG_MISSING", "key_rotate", rotate("status"), "uu", "uu registrar")
    world.do("key_rotate", rotate("status"), *TWO_THIRDS)
    assert len(world.get(PARTIES, "uu").keys) == 8


def test_t03_rotate_errors(world: World) -> None:
    mine = key_of("uu")
    world.refused("E_KEY_REUSE", "key_rotate", rotate("institution", replaces=mine, new=key_of("um")), "uu")
    no_proof = KeyRotate(party="uu", replaces=mine.key_id, key=new_key(FRESH, "uu", "institution"))
    world.refused("E_KEY_INVALID", "key_rotate", no_proof, "uu")
    world.refused("E_UNKNOWN_REF", "key_rotate", rotate("institution", replaces=FRESH), "uu")
    world.refused("E_UNKNOWN_REF", "key_rotate", rotate("institution", party="nobody"), "uu")
    theirs = rotate("institution", replaces=key_of("um"))
    world.refused("E_UNKNOWN_REF", "key_rotate", theirs, *TWO_THIRDS)
    node = rotate("institution", replaces=key_of("uu", "node vote"))
    world.refused("E_UNKNOWN_REF", "key_rotate", node, "uu")


def test_t03_values_of_the_new_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = new_key(FRESH, "uu", "institution", network=NETWORK, valid_from=9, valid_to=9)
    body = KeyRotate(party="uu", replaces=key_of("uu").key_id, key=ended)
    world.refused("E_VALUE", "key_rotate", body, "uu")
    monkeypatch.setattr(key, "MAX_LIVE_KEYS", 7)
    world.refused("E_VALUE", "key_rotate", rotate("status"), *TWO_THIRDS)


def test_t03_a_revoked_or_replaced_key_is_not_replaced(world: World) -> None:
    world.do("key_revoke", revoke(key_of("uu")), "uu")
    body = rotate("institution", replaces=key_of("uu"))
    world.refused("E_KEY_REVOKED", "key_rotate", body, "uu registrar", "uu quality")
    world.do("key_rotate", rotate("institution"), *TWO_THIRDS)
    world.do(
        "key_rotate",
        rotate("quality", replaces=key_of("uu", "quality"), new=SigningKey.from_seed(b"\x03" * 32)),
        "uu quality",
    )
    again = rotate("quality", replaces=key_of("uu", "quality"), new=SigningKey.from_seed(b"\x04" * 32))
    world.refused("E_KEY_REVOKED", "key_rotate", again, *TWO_THIRDS)


def test_t03_revoked_from_now_on(world: World) -> None:
    world.register(terms())
    issuance = key_of("uu", "issuance")
    world.do("key_revoke", revoke(issuance, GENESIS_TIME - 5), "uu issuance")
    record = world.get(KEYS, issuance.key_id)
    assert (record.revoked_at, record.compromised_since) == (GENESIS_TIME, GENESIS_TIME - 5)
    step = ProgrammeStep(programme=("uu-ds", 1))
    world.refused("E_KEY_REVOKED", "programme_submit", step, "uu", "uu issuance")
    world.do("programme_submit", step, "uu")


def test_t03_who_revokes(world: World) -> None:
    body = revoke(key_of("uu", "issuance"))
    world.refused("E_SIG_MISSING", "key_revoke", body, "uu")
    world.refused("E_SIG_MISSING", "key_revoke", body, "um", "um registrar")
    world.do("key_revoke", body, "uu", "uu registrar")


def test_t03_the_authority_revokes(world: World) -> None:
    body = revoke(key_of("bjou", "issuance"))
    world.do("key_revoke", body, "moe-cn governance")
    world.refused("E_KEY_REVOKED", "key_revoke", body, "moe-cn governance")


def test_t03_a_compromise_only_moves_back(world: World) -> None:
    lost = key_of("bjou", "issuance")
    world.refused("E_RANGE", "key_revoke", revoke(lost, GENESIS_TIME + 1), "bjou issuance")
    world.do("key_revoke", revoke(lost), "bjou issuance")
    world.do("key_revoke", revoke(lost, 1000), "moe-cn governance")
    world.refused("E_KEY_REVOKED", "key_revoke", revoke(lost, 1000), "moe-cn governance")
    world.do("key_revoke", revoke(lost, 999), "moe-cn governance")
    assert world.get(KEYS, lost.key_id).compromised_since == 999
    assert world.get(KEYS, lost.key_id).revoked_at == GENESIS_TIME
    assert world.get(KEYS, lost.key_id).compromise_known_at == GENESIS_TIME
    world.do("key_revoke", revoke(key_of("bjou", "endorse"), GENESIS_TIME), "moe-cn governance")


def test_t03_unknown_and_node_keys(world: World) -> None:
    world.refused("E_UNKNOWN_REF", "key_revoke", revoke(FRESH), "uu")
    world.refused("E_UNKNOWN_REF", "key_revoke", revoke(key_of("uu", "node vote")), "uu", "uu registrar")
