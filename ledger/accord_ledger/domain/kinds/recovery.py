"""T46, the declaration that opens a network whose genesis continues one that lost its quorum for good."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from accord_ledger.block import MAX_MEMBERS
from accord_ledger.domain.context import Context
from accord_ledger.domain.epochs import running
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.party import check_set
from accord_ledger.domain.model.epoch import RECOVERY, RECOVERY_KIND, Prefix, Recovery
from accord_ledger.domain.signing import Need, Signer, all_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import Slug


class RecoveryDeclare(Body):
    """T46."""

    prefix: Prefix
    """The old network and its last final block, as the genesis document has it."""
    lost: Annotated[tuple[Slug, ...], Meta(max_length=MAX_MEMBERS)]
    """Members of the old network that have no seat in this one, in order."""


@transaction_kind
class RecoveryDeclareKind(TransactionKind[RecoveryDeclare, Recovery]):
    """Everybody who goes on says so, once: until then every other record of the network is refused (``E_STATE``)."""

    name = RECOVERY_KIND
    row = "T46"
    body = RecoveryDeclare
    errors = ("E_STATE", "E_VALUE")

    def values(self, body: RecoveryDeclare) -> None:
        """Lost members in order, each once."""
        check_set(body.lost, "body.lost")

    def weight(self, ctx: Context, body: RecoveryDeclare) -> int:
        """8: it changes one value."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: RecoveryDeclare) -> Need:
        """All members of the new genesis."""
        del body
        return all_of(*(Signer(member.party, "governance") for member in running(ctx).members.members))

    def check(self, ctx: Context, body: RecoveryDeclare) -> Recovery:
        """The first record of a network that continues another; exactly what its genesis says."""
        known = ctx.state.get(RECOVERY)
        if known is None:
            raise Rejection("E_STATE", "expected a network whose genesis continues another", path="body")
        if not ctx.first:
            raise Rejection("E_STATE", "expected the first record of this network", path="body")
        if body.prefix != known.prefix:
            raise Rejection(
                "E_VALUE",
                f"expected block {known.prefix.height} of {known.prefix.network.hex()}, as in genesis",
                path="body.prefix",
            )
        if body.lost != known.lost:
            names = ", ".join(known.lost)
            raise Rejection("E_VALUE", f"expected {names}, as in genesis", path="body.lost")
        return msgspec.structs.replace(known, declared=ctx.height)

    def apply(self, ctx: Context, body: RecoveryDeclare, plan: Recovery) -> None:
        """Store the declaration beside the count."""
        del body
        ctx.state.put(RECOVERY, plan)
