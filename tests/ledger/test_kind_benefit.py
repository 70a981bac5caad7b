"""T32 benefit_rule and T33 benefit_claim: pay for a credential, once per employer body (rows C10, M8; step 20)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.credentials import put_credential
from accord_ledger.domain.kinds.profile import ListDefine
from accord_ledger.domain.model.account import CONSENTS
from accord_ledger.domain.model.credential import CREDENTIALS, Credential
from accord_ledger.domain.model.framework import ListEntry, ListTerms
from accord_ledger.domain.model.party import KEYS
from accord_ledger.domain.model.use import BENEFIT_CLAIMS, BENEFIT_RULES
from domain_alliance import TWO_THIRDS, key_of, uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, exchange
from use_world import benefit, claim

RULE = "benefit_rule"
CONSENT = b"\x07" * 32


def paid(**changes: Any) -> tuple[Exchange, IssuedBatch]:
    """A batch of uu's and kettle's rule ``w1``."""
    world, batch = exchange(**changes)
    world.do(RULE, benefit(), "kettle")
    return world, batch


def test_c10_claimed_once_and_still_redeemable() -> None:
    world, batch = paid()
    before = world.execution.weight
    act = claim(batch)
    receipt = world.do(*act)
    assert world.execution.weight - before == 20 + 24
    assert receipt.result == {"amount_minor": "60000", "currency": "USD"}
    kept = world.get(BENEFIT_CLAIMS, batch.batch_id, 0, "kettle")
    assert (kept.rule, kept.tx_id, kept.at) == (uid("w1"), receipt.tx_id, world.time)
    assert world.get(CREDENTIALS, batch.batch_id, 0) is None
    world.refused("E_BENEFIT_CLAIMED", *claim(batch, consent=CONSENT))
    world.do(*claim(batch, 1))
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_c10_another_rule_of_the_same_employer_is_no_second_claim() -> None:
    world, batch = paid()
    world.do(RULE, benefit("w2", amount_minor=20000), "kettle")
    world.do(*claim(batch))
    world.refused("E_BENEFIT_CLAIMED", *claim(batch, rule=uid("w2"), consent=CONSENT))


def test_m8_once_per_scheme_and_listed_courses_only() -> None:
    world, batch = paid()
    world.do(RULE, benefit("levy", kind="levy_claim", amount_minor=20000), "cn-emp")
    world.do(*claim(batch))
    world.do(*claim(batch, by="cn-emp", rule=uid("levy")))
    world.refused("E_BENEFIT_CLAIMED", *claim(batch, by="cn-emp", rule=uid("levy"), consent=CONSENT))
    other = world.offer(terms("uu-other"), end="2026-04-05")
    unlisted = world.issue(other)
    world.refused("E_BENEFIT_SCOPE", *claim(unlisted))


def test_t33_spent_and_stacked_credentials_are_paid_for_too() -> None:
    world, batch = paid()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    put_credential(world.context(), batch.batch_id, 1, Credential(stacked_into=uid("award batch")))
    world.do(*claim(batch, 0))
    world.do(*claim(batch, 1))


def test_t33_employer_and_holder_sign() -> None:
    world, batch = paid()
    kind, body, _, holder = claim(batch)
    world.refused("E_SIG_MISSING", kind, body, "cn-emp", holder, detail="kettle")
    world.refused("E_HOLDER_SIG", kind, body, "kettle")
    world.set_party("kettle", "suspended")
    world.refused("E_PARTY_STATUS", kind, body, "kettle", holder)


def test_t33_the_order_of_checks() -> None:
    world, batch = paid()
    world.refused("E_UNKNOWN_REF", *claim(batch, rule=uid("w9"), item=replace(batch[0], index=1)))
    unknown = replace(batch[0], batch_id=uid("nothing"))
    world.refused("E_UNKNOWN_REF", *claim(batch, item=unknown))
    world.refused("E_PROOF", *claim(batch, item=replace(batch[0], index=1), consent=None))
    world.do(*claim(batch))
    world.refused("E_CONSENT_MISSING", *claim(batch, consent=None))
    used = claim(batch)[1].consent
    world.refused("E_DUPLICATE", *claim(batch, 1, consent=used))


def test_t33_consent_across_the_border_only() -> None:
    world, batch = paid()
    world.refused("E_CONSENT_MISSING", *claim(batch, consent=None))
    world.do(*claim(batch, consent=CONSENT))
    assert world.get(CONSENTS, CONSENT).by == uid("w1")
    at_home = world.offer(
        terms("suny-hi", "suny", framework=("us-sch", 1), total_hours="135/1", level=None), end="2026-04-05"
    )
    issued = world.issue(at_home)
    world.do(RULE, benefit("w3", programmes=("suny-hi",)), "kettle")
    world.do(*claim(issued, rule=uid("w3"), consent=None))


@pytest.mark.parametrize(
    ("action", "code"),
    [("suspend", "E_SUSPENDED"), ("revoke", "E_REVOKED"), ("erase", "E_ERASED"), ("steal", "E_UNCONFIRMED")],
)
def test_t33_status_of_the_credential(action: str, code: str) -> None:
    world, batch = paid()
    if action == "erase":
        put_credential(world.context(), batch.batch_id, 0, Credential(erased_at=world.time))
    elif action == "steal":
        key = key_of("uu", "issuance").key_id
        stolen = replace(world.get(KEYS, key), compromised_since=0, revoked_at=world.time)
        world.view.put(KEYS, stolen, key)
    else:
        effect = "review" if action == "revoke" else None
        world.do("credential_status", world.status(batch, action, (0, 1), effect=effect), "uu registrar")
    world.refused(code, *claim(batch))


def test_t33_expired() -> None:
    world, _ = paid()
    short = world.issue(world.terms_of("uu-ds"), 12, "short", valid_until="2026-04-10")
    world.at("2026-04-11")
    world.refused("E_CREDENTIAL_EXPIRED", *claim(short))


def test_t32_the_rule() -> None:
    world = Exchange()
    world.launch(terms())
    before = world.execution.weight
    world.do(RULE, benefit(), "kettle")
    assert world.execution.weight - before == 10 + 8 + 1
    kept = world.get(BENEFIT_RULES, uid("w1"))
    assert (kept.owner, kept.kind, kept.amount_minor, kept.currency) == ("kettle", "wage", 60000, "USD")
    assert kept.range_list == ("wage-usd", 1)
    world.refused("E_DUPLICATE", RULE, benefit(), "kettle")
    world.refused("E_ROLE", RULE, benefit("w2"), "uu")
    world.refused("E_VALUE", RULE, benefit("w2", programmes=("uu-ds", "uu-ds")), "kettle")
    world.refused("E_UNKNOWN_REF", RULE, benefit("w2", programmes=("nothing",), amount_minor=1), "kettle")


@pytest.mark.parametrize(
    ("amount", "good"), [(19999, False), (20000, True), (60000, True), (60001, False), (70000, False)]
)
def test_c10_amounts_inside_the_list(amount: int, good: bool) -> None:
    world = Exchange()
    world.launch(terms())
    if good:
        world.do(RULE, benefit(amount_minor=amount), "kettle")
    else:
        world.refused("E_RANGE", RULE, benefit(amount_minor=amount), "kettle")


def test_t32_lists_of_the_alliance_with_a_range() -> None:
    world = Exchange()
    world.launch(terms())
    world.refused("E_RANGE", RULE, benefit(currency="MYR"), "kettle")
    for list_id in ("nothing", "skill-areas-my"):
        world.refused("E_UNKNOWN_REF", RULE, benefit(list_id=list_id), "kettle")
    for version, values in enumerate([(), ("1",), ("1", "x"), ("1", "70000", "3"), ("01", "70000")], start=2):
        entries = (ListEntry(code="USD", values=values),)
        newer = ListTerms(list_id="wage-usd", version=version, owner="alliance", entries=entries)
        world.do("list_define", ListDefine(terms=newer), *TWO_THIRDS)
        world.refused("E_RANGE", RULE, benefit(), "kettle")


def test_t32_the_newest_version_of_the_list_counts() -> None:
    world = Exchange()
    world.launch(terms())
    world.do(RULE, benefit(), "kettle")
    entries = (ListEntry(code="USD", values=("20000", "50000")),)
    newer = ListTerms(list_id="wage-usd", version=2, owner="alliance", entries=entries)
    world.do("list_define", ListDefine(terms=newer), *TWO_THIRDS)
    world.refused("E_RANGE", RULE, benefit("w2"), "kettle")
    world.do(RULE, benefit("w2", amount_minor=50000), "kettle")
    assert world.get(BENEFIT_RULES, uid("w1")).amount_minor == 60000
