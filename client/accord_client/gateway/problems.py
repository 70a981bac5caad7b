"""Problem documents (RFC 9457) of the gateway: one table from our codes to the types of the specifications.

Every answer that is no success is one of these. ``code`` is ours and stable; ``type`` is the URL that the
specification gives to the kind of failure, so that a foreign client understands it too.
"""

from __future__ import annotations

from typing import Any, Final

from accord_ledger.errors import AccordError

MEDIA_TYPE: Final = "application/problem+json"

_VC: Final = "https://www.w3.org/TR/vc-data-model#"
_SECURITY: Final = "https://w3id.org/security#"
_STATUS: Final = "https://www.w3.org/ns/credentials/status-list#"

TYPES: Final[dict[str, str]] = {
    "JSON_": f"{_VC}PARSING_ERROR",
    "CONTEXT_": f"{_VC}PARSING_ERROR",
    "JSONLD_UNDEFINED": f"{_SECURITY}DATA_LOSS_DETECTION_ERROR",
    "JSONLD_NULL": f"{_SECURITY}DATA_LOSS_DETECTION_ERROR",
    "JSONLD_": f"{_VC}PARSING_ERROR",
    "JCS_": f"{_SECURITY}PROOF_TRANSFORMATION_ERROR",
    "RDF_": f"{_SECURITY}PROOF_TRANSFORMATION_ERROR",
    "VC_NOT_YET_VALID": f"{_VC}RANGE_ERROR",
    "VC_EXPIRED": f"{_VC}RANGE_ERROR",
    "VC_": f"{_VC}MALFORMED_VALUE_ERROR",
    "VP_": f"{_VC}MALFORMED_VALUE_ERROR",
    "PROOF_DOMAIN": f"{_SECURITY}INVALID_DOMAIN_ERROR",
    "PROOF_CHALLENGE": f"{_SECURITY}INVALID_CHALLENGE_ERROR",
    "PROOF_METHOD": f"{_SECURITY}INVALID_VERIFICATION_METHOD",
    "PROOF_MALFORMED": f"{_SECURITY}PROOF_VERIFICATION_ERROR",
    "PROOF_": f"{_SECURITY}PROOF_VERIFICATION_ERROR",
    "STATUS_RETRIEVAL_ERROR": f"{_STATUS}STATUS_RETRIEVAL_ERROR",
    "STATUS_VERIFICATION_ERROR": f"{_STATUS}STATUS_VERIFICATION_ERROR",
    "STATUS_LIST_LENGTH_ERROR": f"{_STATUS}STATUS_LIST_LENGTH_ERROR",
    "SDJWT_": f"{_VC}CRYPTOGRAPHIC_SECURITY_ERROR",
}
"""By code, or by the beginning of a code; the longest that fits counts."""

STATUS: Final[dict[str, int]] = {
    "AUTH_REQUIRED": 401,
    "AUTH_UNKNOWN": 401,
    "ADDRESS_UNKNOWN": 404,
    "STATUS_CREDENTIAL_UNKNOWN": 404,
    "METHOD_NOT_ALLOWED": 405,
    "BODY_SLOW": 408,
    "STATUS_FINAL": 409,
    "JSON_TOO_LARGE": 413,
    "BODY_TYPE": 415,
    "INTERNAL": 500,
    "HOLDER_KEY_ABSENT": 501,
    "BUSY": 503,
}
"""HTTP status by code; every other failure is the sender's (400)."""


class GatewayError(AccordError):
    """A request that the gateway refuses."""


class OauthError(AccordError):
    """A refusal in the words of OAuth (RFC 6749, section 5.2), for OpenID4VCI and OpenID4VP.

    Attributes:
        error: the registered name.
        status: HTTP status.
    """

    def __init__(self, error: str, code: str, detail: str = "", *, path: str = "", status: int = 400) -> None:
        super().__init__(code, detail, path=path)
        self.error = error
        self.status = status

    def members(self) -> dict[str, Any]:
        """The answer, with our own code beside the registered name."""
        said = {
            "error": self.error,
            "error_description": f"{self.code}: {self.detail}"[:500],
            "code": self.code,
        }
        return said | ({"path": self.path} if self.path else {})


def problem(error: AccordError) -> dict[str, Any]:
    """The members of the problem document of an error."""
    found = max((name for name in TYPES if error.code.startswith(name)), key=len, default="")
    members = {
        "type": TYPES.get(found, f"urn:accord:error:{error.code}"),
        "title": error.code.replace("_", " ").capitalize(),
        "status": status_of(error),
        "code": error.code,
        "detail": error.detail,
        "path": error.path,
    }
    return {name: value for name, value in members.items() if value}


def status_of(error: AccordError) -> int:
    """HTTP status of an error."""
    return STATUS.get(error.code, 400)
