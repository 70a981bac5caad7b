"""A ledger in memory on which uu conferred an award of two components.

done = confer()
report = done.report()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from accord_client.badges import programme_facts
from accord_client.bundle import Bundle, draft_bundle
from accord_client.issuing import PreparedBatch, bitstring_ranges
from accord_client.verify import Report, verify_bundle
from accord_ledger.domain.kinds.enrolment import EnrolmentOpenBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.keys import SigningKey
from client_ledger import ISSUE_TIME, ClientLedger
from domain_alliance import uid
from domain_world import ref, terms

AT = ISSUE_TIME + 200
START = 40
CONFERRING = ("uu registrar", "uu academic_committee")


@dataclass
class Conferred:
    """A ledger with an award of two components of 3 EC each."""

    ledger: ClientLedger
    batch: PreparedBatch
    components: PreparedBatch
    record: int

    def bundle(self) -> Bundle:
        return self.ledger.export(self.batch, 0, self.record)

    def report(self, made: Bundle | None = None) -> Report:
        return verify_bundle(made or self.bundle(), self.ledger.trust, at=AT)


def confer(**changes: Any) -> Conferred:
    ledger = ClientLedger()
    ledger.programme()
    award = ledger.launch(terms("uu-cert", "uu", form="award", credits="6/1", total_hours="168/1"))
    components = ledger.prepare(10)
    ledger.issue(components)
    ledger.do("enrolment_open", EnrolmentOpenBody(enrolment=uid("e1"), award=ref(award)), "uu registrar")
    ledger.seal()
    view = ledger.view()
    programme, framework = view.get(PROGRAMMES, "uu-cert", 1), view.get(FRAMEWORKS, "nl-ects", 1)
    assert programme is not None
    assert framework is not None
    said = programme_facts(programme, framework, base_url="https://uu.example")
    lists = bitstring_ranges("https://uu.example/v1/status-lists/uu/awards", START)
    batch = ledger.prepare(1, batch=bytes(15) + b"\x09", facts=said, status=lists)
    items = [draft_bundle(components, index).item() for index in (2, 3)]
    holders = [SigningKey.from_seed(components.credentials[index].holder_seed or b"") for index in (2, 3)]
    body = StackBody(
        enrolment=uid("e1"), components=tuple(items), batch_id=batch.batch_id, merkle_root=batch.root,
        status_list="awards", status_start=START,
    )  # fmt: skip
    ledger.add(ledger.entry("stack_award", replace(body, **changes), *CONFERRING, *holders))
    record = len(ledger.entries)
    ledger.seal()
    return Conferred(ledger, batch, components, record)
