"""One good body of each kind that the tests of bad input spoil, and how one field of it is spoilt."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from accord_ledger import codec
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds.accreditation import AccreditationGrant, RegistryEntryBody
from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.kinds.audit_anchor import AuditAnchorBody
from accord_ledger.domain.kinds.feedback import EmployerFeedback
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.kinds.interop import InteropPublish, Subject
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.party_status import PartyStatusBody
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.profile import ProfileDefine
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.kinds.refusal import RefuseBody
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.kinds.translation import TitleTranslation
from accord_ledger.domain.model.framework import ProfileTerms
from accord_ledger.domain.model.parameters import Parameters
from domain_alliance import framework, party_body, uid
from domain_world import NETWORK, plain, terms
from exchange_world import agreement, hours
from quality_world import metrics

HASH = b"\x05" * 32

SAMPLES: dict[str, Body] = {
    "party_register": party_body("new-u", "NL-UT", "university", network=NETWORK),
    "party_status": PartyStatusBody(
        party="uu", status="suspended", reason="breach", effective_date="2026-03-02"
    ),
    "policy_set": PolicySet(parameters=Parameters(version=2, award_cap="1/2")),
    "framework_define": FrameworkDefine(terms=framework("f", "DE", "credit", ("40/1", "40/1"), "1/2")),
    "profile_define": ProfileDefine(
        terms=ProfileTerms(profile_id="p", version=1, owner="DE", credits=("1/1", "6/1"), gates=("assessed",))
    ),
    "programme_register": ProgrammeRegister(
        terms=terms(last_content_update="2026-01-31", field="IT", audience=("public",), overlap=None)
    ),
    "programme_status": ProgrammeStatusBody(programme="uu-ds", status="paused", reason="budget"),
    "course_offering": CourseOffering(
        programme="uu-ds", course="DS-1", term_start="2026-03-02", term_end="2026-05-02"
    ),
    "accreditation_grant": AccreditationGrant(
        grant_id=uid("g"), agency="nvao", party="uu", scope="party", registry="EQAR", cross_border=True,
        valid_from="2026-03-01", valid_to="2030-02-28", report_hash=HASH,
    ),
    "registry_entry": RegistryEntryBody(agency="nvao", registry="EQAR", ended_on="2026-03-02"),
    "quality_report": QualityReportBody(programme="uu-ds", year=2026, metrics=metrics()),
    "employer_feedback": EmployerFeedback(
        programme="uu-ds", period="2026-Q1", responses=30, satisfied=20, method_hash=HASH
    ),
    "title_translation": TitleTranslation(programme=("uu-ds", 1), language="zh-Hant", text="資料科學"),
    "credential_issue": IssueBody(
        batch_id=uid("b"), programme=("uu-ds", 1), count=12, merkle_root=HASH, status_list="list-1",
        status_start=0, completed_from="2026-03-02", completed_to="2026-03-25", valid_until="2030-03-25",
    ),
    "agreement_propose": ProposeBody(agreement_id="a1", terms=agreement("uu", "bcb", hours())),
    "recognise_reverse": ReverseBody(recognition=uid("r"), reason="error"),
    "recognise_refuse": RefuseBody(agreement=("a1", 1), rule="hours", reason="content"),
    "audit_anchor": AuditAnchorBody(height=1, state_root=HASH, findings_hash=HASH, result="clean"),
    "interop_publish": InteropPublish(
        system="chsi", subject=Subject(programme=("uu-ds", 1)), external_id_commitment=HASH
    ),
}  # fmt: skip
"""One good body of each kind these tests spoil."""


def spoilt(kind: str, path: str, value: object) -> bytes:
    """The sample with one value replaced; ``path`` is like ``terms.title.en`` or ``terms.credits.0``."""
    body = deepcopy(plain(SAMPLES[kind]))
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    place: Any = body
    for step in way:
        place = place[step]
    place[last] = value
    return codec.encode_plain(body)
