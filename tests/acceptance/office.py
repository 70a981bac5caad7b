"""The alliance of the reference scenario as a registrar meets it: something is submitted, a verdict comes back.

office = Office()
office.tell("programme_register", body, "uu")         the verdict; what is refused changes nothing
office.submits(register(UU_DS))                       the same for an act of the reference scenario
office.has(*launch(UU_DS), intake_of("uu-ds"))        acts that are accepted, to begin with
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Self

from acceptance.rows import Verdict
from accord_genesis import presets
from accord_genesis.acts import in_order
from accord_genesis.presets import Named
from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.items import Item
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.accreditation import AccreditationGrant
from accord_ledger.domain.kinds.profile import ListDefine, ProfileDefine
from accord_ledger.domain.model.framework import ListEntry, ListTerms
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, ApprovalKind, ProgrammeHead, ProgrammeTerms
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.domain.rules import Rule
from accord_ledger.errors import Rejection
from accord_ledger.state import MemorySource, View
from domain_alliance import GENESIS_TIME, party_body, uid
from domain_world import NETWORK, SignerName, assert_declared, first_version
from exchange_world import Exchange, IssuedBatch, agreement
from questions_world import Asker
from scenario.parties import FOUR_OF_SIX, acts, genesis
from scenario.programmes import launch, register
from scenario.stage import Act, Fact

AUTHORITY = FOUR_OF_SIX
"""Two thirds of the validators."""


class Office(Exchange):
    """The scenario's alliance on 2026-03-01, or on a day and with genesis values of one's own."""

    def __init__(self, values: dict[bytes, bytes] | None = None, time: int = GENESIS_TIME) -> None:
        self.values = dict(genesis().values if values is None else values)
        self.version = first_version(self.values)
        self.nonce = 0
        self.lists: dict[str, int] = {}
        self.open(time)
        self.answers = Asker(self)
        """Answers the questions of DOMAIN.md section 5 and the reports: ``office.answers("coverage")``."""

    def tell(self, kind: str, body: Body | bytes, *signers: SignerName, **envelope: Any) -> Verdict:
        """Submit a signed record; what is refused leaves the state as it was."""
        return self.takes(self.entry(kind, body, *signers, **envelope))

    def takes(self, entry: bytes) -> Verdict:
        """As :meth:`tell`, for a record made elsewhere."""
        before = self.view.changes()
        try:
            return Verdict(warnings=self.add(entry).warnings)
        except Rejection as rejection:
            refused = rejection
        assert self.view.changes() == before, f"{refused} left traces"
        assert_declared(entry, refused)
        return Verdict(refused.code, refused.detail)

    def submits(self, act: Act) -> Verdict:
        """Submit an act of the reference scenario, whatever verdict it has there."""
        return self.tell(act.kind, act.body, *act.signing_keys(), author=act.author)

    def has(self, *script: Act | Fact) -> Self:
        """Acts that are accepted."""
        for act in script:
            if isinstance(act, Act):
                self.do(act.kind, act.body, *act.signing_keys(), author=act.author)
        return self

    def on(self, day: str) -> Self:
        """Move on to a day."""
        self.at(day)
        return self

    def known(self, *bodies: tuple[str, Body]) -> Self:
        """Frameworks, profiles and lists the validators define."""
        for kind, body in bodies:
            self.do(kind, body, *AUTHORITY)
        return self

    def profiles(self, *names: str) -> Self:
        """Profiles the alliance did not begin with, from the presets."""
        return self.known(*(item for item in presets.choose(names) if isinstance(item[1], ProfileDefine)))

    def party(self, name: str, region: str, role: str, purposes: str = "", **more: Any) -> Self:
        """Admit another party."""
        body = party_body(name, region, role, purposes, network=NETWORK, **more)
        return self.known(("party_register", body))

    def accredited(self, agency: str, registry: str, subject: str, **changes: Any) -> Self:
        """A grant that is accepted; see :meth:`accredits`."""
        got = self.accredits(agency, registry, subject, **changes)
        assert got.code == "accepted", got
        return self

    def accredits(self, agency: str, registry: str, subject: str, **changes: Any) -> Verdict:
        """T09 of an agency, party-wide and across borders, from today to 2030-02-28 unless said otherwise."""
        today = calendar.date_at(self.time).isoformat()
        values: dict[str, Any] = {
            "grant_id": uid(f"grant {agency} {subject} {changes} {today}"), "agency": agency, "party": subject,
            "scope": "party", "registry": registry, "cross_border": True, "valid_from": today,
            "valid_to": "2030-02-28",
        }  # fmt: skip
        return self.tell("accreditation_grant", AccreditationGrant(**values | changes), f"{agency} quality")

    def offers(
        self,
        one: ProgrammeTerms,
        end: str,
        *approvals: tuple[str, ApprovalKind],
        entrants: int = 1000,
    ) -> Self:
        """A programme that is launched and has an intake from today to ``end``."""
        self.has(*launch(one, *approvals))
        return self.intake(one, end, entrants=entrants)

    def registers(self, one: ProgrammeTerms) -> Verdict:
        """T07 by every issuer."""
        return self.submits(register(one))

    def asks(
        self, name: str, account: str, agreed: str, items: Sequence[Item], claimed: str, **changes: Any
    ) -> Verdict:
        """T27 by bcb's registrar and the holders unless said otherwise, with a consent of its own."""
        return self.tell(*self.use(name, account, agreed, items, claimed, **changes))

    def agrees(self, agreement_id: str, senders: str, receivers: str, *rules: Rule, **more: Any) -> Self:
        """T22 and T23 of everybody, to be signed within a minute; any registry of the scenario is trusted."""
        values = {
            "sign_by": self.time + 60,
            "valid_from": calendar.date_at(self.time).isoformat(),
            "trust_registries": ("CN-TI", "EQAR", "MQA", "TEQSA"),
        }
        self.agree(agreement_id, agreement(senders, receivers, *rules, **values | more))
        return self

    def status_of(self, programme: str) -> str | None:
        """Status of a programme."""
        head: ProgrammeHead = self.get(PROGRAMME_HEADS, programme)
        return head.status

    def intake(self, one: ProgrammeTerms, end: str, *, entrants: int = 1000) -> Self:
        """T10 from today to ``end``."""
        self.offer(one, entrants, end=end, launch=False)
        return self

    def issues(
        self,
        one: ProgrammeTerms,
        day: str,
        *signers: SignerName,
        count: int = 12,
        name: str = "",
        **more: Any,
    ) -> IssuedBatch:
        """T16 of a batch completed on ``day``, which is today."""
        dates = {"completed_from": day, "completed_to": day}
        return self.issue(one, count, name or f"{one.programme_id} {day}", *signers, **dates | more)


def founded(day: str, *changes: Named, without: tuple[str, ...] = ()) -> Office:
    """The alliance founded on another day, with some acts of genesis changed; without the fixture providers.

    Args:
        day: the day of genesis.
        changes: further acts, at the end.
        without: kinds of act that genesis does not hold.
    """
    time = calendar.midnight(calendar.parse_date(day))
    view = View(MemorySource())
    ctx = Context(state=view, network=b"", height=0, time=time, genesis=True)
    first = [
        (kind, body)
        for kind, body in acts(lambda name: f"wss://{name}.example")
        if kind not in without and not getattr(body, "party_id", "").startswith("fix-p")
    ]
    for act in in_order([*first, *changes]):
        run_genesis(ctx, act.kind, bytes(act.body))
    return Office({key: value for key, value in view.changes().items() if value is not None}, time)


def a_list(
    name: str, owner: str, codes: dict[str, tuple[str, ...]], version: int = 1
) -> tuple[str, ListDefine]:
    """T40."""
    entries = tuple(ListEntry(code=code, values=codes[code]) for code in sorted(codes))
    return "list_define", ListDefine(
        terms=ListTerms(list_id=name, version=version, owner=owner, entries=entries)
    )


def digest(*words: object) -> bytes:
    """32 bytes for anything that stands behind a hash."""
    return sha256(repr(words).encode()).digest()
