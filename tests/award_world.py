"""Awards stacked by uu, on top of :mod:`exchange_world`.

uu issues ``uu-ds`` (3 EC) and gives ``uu-cert``; um sends ``um-m`` (4 MQF, 1:1) into accounts at uu by
``in``; whoever holds ``uu-cert`` takes it to bcb by ``a1`` (28 h to 40 h) or, as often as there are
receivers, to hnrail by ``out``.

    desk = awards()
    desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    desk.world.do(*desk.decide("award", "c1", "uphold"))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accord_ledger.domain.credentials import credential_of, standing_of
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.review import ReviewBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.kinds.status import Effect
from accord_ledger.domain.model.award import AWARD_REVIEWS, AWARDS, Award, AwardReview
from accord_ledger.domain.model.credential import Credential
from accord_ledger.domain.model.parameters import PARAMETERS, ParameterHead, Parameters
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.execute import Receipt
from domain_alliance import uid
from domain_world import SignerName, World, terms
from exchange_world import Exchange, IssuedBatch, agreement, exchange, fixed, holder_key

CONFERRING = ("uu registrar", "uu academic_committee")


def award_batch(name: str) -> IssuedBatch:
    """The batch of one of an award."""
    return IssuedBatch.make(f"award {name}", 1)


@dataclass
class Desk:
    """The world, and what uu and um have issued."""

    world: Exchange
    own: IssuedBatch
    foreign: IssuedBatch
    award: ProgrammeTerms
    position: int = 0

    def stack_body(self, name: str, *items: Item, enrolment: str = "e1", **changes: Any) -> StackBody:
        """T30 on a fresh position of uu's list ``awards``."""
        batch = award_batch(name)
        self.position += 1
        values: dict[str, Any] = {
            "enrolment": uid(enrolment),
            "components": items,
            "batch_id": batch.batch_id,
            "merkle_root": batch.root,
            "status_list": "awards",
            "status_start": self.position,
        }
        return StackBody(**values | changes)

    def stack(self, name: str, *items: Item, **changes: Any) -> tuple[Any, ...]:
        """T30 with everything signed: arguments of ``do`` and, after the code, ``refused``."""
        signers: Sequence[SignerName] = changes.pop("signers", CONFERRING)
        holders = changes.pop("holders", holders_of(items))
        return "stack_award", self.stack_body(name, *items, **changes), *signers, *holders

    def decide(
        self,
        subject: Literal["recognition", "award"],
        name: str,
        decision: Literal["uphold", "reverse", "restack", "revoke"],
        *items: Item,
        signers: Sequence[SignerName] = (),
    ) -> tuple[Any, ...]:
        """T31 with everything signed."""
        review = award_batch(name).batch_id if subject == "award" else uid(name)
        body = ReviewBody(subject=subject, review=review, decision=decision, components=items)
        usual = CONFERRING if decision == "restack" else CONFERRING[:1]
        return "review_decide", body, *(signers or usual), *holders_of(items)

    def take_in(self, name: str, *items: Item, enrolment: str = "e1", claimed: str = "") -> Receipt:
        """T27 of um's credentials, 4 EC each, at uu."""
        amount = claimed or f"{4 * len(items)}/1"
        use = self.world.use(name, enrolment, "in", items, amount, rule="fixed", signers=("uu registrar",))
        return self.world.do(*use)

    def take_out(self, name: str, award: str, claimed: str) -> tuple[Any, ...]:
        """T27 of an award at bcb."""
        return self.world.use(name, "n1", "a1", [award_batch(award)[0]], claimed)

    def revoke(self, batch: IssuedBatch, index: int, effect: Effect) -> Receipt:
        """T17 with both keys of the issuer."""
        body = self.world.status(batch, "revoke", (index, index + 1), effect=effect)
        if batch is self.foreign:
            # um has no quality key in this alliance: the authority acts once it is withdrawn
            self.world.set_party("um", "withdrawn")
            try:
                return self.world.do("credential_status", body, *(f"{one} governance" for one in VALIDATORS))
            finally:
                self.world.set_party("um", "active")
        return self.world.do("credential_status", body, "uu registrar", "uu quality")

    def kept(self, name: str) -> Award:
        """An award as it stands."""
        found: Award = self.world.get(AWARDS, award_batch(name).batch_id)
        return found

    def review(self, name: str) -> AwardReview:
        """The newest review of an award."""
        found: AwardReview = self.world.get(AWARD_REVIEWS, award_batch(name).batch_id)
        return found

    def status(self, name: str) -> tuple[str, str | None]:
        """Status of an award's credential, and with which effect it was revoked."""
        standing = standing_of(self.world.view, award_batch(name).batch_id, 0)
        return standing.status, standing.effect

    def row(self, batch: IssuedBatch, index: int) -> Credential:
        """Uses of a credential."""
        return credential_of(self.world.view, batch.batch_id, index)


VALIDATORS = ("bcb", "hnrail", "suny", "uom")


def holders_of(items: Sequence[Item]) -> tuple[SignerName, ...]:
    """Keys of the holders of items."""
    return tuple(holder_key(item.batch_id, item.index) for item in items)


def slow(world: World) -> None:
    """From the next block on, one due effect a block."""
    parameters = Parameters(max_due_per_block=1)
    world.execution._view.put(PARAMETERS, ParameterHead(newest=parameters, since=0))


def awards(total: str = "6/1", *, enrolments: Sequence[str] = ("e1",), **changes: Any) -> Desk:
    """uu's 12 of ``uu-ds``, um's 12 of ``um-m``, ``uu-cert`` and open accounts for it at uu; 2026-04-05."""
    world, own = exchange()
    hours = f"{28 * int(total.removesuffix('/1'))}/1"
    values: dict[str, Any] = {"form": "award", "total_hours": hours, "credits": total}
    award = world.launch(terms("uu-cert", "uu", **values | changes))
    for name in enrolments:
        world.enrol(name, "uu", award)
    sent = {"framework": ("mqf", 1), "credits": "4/1", "total_hours": "160/1", "profile": ("mqa", 1)}
    module = world.offer(terms("um-m", "um", **sent), end="2026-04-05")
    dates = {"completed_from": "2026-04-05", "completed_to": "2026-04-05"}
    foreign = world.issue(module, 12, **dates)
    later = {"sign_by": world.time + 60}
    world.agree("in", agreement("um", "uu", fixed(source="mqf", target="nl-ects"), **later))
    return Desk(world, own, foreign, award)
