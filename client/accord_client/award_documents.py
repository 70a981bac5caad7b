"""The documents of awards: what the ledger says of award and account, as an Open Badge and an SD-JWT VC.

Everything that concerns the award, not the graduate, is fetched once for each award.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from accord_client.badges import issuer_facts, programme_facts, verification_method
from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, parse_bundle
from accord_client.conferring import PreparedAward
from accord_client.documents.open_badge_facts import BadgeDates, LearnerClaims, ProgrammeFacts, ResultScale
from accord_client.errors import NotFoundError, RefusedError
from accord_client.ids import new_uuid7
from accord_client.issuing import (
    BadgeMaker,
    EveryMaker,
    RdfcSigner,
    SdJwtMaker,
    bitstring_ranges,
    prepare_batch,
    token_range,
)
from accord_client.keyring import Keyring
from accord_client.sdk.sync import AccordClientSync
from accord_genesis.files import read_public
from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.issuance import last_day
from accord_ledger.domain.kinds.approval import policy_of
from accord_ledger.domain.model.party import Party
from accord_ledger.domain.model.programme import Programme
from accord_ledger.fields import Purpose

KINDS: Final[tuple[Purpose, ...]] = ("academic_committee", "curriculum_committee")
"""Committees that confer (DOMAIN.md 2.4, T30)."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How the documents say it."""

    base_url: str
    """Where programmes are shown."""
    language: str = "en"
    description: str = ""
    criteria: str = ""
    result_name: str = ""


@dataclass(frozen=True, slots=True)
class _Award:
    """What every document of one award says."""

    programme: Programme
    said: ProgrammeFacts
    committees: tuple[Purpose, ...]


@dataclass
class AwardDocuments:
    """Makes awards' documents for one institution."""

    client: AccordClientSync
    issuer: Party
    """As the ledger has it."""
    keyring: Keyring
    did: str
    wording: Wording
    status_url: str
    status_start: int
    """Position of the first award made."""
    committees: tuple[Purpose, ...] = ()
    """Who signs; found in the approval policy if empty."""
    _awards: dict[tuple[str, int], _Award] = field(default_factory=dict)
    _made: int = 0

    def prepare(
        self, claims: LearnerClaims, account: bytes, components: Sequence[Path], now: int
    ) -> PreparedAward:
        """The documents of one graduate's award, with what it rests on.

        Args:
            claims: who it is for.
            account: id of the enrolment.
            components: bundles of own credentials.
            now: POSIX seconds.

        Raises:
            NotFoundError: ``OBJECT_UNKNOWN``: the ledger has no such account or framework.
            RefusedError: ``ISSUE_OPTION``: the account is closed, or the award is another institution's.
            DecodeError: a component that is no bundle of this network.
        """
        found = self.client.enrolment(account).value
        if found is None:
            raise NotFoundError("OBJECT_UNKNOWN", f"the ledger has no account {account.hex()}")
        if found.status != "open":
            raise RefusedError("ISSUE_OPTION", f"expected an open account, got one {found.status}")
        award = self._award(found.award)
        items = [bundle.item() for bundle in map(self._component, components)]
        network = self.client.client.trust.network
        batch = prepare_batch(network, new_uuid7(), [claims], self._maker(award, now))
        self._made += 1
        return PreparedAward(batch, account, tuple(items), award.committees)

    def _component(self, path: Path) -> Bundle:
        bundle = parse_bundle(read_public(path, limit=MAX_BUNDLE_BYTES))
        if bundle.network != self.client.client.trust.network:
            raise RefusedError("ISSUE_OPTION", "expected a credential of this network", path=str(path))
        return bundle

    def _award(self, reference: tuple[str, int]) -> _Award:
        if reference not in self._awards:
            programme = self.client.programme(*reference).programme
            if self.issuer.party_id not in programme.terms.issuers:
                raise RefusedError(
                    "ISSUE_OPTION", f"expected an award of {self.issuer.party_id}", path=reference[0]
                )
            framework = self.client.framework(*programme.terms.framework).value
            if framework is None:
                raise NotFoundError("OBJECT_UNKNOWN", f"the ledger has no framework of {reference[0]}")
            wording = self.wording
            said = programme_facts(
                programme, framework, base_url=wording.base_url, language=wording.language,
                description=wording.description, criteria=wording.criteria,
                result=ResultScale(wording.result_name) if wording.result_name else None,
            )  # fmt: skip
            self._awards[reference] = _Award(programme, said, self.committees or self._policy(programme))
        return self._awards[reference]

    def _policy(self, programme: Programme) -> tuple[Purpose, ...]:
        """Committees that the award's approval policy asks for; of those it offers, the first with a key here."""

        def asked(ctx: Context) -> tuple[list[Purpose], list[Purpose]]:
            policy = policy_of(ctx, programme)
            needed, offered = set(policy.all_of), set(policy.any_of)
            return [kind for kind in KINDS if kind in needed], [kind for kind in KINDS if kind in offered]

        (needed, offered), _ = self.client.run(self.client.client.gather(asked))
        here = [kind for kind in offered if self.keyring.path(self.issuer.party_id, kind).exists()]
        return tuple(dict.fromkeys([*needed, *(here or offered)[:1]]))

    def _maker(self, award: _Award, now: int) -> EveryMaker:
        key = self.keyring.signing_key(self.issuer.party_id, "issuance")
        method, start = verification_method(self.did, key.public), self.status_start + self._made
        issuer = issuer_facts(self.issuer, self.did, language=self.wording.language)
        today = calendar.date_at(now).isoformat()
        until = last_day(award.programme, today, None)
        end = None if until is None else calendar.midnight(calendar.parse_date(until)) + calendar.DAY
        dates = BadgeDates(now, awarded=now, valid_until=end)
        badge = BadgeMaker(
            award.said, issuer, dates, RdfcSigner(key, method, now), bitstring_ranges(self.status_url, start)
        )
        token = SdJwtMaker(award.said, issuer, dates, key, method, token_range(self.status_url, start))
        return EveryMaker((badge, token))
