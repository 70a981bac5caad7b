"""Uses of credentials that spend nothing, on top of the exchange: evidence, admission, benefits.

world.do(*admit(world, "a", [batch[0]], "4/1"))       T29 at um, account ``n8``, agreement ``a6``
world.do("benefit_rule", benefit(), "kettle")         T32
world.do(*claim(batch))                               T33
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.admission import AdmissionBody
from accord_ledger.domain.kinds.benefit import BenefitClaimBody, BenefitRuleBody
from accord_ledger.domain.rules import Admission, Evidence
from domain_alliance import uid
from exchange_world import Exchange, IssuedBatch, holder_key


def shown(**changes: Any) -> Evidence:
    """The rule ``shown``, from Dutch to Chinese credits."""
    values: dict[str, Any] = {"rule_id": "shown", "source": ("nl-ects", 1), "target": ("cn-mc", 1)}
    return Evidence(**values | changes)


def admission(framework: str = "mqf", target: str = "", **changes: Any) -> Admission:
    """The rule ``enter``: half of the award, in decoupled items."""
    values: dict[str, Any] = {"rule_id": "enter", "share": "1/2", "countable": ("decoupled",)}
    values |= {"source": (framework, 1), "target": (target or framework, 1)}
    return Admission(**values | changes)


def admit(world: Exchange, name: str, items: list[Item], claimed: str, **changes: Any) -> tuple[Any, ...]:
    """T29 with everything signed: arguments of ``do`` and, after the code, ``refused``."""
    signers = changes.pop("signers", ("um registrar",))
    keys = {key.key_id: key for item in items for key in (holder_key(item.batch_id, item.index),)}
    values: dict[str, Any] = {
        "admission": uid(name), "enrolment": uid("n8"), "agreement": ("a6", 1), "rule": "enter",
        "items": tuple(items), "claimed_credits": claimed, "consent": sha256(name.encode()).digest(),
    }  # fmt: skip
    return "admission_attest", AdmissionBody(**values | changes), *signers, *keys.values()


def admit_from_uu(
    world: Exchange, name: str, items: list[Item], claimed: str, **more: Any
) -> tuple[Any, ...]:
    """T29 at bcb by ``a1``."""
    where: dict[str, Any] = {"enrolment": uid("n1"), "agreement": ("a1", 1), "signers": ("bcb registrar",)}
    return admit(world, name, items, claimed, **where | more)


def benefit(name: str = "w1", **changes: Any) -> BenefitRuleBody:
    """T32: kettle pays 600 USD for ``uu-ds``."""
    values: dict[str, Any] = {
        "rule": uid(name), "programmes": ("uu-ds",), "kind": "wage", "amount_minor": 60000,
        "currency": "USD", "list_id": "wage-usd",
    }  # fmt: skip
    return BenefitRuleBody(**values | changes)


def claim(batch: IssuedBatch, index: int = 0, by: str = "kettle", **changes: Any) -> tuple[Any, ...]:
    """T33 with everything signed."""
    consent = sha256(f"{by} {index}".encode()).digest()
    values: dict[str, Any] = {"rule": uid("w1"), "item": batch[index], "consent": consent}
    return "benefit_claim", BenefitClaimBody(**values | changes), by, holder_key(batch.batch_id, index)
