"""What credentials are used for, on top of the small alliance: batches, holders, agreements, accounts.

world = Exchange()
batch = world.issue(world.offer(terms("uu-ds")), 12)
world.agree("a1", agreement(("uu",), ("bcb",), rule))
world.enrol("n1", "bcb")
world.recognise("r1", "n1", "a1", [batch[0]], "2/1")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.credential import credential_leaf_hash, documents_root, holder_commitment
from accord_ledger.domain.attestation import Attestation, AttestedFact
from accord_ledger.domain.context import Context
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.accreditation import AccreditationGrant
from accord_ledger.domain.kinds.agreement import ProposeBody, SignBody
from accord_ledger.domain.kinds.enrolment import EnrolmentOpenBody
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.recognise import RecogniseBody
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, Enrolment, Recognition
from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.model.party import KEYS, PARTIES, PartyStatus
from accord_ledger.domain.model.programme import PROGRAMMES, Course, ProgrammeTerms
from accord_ledger.domain.rules import FixedRatio, HoursRatio, Rule
from accord_ledger.domain.terms import signers_of, terms_hash
from accord_ledger.execute import Receipt
from accord_ledger.keys import SigningKey
from accord_ledger.merkle import proof, tree
from accord_ledger.state import View
from domain_alliance import key_of, uid
from domain_world import NETWORK, SignerName, World, ref, terms


@cache
def holder_key(batch_id: bytes, index: int) -> SigningKey:
    """The fresh key of one credential's holder."""
    return SigningKey.from_seed(sha256(b"holder" + batch_id + index.to_bytes(4, "big")).digest())


def salt(batch_id: bytes, index: int) -> bytes:
    """Salt of a holder commitment."""
    return sha256(b"salt" + batch_id + index.to_bytes(4, "big")).digest()


def document(batch_id: bytes, index: int) -> bytes:
    """The only document commitment under a leaf."""
    return sha256(b"document" + batch_id + index.to_bytes(4, "big")).digest()


@dataclass(frozen=True)
class IssuedBatch:
    """A batch as its holders know it; ``batch[i]`` is the i-th credential as an item."""

    batch_id: bytes
    leaves: tuple[bytes, ...]

    @classmethod
    def make(cls, name: str, count: int) -> IssuedBatch:
        """Fresh credentials."""
        batch_id = uid(f"batch {name}")
        leaves = tuple(
            credential_leaf_hash(
                batch_id,
                index,
                documents_root([document(batch_id, index)]),
                holder_commitment(salt(batch_id, index), holder_key(batch_id, index).public),
            )
            for index in range(count)
        )
        return cls(batch_id, leaves)

    @property
    def root(self) -> bytes:
        """The Merkle root on the ledger."""
        return tree.root(self.leaves)

    def __getitem__(self, index: int) -> Item:
        return Item(
            batch_id=self.batch_id,
            index=index,
            documents=documents_root([document(self.batch_id, index)]),
            holder_key=holder_key(self.batch_id, index).public,
            salt_k=salt(self.batch_id, index),
            path=tuple(proof.inclusion_proof(self.leaves, index, len(self.leaves))),
        )


def attest(items: Sequence[Item], fact: AttestedFact = "grade") -> tuple[Attestation, ...]:
    """One attestation for every item."""
    return tuple(
        Attestation(item=place, fact=fact, document=document(item.batch_id, item.index), position=0, total=1)
        for place, item in enumerate(items)
    )


def hours(source: str = "nl-ects", target: str = "cn-mc", pins: str = "28/1 40/1", **more: Any) -> HoursRatio:
    """An hours_ratio rule called ``hours``."""
    first, second = pins.split()
    values: dict[str, Any] = {"rule_id": "hours", "source": (source, 1), "target": (target, 1)}
    return HoursRatio(source_pin=first, target_pin=second, **values | more)


def fixed(ratio: str = "1/1", source: str = "nl-ects", target: str = "cn-mc", **more: Any) -> FixedRatio:
    """A fixed_ratio rule called ``fixed``."""
    values: dict[str, Any] = {"rule_id": "fixed", "source": (source, 1), "target": (target, 1)}
    return FixedRatio(ratio=ratio, **values | more)


def agreement(senders: str, receivers: str, *rules: Rule, **more: Any) -> AgreementTerms:
    """Terms to the end of 2030, notice 180 days, run-off 365; signed until the end of March 2026."""
    values: dict[str, Any] = {
        "senders": tuple(senders.split()),
        "receivers": tuple(receivers.split()),
        "rules": rules,
        "valid_from": "2026-03-01",
        "valid_to": "2030-12-31",
        "sign_by": calendar.midnight(calendar.parse_date("2026-03-31")),
        "notice_days": 180,
        "run_off_days": 365,
        "trust_registries": ("EQAR", "MQA", "TEQSA"),
    }
    return AgreementTerms(**values | more)


class Exchange(World):
    """A world in which credentials are issued and used."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, int] = {}

    @property
    def view(self) -> View:
        """The open block."""
        return self.execution._view

    def context(self) -> Context:
        """A context in the open block, for what no transaction of these tests does."""
        return Context(state=self.view, network=NETWORK, height=self.version.height + 1, time=self.time)

    def set_party(self, party: str, status: PartyStatus) -> None:
        """Suspend or withdraw a party, or take it back."""
        self.view.put(PARTIES, replace(self.get(PARTIES, party), status=status), party)

    def one_key_for(self, party: str, first: str, second: str) -> None:
        """Let the key of one purpose sign for another too, and the other's own no more."""
        keep, drop = key_of(party, first).key_id, key_of(party, second).key_id
        purposes = tuple(sorted((first, second)))
        self.view.put(KEYS, replace(self.get(KEYS, keep), purposes=purposes), keep)
        self.view.put(KEYS, replace(self.get(KEYS, drop), purposes=()), drop)

    # issuing

    def offer(
        self, programme: ProgrammeTerms, entrants: int = 1000, *, end: str = "2026-03-25", launch: bool = True
    ) -> ProgrammeTerms:
        """Launch a programme with an intake from today to ``end``."""
        if launch:
            self.launch(programme)
        intake = CourseOffering(
            programme=programme.programme_id,
            term_start=calendar.date_at(self.time).isoformat(),
            term_end=end,
            entrants=entrants,
        )
        self.do("course_offering", intake, f"{programme.issuers[0]} registrar")
        return programme

    def issue_body(self, programme: ProgrammeTerms, batch: IssuedBatch, **changes: Any) -> IssueBody:
        """T16 of a batch, completed on 2026-03-25, on fresh positions of the issuer's list."""
        start = self.lists.get(programme.issuers[0], 0)
        values: dict[str, Any] = {
            "batch_id": batch.batch_id,
            "programme": ref(programme),
            "count": len(batch.leaves),
            "merkle_root": batch.root,
            "status_list": "list-1",
            "status_start": start,
            "completed_from": "2026-03-02",
            "completed_to": "2026-03-25",
        }
        return IssueBody(**values | changes)

    def issue(
        self, programme: ProgrammeTerms, count: int = 12, name: str = "", *signers: SignerName, **changes: Any
    ) -> IssuedBatch:
        """Issue a batch, by the first issuer unless said otherwise."""
        batch = IssuedBatch.make(name or programme.programme_id, count)
        body = self.issue_body(programme, batch, **changes)
        self.do("credential_issue", body, *(signers or (f"{programme.issuers[0]} issuance",)))
        self.lists[programme.issuers[0]] = body.status_start + count
        return batch

    def issue_more(self, end: str, day: str) -> IssuedBatch:
        """Another intake of ``uu-ds`` from today to ``end``, issued on ``day``."""
        programme = self.terms_of("uu-ds")
        self.offer(programme, end=end, launch=False)
        self.at(day)
        return self.issue(programme, 12, f"more {day}", completed_to=end)

    def status(
        self, batch: IssuedBatch, action: str, *ranges: tuple[int, int], effect: Any = None
    ) -> StatusBody:
        """A T17 body."""
        spans = tuple(Interval(start=start, end=end) for start, end in ranges)
        values: dict[str, Any] = {"action": action}
        return StatusBody(batch_id=batch.batch_id, ranges=spans, effect=effect, **values)

    def revoke(self, batch: IssuedBatch, index: int, effect: str, issuer: str = "uu") -> Receipt:
        """Revoke one credential, with both keys."""
        body = self.status(batch, "revoke", (index, index + 1), effect=effect)
        return self.do("credential_status", body, f"{issuer} registrar", f"{issuer} quality")

    # agreements

    def propose(self, agreement_id: str, proposed: AgreementTerms, by: str = "") -> None:
        """T22 by the first sender."""
        body = ProposeBody(agreement_id=agreement_id, terms=proposed)
        self.do("agreement_propose", body, f"{by or proposed.senders[0]} agreements")

    def sign_body(self, agreement_id: str, proposed: AgreementTerms, *parties: str) -> SignBody:
        """T23 of version 1."""
        return SignBody(agreement=(agreement_id, 1), terms_hash=terms_hash(proposed), parties=parties)

    def agree(self, agreement_id: str, proposed: AgreementTerms) -> AgreementTerms:
        """T22, and T23 of everybody in turn."""
        self.propose(agreement_id, proposed)
        for party in signers_of(proposed):
            self.do("agreement_sign", self.sign_body(agreement_id, proposed), f"{party} agreements")
        return proposed

    # accounts

    def award(
        self, issuer: str = "bjou", total: str = "76/1", framework: str = "cn-mc", **more: Any
    ) -> ProgrammeTerms:
        """An active award with courses C1 (4 credits) and C2 (2)."""
        courses = (
            Course(code="C1", credits="4/1", course_class="core"),
            Course(code="C2", credits="2/1", course_class="basic"),
        )
        values: dict[str, Any] = {
            "credits": total,
            "form": "award",
            "framework": (framework, 1),
            "level": None,
            "total_hours": "3040/1",
            "courses": courses,
        }
        return self.launch(terms(f"{issuer}-award", issuer, **values | more))

    def terms_of(self, programme_id: str) -> ProgrammeTerms:
        """Terms of version 1 of a programme."""
        found: ProgrammeTerms = self.get(PROGRAMMES, programme_id, 1).terms
        return found

    def enrol_at_hnrail(self, **changes: Any) -> None:
        """Award and account ``n3`` at hnrail, and ``a2`` from uu by fixed_ratio 1/1, receiver exclusivity."""
        self.enrol("n3", "hnrail", self.award("hnrail"))
        more = {"exclusivity": "receiver", "sign_by": self.time + 60}
        self.agree("a2", agreement("uu", "hnrail", fixed(), **more | changes))

    def use_at_hnrail(self, name: str, items: Sequence[Item], claimed: str = "3/1") -> tuple[Any, ...]:
        """T27 of 3 EC by ``a2`` into ``n3``."""
        return self.use(name, "n3", "a2", items, claimed, rule="fixed", signers=("hnrail registrar",))

    def enrol(self, name: str, owner: str, award: ProgrammeTerms) -> None:
        """T26."""
        body = EnrolmentOpenBody(enrolment=uid(name), award=ref(award))
        self.do("enrolment_open", body, f"{owner} registrar")

    def account(self, name: str) -> Enrolment:
        """An enrolment as it stands."""
        found: Enrolment = self.get(ENROLMENTS, uid(name))
        return found

    def recognition(self, name: str) -> Recognition:
        """A recognition as it stands."""
        found: Recognition = self.get(RECOGNITIONS, uid(name))
        return found

    def use(
        self, name: str, account: str, agreed: str, items: Sequence[Item], claimed: str, **changes: Any
    ) -> tuple[Any, ...]:
        """T27 of these items with everything signed: arguments of ``do`` and, after the code, ``refused``."""
        signers = changes.pop("signers", ("bcb registrar",))
        holders = changes.pop("holders", tuple(holder_key(item.batch_id, item.index) for item in items))
        values: dict[str, Any] = {
            "recognition": uid(name),
            "enrolment": uid(account),
            "agreement": (agreed, 1),
            "rule": "hours",
            "items": tuple(items),
            "claimed_credits": claimed,
            "consent": sha256(f"consent {name} {claimed}".encode()).digest(),
        }
        return "recognise", RecogniseBody(**values | changes), *signers, *holders

    def reverse(self, name: str, registrar: str) -> None:
        """T28 for an error."""
        self.do("recognise_reverse", ReverseBody(recognition=uid(name), reason="error"), registrar)


def exchange(**scope: Any) -> tuple[Exchange, IssuedBatch]:
    """uu's ``uu-ds`` (3 EC at 28 h) of 12, agreement ``a1`` uu to bcb by hours, account ``n1`` of 76 at bcb.

    Today is 2026-04-05; nvao's cross-border grant covers uu.
    """
    world = Exchange()
    world.at("2026-03-02")
    grant_uu(world)
    programme = world.offer(terms())
    world.enrol("n1", "bcb", world.award())
    world.agree("a1", agreement("uu", "bcb", hours(), **scope))
    world.at("2026-04-01")
    batch = world.issue(programme)
    world.at("2026-04-05")
    return world, batch


def grant_uu(world: World) -> None:
    """nvao accredits uu across borders, 2026-03-01 to 2030-02-28."""
    body = AccreditationGrant(
        grant_id=uid("grant uu"),
        agency="nvao",
        party="uu",
        scope="party",
        registry="EQAR",
        cross_border=True,
        valid_from="2026-03-01",
        valid_to="2030-02-28",
    )
    world.do("accreditation_grant", body, "nvao quality")
