"""OpenID for Verifiable Credential Issuance 1.0: a wallet collects a credential, pre-authorised code flow.

    POST /openid4vci/offers        the institution's own systems: what is to be issued, behind a token
    GET  /openid4vci/offers/<id>   the wallet: the offer (section 4.1.3)
    POST /openid4vci/token         code, and transaction code, to access token (section 6)
    POST /openid4vci/nonce         (section 7)
    POST /openid4vci/credential    proof of a key to credential (section 8)
    GET  /.well-known/openid-credential-issuer, /.well-known/oauth-authorization-server

A code, an access token and an offer give one credential, once. The credential is bound to the key whose
possession the wallet proves; a document that was prepared for a key is given to that key only.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any, Final
from urllib.parse import quote, urlsplit

from aiohttp import web

from accord_client.documents import sd_jwt
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import resolve_did_key
from accord_client.gateway.config import CredentialType
from accord_client.gateway.desk import Desk
from accord_client.gateway.issued_forms import check_template, make
from accord_client.gateway.oauth import Nonces, bearer, derived, read_form, seconds
from accord_client.gateway.problems import GatewayError, OauthError
from accord_client.gateway.store import fresh_secret
from accord_client.gateway.web import answer, members, read_json
from accord_ledger.errors import AccordError
from accord_ledger.keys import admissible

GRANT: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
PROOF_TYPE: Final = "openid4vci-proof+jwt"

OFFER_SECONDS: Final = 7 * 86_400
MAX_OFFER_SECONDS: Final = 90 * 86_400
TOKEN_SECONDS: Final = 600
PROOF_SECONDS: Final = 300
"""A proof of possession is younger than this; clocks may differ by a minute."""
SKEW: Final = 60
TRIES: Final = 5
"""Wrong transaction codes before the offer is gone."""
TX_DIGITS: Final = 8


class Openid4vci:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._nonces = Nonces()
        self._types = {item.id: item for item in desk.config.credentials}

    def routes(self) -> list[web.RouteDef]:
        """Every address; metadata stands at the host's well-known place, with the path after it."""
        path = urlsplit(self._desk.base_url).path
        places = dict.fromkeys(("", path))
        return [
            web.post("/openid4vci/offers", self.create_offer),
            web.get("/openid4vci/offers/{id:[A-Za-z0-9_-]{43}}", self.offer),
            web.post("/openid4vci/token", self.token),
            web.post("/openid4vci/nonce", self.nonce),
            web.post("/openid4vci/credential", self.credential),
            *(
                web.get(f"/.well-known/openid-credential-issuer{place}", self.issuer_metadata)
                for place in places
            ),
            *(
                web.get(f"/.well-known/oauth-authorization-server{place}", self.server_metadata)
                for place in places
            ),
        ]

    # ---- metadata --------------------------------------------------------------------------------

    async def issuer_metadata(self, _: web.Request) -> web.Response:
        """Section 12.2."""
        base = self._desk.base_url
        value: JsonObject = {
            "credential_issuer": base,
            "credential_endpoint": f"{base}/openid4vci/credential",
            "nonce_endpoint": f"{base}/openid4vci/nonce",
            "credential_configurations_supported": {
                item.id: _configuration(item) for item in self._types.values()
            },
        }
        if self._desk.config.name:
            value["display"] = [{"name": self._desk.config.name}]
        return answer(value)

    async def server_metadata(self, _: web.Request) -> web.Response:
        """RFC 8414, with section 12.3."""
        base = self._desk.base_url
        value = {
            "issuer": base,
            "token_endpoint": f"{base}/openid4vci/token",
            "grant_types_supported": [GRANT],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
            "pre-authorized_grant_anonymous_access_supported": True,
        }
        return answer(value)

    # ---- offers ----------------------------------------------------------------------------------

    async def create_offer(self, request: web.Request) -> web.Response:
        """``{credentialConfigurationId, credential | claims, disclosable | document, txCode, expiresIn}``."""
        self._desk.guard.check(request)
        body = await read_json(request)
        optional: dict[str, type] = {
            "claims": dict,
            "disclosable": dict,
            "credential": dict,
            "document": object,
        }
        members(body, {"credentialConfigurationId": str}, {**optional, "txCode": bool, "expiresIn": int})
        kind = self._type(body["credentialConfigurationId"])
        template = {name: body[name] for name in optional if name in body}
        await self._desk.workbench.run(lambda: check_template(kind, template, self._desk.issuer))
        now, name = self._desk.now(), fresh_secret()
        expires = now + seconds(body, "expiresIn", OFFER_SECONDS, MAX_OFFER_SECONDS)
        tx_code = (
            "".join(secrets.choice("0123456789") for _ in range(TX_DIGITS)) if body.get("txCode") else ""
        )
        grant: JsonObject = {"type": kind.id, "template": template, "expires": expires, "tries": TRIES}
        code = derived(name, "code")
        if tx_code:
            grant["tx_code"] = derived(tx_code, f"tx {code}")
        self._desk.store.put("code", code, grant, expires=expires, now=now)
        uri = f"{self._desk.base_url}/openid4vci/offers/{name}"
        made = {
            "credentialOfferUri": uri,
            "uri": f"openid-credential-offer://?credential_offer_uri={quote(uri, safe='')}",
            "expires": expires,
        }
        return answer(made | ({"txCode": tx_code} if tx_code else {}), 201)

    def _type(self, name: str) -> CredentialType:
        if name not in self._types:
            raise GatewayError(
                "OFFER_TYPE", f"expected one of {sorted(self._types)}", path="credentialConfigurationId"
            )
        return self._types[name]

    async def offer(self, request: web.Request) -> web.Response:
        """The offer behind its address, until it is used."""
        code = derived(request.match_info["id"], "code")
        grant = self._desk.store.get("code", code, now=self._desk.now())
        if grant is None:
            raise GatewayError("ADDRESS_UNKNOWN", "expected an offer that is open")
        given: JsonObject = {"pre-authorized_code": code}
        if "tx_code" in grant:
            given["tx_code"] = {"input_mode": "numeric", "length": TX_DIGITS}
        value = {
            "credential_issuer": self._desk.base_url,
            "credential_configuration_ids": [grant["type"]],
            "grants": {GRANT: given},
        }
        return answer(value)

    # ---- token and nonce -------------------------------------------------------------------------

    async def token(self, request: web.Request) -> web.Response:
        """Section 6.1, for the pre-authorised code."""
        form = await read_form(request)
        if form.get("grant_type") != GRANT:
            raise OauthError("unsupported_grant_type", "GRANT_TYPE", f"expected {GRANT}")
        code, now, store = form.get("pre-authorized_code", ""), self._desk.now(), self._desk.store
        grant = store.take("code", code, now=now)
        if grant is None:
            raise OauthError("invalid_grant", "GRANT_UNKNOWN", "expected a code that is open")
        self._check_tx_code(form, grant, code, now)
        token = fresh_secret()
        expires = now + TOKEN_SECONDS
        store.put("token", token, grant | {"expires": expires}, expires=expires, now=now)
        return answer({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    def _check_tx_code(self, form: dict[str, str], grant: JsonObject, code: str, now: int) -> None:
        wanted = grant.get("tx_code")
        if wanted is None:
            if "tx_code" in form:
                self._desk.store.put("code", code, grant, expires=grant["expires"], now=now)
                raise OauthError("invalid_request", "GRANT_TX_CODE", "expected no transaction code")
            return
        given = derived(form.get("tx_code", ""), f"tx {code}")
        if hmac.compare_digest(given, wanted):
            return
        if "tx_code" in form:
            grant = grant | {"tries": grant["tries"] - 1}
        if grant["tries"] > 0:
            self._desk.store.put("code", code, grant, expires=grant["expires"], now=now)
        error = "invalid_grant" if "tx_code" in form else "invalid_request"
        raise OauthError(
            error, "GRANT_TX_CODE", f"expected the transaction code; {grant['tries']} tries left"
        )

    async def nonce(self, _: web.Request) -> web.Response:
        """Section 7."""
        return answer({"c_nonce": self._nonces.fresh(self._desk.now())})

    # ---- the credential --------------------------------------------------------------------------

    async def credential(self, request: web.Request) -> web.Response:
        """Section 8: one proof of possession, one credential."""
        token, now, store = bearer(request), self._desk.now(), self._desk.store
        body = await read_json(request)
        grant = store.take("token", token, now=now)
        if grant is None:
            raise OauthError(
                "invalid_token", "TOKEN_UNKNOWN", "expected an access token that is open", status=401
            )
        try:
            made = await self._make(body, grant, now)
        except BaseException:  # whatever went wrong, nothing was issued
            store.put("token", token, grant, expires=grant["expires"], now=now)
            raise
        return answer({"credentials": [{"credential": made}]})

    async def _make(self, body: JsonObject, grant: JsonObject, now: int) -> Any:
        kind = self._types.get(grant["type"])
        if kind is None or body.get("credential_configuration_id") != kind.id:
            raise OauthError(
                "unknown_credential_configuration", "CREDENTIAL_TYPE", f"expected {grant['type']}",
                path="credential_configuration_id",
            )  # fmt: skip
        holder = self._holder(body, now)
        issuer = self._desk.issuer
        verifier = await self._desk.verifier()
        try:
            return await self._desk.workbench.run(
                lambda: make(kind, grant["template"], holder, issuer, verifier)
            )
        except GatewayError as error:
            if error.code == "HOLDER_OTHER":
                raise OauthError("invalid_proof", error.code, error.detail) from error
            raise

    def _holder(self, body: JsonObject, now: int) -> bytes:
        """The key whose possession is proved (section 8.2.1.1 and appendix F.1)."""
        proofs = body.get("proofs")
        listed = proofs.get("jwt") if isinstance(proofs, dict) and set(proofs) == {"jwt"} else None
        if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], str):
            raise OauthError(
                "invalid_proof", "CREDENTIAL_PROOF", "expected one proof of type jwt", path="proofs"
            )
        jwt = listed[0]
        try:
            public = _proof_key(jwt)
            claims = sd_jwt.check_jwt(jwt, public, PROOF_TYPE)
        except AccordError as error:
            raise OauthError("invalid_proof", error.code, error.detail, path="proofs.jwt[0]") from error
        made = claims.get("iat")
        if claims.get("aud") != self._desk.base_url:
            raise OauthError(
                "invalid_proof", "CREDENTIAL_PROOF", f"expected aud {self._desk.base_url}", path="aud"
            )
        if (
            isinstance(made, bool)
            or not isinstance(made, int)
            or not now - PROOF_SECONDS <= made <= now + SKEW
        ):
            raise OauthError("invalid_proof", "CREDENTIAL_PROOF", "expected a proof of now", path="iat")
        if not self._nonces.check(claims.get("nonce"), now):
            raise OauthError(
                "invalid_nonce", "CREDENTIAL_NONCE", "expected a nonce of this issuer", path="nonce"
            )
        return public


def _proof_key(jwt: str) -> bytes:
    """The Ed25519 key a proof names: ``jwk``, or a did:key as ``kid``; never both."""
    header = sd_jwt.header_of(jwt)
    if ("jwk" in header) == ("kid" in header) or {"x5c", "trust_chain", "crit"} & set(header):
        raise GatewayError("CREDENTIAL_PROOF", "expected jwk or kid", path="header")
    if "jwk" in header:
        public = sd_jwt.holder_key({"cnf": {"jwk": header["jwk"]}})
    else:
        kid = str(header["kid"])
        public = resolve_did_key(kid if "#" in kid else f"{kid}#{kid.removeprefix('did:key:')}").public
    if not admissible(public):
        raise GatewayError("CREDENTIAL_PROOF", "expected a point of prime order", path="header")
    return public


def _configuration(kind: CredentialType) -> JsonObject:
    """Section 12.2.4 and appendix A."""
    value: JsonObject = {
        "format": kind.format,
        "cryptographic_binding_methods_supported": ["jwk", "did:key"],
        "credential_signing_alg_values_supported": ["EdDSA"]
        if kind.format == "dc+sd-jwt"
        else ["eddsa-rdfc-2022"],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["EdDSA", "Ed25519"]}},
        "credential_metadata": {"display": [{"name": kind.name or kind.id}]},
    }
    if kind.format == "dc+sd-jwt":
        return value | {"vct": kind.vct}
    return value | {"credential_definition": {"@context": list(kind.contexts), "type": list(kind.types)}}
