"""T29 admission_attest: the way into an award, on credentials that stay unspent (row M5; step 15)."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from msgspec.structs import replace

from accord_ledger.domain.credentials import put_credential
from accord_ledger.domain.kinds.agreement import ProposeBody, TerminateBody
from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody
from accord_ledger.domain.model.account import CONSENTS
from accord_ledger.domain.model.agreement import Caps, Scope
from accord_ledger.domain.model.credential import CREDENTIALS, Credential
from accord_ledger.domain.model.party import KEYS, PARTIES
from accord_ledger.domain.model.programme import PROGRAMMES, Course
from accord_ledger.domain.model.use import ADMISSIONS
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.domain.rules import Admission, Rule
from domain_alliance import key_of, uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, attest, exchange, fixed
from use_world import admission, admit, admit_from_uu

MQF: Any = {"framework": ("mqf", 1)}


def malaya(
    items: int = 1, rule: Admission | None = None, overlap: str = "3/10", **award: Any
) -> tuple[Exchange, list[IssuedBatch]]:
    """um-degree of 128 with 120 countable, A6, account N8; ``items`` of 4 credits and one of 2, each cut from a course."""
    world = Exchange()
    world.at("2026-03-09")
    names = [f"m{number:02}" for number in range(1, items + 2)]
    courses = tuple(Course(code=name, credits="4/1", course_class="core") for name in names)
    values = {"courses": courses, "countable_total": "120/1", "total_hours": "5120/1"}
    degree = world.award("um", "128/1", "mqf", **values | award)
    offered = []
    for name in names:
        size, length = ("2/1", "80/1") if name == names[-1] else ("4/1", "160/1")
        cut: Any = {"form": "decoupled", "parent_course": ("um-award", name), "overlap": overlap, **MQF}
        offered.append(
            world.offer(terms(f"um-{name}", "um", credits=size, total_hours=length, **cut), end="2026-05-05")
        )
    world.enrol("n8", "um", degree)
    a6 = agreement(
        "um", "um", rule or admission(), fixed(source="mqf", target="mqf"),
        self_pairs=("um",), caps=Caps(per_award="3/10"),
    )  # fmt: skip
    world.agree("a6", a6)
    world.at("2026-05-08")
    made = [
        world.issue(one, 12, completed_from="2026-03-09", completed_to="2026-05-05", status_start=12 * place)
        for place, one in enumerate(offered)
    ]
    return world, made


def test_m5_reference_step_15() -> None:
    world, made = malaya(15)
    four, two = [batch[0] for batch in made[:15]], made[15][0]
    refused = world.refused("E_ADMISSION_SHORT", *admit(world, "a", [*four[:14], two], "58/1"), detail="2")
    assert refused.path == "body.items"
    before = world.execution.weight
    receipt = world.do(*admit(world, "a", four, "60/1"))
    assert world.execution.weight - before == 10 * 16 + 16 + 12 * 15
    assert receipt.result == {"credits": "60/1", "minimum": "60/1"}
    kept = world.get(ADMISSIONS, uid("a"))
    assert (kept.receiver, kept.credits, kept.minimum, len(kept.items)) == ("um", "60/1", "60/1", 15)
    assert all(world.get(CREDENTIALS, batch.batch_id, 0) is None for batch in made)
    assert world.account("n8").recognised == "0/1"
    use: Any = {"rule": "fixed", "signers": ("um registrar",)}
    world.do(*world.use("r1", "n8", "a6", four[:1], "4/1", **use))


def test_m5_the_minimum_is_rounded_up_to_the_quantum() -> None:
    world, made = malaya(1, admission(share="1/24"), countable_total="100/1")  # 4 1/6, so 5
    world.refused("E_ADMISSION_SHORT", *admit(world, "a", [made[0][0]], "4/1"), detail="1")
    world.do(*admit(world, "a", [made[0][0], made[1][0]], "6/1"))


def small(**changes: Any) -> tuple[Exchange, list[IssuedBatch]]:
    """One item of 4 credits is enough."""
    return malaya(1, admission(share="1/30", **changes))


def test_t29_no_other_kind_of_rule_is_for_admission() -> None:
    """What lets the kind's own check rest on the rule it is given."""
    assert [rule for rule in get_args(Rule) if rule.use == "admission"] == [Admission]


def test_t29_the_sum_comes_before_the_share() -> None:
    world, made = malaya(1)
    item = [made[0][0]]
    world.refused("E_AMOUNT", *admit(world, "a", item, "60/1"))
    world.refused("E_ADMISSION_SHORT", *admit(world, "a", item, "4/1"), detail="56")


def test_t29_spent_credentials_still_count() -> None:
    world, made = small()
    use: Any = {"rule": "fixed", "signers": ("um registrar",)}
    world.do(*world.use("r1", "n8", "a6", [made[0][0]], "4/1", **use))
    put_credential(world.context(), made[0].batch_id, 1, Credential(stacked_into=uid("award batch")))
    world.do(*admit(world, "a", [made[0][0], made[0][1]], "8/1"))


def test_t29_kinds_frameworks_and_awards_that_do_not_count() -> None:
    world, made = small(countable=("award", "standalone"))
    world.refused("E_SCOPE", *admit(world, "a", [made[0][0]], "5/1"))
    world, made = malaya(1, countable_total=None)
    world.refused("E_SCOPE", *admit(world, "a", [made[0][0]], "5/1"))
    world, batch = abroad()
    known = world.get(PROGRAMMES, "bjou-award", 1)
    counting = replace(known, terms=replace(known.terms, countable_total="1/1"))
    world.view.put(PROGRAMMES, counting, "bjou-award", 1)
    refused = world.refused("E_SCOPE", *admit_from_uu(world, "a", [batch[0]], "3/1"))
    assert refused.path == "body.items[0]"  # Dutch credits, and a Chinese award


def test_t29_signatures_and_ids() -> None:
    world, made = small(cosigners=("bcb",))
    kind, body, *signers = admit(world, "a", [made[0][0]], "4/1")
    world.refused("E_SIG_MISSING", kind, body, *signers, detail="bcb registrar")
    world.refused("E_SIG_MISSING", kind, body, "um agreements", "bcb registrar", *signers[1:])
    world.refused("E_HOLDER_SIG", kind, body, "um registrar", "bcb registrar")
    world.do(kind, body, *signers, "bcb registrar")
    assert world.get(CONSENTS, body.consent).by == uid("a")
    again = replace(body, consent=None)
    world.refused("E_DUPLICATE", kind, again, *signers, "bcb registrar")


def test_t29_stages_1_to_3() -> None:
    world, made = small()
    item = made[0][0]
    world.refused("E_BUNDLE_DUPLICATE", *admit(world, "a", [item, item], "8/1"))
    world.refused("E_NUMBER", *admit(world, "a", [item], "4"))
    false = attest([item, item])
    world.refused("E_VALUE", *admit(world, "a", [item], "4/1", attestations=false))
    world.refused("E_UNKNOWN_REF", *admit(world, "a", [item], "4/1", enrolment=uid("n1")))
    for rule in ("fixed", "other"):
        world.refused("E_NO_AGREEMENT", *admit(world, "a", [item], "4/1", rule=rule))
    admitting: Any = {"rule": "enter", "signers": ("um registrar",)}
    world.refused("E_NO_AGREEMENT", *world.use("r", "n8", "a6", [item], "4/1", **admitting))
    world.do("enrolment_close", EnrolmentCloseBody(enrolment=uid("n8")), "um registrar")
    world.refused("E_STATE", *admit(world, "a", [item], "4/1"))


def test_t29_overlap_and_attestations() -> None:
    world, made = malaya(1, admission(share="1/30", requires_grade="3/5"), overlap="9/20")
    item = made[0][0]
    world.refused("E_ATTESTATION_MISSING", *admit(world, "a", [item], "4/1"))
    graded = attest([item])
    false = (replace(graded[0], document=b"\x01" * 32),)
    world.refused("E_PROOF", *admit(world, "a", [item], "4/1", attestations=false))
    world.do(*admit(world, "a", [item], "4/1", attestations=graded))
    use: Any = {"rule": "fixed", "signers": ("um registrar",), "targets": ("m01",)}
    world.do(*world.use("r1", "n8", "a6", [made[1][0]], "2/1", **use))  # course m01 is counted now
    world.refused("E_OVERLAP", *admit(world, "b", [item], "4/1", attestations=graded))


def abroad(rule: Admission | None = None, **agreed: Any) -> tuple[Exchange, IssuedBatch]:
    """uu's batch and agreement ``a1`` to bcb with an admission rule."""
    return exchange(rules=(rule or admission("nl-ects", "cn-mc", countable=("standalone",)),), **agreed)


@pytest.mark.parametrize(
    ("agreed", "code"),
    [
        ({"scope": Scope(categories=("vocational_skill",))}, "E_CATEGORY_SCOPE"),
        ({"scope": Scope(levels=(7, 8))}, "E_LEVEL_SCOPE"),
        ({"scope": Scope(audiences=("public",))}, "E_SCOPE"),
        ({"trust_registries": ("TEQSA",)}, "E_NOT_TRUSTED_CROSS_BORDER"),
        ({"valid_from": "2026-05-01"}, "E_AGREEMENT_NOT_ACTIVE"),
    ],
)
def test_t29_scope_and_trust(agreed: dict[str, Any], code: str) -> None:
    world, batch = abroad(**agreed)
    world.refused(code, *admit_from_uu(world, "a", [batch[0]], "3/1"))


def test_t29_consent_across_the_border() -> None:
    world, batch = abroad()
    world.refused("E_CONSENT_MISSING", *admit_from_uu(world, "a", [batch[0]], "3/1", consent=None))
    used = b"\x07" * 32
    world.view.put(CONSENTS, CONSENTS.value(by=uid("r1")), used)
    world.refused("E_DUPLICATE", *admit_from_uu(world, "a", [batch[0]], "3/1", consent=used))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"track": "noncredit", "credits": "0/1"}, "E_NONCREDIT"),
        ({"title": {"nl": "Datawetenschap"}}, "E_LANG_MISSING"),
    ],
)
def test_t29_what_the_programme_must_be(changes: dict[str, Any], code: str) -> None:
    world, batch = abroad()
    known = world.get(PROGRAMMES, "uu-ds", 1)
    world.view.put(PROGRAMMES, replace(known, terms=replace(known.terms, **changes)), "uu-ds", 1)
    world.refused(code, *admit_from_uu(world, "a", [batch[0]], "0/1"))


def test_t29_endorsement_is_asked_for() -> None:
    world, batch = abroad()
    world.view.put(PARTIES, replace(world.get(PARTIES, "uu"), roles=("provider",)), "uu")
    world.refused("E_NOT_ENDORSED", *admit_from_uu(world, "a", [batch[0]], "3/1"))


def test_t29_programme_withdrawn_since() -> None:
    world, batch = abroad(on_programme_withdrawal="refuse")
    change_programme_status(world.context(), "uu-ds", "withdrawn")
    world.refused("E_PROGRAMME_WITHDRAWN", *admit_from_uu(world, "a", [batch[0]], "3/1"))


def test_t29_status_of_the_items() -> None:
    world, batch = abroad()
    act = admit_from_uu(world, "a", [batch[0]], "3/1")
    moved = (replace(batch[0], index=1),)
    world.refused("E_PROOF", act[0], replace(act[1], items=moved), *act[2:])
    issuance = key_of("uu", "issuance").key_id
    known = world.get(KEYS, issuance)
    world.view.put(KEYS, replace(known, compromised_since=0, revoked_at=world.time), issuance)
    world.refused("E_UNCONFIRMED", *act)
    world.do("credential_status", world.status(batch, "suspend", (0, 1)), "uu registrar")
    world.refused("E_SUSPENDED", *act)
    world.revoke(batch, 0, "review")
    world.refused("E_REVOKED", *act)
    put_credential(world.context(), batch.batch_id, 0, Credential(erased_at=world.time))
    world.refused("E_ERASED", *act)


def test_t29_expired_credentials_and_agreements() -> None:
    world, _ = abroad()
    short = world.issue(world.terms_of("uu-ds"), 12, "short", valid_until="2026-04-10")
    world.at("2026-04-11")
    world.refused("E_CREDENTIAL_EXPIRED", *admit_from_uu(world, "a", [short[0]], "3/1"))
    end = TerminateBody(agreement_id="a1", effective_date="2026-12-28")
    world.do("agreement_terminate", end, "uu agreements")
    world.at("2027-12-28")
    world.refused("E_AGREEMENT_ENDED", *admit_from_uu(world, "a", [short[0]], "3/1"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"share": "0/1"}, "E_VALUE"),
        ({"share": "3/2"}, "E_VALUE"),
        ({"share": "2/4"}, "E_NUMBER"),
        ({"countable": ("standalone", "decoupled")}, "E_VALUE"),
    ],
)
def test_m5_values_of_the_rule(changes: dict[str, Any], code: str) -> None:
    world = Exchange()
    proposed = agreement("um", "um", admission(**changes), self_pairs=("um",))
    world.refused(code, "agreement_propose", ProposeBody(agreement_id="a", terms=proposed), "um agreements")


def test_m5_admission_makes_no_edge() -> None:
    assert admission().multiplier() is None
