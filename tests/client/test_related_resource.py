from __future__ import annotations

import base64
from hashlib import sha256, sha384, sha512
from typing import Any

import pytest

from accord_client.documents.context_store import bundled
from accord_client.documents.multikey import base58_encode
from accord_client.documents.related_resource import check_resources
from accord_client.makers import RdfcSigner
from accord_client.verify import Report, verify_bundle
from accord_ledger.errors import AccordError
from client_ledger import ISSUE_TIME, ClientLedger

URL = "https://www.w3.org/ns/credentials/v2"
TEXT = bundled().texts[URL]
SRI = "sha384-" + base64.b64encode(sha384(TEXT).digest()).decode()
HASH = sha256(TEXT).digest()


def entry(**members: Any) -> dict[str, Any]:
    return {"id": URL} | members


@pytest.mark.parametrize(
    "members",
    [
        {"digestSRI": SRI},
        {"digestSRI": f"sha256-AAAA {SRI}"},
        {"digestSRI": "sha512-" + base64.b64encode(sha512(TEXT).digest()).decode() + "?x"},
        {"digestMultibase": "z" + base58_encode(b"\x12\x20" + HASH)},
        {"digestMultibase": "u" + base64.urlsafe_b64encode(b"\x12\x20" + HASH).decode().rstrip("=")},
        {"digestSRI": SRI, "digestMultibase": "z" + base58_encode(b"\x12\x20" + HASH), "mediaType": "x/y"},
    ],
)
def test_a_file_that_is_the_one_meant(members: dict[str, Any]) -> None:
    assert check_resources({"relatedResource": entry(**members)}) == []
    assert check_resources({"relatedResource": [entry(**members)]}, at_hand={}) == [URL]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (entry(), "RESOURCE_MALFORMED"),
        ("text", "RESOURCE_MALFORMED"),
        ([{"digestSRI": SRI}], "RESOURCE_MALFORMED"),
        ([entry(digestSRI=SRI)] * 2, "RESOURCE_MALFORMED"),
        ([{"id": f"urn:x:{number}", "digestSRI": SRI} for number in range(65)], "RESOURCE_MALFORMED"),
        (entry(digestSRI="md5-AAAA"), "RESOURCE_MALFORMED"),
        (entry(digestSRI="sha256-!!"), "RESOURCE_MALFORMED"),
        (entry(digestMultibase="z0"), "RESOURCE_MALFORMED"),
        (entry(digestMultibase="z" + base58_encode(b"\x16\x20" + HASH)), "RESOURCE_MALFORMED"),
        (entry(digestMultibase="u" + "A" * 600), "RESOURCE_MALFORMED"),
        (entry(digestSRI="sha256-" + base64.b64encode(bytes(32)).decode()), "RESOURCE_DIGEST"),
        (entry(digestSRI=SRI, digestMultibase="z" + base58_encode(b"\x12\x20" + bytes(32))), "RESOURCE_DIGEST"),
    ],
)  # fmt: skip
def test_what_is_refused(given: Any, code: str) -> None:
    with pytest.raises(AccordError) as caught:
        check_resources({"relatedResource": given})
    assert caught.value.code == code


class Adding:
    """A signer that adds a related resource to every badge before it signs."""

    def __init__(self, resource: dict[str, Any]) -> None:
        self.resource = resource

    def __call__(self, *arguments: Any) -> Any:
        sign = RdfcSigner(*arguments)
        return lambda document: sign(document | {"relatedResource": [self.resource]})


def report_of(resource: dict[str, Any]) -> Report:
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(10, sign=Adding(resource))
    return verify_bundle(ledger.export(batch, 2, ledger.issue(batch)), ledger.trust, at=ISSUE_TIME + 100)


def test_a_bundle_with_a_related_resource() -> None:
    assert report_of(entry(digestSRI=SRI)).verdict == "valid"
    absent = report_of({"id": "https://uu.example/syllabus.pdf", "digestSRI": SRI})
    assert absent.verdict == "unknown"
    assert absent.checks["resources"].code == "RESOURCE_ABSENT"
    wrong = report_of(entry(digestSRI="sha256-" + base64.b64encode(bytes(32)).decode()))
    assert wrong.checks["resources"].code == "RESOURCE_DIGEST"
    assert wrong.verdict == "invalid"
