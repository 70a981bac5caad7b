"""W3C VC-API: issue, verify, status, presentations (FORMATS.md section 6).

    POST /credentials/issue                      eddsa-rdfc-2022
    POST /<suite>/credentials/issue              one for each suite
    POST /credentials/verify    /presentations/verify
    POST /presentations         /credentials/derive
    POST /credentials/status    GET /status-lists/<number>/<purpose>

The HTTP status is the verdict: 200 good, 400 not, with the reason in the problem document, which also stands
in ``errors`` and ``problemDetails``. What was not judged is in ``warnings`` of a good answer.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from aiohttp import web

from accord_client.documents import sd_jwt
from accord_client.documents.cryptosuites import with_contexts
from accord_client.documents.data_integrity import AUTHENTICATION, create_proof
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.status_bitstring import ENTRY_TYPE, PURPOSES, Purpose
from accord_client.gateway.desk import Desk
from accord_client.gateway.problems import GatewayError, problem
from accord_client.gateway.signing import ISSUING, LIST_TTL
from accord_client.gateway.store import Position
from accord_client.gateway.vc_rules import check_presentation
from accord_client.gateway.verification import CHECKS, Verified, verify_credential, verify_shown
from accord_client.gateway.web import answer, members, problem_answer, read_json
from accord_ledger.errors import AccordError

LIST_TYPES: Final = ("application/vc", "application/ld+json", "application/json")
"""What a status list is served as: the first that the reader names, else the first."""


class VcApi:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Every address."""
        issue = [web.post(f"/{suite}/credentials/issue", self._issuing(suite)) for suite in ISSUING]
        return [
            web.post("/credentials/issue", self._issuing(ISSUING[0])),
            *issue,
            web.post("/credentials/verify", self.verify_credential),
            web.post("/presentations/verify", self.verify_presentation),
            web.post("/presentations", self.create_presentation),
            web.post("/credentials/derive", self.derive),
            web.post("/credentials/status", self.change_status),
            web.get("/status-lists/{number:[0-9]{1,9}}/{purpose:revocation|suspension}", self.status_list),
        ]

    def _issuing(self, suite: str) -> Callable[[web.Request], Any]:
        async def issue(request: web.Request) -> web.Response:
            self._desk.guard.check(request)
            body = await read_json(request)
            members(body, {"credential": dict}, {"options": dict})
            credential, options = body["credential"], body.get("options", {})
            members(options, {}, {"credentialId": str}, "options")
            if "credentialId" in options:
                credential = credential | {"id": options["credentialId"]}
            verifier = await self._desk.verifier(credential)
            work = self._desk.workbench.run
            signed = await work(lambda: self._desk.issuer.issue(credential, suite, verifier))
            return answer({"verifiableCredential": signed}, 201)

        return issue

    async def verify_credential(self, request: web.Request) -> web.Response:
        """``{verifiableCredential, options: {checks}}``."""
        self._desk.check_reader(request)
        body = await read_json(request)
        members(body, {"verifiableCredential": dict}, {"options": dict})
        options = body.get("options", {})
        members(options, {}, {"checks": list, "returnCredential": bool}, "options")
        checks, credential = _checks(options), body["verifiableCredential"]

        async def judge() -> Verified:
            verifier = await self._desk.verifier(credential)
            return await self._desk.workbench.run(lambda: verify_credential(credential, verifier, checks))

        return await self._verdict(
            judge, checks, "verifiableCredential", returned=options.get("returnCredential", False)
        )

    async def verify_presentation(self, request: web.Request) -> web.Response:
        """``{verifiablePresentation, options: {challenge, domain, checks}}``."""
        self._desk.check_reader(request)
        body = await read_json(request)
        members(body, {"verifiablePresentation": dict}, {"options": dict})
        options = body.get("options", {})
        members(
            options,
            {"challenge": str},
            {"domain": object, "checks": list, "returnPresentation": bool},
            "options",
        )
        checks, shown = _checks(options), body["verifiablePresentation"]
        domain = _domain(options)

        async def judge() -> Verified:
            verifier = await self._desk.verifier(shown)
            return await self._desk.workbench.run(
                lambda: verify_shown(
                    shown, verifier, challenge=options["challenge"], domain=domain, checks=checks
                )
            )

        return await self._verdict(
            judge, checks, "verifiablePresentation", returned=options.get("returnPresentation", False)
        )

    async def _verdict(
        self, judge: Callable[[], Any], checks: list[str], name: str, *, returned: bool
    ) -> web.Response:
        try:
            verified: Verified = await judge()
        except AccordError as error:
            said = problem(error)
            return problem_answer(error, verified=False, errors=[said], problemDetails=[said])
        warnings = [problem(item) for item in verified.warnings]
        value: JsonObject = {
            "verified": True,
            "checks": checks,
            "warnings": warnings,
            "errors": [],
            "problemDetails": warnings,
        }
        return answer(value | ({name: verified.document} if returned else {}))

    async def create_presentation(self, request: web.Request) -> web.Response:
        """``{presentation, options: {challenge, domain}}``: the institution itself shows credentials."""
        self._desk.guard.check(request)
        body = await read_json(request)
        members(body, {"presentation": dict}, {"options": dict})
        presentation, options = body["presentation"], body.get("options", {})
        members(options, {"challenge": str, "domain": str}, {}, "options")
        key, method = self._desk.holder()

        def sign() -> JsonObject:
            check_presentation(presentation)
            self._desk.issuer.contexts.check(presentation["@context"])
            if "proof" in presentation:
                raise GatewayError(
                    "VP_SIGNED", "expected a presentation without proof", path="presentation.proof"
                )
            suite = with_contexts(self._desk.issuer.contexts.fresh())[0]
            made = presentation | {"holder": presentation.get("holder", self._desk.issuer.did)}
            proof = create_proof(
                made, key, method, self._desk.now(), AUTHENTICATION,
                domain=options["domain"], challenge=options["challenge"], suite=suite,
            )  # fmt: skip
            signed: JsonObject = made | {"proof": proof}
            return signed

        return answer({"verifiablePresentation": await self._desk.workbench.run(sign)}, 201)

    async def derive(self, request: web.Request) -> web.Response:
        """``{verifiableCredential, options: {claims}}``: an SD-JWT with only these claims shown."""
        self._desk.check_reader(request)
        body = await read_json(request)
        members(body, {"verifiableCredential": str, "options": dict}, {})
        members(body["options"], {"claims": list}, {}, "options")
        claims = body["options"]["claims"]
        if not all(isinstance(item, str) for item in claims):
            raise GatewayError("BODY_VALUE", "expected names of claims", path="options.claims")
        token = sd_jwt.parse(body["verifiableCredential"])
        return answer({"verifiableCredential": token.select(claims)}, 201)

    # ---- status ----------------------------------------------------------------------------------

    async def change_status(self, request: web.Request) -> web.Response:
        """``{credentialId, credentialStatus: {type, statusPurpose}, status}``; ``status`` is true if absent."""
        self._desk.guard.check(request)
        body = await read_json(request)
        members(body, {"credentialStatus": dict}, {"credentialId": str, "status": bool})
        entry, issuer = body["credentialStatus"], self._desk.issuer
        known = ("id", "statusListIndex", "statusListCredential")
        members(entry, {"type": str, "statusPurpose": str}, dict.fromkeys(known, str), "credentialStatus")
        if entry["type"] != ENTRY_TYPE or entry["statusPurpose"] not in PURPOSES:
            raise GatewayError(
                "BODY_VALUE", f"expected {ENTRY_TYPE} for {' or '.join(PURPOSES)}", path="credentialStatus"
            )
        value = body.get("status", True)
        places = self._places(body.get("credentialId", ""), entry)
        await self._desk.workbench.run(
            lambda: issuer.store.set_status(places, entry["statusPurpose"], value=value)
        )
        return answer({"credentialStatus": issuer.entries(places[0]), "status": value})

    def _places(self, credential_id: str, entry: JsonObject) -> list[Position]:
        if {"statusListIndex", "statusListCredential"} <= set(entry):
            found = self._desk.issuer.own_place(entry)
            places = [] if found is None else [found[0]]
        else:
            places = self._desk.issuer.store.of_credential(credential_id) if credential_id else []
        if credential_id.startswith("urn:accord:") and not places:
            raise GatewayError("STATUS_ON_LEDGER", "a credential of the ledger: use accord revoke or suspend")
        if not places:
            raise GatewayError("STATUS_CREDENTIAL_UNKNOWN", "expected a credential issued here with a status")
        return places

    async def status_list(self, request: web.Request) -> web.Response:
        """The signed list, whole, so that nobody learns whose status is looked at."""
        number = int(request.match_info["number"])
        purpose: Purpose = "revocation" if request.match_info["purpose"] == "revocation" else "suspension"
        found = await self._desk.workbench.run(lambda: self._desk.issuer.status_list(number, purpose))
        if found is None:
            raise GatewayError("ADDRESS_UNKNOWN", "expected a list of this gateway")
        tag = sha256(found).hexdigest()[:32]
        headers = {"ETag": f'"{tag}"', "Cache-Control": f"public, max-age={LIST_TTL}", "Vary": "Accept"}
        if any(item.value in (tag, "*") for item in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        wanted = request.headers.get("Accept", "")
        named = [kind for kind in LIST_TYPES if kind in wanted]
        return web.Response(body=found, headers=headers, content_type=(named or LIST_TYPES)[0])


def _checks(options: JsonObject) -> list[str]:
    checks = options.get("checks", list(CHECKS))
    if not all(isinstance(item, str) and item in CHECKS for item in checks):
        raise GatewayError("BODY_VALUE", f"expected some of {', '.join(CHECKS)}", path="options.checks")
    return sorted({"proof", *checks}, key=CHECKS.index)


def _domain(options: JsonObject) -> list[str] | None:
    """One domain or several; None if the verifier named none."""
    given = options.get("domain")
    if given is None:
        return None
    domains = given if isinstance(given, list) else [given]
    if not domains or len(domains) > 16 or not all(isinstance(item, str) for item in domains):
        raise GatewayError("BODY_VALUE", "expected text or an array of text", path="options.domain")
    return domains
