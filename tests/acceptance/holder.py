"""What a learner holds and shows: a bundle of ``uu-ds``, verified by a stranger with no network at all.

The bundle is made as the command line makes it; the verifier has the genesis file and nothing else.
"""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from accord_client.badges import programme_facts
from accord_client.bundle import parse_bundle
from accord_client.documents.elm import export_elm
from accord_client.documents.export_facts import badge_facts
from accord_client.documents.open_badge_facts import ResultScale
from accord_client.documents.share import ShareChoice, export_share
from accord_client.issuing import PreparedBatch
from accord_client.trust import Trust
from accord_client.verify import Report, verify_bundle
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.programme import PROGRAMMES
from client_ledger import ISSUE_TIME, ClientLedger
from scenario.parties import genesis as another_network

NOW = ISSUE_TIME + 100


@contextmanager
def no_network() -> Iterator[None]:
    """The issuer's node, and everybody else's, is switched off."""

    def refuse(*_: Any) -> None:
        raise ConnectionRefusedError("there is no network here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


GRADE = "97.31"


@cache
def issued() -> tuple[ClientLedger, PreparedBatch, int]:
    """A batch of twelve badges with names and grades."""
    ledger = ClientLedger()
    ledger.programme()
    programme = ledger.view().get(PROGRAMMES, "uu-ds", 1)
    framework = ledger.view().get(FRAMEWORKS, "nl-ects", 1)
    assert programme is not None
    assert framework is not None
    facts = programme_facts(programme, framework, base_url="https://uu.example")
    batch = ledger.prepare(12, facts=replace(facts, result=ResultScale("Final grade")), result=GRADE)
    return ledger, batch, ledger.issue(batch)


@cache
def bundle() -> bytes:
    """The file of credential 3: document, salts, path, proofs."""
    ledger, batch, record = issued()
    return ledger.export(batch, 3, record).to_json()


def verdict(data: bytes, pin: Trust | None = None) -> str:
    """What a verifier says who has the pin alone."""
    with no_network():
        return verify_bundle(parse_bundle(data), pin or issued()[0].trust, at=NOW).verdict


def altered(*path: Any, value: Any) -> bytes:
    """The bundle with one value changed."""
    whole = target = json.loads(bundle())
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return json.dumps(whole).encode()


def foreign_pin() -> Trust:
    """The pin of another network."""
    return Trust.of_genesis(another_network())


def report() -> Report:
    """What verification found."""
    return verify_bundle(parse_bundle(bundle()), issued()[0].trust, at=NOW)


def badge() -> dict[str, Any]:
    """The signed Open Badge in the bundle."""
    content = parse_bundle(bundle()).documents[0].content
    assert isinstance(content, dict)
    return content


def badge_in_elm() -> object:
    """The signed badge that travels inside the European Digital Credential."""
    document = json.loads(export_elm(badge_facts(badge()), country="NL").content)
    return json.loads(base64.b64decode(_attachment(document)))


def _attachment(value: Any) -> str:
    [found] = [item["content"] for item in _objects(value) if item.get("id") == "urn:epass:media:badge"]
    return str(found)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(item)


def share_page(*documents: int) -> str:
    """What the learner gives to an employer: the ledger's facts, and the documents that are opened."""
    with no_network():
        return export_share(parse_bundle(bundle()), report(), ShareChoice(documents)).content.decode()


def shared_package(*documents: int) -> bytes:
    """The package inside the page."""
    found = re.search(r'data:[^"]*;base64,([A-Za-z0-9+/=]+)"', share_page(*documents))
    assert found is not None
    return base64.b64decode(found[1])


def learner() -> tuple[str, str]:
    """Name and grade, which are in the document."""
    subject = badge()["credentialSubject"]
    [name] = [item["identityHash"] for item in subject["identifier"] if not item["hashed"]]
    return str(name), str(subject["result"][0]["value"])


def employer_sees() -> dict[str, bool]:
    """What stands in the page or in the package inside it."""
    seen = share_page() + shared_package().decode()
    name, grade = learner()
    words = {
        "title": "Data Science for Professionals",
        "issuer": "UU",
        "status": "valid",
        "name": name,
        "grade": f">{grade}<",
    }
    return {what: word in seen or (what == "grade" and f'"{grade}"' in seen) for what, word in words.items()}
