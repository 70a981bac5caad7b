"""T15, the title of a programme version in one more language, by whom it was translated.

The issuer has the last word: what it set, when registering or here, stays; what others set it may replace.
"""

from __future__ import annotations

from typing import Final

from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.programme import PROGRAMMES, TRANSLATIONS, Translation
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.domain.standing import AGENCY_ROLES, ISSUER_ROLES
from accord_ledger.domain.terms import RECEIVER_ROLES
from accord_ledger.errors import Rejection
from accord_ledger.fields import LanguageTag, Slug, Text, Version, check_text
from accord_ledger.languages import check_language

TRANSLATORS: Final = RECEIVER_ROLES | AGENCY_ROLES
"""Roles that may translate titles of others: receivers and quality agencies."""


class TitleTranslation(Body):
    """T15; the author is the translator."""

    programme: tuple[Slug, Version]
    language: LanguageTag
    text: Text


@transaction_kind
class TitleTranslationKind(TransactionKind[TitleTranslation, Translation]):
    """A title grows by a language."""

    name = "title_translation"
    row = "T15"
    body = TitleTranslation
    errors = ("E_UNKNOWN_REF", "E_DUPLICATE")

    def values(self, body: TitleTranslation) -> None:
        """A language there is, and clean text."""
        check_language(body.language, "body.language")
        check_text(body.text, "body.text")

    def weight(self, ctx: Context, body: TitleTranslation) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: TitleTranslation) -> Need:
        """An issuer, or a receiver or quality agency."""
        issuers = ctx.known(PROGRAMMES, *body.programme, path="body.programme").terms.issuers
        return Signer(ctx.author, "institution", ISSUER_ROLES if ctx.author in issuers else TRANSLATORS)

    def check(self, ctx: Context, body: TitleTranslation) -> Translation:
        """Not set by an issuer yet."""
        terms = ctx.known(PROGRAMMES, *body.programme, path="body.programme").terms
        known = ctx.state.get(TRANSLATIONS, *body.programme, body.language)
        if body.language in terms.title or (known is not None and known.author in terms.issuers):
            raise Rejection(
                "E_DUPLICATE", f"expected no title in {body.language} by an issuer", path="body.language"
            )
        return Translation(text=body.text, author=ctx.author, at=ctx.time)

    def apply(self, ctx: Context, body: TitleTranslation, plan: Translation) -> None:
        """Keep it beside the title the version was registered with."""
        ctx.state.put(TRANSLATIONS, plan, *body.programme, body.language)
