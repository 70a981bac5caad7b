"""T44, the protocol version in force from the next epoch on."""

from __future__ import annotations

from accord_ledger.domain.context import Context
from accord_ledger.domain.epochs import following, members_quorum, running, with_version, write_epoch
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.epoch import Epoch, ProtocolVersion
from accord_ledger.domain.signing import Need
from accord_ledger.errors import Rejection


class VersionActivate(Body):
    """T44."""

    version: ProtocolVersion


@transaction_kind
class VersionActivateKind(TransactionKind[VersionActivate, Epoch]):
    """Versions rise by one. A program that does not know the version in force stops and says so."""

    name = "version_activate"
    row = "T44"
    body = VersionActivate
    errors = ("E_VERSION",)

    def weight(self, ctx: Context, body: VersionActivate) -> int:
        """8, whatever it changes."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: VersionActivate) -> Need:
        """N - f of the current members."""
        del body
        return members_quorum(ctx)

    def unused(self, ctx: Context, body: VersionActivate) -> None:
        """Current + 1, and only one step an epoch."""
        current, next_version = running(ctx).version, following(ctx).version
        if body.version != current + 1 or next_version != current:
            raise Rejection(
                "E_VERSION", f"expected version {next_version + 1}, got {body.version}", path="body.version"
            )

    def check(self, ctx: Context, body: VersionActivate) -> Epoch:
        """The members stay as they are."""
        return with_version(ctx, body.version)

    def apply(self, ctx: Context, body: VersionActivate, plan: Epoch) -> None:
        """Write the next epoch."""
        del body
        write_epoch(ctx, plan)
