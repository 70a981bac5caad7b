"""Statuses in lists of other issuers: fetched only where the operator says so, and believed only if they verify."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from accord_client.documents import multikey
from accord_client.gateway.config import Verify
from accord_client.gateway.foreign_status import MAX_LISTS
from accord_ledger.errors import ProofError
from accord_ledger.keys import SigningKey
from foreign_lists import HOST, SET, listed, shown, signed, url
from gateway_desk import BEARER, running


class Web:
    """What is served, and what was asked for."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.served = {document["id"]: json.dumps(document).encode() for document in documents}
        self.asked: list[str] = []

    async def __call__(self, address: str) -> bytes:
        self.asked.append(address)
        if address not in self.served:
            raise ProofError("DID_FETCH", "expected 200, got 404", path=address)
        return self.served[address]


@pytest.fixture
def web() -> Web:
    return Web(listed(url("revocation")), listed(url("suspension")))


async def told(folder: Path, web: Web, *documents: dict[str, Any], hosts: list[str]) -> list[tuple[int, str]]:
    """Status, and code of the failure or of the first warning, for each credential."""
    async with running(folder, verify=Verify(status_hosts=hosts)) as (gateway, session):
        gateway.desk.lists.fetch = web
        return [await _verdict(session, document) for document in documents]


async def _verdict(session: aiohttp.ClientSession, document: dict[str, Any]) -> tuple[int, str]:
    body = {"verifiableCredential": document}
    async with session.post("/credentials/verify", json=body, headers=BEARER) as answer:
        found = await answer.json(content_type=None)
    warned = [item["code"] for item in found.get("warnings", [])]
    return answer.status, found.get("code") or (warned[0] if warned else "")


async def test_a_list_of_a_named_host_decides(tmp_path: Path, web: Web) -> None:
    documents = [shown(SET), shown(8), shown(SET, "suspension"), shown(8, "revocation", "suspension")]
    found = await told(tmp_path, web, *documents, hosts=[HOST])
    assert found == [(400, "STATUS_REVOKED"), (200, ""), (400, "STATUS_SUSPENDED"), (200, "")]
    assert web.asked == [url("revocation"), url("suspension")]  # once each, then remembered


async def test_nothing_is_fetched_from_a_host_that_is_not_named(tmp_path: Path, web: Web) -> None:
    plain = shown(SET)
    plain["credentialStatus"][0]["statusListCredential"] = url("revocation").replace("https", "http")
    plain = signed({name: value for name, value in plain.items() if name != "proof"})
    for hosts, document in (([], shown(SET)), (["else.example"], shown(SET)), ([HOST], plain)):
        assert await told(tmp_path, web, document, hosts=hosts) == [(200, "STATUS_UNCHECKED")]
    assert not web.asked


async def test_a_list_that_cannot_be_had_leaves_the_status_unchecked(tmp_path: Path) -> None:
    web = Web()
    web.served[url("revocation", 2)] = b"<html>"
    documents = [shown(SET), shown(SET, number=2)]
    assert await told(tmp_path, web, *documents, hosts=["*"]) == [(200, "STATUS_UNCHECKED")] * 2


STRANGER = SigningKey.from_seed(bytes([52]) * 32)


def bent(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    made = listed(url("revocation"))
    change(made)
    return made


FALSE = {
    "signed by somebody else": lambda: listed(url("revocation"), key=STRANGER),
    "of another issuer": lambda: listed(
        url("revocation"), issuer=multikey.did_key(STRANGER.public), key=STRANGER
    ),
    "out of date": lambda: listed(url("revocation"), until=-10),
    "altered": lambda: bent(lambda made: made["credentialSubject"].update(encodedList="uH4sIAAAAAAAAA2NgAAAAAgABR8KqwAAAAA")),
    "unsigned": lambda: bent(lambda made: made.pop("proof")),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
async def test_a_list_that_does_not_verify_is_an_error(tmp_path: Path, name: str) -> None:
    found = await told(tmp_path, Web(FALSE[name]()), shown(8), hosts=[HOST])
    assert found == [(400, "STATUS_VERIFICATION_ERROR")]


async def test_a_list_of_another_place_or_purpose_is_an_error(tmp_path: Path) -> None:
    web = Web()
    web.served[url("revocation")] = json.dumps(listed(url("suspension"))).encode()
    assert await told(tmp_path, web, shown(8), hosts=[HOST]) == [(400, "STATUS_VERIFICATION_ERROR")]


async def test_a_position_beyond_the_list_is_an_error(tmp_path: Path, web: Web) -> None:
    assert await told(tmp_path, web, shown(131_072), hosts=[HOST]) == [(400, "RANGE_ERROR")]


async def test_a_gzip_bomb_in_a_list_is_refused(tmp_path: Path) -> None:
    import base64
    import gzip

    bomb = base64.urlsafe_b64encode(gzip.compress(bytes(2**27))).rstrip(b"=").decode()
    made = listed(url("revocation"))
    made["credentialSubject"]["encodedList"] = "u" + bomb
    made = signed({name: value for name, value in made.items() if name != "proof"})
    (found,) = await told(tmp_path, Web(made), shown(8), hosts=[HOST])
    assert found[0] == 400
    assert found[1] in {"MALFORMED_VALUE_ERROR", "STATUS_LIST_LENGTH_ERROR"}


async def test_one_request_fetches_so_many_lists(tmp_path: Path) -> None:
    web = Web(*(listed(url("revocation", number)) for number in range(MAX_LISTS + 2)))
    several = shown(8)
    several["credentialStatus"] = [
        shown(8, number=number)["credentialStatus"][0] for number in range(MAX_LISTS + 2)
    ]
    several = signed({name: value for name, value in several.items() if name != "proof"})
    assert await told(tmp_path, web, several, hosts=[HOST]) == [(200, "STATUS_UNCHECKED")]
    assert len(web.asked) == MAX_LISTS
