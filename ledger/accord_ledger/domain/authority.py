"""Signature requirements that many kinds share: authority, validators, the party itself (DOMAIN.md 2.4)."""

from __future__ import annotations

from typing import Final

from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.party import PARTIES, SEATS, status_at
from accord_ledger.domain.signing import Need, Signer, any_of, k_of
from accord_ledger.domain.standing import active_first
from accord_ledger.fields import Slug
from accord_ledger.state import Table


class Regulators(Wire):
    """Regulators of one country, in order of id."""

    parties: tuple[Slug, ...]


REGULATORS: Table[Regulators] = Table("regulators", Regulators)
"""By country."""

ALLIANCE: Final = "alliance"
"""Owner of what belongs to no country: 2/3 of the validators decide."""

REGULATOR: Final = frozenset({"regulator"})


def validators(ctx: Context, *, share: tuple[int, int] = (2, 3)) -> Need:
    """``share`` of the parties with a seat, rounded up, signing with ``governance`` (2/3 of n = ⌈2n/3⌉).

    Those that may not sign now stand at the end, so that the others' signatures are enough if they are.
    """
    seats = ctx.state.get(SEATS)
    parties = seats.parties if seats else ()
    count = -(-len(parties) * share[0] // share[1])
    return k_of(max(count, 1), (Signer(party, "governance") for party in active_first(ctx, parties)))


def authority(ctx: Context, country: str) -> Need:
    """The regulator of the country, or 2/3 of the validators; a regulator that may not sign comes last."""
    found = ctx.state.get(REGULATORS, country)
    regulators = found.parties if found else ()
    able = [name for name in regulators if _is_active(ctx, name)]
    rest = [name for name in regulators if name not in able]
    signers = [Signer(party, "governance", REGULATOR) for party in (*able, *rest)]
    return any_of(*signers[: len(able)], validators(ctx), *signers[len(able) :])


def _is_active(ctx: Context, name: str) -> bool:
    party = ctx.state.get(PARTIES, name)
    return party is not None and status_at(party, ctx.time) == "active"
