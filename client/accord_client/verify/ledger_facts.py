"""Everything the ledger says of one credential and of those who stand behind it, then and now.

:func:`read_facts` reads through the rules of the core, so what it needs is exactly what they need; run on
:class:`~accord_client.verify.evidence.Evidence` it names the next missing key, which is how a bundle is
put together. Values that change over time carry their beginnings, so "then" is read from the newest state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import credential_of, needs_confirmation, standing_of
from accord_ledger.domain.kinds.approval import missing_approval, policy_of
from accord_ledger.domain.model.account import RECOGNITIONS, Recognition
from accord_ledger.domain.model.award import AWARDS, Award
from accord_ledger.domain.model.credential import BATCHES, Batch, Credential, Standing
from accord_ledger.domain.model.framework import FRAMEWORKS, Framework, ProfileTerms
from accord_ledger.domain.model.party import KEYS, PARTIES, KeyRecord, Party
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMME_STATUS_ARCHIVE,
    PROGRAMMES,
    Programme,
    ProgrammeHead,
)
from accord_ledger.domain.standing import accredited, profile_of, programme_status_at


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """The ledger's side of one credential."""

    batch: Batch
    programme: Programme
    head: ProgrammeHead
    framework: Framework
    profile: ProfileTerms
    parties: dict[str, Party]
    """Issuers that signed, by id."""
    keys: dict[bytes, KeyRecord | None]
    """Keys asked about and keys that signed the issuance, by key id."""
    standing: Standing
    row: Credential
    recognitions: tuple[tuple[bytes, Recognition], ...]
    """Live uses for credit."""
    unconfirmed: bool
    """A key was compromised by then and nobody confirmed the credential since."""
    status_then: str | None
    """Status of the programme when it was issued."""
    missing_approval: str | None
    """First approval the profile's policy lacks."""
    unaccredited_at: int | None
    """First moment at which accreditation was asked for and not in force."""
    award: Award | None = None
    """What it was stacked from, if it is an award (T30)."""

    def to_plain(self) -> dict[str, Any]:
        """What people want to read."""
        terms = self.programme.terms
        return {
            "issuers": [
                {"party": name, "name": dict(party.legal_name)} for name, party in self.parties.items()
            ],
            "programme": terms.programme_id,
            "version": terms.version,
            "title": dict(terms.title),
            "credits": terms.credits,
            "redeemable": self.redeemable,
            "unit": dict(self.framework.terms.unit),
            "framework": terms.framework[0],
            "level": terms.level,
            "hours": terms.total_hours,
            "issued_at": self.batch.issued_at,
            "issued_height": self.batch.issued_height,
            "completed": [self.batch.completed_from, self.batch.completed_to],
            "valid_until": self.batch.valid_until,
            "status": self.status,
            "status_since": self.standing.since,
            "erased_at": self.row.erased_at,
            "redeemed": [
                {
                    "recognition": name.hex(),
                    "by": item.receiver,
                    "agreement": item.agreement[0],
                    "at": item.at,
                }
                for name, item in self.recognitions
            ],
            "stacked_into": self.row.stacked_into.hex() if self.row.stacked_into is not None else None,
        }

    @property
    def redeemable(self) -> str:
        """What it is worth elsewhere: the credits, of an award those of its own components (DOMAIN.md 0.3)."""
        return self.programme.terms.credits if self.award is None else self.award.redeemable

    @property
    def status(self) -> str:
        """``valid``, ``suspended``, ``revoked``, ``replaced`` or ``needs_confirmation`` (DOMAIN.md 2.6)."""
        if self.standing.replaced:
            return "replaced"
        if self.standing.status != "valid":
            return self.standing.status
        return "needs_confirmation" if self.unconfirmed else "valid"


def read_facts(
    ctx: Context, batch_id: bytes, index: int, key_ids: Iterable[bytes] = ()
) -> LedgerFacts | None:
    """What the ledger holds of a credential; None if it holds no such batch.

    Args:
        ctx: a view of the ledger; :meth:`Evidence.context` raises ``NotProvedError`` for missing values.
        batch_id: the batch.
        index: place in the batch.
        key_ids: keys whose records are wanted besides those that signed the issuance.

    Raises:
        Rejection: ``E_UNKNOWN_REF``: the ledger contradicts itself; never on evidence of one ledger.
    """
    batch = ctx.state.get(BATCHES, batch_id)
    if batch is None:
        return None
    programme = ctx.known(PROGRAMMES, *batch.programme, path="programme")
    head = ctx.known(PROGRAMME_HEADS, batch.programme[0], path="programme")
    profile = profile_of(ctx, programme.terms)
    standing, row = standing_of(ctx.state, batch_id, index), credential_of(ctx.state, batch_id, index)
    return LedgerFacts(
        batch=batch,
        programme=programme,
        head=head,
        framework=ctx.known(FRAMEWORKS, *programme.terms.framework, path="framework"),
        profile=profile,
        parties={name: ctx.known(PARTIES, name, path="issuer") for name in batch.issuers},
        keys={key_id: ctx.state.get(KEYS, key_id) for key_id in dict.fromkeys((*batch.keys, *key_ids))},
        standing=standing,
        row=row,
        recognitions=tuple(
            (spend.recognition, ctx.known(RECOGNITIONS, spend.recognition, path="recognition"))
            for spend in row.spends
        ),
        unconfirmed=needs_confirmation(ctx.state, batch, standing),
        status_then=_status_then(ctx, batch, head),
        missing_approval=missing_approval(programme, policy_of(ctx, programme)),
        unaccredited_at=_unaccredited_at(ctx, batch, programme, profile),
        award=ctx.known(AWARDS, batch_id, path="award") if programme.terms.form == "award" else None,
    )


def _status_then(ctx: Context, batch: Batch, head: ProgrammeHead) -> str | None:
    """Status of the programme at issuance; old changes are in rows of their own."""
    found = programme_status_at(head, batch.issued_at)
    number = head.archived
    while found is None and number > 0:
        number -= 1
        change = ctx.known(PROGRAMME_STATUS_ARCHIVE, batch.programme[0], number, path="programme")
        if change.since <= batch.issued_at:
            found = change.status
    return found


def _unaccredited_at(ctx: Context, batch: Batch, programme: Programme, profile: ProfileTerms) -> int | None:
    """DOMAIN.md 2.5, Issue: at ``completed_to`` and, unless late, at issuance."""
    if not profile.accreditation:
        return None
    completed = calendar.midnight(calendar.parse_date(batch.completed_to))
    terms = programme.terms
    for moment in (completed,) if batch.late else (completed, batch.issued_at):
        if not accredited(
            ctx, terms.issuers, terms.programme_id, moment, registries=profile.registries or None
        ):
            return moment
    return None
