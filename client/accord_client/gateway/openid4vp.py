"""OpenID for Verifiable Presentations 1.0: a wallet shows what the institution asked for (``direct_post``).

    POST /openid4vp/requests               the institution's own systems: a DCQL query, behind a token
    GET, POST /openid4vp/requests/<id>     the wallet: the signed request object (sections 5.10 and 5.11)
    POST /openid4vp/responses              the wallet: the answer (section 8.2)
    GET  /openid4vp/results/<id>           the institution: what was shown, behind a token

The request is signed by the DID's authentication key (client id prefix ``decentralized_identifier``). An answer
counts once, for this request's nonce and this verifier; a query is answered whole or not at all.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from accord_client.documents import sd_jwt
from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.sd_jwt_vc import verify_sd_jwt_vc
from accord_client.gateway.dcql import CredentialQuery, read_query
from accord_client.gateway.desk import Desk
from accord_client.gateway.oauth import derived, read_form, seconds
from accord_client.gateway.problems import GatewayError, OauthError, problem
from accord_client.gateway.shown_types import types_of
from accord_client.gateway.store import fresh_secret
from accord_client.gateway.verification import Verifier, verify_shown
from accord_client.gateway.web import MAX_BODY, MAX_DEPTH, answer, members, read_json
from accord_ledger.errors import AccordError, DecodeError, ProofError

REQUEST_SECONDS: Final = 600
MAX_REQUEST_SECONDS: Final = 86_400
RESULT_SECONDS: Final = 86_400
BINDING_SECONDS: Final = 300
"""A key binding is younger than this; clocks may differ by a minute."""
SKEW: Final = 60
MAX_SHOWN: Final = 8
"""Most presentations of one credential query."""
REQUEST_TYPE: Final = "oauth-authz-req+jwt"
MEDIA_TYPE: Final = "application/oauth-authz-req+jwt"
VP_FORMATS: Final = {
    "dc+sd-jwt": {"sd-jwt_alg_values": ["EdDSA", "Ed25519"], "kb-jwt_alg_values": ["EdDSA", "Ed25519"]},
    "ldp_vc": {
        "proof_type_values": ["DataIntegrityProof", "Ed25519Signature2020"],
        "cryptosuite_values": ["eddsa-rdfc-2022", "eddsa-jcs-2022"],
    },
}


class Openid4vp:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Every address."""
        name = "{id:[A-Za-z0-9_-]{43}}"
        return [
            web.post("/openid4vp/requests", self.create_request),
            web.get(f"/openid4vp/requests/{name}", self.request_object),
            web.post(f"/openid4vp/requests/{name}", self.request_object),
            web.post("/openid4vp/responses", self.response),
            web.get(f"/openid4vp/results/{name}", self.result),
        ]

    @property
    def client_id(self) -> str:
        """How this verifier names itself (section 5.9.3)."""
        return f"decentralized_identifier:{self._desk.config.did}"

    async def create_request(self, request: web.Request) -> web.Response:
        """``{dcqlQuery, expiresIn, redirectUri}``."""
        self._desk.guard.check(request)
        self._desk.holder()
        body = await read_json(request)
        members(body, {"dcqlQuery": dict}, {"expiresIn": int, "redirectUri": str})
        read_query(body["dcqlQuery"])
        if not body.get("redirectUri", "https://").startswith("https://"):
            raise GatewayError("BODY_VALUE", "expected https", path="redirectUri")
        now, name, result = self._desk.now(), fresh_secret(), fresh_secret()
        expires = now + seconds(body, "expiresIn", REQUEST_SECONDS, MAX_REQUEST_SECONDS)
        value = {
            "query": body["dcqlQuery"],
            "nonce": derived(name, "nonce"),
            "result": derived(result, "result"),
            "expires": expires,
            "redirect": body.get("redirectUri", ""),
        }
        store = self._desk.store
        store.put("vp", derived(name, "state"), value, expires=expires, now=now)
        kept = expires + RESULT_SECONDS
        store.put("vp-result", value["result"], {"status": "pending"}, expires=kept, now=now)
        uri = f"{self._desk.base_url}/openid4vp/requests/{name}"
        asked = f"client_id={quote(self.client_id, safe='')}&request_uri={quote(uri, safe='')}"
        made = {"requestUri": uri, "uri": f"openid4vp://?{asked}", "resultId": result, "expires": expires}
        return answer(made, 201)

    async def request_object(self, request: web.Request) -> web.Response:
        """The signed request; a wallet that posts ``wallet_nonce`` finds it in it."""
        name = request.match_info["id"]
        form = await read_form(request) if request.method == "POST" else {}
        state, now = derived(name, "state"), self._desk.now()
        kept = self._desk.store.get("vp", state, now=now)
        if kept is None:
            raise GatewayError("ADDRESS_UNKNOWN", "expected a request that is open")
        key, method = self._desk.holder()
        payload: JsonObject = {
            "aud": "https://self-issued.me/v2",
            "iat": now,
            "exp": kept["expires"],
            "response_type": "vp_token",
            "response_mode": "direct_post",
            "client_id": self.client_id,
            "response_uri": f"{self._desk.base_url}/openid4vp/responses",
            "nonce": kept["nonce"],
            "state": state,
            "dcql_query": kept["query"],
            "client_metadata": {"vp_formats_supported": VP_FORMATS},
        }
        if "wallet_nonce" in form:
            payload["wallet_nonce"] = form["wallet_nonce"][:1024]
        jwt = sd_jwt.sign({"typ": REQUEST_TYPE, "kid": method}, payload, key)
        return web.Response(text=jwt, content_type=MEDIA_TYPE)

    async def response(self, request: web.Request) -> web.Response:
        """``vp_token`` and ``state``, or ``error`` and ``state``; nothing else is looked at."""
        form = await read_form(request)
        state, now = form.get("state", ""), self._desk.now()
        kept = self._desk.store.take("vp", state, now=now)
        if kept is None:
            raise OauthError("invalid_request", "RESPONSE_STATE", "expected the state of an open request")
        if "error" in form:
            self._note(kept, {"status": "refused", "error": form["error"][:100]})
            return answer({})
        try:
            shown = await self._judge(form, kept, now)
        except AccordError as error:
            self._desk.store.put("vp", state, kept, expires=kept["expires"], now=now)
            self._note(kept, {"status": "invalid", "problem": problem(error)})
            raise OauthError("invalid_request", error.code, error.detail, path=error.path) from error
        except BaseException:  # a fault or a full gateway: the wallet may send it again
            self._desk.store.put("vp", state, kept, expires=kept["expires"], now=now)
            raise
        self._note(kept, {"status": "verified", "credentials": shown})
        return answer({"redirect_uri": kept["redirect"]} if kept["redirect"] else {})

    def _note(self, kept: JsonObject, result: JsonObject) -> None:
        now = self._desk.now()
        self._desk.store.put("vp-result", kept["result"], result, expires=now + RESULT_SECONDS, now=now)

    async def result(self, request: web.Request) -> web.Response:
        """``pending``, ``refused``, ``invalid`` with the problem, or ``verified`` with what was shown."""
        self._desk.guard.check(request)
        name = derived(request.match_info["id"], "result")
        found = self._desk.store.get("vp-result", name, now=self._desk.now())
        if found is None:
            raise GatewayError("ADDRESS_UNKNOWN", "expected a result of this gateway")
        return answer(found)

    # ---- judging ---------------------------------------------------------------------------------

    async def _judge(self, form: dict[str, str], kept: JsonObject, now: int) -> JsonObject:
        query = read_query(kept["query"])
        token = load_object(form.get("vp_token", "").encode(), limit=MAX_BODY, depth=MAX_DEPTH)
        query.check_answered(set(token))
        listed = [
            (query.credentials[name], item)
            for name, shown in token.items()
            for item in _presentations(query.credentials[name], shown)
        ]
        kids = [sd_jwt.header_of(item).get("kid") for _, item in listed if isinstance(item, str)]
        verifier = await self._desk.verifier(
            *(item for _, item in listed if isinstance(item, dict)), *filter(_is_text, kids)
        )

        def work() -> JsonObject:
            found: JsonObject = {}
            for wanted, item in listed:
                found.setdefault(wanted.id, []).append(
                    self._checked(wanted, item, verifier, kept["nonce"], now)
                )
            return found

        return await self._desk.workbench.run(work)

    def _checked(
        self, wanted: CredentialQuery, item: Any, verifier: Verifier, nonce: str, now: int
    ) -> JsonObject:
        try:
            if isinstance(item, str):
                return self._token(wanted, item, verifier, nonce, now)
            return self._presentation(wanted, item, verifier, nonce)
        except AccordError as error:
            raise type(error)(
                error.code, error.detail, path=f"{wanted.id}.{error.path}".rstrip(".")
            ) from error

    def _token(
        self, wanted: CredentialQuery, item: str, verifier: Verifier, nonce: str, now: int
    ) -> JsonObject:
        """Appendix B.3: an SD-JWT VC with its key binding."""
        binding = sd_jwt.Binding(self.client_id, nonce, now - BINDING_SECONDS, now + SKEW)
        claims = verify_sd_jwt_vc(item, verifier.resolve, binding=binding).claims
        for name, late in (("nbf", False), ("exp", True)):
            moment = claims.get(name)
            if moment is not None and (not isinstance(moment, int) or (now >= moment) is late):
                raise ProofError(
                    "VC_EXPIRED" if late else "VC_NOT_YET_VALID", f"{name} is {moment}", path=name
                )
        if claims.get("vct") not in wanted.types:
            raise ProofError("DCQL_TYPE", f"expected one of {wanted.types[:4]}", path="vct")
        wanted.check_claims(claims)
        return {"claims": claims, "issuer": claims["iss"], "warnings": _unchecked(claims)}

    def _presentation(
        self, wanted: CredentialQuery, item: JsonObject, verifier: Verifier, nonce: str
    ) -> JsonObject:
        """Appendix B.1.3: a presentation with exactly one credential that answers the query."""
        verified = verify_shown(item, verifier, challenge=nonce, domain=[self.client_id])
        if len(verified.credentials) != 1:
            raise DecodeError("DCQL_ONE", "expected one credential in a presentation")
        for warning in verified.warnings:
            if warning.code == "VP_SUBJECT":
                raise ProofError("DCQL_HOLDER", "expected its subject to show it", path=warning.path)
        credential = verified.credentials[0].document
        named = types_of(credential, verifier.contexts)
        if not any(named.issuperset(types) for types in wanted.types):
            raise ProofError("DCQL_TYPE", f"expected one of {wanted.types[:4]}", path="type")
        wanted.check_claims(credential)
        issuer = credential["issuer"]
        name = issuer["id"] if isinstance(issuer, dict) else issuer
        return {
            "claims": credential,
            "issuer": name,
            "warnings": [problem(item) for item in verified.warnings],
        }


def _presentations(wanted: CredentialQuery, shown: Any) -> list[Any]:
    """What stands under an id: an array, of one unless several were asked for (section 8.1)."""
    kind = str if wanted.format == "dc+sd-jwt" else dict
    most = MAX_SHOWN if wanted.multiple else 1
    if (
        not isinstance(shown, list)
        or not 1 <= len(shown) <= most
        or not all(isinstance(item, kind) for item in shown)
    ):
        raise DecodeError(
            "DCQL_PRESENTATION", f"expected an array of 1 to {most} {wanted.format}", path=wanted.id
        )
    return shown


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _unchecked(claims: JsonObject) -> list[JsonObject]:
    """A status that is not looked up here is said, not passed over."""
    if "status" not in claims:
        return []
    return [problem(ProofError("STATUS_UNCHECKED", "a list that is not here", path="status"))]
