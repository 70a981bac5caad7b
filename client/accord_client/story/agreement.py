"""The part of a story about an agreement: who proposed and signed the version that was used, and its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from accord_client.errors import NotFoundError, TrustError
from accord_client.story.finding import Finder
from accord_client.story.model import Step
from accord_client.story.programme import Telling, step_of
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.agreement import ProposeBody, SignBody, TerminateBody
from accord_ledger.domain.kinds.agreement_change import AmendBody
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    Agreement,
    AgreementVersion,
    TermsSignature,
)
from accord_ledger.domain.terms import terms_hash
from accord_ledger.errors import ProofError

OVER = ("run_off", "expired", "ended")


async def agreement_steps(finder: Finder, ref: tuple[str, int]) -> AsyncIterator[Telling]:
    """Every step of one version of an agreement.

    Raises:
        NotFoundError: ``AGREEMENT_UNKNOWN``.
        TrustError: ``ANSWER_DIFFERS``: the terms are not those that were signed.
    """
    client, shown = finder.client, f"{ref[0]}@{ref[1]}"
    whole = (await client.state(AGREEMENTS, ref[0])).value
    version = (await client.state(AGREEMENT_VERSIONS, *ref)).value
    terms = (await client.state(AGREEMENT_TERMS, *ref)).value
    if whole is None or version is None or terms is None:
        raise NotFoundError("AGREEMENT_UNKNOWN", f"the ledger has no agreement {shown}")
    if terms_hash(terms) != version.terms_hash:
        raise TrustError("ANSWER_DIFFERS", f"expected the terms that were signed as {shown}")
    facts = {
        "agreement": shown, "senders": ", ".join(terms.senders), "receivers": ", ".join(terms.receivers),
        "valid": f"{terms.valid_from} – {terms.valid_to}", "terms_hash": version.terms_hash.hex(),
    }  # fmt: skip
    yield f"agreement_propose {shown}", _proposal(finder, ref, version, facts)
    for signature in version.signatures:
        yield f"agreement_sign {shown} by {signature.party}", _signature(finder, ref, version, signature)
    if version.superseded_at is not None:
        yield f"agreement_superseded {shown}", _superseded(shown, version.superseded_at)
    if whole.notice is not None:
        yield f"agreement_terminate {ref[0]}", _notice(finder, ref[0], whole)
    if whole.status in OVER:
        yield f"agreement_status {ref[0]} {whole.status}", _over(ref[0], whole)


def _proposal(
    finder: Finder, ref: tuple[str, int], version: AgreementVersion, facts: dict[str, str]
) -> Callable[[], Awaitable[Step]]:
    def matches(body: Body, _: str) -> bool:
        match body:
            case ProposeBody() | AmendBody():
                return body.agreement_id == ref[0] and terms_hash(body.terms) == version.terms_hash
        return False

    async def prove() -> Step:
        kinds = ["agreement_propose" if version.base is None else "agreement_amend"]
        return step_of(await finder.needed(version.proposed_at, kinds, matches), facts)

    return prove


def _signature(
    finder: Finder, ref: tuple[str, int], version: AgreementVersion, signature: TermsSignature
) -> Callable[[], Awaitable[Step]]:
    def matches(body: Body, author: str) -> bool:
        if not isinstance(body, SignBody) or body.agreement != ref or body.terms_hash != version.terms_hash:
            return False
        return signature.party in (body.parties or (author,))

    async def prove() -> Step:
        found = await finder.needed(signature.at, ["agreement_sign"], matches)
        if signature.key_id not in {signer.key_id for signer in found.signers}:
            raise ProofError("KEY_PARTY", f"expected a signature of {signature.key_id.hex()}")
        facts = {"agreement": f"{ref[0]}@{ref[1]}", "party": signature.party}
        if version.activated_height == found.place.height:
            facts["in_force"] = "yes"
        return step_of(found, facts)

    return prove


def _notice(finder: Finder, agreement_id: str, whole: Agreement) -> Callable[[], Awaitable[Step | None]]:
    async def prove() -> Step | None:
        notice = whole.notice
        if notice is None:
            return None
        found = await finder.needed(
            notice.at, ["agreement_terminate"],
            lambda body, _: isinstance(body, TerminateBody) and body.agreement_id == agreement_id,
        )  # fmt: skip
        return step_of(found, {"agreement": agreement_id, "effective": notice.effective})

    return prove


def _superseded(shown: str, time: int) -> Callable[[], Awaitable[Step]]:
    async def prove() -> Step:
        return Step("agreement_superseded", time, {"agreement": shown}, "state")

    return prove


def _over(agreement_id: str, whole: Agreement) -> Callable[[], Awaitable[Step]]:
    async def prove() -> Step:
        facts = {"agreement": agreement_id, "status": whole.status}
        return Step("agreement_status", whole.status_since, facts, "state")

    return prove
