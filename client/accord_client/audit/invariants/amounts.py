"""I3, and what one credential is worth: amounts worked out again from terms and programmes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.account import Recognition
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.domain.rule_lookup import find_rule
from accord_ledger.state import View


def credits_of_batch(rows: Rows, batch_id: bytes) -> Fraction | None:
    """Source credits of one credential of a batch; None if nobody knows the batch.

    The programme version's; of a conferred award what its own components say (DOMAIN.md 0.3, 0.6).
    """
    award = rows.get(AWARDS, batch_id)
    if award is not None:
        return Fraction(award.redeemable)
    batch = rows.get(BATCHES, batch_id)
    programme = rows.get(PROGRAMMES, *batch.programme) if batch is not None else None
    return Fraction(programme.terms.credits) if programme is not None else None


def check_rounding(rows: Rows, name: bytes, one: Recognition) -> Iterator[Finding]:
    """I3: a recognition is its exact amount, rounded down once to the quantum of the target framework."""
    where = f"of recognition {name.hex()}"
    rule = find_rule(View(rows.state), rows.get(AGREEMENT_TERMS, *one.agreement), one.rule)
    target = rows.get(FRAMEWORKS, *rule.target) if rule is not None else None
    if rule is None or target is None:
        yield rows.broken("I3", f"the rule {where}", f"{one.agreement[0]} without {one.rule}")
        return
    exact, awarded = Fraction(one.exact), Fraction(one.awarded)
    quantum, ratio = Fraction(target.terms.quantum), rule.multiplier()
    worth = [credits_of_batch(rows, item.batch_id) for item in one.items]
    for item, each in zip(one.items, worth, strict=True):
        if each != Fraction(item.credits):
            yield rows.broken("I3", f"{each} credits of batch {item.batch_id.hex()} {where}", item.credits)
    if ratio is not None:
        source = sum((each for each in worth if each is not None), Fraction(0))
        if exact != source * ratio:
            yield rows.broken("I3", f"exactly {source * ratio} {where}", one.exact)
    if awarded > exact or (awarded / quantum).denominator != 1 or exact - awarded >= quantum:
        yield rows.broken("I3", f"{exact} {where} rounded down to a multiple of {quantum}", one.awarded)
    if Fraction(one.dropped) != exact - awarded:
        yield rows.broken("I3", f"{exact - awarded} dropped {where}", one.dropped)
