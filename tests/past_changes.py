"""A history of what the reference scenario lacks, kept as :mod:`past_world` keeps that one."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from accord_ledger.domain.kinds.accreditation import AccreditationWithdraw
from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.profile import ListDefine
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.refusal import RefuseBody
from accord_ledger.domain.kinds.translation import TitleTranslation
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.model.framework import ListEntry, ListTerms
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.replacement import Replacement
from accord_ledger.execute import Executed
from agreement_world import amend, define, join, leave
from award_world import Desk, award_batch, awards
from domain_alliance import TWO_THIRDS, key_of, uid
from domain_world import NETWORK
from exchange_world import Exchange, IssuedBatch, fixed
from past_world import Asked, PastLedger


class PastExchange(Exchange):
    """A world whose closed blocks go into a database."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.past = PastLedger(path, NETWORK, self.values, asked_of_changes())

    def close(self) -> Executed:
        """See :class:`domain_world.World`."""
        done = super().close()
        self.past.keep(done)
        return done


def asked_of_changes() -> list[Asked]:
    """What the changes are about."""
    own, foreign = (IssuedBatch.make(name, 12).batch_id.hex() for name in ("uu-ds", "um-m"))
    cover = {"programme": "uu-ds", "receiver": "bcb", "enrolment": uid("n1").hex()}
    credentials = [*((own, index) for index in range(6)), (foreign, 0), (award_batch("c1").batch_id.hex(), 0)]
    return [
        ("covering", cover), ("covering", {"programme": "um-m", "receiver": "uu"}), ("coverage", {}),
        *(("account", {"enrolment": uid(name).hex()}) for name in ("n1", "e1")),
        *(
            (name, {"batch": batch, "index": index})
            for name in ("credential", "usage", "erasure") for batch, index in credentials
        ),
        ("agreement", {"agreement": "a1"}), ("rounding", {}), ("refusals", {}), ("ending", {"days": 3660}),
        ("reviews", {}), ("targets", {}), ("occupations", {}), ("statuses", {}), ("accredited", {}),
        ("trusted-issuers", {}), ("catalogue", {}), ("regions", {"role": "university"}), ("freshness", {}),
        ("key-acts", {"key": key_of("uu", "issuance").key_id.hex()}),
    ]  # fmt: skip


def changed_world(path: Path) -> PastExchange:
    """The history, from 2026-03-02 to 2028-01-01."""
    with patch("exchange_world.Exchange", lambda: PastExchange(path)):
        desk = awards()
    world = desk.world
    assert isinstance(world, PastExchange)
    _use(desk)
    _govern(world)
    _agree(world)
    _judge(desk)
    return world


def _list(world: Exchange, list_id: str, version: int, **entries: str) -> None:
    rows = tuple(
        ListEntry(code=code.replace("_", "."), values=(value,)) for code, value in sorted(entries.items())
    )
    terms = ListTerms(list_id=list_id, version=version, owner="alliance", entries=rows)
    world.do("list_define", ListDefine(terms=terms), *TWO_THIRDS)


def _use(desk: Desk) -> None:
    """Recognised, refused, translated, reversed, replaced, stacked."""
    world, own = desk.world, desk.own
    world.do(*world.use("r1", "n1", "a1", [own[0]], "2/1"))
    world.do(*world.use("r2", "n1", "a1", [own[1], own[2]], "4/1"))
    refused = RefuseBody(agreement=("a1", 1), rule="hours", reason="content")
    for number in range(1, 13):
        world.do("recognise_refuse", refused, "bcb registrar")
        if number % 6 == 0:
            world.at("2026-04-05", seconds=number)
    for text in ("数据科学", "专业数据科学"):
        body = TitleTranslation(programme=("uu-ds", 1), language="zh", text=text)
        world.do("title_translation", body, "bcb")
        world.at("2026-04-06")
    world.reverse("r2", "bcb registrar")
    world.at("2026-04-06")  # two blocks of one time
    desk.take_in("r3", desk.foreign[0])
    world.do(*desk.stack("c1", own[3], own[4]))
    world.at("2026-04-07")
    replaces = Replacement(batch_id=own.batch_id, ranges=(Interval(start=0, end=1),))
    world.issue(world.terms_of("uu-ds"), 1, "anew", status_start=400, single=True, replaces=replaces)
    world.at("2026-04-08")


def _govern(world: Exchange) -> None:
    """Lists, parameters, programme status."""
    _list(world, "targets", 1, issued_2026="24/1", recognised_2026="4/5")
    world.at("2026-04-09")
    parameters = Parameters(version=2, award_cap="1/4", k_min_cell=1)
    world.do("policy_set", PolicySet(parameters=parameters), *TWO_THIRDS)
    world.at("2026-04-10")
    _list(world, "targets", 2, issued_2026="12/1")
    _list(world, "shortage-occupations", 1, data="http://data.europa.eu/esco/occupation/1")
    for status in ("paused", "active"):
        body = ProgrammeStatusBody(programme="uu-ds", status=status, reason="other")
        world.do("programme_status", body, "uu")
        world.at("2026-04-11")
    world.do("accreditation_withdraw", AccreditationWithdraw(grant_id=uid("grant uu")), "nvao quality")
    world.at("2026-04-12")


def _agree(world: Exchange) -> None:
    """Amended with a rule set, joined, left."""
    number = amend(world, notice_days=200, rule_sets=(define(world, "set", fixed("1/2", rule_id="half")),))
    world.at("2026-04-13")
    world.do(
        "agreement_join", join("um", version=number), *(f"{one} agreements" for one in ("bcb", "um", "uu"))
    )
    world.at("2026-04-14")
    leave(world, "um", "2026-12-01")
    world.at("2026-04-15")


def _judge(desk: Desk) -> None:
    """Suspended, revoked, reviewed, compromised; the deadline of one review passes."""
    world, own = desk.world, desk.own
    for action in ("suspend", "reinstate"):
        body = world.status(own, action, (5, 6))
        world.do("credential_status", body, "uu registrar", "uu quality")
        world.at("2026-04-16")
    desk.revoke(own, 3, "review")
    desk.revoke(desk.foreign, 0, "review")
    world.at("2026-04-17")
    world.do(*desk.decide("award", "c1", "revoke"))
    world.at("2026-04-18")
    stolen = KeyRevoke(key_id=key_of("uu", "issuance").key_id, compromised_since=world.time - 12 * 86_400)
    world.do("key_revoke", stolen, "uu registrar", "uu governance")
    world.at("2026-06-30")
    world.do("enrolment_close", EnrolmentCloseBody(enrolment=uid("n1")), "bcb registrar")
    world.at("2028-01-01")
    world.close()
